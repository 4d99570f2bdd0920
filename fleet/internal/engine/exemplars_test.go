package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// observed is an observation that a histogram has as an exemplar.
type observed struct {
	value float64
	at    time.Time
	trace byte // 0: it belongs to none
}

// durations makes a histogram with the bounds 1 and 3.
func durations(list pmetric.MetricSlice, when time.Time, of ...observed) {
	m := list.AppendEmpty()
	m.SetName("discord.interaction.ack.duration")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(when))
	p.Attributes().PutStr("command", "ping")
	bounds := []float64{1, 3}
	p.ExplicitBounds().FromRaw(bounds)
	counts := []uint64{0, 0, 0}
	for _, o := range of {
		bucket, _ := slices.BinarySearch(bounds, o.value)
		counts[bucket]++
		x := p.Exemplars().AppendEmpty()
		x.SetDoubleValue(o.value)
		x.SetTimestamp(pcommon.NewTimestampFromTime(o.at))
		if o.trace != 0 {
			x.SetTraceID(pcommon.TraceID{o.trace})
			x.SetSpanID(pcommon.SpanID{o.trace})
		}
	}
	p.BucketCounts().FromRaw(counts)
	p.SetCount(uint64(len(of)))
}

// exemplars writes those above 1 of two minutes as lines, by their values.
func exemplars(t *testing.T, e *Engine, selector string, to time.Time) string {
	t.Helper()
	list, err := e.Exemplars(t.Context(), selector, 1, to.Add(-2*time.Minute), to)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, x := range list {
		lines = append(lines, fmt.Sprintf("%v %s %s %v %d %v", x.Number, x.Series["command"], x.Series["instance"], to.Sub(x.At), len(x.Labels), cmp.Or(x.Labels["trace_id"], "-")+" "+cmp.Or(x.Labels["span_id"], "-")))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestExemplars: what is pushed with a histogram is found by its series, its value and its
// time, once, also after a restart.
func TestExemplars(t *testing.T) {
	const selector = `discord_interaction_ack_duration_seconds_bucket{job="music",cluster="3",bot=""}`
	now, dir := time.Now().Truncate(time.Second), t.TempDir()
	e := open(t, dir, at(now))
	fill := func(when time.Time) func(pmetric.MetricSlice) {
		return func(list pmetric.MetricSlice) {
			durations(list, when,
				observed{0.5, now.Add(-50 * time.Second), 1}, // in the bucket le=1
				observed{1, now.Add(-40 * time.Second), 2},   // the limit is not above it
				observed{1.5, now.Add(-30 * time.Second), 3},
				observed{2, now.Add(-20 * time.Second), 0},
				observed{7, now.Add(-10 * time.Second), 4},
				observed{8, now.Add(-time.Hour), 5}) // too old, as the histogram keeps it until there is another
		}
	}
	// An exemplar stays in the pushes until another one is in its bucket.
	for _, ago := range []time.Duration{time.Second, 0} {
		if outcome := push(t, e, room, "i", fill(now.Add(-ago))); outcome.Refused != 0 {
			t.Fatalf("%+v", outcome)
		}
	}
	push(t, e, room, "j", func(list pmetric.MetricSlice) { durations(list, now, observed{2.5, now, 6}) })
	want := "1.5 ping i 30s 2 03000000000000000000000000000000 0300000000000000\n" +
		"2 ping i 20s 0 - -\n" +
		"2.5 ping j 0s 2 06000000000000000000000000000000 0600000000000000\n" +
		"7 ping i 10s 2 04000000000000000000000000000000 0400000000000000"
	if got := exemplars(t, e, selector, now); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, other := range []string{`discord_interaction_ack_duration_seconds_bucket{cluster="4"}`, `discord_interaction_ack_duration_seconds_bucket{bot="mod"}`, "up"} {
		if got := exemplars(t, e, other, now); got != "" {
			t.Errorf("%s has\n%s", other, got)
		}
	}
	if _, err := e.Exemplars(t.Context(), "rate(up[5m])", 1, now, now); err == nil {
		t.Error("an expression was taken as a selector")
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if got := exemplars(t, open(t, dir, at(now)), selector, now); got != want {
		t.Errorf("after a restart:\n%s", got)
	}
}
