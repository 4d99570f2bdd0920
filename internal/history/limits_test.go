package history

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// TestBusiestStay: of more commands than are kept the busiest get series of their own,
// and the sum of all stays right meanwhile.
func TestBusiestStay(t *testing.T) {
	b := newBot()
	const commands = 5 * maxCommands
	name := func(n int) string { return fmt.Sprint("command ", n) }
	total := 0.0
	run := func(n int, times float64) {
		b.add(catalog.AppCommands, times, "command", name(n), "status", catalog.StatusSuccess)
		b.observe(catalog.AppCommandDuration, 0.5, uint64(times), "command", name(n), "status", catalog.StatusSuccess)
		total += times
	}
	for n := range commands {
		run(n, 1000)
	}
	increase := func(of catalog.Instrument, by ...string) evidence.Question {
		return evidence.Question{Form: evidence.Increase, Of: of, By: by, Over: FineStep}
	}
	busy := commands - 3
	for minute := range 20 {
		for range 12 {
			total = 0
			for n := range commands {
				if n >= busy {
					run(n, 50)
				} else if n%7 == minute%7 {
					run(n, 1)
				}
			}
			b.step()
			if minute == 0 {
				continue
			}
			b.wants(t, increase(catalog.AppCommands), one(total))
			b.wants(t, increase(catalog.AppCommandDuration), one(total))
		}
		if t.Failed() {
			t.Fatalf("in minute %d", minute)
		}
	}
	for _, of := range []catalog.Instrument{catalog.AppCommands, catalog.AppCommandDuration} {
		got := b.ask(t, increase(of, "command"))
		for n := busy; n < commands; n++ {
			if got[name(n)] != 50 {
				t.Errorf("%s of the busy %q: %v, want 50", of.Name, name(n), got[name(n)])
			}
		}
		if _, ok := got[catalog.Other]; !ok {
			t.Errorf("%s: no command is other", of.Name)
		}
		if r := b.history.store.byName[of.Name][0]; r.active > r.most || len(r.folded) > maxFolded {
			t.Errorf("%s has %d groups and %d others", of.Name, r.active, len(r.folded))
		}
	}
	// What a command has counted before it had series of its own is not counted again.
	q := increase(catalog.AppCommands, "command")
	q.Over = 18 * time.Minute
	if got := b.ask(t, q)[name(busy)]; got > 18.5*12*50 || got < 17.5*12*50 {
		t.Errorf("the busy command was run %v times in 18 minutes", got)
	}
}

// A fleet is a bot with many shards.
type fleet struct{ *bot }

func newFleet(shards int) fleet {
	f := fleet{newBot()}
	for n := range shards {
		f.shard(n, true, 0.05)
	}
	return f
}

func (f fleet) shard(n int, up bool, latency float64) {
	id, unix := fmt.Sprint(n), float64(f.at.UnixMilli())/1e3
	state := catalog.StateReady
	v := 1.0
	if !up {
		v, state = 0, catalog.StateConnecting
	}
	if f.metric(catalog.ShardUp).values[pairs([]string{"shard", id})] != v {
		f.set(catalog.ShardStateChange, unix-3600*v, "shard", id) // those that are up have been for an hour
	}
	f.set(catalog.ShardUp, v, "shard", id)
	f.set(catalog.HeartbeatAck, unix-10, "shard", id)
	f.set(catalog.ShardLatency, latency, "shard", id)
	for _, s := range catalog.ShardStates() {
		in := 0.0
		if s == state {
			in = 1
		}
		f.set(catalog.ShardState, in, "shard", id, "state", s)
	}
}

// events dispatches to each shard and collects.
func (f fleet) events(shards, steps int) {
	for range steps {
		for n := range shards {
			f.add(catalog.ShardEvents, 3, "shard", fmt.Sprint(n))
			f.add(catalog.ShardDisconnects, 1, "shard", fmt.Sprint(n), "code", "1001", "initiator", "discord")
		}
		f.step()
	}
}

