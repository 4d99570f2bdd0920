package doctor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/chdbtest"
	"github.com/argus-dgo/argus/fleet/internal/ingest"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/clickhousesettings"
	"github.com/argus-dgo/argus/internal/loopback"
)

// pushEvents pushes a record of each name, and returns the status of the answer.
func pushEvents(t *testing.T, address string, names ...string) int {
	t.Helper()
	logs := plog.NewLogs()
	r := logs.ResourceLogs().AppendEmpty()
	for name, value := range map[string]string{"service.name": "music", "service.instance.id": "i1", "cluster": "1", "bot": "music"} {
		r.Resource().Attributes().PutStr(name, value)
	}
	scope := r.ScopeLogs().AppendEmpty()
	for n, name := range names {
		record := scope.LogRecords().AppendEmpty()
		record.SetEventName(name)
		record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		record.Attributes().PutStr(catalog.AttrRecordUID, fmt.Sprintf("01a22aa4-954b-7b15-bb1b-69314673af%02x", n))
		record.Attributes().PutStr(catalog.AttrCommand, "play")
	}
	body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(settings.Settings{})
	defer c.http.CloseIdleConnections()
	a, err := c.do(t.Context(), http.MethodPost, "http://"+address+ingest.EventsPath, "", "application/x-protobuf", body)
	if err != nil {
		t.Fatal(err)
	}
	return a.status
}

func textOf(t *testing.T, metrics string) *seen {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(metrics))
	if err != nil {
		t.Fatal(err)
	}
	return &seen{metrics: families}
}

// TestEvents: how many events a fleet keeps in its file, and which it refused.
func TestEvents(t *testing.T) {
	viewer := token(t, "viewer")
	f, line := start(t, "--events", "on", "--viewer-token-file", viewer)
	if code := pushEvents(t, f.OTLPHTTP(), catalog.EventInteractionCompleted.Name, catalog.EventInteractionCompleted.Name, "other"); code != http.StatusOK {
		t.Fatalf("status %d", code)
	}
	report := examine(t, line...)
	sane(t, report)
	has(t, report, "ok events: 2 events of at most 50000000 are kept, in ", "warning events: 1 events were refused since the fleet's start: they were none of docs/EVENTS.md →")
	has(t, examine(t, append(slices.Clone(line), "--events", "off")...), "fail events: the fleet takes events, but ARGUS_FLEET_EVENTS is off")
	has(t, examine(t, append(slices.Clone(line), "--clickhouse-url", "http://"+loopback.Addr(t)+"/argus")...), "fail events: the fleet keeps events in SQLite, but ARGUS_FLEET_CLICKHOUSE_URL is set",
		"fail events: ClickHouse (ARGUS_FLEET_CLICKHOUSE_URL http://127.")

	f, line = start(t, "--viewer-token-file", viewer)
	if code := pushEvents(t, f.OTLPHTTP(), "other"); code != http.StatusNotFound {
		t.Fatalf("status %d", code)
	}
	report = examine(t, line...)
	sane(t, report)
	has(t, report, "skipped events: ARGUS_FLEET_EVENTS is off", "warning events: 1 pushes of events since the fleet's start came to a fleet that takes none →")
	has(t, examine(t, append(slices.Clone(line), "--events", "on")...), "fail events: ARGUS_FLEET_EVENTS is on, but the fleet takes no events → restart the fleet")
}

