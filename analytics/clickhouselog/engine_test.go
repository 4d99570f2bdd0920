package clickhouselog

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/chdbtest"
)

// counts compares what queries say. Each has one number.
func counts(ctx context.Context, t *testing.T, conn driver.Conn, want map[string]uint64) {
	t.Helper()
	for query, n := range want {
		var got uint64
		if err := conn.QueryRow(ctx, query).Scan(&got); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if got != n {
			t.Errorf("%s: %d, want %d", query, got, n)
		}
	}
}

// TestEngine writes to ClickHouse's engine over HTTP, with the tables of analytics, while it is
// killed twice, and while its tables are missing at first.
func TestEngine(t *testing.T) {
	s := chdbtest.New(t)
	ctx, admin := s.Connect(t, "default")
	if err := analytics.CreateDatabase(ctx, admin, "bots"); err != nil {
		t.Fatal(err)
	}
	var reports errorsOf
	e, err := New(ctx, WithURL("http://"+s.Addr()+"/bots"), WithInterval(100*time.Millisecond), WithErrorHandler(otel.ErrorHandlerFunc(reports.Handle)))
	if err != nil {
		t.Fatal(err)
	}
	b := &traffic{e: e}
	b.until(t, "the tables are missing", b.isDown)
	if list := reports.list(); len(list) != 1 || !strings.Contains(list[0], "error UNKNOWN_TABLE (60): run argus-analytics init, or migrate; the bot keeps running and the batch is retried") {
		t.Errorf("%q", list)
	}
	ctx, conn := s.Connect(t, "bots")
	store, err := analytics.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.until(t, "batches are accepted", b.isUp)
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		b.emit(t, 1000)
	}
	b.until(t, "batches are accepted", b.isUp)
	e.queue.mu.Lock()
	e.queue.lose(LossQueueFull, 7)
	e.queue.mu.Unlock()
	b.emit(t, 1000)
	arrived := b.end(t) + 7
	ctx, conn = s.Connect(t, "bots")
	counts(ctx, t, conn, map[string]uint64{
		"SELECT count() FROM events FINAL":                                             arrived,
		"SELECT count() FROM events":                                                   arrived, // no batch arrived twice
		"SELECT sum(interactions) FROM hourly_guilds":                                  arrived,
		"SELECT sum(events) FROM ingest WHERE result = 'taken'":                        arrived,
		"SELECT sum(events) FROM ingest WHERE reason = 'queue_full' AND bot = 'music'": 7,
	})
}
