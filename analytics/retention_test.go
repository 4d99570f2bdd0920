package analytics_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
)

func TestRetentionCheck(t *testing.T) {
	for _, good := range []analytics.Retention{analytics.DefaultRetention(), {RawDays: 1, HourlyDays: 1}, {RawDays: 65535, HourlyDays: 65535}} {
		if err := good.Check(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for want, bad := range map[string]analytics.Retention{
		"RawDays is 0: events would be removed at once":                                              {HourlyDays: 730},
		"HourlyDays is 30: the hourly tables would end before the events; use at least RawDays (90)": {RawDays: 90, HourlyDays: 30},
	} {
		store := open(t, nil)
		if err := store.Migrate(t.Context(), bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", bad, err, want)
		}
	}
}

// received writes an interaction of that many days ago, as if it had arrived in time.
func received(ctx context.Context, t *testing.T, conn driver.Conn, days int) {
	t.Helper()
	err := conn.Exec(ctx, `INSERT INTO events (time, event, event_id, bot, received)
SELECT now64(3) - toIntervalDay({days:UInt16}), 'discord.interaction.completed', generateUUIDv4(), 'first', now() - toIntervalDay({days:UInt16})`,
		clickhouse.Named("days", days))
	if err != nil {
		t.Fatal(err)
	}
}

// expire has the server remove what is too old now.
func expire(ctx context.Context, t *testing.T, conn driver.Conn) {
	t.Helper()
	for _, table := range []string{"events", "hourly_commands", "hourly_clusters", "hourly_guilds", "daily_guilds", "hourly_audience", "ingest"} {
		if err := conn.Exec(ctx, "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRetention(t *testing.T) {
	ctx, conn, store := migrated(t)
	for _, days := range []int{1, 89, 92, 700, 732 + 31} {
		received(ctx, t, conn, days)
	}
	expire(ctx, t, conn)
	counts(ctx, t, conn, map[string]uint64{inEvents: 2, inHourly: 4, inGuilds: 4, inDays: 4, inPlaces: 4, inPublic: 4, inIngest: 4})

	shorter := analytics.Retention{RawDays: 30, HourlyDays: 60}
	if err := store.Migrate(ctx, shorter); err != nil {
		t.Fatal(err)
	}
	expire(ctx, t, conn)
	counts(ctx, t, conn, map[string]uint64{inEvents: 1, inHourly: 1, inGuilds: 1, inDays: 1, inPlaces: 1, inPublic: 1, inIngest: 1})
	if status, err := store.Status(ctx); err != nil || status.Retention != shorter || len(status.Altered) > 0 {
		t.Errorf("status: %+v, %v", status, err)
	}
}

// TestAWrongClockKeepsToThePartitions has a clock that is wrong by years: the events live
// as long as others, in partitions of the present.
func TestAWrongClockKeepsToThePartitions(t *testing.T) {
	ctx, conn, _ := migrated(t)
	err := conn.Exec(ctx, `INSERT INTO events (time, event, event_id, bot)
SELECT now64(3) + toIntervalDay(arrayJoin(range(-3000, 3000, 10))), 'discord.interaction.completed', generateUUIDv4(), 'first'`)
	if err != nil {
		t.Fatal(err)
	}
	expire(ctx, t, conn)
	counts(ctx, t, conn, map[string]uint64{inEvents: 600, inHourly: 600})
	for query, most := range map[string]uint64{
		"SELECT uniqExact(day) FROM events":                    3,
		"SELECT uniqExact(_partition_id) FROM events":          3,
		"SELECT uniqExact(_partition_id) FROM hourly_commands": 2,
		"SELECT countIf(abs(today() - day) > 2) FROM events":   0,
	} {
		if n := number(ctx, t, conn, query); n > most {
			t.Errorf("%s: %d, want at most %d", query, n, most)
		}
	}
	counts(ctx, t, conn, map[string]uint64{
		"SELECT uniqExact(toDate(time, 'UTC')) FROM events":     600, // its time is what it says
		"SELECT sum(events) FROM ingest WHERE reason = 'late'":  300,
		"SELECT sum(events) FROM ingest WHERE reason = 'early'": 299,
	})
}
