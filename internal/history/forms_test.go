package history

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// one is the answer of a question without groups.
func one(v float64) map[string]float64 { return map[string]float64{"": v} }

func TestLast(t *testing.T) {
	b := newBot()
	b.set(catalog.Guilds, 7)
	b.set(catalog.ShardUp, 1, "shard", "0")
	b.set(catalog.ShardUp, 0, "shard", "1")
	b.set(catalog.Acks, 5, "type", "modal_submit", "outcome", "late")
	b.set(catalog.Acks, 2, "type", "ping", "outcome", "late")
	b.set(catalog.Acks, 9, "type", "ping", "outcome", "in_time")
	b.set(catalog.ClockOffset, -0.0625)
	b.step()
	b.set(catalog.Guilds, 8)
	b.step()
	last := func(of catalog.Instrument, by ...string) evidence.Question {
		return evidence.Question{Form: evidence.Last, Of: of, By: by}
	}
	b.wants(t, last(catalog.Guilds), one(8))
	b.wants(t, last(catalog.ClockOffset), one(-0.0625))
	b.wants(t, last(catalog.ShardUp, "shard"), map[string]float64{"0": 1, "1": 0})
	b.wants(t, last(catalog.ShardUp), one(1))
	b.wants(t, last(catalog.Acks, "outcome"), map[string]float64{"late": 7, "in_time": 9})
	b.wants(t, last(catalog.Members), nil)

	q := last(catalog.ShardUp)
	q.Combine = evidence.Min
	b.wants(t, q, one(0))
	q.Combine = evidence.Sum
	b.set(catalog.ShardUp, 1, "shard", "1")
	b.step()
	b.wants(t, q, one(2))
	q = last(catalog.Acks, "type")
	q.Where = []evidence.Match{evidence.IsNot("outcome", "in_time"), evidence.Is("type", "ping", "modal_submit")}
	b.wants(t, q, map[string]float64{"ping": 2, "modal_submit": 5})
	q = last(catalog.Guilds)
	q.Ago = 2 * FineStep
	b.wants(t, q, one(7))
	q.Ago = time.Hour
	b.wants(t, q, nil)
}

func TestStates(t *testing.T) {
	b := newBot()
	state := func(shard, now string) {
		for _, s := range catalog.ShardStates() {
			v := 0.0
			if s == now {
				v = 1
			}
			b.set(catalog.ShardState, v, "shard", shard, "state", s)
		}
	}
	state("0", catalog.StateReady)
	state("1", catalog.StateResuming)
	b.step()
	state("1", catalog.StateReady)
	b.step()
	q := evidence.Question{Form: evidence.Last, Of: catalog.ShardState, By: []string{"shard"}, Where: []evidence.Match{evidence.Is("state", catalog.StateReady)}}
	b.wants(t, q, map[string]float64{"0": 1, "1": 1})
	q.Ago = FineStep
	b.wants(t, q, map[string]float64{"0": 1, "1": 0})
	q = evidence.Question{Form: evidence.Last, Of: catalog.ShardState, By: []string{"state"}, Combine: evidence.Sum}
	b.wants(t, q, map[string]float64{"ready": 2, "disconnected": 0, "connecting": 0, "identifying": 0, "resuming": 0})
	b.wants(t, evidence.Question{
		Form: evidence.Changes, Of: catalog.ShardState, By: []string{"shard"}, Over: time.Minute,
		Where: []evidence.Match{evidence.Is("state", catalog.StateReady)},
	}, map[string]float64{"0": 0, "1": 1})
}

func TestAge(t *testing.T) {
	b := newBot()
	unix := float64(noon.UnixMilli()) / 1e3
	b.set(catalog.HeartbeatAck, unix-30, "shard", "0")
	b.set(catalog.HeartbeatAck, unix-40.25, "shard", "1")
	b.step()
	q := evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck}
	b.wants(t, q, one(40.25))
	q.Combine = evidence.Min
	b.wants(t, q, one(30))
	q.By = []string{"shard"}
	b.wants(t, q, map[string]float64{"0": 30, "1": 40.25})
}

