package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/history"
)

// The limits of the document at [TimelinePath].
const (
	mostEvents  = 1000
	namedShards = 16 // of an event
)

// A Timeline is the document at [TimelinePath].
type Timeline struct {
	Window
	// Events are in the order of time. The oldest are left out where there are too many.
	Events  []Event `json:"events"`
	LeftOut int     `json:"left_out"`
}

// An EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	ProcessStart EventKind = "start"
	ShardCount   EventKind = "shard_count"
	Close        EventKind = "close"
	Resume       EventKind = "resume"
	NewSession   EventKind = "new_session"
	RateLimited  EventKind = "rate_limited"
	FindingBegan EventKind = "finding_began"
	FindingEnded EventKind = "finding_ended"
)

// EventKinds returns the closed set of kinds.
func EventKinds() []EventKind {
	return []EventKind{ProcessStart, ShardCount, Close, Resume, NewSession, RateLimited, FindingBegan, FindingEnded}
}

// An Event happened at a time, or within some seconds before it.
type Event struct {
	At     time.Time `json:"at"`
	Within float64   `json:"within_seconds"`
	Kind   EventKind `json:"kind"`
	// Says is a sentence.
	Says string `json:"says"`
	// Count is the number of connections, of responses with status 429, or of subjects of a
	// finding.
	Count int `json:"count,omitempty"`
	// Shards are those that are known, up to 16.
	Shards []string `json:"shards,omitempty"`
	// Code and Initiator are those of a close.
	Code      string `json:"code,omitempty"`
	Initiator string `json:"initiator,omitempty"`
	// Scope is that of a rate limit.
	Scope string `json:"scope,omitempty"`
	// Version is that of the bot which started.
	Version string `json:"version,omitempty"`
	// Finding is the id of a finding. Before says that it began before the data begins,
	// which is at the time of the event.
	Finding string `json:"finding,omitempty"`
	Before  bool   `json:"since_before,omitempty"`
}

func timelineTask(_ Member, p *parameters) task {
	over := p.duration("over", mostOver, leastOver)
	return task{key: p.key(), make: func(ctx context.Context, a *API, m Member, at time.Time) (any, error) {
		from := at.Add(-over)
		events, err := connections(ctx, m, from, at)
		if err != nil {
			return nil, err
		}
		changed, err := changes(ctx, m, from, at)
		if err != nil {
			return nil, err
		}
		limited, err := rateLimits(ctx, m, from, at)
		if err != nil {
			return nil, err
		}
		recorded, lost := a.recorded(m, from)
		d := Timeline{Window: window(m, at, over), Events: slices.Concat(events, changed, limited, recorded), LeftOut: lost}
		d.Events = slices.DeleteFunc(d.Events, func(e Event) bool { return e.At.Before(from) })
		slices.SortStableFunc(d.Events, func(a, b Event) int { return a.At.Compare(b.At) })
		if n := len(d.Events) - mostEvents; n > 0 {
			d.Events, d.LeftOut = d.Events[n:], d.LeftOut+n
		}
		if d.Events == nil {
			d.Events = []Event{}
		}
		return d, nil
	}}
}

// changes returns the start of the process, and the changes of the shard count.
func changes(ctx context.Context, m Member, from, to time.Time) (events []Event, err error) {
	if begin := m.Source.Begin(); !begin.IsZero() && !begin.Before(from) {
		var s sheet
		versions := s.ask(evidence.Question{Form: evidence.Last, Of: catalog.BotInfo, By: []string{"version"}})
		if err := s.learn(ctx, m.Source, to); err != nil {
			return nil, err
		}
		e := Event{At: begin.UTC(), Kind: ProcessStart, Says: "The process started."}
		if len(*versions) > 0 {
			e.Version = (*versions)[0].Labels["version"]
			e.Says = "The process started, version " + e.Version + "."
		}
		events = append(events, e)
	}
	counts, err := m.Source.Trace(ctx, from, to, evidence.Question{Form: evidence.Last, Of: catalog.BotShards})
	if err != nil {
		return nil, err
	}
	for _, series := range counts {
		for i := 1; i < len(series.Points); i++ {
			before, after := series.Points[i-1], series.Points[i]
			if before.Number != after.Number {
				events = append(events, Event{
					At: after.At.UTC(), Within: after.At.Sub(before.At).Seconds(), Kind: ShardCount,
					Says: fmt.Sprintf("The number of shards changed from %.0f to %.0f.", before.Number, after.Number),
				})
			}
		}
	}
	return events, nil
}

