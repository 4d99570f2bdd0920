package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/analytics/figures"
)

var _ figures.Reader = (*Store)(nil)

// A QueryError is that of a question which the server did not answer.
type QueryError struct {
	Question figures.Question
	err      error
}

func (e *QueryError) Error() string {
	return fmt.Sprintf("analytics: query %s: %s%s", e.Question, words(e.err), advice(e.err))
}

func (e *QueryError) Unwrap() error { return e.err }

// Text returns the text of a query, as [Query] does.
func (s *Store) Text(q figures.Question) string {
	query, err := Query(string(q))
	if err != nil {
		return ""
	}
	return query
}

// ask runs the query that answers a question.
func ask[A any](ctx context.Context, s *Store, q figures.Question, params ...any) ([]A, error) {
	query, err := Query(string(q))
	if err != nil {
		return nil, err
	}
	answers := []A{} // nothing is [] in JSON
	if err := s.conn.Select(ctx, &answers, query, params...); err != nil {
		return nil, &QueryError{q, err}
	}
	return answers, nil
}

// in are the parameters of a window, and further ones.
func in(w figures.Window, further ...any) []any {
	return append([]any{
		clickhouse.Named("bot", w.Bot),
		clickhouse.DateNamed("from", w.From.UTC(), clickhouse.MilliSeconds),
		clickhouse.DateNamed("to", w.To.UTC(), clickhouse.MilliSeconds),
	}, further...)
}

// hours are the parameters of a window of whole hours.
func hours(w figures.Window, further ...any) []any {
	w = w.Hours()
	return append([]any{
		clickhouse.Named("bot", w.Bot), clickhouse.Named("from", w.From), clickhouse.Named("to", w.To),
	}, further...)
}

// days are the parameters of a window of whole days.
func days(w figures.Window, further ...any) []any {
	const day = 24 * time.Hour
	w.From = w.From.UTC().Truncate(day)
	w.To = w.To.UTC().Add(day - 1).Truncate(day)
	return hours(w, further...)
}

// Bots answers [figures.Bots].
func (s *Store) Bots(ctx context.Context) ([]figures.BotSpan, error) {
	return ask[figures.BotSpan](ctx, s, figures.Bots)
}

// Commands answers [figures.Commands].
func (s *Store) Commands(ctx context.Context, w figures.Window, version *string) ([]figures.CommandFigures, error) {
	return ask[figures.CommandFigures](ctx, s, figures.Commands, hours(w, clickhouse.Named("version", version))...)
}

// Trend answers [figures.Trend].
func (s *Store) Trend(ctx context.Context, w figures.Window, command, version *string, step time.Duration) ([]figures.Step, error) {
	seconds, err := wholeHours(figures.Trend, step)
	if err != nil {
		return nil, err
	}
	return ask[figures.Step](ctx, s, figures.Trend, hours(w, clickhouse.Named("command", command), clickhouse.Named("version", version), seconds)...)
}

// Breakdown answers [figures.Breakdown].
func (s *Store) Breakdown(ctx context.Context, w figures.Window, command string) ([]figures.Part, error) {
	return ask[figures.Part](ctx, s, figures.Breakdown, hours(w, clickhouse.Named("command", command))...)
}

// Versions answers [figures.Versions].
func (s *Store) Versions(ctx context.Context, w figures.Window) ([]figures.VersionSpan, error) {
	return ask[figures.VersionSpan](ctx, s, figures.Versions, hours(w)...)
}

// A change is a row of the query release.
type change struct {
	Type    *string `ch:"interaction_type"`
	Command *string `ch:"command"`

	RunsBefore     uint64   `ch:"runs_before"`
	RunsAfter      uint64   `ch:"runs_after"`
	FailuresBefore uint64   `ch:"failures_before"`
	FailuresAfter  uint64   `ch:"failures_after"`
	InTimeBefore   uint64   `ch:"in_time_before"`
	InTimeAfter    uint64   `ch:"in_time_after"`
	MissedBefore   uint64   `ch:"not_in_time_before"`
	MissedAfter    uint64   `ch:"not_in_time_after"`
	P50Before      *float64 `ch:"p50_before"`
	P50After       *float64 `ch:"p50_after"`
	P95Before      *float64 `ch:"p95_before"`
	P95After       *float64 `ch:"p95_after"`
}

