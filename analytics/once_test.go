package analytics_test

import (
	"context"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics/figures"
)

const (
	inEvents = "SELECT count() FROM events FINAL"
	inHourly = "SELECT sum(runs) FROM hourly_commands"
	inGuilds = "SELECT sum(interactions) FROM hourly_guilds"
	inDays   = "SELECT sum(interactions) FROM daily_guilds"
	inPlaces = "SELECT sum(runs) FROM hourly_clusters"
	inPublic = "SELECT sum(runs) FROM hourly_audience"
	inIngest = "SELECT sum(events) FROM ingest"
)

func counts(ctx context.Context, t *testing.T, conn driver.Conn, want map[string]uint64) {
	t.Helper()
	for query, n := range want {
		if got := number(ctx, t, conn, query); got != n {
			t.Errorf("%s: %d, want %d", query, got, n)
		}
	}
}

// TestABatchCountsOnceThatFailedHalfway has a table of a view away while a batch is
// written: it is in events then, and the writer is told that it failed.
func TestABatchCountsOnceThatFailedHalfway(t *testing.T) {
	ctx, conn, store := migrated(t)
	batch := few(1000)
	if err := conn.Exec(ctx, "RENAME TABLE hourly_guilds TO away"); err != nil {
		t.Fatal(err)
	}
	if err := store.Insert(ctx, batch, "a"); err == nil {
		t.Fatal("the batch was accepted without one of the tables")
	}
	if err := conn.Exec(ctx, "RENAME TABLE away TO hourly_guilds"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := store.Insert(ctx, batch, "a"); err != nil {
			t.Fatal(err)
		}
		counts(ctx, t, conn, map[string]uint64{"SELECT count() FROM events": 1000, inHourly: 1000, inGuilds: 1000, inDays: 1000, inPlaces: 1000, inPublic: 1000, inIngest: 1000})
	}
}

// TestTheSameRowsInTwoBatches shows that the token decides, not what is in the batch: two
// batches may well be equal but for the ids.
func TestTheSameRowsInTwoBatches(t *testing.T) {
	ctx, conn, store := migrated(t)
	batch := few(10)
	for _, token := range []string{"a", "b"} {
		if err := store.Insert(ctx, batch, token); err != nil {
			t.Fatal(err)
		}
	}
	counts(ctx, t, conn, map[string]uint64{inEvents: 10, inHourly: 20})
	for n := range batch {
		batch[n].ID[0]++
	}
	if err := store.Insert(ctx, batch, "c"); err != nil {
		t.Fatal(err)
	}
	counts(ctx, t, conn, map[string]uint64{inEvents: 20, inHourly: 30})
}

// TestALateEventOfTwoPartitions writes a late event on two days, in different batches. FINAL
// keeps to partitions, as merging does, and so counts it on each.
func TestALateEventOfTwoPartitions(t *testing.T) {
	ctx, conn, store := migrated(t)
	late := time.Now().UTC().AddDate(0, 0, -9).Truncate(time.Millisecond)
	for _, ago := range []int{0, 0, 1} {
		err := conn.Exec(ctx, `INSERT INTO events (time, event, event_id, bot, guild_id, received)
SELECT {late:DateTime64(3, 'UTC')}, 'discord.guild.unavailable', toUUID('00000000-0000-0000-0000-000000000001'), 'first', 7, now() - toIntervalDay({ago:UInt8})`,
			clickhouse.Named("late", late), clickhouse.Named("ago", ago))
		if err != nil {
			t.Fatal(err)
		}
	}
	hits, _, err := store.GuildsHit(ctx, figures.Window{Bot: "first", From: late, To: late.Add(time.Second)}, 1)
	if err != nil || len(hits) != 1 || hits[0].Outages != 2 {
		t.Errorf("got %+v, %v; want 2 of 3", hits, err)
	}
}
