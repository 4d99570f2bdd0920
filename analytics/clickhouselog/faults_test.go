package clickhouselog

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/internal/clickhousetest"
)

// The tests of this file have a real server, of a version that does not know the tables of
// analytics, nor the settings that make a repeated batch count once: a table with a few
// columns leaves one row of each id instead.

const fewColumns = `CREATE TABLE events (time DateTime, event String, event_id UUID, bot String, command Nullable(String))
ENGINE = ReplacingMergeTree() ORDER BY event_id`

// old is a connection that writes those columns.
type old struct {
	driver.Conn
}

func (o old) Insert(ctx context.Context, rows []event.Row, _ string) error {
	batch, err := o.PrepareBatch(ctx, "INSERT INTO events (time, event, event_id, bot, command)")
	if err != nil {
		return err
	}
	defer func() { _ = batch.Close() }()
	for _, r := range rows {
		var command *string
		if r.Command.Valid {
			command = &r.Command.V
		}
		if err := batch.Append(r.Time, r.Name, r.ID.String(), r.Bot, command); err != nil {
			return err
		}
	}
	return batch.Send()
}

func (old) InsertDrops(context.Context, []analytics.Drop, string) error { return nil }

// A site is a server with a bot that writes to it.
type site struct {
	server   *clickhousetest.Server
	settings connection.Settings
	reports  errorsOf
	bot      *traffic
}

// newSite has the data of the server in a folder, or in a new one if that is empty.
func newSite(t *testing.T, data string, opts ...Option) *site {
	t.Helper()
	s := &site{server: clickhousetest.New(t, data)}
	s.server.Start(t)
	file := filepath.Join(t.TempDir(), "password")
	s.settings = connection.Settings{URL: "clickhouse://" + s.server.Addr() + "/default", User: clickhousetest.User, PasswordFile: file}
	s.password(t, clickhousetest.Password)
	conn := s.connect(t)
	if err := conn.Exec(t.Context(), fewColumns); err != nil {
		t.Fatal(err)
	}
	c, err := newConfig(append([]Option{
		WithURL(s.settings.URL), WithUser(s.settings.User), WithPasswordFile(file),
		WithInterval(100 * time.Millisecond), WithErrorHandler(otel.ErrorHandlerFunc(s.reports.Handle)),
	}, opts...))
	if err != nil {
		t.Fatal(err)
	}
	s.bot = &traffic{e: begin(t.Context(), c, s.server.Addr(), func() (inserter, error) {
		conn, err := connection.Open(c.connection, c.timeout)
		return old{conn}, err
	})}
	t.Cleanup(func() { _ = s.bot.e.Shutdown(context.Background()) })
	return s
}

func (s *site) password(t *testing.T, password string) {
	t.Helper()
	if err := os.WriteFile(s.settings.PasswordFile, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *site) connect(t *testing.T) driver.Conn {
	t.Helper()
	conn, err := connection.Open(s.settings, patienceOfTests)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// arrived ends the bot: all that it did not drop is there, once.
func (s *site) arrived(t *testing.T) {
	t.Helper()
	want := s.bot.end(t)
	counts(t.Context(), t, s.connect(t), map[string]uint64{
		"SELECT count() FROM events FINAL":       want,
		"SELECT uniqExact(event_id) FROM events": want,
	})
	t.Logf("%d events emitted, %d arrived", s.bot.sent, want)
}

// TestWrongPassword: a password that is corrected in its file costs no events.
func TestWrongPassword(t *testing.T) {
	s := newSite(t, "")
	s.password(t, "hunter22")
	s.bot.until(t, "the password is wrong", s.bot.isDown)
	s.reports.expect(t, "(193): check ARGUS_CLICKHOUSE_USER and ARGUS_CLICKHOUSE_PASSWORD_FILE; the bot keeps running and the batch is retried")
	if text := s.reports.list()[0]; strings.Contains(text, "hunter22") {
		t.Errorf("the password is in %q", text)
	}
	s.password(t, clickhousetest.Password)
	s.bot.until(t, "the password is right", s.bot.isUp)
	if full, rejected, _ := s.bot.e.Losses(); full+rejected != 0 {
		t.Errorf("%d and %d events lost", full, rejected)
	}
	s.arrived(t)
}

// TestKill kills the server in the middle of writing, and starts it again with its data.
func TestKill(t *testing.T) {
	s := newSite(t, "")
	for range 3 {
		s.bot.until(t, "batches are accepted", s.bot.isUp)
		s.bot.emit(t, 3*batchRows) // some of them are on their way
		s.server.Kill()
		s.bot.until(t, "the server is away", s.bot.isDown)
		s.server.Start(t)
	}
	s.bot.until(t, "batches are accepted", s.bot.isUp)
	if full, rejected, _ := s.bot.e.Losses(); full+rejected != 0 {
		t.Errorf("%d and %d events lost", full, rejected)
	}
	s.arrived(t)
}

// TestTooLongAwayFromAServer has more events come than the queue takes while the server is
// away.
func TestTooLongAwayFromAServer(t *testing.T) {
	s := newSite(t, "", WithQueue(2*batchRows, minQueueBytes))
	s.bot.until(t, "batches are accepted", s.bot.isUp)
	if err := s.bot.e.ForceFlush(t.Context()); err != nil { // else a batch that arrives may be dropped before its answer
		t.Fatal(err)
	}
	s.server.Kill()
	s.bot.until(t, "the server is away", s.bot.isDown)
	s.bot.emit(t, 5*batchRows)
	q := s.bot.e.queue
	q.mu.Lock()
	if q.bytes > minQueueBytes || q.losses.total[LossQueueFull] == 0 {
		t.Errorf("%d bytes wait, %v lost", q.bytes, q.losses.total)
	}
	q.mu.Unlock()
	s.server.Start(t)
	s.bot.until(t, "batches are accepted", s.bot.isUp)
	s.arrived(t)
}

// TestFullDisk has the data on a small disk, which is full for a while.
func TestFullDisk(t *testing.T) {
	data := smallDisk(t, 24<<20)
	s := newSite(t, data)
	s.bot.until(t, "batches are accepted", s.bot.isUp)
	ballast := filepath.Join(data, "ballast")
	fill(t, ballast)
	s.bot.until(t, "the disk is full", s.bot.isDown)
	if text := s.reports.list()[0]; !strings.Contains(text, "the bot keeps running and the batch is retried") {
		t.Errorf("%q", text)
	}
	t.Log(s.reports.list()[0])
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.bot.until(t, "batches are accepted", s.bot.isUp)
	if full, rejected, _ := s.bot.e.Losses(); full+rejected != 0 {
		t.Errorf("%d and %d events lost", full, rejected)
	}
	s.arrived(t)
}