// Release answers [figures.Release].
func (s *Store) Release(ctx context.Context, w figures.Window, before, after string) ([]figures.Change, error) {
	rows, err := ask[change](ctx, s, figures.Release, hours(w, clickhouse.Named("before", before), clickhouse.Named("after", after))...)
	if err != nil {
		return nil, err
	}
	changes := make([]figures.Change, len(rows))
	for n, r := range rows {
		changes[n] = figures.Change{
			Type: r.Type, Command: r.Command,
			Before: figures.OneSide{
				Tally:     figures.Tally{Runs: r.RunsBefore, Failures: r.FailuresBefore, InTime: r.InTimeBefore, Missed: r.MissedBefore},
				Quantiles: figures.Quantiles{P50: r.P50Before, P95: r.P95Before},
			},
			After: figures.OneSide{
				Tally:     figures.Tally{Runs: r.RunsAfter, Failures: r.FailuresAfter, InTime: r.InTimeAfter, Missed: r.MissedAfter},
				Quantiles: figures.Quantiles{P50: r.P50After, P95: r.P95After},
			},
		}
	}
	return changes, nil
}

// GuildsHit answers [figures.GuildsHit].
func (s *Store) GuildsHit(ctx context.Context, w figures.Window, limit int) ([]figures.GuildHit, int, error) {
	if limit < 1 {
		return nil, 0, fmt.Errorf("analytics: query %s: the limit %d is not at least 1", figures.GuildsHit, limit)
	}
	type row struct {
		figures.GuildHit
		Guilds uint64 `ch:"guilds"`
	}
	rows, err := ask[row](ctx, s, figures.GuildsHit, in(w, clickhouse.Named("limit", min(limit, maxLimit)))...)
	if err != nil || len(rows) == 0 {
		return []figures.GuildHit{}, 0, err
	}
	hits := make([]figures.GuildHit, len(rows))
	for n, r := range rows {
		hits[n] = r.GuildHit
	}
	return hits, int(rows[0].Guilds) - len(rows), nil //nolint:gosec // Discord has fewer guilds
}

// maxLimit bounds the answer about guilds.
const maxLimit = 100_000

// Growth answers [figures.Growth].
func (s *Store) Growth(ctx context.Context, w figures.Window) ([]figures.Day, error) {
	return ask[figures.Day](ctx, s, figures.Growth, days(w)...)
}

// Sizes answers [figures.Sizes].
func (s *Store) Sizes(ctx context.Context, w figures.Window) ([]figures.SizeFigures, error) {
	return ask[figures.SizeFigures](ctx, s, figures.Sizes, days(w)...)
}

// Audience answers [figures.Audience].
func (s *Store) Audience(ctx context.Context, w figures.Window) ([]figures.AudienceFigures, error) {
	return ask[figures.AudienceFigures](ctx, s, figures.Audience, hours(w)...)
}

// Users answers [figures.Users].
func (s *Store) Users(ctx context.Context, w figures.Window) ([]figures.UserDay, error) {
	return ask[figures.UserDay](ctx, s, figures.Users, days(w)...)
}

// Guild answers [figures.Guild].
func (s *Store) Guild(ctx context.Context, w figures.Window, guild uint64) ([]figures.CommandFigures, error) {
	return ask[figures.CommandFigures](ctx, s, figures.Guild, in(w, clickhouse.Named("guild", guild))...)
}

// GuildTrend answers [figures.GuildTrend].
func (s *Store) GuildTrend(ctx context.Context, w figures.Window, guild uint64, step time.Duration) ([]figures.GuildStep, error) {
	seconds, err := wholeHours(figures.GuildTrend, step)
	if err != nil {
		return nil, err
	}
	return ask[figures.GuildStep](ctx, s, figures.GuildTrend, hours(w, clickhouse.Named("guild", guild), seconds)...)
}

// Ingest answers [figures.Ingest].
func (s *Store) Ingest(ctx context.Context, w figures.Window) ([]figures.IngestFigures, error) {
	return ask[figures.IngestFigures](ctx, s, figures.Ingest, hours(w)...)
}

// maxStep is 10 years.
const maxStep = 10 * 366 * 24 * time.Hour

// wholeHours is the parameter step.
func wholeHours(q figures.Question, step time.Duration) (any, error) {
	if step <= 0 || step > maxStep || step%time.Hour != 0 {
		return nil, fmt.Errorf("analytics: query %s: the step %v is not a number of whole hours, up to 10 years", q, step)
	}
	return clickhouse.Named("step", uint32(step.Seconds())), nil
}