func TestIncrease(t *testing.T) {
	b := newBot()
	q := evidence.Question{Form: evidence.Increase, Of: catalog.Interactions, Over: time.Minute, By: []string{"status"}}
	b.set(catalog.Interactions, 3, "type", "ping", "status", "received")
	b.step() // at 0 s
	b.wants(t, q, map[string]float64{"received": 3})
	b.add(catalog.Interactions, 4, "type", "ping", "status", "received")
	b.set(catalog.Interactions, 2, "type", "ping", "status", "expired")
	b.step() // at 5 s
	b.wants(t, q, map[string]float64{"received": 7, "expired": 2})
	b.steps(10) // until 55 s
	b.add(catalog.Interactions, 10, "type", "modal_submit", "status", "received")
	b.step() // at 60 s: what was counted at 0 s is not in the window
	b.wants(t, q, map[string]float64{"received": 14, "expired": 2})
	b.step()
	b.wants(t, q, map[string]float64{"received": 10, "expired": 0})
	rate := q
	rate.Form = evidence.Rate
	b.wants(t, rate, map[string]float64{"received": 10.0 / 60, "expired": 0})
	q.Ago = time.Minute
	b.wants(t, q, map[string]float64{"received": 7, "expired": 2})

	// A counter that has been reset.
	q.Ago = 0
	b.set(catalog.Interactions, 6, "type", "modal_submit", "status", "received")
	b.remove(catalog.Interactions, "type", "ping", "status", "expired")
	b.step()
	// The sum of both types was 17, and is 13.
	b.wants(t, q, map[string]float64{"received": 10 + 6, "expired": 0})
}

func TestReset(t *testing.T) {
	b := newBot()
	q := evidence.Question{Form: evidence.Increase, Of: catalog.InvalidRequests, Over: time.Minute}
	for _, v := range []float64{100, 110, 4, 9, 0, 1} {
		b.set(catalog.InvalidRequests, v, "status", "429")
		b.step()
	}
	b.wants(t, q, one(100+10+4+5+0+1))
}

// TestThrottled: the kernel has counted before the process began.
func TestThrottled(t *testing.T) {
	b := newBot()
	q := evidence.Question{Form: evidence.Increase, Of: catalog.CPUThrottled, Over: time.Minute}
	b.set(catalog.CPUThrottled, 100)
	b.step()
	b.wants(t, q, nil)
	b.add(catalog.CPUThrottled, 0.5)
	b.step()
	b.wants(t, q, one(0.5))
}

func TestHistograms(t *testing.T) {
	b := newBot()
	increase := evidence.Question{Form: evidence.Increase, Of: catalog.ReceiptAge, Over: time.Minute}
	quantile := evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, Over: time.Minute, At: 0.5}
	above := evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, Over: time.Minute, At: 3}
	b.observe(catalog.ReceiptAge, 0.2, 10, "type", "ping")
	b.step()
	b.steps(12)
	b.wants(t, increase, one(0))
	b.wants(t, quantile, nil)
	b.observe(catalog.ReceiptAge, 0.2, 6, "type", "ping") // in the bucket from 0.1 to 0.25
	b.observe(catalog.ReceiptAge, 3, 2, "type", "modal_submit")
	b.observe(catalog.ReceiptAge, 4, 1, "type", "modal_submit")
	b.observe(catalog.ReceiptAge, 20, 1, "type", "ping")
	b.step()
	b.wants(t, increase, one(10))
	b.wants(t, quantile, one(0.1+0.15*5/6))
	b.wants(t, above, one(2))
	quantile.At = 1
	b.wants(t, quantile, one(10)) // the last bound
	quantile.At = 0.85
	b.wants(t, quantile, one(3+2*0.5))

	// By command only some buckets are kept.
	b.observe(catalog.AppCommandDuration, 0.7, 3, "command", "ping", "status", "success")
	b.observe(catalog.AppCommandDuration, 2.5, 2, "command", "ping", "status", "error")
	b.observe(catalog.AppCommandDuration, 7, 1, "command", "play", "status", "success")
	b.step()
	above = evidence.Question{Form: evidence.Above, Of: catalog.AppCommandDuration, Over: time.Minute, At: 1, By: []string{"command"}}
	b.wants(t, above, map[string]float64{"ping": 2, "play": 1})
	above.At = 3
	b.wants(t, above, map[string]float64{"ping": 0, "play": 1})
	above.Form = evidence.Increase
	b.wants(t, above, map[string]float64{"ping": 5, "play": 1})

	// Of REST requests all buckets are kept for the callback and for all together.
	b.observe(catalog.RequestDuration, 0.2, 4, "route", catalog.RouteCallback, "method", "POST", "status", "204")
	b.observe(catalog.RequestDuration, 9, 4, "route", "/gateway/bot", "method", "GET", "status", "200")
	b.step()
	quantile = evidence.Question{Form: evidence.Quantile, Of: catalog.RequestDuration, Over: time.Minute, At: 1, Where: []evidence.Match{evidence.Is("route", catalog.RouteCallback)}}
	b.wants(t, quantile, one(0.25))
	quantile.Where = nil
	b.wants(t, quantile, one(10))
	mean := evidence.Question{Form: evidence.Mean, Of: catalog.RequestDuration, Over: time.Minute, By: []string{"status"}}
	b.wants(t, mean, map[string]float64{"200": 9, "204": 0.2})
	mean.By = nil
	b.wants(t, mean, one((4*9+4*0.2)/8))
	mean.Of = catalog.QueueWait
	b.wants(t, mean, nil)
	b.wants(t, evidence.Question{Form: evidence.Increase, Of: catalog.RequestDuration, Over: time.Minute, By: []string{"status"}}, map[string]float64{"200": 4, "204": 4})
}

