package eventstore_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const days = 24 * time.Hour

// config is that of a store in a folder of its own.
func config(t *testing.T) eventstore.Config {
	return eventstore.Config{
		File: filepath.Join(t.TempDir(), "a folder?", "events.db"), Retention: 90 * days, Hourly: 730 * days, MaxEvents: 10_000_000, Now: time.Now,
	}
}

func open(t *testing.T, cfg eventstore.Config) *eventstore.Store {
	t.Helper()
	s, err := eventstore.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *eventstore.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// add adds rows in batches, and returns how many were new.
func add(t *testing.T, s *eventstore.Store, rows []event.Row) (added int) {
	t.Helper()
	for batch := range slices.Chunk(rows, 1000) {
		result, err := s.Add(context.Background(), batch)
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Refused) > 0 {
			t.Fatalf("%d events refused: %v", len(result.Refused), result.Refused[0].Err)
		}
		added += result.Added
	}
	return added
}

func sample(span time.Duration) figurestest.Sample {
	return figurestest.Sample{Seed: 1, End: time.Now().UTC().Truncate(time.Hour), Span: span}
}

// TestFigures: every question is answered as by plain Go over the same events, of which
// some are late, early or there again.
func TestFigures(t *testing.T) {
	s := open(t, config(t))
	defer closeStore(t, s)
	of := sample(46 * time.Hour)
	rows := of.Rows(8_000)
	if n := add(t, s, rows[:5_000]); n != 5_000 {
		t.Errorf("%d events are new, want 5000", n)
	}
	if n := add(t, s, rows[4_000:]); n != 3_000 {
		t.Errorf("%d events are new, want 3000: 1000 were there", n)
	}
	t.Run("First", func(t *testing.T) { figurestest.Check(t, s, of, rows, figurestest.FirstBot) })
	// It has too few events for each question about one command.
	few := slices.DeleteFunc(figurestest.All(), func(q figures.Question) bool { return q == figures.Trend })
	t.Run("Second", func(t *testing.T) { figurestest.Check(t, s, of, rows, figurestest.SecondBot, few...) })
}
