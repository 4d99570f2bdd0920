package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// allWaysOut has the Collector use its three ways at once.
const allWaysOut = "yaml:service::pipelines::metrics::exporters: [prometheus, prometheus_remote_write, otlp_http/prometheus]"

// heartbeats is what they count under: each second as long as a session is open.
var heartbeats = []string{catalog.ShardSent.PrometheusName(), catalog.GatewayIO.PrometheusName()}

// bots selects what the bots export: on the way of the scrape there are other jobs too.
const bots = `job="discord-bot"`

// A path is a way from the bot to a Prometheus of its own.
type path struct {
	name string
	*promServer
}

// TestParity: one process exports on all four paths at once. Every instrument of the catalog has the same series on each, and
// every counter and histogram the same final values.
func TestParity(t *testing.T) {
	const cluster = "parity"
	began := time.Now()
	written := startPrometheus(t, "prometheus-remote-write", promConfigOfWrites(t), takesRemoteWrite)
	pushed := startPrometheus(t, "prometheus-otlp", promConfig(t, "prometheus-otlp.yml", map[string]string{"collector:8888": freeAddr(t)}), takesOTLP)
	c := startCollector(t, map[string]string{
		"PROMETHEUS_REMOTE_WRITE_URL": written.remoteWriteURL(), "PROMETHEUS_OTLP_URL": pushed.otlpURL(),
	}, remoteWrite, prometheusOTLP, allWaysOut)
	collected := startPrometheus(t, "prometheus-collector", promConfig(t, "prometheus.yml", c.places()))

	env := pushAll(c.grpc, "OTEL_METRICS_EXPORTER", "prometheus,otlp")
	b := startBot(t, cluster, 2, env, argus.WithAddr("127.0.0.1:0"), argus.WithLogRecords(true), argus.WithBot(botName), argus.WithRegion(botRegion))
	plain := startBot(t, "plain", 1, env, argus.WithAddr("127.0.0.1:0"), argus.WithServiceName("plain")) // with neither
	const wrong = "        labels: {cluster: wrong, bot: wrong, region: wrong}\n"
	scraped := startPrometheus(t, "prometheus-scrape",
		promConfig(t, "prometheus-pull.yml", map[string]string{"bot:9191": b.argus.Addr()})+
			scrapeConfig("plain", plain.argus.Addr())+
			scrapeConfig("mistake", b.argus.Addr())+wrong+
			scrapeConfig("honored", b.argus.Addr(), "honor_labels: true")+wrong+
			scrapeConfig("relabeled", b.argus.Addr(), "metric_relabel_configs:",
				"  - {source_labels: [exported_cluster], regex: (.+), target_label: cluster}",
				"  - {source_labels: [exported_bot], regex: (.+), target_label: bot}",
				"  - {source_labels: [exported_region], regex: (.+), target_label: region}",
				"  - {regex: exported_(cluster|bot|region), action: labeldrop}")+wrong)
	paths := []path{{"scrape", scraped}, {"Collector scrape", collected}, {"remote write", written}, {"Prometheus OTLP", pushed}}

	// All four have seen the start before anything happens, so that rates begin at the same place.
	for _, p := range paths {
		p.waitValue(`sum(discord_guilds{cluster="parity",`+bots+`})`, 4, 30*time.Second)
	}
	t.Run("bot and region", func(t *testing.T) { sameIdentity(t, paths) })
	everything(t, b)
	interactions := metricSum(settled(t, b, heartbeats...), "discord_interactions_total")
	for _, p := range paths {
		p.waitValue(`sum(discord_interactions_total{cluster="parity",`+bots+`})`, interactions, 30*time.Second)
	}

	// A rate is extrapolated by up to the second between the last sample and now: less of the whole, the longer the series are.
	pass(t, either(25*time.Second, time.Minute))
	t.Run("queries", func(t *testing.T) { sameAnswers(t, paths, whileBusy) })
	t.Run("mistaken target label", func(t *testing.T) { mistakenLabel(t, scraped, cluster) })
	t.Run("a sum that shrinks", func(t *testing.T) { upAndDown(t, b, paths) })
	t.Run("types", func(t *testing.T) { sameTypes(t, b, c) })

	// The end: the sessions, so that nothing counts any more; a last scrape; the last push.
	b.closeSessions()
	atRest := settled(t, b)
	for _, i := range catalog.All() {
		if !ofTheHost(i) && i.Kind != catalog.Gauge && (highest(atRest, i) > 0) == (resting[i.Name] != "") {
			t.Errorf("%s has the value %v at most; why it would be 0: %q", i.PrometheusName(), highest(atRest, i), resting[i.Name])
		}
	}
	for _, p := range paths {
		p.waitValue(`discord_shards_configured{`+bots+`}`, 0, 30*time.Second)
	}
	t.Run("queries at rest", func(t *testing.T) { sameAnswers(t, paths, whenClosed) })
	rested := time.Now()
	eventually(t, "a scrape after that", 10*time.Second, func() (bool, string) {
		at, _ := scraped.value("timestamp(" + uptime + ")")
		return at > seconds(rested), fmt.Sprint(at)
	})
	ending := time.Now()
	b.shutdown()

	// What is compared has to be what the last push has brought, and not what was there before it by chance.
	last := 0.0
	for _, p := range []*promServer{written, pushed} {
		eventually(t, p.name+" has the last push", 20*time.Second, func() (bool, string) {
			at, _ := p.value("timestamp(" + uptime + ")")
			return at >= seconds(ending), fmt.Sprint(at)
		})
		last, _ = p.value(uptime)
	}
	collected.waitValue(uptime, last, 20*time.Second) // the Collector's page has no times
	if v, _ := written.value(uptime); v != last {
		t.Errorf("%s has the uptime %v at the end, and %s %v", written.name, v, pushed.name, last)
	}
	differences := compare(paths, began)
	for n, d := range differences {
		if n == 50 {
			t.Errorf("and %d more", len(differences)-n)
			break
		}
		t.Error(d)
	}

	t.Run("all else", func(t *testing.T) { sameNames(t, paths, began) })
	t.Run("exported labels", func(t *testing.T) {
		for _, p := range paths[1:] {
			if found := p.series(began, `{exported_cluster!=""}`, `{exported_bot!=""}`, `{exported_region!=""}`, `{exported_job!=""}`, `{exported_instance!=""}`); len(found) > 0 {
				t.Errorf("%s has %v", p.name, found[0])
			}
			for _, label := range catalog.ResourceLabels() {
				if found := p.series(began, `{__name__=~"discord_.+|argus_.+|go_.+|process_.+|target_info",`+label+`="",job="discord-bot"}`); len(found) > 0 {
					t.Errorf("%s has a series without %s: %v", p.name, label, found[0])
				}
			}
			if found := p.series(began, `{__name__=~"discord_.+|argus_.+",otel_scope_name!=""}`); len(found) > 0 {
				t.Errorf("%s has labels of the scope: %v", p.name, found[0])
			}
		}
	})
}