func TestGaugesOverTime(t *testing.T) {
	b := newBot()
	for _, v := range []float64{5, 9, 9, 2, 7, 7} { // at 0 s to 25 s
		b.set(catalog.Guilds, v)
		b.step()
	}
	ask := func(form evidence.Form, over time.Duration) map[string]float64 {
		return b.ask(t, evidence.Question{Form: form, Of: catalog.Guilds, Over: over})
	}
	for _, tt := range []struct {
		form evidence.Form
		over time.Duration
		want float64
	}{
		{evidence.Highest, time.Minute, 9},
		{evidence.Highest, 15 * time.Second, 7}, // 2, 7, 7
		{evidence.Lowest, time.Minute, 2},
		{evidence.Lowest, 10 * time.Second, 7}, // 7, 7
		{evidence.Changes, time.Minute, 3},
		{evidence.Changes, 15 * time.Second, 1},
		{evidence.Changes, 10 * time.Second, 0},
	} {
		if got := ask(tt.form, tt.over); !sameNumbers(got, one(tt.want)) {
			t.Errorf("form %d over %v: got %v, want %v", tt.form, tt.over, got, tt.want)
		}
	}
}

// TestComesAndGoes: a gauge that is absent at a step has no value there.
func TestComesAndGoes(t *testing.T) {
	b := newBot()
	b.set(catalog.Uptime, 1)
	b.set(catalog.Guilds, 5)
	b.step()
	b.remove(catalog.Guilds)
	b.steps(2)
	q := evidence.Question{Form: evidence.Last, Of: catalog.Guilds}
	b.wants(t, q, nil)
	b.wants(t, evidence.Question{Form: evidence.Highest, Of: catalog.Guilds, Over: 5 * time.Second}, nil)
	b.wants(t, evidence.Question{Form: evidence.Highest, Of: catalog.Guilds, Over: time.Minute}, one(5))
	b.set(catalog.Guilds, 5)
	b.step()
	b.wants(t, q, one(5))
	traced, err := b.history.Trace(t.Context(), noon, b.at, q)
	if err != nil {
		t.Fatal(err)
	}
	if len(traced) != 1 || len(traced[0].Points) != 2 || !traced[0].Points[0].At.Equal(noon) || !traced[0].Points[1].At.Equal(noon.Add(15*time.Second)) {
		t.Errorf("traced %v", traced)
	}
}

