package argus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/exporters/prometheus"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/link"
	"github.com/argus-dgo/argus/internal/page"
	"github.com/argus-dgo/argus/internal/server"
)

// A probe asks the instrumentation of one bot.
type probe struct {
	shards func() (up, configured int)
	ready  func() error
	slow   func() []instrument.SlowInteraction
	closes func() map[string]instrument.Disconnect
	guild  func(id uint64) (instrument.GuildState, int64)
}

// A host is a server that the bots of one process share: those whose Arguses are to listen on one address.
type host struct {
	address   string
	token     secret
	pageToken secret
	live      http.Handler   // the page and the API, or the API alone
	guard     *access.Guard  // of both
	server    *server.Server // nil where the handlers are mounted on a server of the program
	page      prometheus.Page
	api       *api.API
	start     func() error // once

	mu      sync.Mutex
	members []*pipeline // in the order in which they came; changed with hosts locked as well
	serving []*pipeline // of these, those that are started
	state   bool        // whether the server listens
	known   bool        // whether that is known
}

// hosts are the servers of this process, with those that are about to be one.
var hosts struct {
	sync.Mutex
	open    []*host
	streams api.Slots
}

// join makes the pipeline a member of the server on its address. The errors say why it cannot share the one that is there.
func join(p *pipeline, c resolved) error {
	hosts.Lock()
	defer hosts.Unlock()
	var shared *host
	if c.Port != 0 { // else any free one, and so never the same
		for _, h := range hosts.open {
			first := h.members[0].config
			switch {
			case first.Port != c.Port:
			case first.Host == c.Host:
				shared = h
			case overlap(first.Host, c.Host):
				return fmt.Errorf("the Argus of this process with %s listens on %q, and this one is set to %q, which conflicts: use the same %s for both (argus.WithHost), or a different %s for each (argus.WithPort)",
					first.identity(), first.address(), c.address(), envHost, envPort)
			}
		}
	}
	if shared == nil {
		return newHost(p, c)
	}
	if err := shared.admits(c); err != nil {
		return err
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.members = append(shared.members, p)
	p.serverUp.Store(shared.state)
	p.host, p.server = shared, shared.server
	return nil
}

// newHost makes a server of which the pipeline is the first member.
func newHost(p *pipeline, c resolved) error {
	h, err := newMount(p, c)
	if err != nil {
		return err
	}
	h.server, err = server.New(server.Config{
		Addr:         c.address(),
		AllowedHosts: c.AllowedHosts,
		Pages:        []server.Page{{Path: c.MetricsPath, Title: "metrics for Prometheus", Handler: &h.page}},
		AuthToken:    c.token.reveal(),
		Rest:         h.live,
		Authorized:   h.guard.Sent,

		WebConfigFile: c.WebConfigFile,
		Shards:        h.shards,
		Ready:         h.ready,
		ErrorLog:      h.report,
		OnState:       h.changed,
	})
	if err != nil {
		return err
	}
	h.start = sync.OnceValue(h.server.Start)
	hosts.open = append(hosts.open, h)
	p.host, p.server = h, h.server
	return nil
}

// newMount makes the live page and the API of a pipeline, without a server.
func newMount(p *pipeline, c resolved) (h *host, err error) {
	h = &host{address: c.address(), token: c.token, pageToken: c.pageToken(), members: []*pipeline{p}, guard: access.New(c.pageToken().reveal())}
	h.api = api.New(h.histories, h.report, &hosts.streams)
	live := page.Config{Guard: h.guard, API: h.api, Grafana: c.GrafanaURL, Namespaces: h.namespaces, Report: h.report}
	if c.Dashboard {
		live.Files = page.Built()
	}
	h.live, err = page.New(live)
	return h, err
}

// admits says why a further Argus cannot share the server.
func (h *host) admits(c resolved) error {
	var errs []error
	for _, m := range h.members {
		other := m.config
		switch {
		case c.Bot == "":
			errs = append(errs, fmt.Errorf("another Argus of this process, with %s, serves on %s, and this one has no name that distinguishes it: name each bot with argus.WithBot, or this one a port of its own (argus.WithPort)",
				other.identity(), h.address))
		case other.Bot == "":
			errs = append(errs, fmt.Errorf("another Argus of this process, with %s, serves on %s and has no name that distinguishes it from bot %q: name it with argus.WithBot, or this one a port of its own (argus.WithPort)",
				other.identity(), h.address, c.Bot))
		case other.Bot == c.Bot:
			errs = append(errs, fmt.Errorf("another Argus of this process serves bot %q on %s: give each a name of its own with argus.WithBot (%s is one for the process), or attach the sessions of one bot to one Argus",
				c.Bot, h.address, c.Source("ARGUS_BOT")))
		}
		if other.MetricsPath != c.MetricsPath {
			errs = append(errs, fmt.Errorf("another Argus of this process, with %s, serves its page on %s under %s and this one under %s: give both the same path (argus.WithMetricsPath), or this one a port of its own (argus.WithPort)",
				other.identity(), h.address, other.MetricsPath, c.MetricsPath))
		}
		if !slices.Equal(other.AllowedHosts, c.AllowedHosts) {
			errs = append(errs, fmt.Errorf("another Argus of this process, with %s, serves on %s with the allowed hosts %q and this one has %q: give both the same (argus.WithAllowedHosts), or this one a port of its own (argus.WithPort)",
				other.identity(), h.address, other.AllowedHosts, c.AllowedHosts))
		}
	}
	if other := h.members[0].config; other.Dashboard != c.Dashboard || other.GrafanaURL != c.GrafanaURL {
		errs = append(errs, fmt.Errorf("another Argus of this process serves on %s with another live page: give both the same %s and %s (argus.WithDashboard, argus.WithGrafanaURL), or this one a port of its own (argus.WithPort)",
			h.address, envDashboard, envGrafanaURL))
	}
	if other := h.members[0].config.WebConfigFile; other != c.WebConfigFile {
		errs = append(errs, fmt.Errorf("another Argus of this process serves on %s with the %s %q and this one has %q: give both the same (argus.WithWebConfigFile), or this one a port of its own (argus.WithPort)",
			h.address, envWebConfigFile, other, c.WebConfigFile))
	}
	if h.pageToken.reveal() != c.pageToken().reveal() && h.token.reveal() == c.token.reveal() {
		errs = append(errs, fmt.Errorf("another Argus of this process serves on %s with another token of the live page: give both the same (argus.WithDashboardAuthToken), or this one a port of its own (argus.WithPort)", h.address))
	}
	if h.token.reveal() != c.token.reveal() {
		errs = append(errs, fmt.Errorf("another Argus of this process serves on %s with another token, or without one: give both the same (argus.WithAuthToken), or this one a port of its own (argus.WithPort)", h.address))
	}
	return errors.Join(errs...)
}

// overlap reports whether two hosts, written differently, are one address or one holds the other.
func overlap(a, b string) bool {
	x, y := hostAddr(a), hostAddr(b)
	if !x.IsValid() || !y.IsValid() {
		return false // a name: what it stands for is found out when it is bound
	}
	return x == y || isAll(x, y) || isAll(y, x)
}

// isAll reports whether a stands for all addresses, those of b's kind included: 0.0.0.0 has none of IPv6.
func isAll(a, b netip.Addr) bool { return a.IsUnspecified() && (a.Is6() || b.Is4()) }

func hostAddr(host string) netip.Addr {
	switch {
	case host == "":
		return netip.IPv6Unspecified()
	case strings.EqualFold(host, "localhost"):
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap()
}

// serve puts the member on the page and has the server listen.
func (h *host) serve(p *pipeline) error {
	h.page.Add(p.pull)
	h.mu.Lock()
	h.serving = append(h.serving, p)
	h.mu.Unlock()
	h.api.Start()
	return h.start()
}

// leave takes the member off the page. The last one closes the server.
func (h *host) leave(ctx context.Context, p *pipeline) error {
	is := func(m *pipeline) bool { return m == p }
	hosts.Lock()
	h.mu.Lock()
	h.members, h.serving = slices.DeleteFunc(slices.Clone(h.members), is), slices.DeleteFunc(slices.Clone(h.serving), is)
	last := len(h.members) == 0
	h.mu.Unlock()
	if last {
		hosts.open = slices.DeleteFunc(hosts.open, func(other *host) bool { return other == h })
	}
	hosts.Unlock()
	if p.pull != nil {
		h.page.Remove(p.pull)
	}
	if p.history != nil {
		h.api.Leave(p.history)
	}
	if !last {
		return nil
	}
	h.api.Close(ctx)
	return h.server.Shutdown(ctx)
}

func (h *host) started() []*pipeline {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.serving
}

// histories returns the bots with a history.
func (h *host) histories() (members []api.Member) {
	for _, m := range h.started() {
		if m.history != nil {
			member := api.Member{Source: m.history, Slow: m.slowInteractions, LastCloses: m.lastCloses, Guild: m.guild, Identity: api.Identity{
				Cluster: m.config.ClusterID, Bot: m.config.Bot, Region: m.config.Region, Argus: instrument.Version(),
			}}
			if m.config.ProcessMetrics {
				member.Usage = processUsage
			}
			members = append(members, member)
		}
	}
	return members
}

// lastCloses returns the last disconnect of each shard.
func (p *pipeline) lastCloses() map[string]api.LastClose {
	all := map[string]api.LastClose{}
	for shard, d := range p.probe.closes() {
		all[shard] = api.LastClose{At: d.At.UTC(), Code: d.Code, Initiator: d.Initiator}
	}
	return all
}

// guild returns what is known of a guild.
func (p *pipeline) guild(id uint64) (state string, members *int64) {
	is, n := p.probe.guild(id)
	if n >= 0 {
		members = &n
	}
	return string(is), members
}

// slowInteractions are those of the instrumentation, the newest first.
func (p *pipeline) slowInteractions() (list []api.SlowInteraction) {
	known := func(d time.Duration) *float64 {
		if d == 0 {
			return nil
		}
		return new(d.Seconds())
	}
	all := p.probe.slow()
	slices.SortStableFunc(all, func(a, b instrument.SlowInteraction) int { return b.Received.Compare(a.Received) })
	for _, slow := range all {
		one := api.SlowInteraction{
			Received: slow.Received.UTC(), Type: slow.Type, Command: slow.Command, Outcome: slow.Outcome,
			Age: slow.Age.Seconds(), Attempt: known(slow.Attempt), Answer: known(slow.Answer),
		}
		if slow.Shard != "" {
			one.Shard = &slow.Shard
		}
		if slow.TraceID != "" {
			one.TraceID = &slow.TraceID
			one.TraceURL = link.Trace(p.config.TraceURL, slow.TraceID, slow.SpanID)
		}
		list = append(list, one)
	}
	return list
}

// namespaces are those of the bots' metrics.
func (h *host) namespaces() map[string]string {
	all := map[string]string{}
	for _, m := range h.started() {
		all[m.config.Bot] = m.config.Namespace
	}
	return all
}

// mount begins what the handlers need where there is no server.
func (h *host) mount() {
	for _, m := range h.started() {
		if m.history != nil {
			m.history.Start()
		}
	}
	h.api.Start()
}

// unmount ends what the handlers have where there is no server.
func (h *host) unmount(ctx context.Context, p *pipeline) {
	h.mu.Lock()
	h.serving = nil
	h.mu.Unlock()
	if p.history != nil {
		h.api.Leave(p.history)
	}
	h.api.Close(ctx)
}

// shards adds up those of all members.
func (h *host) shards() (up, total int) {
	for _, m := range h.started() {
		u, t := m.probe.shards()
		up, total = up+u, total+t
	}
	return up, total
}

var errStarting = errors.New("argus is starting, or has been shut down")

// ready says why a member is not ready, for the first few that are not.
func (h *host) ready() error {
	members := h.started()
	if len(members) == 0 {
		return errStarting
	}
	var why []string
	for _, m := range members {
		err := m.probe.ready()
		switch {
		case err == nil:
		case len(members) == 1:
			return err
		default:
			why = append(why, fmt.Sprintf("bot %q: %v", m.config.Bot, err))
		}
	}
	if len(why) > 0 {
		return errors.New(strings.Join(why, "; "))
	}
	return nil
}

// report tells the member that came first.
func (h *host) report(err error) {
	h.mu.Lock()
	members := h.members
	h.mu.Unlock()
	if len(members) > 0 {
		members[0].report(err)
	}
}

// changed tells all members whether the server listens; the first of them logs it.
func (h *host) changed(up bool) {
	h.mu.Lock()
	lost := h.known && !h.state
	h.state, h.known = up, true
	members := h.members
	for _, m := range members {
		m.serverUp.Store(up)
	}
	h.mu.Unlock()
	if up && lost && len(members) > 0 {
		members[0].log.info("argus: the server is listening", "url", members[0].url(members[0].config.MetricsPath))
	}
}

// address is what net.Listen and http.Server call it.
func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }
