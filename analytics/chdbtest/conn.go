package chdbtest

import (
	"context"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// limit bounds what one test does on a machine that is busy, and largeLimit one that only
// runs on demand.
const (
	limit      = 3 * time.Minute
	largeLimit = time.Hour
)

// Connect returns a connection to a database of the shared server, which need not be
// there, and a context for the test's statements.
func Connect(t *testing.T, database string) (context.Context, driver.Conn) {
	t.Helper()
	return connect(t, Addr(t), database, limit)
}

// Connect is like the function, for this server and for tests that take long.
func (s *Server) Connect(t *testing.T, database string) (context.Context, driver.Conn) {
	t.Helper()
	return connect(t, s.addr, database, largeLimit)
}

func connect(t *testing.T, addr, database string, limit time.Duration) (context.Context, driver.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{addr}, Protocol: clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: database, Username: "default"},
		DialTimeout: limit, ReadTimeout: limit, MaxOpenConns: maxConns, MaxIdleConns: maxConns,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return ctx, conn
}

// maxConns is enough for the writers of a test.
const maxConns = 32

// Drop removes a database that an earlier run of the test has left.
func Drop(t *testing.T, database string) {
	t.Helper()
	ctx, conn := Connect(t, "default")
	if err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+database); err != nil {
		t.Fatal(err)
	}
}