// TestGap: nothing is known while a process is paused.
func TestGap(t *testing.T) {
	b := newBot()
	b.set(catalog.Guilds, 5)
	b.set(catalog.InvalidRequests, 10, "status", "429")
	b.steps(3)
	before := b.now()
	b.at = b.at.Add(2 * time.Minute)
	b.add(catalog.InvalidRequests, 5, "status", "429")
	b.step()
	last := evidence.Question{Form: evidence.Last, Of: catalog.Guilds}
	increase := evidence.Question{Form: evidence.Increase, Of: catalog.InvalidRequests, Over: time.Minute}
	if got := b.askAt(t, before.Add(15*time.Second), last); !sameNumbers(got, one(5)) {
		t.Errorf("before the gap: %v", got)
	}
	if got := b.askAt(t, before.Add(16*time.Second), last); len(got) != 0 {
		t.Errorf("in the gap: %v", got)
	}
	b.wants(t, last, one(5))
	// The window begins in the gap, so what the 5 were added to is not known.
	b.wants(t, increase, nil)
	b.add(catalog.InvalidRequests, 2, "status", "429")
	b.step()
	b.wants(t, increase, one(2))
	increase.Over = 10 * time.Minute
	b.wants(t, increase, one(17))
	if steps := b.history.Steps(noon, b.at); len(steps) != 5 || steps[3].Sub(steps[2]) != 2*time.Minute+FineStep {
		t.Errorf("steps: %v", steps)
	}
}

// TestClockSetBack: what came before moves back with the clock.
func TestClockSetBack(t *testing.T) {
	b := newBot()
	b.set(catalog.Guilds, 5)
	b.steps(3)
	b.at = noon.Add(-time.Hour)
	b.set(catalog.Guilds, 6)
	b.steps(2)
	b.wants(t, evidence.Question{Form: evidence.Last, Of: catalog.Guilds}, one(6))
	b.wants(t, evidence.Question{Form: evidence.Lowest, Of: catalog.Guilds, Over: time.Minute}, one(5))
	if begin := b.history.Begin(); !begin.Before(noon.Add(-time.Hour)) {
		t.Errorf("the history begins at %v", begin)
	}
}

func TestTrace(t *testing.T) {
	b := newBot()
	const steps = int(8 * time.Hour / FineStep)
	for n := range steps {
		b.set(catalog.Guilds, float64(n))
		b.set(catalog.InvalidRequests, float64(2*n), "status", "429")
		b.step()
	}
	now := b.now()
	traced, err := b.history.Trace(t.Context(), now.Add(-8*time.Hour), now, evidence.Question{Form: evidence.Last, Of: catalog.Guilds})
	if err != nil {
		t.Fatal(err)
	}
	points := traced[0].Points
	if first := now.Sub(points[0].At); first < CoarseSpan || first > CoarseSpan+coarseBlock*CoarseStep {
		t.Errorf("the first point is %v ago", first)
	}
	fine := 0
	for i, p := range points {
		if want := p.At.Sub(noon).Seconds() / FineStep.Seconds(); p.Number != want {
			t.Fatalf("at %v: got %v, want %v", p.At, p.Number, want)
		}
		if i == 0 {
			continue
		}
		switch gap, age := p.At.Sub(points[i-1].At), now.Sub(p.At); {
		case gap == FineStep:
			fine++
		case gap != CoarseStep || age < FineSpan-CoarseStep:
			t.Fatalf("%v ago there is a step of %v", age, gap)
		}
	}
	if want := int(FineSpan/FineStep) - int(CoarseStep/FineStep); fine < want {
		t.Errorf("%d fine steps, want at least %d", fine, want)
	}
	// The counter grows by 2 in 5 s, across the border of the resolutions too. A window
	// of coarse steps is up to half a step longer or shorter.
	traced, err = b.history.Trace(t.Context(), now.Add(-5*time.Hour), now, evidence.Question{Form: evidence.Increase, Of: catalog.InvalidRequests, Over: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range traced[0].Points {
		if want := 240.0; math.Abs(p.Number-want) > 12 {
			t.Fatalf("%v ago: the increase is %v, want %v", now.Sub(p.At), p.Number, want)
		}
	}
	for _, over := range []time.Duration{time.Minute, 14 * time.Minute, time.Hour, 6 * time.Hour} {
		got := b.ask(t, evidence.Question{Form: evidence.Increase, Of: catalog.InvalidRequests, Over: over})
		if want := 2 * over.Seconds() / 5; math.Abs(got[""]-want) > 12 {
			t.Errorf("over %v: the increase is %v, want %v", over, got, want)
		}
	}
}

func TestRefusedQuestions(t *testing.T) {
	b := newBot()
	b.set(catalog.Guilds, 1)
	b.step()
	minute := time.Minute
	for _, tt := range []struct {
		question evidence.Question
		want     []string
	}{
		{evidence.Question{Form: evidence.Last, Of: unknown}, []string{unknown.Name, "not kept"}},
		{evidence.Question{Form: evidence.Increase, Of: catalog.ReceiptAge, Over: minute, By: []string{"type"}}, []string{catalog.ReceiptAge.Name, `"type"`}},
		{evidence.Question{Form: evidence.Last, Of: catalog.Guilds, Where: []evidence.Match{evidence.Is("shard", "1")}}, []string{catalog.Guilds.Name, `"shard"`}},
		{evidence.Question{Form: evidence.Quantile, Of: catalog.CommandDuration, Over: minute, At: 0.5, By: []string{"command"}}, []string{catalog.CommandDuration.Name, "buckets"}},
		{evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, Over: minute, At: 4}, []string{catalog.ReceiptAge.Name, "bucket 4"}},
		{evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, Over: minute, At: 95}, []string{catalog.ReceiptAge.Name, "95"}},
		{evidence.Question{Form: evidence.Increase, Of: catalog.Guilds, Over: minute}, []string{catalog.Guilds.Name, "counter"}},
		{evidence.Question{Form: evidence.Increase, Of: catalog.Acks}, []string{catalog.Acks.Name, "window"}},
		{evidence.Question{Form: evidence.Highest, Of: catalog.Acks, Over: minute}, []string{catalog.Acks.Name, "gauge"}},
		{evidence.Question{Form: evidence.Age, Of: catalog.ShardLatency}, []string{catalog.ShardLatency.Name, "time"}},
		{evidence.Question{Form: evidence.Last, Of: catalog.HeartbeatInterval, Combine: evidence.Sum}, []string{catalog.HeartbeatInterval.Name, `"shard"`}},
		{evidence.Question{Of: catalog.Guilds}, []string{catalog.Guilds.Name, "form"}},
	} {
		_, err := b.history.Ask(t.Context(), b.now(), tt.question)
		if err == nil {
			t.Errorf("%+v is answered", tt.question)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error %q lacks %q", err, want)
			}
		}
	}
}

