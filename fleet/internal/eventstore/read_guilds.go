package eventstore

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
)

// daysOf returns the days that have events of a window, to the millisecond, and the
// parameters of the window. The days are read in the transaction: one that is dropped
// meanwhile is still there in it.
func (a *asking) daysOf(ctx context.Context, w figures.Window) (list []int64, args []any, err error) {
	rows, err := a.tx.QueryContext(ctx, "SELECT day, events, first, last FROM days") //nolint:rowserrcheck // scan does
	if err != nil {
		return nil, nil, err
	}
	type row struct {
		n int64
		day
	}
	all, err := scan(rows, func(r *row) []any { return []any{&r.n, &r.events, &r.first, &r.last} })
	days := map[int64]day{}
	for _, r := range all {
		days[r.n] = r.day
	}
	// A time between two milliseconds is the later one: from is in the window, to is not.
	from, to := milliseconds(w.From), milliseconds(w.To)
	return overlapping(days, from, to), []any{sql.Named("from", from), sql.Named("to", to)}, err
}

func milliseconds(at time.Time) int64 {
	ms := at.UnixMilli()
	if at.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// perDay runs a query on the table of each day.
func perDay[T any](ctx context.Context, a *asking, days []int64, name string, into func(*T) []any, do func(T) error, args ...any) error {
	args = append(slices.Clip(args), sql.Named("bot", a.bot))
	for _, n := range days {
		rows, err := a.tx.QueryContext(ctx, ofDay(texting[name], n), args...) //nolint:rowserrcheck // forEach does
		if err != nil {
			return err
		}
		if err := forEach(rows, into, do); err != nil {
			return err
		}
	}
	return nil
}

// GuildsHit implements figures.Reader.
func (s *Store) GuildsHit(ctx context.Context, w figures.Window, limit int) ([]figures.GuildHit, int, error) {
	list := []figures.GuildHit{}
	beyond := 0
	err := s.ask(ctx, figures.GuildsHit, w.Bot, func(a *asking) error {
		days, window, err := a.daysOf(ctx, w)
		if err != nil {
			return err
		}
		if list, err = a.hit(ctx, days, window); err != nil {
			return err
		}
		if limit >= 0 && len(list) > limit {
			beyond, list = len(list)-limit, list[:limit]
		}
		for n := range list {
			if err := a.complete(ctx, &list[n], days, window); err != nil {
				return err
			}
		}
		return nil
	})
	return list, beyond, err
}

// hit returns the guilds with what happened to them, the worst first.
func (a *asking) hit(ctx context.Context, days []int64, window []any) ([]figures.GuildHit, error) {
	type row struct {
		guild, last               int64
		failures, missed, outages uint64
	}
	of := map[int64]*row{}
	err := perDay(ctx, a, days, "guilds_hit", func(r *row) []any { return []any{&r.guild, &r.failures, &r.missed, &r.outages, &r.last} }, func(r row) error {
		sum := entry(of, r.guild)
		sum.failures, sum.missed, sum.outages, sum.last = sum.failures+r.failures, sum.missed+r.missed, sum.outages+r.outages, max(sum.last, r.last)
		return nil
	}, window...)
	list := make([]figures.GuildHit, 0, len(of))
	for guild, r := range of {
		last := time.UnixMilli(r.last).UTC()
		list = append(list, figures.GuildHit{
			Guild: uint64(guild), Tally: figures.Tally{Failures: r.failures, Missed: r.missed}, Outages: r.outages, Last: &last, //nolint:gosec // the bits
		})
	}
	slices.SortFunc(list, func(a, b figures.GuildHit) int {
		return cmp.Or(cmp.Compare(b.Failures+b.Missed, a.Failures+a.Missed), cmp.Compare(b.Outages, a.Outages), cmp.Compare(a.Guild, b.Guild))
	})
	return list, err
}

// complete adds what interactions of a guild were not hit, and its size.
func (a *asking) complete(ctx context.Context, hit *figures.GuildHit, days []int64, window []any) error {
	args := append(slices.Clip(window), sql.Named("guild", int64(hit.Guild))) //nolint:gosec // the bits
	type row struct {
		runs   uint64
		inTime *uint64
	}
	if err := perDay(ctx, a, days, "guilds_hit_runs", func(r *row) []any { return []any{&r.runs, &r.inTime} }, func(r row) error {
		hit.Runs += r.runs
		if r.inTime != nil {
			hit.InTime += *r.inTime
		}
		return nil
	}, args...); err != nil {
		return err
	}
	for _, n := range slices.Backward(days) {
		if hit.Size != nil {
			break
		}
		if err := perDay(ctx, a, []int64{n}, "guilds_hit_size", func(size *int64) []any { return []any{size} }, func(size int64) error {
			hit.Size = a.s.texts.optional(size)
			return nil
		}, args...); err != nil {
			return err
		}
	}
	return nil
}

// exact is the number of durations of a command up to which quantiles are those of the
// durations themselves.
const exact = 100_000

// guildCommand is a command of one guild.
type guildCommand struct {
	collected
	values []float64
}

func (c *guildCommand) quantiles() (q figures.Quantiles) {
	if len(c.values) == 0 || len(c.values) > exact {
		return c.collected.quantiles()
	}
	slices.Sort(c.values)
	p50, p95 := interpolate(c.values, 0.5), interpolate(c.values, 0.95)
	return figures.Quantiles{P50: &p50, P95: &p95}
}

func interpolate(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// Guild implements figures.Reader.
func (s *Store) Guild(ctx context.Context, w figures.Window, guild uint64) ([]figures.CommandFigures, error) {
	list := []figures.CommandFigures{}
	of := map[named]*guildCommand{}
	type row struct {
		named
		flags    int64
		duration *uint32
	}
	err := s.ask(ctx, figures.Guild, w.Bot, func(a *asking) error {
		days, args, err := a.daysOf(ctx, w)
		if err != nil {
			return err
		}
		return perDay(ctx, a, days, "guild", func(r *row) []any { return []any{&r.kind, &r.command, &r.flags, &r.duration} }, func(r row) error {
			c := entry(of, r.named)
			count(&c.Tally, r.flags)
			if r.duration != nil {
				v := float64(math.Float32frombits(*r.duration))
				c.durations.Add(v)
				if len(c.values) <= exact {
					c.values = append(c.values, v)
				}
			}
			return nil
		}, append(args, sql.Named("guild", int64(guild)))...) //nolint:gosec // the bits
	})
	for key, c := range of {
		list = append(list, figures.CommandFigures{
			Type: s.texts.optional(key.kind), Command: s.texts.optional(key.command), Tally: c.Tally, Quantiles: c.quantiles(),
		})
	}
	sortCommands(list)
	return list, err
}

// GuildTrend implements figures.Reader. Windows of whole days in steps of whole days are
// known for as long as sums are kept, others for as long as events are.
func (s *Store) GuildTrend(ctx context.Context, w figures.Window, guild uint64, step time.Duration) ([]figures.GuildStep, error) {
	list := []figures.GuildStep{}
	w = w.Hours()
	length := max(int64(step/time.Second), hour)
	type row struct {
		start int64
		figures.GuildStep
	}
	columns := func(r *row) []any {
		return append(append([]any{&r.start}, into(&r.Tally)...), &r.Joins, &r.Leaves, &r.Outages)
	}
	steps := map[int64]*figures.GuildStep{}
	add := func(r row) error { //nolint:unparam // as queries want it
		sum := entry(steps, r.start)
		sum.Tally = plus(sum.Tally, r.Tally)
		sum.Joins, sum.Leaves, sum.Outages = sum.Joins+r.Joins, sum.Leaves+r.Leaves, sum.Outages+r.Outages
		return nil
	}
	err := s.ask(ctx, figures.GuildTrend, w.Bot, func(a *asking) error {
		id := sql.Named("guild", int64(guild)) //nolint:gosec // the bits
		if length%oneDay == 0 && w.From.Unix()%oneDay == 0 && w.To.Unix()%oneDay == 0 {
			return each(ctx, a, "guild_days", columns, add, append(between(w), id, sql.Named("step", length))...)
		}
		days, args, err := a.daysOf(ctx, w)
		if err != nil {
			return err
		}
		return perDay(ctx, a, days, "guild_trend", columns, add, append(args, id, sql.Named("step", length*1000))...)
	})
	for _, start := range sorted(steps, cmp.Compare[int64]) {
		one := *steps[start]
		one.Start = second(start)
		list = append(list, one)
	}
	return list, err
}
