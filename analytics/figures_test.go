package analytics_test

import (
	"math"
	"slices"
	"time"
)

// A figures is what a query says of some interactions, computed here from the events.
type figures struct {
	Runs, Failures, InTime, NotInTime uint64

	durations []float64
}

func (f *figures) add(e event) {
	f.Runs++
	if e.errorType != nil {
		f.Failures++
	}
	if e.outcome != nil {
		switch *e.outcome {
		case "in_time":
			f.InTime++
		case "late", "rejected", "missed":
			f.NotInTime++
		}
	}
	if e.handler != nil {
		f.durations = append(f.durations, float64(*e.handler))
	}
}

// closeTo reports whether a value is a quantile of the durations, within 1 % of one of the
// two between which it lies. It is nil, if there are none.
func (f *figures) closeTo(q float64, value *float64) bool {
	if len(f.durations) == 0 || value == nil {
		return len(f.durations) == 0 && value == nil
	}
	slices.Sort(f.durations)
	at := q * float64(len(f.durations)-1)
	low, high := f.durations[int(math.Floor(at))], f.durations[int(math.Ceil(at))]
	return *value >= low*0.9899 && *value <= high*1.0101
}

// exact is the quantile of the durations, between two of them in proportion.
func (f *figures) exact(q float64) float64 {
	slices.Sort(f.durations)
	at := q * float64(len(f.durations)-1)
	low, part := int(math.Floor(at)), at-math.Floor(at)
	if low+1 == len(f.durations) {
		return f.durations[low]
	}
	return f.durations[low]*(1-part) + f.durations[low+1]*part
}

// counts are the figures without the durations, which are compared on their own.
func (f *figures) counts() figures {
	return figures{Runs: f.Runs, Failures: f.Failures, InTime: f.InTime, NotInTime: f.NotInTime}
}

// A window is what the queries take: from is part of it, to is not.
type window struct{ from, to time.Time }

func (w window) has(at time.Time) bool { return !at.Before(w.from) && at.Before(w.to) }

// group sums up the interactions of a bot in a window.
func group[K comparable](all []event, w window, bot string, key func(event) (K, bool)) map[K]*figures {
	groups := map[K]*figures{}
	for _, e := range all {
		if e.name != completed || e.bot != bot || !w.has(e.time) {
			continue
		}
		k, is := key(e)
		if !is {
			continue
		}
		if groups[k] == nil {
			groups[k] = &figures{}
		}
		groups[k].add(e)
	}
	return groups
}

// A label tells NULL and empty apart, and can be the key of a map.
type label struct {
	text    string
	present bool
}

func labelOf(text *string) label {
	if text == nil {
		return label{}
	}
	return label{*text, true}
}

// A commandKey is what the queries list commands by.
type commandKey struct{ kind, command label }

func byCommand(e event) (commandKey, bool) {
	return commandKey{labelOf(e.kind), labelOf(e.command)}, true
}

// day is the day of a time, in UTC.
func day(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }
