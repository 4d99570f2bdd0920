package analytics_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

// TestReader compares each answer about 100,000 events with the same figures, computed
// from the events.
func TestReader(t *testing.T) {
	ctx, conn, store := migrated(t)
	// What is written twice stays there twice, whatever the server does beside.
	if err := conn.Exec(ctx, "SYSTEM STOP MERGES"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Exec(context.Background(), "SYSTEM START MERGES"); err != nil {
			t.Error(err)
		}
	})
	s := figurestest.Sample{Seed: 1, End: time.Now().UTC().Truncate(time.Hour), Span: 46 * time.Hour}
	rows := s.Rows(100_000)
	write(ctx, t, store, rows)
	t.Run("First", func(t *testing.T) { figurestest.Check(t, store, s, rows, figurestest.FirstBot) })
	// Its events are there twice, which questions about single events do not count.
	t.Run("Second", func(t *testing.T) {
		figurestest.Check(t, store, s, rows, figurestest.SecondBot, figures.Bots, figures.GuildsHit, figures.Users, figures.Guild)
	})
	t.Run("HourlyCheck", func(t *testing.T) { hourlyCheck(t, ctx, store, s) })
	t.Run("Nobody", func(t *testing.T) { nobody(t, store, s) })
}

func hourlyCheck(t *testing.T, ctx context.Context, store *analytics.Store, s figurestest.Sample) { //nolint:revive // t is first everywhere here
	of := func(bot string) []analytics.HourlyDifference {
		t.Helper()
		hours, err := store.HourlyCheck(ctx, figures.Window{Bot: bot, From: s.End.Add(-22 * time.Hour), To: s.End})
		if err != nil {
			t.Fatal(err)
		}
		return hours
	}
	if hours := of(figurestest.FirstBot); len(hours) > 0 {
		t.Errorf("the hourly tables differ: %v", hours)
	}
	hours := of(figurestest.SecondBot)
	if len(hours) != 22 {
		t.Errorf("%d hours of the bot whose events have two ways, want 22", len(hours))
	}
	for _, h := range hours {
		if h.Sums != 2*h.Events {
			t.Errorf("%+v", h)
		}
	}
}

// nobody asks about a bot without events: answers are empty lists.
func nobody(t *testing.T, store figures.Reader, s figurestest.Sample) {
	w := figures.Window{Bot: "nobody", From: s.End.AddDate(0, 0, -2), To: s.End}
	for name, ask := range figurestest.Ask(t.Context(), store, w) {
		answer, err := ask()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, err := json.Marshal(answer); err != nil || string(text) != "[]" {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}

// TestEveryQuestionHasAQuery finds questions without a file, and files without a question.
func TestEveryQuestionHasAQuery(t *testing.T) {
	want := []string{"hourly_check"}
	for _, q := range figurestest.All() {
		want = append(want, string(q))
	}
	if slices.Sort(want); !slices.Equal(want, analytics.Queries()) {
		t.Errorf("there are %q, want %q", analytics.Queries(), want)
	}
	if text := open(t, nil).Text("nothing"); text != "" {
		t.Errorf("an unknown question has the text %q", text)
	}
}

// TestActiveGuildsAreAbsentWithoutIDs has events as they are by default.
func TestActiveGuildsAreAbsentWithoutIDs(t *testing.T) {
	ctx, _, store := migrated(t)
	rows := few(100)
	for n := range rows {
		rows[n].GuildID.Valid, rows[n].UserHash.Valid = false, false
	}
	if err := store.Insert(ctx, rows, "a"); err != nil {
		t.Fatal(err)
	}
	w := figures.Window{Bot: figurestest.FirstBot, From: rows[99].Time.Truncate(24 * time.Hour), To: rows[0].Time}
	if days, err := store.Growth(ctx, w); err != nil || len(days) != 1 || days[0].Interactions != 100 || days[0].ActiveGuilds != nil {
		t.Errorf("growth: %+v, %v", days, err)
	}
	if days, err := store.Users(ctx, w); err != nil || len(days) != 1 || days[0].Users != nil {
		t.Errorf("users: %+v, %v", days, err)
	}
	if sizes, err := store.Sizes(ctx, w); err != nil || len(sizes) != 0 {
		t.Errorf("sizes: %+v, %v", sizes, err)
	}
	if bots, err := store.Bots(ctx); err != nil || len(bots) != 1 || bots[0].GuildIDs {
		t.Errorf("bots: %+v, %v", bots, err)
	}
}

func TestReaderRefusesBadParameters(t *testing.T) {
	store, w := open(t, nil), figures.Window{To: time.Now()}
	for want, ask := range map[string]func() error{
		"the step 0s is not a number of whole hours":    func() error { _, err := store.Trend(t.Context(), w, nil, nil, 0); return err },
		"the step 1m30s is not a number of whole hours": func() error { _, err := store.GuildTrend(t.Context(), w, 1, 90*time.Second); return err },
		"the limit 0 is not at least 1":                 func() error { _, _, err := store.GuildsHit(t.Context(), w, 0); return err },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestQueryErrors names the question, and has no parameter of it.
func TestQueryErrors(t *testing.T) {
	ctx, conn := fresh(t)
	w := figures.Window{Bot: "secret", From: time.Now().Add(-time.Hour), To: time.Now()}
	_, err := open(t, conn).Guild(ctx, w, figurestest.GuildBase)
	if failed, is := errors.AsType[*analytics.QueryError](err); !is || failed.Question != figures.Guild || !strings.Contains(err.Error(), "run argus-analytics status") {
		t.Errorf("got %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, cancelled := open(t, conn).Guild(gone, w, figurestest.GuildBase)
	for _, err := range []error{err, cancelled} {
		if err == nil || strings.Contains(err.Error(), "1200000000000000001") || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v", err)
		}
	}
}