// promConfigOfWrites is prometheus.yml as its text says to have it for remote write: without the first job.
func promConfigOfWrites(t testing.TB) string {
	t.Helper()
	text := promConfig(t, "prometheus.yml", map[string]string{"collector:8889": "127.0.0.1:1", "collector:8888": "127.0.0.1:1"})
	from, to := strings.Index(text, "  # What the bots push."), strings.Index(text, "  # The Collector's own metrics")
	if from < 0 || to < from {
		t.Fatal("prometheus.yml has changed: where is its first job?")
	}
	return text[:from] + text[to:]
}

// promConfigOfOTLP is prometheus-otlp.yml, where there is no Collector to ask for its own metrics.
func promConfigOfOTLP(t testing.TB) string {
	t.Helper()
	return promConfig(t, "prometheus-otlp.yml", map[string]string{"collector:8888": "127.0.0.1:1"})
}

// everything makes each instrument of the catalog count something.
func everything(t *testing.T, b *bot) {
	t.Helper()
	b.interact(20)
	ctx := t.Context()
	for _, kind := range []discordtest.InteractionKind{discordtest.MessageComponent, discordtest.Autocomplete, discordtest.ModalSubmit} {
		if _, _, err := b.srv.SendInteraction(ctx, 0, kind, time.Now(), "ping"); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"help", "stats", "unheard-of"} {
		for range 3 {
			if _, _, err := b.srv.SendInteraction(ctx, 1, discordtest.ApplicationCommand, time.Now(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, err := b.srv.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now().Add(-5*time.Second), "ping"); err != nil {
		t.Fatal(err) // one that has expired
	}
	for n := range 10 {
		took := time.Duration(n) * 20 * time.Millisecond
		if err := b.argus.Command(context.Background(), "ping", func(context.Context) error { pass(t, took); return nil }); err != nil {
			t.Error(err)
		}
	}
	_ = b.argus.Command(context.Background(), "ping", func(context.Context) error { return errCommand })
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic does not go on its way")
			}
		}()
		_ = b.argus.Command(context.Background(), "nobody knows it", func(context.Context) error { panic("on purpose") })
	}()
	for _, err := range []error{nil, errCommand} {
		_ = b.argus.Task(ctx, "nobody knows this task", func(context.Context) error { return err })
	}
	for _, scope := range []string{"user", "shared", "global"} {
		b.srv.RateLimit(discordtest.RateLimit{Method: "POST", Pattern: "/channels/{channel_id}/messages", Scope: scope, RetryAfter: 50 * time.Millisecond})
		if _, err := b.sessions[0].ChannelMessageSend(b.srv.TextChannel(b.srv.Guilds()[0]), "hello", b.argus.RequestOption(context.Background())); err != nil {
			t.Errorf("sending a message: %v", err)
		}
	}
	requests(t, b)
	unanswered(t, b)
	if err := b.sessions[0].UpdateGameStatus(0, "end to end"); err != nil {
		t.Error(err)
	}
	if err := b.sessions[1].RequestGuildMembers(b.srv.Guilds()[1], "", 0, "", false); err != nil {
		t.Error(err)
	}
	for _, level := range []int{discordgo.LogError, discordgo.LogWarning} {
		discordgo.Logger(level, 0, "a line for the test of parity") // as discordgo writes its own
	}
	if err := b.srv.GuildOutage(b.srv.Guilds()[0]); err != nil {
		t.Fatal(err)
	}
	traffic, err := discordtest.NewTraffic(b.srv, discordtest.TrafficConfig{Seed: 1, Commands: commands})
	if err != nil {
		t.Fatal(err)
	}
	if err := traffic.Send(ctx, 500); err != nil {
		t.Fatal(err)
	}
	// A connection that ends and is resumed, and one that has to identify anew.
	for shard, end := range []func(*discordtest.Conn) error{
		func(c *discordtest.Conn) error { return c.CloseCode(4000, "on purpose") },
		func(c *discordtest.Conn) error { return c.CloseCode(4009, "on purpose") },
	} {
		conn, err := b.srv.WaitConn(ctx, shard)
		if err != nil {
			t.Fatal(err)
		}
		b.sessions[shard].ShouldReconnectOnError = true
		if err := end(conn); err != nil {
			t.Fatal(err)
		}
		if err := conn.WaitClosed(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := b.srv.WaitConn(ctx, shard); err != nil {
			t.Fatal(err)
		}
	}
	b.interact(20)
}

// requests makes REST requests that fail, and one that Argus learns from.
func requests(t *testing.T, b *bot) {
	t.Helper()
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		b.srv.Fail("GET", "/channels/{channel_id}", status, 1)
		var refused *discordgo.RESTError
		if _, err := b.sessions[0].Channel(b.srv.TextChannel(b.srv.Guilds()[0])); !errors.As(err, &refused) || refused.Response.StatusCode != status {
			t.Errorf("asking for a channel: %v, want the status %d", err, status)
		}
	}
	if _, err := b.sessions[0].GatewayBot(); err != nil {
		t.Error(err)
	}
}

