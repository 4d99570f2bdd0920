package eventstore_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

// TestLarge measures a store with as many events as EVENTS_LARGE says, of 90 days: bytes,
// events a second, and the time of each question. docs/FLEET.md has the results.
func TestLarge(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("EVENTS_LARGE"))
	if err != nil {
		t.Skip("EVENTS_LARGE is no number of events")
	}
	now := time.Now()
	end := now.UTC().Truncate(days)
	cfg := config(t)
	cfg.Now, cfg.MaxEvents = func() time.Time { return now }, int64(n)+1
	s := open(t, cfg)
	defer closeStore(t, s)
	const span = 90
	var spent time.Duration
	for at, rows := range (figurestest.Stream{End: end, Days: span, Events: n, Batch: 1000}).Batches() {
		now = at
		began := time.Now()
		if _, err := s.Add(context.Background(), rows); err != nil {
			t.Fatal(err)
		}
		spent += time.Since(began)
	}
	stats := s.Stats()
	t.Logf("%d events: %.0f a second, %.0f bytes each", stats.Events, float64(n)/spent.Seconds(), float64(stats.Bytes)/float64(stats.Events))
	month := figures.Window{Bot: figurestest.FirstBot, From: end.Add(-30 * days), To: end}
	all := figures.Window{Bot: figurestest.FirstBot, From: end.Add(-span * days), To: end}
	incident := figures.Window{Bot: figurestest.FirstBot, From: end.Add(-5 * time.Hour), To: end.Add(-3 * time.Hour)}
	v1, command := "v1", "command 7"
	for _, one := range []struct {
		name string
		ask  func(context.Context) error
	}{
		{"bots", func(ctx context.Context) error { _, err := s.Bots(ctx); return err }},
		{"commands, 30 days", func(ctx context.Context) error { _, err := s.Commands(ctx, month, nil); return err }},
		{"commands of a version, 30 days", func(ctx context.Context) error { _, err := s.Commands(ctx, month, &v1); return err }},
		{"trend, 90 days by 6 h", func(ctx context.Context) error { _, err := s.Trend(ctx, all, nil, nil, 6*time.Hour); return err }},
		{"trend of a command, 90 days by 6 h", func(ctx context.Context) error { _, err := s.Trend(ctx, all, &command, nil, 6*time.Hour); return err }},
		{"breakdown, 30 days", func(ctx context.Context) error { _, err := s.Breakdown(ctx, month, command); return err }},
		{"versions, 90 days", func(ctx context.Context) error { _, err := s.Versions(ctx, all); return err }},
		{"release, 30 days", func(ctx context.Context) error { _, err := s.Release(ctx, month, "v1", "v2"); return err }},
		{"guilds hit, 2 h", func(ctx context.Context) error {
			hits, _, err := s.GuildsHit(ctx, incident, 100)
			if err == nil && len(hits) == 0 {
				err = errors.New("no guild was hit")
			}
			return err
		}},
		{"growth, 90 days", func(ctx context.Context) error { _, err := s.Growth(ctx, all); return err }},
		{"sizes, 30 days", func(ctx context.Context) error { _, err := s.Sizes(ctx, month); return err }},
		{"audience, 30 days", func(ctx context.Context) error { _, err := s.Audience(ctx, month); return err }},
		{"users, 90 days", func(ctx context.Context) error { _, err := s.Users(ctx, all); return err }},
		{"a guild, 30 days", func(ctx context.Context) error { _, err := s.Guild(ctx, month, figurestest.GuildBase); return err }},
		{"trend of a guild, 90 days", func(ctx context.Context) error {
			_, err := s.GuildTrend(ctx, all, figurestest.GuildBase, days)
			return err
		}},
		{"ingest, 30 days", func(ctx context.Context) error { _, err := s.Ingest(ctx, month); return err }},
	} {
		began := time.Now()
		if err := one.ask(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%-36s %v", one.name, time.Since(began).Round(time.Microsecond))
	}
}