// TestDamagedEvents: a fleet that left its file of events alone.
func TestDamagedEvents(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(data, "events", "events.db")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("damaged ", 4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, line := start(t, "--events", "on", "--viewer-token-file", token(t, "viewer"), "--data", data)
	has(t, examine(t, line...), "fail events: ARGUS_FLEET_EVENTS is on, but the fleet takes no events → restart the fleet if it was started without the setting; otherwise its log says why")
}

// TestEventsFull: days that are dropped before their time, or soon will be, and the reasons
// of refusals.
func TestEventsFull(t *testing.T) {
	d := &doctor{settings: settings.Settings{Events: true, EventsMax: 1000}}
	for want, values := range map[string][2]int{
		"ok events: 899 events of at most 1000 are kept, in 3 MB; 70 were taken since the fleet's start →":                                                             {899, 0},
		"warning events: 900 events of at most 1000 are kept, in 3 MB; 70 were taken since the fleet's start; with more, the oldest day is dropped ":                   {900, 0},
		"warning events: 500 events of at most 1000 are kept, in 3 MB; 70 were taken since the fleet's start, and 40 were dropped before their time, because there we": {500, 40},
	} {
		s := textOf(t, fmt.Sprintf(`
# TYPE argus_fleet_stored_events gauge
argus_fleet_stored_events %d
# TYPE argus_fleet_event_store_bytes gauge
argus_fleet_event_store_bytes 3145728
# TYPE argus_fleet_events_dropped_total counter
argus_fleet_events_dropped_total %d
# TYPE argus_fleet_events_total counter
argus_fleet_events_total{result="taken",reason=""} 70
`, values[0], values[1]))
		s.events = new(true)
		has(t, written(d.events(t.Context(), s)...), want)
	}
	s := textOf(t, `
# TYPE argus_fleet_events_total counter
argus_fleet_events_total{result="refused",reason="full"} 7
argus_fleet_events_total{result="refused",reason="invalid"} 0
argus_fleet_events_total{result="refused",reason="rejected"} 1
# TYPE argus_fleet_event_pushes_total counter
argus_fleet_event_pushes_total{result="storage"} 9
`)
	s.events = new(true)
	report := written(d.events(t.Context(), s)...)
	has(t, report, "fail events: the fleet keeps events in ClickHouse, but ARGUS_FLEET_CLICKHOUSE_URL is not set", "warning events: 7 events were refused since the fleet's start: they had no room ",
		"warning events: 1 events were refused since the fleet's start: they were rejected by ClickHouse", "warning events: 9 pushes of events since the fleet's start could not be stored")
	if strings.Contains(report, " 0 events") {
		t.Errorf("what did not happen is told:\n%s", report)
	}
	if unknown := d.events(t.Context(), &seen{}); unknown != nil {
		t.Errorf("of a fleet that does not answer: %v", unknown)
	}
}

// TestDiskOfEvents: room for events at the rate of those since the start, up to their
// maximum.
func TestDiskOfEvents(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	s := textOf(t, `
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1800000000
# TYPE argus_fleet_stored_events gauge
argus_fleet_stored_events 100000
# TYPE argus_fleet_events_total counter
argus_fleet_events_total{result="taken",reason=""} 100000
`)
	for want, tt := range map[string]struct {
		uptime time.Duration
		most   int
		size   int64
	}{
		"ok disk: 1.0 GB are free, and 0 MB are used →":                                                                                                                                                {59 * time.Minute, 50_000_000, 0},
		"ok disk: 1.0 GB are free, and 0 MB are used; at 50000 events a day, those of 90d take about 687 MB →":                                                                                         {48 * time.Hour, 50_000_000, 0},
		"ok disk: 1.0 GB are free, and 0 MB are used; at 100000 events a day, those of 90d take about 153 MB →":                                                                                        {24 * time.Hour, 1_000_000, 0},
		"warning disk: 1.0 GB are free, and 0 MB are used; at 100000 events a day, those of 90d take about 1.3 GB → shorten ARGUS_FLEET_RETENTION or ARGUS_FLEET_EVENTS_RETENTION\n":                   {24 * time.Hour, 50_000_000, 0},
		"warning disk: 1.0 GB are free, and 0 MB are used; ARGUS_FLEET_SIZE lets the data take 1.0 GB; at 50000 events a day, those of 90d take about 687 MB → set ARGUS_FLEET_SIZE below 337 MB, or ": {48 * time.Hour, 50_000_000, 1 << 30},
	} {
		d := &doctor{
			settings: settings.Settings{Data: t.TempDir(), EventsRetention: 90 * 24 * time.Hour, EventsMax: tt.most, Size: tt.size},
			now:      func() time.Time { return began.Add(tt.uptime) },
			free:     func(string) (uint64, error) { return 1 << 30, nil },
		}
		has(t, written(d.disk(s)...), want)
	}
}

// TestClickHouseAway: servers that do not answer, or not as ClickHouse does, and users that
// they refuse.
func TestClickHouseAway(t *testing.T) {
	d := &doctor{now: time.Now, settings: settings.Settings{Events: true}}
	answers := func(code int) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "argus" || password != "planted-password" {
				t.Errorf("%q, %q", user, password)
			}
			if code == 0 {
				http.Error(w, "planted", http.StatusBadGateway)
				return
			}
			w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
			http.Error(w, fmt.Sprintf("Code: %d. DB::Exception: planted. (NAME)", code), http.StatusForbidden)
		}))
		t.Cleanup(s.Close)
		return s
	}
	password := file(t, "planted-password\n")
	for want, url := range map[string]string{
		"connection refused: nothing listens there → check that ClickHouse runs there, and ARGUS_FLEET_CLICKHOUSE_URL": "http://" + loopback.Addr(t),
		"HTTP status 502 → check ARGUS_FLEET_CLICKHOUSE_URL and what is in front of ClickHouse":                        answers(0).URL,
		"the user or the password is wrong → correct ARGUS_FLEET_CLICKHOUSE_USER or ARGUS_FLEET_CLICKHOUSE_PASSWORD":   answers(516).URL,
		"there is no database argus → run argus-analytics init, or correct ARGUS_FLEET_CLICKHOUSE_URL":                 answers(81).URL,
		"the user may not read the database argus → grant the user SELECT and INSERT on it":                            answers(497).URL,
		"error MEMORY_LIMIT_EXCEEDED (241) → read the log of ClickHouse":                                               answers(241).URL,
	} {
		d.settings.ClickHouse = clickhousesettings.Settings{URL: url + "/argus", User: "argus", PasswordFile: password}
		report := written(d.events(t.Context(), &seen{})...)
		has(t, report, "fail events: ClickHouse (ARGUS_FLEET_CLICKHOUSE_URL "+url+"/argus): "+want)
		if strings.Contains(report, "planted") {
			t.Errorf("a secret or what a server says is shown:\n%s", report)
		}
	}
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	d.settings.ClickHouse.URL = "http://" + silent.Addr().String() + "/argus"
	has(t, written(d.clickhouse(ctx)), "fail events: ClickHouse (ARGUS_FLEET_CLICKHOUSE_URL "+d.settings.ClickHouse.URL+"): no answer in time → check that ClickHouse runs there")
}

