package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/credential"
	"github.com/argus-dgo/argus/internal/server"
	"github.com/argus-dgo/argus/resource"
)

// beside looks at the port, and at the bot that has it. The result is nil unless the
// page was read.
func (d *doctor) beside(ctx context.Context) (findings []finding, own *scrape.Result) {
	switch {
	case d.config.Disabled:
		return append([]finding{{"port", skipped, noArgus, ""}}, probes()...), nil
	case !d.exports(argus.Prometheus):
		return append([]finding{{"port", skipped, "nothing is served: the prometheus exporter is not enabled", ""}}, probes()...), nil
	}
	address := net.JoinHostPort(d.config.Host, strconv.Itoa(d.config.Port))
	err := bind(ctx, address)
	switch {
	case err == nil:
		return []finding{
			{"port", ok, address + " is free; no bot is running here", ""},
			d.openness(nil),
			{"bot", skipped, "no bot is running here", ""},
		}, nil
	case !errors.Is(err, syscall.EADDRINUSE):
		return []finding{{"port", failure, err.Error(), "set ARGUS_HOST and ARGUS_PORT to a free address of this machine"}}, nil
	}
	return d.holder(ctx, address)
}

// noArgus is why its checks are skipped.
const noArgus = "Argus is off: " + isOff

// probes warns of what Kubernetes does where nothing is served.
func probes() []finding {
	if os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return nil
	}
	return []finding{{
		"probes", warning, "this is a pod, and Argus does not serve /healthz and /readyz: if the pod has probes for them, Kubernetes restarts it again and again, and each start identifies every shard",
		"remove the probes from the pod for as long as nothing is served",
	}}
}

// bind tries to have the address as the bot would, and gives it back.
func bind(ctx context.Context, address string) error {
	trial, err := server.New(server.Config{
		Addr:     address,
		Pages:    []server.Page{{Path: "/metrics", Handler: http.NotFoundHandler()}},
		ErrorLog: func(error) {},
	})
	if err != nil {
		return err
	}
	if err := trial.Start(); err != nil {
		return err
	}
	return errors.Join(trial.Err(), trial.Shutdown(ctx))
}

const anotherPort = "stop the other program, or set another port with ARGUS_PORT"

// holder looks at who has the address.
func (d *doctor) holder(ctx context.Context, address string) (findings []finding, own *scrape.Result) {
	reach := address
	if ip, err := netip.ParseAddr(d.config.Host); d.config.Host == "" || err == nil && ip.IsUnspecified() {
		reach = net.JoinHostPort("localhost", strconv.Itoa(d.config.Port))
	}
	client := scrape.NewClient(d.config.MetricsPath, d.ownAccess())
	anonymous, err := client.Get(ctx, reach, d.config.MetricsPath, false)
	if err != nil {
		return []finding{{"port", failure, fmt.Sprintf("%s is in use, and the program there does not answer on %s: %v", address, reach, err), anotherPort}}, nil
	}
	locked := anonymous.Password() && d.wantsPassword() // on all paths
	ready, isReady := d.readiness(ctx, client, reach, locked)
	page, pageErr := client.Page(ctx, reach)
	if !isReady && pageErr != nil && !anonymous.Argus() && !locked {
		return []finding{{"port", failure, fmt.Sprintf("%s is in use by a program other than Argus: %v", address, pageErr), anotherPort}}, nil
	}
	findings = []finding{{"port", ok, address + " is in use by a bot with Argus", ""}, d.openness(anonymous)}
	if isReady {
		findings = append(findings, ready)
	}
	if pageErr != nil {
		do := "run argus doctor with the bot's environment"
		switch {
		case locked:
			do = "run argus doctor with --username and --password-file"
		case anonymous.Status == http.StatusNotFound:
			do = "set ARGUS_METRICS_PATH to the bot's value"
		}
		return append(findings, finding{"bot", failure, "cannot read the bot's metrics page: " + pageErr.Error(), do}), nil
	}
	findings = append(findings, d.same(page)...)
	return findings, &scrape.Result{Address: reach, Page: page}
}

