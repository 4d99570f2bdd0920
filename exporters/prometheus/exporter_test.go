package prometheus_test

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/exporters/prometheus"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	textPlain   = ""
	openMetrics = "application/openmetrics-text;version=1.0.0"
	protobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// errorList collects reports.
type errorList struct {
	mu   sync.Mutex
	errs []error
}

func (l *errorList) add(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

func (l *errorList) all() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.errs)
}

func newExporter(t *testing.T, opts ...prometheus.Option) *prometheus.Exporter {
	t.Helper()
	e, err := prometheus.New(opts...)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return e
}

func newMeter(e *prometheus.Exporter) metric.Meter {
	mp := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(e.Reader()),
		sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter),
		sdkmetric.WithResource(sdkresource.NewSchemaless(
			attribute.String("cluster", `eu "1"`), attribute.String("service.name", "discord-bot"), attribute.String("host.name", "h"),
		)),
	)
	return mp.Meter("github.com/argus-dgo/argus/test", metric.WithInstrumentationVersion("v1"))
}

func get(t *testing.T, h http.Handler, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// await waits for a condition on a page that is newer than the last one.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: ", what)
		}
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// fill records one of each kind of instrument.
func fill(t *testing.T, m metric.Meter) {
	t.Helper()
	ctx := t.Context()
	c := must[metric.Int64Counter](t)(m.Int64Counter("discord.gateway.events", metric.WithUnit("{event}"), metric.WithDescription("Dispatches by type.")))
	c.Add(ctx, 3, metric.WithAttributes(attribute.String("event", "MESSAGE_CREATE")))
	c.Add(ctx, 1, metric.WithAttributes(attribute.String("event", "quote \" backslash \\ line\nbreak")))
	u := must[metric.Int64UpDownCounter](t)(m.Int64UpDownCounter("discord.rest.requests.in_flight", metric.WithUnit("{request}"), metric.WithDescription("REST requests under way.")))
	u.Add(ctx, 2)
	must[metric.Float64ObservableGauge](t)(m.Float64ObservableGauge("discord.shard.latency", metric.WithUnit("s"), metric.WithDescription("Heartbeat round trip."),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(0.042, metric.WithAttributes(attribute.String("shard", "3")))
			return nil
		})))
	h := must[metric.Float64Histogram](t)(m.Float64Histogram("discord.command.duration", metric.WithUnit("s"), metric.WithDescription("Duration of prefix commands."),
		metric.WithExplicitBucketBoundaries(0.005, 0.1, 3)))
	for _, v := range []float64{0.001, 0.05, 2, 3, 9} {
		h.Record(ctx, v, metric.WithAttributes(attribute.String("command", "ping"), attribute.String("status", "success")))
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page differs from %s (go test -update writes it anew)\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

func TestGolden(t *testing.T) {
	e := newExporter(t, prometheus.WithConstLabels(map[string]string{"cluster": `eu "1"`}),
		prometheus.WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Errorf("reported: %v", err) })))
	fill(t, newMeter(e))
	for name, tt := range map[string]struct{ accept, contentType string }{
		"page.txt":         {textPlain, "text/plain; version=0.0.4"},
		"page.openmetrics": {openMetrics, "application/openmetrics-text; version=1.0.0"},
	} {
		w := get(t, e.Handler(), tt.accept)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: status %d", name, w.Code)
		}
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, tt.contentType) {
			t.Errorf("%s: Content-Type %q, want %q", name, got, tt.contentType)
		}
		golden(t, name, w.Body.String())
	}
}

// Two instruments get one name: the rest of the page stays, and it is reported.
func TestGoldenNameConflict(t *testing.T) {
	var reports errorList
	e := newExporter(t, prometheus.WithConstLabels(map[string]string{"cluster": `eu "1"`}), prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)))
	m := newMeter(e)
	// In order, in one scope, so that the first stays.
	for _, name := range []string{"discord.same", "discord_same"} {
		c := must[metric.Int64Counter](t)(m.Int64Counter(name, metric.WithDescription("Same name, type and labels.")))
		c.Add(t.Context(), 1)
	}
	for i, name := range []string{"discord.split", "discord_split"} {
		c := must[metric.Int64Counter](t)(m.Int64Counter(name, metric.WithDescription("Same name and type, other labels.")))
		c.Add(t.Context(), 1, metric.WithAttributes(attribute.Int("n", i)))
	}
	g := must[metric.Int64Gauge](t)(m.Int64Gauge("discord.kind", metric.WithDescription("A gauge.")))
	g.Record(t.Context(), 1)
	h := must[metric.Float64Histogram](t)(m.Float64Histogram("discord_kind", metric.WithDescription("A histogram under the gauge's name.")))
	h.Record(t.Context(), 1)
	fill(t, m)

	get(t, e.Handler(), textPlain)
	w := get(t, e.Handler(), textPlain) // The second page counts the first one's error.
	if w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	golden(t, "conflict.txt", w.Body.String())

	errs := reports.all()
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "discord_same_total") {
		t.Errorf("reports = %v, want one that names discord_same_total", errs)
	}
}