func TestWorstShards(t *testing.T) {
	const shards = 100
	f := newFleet(shards)
	f.shard(77, false, 0.05)
	f.shard(88, true, 0.9)
	f.events(shards, 1)
	f.events(shards, 2*12)
	full := func() []string {
		var names []string
		for _, v := range f.history.store.shards.byName {
			if v.detailed {
				names = append(names, v.name)
			}
		}
		return names
	}
	if got := full(); len(got) != fullShards || !slices.Contains(got, "77") || !slices.Contains(got, "88") {
		t.Errorf("%d shards are kept in full: %v", len(got), got)
	}
	last := func(of catalog.Instrument, by ...string) evidence.Question {
		return evidence.Question{Form: evidence.Last, Of: of, By: by}
	}
	if got := f.ask(t, last(catalog.ShardUp, "shard")); len(got) != fullShards || got["77"] != 0 {
		t.Errorf("up: %v", got)
	}
	for _, of := range []catalog.Instrument{catalog.ShardLatency, catalog.ShardEvents} {
		if got := f.ask(t, last(of, "shard")); len(got) != shards {
			t.Errorf("%s of %d shards, want %d", of.Name, len(got), shards)
		}
	}
	ready := last(catalog.ShardState, "state")
	ready.Combine = evidence.Sum
	ready.Where = []evidence.Match{evidence.Is("state", catalog.StateReady)}
	f.wants(t, ready, map[string]float64{catalog.StateReady: shards - 1})
	sum := last(catalog.ShardUp)
	sum.Combine = evidence.Sum
	f.wants(t, sum, one(shards-1))

	// Sums are those of all shards.
	minute := func(of catalog.Instrument, by ...string) evidence.Question {
		return evidence.Question{Form: evidence.Increase, Of: of, By: by, Over: time.Minute}
	}
	f.wants(t, minute(catalog.ShardDisconnects, "code"), map[string]float64{"1001": 12 * shards})
	f.wants(t, minute(catalog.ShardEvents), one(12*3*shards))

	// A shard that becomes one of the worst counts from then on.
	var well string
	for n := range shards {
		if name := fmt.Sprint(n); !slices.Contains(full(), name) {
			well = name
			f.shard(n, false, 0.05)
			break
		}
	}
	for range 6 * 12 { // no shard gives way in the first minutes
		f.events(shards, 1)
		if slices.Contains(full(), well) {
			break
		}
	}
	if !slices.Contains(full(), well) {
		t.Fatalf("shard %s is down and not kept in full", well)
	}
	f.events(shards, 6)
	for _, of := range []catalog.Instrument{catalog.ShardDisconnects, catalog.ShardEvents} {
		each := 1.0
		if of.Name == catalog.ShardEvents.Name {
			each = 3
		}
		q := minute(of, "shard")
		q.Where = []evidence.Match{evidence.Is("shard", well)}
		if got := f.ask(t, q)[well]; got != 6*each {
			t.Errorf("%s of shard %s: %v, want %v", of.Name, well, got, 6*each)
		}
	}
	f.wants(t, minute(catalog.ShardDisconnects, "code"), map[string]float64{"1001": 12 * shards})
	if got := f.ask(t, last(catalog.ShardLatency, "shard")); len(got) != shards {
		t.Errorf("latency of %d shards, want %d", len(got), shards)
	}
}

// TestShardsTakeTurns: however many shards are among the worst one after the other,
// groups of a limited number are kept, and the numbers are those of the right shard.
func TestShardsTakeTurns(t *testing.T) {
	const shards = 400
	f := newFleet(shards)
	for n := range shards {
		f.set(catalog.ShardReconnects, float64(1000*n), "shard", fmt.Sprint(n), "kind", catalog.KindResume)
	}
	f.step()
	series := 0
	for turn := range 24 {
		for n := range shards {
			f.shard(n, n%8 != turn%8, 0.05)
		}
		for range 10 {
			f.at = f.at.Add(time.Minute)
			for n := range shards {
				f.add(catalog.ShardReconnects, 1, "shard", fmt.Sprint(n), "kind", catalog.KindResume)
			}
			f.step()
		}
		held := map[*shard]bool{}
		for _, g := range f.history.store.byName[catalog.ShardReconnects.Name][0].groups {
			held[g.shard] = true
		}
		if len(held) > maxHeld {
			t.Fatalf("turn %d: groups of %d shards are kept", turn, len(held))
		}
		got := f.ask(t, evidence.Question{Form: evidence.Last, Of: catalog.ShardReconnects, By: []string{"shard"}})
		if len(got) != fullShards {
			t.Fatalf("turn %d: %d shards", turn, len(got))
		}
		for n := range shards {
			if v, ok := got[fmt.Sprint(n)]; ok && v != float64(1000*n+10*(turn+1)) {
				t.Fatalf("turn %d: shard %d has %v", turn, n, v)
			}
		}
		for shard, v := range f.ask(t, evidence.Question{Form: evidence.Increase, Of: catalog.ShardReconnects, By: []string{"shard"}, Over: 5*time.Minute + time.Second}) {
			if v < 0 || v > 6 {
				t.Fatalf("turn %d: the reconnects of shard %s increase by %v", turn, shard, v)
			}
		}
		if turn == 12 {
			series = len(f.history.store.frame.values)
		}
	}
	if got := len(f.history.store.frame.values); got != series {
		t.Errorf("there are %d series, %d in the middle", got, series)
	}
}

// TestPurge: series that have gone make room once nothing is known of them.
func TestPurge(t *testing.T) {
	b := newBot()
	b.set(catalog.Uptime, 1)
	series := 0
	for hour := range 40 {
		command := fmt.Sprint("command ", hour)
		for minute := range 60 {
			b.set(catalog.Commands, float64(1000+minute), "command", command, "status", catalog.StatusSuccess)
			b.step()
			b.at = b.at.Add(CoarseStep - FineStep)
		}
		got := b.ask(t, evidence.Question{Form: evidence.Increase, Of: catalog.Commands, By: []string{"command"}, Over: 30 * time.Minute})
		if len(got) == 0 || got[command] != 30 && got[command] != 29 {
			t.Fatalf("hour %d: %v", hour, got)
		}
		b.remove(catalog.Commands, "command", command, "status", catalog.StatusSuccess)
		if hour == 20 {
			series = len(b.history.store.frame.values)
		}
	}
	if got := len(b.history.store.frame.values); got != series || got > 20 {
		t.Errorf("there are %d series, %d in the middle", got, series)
	}
}

// TestLogLimit: where more changes than fits, the span becomes shorter.
func TestLogLimit(t *testing.T) {
	l, h, at := newLoad(16, 16), New(Options{}), noon
	for end := at.Add(4 * time.Hour); at.Before(end); at = at.Add(FineStep) {
		metrics := l.next(at)
		for _, m := range metrics.ScopeMetrics[0].Metrics {
			if data, ok := m.Data.(metricdata.Sum[int64]); ok {
				for n := range data.DataPoints {
					data.DataPoints[n].Value += 1 << 20
				}
			}
		}
		h.keep(at, metrics)
	}
	if got := h.fine.size() + h.coarse.size(); got > logLimit(16, 0)+coarseBlock*8*1500*2 {
		t.Errorf("the logs have %d B, want at most %d", got, logLimit(16, 0))
	}
	if span := h.now - h.coarse.oldest(); span > 3*time.Hour.Milliseconds() || span < coarseBlock*CoarseStep.Milliseconds() {
		t.Errorf("the history has %v", time.Duration(span)*time.Millisecond)
	}
	if span := h.now - h.fine.oldest(); span < FineSpan.Milliseconds() {
		t.Errorf("the history has %v of fine steps", time.Duration(span)*time.Millisecond)
	}
}

func TestNumbersThatCannotBeKept(t *testing.T) {
	b := newBot()
	b.set(catalog.Uptime, 1)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e30} {
		b.set(catalog.ClockOffset, v)
		b.step()
		b.wants(t, evidence.Question{Form: evidence.Last, Of: catalog.ClockOffset}, nil)
	}
}
