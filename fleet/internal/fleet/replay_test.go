package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/promql"
	"github.com/argus-dgo/argus/internal/findings"
)

// A channel is Discord's side of a webhook. It is outside of the bubble: while a bubble
// waits for the network, its time stands still.
type channel struct {
	url string

	mu       sync.Mutex
	messages []message
}

// A message is what a webhook gets.
type message struct {
	Embeds []struct{ Title, Description string }
}

func newChannel(t *testing.T) *channel {
	t.Helper()
	c := &channel{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || len(m.Embeds) != 1 {
			http.Error(w, "no message", http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.messages = append(c.messages, m)
		w.WriteHeader(http.StatusNoContent)
	}))
	server.Config.SetKeepAlivesEnabled(false) // or the bubble would wait for the connection
	server.Start()
	t.Cleanup(server.Close)
	c.url = server.URL + "/api/webhooks/1/token"
	return c
}

// take returns what came since the last time.
func (c *channel) take() []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.messages
	c.messages = nil
	return got
}

// A told is a message, and when it came.
type told struct {
	at                 time.Duration
	alert, title, text string
	ended              bool
}

func (m told) String() string { return fmt.Sprintf("%v %s: %s", m.at, m.alert, m.title) }

// A firing is an alert that fires, and since when.
type firing struct {
	labels, summary string
	at              time.Duration
}

// A first is the finding that comes first from a time on, or "".
type first struct {
	at time.Duration
	id string
}

type firsts []first

// until are those of the time until then.
func (list firsts) until(most time.Duration) (ids []string) {
	for _, f := range list {
		if f.at <= most {
			ids = append(ids, f.id)
		}
	}
	return ids
}

// A replay is a fleet without addresses, in a bubble of time, that recordings of bots are
// pushed to.
type replay struct {
	*plane
	t       *testing.T
	channel *channel
	began   time.Time

	told   []told
	firsts firsts
	found  map[string]bool
	fired  map[string][]firing // by the name of the alert
}