// TestClickHouse: a server whose tables are missing, fit or altered.
func TestClickHouse(t *testing.T) {
	server := chdbtest.New(t)
	ctx, admin := server.Connect(t, "default")
	if err := analytics.CreateDatabase(ctx, admin, "argus"); err != nil {
		t.Fatal(err)
	}
	_, conn := server.Connect(t, "argus")
	_, line := start(t, "--events", "on", "--viewer-token-file", token(t, "viewer"), "--clickhouse-url", "http://"+server.Addr()+"/argus")
	has(t, examine(t, line...), "fail events: ClickHouse has no tables for events → run argus-analytics migrate")
	store, err := analytics.New(conn)
	if err == nil {
		err = store.Migrate(ctx, analytics.DefaultRetention())
	}
	if err != nil {
		t.Fatal(err)
	}
	report := examine(t, line...)
	sane(t, report)
	has(t, report, "ok events: ClickHouse (http://"+server.Addr()+"/argus) accepts the user, and has version 1 of the tables, which keep events for 90 days and their sums for 730 days")
	if err := conn.Exec(ctx, "ALTER TABLE events ADD COLUMN other UInt8"); err != nil {
		t.Fatal(err)
	}
	has(t, examine(t, line...), "fail events: somebody altered the tables of ClickHouse → argus-analytics status says what")
}
