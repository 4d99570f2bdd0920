package history

import (
	"fmt"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// BenchmarkKeep measures what a step adds to a collection, where every value changes.
func BenchmarkKeep(b *testing.B) {
	for _, shards := range []int{16, 256, 4096} {
		b.Run(fmt.Sprint(shards, " shards"), func(b *testing.B) {
			l, h, at := newLoad(shards, shards), New(Options{}), noon
			h.keep(at, l.next(at))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				at = at.Add(FineStep)
				metrics := l.next(at)
				b.StartTimer()
				h.keep(at, metrics)
			}
		})
	}
}

// BenchmarkAsk measures questions with a full history in which every value changes.
func BenchmarkAsk(b *testing.B) {
	l, h, at := newLoad(16, 16), New(Options{}), noon
	for ; at.Before(noon.Add(CoarseSpan)); at = at.Add(FineStep) {
		h.keep(at, l.next(at))
	}
	questions := func(over time.Duration) []evidence.Question {
		return []evidence.Question{
			{Form: evidence.Last, Of: catalog.ShardState, By: []string{"shard", "state"}},
			{Form: evidence.Age, Of: catalog.HeartbeatAck, By: []string{"shard"}},
			{Form: evidence.Increase, Of: catalog.Acks, By: []string{"outcome"}, Over: over},
			{Form: evidence.Increase, Of: catalog.ShardDisconnects, By: []string{"code"}, Over: over},
			{Form: evidence.Quantile, Of: catalog.ReceiptAge, At: 0.95, Over: over},
			{Form: evidence.Above, Of: catalog.ResponseDelay, At: 3, Over: over, By: []string{"command"}},
		}
	}
	for _, over := range []time.Duration{5 * time.Minute, time.Hour, CoarseSpan} {
		b.Run(fmt.Sprint("over ", over), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Ask(b.Context(), at, questions(over)...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("trace of 6h", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := h.Trace(b.Context(), noon, at, questions(5 * time.Minute)[2]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
