package history

import (
	"math"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the tests' processes begin.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// A bot has the values that are collected next.
type bot struct {
	at      time.Time
	history *History
	metrics map[string]*fakeMetric
	order   []string
}

type fakeMetric struct {
	of     catalog.Instrument
	values map[attribute.Set]float64
	hists  map[attribute.Set]*metricdata.HistogramDataPoint[float64]
}

func newBot() *bot {
	return &bot{at: noon, history: New(Options{}), metrics: map[string]*fakeMetric{}}
}

func pairs(labels []string) attribute.Set {
	kvs := make([]attribute.KeyValue, 0, len(labels)/2)
	for i := 0; i < len(labels); i += 2 {
		kvs = append(kvs, attribute.String(labels[i], labels[i+1]))
	}
	return attribute.NewSet(kvs...)
}

func (b *bot) metric(of catalog.Instrument) *fakeMetric {
	m := b.metrics[of.Name]
	if m == nil {
		m = &fakeMetric{of, map[attribute.Set]float64{}, map[attribute.Set]*metricdata.HistogramDataPoint[float64]{}}
		b.metrics[of.Name] = m
		b.order = append(b.order, of.Name)
	}
	return m
}

// set sets a gauge or the total of a counter.
func (b *bot) set(of catalog.Instrument, v float64, labels ...string) {
	b.metric(of).values[pairs(labels)] = v
}

// add increases a counter.
func (b *bot) add(of catalog.Instrument, v float64, labels ...string) {
	b.metric(of).values[pairs(labels)] += v
}

func (b *bot) remove(of catalog.Instrument, labels ...string) {
	delete(b.metric(of).values, pairs(labels))
}

// observe adds observations to a histogram.
func (b *bot) observe(of catalog.Instrument, v float64, n uint64, labels ...string) {
	set := pairs(labels)
	p := b.metric(of).hists[set]
	if p == nil {
		p = &metricdata.HistogramDataPoint[float64]{Attributes: set, Bounds: of.Buckets, BucketCounts: make([]uint64, len(of.Buckets)+1)}
		b.metric(of).hists[set] = p
	}
	i, _ := slices.BinarySearch(of.Buckets, v)
	p.BucketCounts[i] += n
	p.Count += n
	p.Sum += v * float64(n)
}

// collection returns what is collected, integers as the instrumentation has them.
func (b *bot) collection() *metricdata.ResourceMetrics {
	scope := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: argusScopes + "/instrument"}}
	for _, name := range b.order {
		m := b.metrics[name]
		var data metricdata.Aggregation
		switch {
		case m.of.Kind == catalog.Histogram:
			var points []metricdata.HistogramDataPoint[float64]
			for _, p := range m.hists {
				points = append(points, *p)
			}
			data = metricdata.Histogram[float64]{DataPoints: points}
		case m.of.Unit == "s" || m.of.Unit == "{cpu}":
			points := fakePoints[float64](m)
			data = metricdata.Gauge[float64]{DataPoints: points}
			if m.of.Kind == catalog.Counter {
				data = metricdata.Sum[float64]{DataPoints: points, IsMonotonic: true}
			}
		default:
			points := fakePoints[int64](m)
			data = metricdata.Gauge[int64]{DataPoints: points}
			if m.of.Kind != catalog.Gauge {
				data = metricdata.Sum[int64]{DataPoints: points, IsMonotonic: m.of.Kind == catalog.Counter}
			}
		}
		scope.Metrics = append(scope.Metrics, metricdata.Metrics{Name: name, Data: data})
	}
	return &metricdata.ResourceMetrics{
		Resource:     resource.NewSchemaless(attribute.String("cluster", "3"), attribute.String("bot", "music")),
		ScopeMetrics: []metricdata.ScopeMetrics{scope},
	}
}

func fakePoints[N int64 | float64](m *fakeMetric) []metricdata.DataPoint[N] {
	points := make([]metricdata.DataPoint[N], 0, len(m.values))
	for set, v := range m.values {
		points = append(points, metricdata.DataPoint[N]{Attributes: set, Value: N(v)})
	}
	return points
}

// step collects, and goes on to the next step.
func (b *bot) step() {
	b.history.keep(b.at, b.collection())
	b.at = b.at.Add(FineStep)
}

func (b *bot) steps(n int) {
	for range n {
		b.step()
	}
}

// now is the time of the last step.
func (b *bot) now() time.Time { return b.at.Add(-FineStep) }

// ask returns the numbers of a question's answers by the values of its labels.
func (b *bot) ask(tb testing.TB, q evidence.Question) map[string]float64 {
	tb.Helper()
	return b.askAt(tb, b.now(), q)
}

func (b *bot) askAt(tb testing.TB, at time.Time, q evidence.Question) map[string]float64 {
	tb.Helper()
	answers, err := b.history.Ask(tb.Context(), at, q)
	if err != nil {
		tb.Fatal(err)
	}
	got := map[string]float64{}
	for _, v := range answers[0] {
		if v.Labels["cluster"] != "3" || v.Labels["bot"] != "music" {
			tb.Fatalf("the labels are %v", v.Labels)
		}
		got[v.Labels.Key(q.By...)] = v.Number
	}
	return got
}

// wants fails unless the answers are these.
func (b *bot) wants(tb testing.TB, q evidence.Question, want map[string]float64) {
	tb.Helper()
	got := b.ask(tb, q)
	if !sameNumbers(got, want) {
		tb.Errorf("%s: got %v, want %v", q.PromQL(evidence.Scope{}), got, want)
	}
}

func sameNumbers(got, want map[string]float64) bool {
	if len(got) != len(want) {
		return false
	}
	for key, v := range want {
		if n, ok := got[key]; !ok || math.Abs(n-v) > 1e-9*max(1, math.Abs(v)) {
			return false
		}
	}
	return true
}
