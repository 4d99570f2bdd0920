package analytics_test

import (
	"errors"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

// TestAnOlderProgramWithANewerTable still writes and reads: a later version adds columns
// that have defaults. It changes nothing of the schema.
func TestAnOlderProgramWithANewerTable(t *testing.T) {
	ctx, conn, store := migrated(t)
	for _, later := range []string{
		"ALTER TABLE events ADD COLUMN later LowCardinality(Nullable(String)) AFTER event, ADD COLUMN last String DEFAULT 'x'",
		"ALTER TABLE hourly_commands ADD COLUMN later SimpleAggregateFunction(sum, UInt64)",
		"INSERT INTO schema_versions SELECT 2, now64(3) + 1, raw_days, hourly_days, object, structure, definition FROM schema_versions",
	} {
		if err := conn.Exec(ctx, later); err != nil {
			t.Fatal(err)
		}
	}
	rows := few(100)
	if err := store.Insert(ctx, rows, "a"); err != nil {
		t.Fatal(err)
	}
	w := figures.Window{Bot: figurestest.FirstBot, From: rows[99].Time, To: rows[0].Time.Add(time.Second)}
	trend, err := store.Trend(ctx, w.Hours(), nil, nil, time.Hour)
	if err != nil || len(trend) != 1 || trend[0].Runs != 100 {
		t.Errorf("got %+v, %v", trend, err)
	}
	counts(ctx, t, conn, map[string]uint64{"SELECT count() FROM events WHERE later IS NULL AND last = 'x'": 100})
	if newer, is := errors.AsType[*analytics.NewerError](store.Migrate(ctx, analytics.DefaultRetention())); !is || newer.Found != 2 {
		t.Errorf("migrate: %v", newer)
	}
}
