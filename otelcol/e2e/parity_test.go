package e2e

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/catalog"
	"github.com/argus-dgo/argus/discordtest"
)

// allWaysOut has the Collector use its three ways at once.
const allWaysOut = "yaml:service::pipelines::metrics::exporters: [prometheus, prometheus_remote_write, otlp_http/prometheus]"

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

	b := startBot(t, cluster, 2, pushTo(c.grpc, "OTEL_METRICS_EXPORTER", "prometheus,otlp"), argus.WithAddr("127.0.0.1:0"))
	scraped := startPrometheus(t, "prometheus-scrape",
		promConfig(t, "prometheus-pull.yml", map[string]string{"bot:9191": b.argus.Addr()})+
			scrapeConfig("mistake", b.argus.Addr())+"        labels: {cluster: wrong}\n"+
			scrapeConfig("honored", b.argus.Addr(), "honor_labels: true")+"        labels: {cluster: wrong}\n"+
			scrapeConfig("relabeled", b.argus.Addr(), "metric_relabel_configs:",
				"  - {source_labels: [exported_cluster], regex: (.+), target_label: cluster}",
				"  - {regex: exported_cluster, action: labeldrop}")+"        labels: {cluster: wrong}\n")
	paths := []path{{"scrape", scraped}, {"Collector scrape", collected}, {"remote write", written}, {"Prometheus OTLP", pushed}}

	// All four have seen the start before anything happens, so that rates begin at the same place.
	for _, p := range paths {
		p.waitValue(`sum(discord_guilds{cluster="parity",`+bots+`})`, 4, 30*time.Second)
	}
	everything(t, b)
	interactions := metricSum(settled(t, b), "discord_interactions_total")
	for _, p := range paths {
		p.waitValue(`sum(discord_interactions_total{cluster="parity",`+bots+`})`, interactions, 30*time.Second)
	}

	// A rate is extrapolated by up to the second between the last sample and now: less of the whole, the longer the series are.
	pass(t, either(25*time.Second, time.Minute))
	t.Run("queries", func(t *testing.T) { sameAnswers(t, paths) })
	t.Run("mistaken target label", func(t *testing.T) { mistakenLabel(t, scraped, cluster) })

	// The end: the sessions, so that nothing counts any more; a last scrape; the last push.
	b.closeSessions()
	settled(t, b)
	atRest := time.Now()
	eventually(t, "a scrape after that", 10*time.Second, func() (bool, string) {
		rows := scraped.query(`timestamp(up{job="discord-bot"})`)
		return len(rows) == 1 && float64(rows[0].Value) > float64(atRest.UnixMilli())/1000, fmt.Sprint(rows)
	})
	b.shutdown()

	var differences []string
	eventuallySame := func() (bool, string) {
		differences = compare(paths, began)
		return len(differences) == 0, fmt.Sprintf("%d differences", len(differences))
	}
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if same, _ := eventuallySame(); same {
			break
		}
		pass(t, 500*time.Millisecond)
	}
	for n, d := range differences {
		if n == 50 {
			t.Errorf("and %d more", len(differences)-n)
			break
		}
		t.Error(d)
	}

	t.Run("target_info, go and process", func(t *testing.T) { sameNames(t, paths, began) })
	t.Run("exported labels", func(t *testing.T) {
		for _, p := range paths[1:] {
			if found := p.series(began, `{exported_cluster!=""}`, `{exported_job!=""}`, `{exported_instance!=""}`); len(found) > 0 {
				t.Errorf("%s has %v", p.name, found[0])
			}
			if found := p.series(began, `{__name__=~"discord_.+|argus_.+|go_.+|process_.+|target_info",cluster="",job="discord-bot"}`); len(found) > 0 {
				t.Errorf("%s has a series without cluster: %v", p.name, found[0])
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
		if err := b.argus.Command("ping", func() error { pass(t, took); return nil }); err != nil {
			t.Error(err)
		}
	}
	_ = b.argus.Command("ping", func() error { return errCommand })
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic does not go on its way")
			}
		}()
		_ = b.argus.Command("nobody knows it", func() error { panic("on purpose") })
	}()
	for _, scope := range []string{"user", "shared", "global"} {
		b.srv.RateLimit(discordtest.RateLimit{Method: "POST", Pattern: "/channels/{channel_id}/messages", Scope: scope, RetryAfter: 50 * time.Millisecond})
		if _, err := b.sessions[0].ChannelMessageSend(b.srv.TextChannel(b.srv.Guilds()[0]), "hello"); err != nil {
			t.Errorf("sending a message: %v", err)
		}
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

// settled waits until the bot has counted all that is on its way, and returns its page.
func settled(t *testing.T, b *bot) string {
	t.Helper()
	page := b.page()
	since := time.Now()
	eventually(t, "the bot has come to rest", 20*time.Second, func() (bool, string) {
		was := counters(page)
		page = b.page()
		if !maps.Equal(was, counters(page)) {
			since = time.Now()
		}
		return time.Since(since) > time.Second, ""
	})
	return page
}

// sameAnswers: the four queries that must always work give the same rows on every path.
func sameAnswers(t *testing.T, paths []path) {
	for _, tt := range []struct {
		expr      string
		tolerance float64 // of the value: rates differ by where in a second the samples are
		value     bool
		rows      int // at least
	}{
		{`sum by (cluster) (rate(discord_interactions_total{%s}[5m]))`, 0.05, true, 1},
		{`sum by (cluster) (discord_guilds{%s})`, 0, true, 1},
		{`discord_shard_latency_seconds{shard="1",%s}`, 0, false, 1}, // a gauge that changes each second
		{`discord_shard_up{%s} == 0`, 0, true, 0},
		{`discord_shard_up{%s} == 1`, 0, true, 2}, // that the one before is not empty by mistake
	} {
		var want map[string]float64
		at := time.Now()
		for n, p := range paths {
			got := map[string]float64{}
			for _, row := range p.queryAt(fmt.Sprintf(tt.expr, bots), at) {
				got[labels(model.LabelSet(row.Metric))] = float64(row.Value)
			}
			t.Logf("%s: %s gives %v", p.name, tt.expr, got)
			if len(got) < tt.rows {
				t.Errorf("%s: %s gives %d rows, want %d", p.name, tt.expr, len(got), tt.rows)
			}
			if n == 0 {
				want = got
				continue
			}
			if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
				t.Errorf("%s: %s gives the rows %v, and %v on the path %s", p.name, tt.expr, got, want, paths[0].name)
				continue
			}
			for row, v := range got {
				if tt.value && math.Abs(v-want[row]) > tt.tolerance*math.Abs(want[row]) {
					t.Errorf("%s: %s gives %v for %s, and %v on the path %s", p.name, tt.expr, v, row, want[row], paths[0].name)
				}
			}
		}
	}
}

