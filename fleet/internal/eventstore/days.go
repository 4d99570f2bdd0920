package eventstore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	hour   = int64(time.Hour / time.Second)
	oneDay = 24 * hour
)

// A day is a table of events.
type day struct {
	events      int64
	first, last int64 // ms
}

func loadDays(ctx context.Context, conn *sql.Conn) (map[int64]day, error) {
	rows, err := conn.QueryContext(ctx, "SELECT day, events, first, last FROM days")
	if err != nil {
		return nil, err
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
	return days, err
}

func dayOf(at time.Time) int64 { return floor(at.Unix(), oneDay) / oneDay }

func timeOf(day int64) time.Time { return time.Unix(day*oneDay, 0).UTC() }

// floor is the greatest multiple of a step that is not above a number.
func floor(n, step int64) int64 {
	if rest := n % step; rest < 0 {
		return n - rest - step
	} else { //nolint:revive // the other case of a division
		return n - rest
	}
}

// filed is the day under which an event is kept: its own, but at most two days before it
// arrived and one hour after. ClickHouse's table does the same.
func filed(at, received time.Time) int64 {
	if latest := received.Add(time.Hour); at.After(latest) {
		at = latest
	}
	if earliest := received.Add(-48 * time.Hour); at.Before(earliest) {
		at = earliest
	}
	return dayOf(at)
}

// overlapping returns the days whose tables have events of a time, in ms, in their order.
// The window's end is not in it.
func overlapping(days map[int64]day, from, to int64) (list []int64) {
	for n, d := range days {
		if d.events > 0 && d.first < to && d.last >= from {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}

// makeDay makes the table of a day.
func (s *Store) makeDay(ctx context.Context, n int64) error {
	for _, statement := range statements(ofDay(events, n)) {
		if _, err := s.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, "INSERT INTO days (day, events, first, last) VALUES (?, 0, 0, 0)", n)
	return err
}

// dropDay drops the table of a day, in a transaction.
func (s *Store) dropDay(ctx context.Context, n int64) error {
	table := ofDay(" events_DAY ", n)
	for text, stmt := range s.stmts {
		if !strings.Contains(text, table) {
			continue
		}
		delete(s.stmts, text)
		if err := stmt.Close(); err != nil {
			return err
		}
	}
	if _, err := s.conn.ExecContext(ctx, ofDay("DROP TABLE events_DAY", n)); err != nil {
		return fmt.Errorf("the day %s: %w", timeOf(n).Format(time.DateOnly), err)
	}
	_, err := s.exec(ctx, "DELETE FROM days WHERE day = ?", n)
	return err
}

// makeRoom drops the oldest days until a number of events has room, but not today. It
// returns those that it dropped.
func (s *Store) makeRoom(ctx context.Context, days map[int64]day, events, today int64) (dropped []int64, err error) {
	sum := events
	for _, d := range days {
		sum += d.events
	}
	for _, n := range slices.Sorted(maps.Keys(days)) {
		if sum <= s.cfg.MaxEvents || n >= today {
			break
		}
		if err := s.dropDay(ctx, n); err != nil {
			return nil, err
		}
		sum -= days[n].events
		dropped = append(dropped, n)
		delete(days, n)
	}
	return dropped, nil
}