// TestWindowsAddUp: windows that follow one another have each step once, wherever between
// two steps they begin.
func TestWindowsAddUp(t *testing.T) {
	b := newBot()
	for range 60 {
		b.add(catalog.InvalidRequests, 10, "status", "429")
		b.step()
	}
	for phase := time.Duration(0); phase < FineStep; phase += time.Second {
		for _, over := range []time.Duration{10 * time.Second, time.Minute} {
			want := map[string]float64{"": 10 * float64(over/FineStep)}
			for at := b.now().Add(-2 * time.Minute); !at.After(b.now()); at = at.Add(over) {
				got := b.askAt(t, at.Add(phase), evidence.Question{Form: evidence.Increase, Of: catalog.InvalidRequests, Over: over})
				if !sameNumbers(got, want) {
					t.Errorf("over %v, %v after a step: %v, want %v", over, phase, got, want)
				}
			}
		}
	}
}

// TestRandomly compares with a computation on all values.
func TestRandomly(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		b := newBot()
		type sample struct {
			at    time.Time
			value float64
			has   bool
		}
		var (
			counter []sample
			buckets [][]float64
			total   float64
			has     = true
		)
		of := catalog.HandlerDelay
		counts := make([]float64, len(of.Buckets)+1)
		for range 150 {
			if random.IntN(20) == 0 {
				has = !has
			}
			total += float64(random.IntN(50))
			if random.IntN(30) == 0 {
				total = float64(random.IntN(10))
			}
			if b.remove(catalog.InvalidRequests, "status", "429"); has {
				b.set(catalog.InvalidRequests, total, "status", "429")
			}
			b.set(catalog.Uptime, 1)
			for range random.IntN(4) {
				n := random.IntN(len(counts))
				v := 11.0
				if n < len(of.Buckets) {
					v = of.Buckets[n]
				}
				b.observe(of, v, 1, "type", "ping")
				counts[n]++
			}
			counter = append(counter, sample{b.at, total, has})
			buckets = append(buckets, append([]float64(nil), counts...))
			b.step()
		}
		for range 60 {
			at := noon.Add(time.Duration(random.IntN(750)) * time.Second)
			over := time.Duration(1+random.IntN(400)) * time.Second
			// The straightforward increase: the values known at the step nearest to the
			// begin of the window, which ends at the last step, and each one after it. A
			// window without two steps begins at its exact time.
			index := func(at time.Time) int { return int(at.Sub(noon) / FineStep) }
			last := noon.Add(time.Duration(min(index(at), len(buckets)-1)) * FineStep)
			begin, first := last.Add(-over), 0
			if !begin.Before(noon) {
				first = index(begin) + 1
			}
			if next := noon.Add(time.Duration(first) * FineStep); first < min(index(at), len(buckets)-1) && next.Sub(begin) <= FineStep/2 {
				begin = next
			}
			previous, want, found := 0.0, 0.0, false
			for _, s := range counter {
				if !s.has || s.at.After(at) {
					continue
				}
				if s.at.After(begin) {
					found = true
					if d := s.value - previous; d >= 0 {
						want += d
					} else {
						want += s.value
					}
				}
				previous = s.value
			}
			got := b.askAt(t, at, evidence.Question{Form: evidence.Increase, Of: catalog.InvalidRequests, Over: over})
			if v, ok := got[""]; ok != found || v != want {
				t.Fatalf("seed %d: at %v over %v: the increase is %v, want %v (%v)", seed, at.Sub(noon), over, got, want, found)
			}
			rate := b.askAt(t, at, evidence.Question{Form: evidence.Rate, Of: catalog.InvalidRequests, Over: over})
			if found && !sameNumbers(rate, one(want/over.Seconds())) {
				t.Fatalf("seed %d: the rate is %v, want %v", seed, rate, want/over.Seconds())
			}

			in := append([]float64(nil), buckets[min(index(at), len(buckets)-1)]...)
			if !begin.Before(noon) {
				for i, n := range buckets[index(begin)] {
					in[i] -= n
				}
			}
			all := 0.0
			for _, n := range in {
				all += n
			}
			q := float64(random.IntN(101)) / 100
			answer := b.askAt(t, at, evidence.Question{Form: evidence.Quantile, Of: of, At: q, Over: over})
			if all == 0 {
				if len(answer) != 0 {
					t.Fatalf("a quantile of nothing: %v", answer)
				}
				continue
			}
			if want := prometheusQuantile(q, of.Buckets, in); !sameNumbers(answer, one(want)) {
				t.Fatalf("seed %d: the quantile %v of %v is %v, want %v", seed, q, in, answer, want)
			}
		}
	}
}

