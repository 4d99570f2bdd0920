package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	promclient "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/exporters/prometheus"
)

// TestPageOfUsersInstruments: Prometheus takes the page in every format, whatever instruments a bot has made. That it refuses what the
// exporter leaves out is seen on a page without it.
func TestPageOfUsersInstruments(t *testing.T) {
	t.Parallel()
	registry := promclient.NewRegistry()
	pages := map[string]http.Handler{
		"own":    hostilePage(t),
		"native": hostilePage(t, prometheus.WithNativeHistograms()),
		"shared": hostilePage(t, prometheus.WithRegistry(registry, registry)),
		"theirs": promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}),
	}
	protocols := map[string]string{
		"text": "PrometheusText0.0.4", "text1": "PrometheusText1.0.0", "openmetrics0": "OpenMetricsText0.0.1", "openmetrics1": "OpenMetricsText1.0.0",
		"protobuf": "PrometheusProto",
	}
	config := "global:\n  scrape_interval: 5s\nscrape_configs:\n"
	var jobs []string
	for page, h := range pages {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		for short, protocol := range protocols {
			for _, names := range []string{"utf8", "legacy"} {
				job := page + "-" + short + "-" + names
				jobs = append(jobs, job)
				config += scrapeConfig(job, srv.Listener.Addr().String(), "scrape_protocols: ["+protocol+"]", "metric_name_validation_scheme: "+names,
					"scrape_native_histograms: true")
			}
		}
	}
	for job, line := range map[string]string{
		"refused-le": `jokes_bucket{le="x",le="1"} 1`, "refused-name": `jokes{__name__="x"} 1`, "refused-twice": `jokes{a="x",a="y"} 1`,
		"refused-value": "jokes{a=\"\xff\"} 1", "refused-help": "# HELP jokes \xff\njokes 1",
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = fmt.Fprintf(w, "%s\n", line)
		}))
		t.Cleanup(srv.Close)
		config += scrapeConfig(job, srv.Listener.Addr().String())
	}
	p := startPrometheus(t, "prometheus-page", config)
	p.waitValue(`count(up{job!~"refused-.+"} == 1)`, float64(len(jobs)), 3*time.Minute)
	p.waitValue(`count(up{job=~"refused-.+"} == 0)`, 5, time.Minute)
	for _, series := range []string{
		`discord_latency_seconds{shard="0",cluster="c"}`, `target_info{cluster="c"}`, `jokes_le_total{le="1"}`,
		`jokes_clean_count{kind="dad"} or histogram_count(jokes_clean{kind="dad"})`, // native where the page and the format have it
		`jokes_escaped_total{a_b="1;2;3"}`, `jokes_job_total{exported_job="x",exported_instance="y"}`, `jokes_help`,
	} {
		if got, _ := p.value("count(" + series + ")"); got != float64(len(jobs)) {
			t.Errorf("%s came over %v of %d pages", series, got, len(jobs))
		}
	}
	if got, there := p.value(`count({__name__=~"jokes_bad.*"})`); there {
		t.Errorf("%v series of instruments that Prometheus refuses", got)
	}
}

// hostilePage has an instrument of each kind that costs a page, and some that look like it.
func hostilePage(t *testing.T, opts ...prometheus.Option) http.Handler {
	t.Helper()
	e, err := prometheus.New(append(opts, prometheus.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {})))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Shutdown(t.Context()) })
	attr := attribute.String
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()),
		sdkmetric.WithResource(sdkresource.NewSchemaless(attr("cluster", "c"), attr("service.name", "bot"))))
	m := provider.Meter("a bot's own")
	histogram := func(name string, attrs ...attribute.KeyValue) {
		h, err := m.Float64Histogram(name)
		if err != nil {
			t.Fatal(err)
		}
		h.Record(t.Context(), 1, metric.WithAttributes(attrs...))
	}
	counter := func(name string, attrs ...attribute.KeyValue) {
		c, err := m.Int64Counter(name)
		if err != nil {
			t.Fatal(err)
		}
		c.Add(t.Context(), 1, metric.WithAttributes(attrs...))
	}
	gauge := func(m metric.Meter, name, help string, attrs ...attribute.KeyValue) {
		g, err := m.Float64Gauge(name, metric.WithDescription(help))
		if err != nil {
			t.Fatal(err)
		}
		g.Record(t.Context(), 1, metric.WithAttributes(attrs...))
	}
	histogram("jokes.bad.le", attr("le", "x"))
	histogram("jokes.bad.le.number", attr("le", "+Inf"), attr("kind", "dad"))
	histogram("jokes.clean", attr("kind", "dad"))
	histogram("jokes.quantile", attr("quantile", "x"))
	counter("jokes.le", attr("le", "1"))
	counter("jokes.bad.name", attr("__name__", "x"))
	counter("jokes.bad.underscores", attr("__x__", "x"))
	counter("jokes.underscores", attr("__x", "x"))
	counter("jokes.bad.cluster", attr("cluster", "x"))
	counter("jokes.bad.empty", attr("", "x"))
	counter("jokes.bad.dots", attr("..", "x"))
	counter("jokes.bad.value", attr("a", "\xff"))
	counter("jokes.bad.huge", attr("a", strings.Repeat("x", 17<<20)))
	counter("jokes.escaped", attr("a.b", "1"), attr("a_b", "2"), attr("a-b", "3"))
	counter("jokes.job", attr("job", "x"), attr("instance", "y"))
	counter("jokes.unicode", attr("ключ", "значение"), attr("le", "\n\"\\"))
	gauge(m, "jokes.help", "bad \xff\n# EOF")
	gauge(m, "jokes.twice", "", attr("a", "1"))
	gauge(m, "jokes_twice", "", attr("a", "1"))
	gauge(m, "jokes.types", "")
	histogram("jokes_types")
	gauge(m, "jokes.clean.count", "")
	gauge(m, "discord.latency.seconds", "Theirs.")
	gauge(m, "target.info", "Theirs.")
	gauge(provider.Meter("github.com/argus-dgo/argus/instrument"), "discord_latency_seconds", "Ours.", attr("shard", "0"))
	return e.Handler()
}
