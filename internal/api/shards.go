package api

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

// Shards is the document at [ShardsPath].
type Shards struct {
	Head
	// Shards are in the order of their numbers.
	Shards []Shard `json:"shards"`
}

// A Shard is one of the process's shards. Of more than 64, the worst 64 have all
// numbers. The others have the state, the latency and the events.
type Shard struct {
	Shard string     `json:"shard"`
	Up    *bool      `json:"up"`
	State *string    `json:"state"`
	Since *time.Time `json:"since"`
	// Latency is that of the last heartbeat, and HeartbeatAge the age of its
	// acknowledgement.
	Latency           *float64 `json:"latency_seconds"`
	HeartbeatAge      *float64 `json:"heartbeat_ack_age_seconds"`
	HeartbeatInterval *float64 `json:"heartbeat_interval_seconds"`
	EventAge          *float64 `json:"last_event_age_seconds"`
	// Events is the number of dispatches per second over EventsOver.
	Events     *float64 `json:"events_per_second"`
	EventsOver *float64 `json:"events_window_seconds"`
	// Lock is for how long the session's lock has not been available.
	Lock *float64 `json:"lock_unavailable_seconds"`
	// Closes, Resumes and NewSessions are those of the last hour. Of a shard that was not
	// among the worst 64 all the time, they are those while it was.
	Closes      *float64 `json:"closes_1h"`
	Resumes     *float64 `json:"resumes_1h"`
	NewSessions *float64 `json:"new_sessions_1h"`
	// LastClose is null for a shard whose connection has not ended, as far as is known.
	LastClose *LastClose `json:"last_close"`
	// Findings are the ids of those about this shard.
	Findings []string `json:"findings"`
}

// A LastClose is how the connection of a shard ended last.
type LastClose struct {
	At        time.Time `json:"at"`
	Code      string    `json:"code"`
	Initiator string    `json:"initiator"`
}

// The windows of a shard's events. A shard that is not kept in full has a value every
// five minutes.
const (
	eventsOver       = time.Minute
	sparseEventsOver = 10 * time.Minute
)

func shardsTask(_ Member, p *parameters) task {
	return task{key: p.key(), make: func(ctx context.Context, a *API, m Member, at time.Time) (any, error) {
		report, err := a.examine(ctx, m)
		if err != nil {
			return nil, err
		}
		list, err := shardList(ctx, m, at, report)
		return Shards{head(m, at), list}, err
	}}
}

// shardList returns the shards that the process has now.
func shardList(ctx context.Context, m Member, at time.Time, report findings.Report) ([]Shard, error) {
	states, err := shardStates(ctx, m, at)
	if err != nil {
		return nil, err
	}
	var s sheet
	by := []string{"shard"}
	ask := func(form evidence.Form, of catalog.Instrument, over time.Duration, where ...evidence.Match) *answers {
		return s.ask(evidence.Question{Form: form, Of: of, By: by, Over: over, Where: where})
	}
	up := ask(evidence.Last, catalog.ShardUp, 0)
	latency := ask(evidence.Last, catalog.ShardLatency, 0)
	ack := ask(evidence.Age, catalog.HeartbeatAck, 0)
	interval := ask(evidence.Last, catalog.HeartbeatInterval, 0)
	event := ask(evidence.Age, catalog.LastEvent, 0)
	lock := ask(evidence.Last, catalog.LockUnavailable, 0)
	events := ask(evidence.Rate, catalog.ShardEvents, eventsOver)
	sparse := ask(evidence.Rate, catalog.ShardEvents, sparseEventsOver)
	closes := ask(evidence.Increase, catalog.ShardDisconnects, time.Hour)
	resumes := ask(evidence.Increase, catalog.ShardReconnects, time.Hour, evidence.Is("kind", catalog.KindResume))
	renewed := ask(evidence.Increase, catalog.ShardReconnects, time.Hour, evidence.Is("kind", catalog.KindIdentify))
	if err := s.learn(ctx, m.Source, at); err != nil {
		return nil, err
	}
	index := func(a *answers) numbers { return a.by(by...) }
	full, latencies, acks, intervals := index(up), index(latency), index(ack), index(interval)
	eventAges, locks, rates, sparseRates := index(event), index(lock), index(events), index(sparse)
	closed, resumed, identified := index(closes), index(resumes), index(renewed)
	about := aboutShards(report)
	var lastCloses map[string]LastClose
	if m.LastCloses != nil {
		lastCloses = m.LastCloses()
	}

	list := make([]Shard, 0, len(states))
	for name, state := range states {
		d := Shard{
			Shard: name, Up: state.up, State: state.state, Since: state.since,
			Latency: latencies.of(name), HeartbeatAge: acks.of(name), HeartbeatInterval: intervals.of(name), EventAge: eventAges.of(name),
			Lock: locks.of(name), Closes: closed.of(name), Resumes: resumed.of(name), NewSessions: identified.of(name),
			Findings: about[name],
		}
		over := eventsOver
		d.Events = rates.of(name)
		if _, kept := full[name]; !kept {
			over, d.Events = sparseEventsOver, sparseRates.of(name)
			// It may have been kept in full for a part of the hour.
			d.Closes, d.Resumes, d.NewSessions = nil, nil, nil
		}
		if d.Events != nil {
			d.EventsOver = number(over.Seconds())
		}
		if last, known := lastCloses[name]; known {
			d.LastClose = &last
		}
		if d.Findings == nil {
			d.Findings = []string{}
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Shard) int { return compareShards(a.Shard, b.Shard) })
	return list, nil
}

// compareShards orders shards by their numbers, with the label "other" last.
func compareShards(a, b string) int {
	return cmp.Or(cmp.Compare(ordinal(a), ordinal(b)), cmp.Compare(a, b))
}

func ordinal(shard string) int {
	n, err := strconv.Atoi(shard)
	if err != nil {
		return catalog.MaxShards + 1
	}
	return n
}

// aboutShards returns the ids of the findings about each shard.
func aboutShards(report findings.Report) map[string][]string {
	about := map[string][]string{}
	each(report.Findings, func(f findings.Finding) {
		if shard, there := f.Subject["shard"]; there && !slices.Contains(about[shard], f.ID) {
			about[shard] = append(about[shard], f.ID)
		}
	})
	return about
}

// each calls f for findings and those that they explain.
func each(list []findings.Finding, f func(findings.Finding)) {
	for _, finding := range list {
		f(finding)
		each(finding.Under, f)
	}
}
