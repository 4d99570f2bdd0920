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

// serve returns a server with an empty database.
func serve(t *testing.T) (context.Context, *scene) {
	t.Helper()
	s := &scene{server: chdbtest.New(t)}
	ctx, admin := s.server.Connect(t, "default")
	if err := analytics.CreateDatabase(ctx, admin, database); err != nil {
		t.Fatal(err)
	}
	_, s.conn = s.server.Connect(t, database)
	return ctx, s
}

// open opens the store with some settings.
func (s *scene) open(t *testing.T, c connection.Settings) {
	t.Helper()
	var err error
	if s.Store, err = clickhousestore.Open(clickhousestore.Config{Connection: c, Now: time.Now, Report: s.report}); err != nil {
		t.Fatal(err)
	}
	store := s.Store
	t.Cleanup(func() { _ = store.Close() })
}

// open returns a store whose server has an empty database.
func open(t *testing.T) (context.Context, *scene) {
	t.Helper()
	ctx, s := serve(t)
	s.open(t, connection.Settings{URL: "http://" + s.server.Addr() + "/" + database, User: "default"})
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

// run has the store look at the server, until the test ends. The function that it returns
// has it look once more, at least.
func (s *scene) run(ctx context.Context, t *testing.T) (look func()) {
	t.Helper()
	tick := make(chan time.Time)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx, tick)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return func() {
		tick <- time.Time{} // the look before is over
		tick <- time.Time{} // and so is this one
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

// number returns the number n of a statement.
func (s *scene) number(ctx context.Context, t *testing.T, statement string) uint64 {
	t.Helper()
	var rows []struct {
		N uint64 `ch:"n"`
	}
	if err := s.conn.Select(ctx, &rows, statement); err != nil || len(rows) != 1 {
		t.Fatalf("%s: %v, %v", statement, rows, err)
	}
	return rows[0].N
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
	if n := s.number(ctx, t, "SELECT sum(events) AS n FROM ingest WHERE reason = 'invalid'"); n != 7 {
		t.Errorf("%d events dropped; want 7", n)
	}
	figurestest.Check(t, s, of, rows, figurestest.FirstBot)
}

// TestTables: no events are taken before the tables are there. Then they are, without a
// restart.
func TestTables(t *testing.T) {
	ctx, s := open(t)
	_, rows := sample(10)
	look := s.run(ctx, t)
	look()
	if _, err := s.Add(ctx, rows); err == nil {
		t.Error("events were taken without tables")
	}
	s.migrate(ctx, t)
	look()
	s.add(ctx, t, rows)
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
