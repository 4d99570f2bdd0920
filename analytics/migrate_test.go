package analytics_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
)

func TestMigrateAgainChangesNothing(t *testing.T) {
	ctx, conn, store := migrated(t)
	before := number(ctx, t, conn, "SELECT count() FROM schema_versions")
	if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
		t.Fatal(err)
	}
	if after := number(ctx, t, conn, "SELECT count() FROM schema_versions"); after != before || before == 0 {
		t.Errorf("schema_versions has %d rows, and had %d", after, before)
	}
	status, err := store.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if status.Version != 1 || status.Latest != 1 || len(status.Altered) > 0 || status.Applied.IsZero() || status.Retention != analytics.DefaultRetention() {
		t.Errorf("status: %+v", status)
	}
}

// interrupted is a connection that breaks at the first statement with a text.
type interrupted struct {
	driver.Conn
	at string
}

var errInterrupted = errors.New("the connection broke")

func (c interrupted) Exec(ctx context.Context, query string, args ...any) error {
	if strings.Contains(query, c.at) {
		return errInterrupted
	}
	return c.Conn.Exec(ctx, query, args...)
}

func (c interrupted) Select(ctx context.Context, into any, query string, args ...any) error {
	if strings.Contains(query, c.at) {
		return errInterrupted
	}
	return c.Conn.Select(ctx, into, query, args...)
}

func TestMigrateGoesOnWhereItWasInterrupted(t *testing.T) {
	ctx, conn := fresh(t)
	for _, at := range []string{"TABLE IF NOT EXISTS hourly_guilds", "VIEW IF NOT EXISTS ingest_view", "MODIFY TTL", "INSERT INTO schema_versions"} {
		err := open(t, interrupted{conn, at}).Migrate(ctx, analytics.DefaultRetention())
		if !errors.Is(err, errInterrupted) {
			t.Fatalf("at %s: %v", at, err)
		}
		status, err := open(t, conn).Status(ctx)
		if err != nil || status.Version != 0 {
			t.Errorf("at %s: version %d, %v; want 0", at, status.Version, err)
		}
	}
	store := open(t, conn)
	if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
		t.Fatal(err)
	}
	if status, err := store.Status(ctx); err != nil || status.Version != 1 || len(status.Altered) > 0 {
		t.Errorf("status: %+v, %v", status, err)
	}
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	ctx, conn, store := migrated(t)
	err := conn.Exec(ctx, "INSERT INTO schema_versions SELECT 2, now64(3) + 1, raw_days, hourly_days, object, structure, definition FROM schema_versions")
	if err != nil {
		t.Fatal(err)
	}
	err = store.Migrate(ctx, analytics.DefaultRetention())
	if newer, is := errors.AsType[*analytics.NewerError](err); !is || newer.Found != 2 || newer.Known != 1 {
		t.Fatalf("got %v", err)
	}
	if want := "analytics: migrate: the schema has version 2 and this program knows up to 1: use a newer version of it"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestMigrateRefusesWhatSomebodyAltered(t *testing.T) {
	for name, c := range map[string]struct {
		alter []string
		want  []string
	}{
		"Type":   {[]string{"ALTER TABLE events MODIFY COLUMN retry_after Nullable(Float64)"}, []string{"events has no more: column retry_after Nullable(Float32)", "events has now: column retry_after Nullable(Float64)"}},
		"Added":  {[]string{"ALTER TABLE hourly_guilds ADD COLUMN mine String"}, []string{"hourly_guilds has now: column mine String"}},
		"Gone":   {[]string{"ALTER TABLE events DROP COLUMN route"}, []string{"events has no more: column route LowCardinality(Nullable(String))"}},
		"Table":  {[]string{"DROP TABLE ingest"}, []string{"ingest is missing"}},
		"Clamp":  {[]string{"ALTER TABLE events MODIFY COLUMN received DateTime('UTC') DEFAULT toDateTime(0, 'UTC')"}, []string{"events has no more: column received DateTime('UTC') DEFAULT now()", "events has now: column received DateTime('UTC') DEFAULT toDateTime(0, 'UTC')"}},
		"Sum":    {[]string{"DROP VIEW ingest_view", "CREATE MATERIALIZED VIEW ingest_view TO ingest AS SELECT bot, received AS hour, region, cluster, 'taken' AS result, 'on_time' AS reason, 1 AS events FROM events"}, []string{"ingest_view has another query"}},
		"Engine": {[]string{"DROP TABLE ingest", "CREATE TABLE ingest AS events ENGINE = MergeTree ORDER BY time"}, []string{"ingest has no more: engine SummingMergeTree"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, conn := database(t, "altered_"+name)
			store := open(t, conn)
			if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
				t.Fatal(err)
			}
			for _, alter := range c.alter {
				if err := conn.Exec(ctx, alter); err != nil {
					t.Fatal(err)
				}
			}
			// Another retention, so that there is something to do.
			err := store.Migrate(ctx, analytics.Retention{RawDays: 1, HourlyDays: 2})
			altered, is := errors.AsType[*analytics.AlteredError](err)
			if !is {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !slices.Contains(altered.Alterations, want) {
					t.Errorf("no %q in %q", want, altered.Alterations)
				}
			}
			status, err := store.Status(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(status.Altered, altered.Alterations) || status.Retention != analytics.DefaultRetention() {
				t.Errorf("status: %+v", status)
			}
		})
	}
}

func TestMigrateLeavesOthersTablesAlone(t *testing.T) {
	ctx, conn := fresh(t)
	if err := conn.Exec(ctx, "CREATE TABLE events (what String) ENGINE = MergeTree ORDER BY what"); err != nil {
		t.Fatal(err)
	}
	err := open(t, conn).Migrate(ctx, analytics.DefaultRetention())
	if err == nil || !strings.Contains(err.Error(), "there is a table events that this program did not make: use another database") {
		t.Errorf("got %v", err)
	}
	if n := number(ctx, t, conn, "SELECT count() FROM system.tables WHERE database = currentDatabase()"); n != 1 {
		t.Errorf("%d tables, want 1", n)
	}
}

func TestCreateDatabaseRefusesNames(t *testing.T) {
	for _, name := range []string{"", "1st", "a b", "x`; DROP DATABASE y", "bücher", strings.Repeat("a", 65)} {
		if err := analytics.CreateDatabase(t.Context(), nil, name); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}
