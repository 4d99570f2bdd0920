package prometheus

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// argusScopes is the prefix of Argus' own instrumentation scopes. Their metrics
// take precedence over others of the same name.
const argusScopes = "github.com/argus-dgo/argus"

// maxNativeScale is the finest resolution of Prometheus' native histograms.
const maxNativeScale = 8

// collect reads the MeterProvider and returns metric families, sorted by name.
// OpenTelemetry's own exporter goes through a registry. It cannot name the metrics
// that it drops, drops whichever comes second in the random order of scopes, and
// returns errors for them, which make a shared registry lose its page.
func (e *Exporter) collect(left *leftOut) (families []*dto.MetricFamily, err error) {
	defer func() {
		if p := recover(); p != nil { // in a callback of the program
			families, err = nil, fmt.Errorf("an instrument's callback panicked: %v", p)
		}
	}()
	// The SDK reuses the memory of a collection. An old resource must not pass for a new one.
	metrics, _ := e.collections.Get().(*metricdata.ResourceMetrics)
	if metrics == nil {
		metrics = &metricdata.ResourceMetrics{}
	}
	metrics.Resource, metrics.ScopeMetrics = nil, metrics.ScopeMetrics[:0]
	err = e.reader.Collect(context.Background(), metrics)
	if metrics.Resource == nil {
		return nil, err // the reader is not registered, or was shut down
	}
	families = e.translate(metrics, left)
	e.collections.Put(metrics)
	return families, err
}

// translate returns metric families that share nothing with the collection.
func (e *Exporter) translate(metrics *metricdata.ResourceMetrics, left *leftOut) []*dto.MetricFamily {
	e.labels.mu.Lock()
	defer e.labels.mu.Unlock()
	t := translation{
		left:     left,
		metric:   otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes),
		labels:   &e.labels,
		families: map[string]*translated{},
	}
	resource := *metrics.Resource.Set()
	e.labels.begin(resource, left)
	t.target(resource)
	slices.SortFunc(metrics.ScopeMetrics, func(a, b metricdata.ScopeMetrics) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Scope.Name, b.Scope.Name))
	})
	for _, scope := range metrics.ScopeMetrics {
		for _, m := range scope.Metrics {
			t.add(m, rank(scope) == 0)
		}
	}
	e.labels.end()
	families := make([]*dto.MetricFamily, 0, len(t.families))
	for _, f := range t.families {
		slices.SortFunc(f.points, func(a, b point) int { return cmp.Compare(a.labels.place, b.labels.place) })
		for _, p := range f.points {
			f.Metric = append(f.Metric, p.metric)
		}
		families = append(families, f.MetricFamily)
	}
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return families
}

// isShutdown compares with == because errors of the program's callbacks may have
// methods that panic.
func isShutdown(err error) bool {
	return err == sdkmetric.ErrReaderShutdown //nolint:errorlint // see above
}

func rank(s metricdata.ScopeMetrics) int {
	if s.Scope.Name == argusScopes || strings.HasPrefix(s.Scope.Name, argusScopes+"/") {
		return 0
	}
	return 1
}

// A translation converts one collection from OpenTelemetry's model to Prometheus'.
type translation struct {
	left     *leftOut
	metric   otlptranslator.MetricNamer
	labels   *labelSets
	families map[string]*translated
}

type translated struct {
	*dto.MetricFamily
	argus  bool
	points []point
}

// A point is a series with its labels, which its place on the page follows from.
type point struct {
	metric *dto.Metric
	labels *labelSet
}

// target makes target_info from the resource.
func (t *translation) target(resource attribute.Set) {
	all, ok := t.labels.translate(resource, nil, t.left, "resource")
	if !ok {
		return
	}
	one := 1.0
	t.families[otlptranslator.TargetInfoMetricName] = &translated{argus: true, MetricFamily: &dto.MetricFamily{
		Name: new(otlptranslator.TargetInfoMetricName), Help: new("Target metadata"), Type: dto.MetricType_GAUGE.Enum(),
		Metric: []*dto.Metric{{Label: all, Gauge: &dto.Gauge{Value: &one}}},
	}}
}

// add translates an instrument's points.
func (t *translation) add(m metricdata.Metrics, argus bool) {
	kind, naming, points := t.points(m)
	if points == nil {
		t.left.add(m.Name, "Prometheus has no equivalent of its type")
		return
	}
	if len(points) == 0 {
		return
	}
	name, err := t.metric.Build(otlptranslator.Metric{Name: m.Name, Unit: m.Unit, Type: naming})
	if err != nil {
		t.left.add(m.Name, "its name has no character that is valid in a Prometheus metric name")
		return
	}
	f := t.families[name]
	switch {
	case f == nil:
		f = &translated{argus: argus, MetricFamily: &dto.MetricFamily{Name: &name, Help: &m.Description, Type: &kind}}
		t.families[name] = f
	case f.argus != argus:
		t.left.add(m.Name, fmt.Sprintf("Argus has a metric named %s", name))
		return
	case f.GetType() != kind:
		t.left.add(m.Name, fmt.Sprintf("another instrument is named %s and has the type %s", name, strings.ToLower(f.GetType().String())))
		return
	}
	f.points = append(f.points, points...)
}

