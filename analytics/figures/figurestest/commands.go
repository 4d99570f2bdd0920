package figurestest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
)

// command is one with arguments that no hostile name has.
const command = "command 7"

// A commandKey is what commands are listed by.
type commandKey struct{ kind, command label }

func byCommand(r event.Row) commandKey { return commandKey{labelOf(r.Type), labelOf(r.Command)} }

func keyOf(kind, command *string) commandKey { return commandKey{labelAt(kind), labelAt(command)} }

func commands(t *testing.T, s *scene) {
	for name, version := range map[string]*string{"AllVersions": nil, "OneVersion": new("v1"), "NoVersion": new("")} {
		t.Run(name, func(t *testing.T) {
			key := func(r event.Row) (commandKey, bool) {
				k, is := interactions(byCommand)(r)
				return k, is && (version == nil || r.Version == *version)
			}
			want, before := groups(s.rows, s.hours, key), groups(s.rows, s.hours.Before(), key)
			for k := range before {
				if want[k] == nil {
					want[k] = &group{}
				}
			}
			answers := must[[]figures.CommandFigures](t)(s.reader.Commands(s.ctx, s.hours, version))
			mostFrequentFirst(t, answers)
			pair(t, answers, func(a figures.CommandFigures) commandKey { return keyOf(a.Type, a.Command) }, want,
				func(a figures.CommandFigures, g *group) bool {
					runsBefore := uint64(0)
					if b := before[keyOf(a.Type, a.Command)]; b != nil {
						runsBefore = b.Runs
					}
					return a.Tally == g.Tally && g.has(a.Quantiles, ofHours) && a.RunsBefore != nil && *a.RunsBefore == runsBefore
				})
		})
	}
}

func mostFrequentFirst(t *testing.T, answers []figures.CommandFigures) {
	t.Helper()
	if !slices.IsSortedFunc(answers, func(a, b figures.CommandFigures) int { return int(b.Runs) - int(a.Runs) }) { //nolint:gosec // small
		t.Error("the commands are not sorted by runs")
	}
}

func trend(t *testing.T, s *scene) {
	check := func(step time.Duration, only, version *string) {
		t.Helper()
		want := groups(s.rows, s.hours, func(r event.Row) (int64, bool) {
			at, is := interactions(func(r event.Row) int64 { return start(r.Time, step) })(r)
			return at, is && (only == nil || r.Command.Valid && r.Command.V == *only) && (version == nil || r.Version == *version)
		})
		answers := must[[]figures.Step](t)(s.reader.Trend(s.ctx, s.hours, only, version, step))
		if !slices.IsSortedFunc(answers, func(a, b figures.Step) int { return a.Start.Compare(b.Start) }) {
			t.Error("the steps are not sorted")
		}
		pair(t, answers, func(a figures.Step) int64 { return a.Start.Unix() }, want,
			func(a figures.Step, g *group) bool { return a.Tally == g.Tally && g.has(a.Quantiles, ofHours) })
	}
	for _, step := range []time.Duration{time.Hour, 2 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour} {
		check(step, nil, nil)
		check(step, nil, new("v2"))
	}
	check(2*time.Hour, new(command), nil)
	check(2*time.Hour, new(command), new(""))
	for _, name := range Hostile() {
		check(24*time.Hour, &name, nil)
	}
}

func breakdown(t *testing.T, s *scene) {
	type key struct {
		dimension string
		value     label
		region    string
	}
	want := map[key]*group{}
	for _, of := range []func(event.Row) key{
		func(r event.Row) key { return key{figures.ByErrorType, labelOf(r.ErrorType), ""} },
		func(r event.Row) key { return key{figures.ByCluster, label{r.Cluster, true}, r.Region} },
		func(r event.Row) key { return key{figures.ByVersion, label{r.Version, true}, ""} },
	} {
		maps.Copy(want, groups(s.rows, s.hours, func(r event.Row) (key, bool) {
			k, is := interactions(of)(r)
			return k, is && r.Command.Valid && r.Command.V == command
		}))
	}
	answers := must[[]figures.Part](t)(s.reader.Breakdown(s.ctx, s.hours, command))
	pair(t, answers, func(a figures.Part) key {
		switch a.Dimension {
		case figures.ByErrorType:
			return key{a.Dimension, labelAt(a.ErrorType), ""}
		case figures.ByCluster:
			return key{a.Dimension, label{a.Cluster, true}, a.Region}
		}
		return key{a.Dimension, label{a.Version, true}, ""}
	}, want, func(a figures.Part, g *group) bool { return a.Tally == g.Tally })
}

func versions(t *testing.T, s *scene) {
	want := groups(s.rows, s.hours, interactions(func(r event.Row) string { return r.Version }))
	first := map[string]time.Time{}
	for _, r := range s.rows {
		if _, is := interactions(byCommand)(r); is && r.Bot == s.bot && inside(s.hours, r.Time) {
			if f, seen := first[r.Version]; !seen || r.Time.Before(f) {
				first[r.Version] = r.Time
			}
		}
	}
	answers := must[[]figures.VersionSpan](t)(s.reader.Versions(s.ctx, s.hours))
	if !slices.IsSortedFunc(answers, func(a, b figures.VersionSpan) int { return a.First.Compare(b.First) }) {
		t.Error("the versions are not sorted by their first hour")
	}
	pair(t, answers, func(a figures.VersionSpan) string { return a.Version }, want,
		func(a figures.VersionSpan, g *group) bool {
			return a.Tally == g.Tally && a.First.Equal(first[a.Version].Truncate(time.Hour)) && a.Last.Equal(g.last.Truncate(time.Hour))
		})
}

func release(t *testing.T, s *scene) {
	const before, after = "v1", "v2"
	of := func(version string) map[commandKey]*group {
		return groups(s.rows, s.hours, func(r event.Row) (commandKey, bool) {
			k, is := interactions(byCommand)(r)
			return k, is && r.Version == version
		})
	}
	earlier, later := of(before), of(after)
	both := map[commandKey]*group{}
	maps.Copy(both, earlier)
	maps.Copy(both, later)
	is := func(a figures.OneSide, g *group) bool {
		if g == nil {
			g = &group{}
		}
		return a.Tally == g.Tally && g.has(a.Quantiles, ofHours)
	}
	answers := must[[]figures.Change](t)(s.reader.Release(s.ctx, s.hours, before, after))
	pair(t, answers, func(a figures.Change) commandKey { return keyOf(a.Type, a.Command) }, both,
		func(a figures.Change, _ *group) bool {
			k := keyOf(a.Type, a.Command)
			return is(a.Before, earlier[k]) && is(a.After, later[k])
		})
	if gone := must[[]figures.Change](t)(s.reader.Release(s.ctx, s.hours, "v8", "v9")); len(gone) > 0 {
		t.Errorf("versions that never ran: %+v", gone)
	}
}