// unanswered has Discord refuse the answer to one interaction, and the bot give none to another.
func unanswered(t *testing.T, b *bot) {
	t.Helper()
	const callback = "/interactions/{id}/{token}/callback"
	for _, refusal := range []int{http.StatusNotFound, 0} {
		name := "ping"
		if refusal == 0 {
			name = silence
		} else {
			b.srv.Fail("POST", callback, refusal, 1)
		}
		if _, _, err := b.srv.SendInteraction(t.Context(), 0, discordtest.ApplicationCommand, time.Now(), name); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+" has an outcome", 20*time.Second, func() (bool, string) {
			acks := counters(b.page())
			series := fmt.Sprintf(`discord_interaction_acks_total{bot=%q,cluster="parity",outcome=%q,region=%q,type="application_command"}`, botName,
				map[bool]string{true: catalog.AckRejected, false: catalog.AckMissed}[refusal != 0], botRegion)
			return acks[series] == 1, fmt.Sprint(acks[series])
		})
	}
}

// upAndDown: requests in flight are a sum that shrinks again, which is a gauge to Prometheus: 1 while one is held, and then 0.
func upAndDown(t *testing.T, b *bot, paths []path) {
	inFlight := catalog.RequestsInFlight.PrometheusName() + "{" + bots + "}"
	release, done := make(chan struct{}), make(chan error, 1)
	b.srv.Handle("GET", "/users/{user_id}", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		http.Error(w, `{"message": "Unknown User", "code": 10013}`, http.StatusNotFound)
	})
	go func() {
		_, err := b.sessions[0].User("1")
		done <- err
	}()
	for _, p := range paths {
		p.waitValue(inFlight, 1, 20*time.Second)
	}
	close(release)
	if err := <-done; err == nil {
		t.Error("the request that was held is not refused")
	}
	for _, p := range paths {
		p.waitValue(inFlight, 0, 20*time.Second)
	}
}

