package prometheus_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/exporters/prometheus"
)

// readPage checks a page with the parser of its format, and for what else Prometheus
// refuses. It returns the families by name.
func readPage(t *testing.T, w *httptest.ResponseRecorder) map[string]*dto.MetricFamily {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	format := expfmt.Format(w.Header().Get("Content-Type"))
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/openmetrics-text") {
		// expfmt has no parser for OpenMetrics; the text differs in what the classic parser treats as comments.
		body, ended := strings.CutSuffix(w.Body.String(), "# EOF\n")
		if !ended {
			t.Error("the page has no end")
		}
		w.Body = bytes.NewBufferString(regexp.MustCompile(`(?m)^# (HELP|TYPE) .*\n`).ReplaceAllString(body, ""))
		format = expfmt.NewFormat(expfmt.TypeTextPlain)
	}
	families := map[string]*dto.MetricFamily{}
	for _, mf := range parse(t, w.Body.Bytes(), format) {
		if families[mf.GetName()] != nil {
			t.Errorf("%s is duplicated", mf.GetName())
		}
		families[mf.GetName()] = mf
		if !model.LabelValue(mf.GetHelp()).IsValid() {
			t.Errorf("%s has a help text that is not UTF-8", mf.GetName())
		}
		for _, m := range mf.Metric {
			seen := map[string]bool{}
			switch mf.GetType() {
			case dto.MetricType_HISTOGRAM:
				seen["le"] = true
			case dto.MetricType_SUMMARY:
				seen["quantile"] = true
			}
			for _, l := range m.Label {
				if name := l.GetName(); seen[name] || strings.HasPrefix(name, "__") || !model.LabelValue(l.GetValue()).IsValid() {
					t.Errorf("%s: Prometheus refuses the label %s=%q", mf.GetName(), name, l.GetValue())
				}
				seen[l.GetName()] = true
			}
		}
	}
	return families
}

func parse(t *testing.T, body []byte, format expfmt.Format) (families []*dto.MetricFamily) {
	t.Helper()
	if format.FormatType() == expfmt.TypeTextPlain {
		p := expfmt.NewTextParser(model.UTF8Validation)
		byName, err := p.TextToMetricFamilies(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("the page cannot be read: %v\n%s", err, body)
		}
		return slices.Collect(maps.Values(byName))
	}
	decoder := expfmt.NewDecoder(bytes.NewReader(body), format)
	for {
		mf := &dto.MetricFamily{}
		err := decoder.Decode(mf)
		if errors.Is(err, io.EOF) {
			return families
		}
		if err != nil {
			t.Fatalf("the page cannot be read: %v", err)
		}
		families = append(families, mf)
	}
}

// everyFormat requests the page in each format.
func everyFormat(t *testing.T, h http.Handler, check func(map[string]*dto.MetricFamily)) {
	t.Helper()
	for _, accept := range []string{textPlain, textPlain + "text/plain;version=0.0.4;escaping=allow-utf-8", openMetrics, protobuf} {
		check(readPage(t, get(t, h, accept)))
	}
}

