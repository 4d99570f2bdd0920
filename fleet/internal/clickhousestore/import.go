package clickhousestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/internal/cli"
)

const (
	oneDay = 24 * time.Hour
	// patience is how long one INSERT of an import may take, with all attempts.
	patience = 2 * time.Minute
)

// An ImportedDay is one day of an archive.
type ImportedDay struct {
	eventstore.Day

	// TooOld is set if the tables do not keep events for so long, so that none was written.
	TooOld bool
}

// Import copies the events of an archive, and what was dropped, and tells of each day that
// is complete. It may be interrupted and done again: each event and each drop counts once,
// as long as ClickHouse remembers the batches, which are 10,000 of the last.
// It returns an error if ClickHouse then has fewer events of a day than the archive, or
// sums that are not those of the events.
func (s *Store) Import(ctx context.Context, from *eventstore.Archive, told func(ImportedDay)) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	keep, _, err := s.Retention(ctx)
	if err != nil {
		return err
	}
	oldest := s.cfg.Now().Add(-keep)
	var days []eventstore.Day
	for _, d := range from.Days() {
		tooOld := d.Day.Before(oldest)
		if !tooOld {
			if err := s.importDay(ctx, from, d); err != nil {
				return fmt.Errorf("%s: %w", d.Day.Format(time.DateOnly), err)
			}
			days = append(days, d)
		}
		told(ImportedDay{d, tooOld})
	}
	return s.checkImport(ctx, days)
}

func (s *Store) importDay(ctx context.Context, from *eventstore.Archive, d eventstore.Day) error {
	if err := from.Events(ctx, d.Day, chunk, func(rows []event.Row, received []time.Time) error {
		return s.written(ctx, func(ctx context.Context) error { return s.store.Import(ctx, rows, received, Token(rows)) })
	}); err != nil {
		return err
	}
	past, err := from.Drops(ctx, d.Day)
	if err != nil || len(past) == 0 {
		return err
	}
	drops, hash := make([]analytics.Drop, len(past)), sha256.New()
	for n, p := range past {
		drops[n] = dropped(p.Drop, p.Hour)
	}
	if err := json.NewEncoder(hash).Encode(drops); err != nil {
		return err
	}
	token := "fleet-import-" + hex.EncodeToString(hash.Sum(nil))
	return s.written(ctx, func(ctx context.Context) error { return s.store.InsertDrops(ctx, drops, token) })
}

// written does what writes, again while its error may pass, and not for ever.
func (s *Store) written(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := try(ctx, func() error { return do(ctx) }); err != nil {
		return fmt.Errorf("ClickHouse: %w", connection.Reason(err))
	}
	return nil
}

// checkImport compares what ClickHouse has with what was imported, and its sums with its
// events.
func (s *Store) checkImport(ctx context.Context, days []eventstore.Day) error {
	if len(days) == 0 {
		return nil
	}
	var errs []error
	for _, d := range days {
		found, err := s.store.DayEvents(ctx, d.Day)
		if err != nil {
			return fmt.Errorf("ClickHouse: %w", connection.Reason(err))
		}
		if found < uint64(d.Events) { //nolint:gosec // a count
			errs = append(errs, fmt.Errorf("ClickHouse has %d events of %s, and the file has %d", found, d.Day.Format(time.DateOnly), d.Events))
		}
	}
	return errors.Join(append(errs, s.checkSums(ctx, days[0].Day, days[len(days)-1].Day.Add(oneDay)))...)
}

// checkSums leaves out the hour that is not over, to which events may come.
func (s *Store) checkSums(ctx context.Context, from, to time.Time) error {
	if now := s.cfg.Now().UTC().Truncate(time.Hour); to.After(now) {
		to = now
	}
	bots, err := s.Bots(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, b := range bots {
		hours, err := s.store.HourlyCheck(ctx, figures.Window{Bot: b.Bot, From: from, To: to})
		if err != nil {
			return fmt.Errorf("ClickHouse: %w", connection.Reason(err))
		}
		if len(hours) > 0 {
			errs = append(errs, fmt.Errorf("the events are there, but the hourly sums of the bot %q are not those of its events in %s, first %s: was a part of them written before in other batches? The query hourly_check lists the hours",
				b.Bot, cli.Count(len(hours), "hour"), hours[0].Hour.UTC().Format(time.RFC3339)))
		}
	}
	return errors.Join(errs...)
}