// sameTypes: the bot's page and the Collector's give each metric of the catalog the same type. What is written to Prometheus has none there.
func sameTypes(t *testing.T, b *bot, c *collector) {
	_, collected, err := get(t.Context(), "http://"+c.page+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	own := b.page()
	for _, i := range catalog.All() {
		if ofTheHost(i) {
			continue
		}
		kind := map[catalog.Kind]string{catalog.Counter: "counter", catalog.Histogram: "histogram"}[i.Kind]
		if kind == "" {
			kind = "gauge"
		}
		line := "# TYPE " + i.PrometheusName() + " " + kind + "\n"
		if !strings.Contains(own, line) {
			t.Errorf("the bot's page lacks %q", line)
		}
		if !strings.Contains(collected, line) {
			t.Errorf("the Collector's page lacks %q", line)
		}
	}
}

// settled waits until the bot has counted all that is on its way, and returns its page. What names begin with these prefixes may go on.
func settled(t *testing.T, b *bot, but ...string) string {
	t.Helper()
	page := b.page()
	since := time.Now()
	counted := func() map[string]float64 {
		values := counters(page)
		maps.DeleteFunc(values, func(series string, _ float64) bool {
			return slices.ContainsFunc(but, func(prefix string) bool { return strings.HasPrefix(series, prefix) })
		})
		return values
	}
	eventually(t, "the bot has come to rest", 20*time.Second, func() (bool, string) {
		was := counted()
		page = b.page()
		is := counted()
		if maps.Equal(was, is) {
			return time.Since(since) > time.Second, ""
		}
		since = time.Now()
		maps.DeleteFunc(is, func(series string, v float64) bool { return was[series] == v })
		return false, fmt.Sprint("these count: ", is)
	})
	return page
}

// A question is a query that has to give the same rows on every path.
type question struct {
	expr      string
	tolerance float64 // of the value: rates differ by where in a second the samples are
	value     bool    // whether values are compared
	rows      int     // at least
	gone      bool    // whether the bot has taken the series away: README.md says where they stay for a while
}

// The four queries that must always work, while the bot is busy and after its sessions were closed.
var (
	whileBusy = []question{
		{`sum by (cluster) (rate(discord_interactions_total{%s}[5m]))`, 0.05, true, 1, false},
		{`sum by (cluster) (discord_guilds{%s})`, 0, true, 1, false},
		{`discord_shard_latency_seconds{shard="1",%s}`, 0, false, 1, false}, // a gauge that changes each second
		{`discord_shard_up{%s} == 0`, 0, true, 0, false},
		{`discord_shard_up{%s} == 1`, 0, true, 2, false}, // that the one before is not empty by mistake
	}
	whenClosed = []question{
		{`sum by (cluster) (rate(discord_interactions_total{%s}[5m]))`, 0.05, true, 1, false},
		{`sum by (cluster) (discord_guilds{%s})`, 0, true, 1, true},       // no shard, no guilds
		{`discord_shard_latency_seconds{shard="1",%s}`, 0, true, 1, true}, // no connection, no latency
		{`discord_shard_up{%s}`, 0, false, 2, true},                       // what the bot has closed is no shard; the last value may be from before or from meanwhile
		{`discord_shards_configured{%s} == 0`, 0, true, 1, false},
	}
)

// sameAnswers asks on every path.
func sameAnswers(t *testing.T, paths []path, questions []question) {
	for _, tt := range questions {
		first, want := "", map[string]float64(nil)
		at := time.Now()
		for _, p := range paths {
			got := map[string]float64{}
			for _, row := range p.queryAt(fmt.Sprintf(tt.expr, bots), at) {
				got[labels(model.LabelSet(row.Metric))] = float64(row.Value)
			}
			t.Logf("%s: %s gives %v", p.name, tt.expr, got)
			if tt.gone && p.name == paths[0].name {
				if len(got) > 0 {
					t.Errorf("%s: %s gives %v, and the bot does not say it any more", p.name, tt.expr, got)
				}
				continue
			}
			if len(got) < tt.rows {
				t.Errorf("%s: %s gives %d rows, want %d", p.name, tt.expr, len(got), tt.rows)
			}
			if want == nil {
				first, want = p.name, got
				continue
			}
			if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
				t.Errorf("%s: %s gives the rows %v, and %v on the path %s", p.name, tt.expr, got, want, first)
				continue
			}
			for row, v := range got {
				if tt.value && math.Abs(v-want[row]) > tt.tolerance*math.Abs(want[row]) {
					t.Errorf("%s: %s gives %v for %s, and %v on the path %s", p.name, tt.expr, v, row, want[row], first)
				}
			}
		}
	}
}