// TestUsersInstruments: an instrument that Prometheus would refuse is left out and
// reported by name. All others stay, on the exporter's page and on the program's own.
func TestUsersInstruments(t *testing.T) {
	attr := attribute.String
	histogram := func(name string, attrs ...attribute.KeyValue) func(context.Context, metric.Meter) error {
		return func(ctx context.Context, m metric.Meter) error {
			h, err := m.Float64Histogram(name)
			h.Record(ctx, 1, metric.WithAttributes(attrs...))
			return err
		}
	}
	counter := func(name string, attrs ...attribute.KeyValue) func(context.Context, metric.Meter) error {
		return func(ctx context.Context, m metric.Meter) error {
			c, err := m.Int64Counter(name)
			c.Add(ctx, 1, metric.WithAttributes(attrs...))
			return err
		}
	}
	gauge := func(name, help string, attrs ...attribute.KeyValue) func(context.Context, metric.Meter) error {
		return func(ctx context.Context, m metric.Meter) error {
			g, err := m.Float64Gauge(name, metric.WithDescription(help))
			g.Record(ctx, 1, metric.WithAttributes(attrs...))
			return err
		}
	}
	type instruments []func(context.Context, metric.Meter) error
	const hidden = "s3cr3t-value"
	for name, tt := range map[string]struct {
		make instruments
		has  []string // besides what is always there
		says []string // in a report
	}{
		"le on a histogram":       {instruments{histogram("jokes", attr("le", hidden))}, nil, []string{`"jokes"`, "le"}},
		"le on a counter":         {instruments{counter("jokes", attr("le", hidden))}, []string{"jokes_total"}, nil},
		"le, the rest stays":      {instruments{histogram("jokes", attr("le", hidden)), histogram("jokes", attr("kind", "dad"))}, []string{"jokes"}, []string{`"jokes"`}},
		"quantile on a histogram": {instruments{histogram("jokes", attr("quantile", hidden))}, []string{"jokes"}, nil},
		"__name__":                {instruments{counter("jokes", attr("__name__", hidden))}, nil, []string{`"jokes_total"`, "__name__"}},
		"two underscores":         {instruments{gauge("jokes", "", attr("__x__", hidden))}, nil, []string{`"jokes"`, "__x__"}},
		"underscores before":      {instruments{gauge("jokes", "", attr("__x", hidden))}, []string{"jokes"}, nil}, // the translation reduces them to one
		"a label of ours":         {instruments{counter("jokes", attr("cluster", hidden))}, nil, []string{`"jokes_total"`, "cluster"}},
		"job and instance":        {instruments{counter("jokes", attr("job", "a"), attr("instance", "b"))}, []string{"jokes_total"}, nil},
		"keys that become one":    {instruments{counter("jokes", attr("a.b", "1"), attr("a_b", "2"), attr("a-b", "3"))}, []string{"jokes_total"}, nil},
		"le after escaping":       {instruments{histogram("jokes", attr("le", hidden), attr("kind", "x"))}, nil, []string{`"jokes"`}},
		"an empty key":            {instruments{counter("jokes", attr("", hidden))}, nil, []string{`"jokes"`, `""`}},
		"a key of dots":           {instruments{counter("jokes", attr("..", hidden))}, nil, []string{`"jokes"`, `".."`}},
		"a value not UTF-8":       {instruments{counter("jokes", attr("kind", hidden+"\xff"))}, nil, []string{`"jokes_total"`, "kind"}},
		"a huge value":            {instruments{counter("jokes", attr("kind", strings.Repeat("x", 1<<20)))}, nil, []string{`"jokes_total"`, "kind"}},
		"help not UTF-8":          {instruments{gauge("jokes", "funny \xff ones")}, []string{"jokes"}, nil},
		"help with line breaks":   {instruments{gauge("jokes", "funny\n# EOF\nones\\")}, []string{"jokes"}, nil},
		"one name, two types":     {instruments{gauge("jokes.told", ""), histogram("jokes_told", attr("a", "b"))}, []string{"jokes_told"}, []string{`"jokes`, "type"}},
		"one name, two helps":     {instruments{gauge("jokes.told", "A.", attr("n", "1")), gauge("jokes_told", "B.", attr("n", "2"))}, []string{"jokes_told"}, nil},
		"one series twice":        {instruments{gauge("jokes.told", "", attr("n", hidden)), gauge("jokes_told", "", attr("n", hidden))}, []string{"jokes_told"}, []string{`"jokes_told"`, "duplicate series"}},
		"name of ours":            {instruments{gauge("discord.shard_latency_seconds", "")}, nil, []string{`"discord.shard_latency_seconds"`, "Argus"}},
		"series of our histogram": {instruments{gauge("discord_command_duration_seconds_count", "")}, nil, []string{`"discord_command_duration_seconds_count"`}},
		"target_info":             {instruments{gauge("target.info", "")}, nil, []string{`"target.info"`, "Argus"}},
		"the page's counter":      {instruments{counter("promhttp_metric_handler_errors", attr("cause", "x"))}, nil, []string{`"promhttp_metric_handler_errors_total"`}},
		"a histogram's series":    {instruments{histogram("jokes"), gauge("jokes.bucket", "")}, []string{"jokes"}, []string{`"jokes`}},
	} {
		t.Run(name, func(t *testing.T) {
			reg := client.NewRegistry()
			theirs := promhttp.HandlerFor(reg, promhttp.HandlerOpts{}) // any error is 500
			for registry, opts := range map[string][]prometheus.Option{
				"own":    nil,
				"shared": {prometheus.WithRegistry(reg, reg)},
				"native": {prometheus.WithNativeHistograms()},
			} {
				var reports errorList
				e := newExporter(t, append(opts, prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)))...)
				provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()),
					sdkmetric.WithResource(sdkresource.NewSchemaless(attr("cluster", "c"), attr("service.name", "s"))))
				for _, f := range tt.make { // registered first, because ownership does not depend on the order
					if err := f(t.Context(), provider.Meter("a bot's own")); err != nil {
						t.Fatal(err)
					}
				}
				fill(t, provider.Meter("github.com/argus-dgo/argus/instrument"))
				want := slices.Sorted(slices.Values(append([]string{
					"target_info", "discord_gateway_events_total", "discord_command_duration_seconds", "discord_shard_latency_seconds",
					"discord_rest_requests_in_flight", "promhttp_metric_handler_errors_total",
				}, tt.has...)))
				check := func(families map[string]*dto.MetricFamily) {
					t.Helper()
					for _, name := range want {
						if mf := families[name]; mf == nil || len(mf.Metric) == 0 {
							if families[strings.TrimSuffix(name, "_total")] == nil && families[name+"_count"] == nil {
								t.Errorf("%s: %s is not on the page", registry, name)
							}
						}
					}
					if len(tt.has) == 0 {
						for name := range families {
							if strings.HasPrefix(name, "jokes") {
								t.Errorf("%s: %s is on the page", registry, name)
							}
						}
					}
					if mf := families["discord_shard_latency_seconds"]; mf != nil && len(mf.Metric) != 1 {
						t.Errorf("%s: discord_shard_latency_seconds has %d series, want Argus' own alone", registry, len(mf.Metric))
					}
				}
				everyFormat(t, e.Handler(), check)
				if registry == "shared" {
					everyFormat(t, theirs, check)
				}
				texts := ""
				for _, err := range reports.all() {
					texts += err.Error() + "\n"
				}
				if strings.Count(texts, "\n") > 1 || (texts != "") != (tt.says != nil) {
					t.Errorf("%s: reports %q, want one that says %q", registry, texts, tt.says)
				}
				for _, s := range tt.says {
					if !strings.Contains(texts, s) {
						t.Errorf("%s: the report %q does not say %s", registry, texts, s)
					}
				}
				if strings.Contains(texts, hidden) {
					t.Errorf("%s: the report shows a value: %q", registry, texts)
				}
			}
		})
	}
}

