package clickhousestore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

const (
	// chunk is how many events an INSERT has at most.
	chunk = 10_000
	// addTimeout is how long a push may take, which is less than senders wait.
	addTimeout = 8 * time.Second
	firstPause = 100 * time.Millisecond
)

// Rejected is the reason why events are refused that the database rejects, for good.
const Rejected = "rejected"

var (
	errRejected = errors.New("the database rejects the event")
	errNotReady = errors.New("ClickHouse is not ready to take events")
)

// Add writes events that have passed event.Row.Check, and counts others as dropped. After
// an error some may be written: they count once when the same events are added again.
// Which of them were there before, nobody knows.
func (s *Store) Add(ctx context.Context, rows []event.Row, drops ...eventstore.Drop) (result eventstore.Result, err error) {
	if !s.ready.Load() {
		return eventstore.Result{}, errNotReady
	}
	ctx, cancel := context.WithTimeout(ctx, addTimeout)
	defer cancel()
	first := 0
	for part := range slices.Chunk(rows, chunk) {
		err := try(ctx, func() error { return s.store.Insert(ctx, part, Token(part)) })
		switch {
		case err == nil:
			result.Added += len(part)
		case analytics.Retryable(err):
			return eventstore.Result{}, fmt.Errorf("ClickHouse: %w", connection.Reason(err))
		default:
			if err := s.reject(ctx, err); err != nil {
				return eventstore.Result{}, err
			}
			for n := range part {
				result.Refused = append(result.Refused, eventstore.Refusal{Row: first + n, Reason: Rejected, Err: errRejected})
			}
		}
		first += len(part)
	}
	if err := s.drop(ctx, rows, drops); err != nil {
		return eventstore.Result{}, fmt.Errorf("ClickHouse: %w", connection.Reason(err))
	}
	return result, nil
}

// reject tells of events that cannot be written. It returns an error if that is the fault
// of the user or the tables: then senders keep their events until somebody has corrected
// that.
func (s *Store) reject(ctx context.Context, cause error) error {
	why := connection.Reason(cause)
	if err := s.Check(ctx); err != nil {
		return err
	}
	if e, is := errors.AsType[*clickhouse.Exception](cause); is {
		if _, known := s.server.Problem(int(e.Code)); known { // somebody has corrected it since
			return fmt.Errorf("ClickHouse: %w", why)
		}
	}
	s.cfg.Report(fmt.Errorf("ClickHouse rejects events: %w", why))
	return nil
}

// try does something again while the error may pass and the time lasts.
func try(ctx context.Context, do func() error) error {
	for pause := firstPause; ; pause *= 2 {
		err := do()
		if err == nil || !analytics.Retryable(err) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// Token is that of a batch: the same events in the same order have the same one.
func Token(rows []event.Row) string {
	h := sha256.New()
	for n := range rows {
		h.Write(rows[n].ID[:])
	}
	return "fleet-" + hex.EncodeToString(h.Sum(nil))
}

// drop counts what others dropped. A push without any event has nothing that it could be
// told from others by: sent again, its drops count again.
func (s *Store) drop(ctx context.Context, rows []event.Row, drops []eventstore.Drop) error {
	if len(drops) == 0 {
		return nil
	}
	token := "fleet-drops-" + rand.Text()
	if len(rows) > 0 {
		token = "fleet-drops-" + Token(rows)
	}
	hour := s.cfg.Now().UTC().Truncate(time.Hour)
	list := make([]analytics.Drop, len(drops))
	for n, d := range drops {
		list[n] = dropped(d, hour)
	}
	return try(ctx, func() error { return s.store.InsertDrops(ctx, list, token) })
}

func dropped(d eventstore.Drop, hour time.Time) analytics.Drop {
	return analytics.Drop{Bot: d.Bot, Region: d.Region, Cluster: d.Cluster, Hour: hour, Reason: d.Reason, Events: uint64(d.Events)} //nolint:gosec // a count
}