// The labels of the bot that has more than a cluster.
const (
	botName   = "parity bot"
	botRegion = "eu-1"
)

// sameIdentity: bot and region are on every series of the bot that has them, and on none of the one that has neither, with the same names and labels on each path.
func sameIdentity(t *testing.T, paths []path) {
	for _, tt := range []struct {
		job  string
		want map[string]string
	}{
		{"discord-bot", map[string]string{"bot": botName, "cluster": "parity", "region": botRegion}},
		{"plain", map[string]string{"bot": "", "cluster": "plain", "region": ""}},
	} {
		families := map[string][]string{}
		for _, p := range paths {
			p.waitValue(fmt.Sprintf(`sum(discord_shard_up{job=%q})`, tt.job), map[string]float64{"plain": 1, "discord-bot": 2}[tt.job], 30*time.Second)
			for _, row := range p.query(fmt.Sprintf(`group by (__name__, bot, cluster, region) ({__name__=~"discord_.+|argus_.+|go_.+|process_.+|target_info",job=%q})`, tt.job)) {
				for label, want := range tt.want {
					if got := string(row.Metric[model.LabelName(label)]); got != want {
						t.Errorf("on the path %s %s of the job %s has %s=%q, want %q", p.name, row.Metric[model.MetricNameLabel], tt.job, label, got, want)
					}
				}
				families[p.name] = append(families[p.name], string(row.Metric[model.MetricNameLabel]))
			}
			for _, family := range []string{"discord_shard_up", "argus_up", "go_goroutines", "process_start_time_seconds", "target_info", "discord_rest_request_duration_seconds_bucket"} {
				// Both bots are of one process, which is pushed with the first of them, and on the page of each.
				process := strings.HasPrefix(family, "go_") || strings.HasPrefix(family, "process_")
				want := !process || tt.job == "discord-bot" || p.name == paths[0].name
				if slices.Contains(families[p.name], family) != want {
					t.Errorf("whether the job %s has %s on the path %s is %t", tt.job, family, p.name, !want)
				}
			}
		}
	}
}

