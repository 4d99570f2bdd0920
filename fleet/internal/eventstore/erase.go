package eventstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// EraseGuild removes all events and figures of a guild, of all bots, and returns how many
// events there were. Sums that are not about guilds keep their numbers. No page of the
// files has the guild then; backups are not touched.
func (s *Store) EraseGuild(ctx context.Context, guild uint64) (events int64, err error) {
	if guild == 0 {
		return 0, errors.New("0 is not the id of a guild")
	}
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	ctx = context.WithoutCancel(ctx)
	s.mu.Lock()
	days := maps.Clone(s.days)
	s.mu.Unlock()
	id := int64(guild) //nolint:gosec // the bits
	err = transaction(ctx, s.conn, func() error {
		for _, n := range slices.Sorted(maps.Keys(days)) {
			erased, err := s.exec(ctx, ofDay("DELETE FROM events_DAY WHERE guild = ?", n), id)
			if err != nil {
				return err
			}
			if _, err := s.exec(ctx, "UPDATE days SET events = events - ? WHERE day = ?", erased, n); err != nil {
				return err
			}
			d := days[n]
			d.events -= erased
			days[n] = d
			events += erased
		}
		_, err := s.exec(ctx, "DELETE FROM daily_guilds WHERE guild = ?", id)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("the guild cannot be erased: %w", err)
	}
	s.mu.Lock()
	s.days = days
	s.mu.Unlock()
	// The log has pages from before.
	if err := s.checkpoint(ctx); err != nil {
		return events, fmt.Errorf("the guild is erased, but the file %s-wal still has it: %w", s.cfg.File, err)
	}
	return events, nil
}

var errReaders = errors.New("somebody reads: try again")

// checkpoint folds the log into the file, and truncates it.
func (s *Store) checkpoint(ctx context.Context) error {
	var busy, log, moved int
	if err := s.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(truncate)").Scan(&busy, &log, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errReaders
	}
	return nil
}
