package analytics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// An object is a table or a view as the server describes it.
type object struct {
	Object     string   `ch:"object"`
	Structure  []string `ch:"structure"`
	Definition string   `ch:"definition"`
}

// A record is an object as a migration left it.
type record struct {
	Version    uint32    `ch:"version"`
	Applied    time.Time `ch:"applied"`
	RawDays    uint16    `ch:"raw_days"`
	HourlyDays uint16    `ch:"hourly_days"`
	Object     string    `ch:"object"`
	Structure  []string  `ch:"structure"`
	Definition string    `ch:"definition"`
}

// versions is the table that the first statement of the first migration makes.
const versions = "schema_versions"

// present returns the tables and views of ours that there are.
func (s *Store) present(ctx context.Context) ([]object, error) {
	query, err := text("structure.sql")
	if err != nil {
		return nil, err
	}
	var all []object
	err = s.conn.Select(ctx, &all, query, s.objects())
	return all, err
}

// objects is the parameter objects.
func (s *Store) objects() any { return clickhouse.Named("objects", objects(s.migrations)) }

// recorded returns what the newest migration left, and nothing if none was complete.
func (s *Store) recorded(ctx context.Context) ([]record, error) {
	query, err := text("recorded.sql")
	if err != nil {
		return nil, err
	}
	var all []record
	err = s.conn.Select(ctx, &all, query)
	return all, err
}

// record keeps how the tables and views are now.
func (s *Store) record(ctx context.Context, r Retention) error {
	structure, err := text("structure.sql")
	if err != nil {
		return err
	}
	return s.conn.Exec(ctx, `INSERT INTO `+versions+` (version, applied, raw_days, hourly_days, object, structure, definition)
SELECT {version:UInt32}, now64(3), {raw_days:UInt16}, {hourly_days:UInt16}, object, structure, definition
FROM (`+structure+`)`,
		clickhouse.Named("version", s.latest()), clickhouse.Named("raw_days", r.RawDays),
		clickhouse.Named("hourly_days", r.HourlyDays), s.objects())
}

// alterations says in which way each object differs from how a migration left it.
func alterations(recorded []record, present []object) []string {
	var all []string
	for _, r := range recorded {
		n := slices.IndexFunc(present, func(o object) bool { return o.Object == r.Object })
		if n < 0 {
			all = append(all, r.Object+" is missing")
			continue
		}
		for _, line := range without(r.Structure, present[n].Structure) {
			all = append(all, fmt.Sprintf("%s has no more: %s", r.Object, line))
		}
		for _, line := range without(present[n].Structure, r.Structure) {
			all = append(all, fmt.Sprintf("%s has now: %s", r.Object, line))
		}
		if r.Definition != present[n].Definition {
			all = append(all, r.Object+" has another query")
		}
	}
	return all
}

// without returns what is in all and not in others.
func without(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(line string) bool { return slices.Contains(others, line) })
}

// An AlteredError is that of tables or views that somebody changed since they were made.
type AlteredError struct {
	// Alterations has a line for each difference.
	Alterations []string
}

func (e *AlteredError) Error() string {
	return "tables were altered: " + strings.Join(e.Alterations, "; ") + ". Undo this, or use another database"
}
