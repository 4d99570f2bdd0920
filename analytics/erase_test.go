package analytics_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

func TestEraseGuild(t *testing.T) {
	ctx, conn, store := migrated(t)
	batch := few(300)
	for n := range batch {
		batch[n].Bot = []string{figurestest.FirstBot, figurestest.SecondBot}[n%2]
		switch n % 3 {
		case 0:
			batch[n].GuildID = some(uint64(figurestest.GuildBase))
		case 1:
			batch[n].GuildID = some(uint64(figurestest.GuildBase + 1))
		case 2:
			batch[n].GuildID = sql.Null[uint64]{}
		}
	}
	if err := store.Insert(ctx, batch, "a"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint64{100, 0} {
		if events, err := store.EraseGuild(ctx, figurestest.GuildBase); err != nil || events != want {
			t.Fatalf("%d events were erased, %v; want %d", events, err, want)
		}
	}
	counts(ctx, t, conn, map[string]uint64{inEvents: 200, inGuilds: 200, inDays: 200, inHourly: 300})
	// No column of any table has the id, whatever its name.
	for _, table := range []string{"events", "hourly_commands", "hourly_clusters", "hourly_guilds", "daily_guilds", "hourly_audience", "ingest"} {
		query := "SELECT count() FROM " + table + " WHERE position(toString(tuple(*)), '1200000000000000001') > 0"
		if n := number(ctx, t, conn, query); n != 0 {
			t.Errorf("%s has the guild in %d rows", table, n)
		}
	}
	if _, err := store.EraseGuild(ctx, 0); err == nil {
		t.Error("0 was accepted")
	}
	if status, err := store.Status(ctx); err != nil || len(status.Altered) > 0 {
		t.Errorf("status: %+v, %v", status, err)
	}
}

// TestNoOtherTableHasGuilds finds a table that a later version adds.
func TestNoOtherTableHasGuilds(t *testing.T) {
	ctx, conn, _ := migrated(t)
	counts(ctx, t, conn, map[string]uint64{
		`SELECT count() FROM system.columns WHERE database = currentDatabase() AND name LIKE '%guild%'
AND table NOT LIKE '%_view' AND table NOT IN ('events', 'hourly_guilds', 'daily_guilds')`: 0,
		`SELECT count() FROM system.columns WHERE database = currentDatabase() AND name = 'guild_id'
AND table IN ('events', 'hourly_guilds', 'daily_guilds')`: 3,
	})
}

// TestEraseErrorsHaveNoID has an error that somebody logs.
func TestEraseErrorsHaveNoID(t *testing.T) {
	ctx, conn, _ := migrated(t)
	for _, at := range []string{"SELECT count()", "DELETE"} {
		_, err := open(t, interrupted{conn, at}).EraseGuild(ctx, figurestest.GuildBase)
		if !errors.Is(err, errInterrupted) {
			t.Fatalf("at %s: got %v", at, err)
		}
		if strings.Contains(err.Error(), "1200000000000000001") {
			t.Errorf("at %s: the error has the id: %v", at, err)
		}
	}
}
