package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/analytics/figures"
)

// count runs a query of the folder sql/counts.
func (s *Store) count(ctx context.Context, name string, params ...any) (uint64, error) {
	query, err := text("counts/" + name + ".sql")
	if err != nil {
		return 0, err
	}
	var counts []struct {
		Events uint64 `ch:"events"`
	}
	if err := s.conn.Select(ctx, &counts, query, params...); err != nil || len(counts) == 0 {
		return 0, err
	}
	return counts[0].Events, nil
}

// DayEvents returns how many events are kept under a day, in UTC, of all bots.
func (s *Store) DayEvents(ctx context.Context, day time.Time) (uint64, error) {
	events, err := s.count(ctx, "day_events", clickhouse.Named("day", day.UTC().Format(time.DateOnly)))
	if err != nil {
		return 0, fmt.Errorf("analytics: count the events of a day: %w", err)
	}
	return events, nil
}

// An HourlyDifference is an hour whose sums are not those of its events.
type HourlyDifference struct {
	Hour   time.Time `ch:"hour"`
	Events uint64    `ch:"raw"`    // interactions, each once
	Sums   uint64    `ch:"hourly"` // what hourly_commands has
}

// HourlyCheck runs the query hourly_check for the hours of a window. They are to be over,
// and within the retention of events.
func (s *Store) HourlyCheck(ctx context.Context, w figures.Window) ([]HourlyDifference, error) {
	return ask[HourlyDifference](ctx, s, "hourly_check", hours(w)...)
}
