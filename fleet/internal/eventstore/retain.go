package eventstore

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"
)

// spare is the number of free pages that stay in the file for what is to come.
const spare = 4096

// Retain removes what is older than the store keeps: events by whole days, and sums. It
// does little at a time, so that events that arrive need not wait for long.
func (s *Store) Retain(ctx context.Context) error {
	now := s.cfg.Now()
	oldest, sums := dayOf(now.Add(-s.cfg.Retention)), dayOf(now.Add(-s.cfg.Hourly))
	for {
		more, err := s.retainDay(ctx, oldest)
		if err != nil {
			return fmt.Errorf("old events cannot be removed: %w", err)
		}
		if !more {
			break
		}
	}
	if err := s.alone(ctx, func(ctx context.Context) error { return s.retainSums(ctx, oldest, min(sums, oldest)) }); err != nil {
		return fmt.Errorf("old sums of events cannot be removed: %w", err)
	}
	s.texts.forget(min(sums, oldest))
	return s.shrink(ctx)
}

// alone runs a function in a transaction, while nobody else writes.
func (s *Store) alone(ctx context.Context, do func(context.Context) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	ctx = context.WithoutCancel(ctx)
	return transaction(ctx, s.conn, func() error { return do(ctx) })
}

// retainDay drops one day that is too old, if there is one.
func (s *Store) retainDay(ctx context.Context, oldest int64) (more bool, err error) {
	s.mu.Lock()
	days := maps.Clone(s.days)
	s.mu.Unlock()
	for n := range days {
		if n >= oldest {
			continue
		}
		if err := s.alone(ctx, func(ctx context.Context) error { return s.dropDay(ctx, n) }); err != nil {
			return false, err
		}
		s.mu.Lock()
		delete(s.days, n)
		s.mu.Unlock()
		return true, nil
	}
	return false, nil
}

// retainSums deletes sums from before a day, and what is kept no longer than events.
// Texts are not used by any row that is left if no event had them since.
func (s *Store) retainSums(ctx context.Context, events, sums int64) error {
	for _, table := range []string{"totals", "commands", "errors", "audience", "daily", "daily_guilds", "ingest"} {
		if _, err := s.exec(ctx, "DELETE FROM "+table+" WHERE start < ?", sums*oneDay); err != nil {
			return err
		}
	}
	for _, table := range []string{"clusters", "daily_users"} {
		if _, err := s.exec(ctx, "DELETE FROM "+table+" WHERE start < ?", events*oneDay); err != nil {
			return err
		}
	}
	for _, statement := range []string{
		"DELETE FROM bots WHERE last < ?",
		"UPDATE bots SET first = max(first, ?)",
	} {
		if _, err := s.exec(ctx, statement, sums*oneDay); err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, "DELETE FROM texts WHERE used < ?", sums)
	return err
}

// shrink gives pages that are free back to the file system, if they are many.
func (s *Store) shrink(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	ctx = context.WithoutCancel(ctx)
	var free, all int
	for text, into := range map[string]*int{"PRAGMA freelist_count": &free, "PRAGMA page_count": &all} {
		if err := s.conn.QueryRowContext(ctx, text).Scan(into); err != nil {
			return err
		}
	}
	if free <= max(spare, all/4) {
		return nil
	}
	_, err := s.conn.ExecContext(ctx, "PRAGMA incremental_vacuum("+strconv.Itoa(free-spare)+")")
	return err
}

// Run removes what is too old, now and at each tick, until the context ends.
func (s *Store) Run(ctx context.Context, ticks <-chan time.Time, report func(error)) {
	for {
		if err := s.Retain(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}
