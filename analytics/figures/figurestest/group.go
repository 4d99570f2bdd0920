package figurestest

import (
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A group is what happened in some events.
type group struct {
	figures.Tally
	joins, leaves, outages uint64
	last                   time.Time // of an event
	bad                    time.Time // of a failure, a late answer or an outage

	durations []float64
	guilds    map[uint64]bool // with an interaction
	users     map[string]bool
}

func (g *group) add(r event.Row) {
	if r.Time.After(g.last) {
		g.last = r.Time
	}
	worst := func() {
		if r.Time.After(g.bad) {
			g.bad = r.Time
		}
	}
	switch r.Name {
	case catalog.EventGuildJoined.Name:
		g.joins++
	case catalog.EventGuildLeft.Name:
		g.leaves++
	case catalog.EventGuildUnavailable.Name:
		g.outages++
		worst()
	case catalog.EventInteractionCompleted.Name:
		g.Runs++
		if r.ErrorType.Valid {
			g.Failures++
			worst()
		}
		switch r.Outcome.V {
		case "in_time":
			g.InTime++
		case "late", "rejected", "missed":
			g.Missed++
			worst()
		}
		if r.HandlerDuration.Valid {
			g.durations = append(g.durations, r.HandlerDuration.V)
		}
		if r.GuildID.Valid {
			put(&g.guilds, r.GuildID.V)
		}
		if r.UserHash.Valid {
			put(&g.users, r.UserHash.V)
		}
	}
}

func put[K comparable](set *map[K]bool, key K) {
	if *set == nil {
		*set = map[K]bool{}
	}
	(*set)[key] = true
}

// has reports whether both values are quantiles of the group's durations: not further off
// than a part of one of the two durations between which each lies.
func (g *group) has(q figures.Quantiles, off float64) bool {
	return g.closeTo(0.5, q.P50, off) && g.closeTo(0.95, q.P95, off)
}

func (g *group) closeTo(q float64, value *float64, off float64) bool {
	if len(g.durations) == 0 || value == nil {
		return len(g.durations) == 0 && value == nil
	}
	slices.Sort(g.durations)
	at := q * float64(len(g.durations)-1)
	low, high := g.durations[int(math.Floor(at))], g.durations[int(math.Ceil(at))]
	return *value >= low*(1-off) && *value <= high*(1+off)
}

// How far quantiles may be off: those of hourly sums, and those of single events, which
// are stored with the precision of float32.
const (
	ofHours  = 0.0101
	ofEvents = 1e-6
)

// inside reports whether a time is in a window.
func inside(w figures.Window, at time.Time) bool { return !at.Before(w.From) && at.Before(w.To) }

// groups puts the events of a window into groups. An event may be in none.
func groups[K comparable](rows []event.Row, w figures.Window, key func(event.Row) (K, bool)) map[K]*group {
	all := map[K]*group{}
	for _, r := range rows {
		if r.Bot != w.Bot || !inside(w, r.Time) {
			continue
		}
		k, is := key(r)
		if !is {
			continue
		}
		if all[k] == nil {
			all[k] = &group{}
		}
		all[k].add(r)
	}
	return all
}

// interactions restricts a key to interactions.
func interactions[K comparable](key func(event.Row) K) func(event.Row) (K, bool) {
	return func(r event.Row) (K, bool) { return key(r), r.Name == catalog.EventInteractionCompleted.Name }
}

// ofGuilds reports whether an event counts for its guild.
func ofGuilds(r event.Row) bool {
	switch r.Name {
	case catalog.EventInteractionCompleted.Name, catalog.EventGuildJoined.Name, catalog.EventGuildLeft.Name, catalog.EventGuildUnavailable.Name:
		return true
	}
	return false
}

// A label tells absent and empty apart, and can be the key of a map.
type label struct {
	text    string
	present bool
}

func labelOf(n sql.Null[string]) label { return label{n.V, n.Valid} }

func labelAt(p *string) label {
	if p == nil {
		return label{}
	}
	return label{*p, true}
}

// start is the beginning of the step, counted from 1970, that a time is in.
func start(at time.Time, step time.Duration) int64 {
	seconds := int64(step.Seconds())
	return at.Unix() / seconds * seconds
}
