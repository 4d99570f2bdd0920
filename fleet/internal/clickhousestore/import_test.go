package clickhousestore_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/fleet/internal/clickhousestore"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

const aDay = 24 * time.Hour

// archive makes a file with events that arrived at a time, and drops.
func archive(t *testing.T, rows []event.Row, at time.Time, drops ...eventstore.Drop) *eventstore.Archive {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.db")
	store, err := eventstore.Open(eventstore.Config{
		File: file, Retention: 90 * aDay, Hourly: 730 * aDay, MaxEvents: 1_000_000, Now: func() time.Time { return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	result, err := store.Add(t.Context(), rows, drops...)
	if err = errors.Join(err, store.Close()); err != nil || len(result.Refused) > 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	a, err := eventstore.OpenArchive(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// TestImport: every question is answered from ClickHouse as by plain Go over the events of
// the file, though the import was interrupted, the server was killed between its days, and
// it was done twice.
func TestImport(t *testing.T) {
	ctx, s := migrated(t)
	of, rows := sample(25_000) // more than an INSERT has, on a day
	drop := eventstore.Drop{Bot: figurestest.FirstBot, Region: "eu", Cluster: "1", Reason: "invalid", Events: 7}
	from := archive(t, rows, time.Now(), drop)

	interrupted, cancel := context.WithCancel(ctx)
	if err := s.Import(interrupted, from, func(clickhousestore.ImportedDay) { cancel() }); err == nil {
		t.Fatal("the import did not end with its context")
	}
	killed := false
	for try := range 3 { // the one with the kill may fail
		var days, events int64
		err := s.Import(ctx, from, func(d clickhousestore.ImportedDay) {
			if !killed {
				killed = true
				if err := s.server.Kill(); err != nil {
					t.Error(err)
				}
			}
			if days++; d.TooOld {
				t.Errorf("%+v is too old", d)
			}
			events += d.Events
		})
		if err != nil && try > 0 {
			t.Fatal(err)
		}
		if err == nil && (days != int64(len(from.Days())) || events != int64(len(rows))) {
			t.Errorf("it told of %d days and %d events", days, events)
		}
	}
	figurestest.Check(t, s, of, rows, figurestest.FirstBot)

	var drops []struct {
		Events uint64 `ch:"events"`
	}
	if err := s.conn.Select(ctx, &drops, "SELECT sum(events) AS events FROM ingest WHERE reason = 'invalid'"); err != nil || drops[0].Events != 7 {
		t.Errorf("%v events dropped, %v; want 7", drops, err)
	}
}

// TestImportKeepsArrivals: what arrived long ago expires with its time, and late events of
// then are late ones.
func TestImportKeepsArrivals(t *testing.T) {
	ctx, s := migrated(t)
	at := time.Now().UTC().Truncate(aDay).Add(-30*aDay + 12*time.Hour)
	_, rows := sample(3)
	for n, age := range []time.Duration{time.Minute, 10 * aDay, time.Hour} {
		rows[n].Time = at.Add(-age)
	}
	if err := s.Import(ctx, archive(t, rows, at), func(clickhousestore.ImportedDay) {}); err != nil {
		t.Fatal(err)
	}
	var got []struct {
		Events uint64 `ch:"events"`
		Late   uint64 `ch:"late"`
	}
	const query = "SELECT count() AS events, countIf(day > toDate(time, 'UTC')) AS late FROM events WHERE abs(dateDiff('s', received, {at:DateTime('UTC')})) <= 1"
	if err := s.conn.Select(ctx, &got, strings.Replace(query, "{at:DateTime('UTC')}", "toDateTime('"+at.Format(time.DateTime)+"', 'UTC')", 1)); err != nil || got[0].Events != 3 || got[0].Late != 1 {
		t.Errorf("%+v, %v; want 3 and 1", got, err)
	}
}

// TestImportOfOldDays: what the tables would not keep is told, and not written.
func TestImportOfOldDays(t *testing.T) {
	ctx, s := migrated(t)
	_, rows := sample(2)
	at := time.Now().Add(-100 * aDay)
	rows[0].Time, rows[1].Time = at, at.Add(-aDay)
	var days []clickhousestore.ImportedDay
	if err := s.Import(ctx, archive(t, rows, at), func(d clickhousestore.ImportedDay) { days = append(days, d) }); err != nil {
		t.Fatal(err)
	}
	if len(days) != 2 || !days[0].TooOld || !days[1].TooOld || days[0].Events != 1 {
		t.Errorf("it told of %+v", days)
	}
	if bots, err := s.Bots(ctx); err != nil || len(bots) > 0 {
		t.Errorf("ClickHouse has %+v, %v", bots, err)
	}
}

// TestImportOfDifferentSums: events that ClickHouse has from other batches count once, and
// it is told that their sums do not.
func TestImportOfDifferentSums(t *testing.T) {
	ctx, s := migrated(t)
	_, rows := sample(1000)
	s.add(ctx, t, rows[:500])
	err := s.Import(ctx, archive(t, rows, time.Now()), func(clickhousestore.ImportedDay) {})
	if err == nil || !strings.Contains(err.Error(), "hourly_check") || !strings.Contains(err.Error(), figurestest.FirstBot) {
		t.Errorf("%v", err)
	}
}

func TestImportWithoutTables(t *testing.T) {
	ctx, s := open(t)
	_, rows := sample(10)
	err := s.Import(ctx, archive(t, rows, time.Now()), func(clickhousestore.ImportedDay) { t.Error("it told of a day") })
	if err == nil || !strings.Contains(err.Error(), "run argus-analytics migrate") {
		t.Error(err)
	}
}