// mistakenLabel: what a target label cluster, bot or region does, and the two ways to mend it besides taking it away, as README.md has them.
func mistakenLabel(t *testing.T, p *promServer, cluster string) {
	rows := p.query(`discord_guilds{job="mistake"}`)
	own := map[model.LabelName]string{"cluster": cluster, "bot": botName, "region": botRegion}
	for label, value := range own {
		if len(rows) != 1 || rows[0].Metric[label] != "wrong" || string(rows[0].Metric["exported_"+label]) != value {
			t.Errorf("with a target label %s the series is %v, want %[1]s=wrong and exported_%[1]s=%s", label, rows, value)
		}
	}
	// The jobs of this test, unlike prometheus-pull.yml, leave le as Prometheus writes it. Should that ever be 3, the rules in
	// the bundled configurations have lost their purpose.
	if le := p.query(`discord_command_duration_seconds_bucket{job="honored",le=~"3.*"}`); len(le) == 0 || le[0].Metric["le"] != "3.0" {
		t.Errorf("Prometheus does not write le as 3.0 any more: %v", le)
	}
	for _, job := range []string{"honored", "relabeled"} {
		rows := p.query(`discord_guilds{job="` + job + `"}`)
		for label, value := range own {
			if len(rows) != 1 || string(rows[0].Metric[label]) != value || rows[0].Metric["exported_"+label] != "" {
				t.Errorf("mended as in the job %s the series is %v, want %s=%s alone", job, rows, label, value)
			}
		}
	}
}

// resting are the counters that nothing in this test can make count, with the reason. They are there with the value 0.
var resting = map[string]string{
	catalog.RequestsInFlight.Name:      "nothing is under way at the end; upAndDown sees it at 1",
	catalog.LockUnavailable.Name:       "no session's lock is held for long",
	catalog.InstrumentationErrors.Name: "Argus has no fault",
	catalog.TimersEvicted.Name:         "it takes 10,000 interactions without an answer",
	catalog.TelemetryDropped.Name:      "there is room for all spans and events",
	catalog.ExportDropped.Name:         "the Collector takes all of them",
	catalog.VoiceDisconnects.Name:      "the bot joins no voice channel",
	catalog.ProxyResponses.Name:        "there is no proxy",
}

// ofTheHost are the instruments that exist only where the machine limits the process.
func ofTheHost(i catalog.Instrument) bool {
	return i.Name == catalog.CPULimit.Name || i.Name == catalog.CPUThrottled.Name
}

// highest is the highest value of an instrument on a page; of a histogram that is its number of records.
func highest(page string, i catalog.Instrument) float64 {
	name := i.PrometheusName()
	if i.Kind == catalog.Histogram {
		name += "_count"
	}
	most := math.Inf(-1)
	for series, v := range samples(page) {
		if series == name || strings.HasPrefix(series, name+"{") {
			most = max(most, v)
		}
	}
	return most
}

// uptime is a gauge that no two pushes have the same value of.
const uptime = "discord_uptime_seconds{" + bots + "}"

func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

