package eventstore

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// version is that of the schema. A change of a table needs a step from the version before.
const version = 1

var (
	//go:embed sql/schema.sql
	schema string
	//go:embed sql/events.sql
	events string
)

// statements splits a file into its statements, without the comments before them.
func statements(file string) (list []string) {
	for one := range strings.SplitSeq(file, ";\n") {
		one = strings.TrimSpace(one)
		for strings.HasPrefix(one, "--") {
			_, one, _ = strings.Cut(one, "\n")
		}
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}

// ofDay puts the day of a table into SQL.
func ofDay(text string, day int64) string {
	return strings.ReplaceAll(text, "_DAY", "_"+strconv.FormatInt(day, 10))
}

var (
	errNewer   = errors.New("was written by a newer version of argus-fleet: update argus-fleet, or move the file away")
	errEmpty   = errors.New("has no tables yet")
	errAltered = errors.New("has other tables than argus-fleet makes: restore a backup, or move the file away")
)

// prepare makes the tables.
func prepare(ctx context.Context, conn *sql.Conn) error {
	return transaction(ctx, conn, func() error {
		for _, statement := range append(statements(schema), "PRAGMA user_version = "+strconv.Itoa(version)) {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// check compares the tables with those that the schema has.
func check(ctx context.Context, conn *sql.Conn) error {
	var have int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("cannot be read: %w; restore a backup, or move the file away", err)
	}
	switch {
	case have > version:
		return fmt.Errorf("(schema %d, this version knows %d) %w", have, version, errNewer)
	case have < version:
		var tables int
		if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil || tables > 0 {
			return errors.Join(errAltered, err)
		}
		return errEmpty
	}
	want := map[string]bool{}
	for _, statement := range statements(schema) {
		want[statement] = true
	}
	rows, err := conn.QueryContext(ctx, "SELECT day FROM days")
	if err != nil {
		return errors.Join(errAltered, err)
	}
	days, err := scan(rows, func(day *int64) []any { return []any{day} })
	if err != nil {
		return err
	}
	for _, day := range days {
		for _, statement := range statements(ofDay(events, day)) {
			want[statement] = true
		}
	}
	rows, err = conn.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
	if err != nil {
		return err
	}
	tables, err := scan(rows, func(text *string) []any { return []any{text} })
	if err != nil {
		return err
	}
	for _, text := range tables {
		if !want[text] {
			return errAltered
		}
	}
	if len(tables) != len(want) {
		return errAltered
	}
	return nil
}

// transaction runs a function in a transaction of its own.
func transaction(ctx context.Context, conn *sql.Conn, do func() error) error {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := do(); err != nil {
		return errors.Join(err, rollback(ctx, conn))
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return errors.Join(err, rollback(ctx, conn))
	}
	return nil
}

// rollback ends a transaction, unless SQLite has done that: it does when the disk is full.
func rollback(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "ROLLBACK")
	if err != nil && strings.Contains(err.Error(), "no transaction is active") {
		return nil
	}
	return err
}

// scan reads all rows.
func scan[T any](rows *sql.Rows, into func(*T) []any) (list []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one T
		if err := rows.Scan(into(&one)...); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}