// points returns the samples of an instrument, or nil for an unknown type.
func (t *translation) points(m metricdata.Metrics) (dto.MetricType, otlptranslator.MetricType, []point) {
	const histogram = dto.MetricType_HISTOGRAM
	switch data := m.Data.(type) {
	case metricdata.Gauge[int64]:
		return dto.MetricType_GAUGE, otlptranslator.MetricTypeGauge, values(t, m.Name, data.DataPoints, gauge)
	case metricdata.Gauge[float64]:
		return dto.MetricType_GAUGE, otlptranslator.MetricTypeGauge, values(t, m.Name, data.DataPoints, gauge)
	case metricdata.Sum[int64]:
		return sum(t, m.Name, data)
	case metricdata.Sum[float64]:
		return sum(t, m.Name, data)
	case metricdata.Histogram[int64]:
		return histogram, otlptranslator.MetricTypeHistogram, classic(t, m.Name, data.DataPoints)
	case metricdata.Histogram[float64]:
		return histogram, otlptranslator.MetricTypeHistogram, classic(t, m.Name, data.DataPoints)
	case metricdata.ExponentialHistogram[int64]:
		return histogram, otlptranslator.MetricTypeHistogram, native(t, m.Name, data.DataPoints)
	case metricdata.ExponentialHistogram[float64]:
		return histogram, otlptranslator.MetricTypeHistogram, native(t, m.Name, data.DataPoints)
	}
	return 0, 0, nil
}

func sum[N int64 | float64](t *translation, name string, data metricdata.Sum[N]) (dto.MetricType, otlptranslator.MetricType, []point) {
	if data.IsMonotonic {
		return dto.MetricType_COUNTER, otlptranslator.MetricTypeMonotonicCounter, values(t, name, data.DataPoints, counter)
	}
	return dto.MetricType_GAUGE, otlptranslator.MetricTypeNonMonotonicCounter, values(t, name, data.DataPoints, gauge)
}

func gauge(v float64) *dto.Metric   { return &dto.Metric{Gauge: &dto.Gauge{Value: &v}} }
func counter(v float64) *dto.Metric { return &dto.Metric{Counter: &dto.Counter{Value: &v}} }

func values[N int64 | float64](t *translation, name string, points []metricdata.DataPoint[N], metric func(float64) *dto.Metric) []point {
	out := make([]point, 0, len(points))
	for _, p := range points {
		labels := t.labels.get(p.Attributes, t.left, name)
		if labels == nil {
			continue
		}
		m := metric(float64(p.Value))
		m.Label = labels.pairs
		if m.Counter != nil {
			m = withExemplars(t, m, p.Exemplars)
		}
		out = append(out, point{m, labels})
	}
	return out
}

func classic[N int64 | float64](t *translation, name string, points []metricdata.HistogramDataPoint[N]) []point {
	out := make([]point, 0, len(points))
	for _, p := range points {
		labels := t.labels.get(p.Attributes, t.left, name)
		if labels == nil {
			continue
		}
		total := float64(p.Sum)
		h := &dto.Histogram{SampleCount: &p.Count, SampleSum: &total, Bucket: make([]*dto.Bucket, len(p.Bounds))}
		var cumulative uint64
		for i, bound := range p.Bounds {
			cumulative += p.BucketCounts[i]
			h.Bucket[i] = &dto.Bucket{UpperBound: &bound, CumulativeCount: new(cumulative)}
		}
		out = append(out, point{withExemplars(t, &dto.Metric{Label: labels.pairs, Histogram: h}, p.Exemplars), labels})
	}
	return out
}

// native translates exponential histograms. OpenTelemetry indexes buckets by their
// lower bounds, Prometheus by their upper bounds.
func native[N int64 | float64](t *translation, name string, points []metricdata.ExponentialHistogramDataPoint[N]) []point {
	out := make([]point, 0, len(points))
	desc := client.NewDesc("native", "", nil, nil)
	for _, p := range points {
		labels := t.labels.get(p.Attributes, t.left, name)
		if labels == nil {
			continue
		}
		scale := min(p.Scale, maxNativeScale)
		buckets := func(b metricdata.ExponentialBucket) map[int]int64 {
			counts := make(map[int]int64, len(b.Counts))
			for i, n := range b.Counts {
				if n > 0 {
					counts[(int(b.Offset)+i)>>(p.Scale-scale)+1] += int64(min(n, math.MaxInt64))
				}
			}
			return counts
		}
		h, err := client.NewConstNativeHistogram(desc, p.Count, float64(p.Sum), buckets(p.PositiveBucket), buckets(p.NegativeBucket),
			p.ZeroCount, scale, p.ZeroThreshold, p.StartTime)
		m := &dto.Metric{}
		if err == nil {
			err = h.Write(m)
		}
		if err != nil {
			t.left.add(name, "its buckets are not valid for a native histogram")
			continue
		}
		m.Label = labels.pairs
		out = append(out, point{withExemplars(t, m, p.Exemplars), labels})
	}
	return out
}

// withExemplars adds the exemplars that Prometheus accepts to a counter or a
// histogram.
func withExemplars[N int64 | float64](t *translation, m *dto.Metric, exemplars []metricdata.Exemplar[N]) *dto.Metric {
	if len(exemplars) == 0 {
		return m
	}
	var translated []client.Exemplar
	for _, e := range exemplars {
		labels := client.Labels{
			otlptranslator.ExemplarTraceIDKey: hex.EncodeToString(e.TraceID),
			otlptranslator.ExemplarSpanIDKey:  hex.EncodeToString(e.SpanID),
		}
		for _, a := range e.FilteredAttributes {
			if name := t.labels.name(a.Key); name != "" && labels[name] == "" {
				labels[name] = a.Value.String()
			}
		}
		translated = append(translated, client.Exemplar{Value: float64(e.Value), Timestamp: e.Time, Labels: labels})
	}
	with, err := client.NewMetricWithExemplars(gathered{metric: m}, translated...)
	if err != nil {
		return m
	}
	out := &dto.Metric{}
	if with.Write(out) != nil {
		return m
	}
	return out
}
