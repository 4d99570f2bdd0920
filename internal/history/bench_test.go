package history

import (
	"fmt"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
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

// BenchmarkExamine measures an examination of a process with a full history: of one
// that is calm, and of one in which everything is wrong.
func BenchmarkExamine(b *testing.B) {
	for _, shards := range []int{16, 1024} {
		calm, at := newBot(), noon
		for ; at.Before(noon.Add(CoarseSpan)); at = at.Add(CoarseStep) {
			calm.at = at
			calm.calm(shards)
		}
		for range int(FineSpan / FineStep) {
			calm.calm(shards)
		}
		l, h := newLoad(shards, min(shards, 4*fullShards)), New(Options{})
		for at = noon; at.Before(noon.Add(CoarseSpan)); at = at.Add(CoarseStep) {
			h.keep(at, l.next(at))
		}
		for range int(FineSpan / FineStep) {
			h.keep(at, l.next(at))
			at = at.Add(FineStep)
		}
		for _, of := range []struct {
			name    string
			history *History
			at      time.Time
		}{{"calm", calm.history, calm.now()}, {"wrong", h, at.Add(-FineStep)}} {
			b.Run(fmt.Sprint(shards, " shards/", of.name), func(b *testing.B) {
				b.ReportAllocs()
				var report findings.Report
				for b.Loop() {
					var err error
					if report, err = findings.Examine(b.Context(), of.history, of.at); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(report.Findings)), "findings")
			})
		}
	}
}

// BenchmarkRange measures the largest answers of /api/v1/series: 64 series of 720 points
// each, from a full history in which every value changes.
func BenchmarkRange(b *testing.B) {
	l, h, at := newLoad(1024, 1024), New(Options{}), noon
	for ; at.Before(noon.Add(CoarseSpan)); at = at.Add(CoarseStep) {
		h.keep(at, l.next(at))
	}
	for range int(FineSpan / FineStep) {
		h.keep(at, l.next(at))
		at = at.Add(FineStep)
	}
	for _, over := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, CoarseSpan} {
		for _, q := range []evidence.Question{
			{Form: evidence.Rate, Of: catalog.ShardEvents, By: []string{"shard"}, Over: over},
			{Form: evidence.Rate, Of: catalog.ShardSent, By: []string{"shard"}, Over: over},
			{Form: evidence.Highest, Of: catalog.ShardLatency, By: []string{"shard"}, Over: over},
			{Form: evidence.Quantile, Of: catalog.RequestDuration, At: 0.95, Over: over},
		} {
			b.Run(fmt.Sprint(q.Of.Name, " over ", over), func(b *testing.B) {
				times := make([]time.Time, 720)
				for i := range times {
					times[i] = at.Add(-time.Duration(len(times)-i) * 30 * time.Second)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := h.Range(b.Context(), times, 64, q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// calm takes a step of a bot whose shards are all up.
func (b *bot) calm(shards int) {
	b.set(catalog.Up, 1)
	b.set(catalog.Uptime, b.at.Sub(noon.Add(-time.Hour)).Seconds())
	b.set(catalog.BotShards, float64(shards))
	b.add(catalog.InvalidRequests, 0, "status", "403")
	b.add(catalog.Acks, 10, "type", "application_command", "outcome", catalog.AckInTime)
	for n := range shards {
		shard := fmt.Sprint(n)
		b.set(catalog.ShardUp, 1, "shard", shard)
		b.set(catalog.ShardState, 1, "shard", shard, "state", catalog.StateReady)
		b.set(catalog.ShardStateChange, float64(noon.Add(-time.Hour).Unix()), "shard", shard)
		b.set(catalog.ShardLatency, 0.05+float64((int(b.at.Unix())+n)%100)*1e-4, "shard", shard)
		b.set(catalog.HeartbeatAck, float64(b.at.Add(-time.Duration(n%40)*time.Second).Unix()), "shard", shard)
		b.set(catalog.HeartbeatInterval, 41.25, "shard", shard)
		b.set(catalog.LastEvent, float64(b.at.Unix()), "shard", shard)
		b.set(catalog.LockUnavailable, 0, "shard", shard)
		b.add(catalog.ShardEvents, 100, "shard", shard)
		b.add(catalog.ShardSent, 1, "shard", shard, "op", "heartbeat")
		b.add(catalog.ShardDisconnects, 0, "shard", shard, "code", "none", "initiator", "network")
	}
	b.step()
}
