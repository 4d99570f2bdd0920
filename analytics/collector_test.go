package analytics_test

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// exportLogs writes events as clickhouseexporter v0.156.0 does: without a token, and with
// the settings of otelcol/overlays/clickhouse.yaml.
func exportLogs(ctx context.Context, conn driver.Conn, rows []event.Row) error {
	settings := analytics.InsertSettings("")
	delete(settings, "insert_deduplication_token")
	batch, err := conn.PrepareBatch(clickhouse.Context(ctx, clickhouse.WithSettings(settings)), `INSERT INTO collector_logs
(Timestamp, TraceId, SpanId, TraceFlags, SeverityText, SeverityNumber, ServiceName, Body, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, LogAttributes, EventName)`)
	if err != nil {
		return err
	}
	defer func() { _ = batch.Close() }()
	for _, r := range rows {
		resource := map[string]string{"service.name": "music"}
		for name, value := range map[string]string{"bot": r.Bot, "region": r.Region, "cluster": r.Cluster, "service.version": r.Version} {
			if value != "" {
				resource[name] = value
			}
		}
		err := batch.Append(r.Time, "", "", uint8(0), "INFO", uint8(9), "music", "A sentence.", "", ordered(resource), "", "argus", "", ordered(nil), ordered(attributes(r)), r.Name)
		if err != nil {
			return err
		}
	}
	return batch.Send()
}

// An ordered map is the same each time it is written, as the exporter's are: the server
// knows a repeated batch by its bytes.
type ordered map[string]string

func (o ordered) Put(key, value any) { o[key.(string)] = value.(string) }

func (o ordered) Iterator() column.MapIterator {
	return &iterator{all: o, keys: slices.Sorted(maps.Keys(o)), at: -1}
}

type iterator struct {
	all  ordered
	keys []string
	at   int
}

func (i *iterator) Next() bool { i.at++; return i.at < len(i.keys) }
func (i *iterator) Key() any   { return i.keys[i.at] }
func (i *iterator) Value() any { return i.all[i.keys[i.at]] }

// attributes are those of the log record of an event, as text.
func attributes(r event.Row) map[string]string {
	all := map[string]string{catalog.AttrRecordUID: r.ID.String()}
	for name, value := range map[string]sql.Null[string]{
		catalog.AttrShard: r.Shard, catalog.AttrGuildSize: r.GuildSize, catalog.AttrType: r.Type, catalog.AttrCommand: r.Command,
		catalog.AttrOutcome: r.Outcome, catalog.AttrErrorType: r.ErrorType, catalog.AttrLocale: r.Locale, catalog.AttrContext: r.Context,
		catalog.AttrInstallation: r.Installation, catalog.AttrUserHash: r.UserHash, catalog.AttrCloseCode: r.CloseCode,
		catalog.AttrInitiator: r.CloseInitiator, catalog.AttrRateLimitScope: r.RateLimitScope, catalog.AttrURLTemplate: r.Route, catalog.AttrMethod: r.Method,
	} {
		if value.Valid {
			all[name] = value.V
		}
	}
	for name, value := range map[string]sql.Null[float64]{
		catalog.AttrReceiptAge: r.ReceiptAge, catalog.AttrAnswerDuration: r.AnswerDuration, catalog.AttrHandlerDuration: r.HandlerDuration,
		catalog.AttrConnectionDuration: r.ConnectionDuration, catalog.AttrRetryAfter: r.RetryAfter, catalog.AttrStartResetAfter: r.SessionStartsReset,
	} {
		if value.Valid {
			all[name] = strconv.FormatFloat(value.V, 'g', -1, 64)
		}
	}
	for name, value := range map[string]sql.Null[uint32]{
		catalog.AttrStartRemaining: r.SessionStartsRemaining, catalog.AttrStartLimit: r.SessionStartsLimit, catalog.AttrStartConcurrency: r.SessionStartsAtOnce,
	} {
		if value.Valid {
			all[name] = strconv.FormatUint(uint64(value.V), 10)
		}
	}
	if r.GuildID.Valid {
		all[catalog.AttrGuildID] = strconv.FormatUint(r.GuildID.V, 10)
	}
	return all
}