func TestEverySeriesHasCluster(t *testing.T) {
	reg := client.NewRegistry()
	e := newExporter(t, prometheus.WithRegistry(reg, reg), prometheus.WithConstLabels(map[string]string{"cluster": `eu "1"`}),
		prometheus.WithCollectors(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), nil))
	fill(t, newMeter(e))
	mfs, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, mf := range mfs {
		names[mf.GetName()] = true
		for _, m := range mf.GetMetric() {
			has := false
			for _, l := range m.GetLabel() {
				has = has || l.GetName() == "cluster" && l.GetValue() == `eu "1"`
				if strings.HasPrefix(l.GetName(), "otel_scope") {
					t.Errorf("%s has the scope label %s", mf.GetName(), l.GetName())
				}
			}
			if !has {
				t.Errorf("%s has no cluster: %v", mf.GetName(), m)
			}
		}
	}
	for _, name := range []string{
		"target_info", "go_goroutines", "process_cpu_seconds_total", "discord_gateway_events_total",
		"discord_command_duration_seconds", "promhttp_metric_handler_errors_total",
	} {
		if !names[name] {
			t.Errorf("%s is not on the page", name)
		}
	}
	problems, err := promlint.NewWithMetricFamilies(mfs).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "go_") || strings.HasPrefix(p.Metric, "process_") {
			continue // client_golang's own names.
		}
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
}

func TestSharedRegistry(t *testing.T) {
	reg := client.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector())
	own := client.NewCounter(client.CounterOpts{Name: "my_total", Help: "Mine."})
	reg.MustRegister(own)
	// The program's handler counts its errors, without cluster.
	theirs := promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg})

	e, err := prometheus.New(prometheus.WithRegistry(reg, reg), prometheus.WithConstLabels(map[string]string{"cluster": "c"}),
		prometheus.WithCollectors(collectors.NewGoCollector(), collectors.NewBuildInfoCollector()))
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	fill(t, newMeter(e))
	for name, h := range map[string]http.Handler{"ours": e.Handler(), "theirs": theirs} {
		page := get(t, h, textPlain).Body.String()
		for _, want := range []string{"\nmy_total 0\n", "\ngo_goroutines ", "\ndiscord_gateway_events_total{", `go_build_info{checksum="",cluster="c"`} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page has no %q:\n%s", name, want, page)
			}
		}
	}
	if n := len(e.Skipped()); n != 2 {
		t.Errorf("Skipped = %v, want the Go collector and the error counter", e.Skipped())
	}

	if err := e.Shutdown(t.Context()); err != nil {
		t.Fatalf("Shutdown: %v", err)
	}
	page := get(t, theirs, textPlain).Body.String()
	if strings.Contains(page, "discord_") || strings.Contains(page, "go_build_info") || strings.Contains(page, "target_info") {
		t.Errorf("something of ours is left after Shutdown:\n%s", page)
	}
	if !strings.Contains(page, "my_total") || !strings.Contains(page, "go_goroutines") {
		t.Errorf("something of theirs went with Shutdown:\n%s", page)
	}

	again := newExporter(t, prometheus.WithRegistry(reg, reg), prometheus.WithConstLabels(map[string]string{"cluster": "c"}),
		prometheus.WithCollectors(collectors.NewBuildInfoCollector()))
	fill(t, newMeter(again))
	if page := get(t, theirs, textPlain).Body.String(); !strings.Contains(page, "discord_gateway_events_total{") {
		t.Errorf("a second exporter in the same registry shows nothing:\n%s", page)
	}
}