// ownAccess is how the bot's own page is reached: with the token of its environment, and
// over TLS as its web configuration file says, with the flags' certificates and password.
func (d *doctor) ownAccess() scrape.Access {
	access := d.access
	if !d.config.TLS {
		access.TLS = nil
	} else if access.TLS == nil {
		access.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if own := d.ownToken(); own.Kind() != credential.None || access.Credential.Kind() == credential.Bearer {
		access.Credential = own // a token of the targets is not for others
	}
	return access
}

// ownToken is the one that the environment says, which is for the bot's own page alone.
// Resolve has refused one that cannot be used.
func (d *doctor) ownToken() (token credential.Credential) {
	switch d.config.Source("ARGUS_METRICS_AUTH_TOKEN") {
	case "ARGUS_METRICS_AUTH_TOKEN":
		token, _ = credential.Token(os.Getenv("ARGUS_METRICS_AUTH_TOKEN"))
	case "ARGUS_METRICS_AUTH_TOKEN_FILE":
		token, _ = scrape.ReadToken(os.Getenv("ARGUS_METRICS_AUTH_TOKEN_FILE"))
	}
	return token
}

// wantsPassword says whether the bot's web configuration file has users.
func (d *doctor) wantsPassword() bool {
	if d.config.WebConfigFile == "" {
		return false
	}
	web, err := server.ReadWebConfig(d.config.WebConfigFile)
	return err == nil && web.BasicAuth
}

// openness says whether the page is as open as it should be. answer is that to a
// request without a token, or nil when no bot runs.
func (d *doctor) openness(answer *scrape.Answer) finding {
	f := finding{Check: "access", State: ok}
	if answer != nil {
		switch asks := answer.Argus(); {
		case asks && d.config.Authenticated:
			f.Text = "the page requires the token (401 without it)"
			return f
		case asks:
			f.State, f.Text = failure, "the bot requires a token, but this environment has none"
			f.Do = "run argus doctor with the bot's environment; if the token is set in code, set ARGUS_METRICS_AUTH_TOKEN_FILE here"
			return f
		case d.config.Authenticated && answer.Status == http.StatusOK:
			f.State, f.Text = failure, "this environment has a token, but the bot serves its page without one"
			f.Do = "restart the bot with this environment"
			return f
		case answer.Password() && d.wantsPassword():
			f.Text = "the page requires a user name and a password (401 without them)"
			return f
		}
	}
	ip, err := netip.ParseAddr(d.config.Host)
	switch loopback := d.config.Host == "localhost" || err == nil && ip.IsLoopback(); {
	case d.config.Authenticated:
		f.Text = "the page will require the token"
	case d.wantsPassword():
		f.Text = "the page will require a user name and a password"
	case loopback:
		f.Text = "the page requires no token, and is reachable only from this machine"
	default:
		f.State, f.Text = warning, "anyone who can reach the port can read the page: no token is set, and the host is not a loopback address"
		f.Do = "restrict the port to Prometheus (firewall, NetworkPolicy), or set ARGUS_METRICS_AUTH_TOKEN_FILE"
	}
	return f
}

// readiness reads /healthz and /readyz. is says whether they are Argus'.
func (d *doctor) readiness(ctx context.Context, client *scrape.Client, address string, locked bool) (f finding, is bool) {
	health, err := client.Get(ctx, address, "/healthz", locked)
	if err != nil || health.Status != http.StatusOK {
		return f, false
	}
	answer, err := client.Get(ctx, address, "/readyz", locked)
	if err != nil {
		return f, false
	}
	var body struct {
		Ready  *bool  `json:"ready"`
		Up     int    `json:"shards_up"`
		Total  int    `json:"shards_total"`
		Reason string `json:"reason"`
	}
	if json.Unmarshal(answer.Body, &body) != nil || body.Ready == nil {
		return f, false
	}
	if *body.Ready {
		return finding{"ready", ok, fmt.Sprintf("/healthz and /readyz return 200: %d of %d shards are up", body.Up, body.Total), ""}, true
	}
	return finding{"ready", warning, "/readyz reports not ready: " + body.Reason, "normal just after a start; otherwise see docs/runbooks/DiscordShardDown.md"}, true
}

// same compares the bot that runs with what the environment says.
func (d *doctor) same(page *scrape.Page) []finding {
	i := slices.IndexFunc(page.Processes, d.isThis)
	if i < 0 {
		return []finding{{
			"bot", failure, fmt.Sprintf("the running bot is cluster %s, but this environment says %s", d.shown(page.Processes[0]), d.shown(scrape.Process{
				Cluster: d.config.ClusterID, Bot: d.config.Bot, Region: d.config.Region,
			})),
			"run argus doctor with the bot's environment; if this is it, restart the bot, or set a different port for each process on this host",
		}}
	}
	p := page.Processes[i]
	var findings []finding
	if d.process.ShardCount > 0 && d.process.ShardIDsSource != resource.SourceDefault {
		findings = append(findings, d.sameShards(p)...)
	}
	for _, part := range p.Down {
		findings = append(findings, finding{"bot", failure, "its subsystem " + part + " is down", "see the bot's log for the cause, and docs/runbooks/ArgusSubsystemDown.md"})
	}
	if findings == nil {
		findings = []finding{{"bot", ok, fmt.Sprintf("cluster %q, %s, argus %s and discordgo %s", p.Cluster, shownShards(p), p.Argus, p.Discordgo), ""}}
	}
	return findings
}

// sameShards compares the shards of the bot that runs with what the environment says.
// A session that has not been opened is none yet.
func (d *doctor) sameShards(p scrape.Process) []finding {
	shards, said := shardIDs(p), d.process.ShardIDs
	if slices.Equal(shards, said) {
		return nil
	}
	f := finding{
		"bot", failure, fmt.Sprintf("it runs %s, but this environment says %s (from %s)", shownShards(p), scrape.ShownIDs(said), d.process.ShardIDsSource),
		"create the bot's sessions from resource.Detect and attach all of them, or correct the setting",
	}
	foreign := slices.ContainsFunc(shards, func(id int) bool { return !slices.Contains(said, id) })
	if !foreign && len(said) <= len(shards)+p.Unopened {
		f.State = warning
		f.Text += "; " + unopened(p.Unopened)
		f.Do = "normal just after a start; otherwise " + f.Do
	}
	return []finding{f}
}

// unopened tells of sessions that are no shards.
func unopened(sessions int) string {
	if sessions == 1 {
		return "1 session has not been opened"
	}
	return cli.Count(sessions, "session") + " have not been opened"
}

// isThis says whether a process has the names of this environment. What is not set
// here may be set in code.
func (d *doctor) isThis(p scrape.Process) bool {
	return p.Cluster == d.config.ClusterID && (d.config.Bot == "" || p.Bot == d.config.Bot) && (d.config.Region == "" || p.Region == d.config.Region)
}

// shown names a process by its cluster, and by what else this environment sets.
func (d *doctor) shown(p scrape.Process) string {
	text := strconv.Quote(p.Cluster)
	if d.config.Bot != "" {
		text += fmt.Sprintf(" of bot %q", p.Bot)
	}
	if d.config.Region != "" {
		text += fmt.Sprintf(" in region %q", p.Region)
	}
	return text
}

func shownShards(p scrape.Process) string {
	if len(p.Shards) == 0 {
		return "no shards"
	}
	return "shards " + scrape.ShownIDs(shardIDs(p))
}
