package history

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A load is a collection in which every value changes at each step: gauges to and fro,
// counters by up to 60 and those of connections by up to 3, times by a step. It has all series that a bot with so many
// shards, and more commands, routes and errors than the history keeps, may have.
type load struct {
	metrics  *metricdata.ResourceMetrics
	detailed int
	n        int
}

// Of more than detailed shards, the instruments with further labels have only those:
// their series are kept for no more shards, and added up for the others.
func newLoad(shards, detailed int) *load {
	scope := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: argusScopes + "/instrument"}}
	for _, of := range catalog.All() {
		sets := [][]attribute.KeyValue{nil}
		for _, label := range of.Labels {
			var next [][]attribute.KeyValue
			for _, set := range sets {
				for _, v := range loadValues(of, label.Name, label.Values, shards, detailed) {
					next = append(next, append(slices.Clip(set), attribute.String(label.Name, v)))
				}
			}
			sets = next
		}
		var data metricdata.Aggregation
		float := of.Unit == "s" || of.Unit == "{cpu}"
		switch {
		case of.Kind == catalog.Histogram:
			var points []metricdata.HistogramDataPoint[float64]
			for _, set := range sets {
				points = append(points, metricdata.HistogramDataPoint[float64]{
					Attributes: attribute.NewSet(set...), Bounds: of.Buckets, BucketCounts: make([]uint64, len(of.Buckets)+1),
				})
			}
			data = metricdata.Histogram[float64]{DataPoints: points}
		case of.Kind == catalog.Counter && float:
			data = metricdata.Sum[float64]{DataPoints: loadPoints[float64](sets), IsMonotonic: true}
		case of.Kind == catalog.Counter:
			data = metricdata.Sum[int64]{DataPoints: loadPoints[int64](sets), IsMonotonic: true}
		case float:
			data = metricdata.Gauge[float64]{DataPoints: loadPoints[float64](sets)}
		default:
			data = metricdata.Gauge[int64]{DataPoints: loadPoints[int64](sets)}
		}
		scope.Metrics = append(scope.Metrics, metricdata.Metrics{Name: of.Name, Data: data})
	}
	return &load{detailed: detailed, metrics: &metricdata.ResourceMetrics{
		Resource: resource.NewSchemaless(attribute.String("cluster", "3")), ScopeMetrics: []metricdata.ScopeMetrics{scope},
	}}
}

// loadValues returns as many values of a label as a busy bot has. Of a shard's
// disconnects, handshakes and sends not all combinations occur.
func loadValues(of catalog.Instrument, label string, closed []string, shards, detailed int) []string {
	var n int
	name := func(i int) string { return fmt.Sprint(label, " ", i) }
	switch label {
	case "shard":
		n, name = shards, func(i int) string { return fmt.Sprint(i) }
		if len(of.Labels) > 1 && of.Name != catalog.ShardState.Name {
			n = min(n, detailed)
		}
	case "command", "route":
		n = 60
	case "error_type":
		n = 16
	case "discordgo_version", "argus_version", "go_version", "version":
		n = 1
	case "code":
		return closed[len(closed)-4:]
	case "status":
		return closed[:min(len(closed), 3)]
	case "outcome":
		if of.Name == catalog.Handshakes.Name {
			return closed[:3]
		}
		return closed
	case "op":
		return closed[:5]
	case "event":
		return closed[:40]
	case "method":
		return closed[:2]
	case "type":
		if of.Kind == catalog.Histogram {
			return closed[2:4]
		}
		return closed
	default:
		return closed
	}
	values := make([]string, n)
	for i := range values {
		values[i] = name(i)
	}
	return values
}

func loadPoints[N int64 | float64](sets [][]attribute.KeyValue) []metricdata.DataPoint[N] {
	points := make([]metricdata.DataPoint[N], len(sets))
	for i, set := range sets {
		points[i].Attributes = attribute.NewSet(set...)
	}
	return points
}

// next changes every value. at is the time of the step.
func (l *load) next(at time.Time) *metricdata.ResourceMetrics {
	l.n++
	unix := float64(at.UnixMilli()) / 1e3
	for i := range l.metrics.ScopeMetrics[0].Metrics {
		m := &l.metrics.ScopeMetrics[0].Metrics[i]
		of, _ := catalog.ByName(m.Name)
		switch data := m.Data.(type) {
		case metricdata.Gauge[float64]:
			for n := range data.DataPoints {
				v := 0.05 + float64((l.n*7919+n*104729)%1000)*1e-4
				if isTime(of) {
					v = unix - float64((l.n*31+n)%5000)*1e-3
				}
				data.DataPoints[n].Value = v
			}
		case metricdata.Gauge[int64]:
			for n := range data.DataPoints {
				data.DataPoints[n].Value = int64(l.n+n) % 2
				if of.Name == catalog.ShardUp.Name && n >= l.detailed {
					data.DataPoints[n].Value = 1 // the worst are among the others
				}
				if of.Name == catalog.ShardState.Name {
					data.DataPoints[n].Value = 0
					if (l.n+n)%len(catalog.ShardStates()) == 0 {
						data.DataPoints[n].Value = 1
					}
				}
			}
		case metricdata.Sum[int64]:
			for n := range data.DataPoints {
				most := 60
				if len(of.Labels) > 1 && of.Labels[0].Name == "shard" {
					most = 3
				}
				data.DataPoints[n].Value += int64(1 + (l.n*13+n)%most)
			}
		case metricdata.Sum[float64]:
			for n := range data.DataPoints {
				data.DataPoints[n].Value += 0.1
			}
		case metricdata.Histogram[float64]:
			for n := range data.DataPoints {
				p := &data.DataPoints[n]
				for b := range p.BucketCounts {
					p.BucketCounts[b] += uint64(1 + (l.n*17+n+b)%4)
				}
				p.Sum += 1 + float64((l.n*11+n)%100)/100
			}
		}
	}
	return l.metrics
}

// heap is the memory that is in use.
func heap() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMemory: with values that all change at each step for seven hours, the history
// stays within its limits.
func TestMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs memory itself")
	}
	for _, tt := range []struct {
		shards int
		most   int64
		every  time.Duration
	}{
		{1, 2 << 20, FineStep},
		{16, 2 << 20, FineStep},
		{64, 9 << 19, FineStep},
		{4096, 16 << 20, CoarseStep}, // the fine steps would take minutes: some follow
	} {
		t.Run(fmt.Sprint(tt.shards, " shards"), func(t *testing.T) {
			l := newLoad(tt.shards, 4*fullShards)
			at := noon
			l.next(at)
			before := heap()
			h := New(Options{})
			for end := at.Add(7 * time.Hour); at.Before(end); at = at.Add(tt.every) {
				h.keep(at, l.next(at))
			}
			if tt.every > FineStep {
				for range int(FineSpan/FineStep) + fineBlock {
					h.keep(at, l.next(at))
					at = at.Add(FineStep)
				}
			}
			used := heap() - before
			points, _ := size(l.metrics)
			if points <= maxPoints {
				used += collectionSize(points)
			}
			span := h.now - h.coarse.oldest()
			t.Logf("%d series, %d points collected, log %d B fine and %d B coarse over %v, heap %d KiB",
				len(h.store.frame.values), points, h.fine.size(), h.coarse.size(), time.Duration(span)*time.Millisecond, used>>10)
			if used > tt.most {
				t.Errorf("the history needs %d B, want at most %d", used, tt.most)
			}
			if span < CoarseSpan.Milliseconds() {
				t.Errorf("the history has %v, want %v", time.Duration(span)*time.Millisecond, CoarseSpan)
			}
			if span := h.now - h.fine.oldest(); span < FineSpan.Milliseconds() {
				t.Errorf("the history has %v of fine steps, want %v", time.Duration(span)*time.Millisecond, FineSpan)
			}
			runtime.KeepAlive(l)
			runtime.KeepAlive(h)
		})
	}
}

// collectionSize is the memory of a collection that is kept for the next one, per
// point: an attribute set, two times, a value and exemplars.
func collectionSize(points int) int64 { return int64(points) * 112 }