func TestNativeHistograms(t *testing.T) {
	histogram := func(opts ...prometheus.Option) *dto.Histogram {
		e := newExporter(t, opts...)
		fill(t, newMeter(e))
		w := get(t, e.Handler(), protobuf)
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/vnd.google.protobuf") {
			t.Fatalf("Content-Type %q", got)
		}
		dec := expfmt.NewDecoder(w.Body, expfmt.ResponseFormat(w.Header()))
		for {
			var mf dto.MetricFamily
			if err := dec.Decode(&mf); err != nil {
				t.Fatalf("no discord_command_duration_seconds: %v", err)
			}
			if mf.GetName() == "discord_command_duration_seconds" {
				return mf.GetMetric()[0].GetHistogram()
			}
		}
	}
	classic := histogram()
	if classic.Schema != nil || len(classic.GetBucket()) != 3 || classic.GetSampleCount() != 5 {
		t.Errorf("without the option: %v, want 3 buckets and no schema", classic)
	}
	native := histogram(prometheus.WithNativeHistograms())
	if native.Schema == nil || len(native.GetPositiveSpan()) == 0 || native.GetSampleCount() != 5 {
		t.Errorf("with the option: %v, want a native histogram of 5", native)
	}
}

type broken struct{ err error }

func (broken) Describe(chan<- *client.Desc) {}

func (b broken) Collect(ch chan<- client.Metric) {
	ch <- client.NewInvalidMetric(client.NewInvalidDesc(b.err), b.err)
}

type panicking struct{}

func (panicking) Describe(chan<- *client.Desc) {}
func (panicking) Collect(chan<- client.Metric) { panic("collector") }

const secret = "s3cr3t-text"

func TestBrokenCollector(t *testing.T) {
	for name, c := range map[string]client.Collector{"an error": broken{errors.New(secret)}, "a panic": panicking{}} {
		t.Run(name, func(t *testing.T) {
			reg := client.NewRegistry()
			reg.MustRegister(c)
			var reports errorList
			e := newExporter(t, prometheus.WithRegistry(reg, reg), prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)))
			fill(t, newMeter(e))
			for range 3 {
				w := get(t, e.Handler(), textPlain)
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "discord_gateway_events_total{") {
					t.Fatalf("status %d, page:\n%s", w.Code, w.Body)
				}
			}
			w := get(t, e.Handler(), textPlain)
			if !strings.Contains(w.Body.String(), `promhttp_metric_handler_errors_total{cause="gathering"} 3`) {
				t.Errorf("the errors are not counted:\n%s", w.Body)
			}
			if n := len(reports.all()); n != 1 {
				t.Errorf("%d reports, want 1: %v", n, reports.all())
			}
		})
	}
}

// Nothing can be gathered: 500, and the client does not learn why.
func TestNothingGathered(t *testing.T) {
	for name, g := range map[string]client.GathererFunc{
		"error": func() ([]*dto.MetricFamily, error) { return nil, errors.New(secret) },
		"panic": func() ([]*dto.MetricFamily, error) { panic(secret) },
	} {
		t.Run(name, func(t *testing.T) {
			var reports errorList
			e := newExporter(t, prometheus.WithRegistry(client.NewRegistry(), g), prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)))
			w := get(t, e.Handler(), textPlain)
			if w.Code != http.StatusInternalServerError {
				t.Errorf("status %d, want 500", w.Code)
			}
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("the error's text is on the page: %s", w.Body)
			}
			if errs := reports.all(); len(errs) != 1 || !strings.Contains(errs[0].Error(), secret) {
				t.Errorf("reports = %v, want the cause once", errs)
			}
		})
	}
}

// A gatherer that ends its goroutine, as FailNow of a test does, must not block scrapes.
func TestGathererThatExits(t *testing.T) {
	exits := client.GathererFunc(func() ([]*dto.MetricFamily, error) { runtime.Goexit(); return nil, nil })
	e := newExporter(t, prometheus.WithRegistry(client.NewRegistry(), exits))
	for range 2 {
		if w := get(t, e.Handler(), textPlain); w.Code != http.StatusInternalServerError {
			t.Errorf("status %d, want 500", w.Code)
		}
	}
}