// mistakenLabel: what a target label cluster does, and the two ways to mend it besides taking it away, as README.md has them.
func mistakenLabel(t *testing.T, p *promServer, cluster string) {
	rows := p.query(`discord_guilds{job="mistake"}`)
	if len(rows) != 1 || rows[0].Metric["cluster"] != "wrong" || string(rows[0].Metric["exported_cluster"]) != cluster {
		t.Errorf("with a target label cluster the series is %v, want cluster=wrong and exported_cluster=%s", rows, cluster)
	}
	// The jobs of this test, unlike prometheus-pull.yml, leave le as Prometheus writes it. Should that ever be 3, the rules in
	// the bundled configurations have lost their purpose.
	if le := p.query(`discord_command_duration_seconds_bucket{job="honored",le=~"3.*"}`); len(le) == 0 || le[0].Metric["le"] != "3.0" {
		t.Errorf("Prometheus does not write le as 3.0 any more: %v", le)
	}
	for _, job := range []string{"honored", "relabeled"} {
		rows := p.query(`discord_guilds{job="` + job + `"}`)
		if len(rows) != 1 || string(rows[0].Metric["cluster"]) != cluster || rows[0].Metric["exported_cluster"] != "" {
			t.Errorf("mended as in the job %s the series is %v, want cluster=%s alone", job, rows, cluster)
		}
	}
}

// rare are the instruments that nothing in this test makes report, with the reason.
var rare = map[string]string{}

// compare names each difference between the first path and the others.
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
					if why := rare[i.Name]; (len(got) == 0) != (why != "") {
						found = append(found, fmt.Sprintf("%s: %d series on the path %s; expected to be absent: %q", name, len(got), p.name, why))
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

// sameNames compares what is not in the catalog: the runtime's and the process' metrics by name and labels, target_info by its labels' names.
func sameNames(t *testing.T, paths []path, since time.Time) {
	var want map[string]bool
	for n, p := range paths {
		got := map[string]bool{}
		for _, s := range p.series(since, `{__name__=~"go_.+|process_.+",`+bots+`}`) {
			got[string(s[model.MetricNameLabel])+labels(s)] = true
		}
		if n == 0 {
			want = got
			if len(want) < 20 {
				t.Errorf("the path %s has only %d series of the runtime and the process", p.name, len(want))
			}
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
	for _, p := range paths {
		infos := p.series(since, `target_info{`+bots+`}`)
		if len(infos) != 1 {
			t.Errorf("the path %s has %d series target_info: %v", p.name, len(infos), infos)
			continue
		}
		t.Logf("the path %s has %v", p.name, infos[0])
		for _, name := range []model.LabelName{"cluster", "host_name", "os_type", "telemetry_sdk_language", "telemetry_sdk_name", "telemetry_sdk_version"} {
			if infos[0][name] == "" {
				t.Errorf("target_info of the path %s lacks %s: %v", p.name, name, infos[0])
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

// counters are the values on a page that only grow.
func counters(page string) map[string]float64 {
	values := map[string]float64{}
	for line := range strings.Lines(page) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if i := strings.LastIndex(line, "} "); i >= 0 {
			series, value = line[:i+1], strings.TrimSpace(line[i+2:])
		}
		name, _, _ := strings.Cut(series, "{")
		if !ok || !strings.HasPrefix(name, "discord_") || !strings.HasSuffix(name, "_total") && !strings.HasSuffix(name, "_count") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			values[series] = v
		}
	}
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