// prometheusQuantile follows promql.BucketQuantile: cumulative buckets, and the first
// that has the rank.
func prometheusQuantile(q float64, bounds, counts []float64) float64 {
	cumulative := make([]float64, len(counts))
	sum := 0.0
	for i, n := range counts {
		sum += n
		cumulative[i] = sum
	}
	rank := q * sum
	b := 0
	for b < len(counts)-1 && cumulative[b] < rank {
		b++
	}
	if b == len(counts)-1 {
		return bounds[len(bounds)-1]
	}
	start, end, count := 0.0, bounds[b], cumulative[b]
	if b > 0 {
		start = bounds[b-1]
		count -= cumulative[b-1]
		rank -= cumulative[b-1]
	}
	if count == 0 {
		return start
	}
	return start + (end-start)*(rank/count)
}

// TestQuantilesOfFewBuckets: by command they lie in the bucket that has them, and above the
// highest bound they are not known.
func TestQuantilesOfFewBuckets(t *testing.T) {
	b := newBot()
	b.set(catalog.Uptime, 1)
	b.step()
	b.observe(catalog.ResponseDelay, 0.2, 60, "command", "play", "type", "application_command")
	b.observe(catalog.ResponseDelay, 0.8, 35, "command", "play", "type", "application_command")
	b.observe(catalog.ResponseDelay, 4, 5, "command", "play", "type", "application_command")
	b.step()
	for q, want := range map[float64]float64{0.3: 0.1 + 0.15*30/60, 0.6: 0.25, 0.95: 1} {
		got := b.ask(t, evidence.Question{Form: evidence.Quantile, Of: catalog.ResponseDelay, By: []string{"command"}, At: q, Over: time.Minute})
		if math.Abs(got["play"]-want) > 1e-9 {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if got := b.ask(t, evidence.Question{Form: evidence.Quantile, Of: catalog.ResponseDelay, By: []string{"command"}, At: 0.96, Over: time.Minute}); len(got) != 0 {
		t.Errorf("above the highest bound: %v", got)
	}
}
