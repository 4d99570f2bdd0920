package prometheus_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
)

// Labels are kept between pages only while their series exist, and a series that is
// new takes its place among those that were there before.
func TestLabelsOfSeriesThatComeAndGo(t *testing.T) {
	e := newExporter(t)
	meter := newMeter(e)
	var shards []int
	_, err := meter.Int64ObservableGauge("shard.state", metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		for _, shard := range shards {
			o.Observe(int64(shard), metric.WithAttributes(attribute.Int("shard", shard)))
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, shards = range [][]int{{3, 5}, {5, 4, 3, 1}, {9}, {}, {1, 2, 9}} {
		page := get(t, e.NewPages(), textPlain).Body.String()
		var got, want []string
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "shard_state{") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		for _, shard := range slices.Sorted(slices.Values(shards)) {
			want = append(want, fmt.Sprintf(`shard_state{cluster="eu \"1\"",shard="%d"} %d`, shard, shard))
		}
		if !slices.Equal(got, want) {
			t.Errorf("shards %v: the page has\n%s\nwant\n%s", shards, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := e.LabelSets(); n != len(shards) {
			t.Errorf("shards %v: labels of %d sets are kept", shards, n)
		}
	}
}

// A page costs at most what it costs with OpenTelemetry's exporter; the time is
// measured by BenchmarkScrape.
func TestAllocationsOfAScrape(t *testing.T) {
	e := newExporter(t)
	registry := client.NewRegistry()
	theirs, err := otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo())
	if err != nil {
		t.Fatal(err)
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(e.Reader()), sdkmetric.WithReader(theirs), sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter))
	defer func() { _ = provider.Shutdown(context.Background()) }()
	meter := provider.Meter("test")
	counter := must[metric.Int64Counter](t)(meter.Int64Counter("events"))
	histogram := must[metric.Float64Histogram](t)(meter.Float64Histogram("duration"))
	for shard := range 200 {
		set := metric.WithAttributes(attribute.Int("shard", shard), attribute.String("outcome", "ok"))
		counter.Add(t.Context(), 1, set)
		histogram.Record(t.Context(), 0.1, set)
	}
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	allocations := func(page http.Handler) float64 {
		return testing.AllocsPerRun(10, func() { page.ServeHTTP(&discard{header: http.Header{}}, r) })
	}
	ours, otel := allocations(e.NewPages()), allocations(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if ours > otel {
		t.Errorf("a page of 400 series takes %.0f allocations, and %.0f with OpenTelemetry's exporter", ours, otel)
	}
	t.Logf("allocations of a page: %.0f; with OpenTelemetry's exporter: %.0f", ours, otel)
}
