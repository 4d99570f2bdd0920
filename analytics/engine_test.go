package analytics_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
)

// limit bounds one test with the engine on a machine that is busy.
const limit = 3 * time.Minute

// engine is the server that all tests share.
var engine server

func TestMain(m *testing.M) {
	code := m.Run()
	engine.stop()
	os.Exit(code)
}

// A server is a chdbserver, which starts when it is needed first.
type server struct {
	once    sync.Once
	library string
	folder  string
	process *exec.Cmd
	addr    string
	err     error
}

// errNoLibrary says how to have the tests run that need the engine.
var errNoLibrary = errors.New("libchdb.so is not installed: run make test-analytics")

func (s *server) start() error {
	s.once.Do(func() { s.err = s.run() })
	return s.err
}

func (s *server) run() error {
	// The folder has the version of scripts/chdb.sh in its name.
	found, err := filepath.Glob("../.cache/chdb@*/libchdb.so")
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errNoLibrary
	}
	if s.library, err = filepath.Abs(found[0]); err != nil {
		return err
	}
	if s.folder, err = os.MkdirTemp("", "analytics-*"); err != nil {
		return err
	}
	binary := filepath.Join(s.folder, "chdbserver")
	if out, err := exec.Command("go", "build", "-o", binary, "./internal/chdbserver").CombinedOutput(); err != nil {
		return fmt.Errorf("build chdbserver: %w\n%s", err, out)
	}
	s.process = exec.Command(binary, "-path", filepath.Join(s.folder, "data"))
	s.process.Env = append(os.Environ(), "CHDB_LIB_PATH="+s.library)
	s.process.Stderr = os.Stderr
	out, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return errors.Join(errors.New("chdbserver said no address"), lines.Err())
	}
	s.addr = lines.Text()
	return nil
}

func (s *server) stop() {
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	}
	if s.folder != "" {
		_ = os.RemoveAll(s.folder)
	}
}

// connect returns a connection to a database that need not be there.
func connect(t *testing.T, database string) driver.Conn {
	t.Helper()
	err := engine.start()
	if errors.Is(err, errNoLibrary) && os.Getenv("REQUIRE_CHDB") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{engine.addr}, Protocol: clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: database, Username: "default"},
		DialTimeout: limit, ReadTimeout: limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// fresh returns a context and a connection to a new database of the test's name.
func fresh(t *testing.T) (context.Context, driver.Conn) {
	t.Helper()
	return database(t, t.Name())
}

// database returns a context and a connection to a new database.
func database(t *testing.T, name string) (context.Context, driver.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	admin := connect(t, "default")
	if err := admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
		t.Fatal(err)
	}
	if err := analytics.CreateDatabase(ctx, admin, name); err != nil {
		t.Fatal(err)
	}
	return ctx, connect(t, name)
}

// migrated returns a new database with the newest schema.
func migrated(t *testing.T) (context.Context, driver.Conn, *analytics.Store) {
	t.Helper()
	ctx, conn := fresh(t)
	store := open(t, conn)
	if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
		t.Fatal(err)
	}
	return ctx, conn, store
}

func open(t *testing.T, conn analytics.Conn) *analytics.Store {
	t.Helper()
	store, err := analytics.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// number returns the only value of a query.
func number(ctx context.Context, t *testing.T, conn driver.Conn, query string, args ...any) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(ctx, query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
