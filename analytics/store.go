package analytics

import (
	"context"
	"fmt"
	"regexp"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// A Conn runs statements in one database. A connection of clickhouse-go is one, with
// clickhouse.HTTP or clickhouse.Native as its protocol.
type Conn interface {
	Exec(ctx context.Context, query string, args ...any) error
	Select(ctx context.Context, dest any, query string, args ...any) error
	PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error)
}

// A Store is the event table with what belongs to it, in one database. Its methods are
// safe for concurrent use if those of its connection are.
type Store struct {
	conn       Conn
	migrations []migration
}

// New returns the store in the database of a connection. It asks the server nothing.
func New(conn Conn) (*Store, error) {
	all, err := migrations()
	if err != nil {
		return nil, fmt.Errorf("analytics: %w", err)
	}
	return &Store{conn, all}, nil
}

// databaseName is what needs no quotes in ClickHouse.
var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// CreateDatabase makes a database if there is none of its name. The connection has
// another one, such as default: a server refuses connections to a database that it does
// not have.
func CreateDatabase(ctx context.Context, conn Conn, name string) error {
	if !databaseName.MatchString(name) {
		return fmt.Errorf("analytics: %.80q is not a name of a database: use up to 64 letters, digits and underscores, and no digit first", name)
	}
	if err := conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS {name:Identifier}", clickhouse.Named("name", name)); err != nil {
		return fmt.Errorf("analytics: create database %s: %w", name, err)
	}
	return nil
}

// latest is the newest version of the schema that this package knows.
func (s *Store) latest() uint32 { return s.migrations[len(s.migrations)-1].version }