// compare takes each instrument of the catalog and names each difference between the first path and the others.
func compare(paths []path, since time.Time) []string {
	var found []string
	now := time.Now()
	for _, i := range catalog.All() {
		names := []string{i.PrometheusName()}
		if i.Kind == catalog.Histogram {
			names = []string{i.PrometheusName() + "_bucket", i.PrometheusName() + "_count", i.PrometheusName() + "_sum"}
		}
		for _, name := range names {
			var want map[string]float64
			for n, p := range paths {
				selector := name + "{" + bots + "}"
				got := map[string]float64{}
				for _, s := range p.series(since, selector) {
					got[labels(s)] = math.NaN()
				}
				if i.Kind != catalog.Gauge {
					for _, row := range p.queryAt(fmt.Sprintf("last_over_time(%s[%ds])", selector, int(now.Sub(since).Seconds())+1), now) {
						got[labels(model.LabelSet(row.Metric))] = float64(row.Value)
					}
				}
				if n == 0 {
					want = got
					if len(got) == 0 && !ofTheHost(i) {
						found = append(found, fmt.Sprintf("%s: it is not on the path %s", name, p.name))
					}
					continue
				}
				for s, v := range got {
					w, ok := want[s]
					switch {
					case !ok:
						found = append(found, fmt.Sprintf("%s: on the path %s there is %s, and not on the path %s", name, p.name, s, paths[0].name))
					case i.Kind != catalog.Gauge && v != w && math.Abs(v-w) > 1e-9*math.Abs(w):
						found = append(found, fmt.Sprintf("%s%s: %v on the path %s, %v on the path %s", name, s, v, p.name, w, paths[0].name))
					}
				}
				for s := range want {
					if _, ok := got[s]; !ok {
						found = append(found, fmt.Sprintf("%s: on the path %s there is %s, and not on the path %s", name, paths[0].name, s, p.name))
					}
				}
			}
		}
	}
	return found
}

// sameNames compares all that there is by names and labels: the runtime's and the process' metrics, target_info, and what the catalog does
// not know. Left out is what Prometheus adds to a scrape, and what the bot's page says of itself.
func sameNames(t *testing.T, paths []path, since time.Time) {
	var want map[string]bool
	for n, p := range paths {
		got := map[string]bool{}
		runtime, infos := 0, 0
		for _, s := range p.series(since, `{__name__!~"up|scrape_.+|promhttp_.+",`+bots+`}`) {
			name := string(s[model.MetricNameLabel])
			switch {
			case strings.HasPrefix(name, "go_"), strings.HasPrefix(name, "process_"):
				runtime++
			case name == "target_info":
				infos++
				t.Logf("the path %s has %v", p.name, s)
				if n == 0 {
					// job and instance are made of these two where the bot is not scraped.
					for _, identity := range []model.LabelName{"service_name", "service_instance_id"} {
						if s[identity] == "" {
							t.Errorf("target_info of the path %s has no %s", p.name, identity)
						}
						delete(s, identity)
					}
				}
			}
			got[name+labels(s)] = true
		}
		t.Logf("the path %s has %d series, %d of them of the runtime and the process", p.name, len(got), runtime)
		if runtime < 20 || infos != 1 {
			t.Errorf("the path %s has %d series of the runtime and the process, and %d target_info", p.name, runtime, infos)
		}
		if n == 0 {
			want = got
			continue
		}
		for s := range got {
			if !want[s] {
				t.Errorf("on the path %s there is %s, and not on the path %s", p.name, s, paths[0].name)
			}
		}
		for s := range want {
			if !got[s] {
				t.Errorf("on the path %s there is %s, and not on the path %s", paths[0].name, s, p.name)
			}
		}
	}
}

// labels writes a label set without its name and without what a path adds to it.
func labels(s model.LabelSet) string {
	s = s.Clone()
	delete(s, model.MetricNameLabel)
	delete(s, "job")
	delete(s, "instance")
	return s.String()
}

// samples are the values on a page, by series.
func samples(page string) map[string]float64 {
	values := map[string]float64{}
	for line := range strings.Lines(page) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if i := strings.LastIndex(line, "} "); i >= 0 {
			series, value = line[:i+1], strings.TrimSpace(line[i+2:])
		}
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil {
			values[series] = v
		}
	}
	return values
}

// counters are those that only grow, of the bot's own.
func counters(page string) map[string]float64 {
	values := samples(page)
	maps.DeleteFunc(values, func(series string, _ float64) bool {
		name, _, _ := strings.Cut(series, "{")
		return !strings.HasPrefix(name, "discord_") || !strings.HasSuffix(name, "_total") && !strings.HasSuffix(name, "_count")
	})
	return values
}

// metricSum adds up a metric's values on a page.
func metricSum(page, name string) (sum float64) {
	for series, v := range counters(page) {
		if strings.HasPrefix(series, name+"{") {
			sum += v
		}
	}
	return sum
}
