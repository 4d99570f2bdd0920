package clickhousestore_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/chdbtest"
	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/fleet/internal/clickhousestore"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

func TestMain(m *testing.M) { os.Exit(chdbtest.Run(m)) }

const database = "argus"

// A scene is a store with a server of its own.
type scene struct {
	*clickhousestore.Store

	server *chdbtest.Server
	conn   driver.Conn

	mu       sync.Mutex
	reported []string
}

func (s *scene) report(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = append(s.reported, err.Error())
}

func (s *scene) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.reported, "\n")
}

// open returns a store whose server has an empty database.
func open(t *testing.T) (context.Context, *scene) {
	t.Helper()
	s := &scene{server: chdbtest.New(t)}
	ctx, admin := s.server.Connect(t, "default")
	if err := analytics.CreateDatabase(ctx, admin, database); err != nil {
		t.Fatal(err)
	}
	_, s.conn = s.server.Connect(t, database)
	var err error
	s.Store, err = clickhousestore.Open(clickhousestore.Config{
		Connection: connection.Settings{URL: "http://" + s.server.Addr() + "/" + database, User: "default"}, Now: time.Now, Report: s.report,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return ctx, s
}

// migrated returns a store that takes events.
func migrated(t *testing.T) (context.Context, *scene) {
	t.Helper()
	ctx, s := open(t)
	s.migrate(ctx, t)
	if err := s.Check(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx, s
}

func (s *scene) migrate(ctx context.Context, t *testing.T) {
	t.Helper()
	store, err := analytics.New(s.conn)
	if err == nil {
		err = store.Migrate(ctx, analytics.DefaultRetention())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sample returns events that are there once.
func sample(n int) (figurestest.Sample, []event.Row) {
	s := figurestest.Sample{Seed: 1, End: time.Now().UTC().Truncate(time.Hour), Span: 46 * time.Hour}
	return s, s.Rows(n)
}

func (s *scene) add(ctx context.Context, t *testing.T, rows []event.Row, drops ...eventstore.Drop) {
	t.Helper()
	result, err := s.Add(ctx, rows, drops...)
	if err != nil || result.Added != len(rows) || len(result.Refused) > 0 {
		t.Fatalf("%d of %d events were added, %d refused, %v", result.Added, len(rows), len(result.Refused), err)
	}
}

// TestFigures: every question is answered as by plain Go over the same events, though each
// batch was sent twice, and the server was killed between.
func TestFigures(t *testing.T) {
	ctx, s := migrated(t)
	of, rows := sample(12_000) // more than an INSERT has
	drop := eventstore.Drop{Bot: figurestest.FirstBot, Region: "eu", Cluster: "1", Reason: "invalid", Events: 7}
	s.add(ctx, t, rows, drop)
	if err := s.server.Kill(); err != nil {
		t.Fatal(err)
	}
	s.add(ctx, t, rows, drop)
	var drops []struct {
		Events uint64 `ch:"events"`
	}
	if err := s.conn.Select(ctx, &drops, "SELECT sum(events) AS events FROM ingest WHERE reason = 'invalid'"); err != nil || drops[0].Events != 7 {
		t.Errorf("%v events dropped, %v; want 7", drops, err)
	}
	figurestest.Check(t, s, of, rows, figurestest.FirstBot)
}

// TestTables: no events are taken before the tables are there. Then they are, without a
// restart.
func TestTables(t *testing.T) {
	ctx, s := open(t)
	_, rows := sample(10)
	tick := make(chan time.Time)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx, tick)
	}()
	tick <- time.Time{} // the first look is over
	if _, err := s.Add(ctx, rows); err == nil {
		t.Error("events were taken without tables")
	}
	s.migrate(ctx, t)
	tick <- time.Time{}
	tick <- time.Time{} // the look after the tables were made is over
	s.add(ctx, t, rows)
	cancel()
	<-done
	if said := s.said(); strings.Count(said, "run argus-analytics migrate") != 1 {
		t.Errorf("it told: %s", said)
	}
	if raw, hourly, err := s.Retention(t.Context()); err != nil || raw != 90*24*time.Hour || hourly != 730*24*time.Hour {
		t.Errorf("%v, %v, %v", raw, hourly, err)
	}
}

// TestAltered: events are not lost that the tables do not take, as somebody can correct
// that.
func TestAltered(t *testing.T) {
	ctx, s := migrated(t)
	_, rows := sample(10)
	if err := s.conn.Exec(ctx, "RENAME TABLE events TO away"); err != nil {
		t.Fatal(err)
	}
	if result, err := s.Add(ctx, rows); err == nil {
		t.Fatalf("%+v", result)
	}
	if err := s.conn.Exec(ctx, "RENAME TABLE away TO events"); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(ctx); err != nil {
		t.Fatal(err)
	}
	s.add(ctx, t, rows)
}

func TestEraseGuild(t *testing.T) {
	ctx, s := migrated(t)
	_, rows := sample(1000)
	want := map[event.ID]bool{}
	for _, r := range rows {
		if r.GuildID.V == figurestest.GuildBase {
			want[r.ID] = true
		}
	}
	s.add(ctx, t, rows)
	if n, err := s.EraseGuild(ctx, figurestest.GuildBase); err != nil || n != int64(len(want)) || n == 0 {
		t.Errorf("%d events erased, %v; want %d", n, err, len(want))
	}
	if n, err := s.EraseGuild(ctx, figurestest.GuildBase); err != nil || n != 0 {
		t.Errorf("%d events erased, %v; want none", n, err)
	}
}

// TestCanceled: a sender that went away may send its push again.
func TestCanceled(t *testing.T) {
	ctx, s := migrated(t)
	_, rows := sample(10)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Add(gone, rows); err == nil {
		t.Error("no error")
	}
	s.add(ctx, t, rows)
}
