package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics/event"
)

// InsertSettings returns the settings of an INSERT of one batch. The token is the batch's
// own, unique among all writers. A writer that repeats a batch repeats it unchanged, with
// its token.
func InsertSettings(token string) clickhouse.Settings {
	return clickhouse.Settings{
		"insert_deduplication_token": token,
		"insert_deduplicate":         1,
		// Also where the views write to: without it, they count a repeated batch again.
		"deduplicate_blocks_in_dependent_materialized_views": 1,
		// The server would put batches together, and answer before they are stored.
		"async_insert": 0,
	}
}

// Insert writes a batch of events, which have passed [event.Row.Check]. If it fails and
// [Retryable] accepts the error, the same rows with the same token may be written again,
// however much of them arrived: each counts once.
//
// Each batch makes a part of each table, so 1,000 to 100,000 rows are right.
func (s *Store) Insert(ctx context.Context, rows []event.Row, token string) error {
	return s.insert(ctx, rows, token, columns)
}

// Import writes events that arrived somewhere else before, as [Store.Insert] does. received
// has the time of each arrival, by which the table tells late events, and by which events
// expire.
func (s *Store) Import(ctx context.Context, rows []event.Row, received []time.Time, token string) error {
	arrival := Column{Name: "received", Type: "DateTime('UTC')", values: func([]event.Row) any { return received }}
	return s.insert(ctx, rows, token, append(Columns(), arrival))
}

func (s *Store) insert(ctx context.Context, rows []event.Row, token string, columns []Column) error {
	if len(rows) == 0 {
		return nil
	}
	err := errNoToken
	if token != "" {
		err = s.send(ctx, rows, token, columns)
	}
	if err != nil {
		return &InsertError{len(rows), err}
	}
	return nil
}

func (s *Store) send(ctx context.Context, rows []event.Row, token string, columns []Column) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithColumnNamesAndTypes(described(columns)))
	return s.batch(ctx, insertInto(columns), token, func(b driver.Batch) error {
		for n, c := range columns {
			if err := b.Column(n).Append(c.values(rows)); err != nil {
				return fmt.Errorf("%w %s: %w", errColumn, c.Name, err)
			}
		}
		return nil
	})
}

// batch sends what a function fills in.
func (s *Store) batch(ctx context.Context, into, token string, fill func(driver.Batch) error) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(InsertSettings(token)))
	b, err := s.conn.PrepareBatch(ctx, into)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }() // after Send it does nothing
	if err := fill(b); err != nil {
		return err
	}
	return b.Send()
}

// described are the columns as clickhouse-go has them. It would ask the server before
// each batch.
func described(columns []Column) []clickhouse.ColumnNameAndType {
	all := make([]clickhouse.ColumnNameAndType, len(columns))
	for n, c := range columns {
		all[n] = clickhouse.ColumnNameAndType{Name: c.Name, Type: c.Type}
	}
	return all
}