// TestPageOfFunctions: gatherers that are closures of one function are different.
func TestPageOfFunctions(t *testing.T) {
	var page prometheus.Page
	for _, bot := range []string{"music", "mod"} {
		reg := client.NewRegistry()
		reg.MustRegister(client.NewGauge(client.GaugeOpts{Name: bot + "_queue", Help: "Of the bot."}))
		page.Add(newExporter(t, prometheus.WithRegistry(reg, client.GathererFunc(func() ([]*dto.MetricFamily, error) { return reg.Gather() }))))
	}
	families := readPage(t, get(t, &page, textPlain))
	for _, name := range []string{"music_queue", "mod_queue"} {
		if families[name] == nil {
			t.Errorf("%s is not on the page", name)
		}
	}
}

func TestMethods(t *testing.T) {
	e := newExporter(t)
	fill(t, newMeter(e))
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := httptest.NewRecorder()
		e.Handler().ServeHTTP(w, httptest.NewRequest(method, "/metrics", nil))
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d", method, w.Code)
		}
		if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options %q", method, got)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace, "BREW"} {
		w := httptest.NewRecorder()
		e.Handler().ServeHTTP(w, httptest.NewRequest(method, "/metrics", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestGzip(t *testing.T) {
	e := newExporter(t)
	fill(t, newMeter(e))
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, r)
	if got := w.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding %q", got)
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(z)
	if err != nil || !strings.Contains(string(page), "discord_gateway_events_total{") {
		t.Errorf("page: %v\n%s", err, page)
	}
}

func TestScrapesWhileRecording(t *testing.T) {
	e := newExporter(t, prometheus.WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Errorf("reported: %v", err) })))
	m := newMeter(e)
	c := must[metric.Int64Counter](t)(m.Int64Counter("discord.gateway.events", metric.WithDescription("Events.")))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 200 {
				c.Add(t.Context(), 1, metric.WithAttributes(attribute.Int("n", i)))
			}
		})
		wg.Go(func() {
			for range 20 {
				if w := get(t, e.Handler(), openMetrics); w.Code != http.StatusOK {
					t.Errorf("status %d", w.Code)
				}
			}
		})
	}
	wg.Wait()
	await(t, "the counters add up", func() bool {
		return strings.Count(get(t, e.Handler(), textPlain).Body.String(), "} 200\n") == 4
	})
}

func TestInvalidOptions(t *testing.T) {
	reg := client.NewRegistry()
	twice := collectors.NewBuildInfoCollector()
	for name, tt := range map[string]struct {
		opts []prometheus.Option
		want []string
	}{
		"no registry": {[]prometheus.Option{prometheus.WithRegistry(nil, nil)}, []string{"registerer is nil", "gatherer is nil"}},
		"no gatherer": {[]prometheus.Option{prometheus.WithRegistry(reg, nil)}, []string{"gatherer is nil"}},
		"label name":  {[]prometheus.Option{prometheus.WithConstLabels(map[string]string{"__x": "1"})}, []string{"WithConstLabels", "__x"}},
		"label value": {[]prometheus.Option{prometheus.WithConstLabels(map[string]string{"cluster": "\xff"})}, []string{"WithConstLabels", "cluster"}},
		"collector":   {[]prometheus.Option{prometheus.WithCollectors(twice, twice)}, []string{"WithCollectors", "duplicate"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := prometheus.New(tt.opts...)
			if err == nil || e != nil {
				t.Fatalf("New = %v, %v: want an error", e, err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not say %q", err, want)
				}
			}
		})
	}
	if _, err := prometheus.New(nil, prometheus.WithErrorHandler(nil), prometheus.WithConstLabels(nil)); err != nil {
		t.Errorf("nil options: %v", err)
	}
}

func TestShutdown(t *testing.T) {
	e, err := prometheus.New()
	if err != nil {
		t.Fatal(err)
	}
	fill(t, newMeter(e))
	if err := e.Reader().Shutdown(t.Context()); err != nil { // As a MeterProvider does.
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
	if w := get(t, e.Handler(), textPlain); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "was shut down") {
		t.Errorf("after Shutdown: status %d, page %q; want 503 and why", w.Code, w.Body)
	}
}

// The golden pages must be valid in their format.
func TestGoldenParses(t *testing.T) {
	for _, name := range []string{"page.txt", "conflict.txt"} {
		f, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		p := expfmt.NewTextParser(model.LegacyValidation)
		if _, err := p.TextToMetricFamilies(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
