package eventstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/argus-dgo/argus/analytics/event"
)

// ErrInUse is the error of a file that a fleet has open.
var ErrInUse = errors.New("is in use: stop the fleet that keeps its events in it")

// An Archive is the file of a store that nobody writes to any more. It is open until
// [Archive.Close], and no store can open the file meanwhile.
type Archive struct {
	db    *sql.DB
	conn  *sql.Conn
	texts *texts
	days  map[int64]day
}

// OpenArchive opens a file to read from it. Errors name the file.
func OpenArchive(ctx context.Context, file string) (*Archive, error) {
	a := &Archive{}
	if err := a.open(ctx, file); err != nil {
		return nil, errors.Join(fmt.Errorf("the store of events %s %w", file, err), a.Close())
	}
	return a, nil
}

func (a *Archive) open(ctx context.Context, file string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("does not exist")
	case err != nil:
		return fmt.Errorf("cannot be opened: %w", err)
	case info.Size() == 0:
		return errEmpty
	}
	// With this mode the first access locks the file until the connection ends. Another
	// pragma, such as cache_size, would come before it, and be the first access.
	if a.db, err = database(file, "locking_mode(exclusive)"); err != nil {
		return err
	}
	if a.conn, err = a.db.Conn(ctx); err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	if err := check(ctx, a.conn); err != nil {
		return inUse(err)
	}
	if a.texts, err = loadTexts(ctx, a.conn); err != nil {
		return err
	}
	a.days, err = loadDays(ctx, a.conn)
	return err
}

// Close ends everything. No other call may come after it.
func (a *Archive) Close() error {
	var errs []error
	if a.conn != nil {
		errs = append(errs, a.conn.Close())
	}
	if a.db != nil {
		errs = append(errs, a.db.Close())
	}
	return errors.Join(errs...)
}

// A Day is how many events are kept under a day, in UTC.
type Day struct {
	Day    time.Time
	Events int64
}

// Days returns the days that have events, the oldest first.
func (a *Archive) Days() []Day {
	list := make([]Day, 0, len(a.days))
	for _, n := range slices.Sorted(maps.Keys(a.days)) {
		list = append(list, Day{timeOf(n), a.days[n].events})
	}
	return list
}

const exportDay = `SELECT
	guild, time, id, event, bot, region, cluster, version, shard, size, type, command, outcome, error_type,
	receipt_age, answer_duration, handler_duration, locale, context, installation, user, arrival, more
FROM events_DAY
WHERE (guild, time, id) > (?, ?, ?)
ORDER BY guild, time, id
LIMIT ?`

// Events calls a function with the events of a day and the times at which they arrived, so
// many at a time, in an order that is always the same.
func (a *Archive) Events(ctx context.Context, at time.Time, most int, do func(rows []event.Row, received []time.Time) error) error {
	after := stored{guild: math.MinInt64, at: math.MinInt64, id: []byte{}}
	for {
		part, err := a.page(ctx, at, after, most)
		if err != nil {
			return fmt.Errorf("the store of events cannot be read: %w", err)
		}
		if len(part) == 0 {
			return nil
		}
		after = part[len(part)-1]
		events, received := make([]event.Row, len(part)), make([]time.Time, len(part))
		for n := range part {
			if events[n], err = a.texts.restore(&part[n]); err != nil {
				return fmt.Errorf("the store of events cannot be read: %w", err)
			}
			received[n] = time.UnixMilli(part[n].at + part[n].arrival).UTC()
		}
		if err := do(events, received); err != nil {
			return err
		}
	}
}

// page reads the events that come after one.
func (a *Archive) page(ctx context.Context, at time.Time, after stored, most int) ([]stored, error) {
	rows, err := a.conn.QueryContext(ctx, ofDay(exportDay, dayOf(at)), after.guild, after.at, after.id, most)
	if err != nil {
		return nil, err
	}
	return scan(rows, (*stored).fields)
}

const exportDrops = `SELECT start, bot, region, cluster, reason, events
FROM ingest
WHERE result = 'dropped' AND start >= ? AND start < ?
ORDER BY start, bot, region, cluster, reason`

// A PastDrop has the hour in which the store was told of a [Drop].
type PastDrop struct {
	Drop

	Hour time.Time
}

// Drops returns what was dropped on a day, in an order that is always the same.
func (a *Archive) Drops(ctx context.Context, at time.Time) ([]PastDrop, error) {
	from := dayOf(at) * oneDay
	rows, err := a.conn.QueryContext(ctx, exportDrops, from, from+oneDay)
	if err != nil {
		return nil, fmt.Errorf("the store of events cannot be read: %w", err)
	}
	type row struct {
		start, bot, region, cluster int64
		reason                      string
		events                      int64
	}
	all, err := scan(rows, func(r *row) []any { return []any{&r.start, &r.bot, &r.region, &r.cluster, &r.reason, &r.events} })
	if err != nil {
		return nil, fmt.Errorf("the store of events cannot be read: %w", err)
	}
	list := make([]PastDrop, len(all))
	for n, r := range all {
		list[n] = PastDrop{Drop{a.texts.name(r.bot), a.texts.name(r.region), a.texts.name(r.cluster), r.reason, r.events}, time.Unix(r.start, 0).UTC()}
	}
	return list, nil
}

// SumsSince is the first hour of which there are sums. It is zero if there are none.
func (a *Archive) SumsSince(ctx context.Context) (time.Time, error) {
	var first sql.Null[int64]
	if err := a.conn.QueryRowContext(ctx, "SELECT min(first) FROM bots").Scan(&first); err != nil {
		return time.Time{}, fmt.Errorf("the store of events cannot be read: %w", err)
	}
	if !first.Valid {
		return time.Time{}, nil
	}
	return time.Unix(first.V, 0).UTC(), nil
}

// inUse tells a file that is locked from one that cannot be read.
func inUse(err error) error {
	if e, is := errors.AsType[*sqlite.Error](err); is && e.Code()&0xff == sqlite3.SQLITE_BUSY {
		return ErrInUse
	}
	return err
}