// TestPanickingCallback: the rest of the page stays.
func TestPanickingCallback(t *testing.T) {
	var reports errorList
	e := newExporter(t, prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)), prometheus.WithCollectors(client.NewGauge(client.GaugeOpts{Name: "other"})))
	_, err := newMeter(e).Int64ObservableGauge("jokes", metric.WithInt64Callback(func(context.Context, metric.Int64Observer) error {
		panic("not funny")
	}))
	if err != nil {
		t.Fatal(err)
	}
	if readPage(t, get(t, e.Handler(), textPlain))["other"] == nil {
		t.Error("the rest of the page is gone")
	}
	if errs := reports.all(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "callback panicked") {
		t.Errorf("reports = %v", errs)
	}
}

// A panickyError is an error whose methods all panic.
type panickyError struct{}

func (panickyError) Error() string        { panic("Error") }
func (panickyError) Unwrap() error        { panic("Unwrap") }
func (panickyError) Is(error) bool        { panic("Is") }
func (panickyError) As(any) bool          { panic("As") }
func (panickyError) Format(_, _ any) bool { return false }

// TestHostileErrors: an error from the program does not affect the page, whatever its
// methods do.
func TestHostileErrors(t *testing.T) {
	var reports errorList
	reg := client.NewRegistry()
	reg.MustRegister(broken{panickyError{}})
	e := newExporter(t, prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)), prometheus.WithRegistry(reg, reg))
	m := newMeter(e)
	fill(t, m)
	_, err := m.Int64ObservableGauge("jokes", metric.WithInt64Callback(func(context.Context, metric.Int64Observer) error {
		return panickyError{}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if readPage(t, get(t, e.Handler(), textPlain))["discord_gateway_events_total"] == nil {
		t.Error("the page is gone")
	}
	if len(reports.all()) == 0 {
		t.Error("nothing is reported")
	}
}

// TestUsersFamilies: invalid families from the program's gatherer are corrected on
// the exporter's page.
func TestUsersFamilies(t *testing.T) {
	label := func(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }
	one, n := 1.0, uint64(1)
	gauge := func(labels ...*dto.LabelPair) *dto.Metric {
		return &dto.Metric{Label: labels, Gauge: &dto.Gauge{Value: &one}}
	}
	family := func(name string, kind dto.MetricType, metrics ...*dto.Metric) *dto.MetricFamily {
		return &dto.MetricFamily{Name: &name, Help: new("Help."), Type: &kind, Metric: metrics}
	}
	summary := &dto.Metric{Label: []*dto.LabelPair{label("quantile", "x")}, Summary: &dto.Summary{SampleCount: &n, SampleSum: &one}}
	histogram := &dto.Metric{Label: []*dto.LabelPair{label("le", "x")}, Histogram: &dto.Histogram{SampleCount: &n, SampleSum: &one}}
	given := []*dto.MetricFamily{
		nil,
		family("a", dto.MetricType_GAUGE, gauge(label("x", "1")), gauge(label("x", "1")), gauge(label("x", "1"), label("y", "")), gauge(label("x", "2"))),
		family("a", dto.MetricType_GAUGE, gauge(label("x", "3"))),
		family("b", dto.MetricType_SUMMARY, summary),
		family("c", dto.MetricType_HISTOGRAM, histogram),
		family("d", dto.MetricType_COUNTER, gauge()),
		family("e", dto.MetricType(99), gauge()),
		family("", dto.MetricType_GAUGE, gauge()),
		family("f\xff", dto.MetricType_GAUGE, gauge()),
		family("g", dto.MetricType_GAUGE, gauge(label("", "x")), gauge(label("x", "1"), label("x", "2")), gauge(label("é", "1"), label("è", "2"))),
		family("h.i", dto.MetricType_GAUGE, gauge(label("x", "1"))),
		family("h_i", dto.MetricType_GAUGE, gauge(label("x", "1"))),
		family("j", dto.MetricType_GAUGE, nil, gauge()),
		family("k", dto.MetricType_GAUGE),
	}
	var reports errorList
	e := newExporter(t, prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)),
		prometheus.WithRegistry(client.NewRegistry(), client.GathererFunc(func() ([]*dto.MetricFamily, error) { return given, nil })))
	for accept, want := range map[string]map[string]int{
		"text/plain;version=0.0.4;escaping=underscores": {"a": 2, "h_i": 1, "j": 1},
		"text/plain;version=0.0.4;escaping=allow-utf-8": {"a": 2, "g": 1, "h.i": 1, "h_i": 1, "j": 1},
		openMetrics + ";escaping=allow-utf-8":           {"a": 2, "g": 1, "h.i": 1, "h_i": 1, "j": 1},
		protobuf + ";escaping=allow-utf-8":              {"a": 2, "g": 1, "h.i": 1, "h_i": 1, "j": 1},
		protobuf:                                        {"a": 2, "h_i": 1, "j": 1},
	} {
		got := map[string]int{}
		for name, mf := range readPage(t, get(t, e.Handler(), accept)) {
			got[name] = len(mf.Metric)
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s: %v, want %v", accept, got, want)
				break
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", accept, got, want)
		}
	}
	if len(given[1].Metric) != 4 {
		t.Error("the program's families were changed")
	}
}