// accepting returns a new database with the tables for the Collector.
func accepting(t *testing.T) (context.Context, driver.Conn, *analytics.Store) {
	t.Helper()
	ctx, conn, store := migrated(t)
	for range 2 { // the second time changes nothing
		if err := store.AcceptCollector(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return ctx, conn, store
}

// TestCollectorHasTheSameFigures writes events through the Collector's table, each batch
// twice, and asks all questions.
func TestCollectorHasTheSameFigures(t *testing.T) {
	ctx, conn, store := accepting(t)
	s := figurestest.Sample{Seed: 21, End: time.Now().UTC().Truncate(time.Hour), Span: 46 * time.Hour}
	rows := s.Rows(20_000)
	for n := 0; n < len(rows); n += batchSize {
		for range 2 {
			if err := exportLogs(ctx, conn, rows[n:n+batchSize]); err != nil {
				t.Fatal(err)
			}
		}
	}
	counts(ctx, t, conn, map[string]uint64{"SELECT count() FROM events": uint64(len(rows)), "SELECT count() FROM collector_logs": 0})
	figurestest.Check(t, store, s, rows, figurestest.FirstBot)
	if status, err := store.Status(ctx); err != nil || len(status.Altered) > 0 {
		t.Errorf("status: %+v, %v", status, err)
	}
}

// TestCollectorKeepsEachValue compares both ways, column by column.
func TestCollectorKeepsEachValue(t *testing.T) {
	ctx, conn, _ := accepting(t)
	s := figurestest.Sample{Seed: 22, End: time.Now().UTC().Truncate(time.Hour), Span: time.Hour}
	rows := s.Rows(3000)
	if err := exportLogs(ctx, conn, rows); err != nil {
		t.Fatal(err)
	}
	ctx, direct := database(t, t.Name()+"_direct")
	store := open(t, direct)
	if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
		t.Fatal(err)
	}
	if err := store.Insert(ctx, rows, "a"); err != nil {
		t.Fatal(err)
	}
	columns := strings.TrimSuffix(strings.SplitN(analytics.InsertStatement(), "(", 2)[1], ")")
	counts(ctx, t, direct, map[string]uint64{
		"SELECT count() FROM (SELECT " + columns + " FROM events EXCEPT SELECT " + columns + " FROM " + t.Name() + ".events)": 0,
		"SELECT count() FROM (SELECT " + columns + " FROM " + t.Name() + ".events EXCEPT SELECT " + columns + " FROM events)": 0,
		"SELECT count() FROM " + t.Name() + ".events": uint64(len(rows)),
	})
}

// TestCollectorLeavesOut has logs that are no events, and events that are not as they
// should be.
func TestCollectorLeavesOut(t *testing.T) {
	ctx, conn, _ := accepting(t)
	rows := few(8)
	rows[0].Name = "somebody.else"
	rows[1].Command = some(strings.Repeat("x", 10<<20))
	rows[2].Bot = strings.Repeat("x", 513)
	rows[3].Command = some("\xff")
	rows[4].Time = time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)
	rows[5].Time = time.Date(2106, 1, 1, 0, 0, 0, 0, time.UTC)
	rows[6].HandlerDuration, rows[6].GuildID, rows[6].UserHash = some(-1.0), some(uint64(0)), some("nobody")
	rows[7].ID = event.ID{}
	if err := exportLogs(ctx, conn, rows); err != nil {
		t.Fatal(err)
	}
	counts(ctx, t, conn, map[string]uint64{
		"SELECT count() FROM events": 2,
		"SELECT count() FROM events WHERE handler_duration IS NULL AND guild_id IS NULL AND user_hash IS NULL": 1,
	})
}

// TestCollectorViewHasEveryEvent finds events and attributes that are new in docs/EVENTS.md.
func TestCollectorViewHasEveryEvent(t *testing.T) {
	ctx, conn, _ := accepting(t)
	var view []struct {
		Text string `ch:"text"`
	}
	if err := conn.Select(ctx, &view, "SELECT as_select AS text FROM system.tables WHERE database = currentDatabase() AND name = 'collector_events_view'"); err != nil || len(view) != 1 {
		t.Fatal(view, err)
	}
	want := map[string]bool{}
	for _, e := range catalog.LogEvents() {
		want[e.Name] = true
		for _, a := range e.AttributeNames() {
			want[a] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !strings.Contains(view[0].Text, "'"+name+"'") {
			t.Errorf("the view has no %s", name)
		}
	}
}

// TestCollectorThatStartedFirst has no column EventName in its INSERT, because the exporter
// looks for it only at its start. Without an error all events would be left out.
func TestCollectorThatStartedFirst(t *testing.T) {
	ctx, conn, _ := accepting(t)
	err := conn.Exec(ctx, "INSERT INTO collector_logs (Timestamp, Body) SELECT now64(9), 'A sentence.'")
	if err == nil || !strings.Contains(err.Error(), "restart the Collector") {
		t.Errorf("got %v", err)
	}
}
