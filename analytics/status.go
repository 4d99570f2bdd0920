package analytics

import (
	"context"
	"fmt"
	"time"
)

// A Status is what a database has.
type Status struct {
	// Version is that of the schema, and 0 if there is none or a migration was not complete.
	Version uint32
	// Latest is the newest version that this package knows.
	Latest uint32
	// Applied is when the schema or the retention was changed last. Zero with Version 0.
	Applied time.Time
	// Retention is what the tables have.
	Retention Retention
	// Altered says what somebody changed, a line for each difference.
	Altered []string
	// Tables has a row for each table that has data.
	Tables []Table
}

// A Table is what a table holds. Rows of one key count each until ClickHouse has merged
// them.
type Table struct {
	Name  string `ch:"name"`
	Rows  uint64 `ch:"row_count"`
	Bytes uint64 `ch:"bytes"` // on disk
}

// Status returns what the database has. It changes nothing.
func (s *Store) Status(ctx context.Context) (Status, error) {
	status := Status{Latest: s.latest()}
	found, err := s.inspect(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("analytics: status: %w", err)
	}
	status.Version, status.Retention, status.Altered = found.version, found.retention, found.altered
	if len(found.records) > 0 {
		status.Applied = found.records[0].Applied
	}
	query, err := text("tables.sql")
	if err != nil {
		return Status{}, fmt.Errorf("analytics: status: %w", err)
	}
	if err := s.conn.Select(ctx, &status.Tables, query, s.objects()); err != nil {
		return Status{}, fmt.Errorf("analytics: status: %w", err)
	}
	return status, nil
}
