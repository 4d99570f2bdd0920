package analytics

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// A Retention says for how many days data stays. ClickHouse removes a partition when all
// of it is too old: events by the day, hourly tables by the month.
type Retention struct {
	RawDays    uint16 // of single events
	HourlyDays uint16 // of the hourly tables, and of what was taken and dropped
}

// DefaultRetention is 90 days for events and two years for the hourly tables.
func DefaultRetention() Retention { return Retention{RawDays: 90, HourlyDays: 730} }

// Check returns an error that names what is wrong.
func (r Retention) Check() error {
	var errs []error
	if r.RawDays == 0 {
		errs = append(errs, errors.New("RawDays is 0: events would be removed at once; use 1 or more"))
	}
	if r.HourlyDays < r.RawDays {
		errs = append(errs, fmt.Errorf("HourlyDays is %d: the hourly tables would end before the events; use at least RawDays (%d)", r.HourlyDays, r.RawDays))
	}
	return errors.Join(errs...)
}

// retain has all tables keep their data for so long.
func (s *Store) retain(ctx context.Context, r Retention) error {
	tables, err := statements("sql/retention")
	if err != nil {
		return err
	}
	for _, t := range tables {
		err := s.conn.Exec(ctx, t.text, clickhouse.Named("raw_days", r.RawDays), clickhouse.Named("hourly_days", r.HourlyDays))
		if err != nil {
			return fmt.Errorf("retention of %s: %w", t.object, err)
		}
	}
	return nil
}
