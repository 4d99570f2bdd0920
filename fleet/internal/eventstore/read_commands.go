package eventstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
)

// A named is a command, or the type of interactions without one, by the ids of its texts.
type named struct{ kind, command int64 }

type commandRow struct {
	named
	figures.Tally
	version   int64
	durations []byte
}

func commandColumns(r *commandRow) []any {
	return append(append([]any{&r.kind, &r.command}, into(&r.Tally)...), &r.durations)
}

// Commands implements figures.Reader.
func (s *Store) Commands(ctx context.Context, w figures.Window, version *string) ([]figures.CommandFigures, error) {
	list := []figures.CommandFigures{}
	now, before := map[named]*collected{}, map[named]uint64{}
	err := s.ask(ctx, figures.Commands, w.Bot, func(a *asking) error {
		arg, there := a.version(version)
		if !there {
			return nil
		}
		if err := over(ctx, a, spans(w), "commands", commandColumns, func(r commandRow) error {
			return entry(now, r.named).add(r.Tally, r.durations)
		}, arg); err != nil {
			return err
		}
		return over(ctx, a, spans(w.Hours().Before()), "commands_before", func(r *commandRow) []any { return []any{&r.kind, &r.command, &r.Runs} }, func(r commandRow) error {
			entry(now, r.named)
			before[r.named] += r.Runs
			return nil
		}, arg)
	})
	for key, c := range now {
		runsBefore := before[key]
		list = append(list, figures.CommandFigures{
			Type: s.texts.optional(key.kind), Command: s.texts.optional(key.command), Tally: c.Tally, Quantiles: c.quantiles(), RunsBefore: &runsBefore,
		})
	}
	sortCommands(list)
	return list, err
}

func sortCommands(list []figures.CommandFigures) {
	slices.SortFunc(list, func(a, b figures.CommandFigures) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), compare(a.Type, b.Type), compare(a.Command, b.Command))
	})
}

// Trend implements figures.Reader.
func (s *Store) Trend(ctx context.Context, w figures.Window, command, version *string, step time.Duration) ([]figures.Step, error) {
	list := []figures.Step{}
	length := max(int64(step/time.Second), hour)
	steps := map[int64]*collected{}
	type row struct {
		start int64
		figures.Tally
		durations []byte
	}
	err := s.ask(ctx, figures.Trend, w.Bot, func(a *asking) error {
		arg, there := a.version(version)
		if !there {
			return nil
		}
		query, args := "trend", []any{arg}
		if command != nil {
			id, there := s.texts.find(ofCommand, *command)
			if !there {
				return nil
			}
			query, args = "trend_command", append(args, sql.Named("command", id))
		}
		parts := spans(w)
		if length%oneDay != 0 {
			h := w.Hours()
			parts = []span{{hour, h.From.Unix(), h.To.Unix()}}
		}
		return over(ctx, a, parts, query, func(r *row) []any { return append(append([]any{&r.start}, into(&r.Tally)...), &r.durations) }, func(r row) error {
			return entry(steps, floor(r.start, length)).add(r.Tally, r.durations)
		}, args...)
	})
	for _, start := range sorted(steps, cmp.Compare[int64]) {
		list = append(list, figures.Step{Start: second(start), Tally: steps[start].Tally, Quantiles: steps[start].quantiles()})
	}
	return list, err
}

// Breakdown implements figures.Reader.
func (s *Store) Breakdown(ctx context.Context, w figures.Window, command string) ([]figures.Part, error) {
	list := []figures.Part{}
	type row struct {
		first, second int64
		figures.Tally
	}
	of := map[string]map[row]figures.Tally{figures.ByCluster: {}, figures.ByErrorType: {}, figures.ByVersion: {}}
	err := s.ask(ctx, figures.Breakdown, w.Bot, func(a *asking) error {
		id, there := s.texts.find(ofCommand, command)
		if !there {
			return nil
		}
		one := func(r *row) []any { return append([]any{&r.first}, into(&r.Tally)...) }
		two := func(r *row) []any { return append([]any{&r.first, &r.second}, into(&r.Tally)...) }
		for _, q := range []struct {
			dimension, file string
			columns         func(*row) []any
		}{{figures.ByErrorType, "command_errors", one}, {figures.ByCluster, "command_clusters", two}, {figures.ByVersion, "command_versions", one}} {
			if err := over(ctx, a, spans(w), q.file, q.columns, func(r row) error {
				key := row{first: r.first, second: r.second}
				of[q.dimension][key] = plus(of[q.dimension][key], r.Tally)
				return nil
			}, sql.Named("command", id)); err != nil {
				return err
			}
		}
		return nil
	})
	for dimension, parts := range of {
		for key, tally := range parts {
			p := figures.Part{Dimension: dimension, Tally: tally}
			switch dimension {
			case figures.ByErrorType:
				p.ErrorType = s.texts.optional(key.first)
			case figures.ByCluster:
				p.Region, p.Cluster = s.texts.name(key.first), s.texts.name(key.second)
			default:
				p.Version = s.texts.name(key.first)
			}
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b figures.Part) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(b.Runs, a.Runs), compare(a.ErrorType, b.ErrorType),
			cmp.Compare(a.Region, b.Region), cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Version, b.Version))
	})
	return list, err
}

// Versions implements figures.Reader.
func (s *Store) Versions(ctx context.Context, w figures.Window) ([]figures.VersionSpan, error) {
	list := []figures.VersionSpan{}
	type row struct {
		version, first, last int64
		figures.Tally
	}
	err := s.ask(ctx, figures.Versions, w.Bot, func(a *asking) error {
		return each(ctx, a, "versions", func(r *row) []any { return append([]any{&r.version, &r.first, &r.last}, into(&r.Tally)...) }, func(r row) error {
			list = append(list, figures.VersionSpan{Version: s.texts.name(r.version), First: second(r.first), Last: second(r.last), Tally: r.Tally})
			return nil
		}, between(w.Hours())...)
	})
	return list, err
}

// Release implements figures.Reader.
func (s *Store) Release(ctx context.Context, w figures.Window, before, after string) ([]figures.Change, error) {
	list := []figures.Change{}
	sides := map[named]*[2]collected{}
	err := s.ask(ctx, figures.Release, w.Bot, func(a *asking) error {
		// There are no events of a version that has no id, and 0 is none.
		first, _ := s.texts.find(ofVersion, before)
		other, _ := s.texts.find(ofVersion, after)
		columns := func(r *commandRow) []any {
			return append(append([]any{&r.kind, &r.command, &r.version}, into(&r.Tally)...), &r.durations)
		}
		return over(ctx, a, spans(w), "release", columns, func(r commandRow) error {
			both := entry(sides, r.named)
			if r.version == first {
				if err := both[0].add(r.Tally, r.durations); err != nil {
					return err
				}
			}
			if r.version == other {
				return both[1].add(r.Tally, r.durations)
			}
			return nil
		}, sql.Named("before", first), sql.Named("after", other))
	})
	for key, both := range sides {
		list = append(list, figures.Change{
			Type: s.texts.optional(key.kind), Command: s.texts.optional(key.command),
			Before: figures.OneSide{Tally: both[0].Tally, Quantiles: both[0].quantiles()}, After: figures.OneSide{Tally: both[1].Tally, Quantiles: both[1].quantiles()},
		})
	}
	slices.SortFunc(list, func(a, b figures.Change) int { return cmp.Or(compare(a.Type, b.Type), compare(a.Command, b.Command)) })
	return list, err
}
