package api

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/internal/history"
)

// lookEvery is how often a bot is examined while nobody asks. BenchmarkExamine of package
// history measures what that costs: 20 ms a minute, and 1.4 s while everything is wrong.
const lookEvery = time.Minute

// mostRecorded is the number of events that are kept of a bot, and of those that are
// dropped for them.
const mostRecorded = 500

// A recorder has the findings that have begun and ended.
type recorder struct {
	mu     sync.Mutex
	at     time.Time // of the last report
	open   map[string][]findings.Finding
	ended  map[string]time.Time // by subject
	events []Event
	lost   []time.Time // of events that were dropped
}

// note compares a report with the one before. begin is the time of the first step.
func (r *recorder) note(report findings.Report, begin time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() {
		r.at, r.ended = begin, map[string]time.Time{}
	}
	if r.at.IsZero() {
		r.at = report.At
	}
	now := map[string][]findings.Finding{}
	each(report.Findings, func(f findings.Finding) { now[f.ID] = append(now[f.ID], f) })
	for _, id := range slices.Sorted(maps.Keys(r.open)) {
		r.end(missing(r.open[id], now[id]), report.At)
	}
	for _, id := range slices.Sorted(maps.Keys(now)) {
		r.begin(missing(now[id], r.open[id]), report.At)
	}
	r.open, r.at = now, report.At
	r.trim(report.At.Add(-history.CoarseSpan))
}

// missing returns the findings of one check whose subjects are not among others.
func missing(list, others []findings.Finding) (rest []findings.Finding) {
	subjects := make(map[string]bool, len(others))
	for _, f := range others {
		subjects[subject(f)] = true
	}
	for _, f := range list {
		if !subjects[subject(f)] {
			rest = append(rest, f)
		}
	}
	return rest
}

func subject(f findings.Finding) string { return f.ID + fmt.Sprint(f.Subject) }

// begin adds an event about findings of one check. The data knows better than the
// examinations when a finding began, but not where it is the same one again.
func (r *recorder) begin(list []findings.Finding, at time.Time) {
	if len(list) == 0 {
		return
	}
	e := about(FindingBegan, list)
	e.At, e.Within = at.UTC(), at.Sub(r.at).Seconds()
	for _, f := range list {
		since := f.Since
		if ended := r.ended[subject(f)]; since.Before(ended) && !since.IsZero() {
			since = ended
		}
		if !since.IsZero() && since.Before(e.At) {
			e.At, e.Within, e.Before = since.UTC(), 0, f.Before
		}
	}
	r.events = append(r.events, e)
}

func (r *recorder) end(list []findings.Finding, at time.Time) {
	if len(list) == 0 {
		return
	}
	e := about(FindingEnded, list)
	e.At, e.Within, e.Says = at.UTC(), at.Sub(r.at).Seconds(), "It is over: "+e.Says
	r.events = append(r.events, e)
	for _, f := range list {
		if len(r.ended) < mostRecorded {
			r.ended[subject(f)] = at
		}
	}
}

// about returns an event about findings of one check.
func about(kind EventKind, list []findings.Finding) Event {
	e := Event{Kind: kind, Finding: list[0].ID, Count: len(list), Says: list[0].Sentence + "."}
	if n := len(list) - 1; n > 0 {
		e.Says = fmt.Sprintf("%s, and %d more.", list[0].Sentence, n)
	}
	for _, f := range list {
		if shard, there := f.Subject["shard"]; there {
			e.Shards = append(e.Shards, shard)
		}
	}
	slices.SortFunc(e.Shards, compareShards)
	e.Shards = slices.Clone(e.Shards[:min(len(e.Shards), namedShards)])
	return e
}

// trim drops the events that are too old or too many.
func (r *recorder) trim(from time.Time) {
	old := func(at time.Time) bool { return at.Before(from) }
	r.events = slices.DeleteFunc(r.events, func(e Event) bool { return old(e.At) })
	if n := len(r.events) - mostRecorded; n > 0 {
		for _, e := range r.events[:n] {
			r.lost = append(r.lost, e.At)
		}
		r.events = slices.Delete(r.events, 0, n)
	}
	r.lost = slices.DeleteFunc(r.lost, old)
	r.lost = r.lost[max(len(r.lost)-mostRecorded, 0):]
	maps.DeleteFunc(r.ended, func(_ string, at time.Time) bool { return old(at) })
}

// recorded returns the events of a bot, and how many since a time were dropped.
func (a *API) recorded(m Member, from time.Time) (events []Event, lost int) {
	r := &a.room(m).recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.lost {
		if !at.Before(from) {
			lost++
		}
	}
	return slices.Clone(r.events), lost
}

// Start examines each bot every minute, and records which findings begin and end. It
// ends with [API.Close]. Further calls have no effect.
func (a *API) Start() {
	a.once.Do(func() {
		a.wait.Go(func() {
			ticker := time.NewTicker(lookEvery)
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
					a.look()
				case <-a.ctx.Done():
					return
				}
			}
		})
	})
}

// look examines the bots. Whoever asks is told of the same fault.
func (a *API) look() {
	defer a.survive()
	for _, m := range a.members() {
		ctx, cancel := context.WithTimeout(a.ctx, timeout)
		_, _ = a.examine(ctx, m)
		cancel()
		a.room(m).hub.rest(time.Now())
	}
}

// survive reports a panic in a goroutine of the API: the bot goes on.
func (a *API) survive() {
	if p := recover(); p != nil {
		a.report(fmt.Errorf("the API panicked: %v", p))
	}
}

// Close ends the streams and what the API does by itself, and waits for the latter, no
// longer than ctx allows. An API that was closed cannot be started.
func (a *API) Close(ctx context.Context) {
	a.once.Do(func() {})
	a.mu.Lock() // nothing more begins
	a.cancel()
	a.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.wait.Wait()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
