package analytics_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/internal/catalog"
)

func TestEachEventCountsOnceThroughKills(t *testing.T) {
	throughKills(t, load{writers: 4, batches: 10, size: 5000})
}

// TestLargeEachEventCountsOnce writes 10 million events.
func TestLargeEachEventCountsOnce(t *testing.T) {
	large(t)
	throughKills(t, load{writers: 20, batches: 50, size: 10_000})
}

// A load is what writers write: each its batches, one after the other.
type load struct{ writers, batches, size int }

// throughKills has writers repeat a batch until it is accepted, while the server is killed
// twice. Each event counts once then, in each table.
func throughKills(t *testing.T, l load) {
	ctx, server, conn, store := own(t)
	s := figurestest.Sample{Seed: 11, End: time.Now().UTC().Truncate(time.Hour), Span: 46 * time.Hour}
	rows := s.Rows(l.size)

	all := int64(l.writers * l.batches)
	var done, repeated atomic.Int64
	kill := make(chan struct{}, 2)
	begun := time.Now()
	var group sync.WaitGroup
	for writer := range l.writers {
		group.Go(func() {
			for batch := range l.batches {
				again, err := insist(ctx, store, of(rows, writer, batch), fmt.Sprintf("%d/%d", writer, batch))
				repeated.Add(again)
				if err != nil {
					t.Error(err)
					return
				}
				if n := done.Add(1); n == all/3 || n == 2*all/3 {
					kill <- struct{}{}
				}
			}
		})
	}
	go func() { group.Wait(); close(kill) }()
	kills := 0
	for range kill {
		kills++
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	took := time.Since(begun)
	if kills != 2 || repeated.Load() == 0 {
		t.Fatalf("%d kills, %d batches repeated", kills, repeated.Load())
	}

	interactions, guilds := 0, 0
	for _, r := range rows {
		switch r.Name {
		case catalog.EventInteractionCompleted.Name:
			interactions++
		case catalog.EventGuildJoined.Name, catalog.EventGuildLeft.Name, catalog.EventGuildUnavailable.Name:
			guilds++
		}
	}
	written, runs, changes := uint64(all)*uint64(l.size), uint64(all)*uint64(interactions), uint64(all)*uint64(guilds)
	counts(ctx, t, conn, map[string]uint64{
		"SELECT count() FROM events":             written,
		"SELECT uniqExact(event_id) FROM events": written,
		inHourly:                                 runs, inPlaces: runs, inPublic: runs, inGuilds: runs, inDays: runs, inIngest: written,
		"SELECT sum(joins + leaves + outages) FROM hourly_guilds": changes,
		"SELECT sum(joins + leaves + outages) FROM daily_guilds":  changes,
	})
	t.Logf("%d events of %d writers in %v (%.0f/s), 2 kills, %d batches repeated", written, l.writers, took.Round(time.Millisecond), float64(written)/took.Seconds(), repeated.Load())
}

// of returns the rows as another batch, with ids of its own.
func of(rows []event.Row, writer, batch int) []event.Row {
	all := make([]event.Row, len(rows))
	copy(all, rows)
	for n := range all {
		all[n].ID[5] = byte(writer)
		binary.BigEndian.PutUint16(all[n].ID[6:], uint16(batch))
	}
	return all
}

// insist writes a batch until it is accepted, and returns how often it was repeated.
func insist(ctx context.Context, store *analytics.Store, rows []event.Row, token string) (again int64, err error) {
	for {
		err := store.Insert(ctx, rows, token)
		if err == nil {
			return again, nil
		}
		if !analytics.Retryable(err) {
			return again, fmt.Errorf("not retryable: %w", err)
		}
		again++
		select {
		case <-ctx.Done():
			return again, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
