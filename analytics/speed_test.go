package analytics_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

// The events of TestLargeSpeed: those of a bot in 5,000 guilds over 30 days, with 60
// commands, 20 clusters, a new version every 10 days and 100,000 users. The server makes
// them, in so many blocks of each day.
const (
	speedDays   = 30
	speedDaily  = 333_400
	speedBlocks = 4
)

const speedEvents = `INSERT INTO events (time, event, event_id, bot, region, cluster, version, shard, guild_id, guild_size,
    interaction_type, command, outcome, error_type, receipt_age, answer_duration, handler_duration,
    locale, context, installation, user_hash, received)
WITH
    toUInt32(cityHash64(number)) AS h, toUInt32(cityHash64(number, 1)) AS h1,
    toUInt32(cityHash64(number, 2)) AS h2, toUInt32(cityHash64(number, 3)) AS h3,
    pow(h / 4294967296, 3) AS skew, -- some guilds have many events
    h1 % 1000 AS kind, kind >= 8 AS interaction
SELECT
    {day:DateTime64(3, 'UTC')} + toIntervalMillisecond(intDiv((number % {daily:UInt64}) * 86400000, {daily:UInt64})) AS time,
    multiIf(kind < 4, 'discord.guild.joined', kind < 7, 'discord.guild.left', kind < 8, 'discord.guild.unavailable', 'discord.interaction.completed'),
    reinterpretAsUUID(concat(reinterpretAsString(number), reinterpretAsString(toUInt64(1)))),
    'music', if(h2 % 2 = 0, 'eu', 'us'), toString(h3 % 10), {version:String}, toString(h3 % 64),
    1200000000000000000 + toUInt64(skew * 5000),
    ['under_100', '100_to_999', '1000_to_9999', '10000_or_more'][1 + toUInt64(skew * 5000) % 4],
    if(interaction, ['application_command', 'application_command', 'autocomplete', 'message_component'][1 + h2 % 4], NULL),
    if(interaction AND h2 % 4 < 3, concat('command ', toString(toUInt32(pow(h3 / 4294967296, 2) * 60))), NULL),
    if(interaction, ['in_time', 'in_time', 'in_time', 'in_time', 'in_time', 'in_time', 'in_time', 'late', 'rejected', 'answered_elsewhere'][1 + h1 % 10], NULL),
    if(interaction AND h1 % 25 = 0, concat('error ', toString(h2 % 8)), NULL),
    if(interaction, (h % 900) / 1000, NULL), if(interaction, (h1 % 700) / 1000, NULL), if(interaction, 0.01 + 0.3 * pow(h2 / 4294967296, 4), NULL),
    if(interaction, ['en-US', 'de', 'fr', 'ja', 'es-ES', 'pt-BR', 'other', 'ru'][1 + h3 % 8], NULL),
    if(interaction, ['guild', 'guild', 'guild', 'bot_dm'][1 + h3 % 4], NULL),
    if(interaction, ['guild', 'user', 'guild_and_user'][1 + h1 % 3], NULL),
    if(interaction, lower(hex(MD5(toString(toUInt32(skew * 100000))))), NULL),
    toDateTime(time)
FROM numbers({first:UInt64}, {rows:UInt64})`

// TestLargeSpeed prints how long each question takes about all of 10 million events: as
// they arrived, and when each day is one part.
func TestLargeSpeed(t *testing.T) {
	large(t)
	ctx, _, conn, store := own(t)
	end := time.Now().UTC().Truncate(24 * time.Hour)
	w := figures.Window{Bot: "music", From: end.AddDate(0, 0, -speedDays), To: end}
	fill(ctx, t, conn, w)

	names := []string{"bots", "commands", "trend", "trend of a version", "command", "versions", "release", "guilds_hit", "growth", "sizes", "audience", "users", "guild", "guild_trend", "ingest", "hourly_check"}
	arrived := speeds(ctx, t, store, w)
	if err := conn.Exec(ctx, "OPTIMIZE TABLE events FINAL"); err != nil {
		t.Fatal(err)
	}
	merged := speeds(ctx, t, store, w)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tas arrived\teach day one part\t")
	for _, name := range names {
		fmt.Fprintf(table, "%s\t%d ms\t%d ms\t\n", name, arrived[name].Milliseconds(), merged[name].Milliseconds())
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events\n%s", number(ctx, t, conn, "SELECT count() FROM events"), text.String())
}

// fill makes the events of a window.
func fill(ctx context.Context, t *testing.T, conn driver.Conn, w figures.Window) {
	t.Helper()
	const rows = speedDaily / speedBlocks
	for day := range speedDays {
		for block := range speedBlocks {
			err := conn.Exec(ctx, speedEvents, clickhouse.Named("day", w.From.AddDate(0, 0, day)), clickhouse.Named("daily", speedDaily),
				clickhouse.Named("version", fmt.Sprintf("v%d", 1+day/10)), clickhouse.Named("first", day*speedDaily+block*rows), clickhouse.Named("rows", rows))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// speeds returns the shortest of three times that each question takes.
func speeds(ctx context.Context, t *testing.T, store *analytics.Store, w figures.Window) map[string]time.Duration {
	t.Helper()
	half := figures.Window{Bot: w.Bot, From: w.To.AddDate(0, 0, -speedDays/2), To: w.To} // with as much before
	questions := map[string]func() (any, error){
		"bots":               func() (any, error) { return store.Bots(ctx) },
		"commands":           func() (any, error) { return store.Commands(ctx, half, nil) },
		"trend of a version": func() (any, error) { return store.Trend(ctx, w, nil, new("v1"), 24*time.Hour) },
		"release":            func() (any, error) { return store.Release(ctx, w, "v1", "v2") },
		"hourly_check": func() (any, error) {
			hours, err := store.HourlyCheck(ctx, w)
			if err == nil && len(hours) > 0 {
				err = fmt.Errorf("hours differ: %v", hours)
			}
			return hours, err
		},
	}
	for q, ask := range figurestest.Ask(ctx, store, w) {
		if _, is := questions[string(q)]; !is {
			questions[string(q)] = ask
		}
	}
	took := map[string]time.Duration{}
	for name, ask := range questions {
		for try := range 3 {
			begun := time.Now()
			if _, err := ask(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if d := time.Since(begun); try == 0 || d < took[name] {
				took[name] = d
			}
		}
	}
	return took
}