// connections returns the closes and the reconnects.
func connections(ctx context.Context, m Member, from, to time.Time) (events []Event, err error) {
	steps := m.Source.Steps(from.Add(-2*history.CoarseStep), to)
	for _, of := range []struct {
		counter catalog.Instrument
		by      []string
		event   func(labels evidence.Labels, n int) Event
	}{
		{catalog.ShardDisconnects, []string{"code", "initiator"}, func(labels evidence.Labels, n int) Event {
			return Event{
				Kind: Close, Code: labels["code"], Initiator: labels["initiator"],
				Says: closed(n, labels["code"], labels["initiator"]),
			}
		}},
		{catalog.ShardReconnects, []string{"kind"}, func(labels evidence.Labels, n int) Event {
			if labels["kind"] == catalog.KindResume {
				return Event{Kind: Resume, Says: several(n, "shard", "has", "have") + " resumed."}
			}
			return Event{Kind: NewSession, Says: several(n, "shard", "has", "have") + " started a new session."}
		}},
	} {
		q := evidence.Question{Of: of.counter, By: of.by}
		all, err := m.Source.Rises(ctx, from, to, q)
		if err != nil {
			return nil, err
		}
		q.By = append([]string{"shard"}, of.by...)
		each, err := m.Source.Rises(ctx, from, to, q)
		if err != nil {
			return nil, err
		}
		shards := map[string][]string{} // by labels and time
		key := func(labels evidence.Labels, at time.Time) string {
			return labels.Key(of.by...) + "\xff" + strconv.FormatInt(at.UnixMilli(), 10)
		}
		for _, series := range each {
			for _, p := range series.Points {
				k := key(series.Labels, p.At)
				shards[k] = append(shards[k], series.Labels["shard"])
			}
		}
		for _, series := range all {
			for _, p := range series.Points {
				e := of.event(series.Labels, int(p.Number))
				e.At, e.Count, e.Within = p.At.UTC(), int(p.Number), within(steps, p.At)
				e.Shards = shards[key(series.Labels, p.At)]
				slices.SortFunc(e.Shards, compareShards)
				e.Shards = slices.Clone(e.Shards[:min(len(e.Shards), namedShards)])
				events = append(events, e)
			}
		}
	}
	return events, nil
}

// quiet is how long a scope has no 429 until the next one is an event: bots run into limits
// all the time.
const quiet = 5 * time.Minute

// rateLimits returns when Discord began to limit requests, by scope, with the number of
// 429s until the scope was quiet again.
func rateLimits(ctx context.Context, m Member, from, to time.Time) (events []Event, err error) {
	steps := m.Source.Steps(from.Add(-2*history.CoarseStep), to)
	// Limits that began before from are known by those of the time before.
	scopes, err := m.Source.Rises(ctx, from.Add(-quiet), to, evidence.Question{Of: catalog.RateLimits, By: []string{"scope"}})
	if err != nil {
		return nil, err
	}
	for _, series := range scopes {
		var last time.Time
		for _, p := range series.Points {
			if last.IsZero() || p.At.Sub(last) > quiet {
				events = append(events, Event{At: p.At.UTC(), Within: within(steps, p.At), Kind: RateLimited, Scope: series.Labels["scope"]})
			}
			last = p.At
			events[len(events)-1].Count += int(p.Number)
		}
	}
	for i := range events {
		e := &events[i]
		e.Says = fmt.Sprintf("%s: %s with status 429.", limitHit(e.Scope), plural(e.Count, "response"))
	}
	return events, nil
}

// limitHit begins a sentence about a rate limit.
func limitHit(scope string) string {
	switch scope {
	case catalog.ScopeGlobal:
		return "The bot hit Discord's global rate limit"
	case catalog.ScopeShared:
		return "The bot hit a rate limit that it shares with others"
	case catalog.ScopeUser:
		return "The bot hit its rate limit of a route"
	}
	return "The bot hit a rate limit of unknown scope"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// closed tells of connections that ended.
func closed(n int, code, initiator string) string {
	by := map[string]string{catalog.InitiatorDiscord: "Discord", catalog.InitiatorClient: "the bot"}[initiator]
	switch {
	case by == "" && code == catalog.CodeNone:
		return several(n, "connection", "was", "were") + " lost."
	case by == "":
		return fmt.Sprintf("%s lost (close code %s).", several(n, "connection", "was", "were"), code)
	case code == catalog.CodeNone:
		return fmt.Sprintf("%s ended by %s without a close code.", several(n, "connection", "was", "were"), by)
	}
	return fmt.Sprintf("%s closed by %s with code %s.", several(n, "connection", "was", "were"), by, code)
}

func several(n int, what, one, more string) string {
	verb := more
	if n == 1 {
		verb = one
	}
	return plural(n, what) + " " + verb
}

// within returns the time between a step and the one before it.
func within(steps []time.Time, at time.Time) float64 {
	i, found := slices.BinarySearchFunc(steps, at, time.Time.Compare)
	if !found || i == 0 {
		return 0
	}
	return at.Sub(steps[i-1]).Seconds()
}
