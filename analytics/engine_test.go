package analytics_test

import (
	"context"
	"os"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/chdbtest"
)

func TestMain(m *testing.M) { os.Exit(chdbtest.Run(m)) }

// fresh returns a context and a connection to a new database of the test's name.
func fresh(t *testing.T) (context.Context, driver.Conn) {
	t.Helper()
	return database(t, t.Name())
}

// database returns a context and a connection to a new database.
func database(t *testing.T, name string) (context.Context, driver.Conn) {
	t.Helper()
	chdbtest.Drop(t, name)
	ctx, admin := chdbtest.Connect(t, "default")
	if err := analytics.CreateDatabase(ctx, admin, name); err != nil {
		t.Fatal(err)
	}
	return chdbtest.Connect(t, name)
}

// own returns a server of the test's own, and a store in a database of it.
func own(t *testing.T) (context.Context, *chdbtest.Server, driver.Conn, *analytics.Store) {
	t.Helper()
	const name = "argus"
	server := chdbtest.New(t)
	ctx, admin := server.Connect(t, "default")
	if err := analytics.CreateDatabase(ctx, admin, name); err != nil {
		t.Fatal(err)
	}
	ctx, conn := server.Connect(t, name)
	store := open(t, conn)
	if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
		t.Fatal(err)
	}
	return ctx, server, conn, store
}

// large skips a test that takes minutes, unless it is asked for.
func large(t *testing.T) {
	t.Helper()
	if os.Getenv("ANALYTICS_LARGE") == "" {
		t.Skip("takes minutes: run make test-analytics-large")
	}
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
