package eventstore_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

func openArchive(t *testing.T, file string) *eventstore.Archive {
	t.Helper()
	a, err := eventstore.OpenArchive(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// TestArchive: each event comes out as it went in, to the millisecond and with the precision
// of a float32, which is ClickHouse's, and so do drops.
func TestArchive(t *testing.T) {
	now := time.Now()
	cfg := config(t)
	cfg.Now = func() time.Time { return now }
	s := open(t, cfg)
	rows := sample(46 * time.Hour).Rows(5000)
	add(t, s, rows)
	drops := []eventstore.Drop{
		{Bot: "a", Region: "eu", Cluster: "1", Reason: "invalid", Events: 7},
		{Bot: "a", Reason: "queue_full", Events: 1},
	}
	if _, err := s.Add(t.Context(), nil, drops...); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	want := map[event.ID]event.Row{}
	oldest := now
	for _, r := range rows {
		r.Time = r.Time.Truncate(time.Millisecond).UTC()
		for _, d := range []*float64{&r.ReceiptAge.V, &r.AnswerDuration.V, &r.HandlerDuration.V} {
			*d = float64(float32(*d))
		}
		want[r.ID] = r
		if kept := now.Add(-48 * time.Hour).Truncate(days); r.Time.Before(oldest) && !r.Time.Before(kept) { // no late one
			oldest = r.Time
		}
	}
	a := openArchive(t, cfg.File)
	var all int64
	for _, d := range a.Days() {
		var n int64
		err := a.Events(t.Context(), d.Day, 700, func(part []event.Row, received []time.Time) error {
			if len(part) == 0 || len(part) > 700 || len(received) != len(part) {
				t.Errorf("%d events, %d arrivals", len(part), len(received))
			}
			for i, r := range part {
				if w := want[r.ID]; r != w {
					t.Errorf("got %+v, want %+v", r, w)
				}
				if !received[i].Equal(now.Truncate(time.Millisecond)) {
					t.Errorf("it arrived at %v, want %v", received[i], now)
				}
				delete(want, r.ID)
			}
			n += int64(len(part))
			return nil
		})
		if err != nil || n != d.Events {
			t.Errorf("%v: %d events, want %d, %v", d.Day, n, d.Events, err)
		}
		all += n
	}
	if all != int64(len(rows)) || len(want) > 0 {
		t.Errorf("%d events, and %d are missing", all, len(want))
	}
	if since, err := a.SumsSince(t.Context()); err != nil || !since.Equal(oldest.Truncate(time.Hour)) {
		t.Errorf("sums since %v, %v; want %v", since, err, oldest)
	}
	got, err := a.Drops(t.Context(), now)
	hour := now.UTC().Truncate(time.Hour)
	if wanted := []eventstore.PastDrop{{Drop: drops[1], Hour: hour}, {Drop: drops[0], Hour: hour}}; err != nil || !reflect.DeepEqual(got, wanted) {
		t.Errorf("%+v, %v; want %+v", got, err, wanted)
	}
	if got, err := a.Drops(t.Context(), now.AddDate(0, 0, -3)); err != nil || len(got) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	stop := errors.New("stop")
	if err := a.Events(t.Context(), a.Days()[0].Day, 10, func([]event.Row, []time.Time) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if days := a.Days(); len(days) < 2 || !slices.IsSortedFunc(days, func(a, b eventstore.Day) int { return a.Day.Compare(b.Day) }) {
		t.Error(days)
	}
}

// TestArchiveOfAKilledFleet: what is only in the log of the file is read, too.
func TestArchiveOfAKilledFleet(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	defer closeStore(t, s)
	add(t, s, sample(time.Hour).Rows(100))
	left := filepath.Join(t.TempDir(), "events.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(cfg.File + suffix)
		if err == nil {
			err = os.WriteFile(left+suffix, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var n int64
	for _, d := range openArchive(t, left).Days() {
		n += d.Events
	}
	if n != 100 {
		t.Errorf("%d events, want 100", n)
	}
}

// TestArchiveAlone: a file has a store or an archive.
func TestArchiveAlone(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	add(t, s, sample(time.Hour).Rows(10))
	if _, err := eventstore.OpenArchive(t.Context(), cfg.File); !errors.Is(err, eventstore.ErrInUse) || !strings.Contains(err.Error(), cfg.File) {
		t.Errorf("the archive was opened beside the store: %v", err)
	}
	closeStore(t, s)
	a, err := eventstore.OpenArchive(t.Context(), cfg.File)
	if err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file://"+(&url.URL{Path: cfg.File}).EscapedPath()) // without the store's patience
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), "SELECT * FROM days"); err == nil {
		t.Error("the file was read beside the archive")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, open(t, cfg))
}

func TestArchiveErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for file, want := range map[string]string{
		filepath.Join(dir, "missing.db"):                      "does not exist",
		write("empty.db", ""):                                 "has no tables yet",
		write("text.db", strings.Repeat("no database\n", 99)): "cannot be read",
	} {
		a, err := eventstore.OpenArchive(context.Background(), file)
		if err == nil {
			_ = a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "missing.db")); err == nil {
		t.Error("it was made")
	}
}