// newReplay opens a fleet that notifies a channel.
func newReplay(t *testing.T, c *channel, evaluation time.Duration) *replay {
	t.Helper()
	dir := t.TempDir()
	webhook := filepath.Join(dir, "webhook")
	if err := os.WriteFile(webhook, []byte(c.url), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := settings.Parse([]string{
		"--data", filepath.Join(dir, "data"), "--evaluation-interval", evaluation.String(), "--discord-webhook-file", webhook, "--url", "https://fleet.example.org",
	}, func(string) (string, bool) { return "", false }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{t: t, channel: c, began: time.Now(), found: map[string]bool{}, fired: map[string][]firing{}}
	r.plane = &plane{settings: s, log: &expect.Log{}}
	r.run(t)
	return r
}

func (r *replay) run(t *testing.T) {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(r.log, nil))
	r.Fleet = &Fleet{
		cfg: Config{Settings: r.settings, Logger: logger}, log: logger, registry: prometheus.NewRegistry(),
		started: time.Now(), faults: faults{log: logger},
	}
	r.parts = slog.New(parts{logger.Handler(), &r.faults})
	r.ctx, r.cancel = context.WithCancel(t.Context())
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	r.loops.Go(r.tick)
}

// reopen starts the fleet anew, with its data or without.
func (r *replay) reopen(t *testing.T, empty bool) {
	t.Helper()
	r.close()
	if empty {
		if err := os.RemoveAll(r.settings.Data); err != nil {
			t.Fatal(err)
		}
	}
	r.run(t)
}

func (r *replay) close() {
	r.t.Helper()
	if err := r.release(); err != nil {
		r.t.Error(err)
	}
	if log := r.log.String(); strings.Contains(log, "level=ERROR") {
		r.t.Errorf("the log has faults:\n%s", log)
	}
}

// An actor plays a tape: the processes of a bot.
type actor struct {
	*tape
	job, bot, name string
	clusters       []string // in the order of the tape's
	began          time.Time
	now            int  // the step
	every          int  // steps at once: the interval of the pushes
	leave          bool // the next push is the last one
}

// start lets a bot start now.
func (r *replay) start(of *tape, job, bot, name string, clusters []string) *actor {
	return &actor{tape: of, job: job, bot: bot, name: name, clusters: clusters, began: time.Now().Add(-lead * tapeStep), now: lead, every: 1}
}

// step lets the processes push, and time pass until they push again. Each so many steps
// the bot is examined, and each second time compared with argus explain.
func (r *replay) step(a *actor, examine int) {
	r.t.Helper()
	for n, recorded := range a.tape.clusters() {
		md := a.push(a.job, a.bot, a.clusters[n], a.name+"-"+a.clusters[n], a.processes[recorded], a.now, a.began)
		if a.leave {
			sayGoodbye(md)
		}
		receipt, err := r.receiver.Push(r.t.Context(), md)
		if err != nil || receipt.Refused > 0 {
			r.t.Fatalf("step %d: %+v, %v", a.now, receipt, err)
		}
	}
	interval := time.Duration(a.every) * tapeStep
	time.Sleep(interval / 2) //nolint:forbidigo // by the clock of the bubble
	if turn := a.now / a.every; turn%examine == 0 && !a.leave {
		r.judge.Examine(r.t.Context(), r.engine, time.Now())
		if turn%(2*examine) == 0 {
			r.compare()
		}
	}
	time.Sleep(interval / 2) //nolint:forbidigo // by the clock of the bubble
	r.listen()
	a.now += a.every
}

// sayGoodbye makes a push the last one of its process.
func sayGoodbye(md pmetric.Metrics) {
	list := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range list.Len() {
		if m := list.At(i); m.Name() == "argus.up" {
			m.Gauge().DataPoints().At(0).SetDoubleValue(0)
		}
	}
}

// compare checks that the fleet says first what argus explain says first.
func (r *replay) compare() {
	r.t.Helper()
	ctx, now, since := r.t.Context(), time.Now(), time.Since(r.began)
	if _, err := r.judge.Failure(); err != nil {
		r.t.Fatal(err)
	}
	o, err := documents.MakeOverview(ctx, r.Input(), documents.Wanted{})
	if err != nil {
		r.t.Fatal(err)
	}
	explained, err := findings.Examine(ctx, promql.New(r.engine, evidence.Scope{}, 1), now)
	if err != nil {
		r.t.Fatal(err)
	}
	got, want := "", ""
	if len(o.Report.Findings) > 0 {
		got = o.Report.Findings[0].ID
	}
	if len(explained.Findings) > 0 {
		want = explained.Findings[0].ID
	}
	if got != want {
		r.t.Errorf("after %v the fleet says first %q, and argus explain %q", since, got, want)
	}
	if n := len(r.firsts); n == 0 || r.firsts[n-1].id != got {
		r.firsts = append(r.firsts, first{since, got})
	}
	r.note(explained.Findings)
}

func (r *replay) note(list []findings.Finding) {
	for _, f := range list {
		r.found[f.ID] = true
		r.note(f.Under)
	}
}

// listen notes what fires, and what was told.
func (r *replay) listen() {
	for _, a := range r.engine.Alerts() {
		one := firing{fmt.Sprint(a.Labels), a.Annotations["summary"], a.FiredAt.Sub(r.began)}
		if a.State == engine.Firing && !slices.Contains(r.fired[a.Name], one) {
			r.fired[a.Name] = append(r.fired[a.Name], one)
		}
	}
	for _, m := range r.channel.take() {
		e := m.Embeds[0]
		alert := e.Description[strings.LastIndex(e.Description, " ")+1:] // after the links
		r.told = append(r.told, told{time.Since(r.began), alert, e.Title, e.Title + "\n" + e.Description, strings.HasPrefix(e.Title, "Resolved: ")})
	}
}

// quiet reports whether everything that was told has been resolved.
func (r *replay) quiet() bool {
	open := map[string]bool{}
	for _, m := range r.told {
		open[m.alert] = !m.ended
	}
	for _, is := range open {
		if is {
			return false
		}
	}
	return true
}
