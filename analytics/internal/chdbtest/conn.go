package chdbtest

import (
	"context"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// limit bounds what one test does on a machine that is busy.
const limit = 3 * time.Minute

// Connect returns a connection to a database, which need not be there, and a context for
// the test's statements.
func Connect(t *testing.T, database string) (context.Context, driver.Conn) {
	t.Helper()
	addr := Addr(t)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{addr}, Protocol: clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: database, Username: "default"},
		DialTimeout: limit, ReadTimeout: limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return ctx, conn
}

// Drop removes a database that an earlier run of the test has left.
func Drop(t *testing.T, database string) {
	t.Helper()
	ctx, conn := Connect(t, "default")
	if err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+database); err != nil {
		t.Fatal(err)
	}
}
