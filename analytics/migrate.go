package analytics

import (
	"context"
	"fmt"
)

// A NewerError is that of a database that a newer version of this package has migrated.
type NewerError struct{ Found, Known uint32 }

func (e *NewerError) Error() string {
	return fmt.Sprintf("the schema has version %d and this program knows up to %d: use a newer version of it", e.Found, e.Known)
}

// Migrate makes the tables and views, or brings them to the newest version, and sets how
// long data stays. Without anything to do it changes nothing. If it was interrupted, it
// goes on where it was.
//
// It changes nothing and returns a [NewerError] if the schema is newer, an [AlteredError]
// if somebody changed a table or a view, and an error if a table has the name of ours and
// was not made by it.
func (s *Store) Migrate(ctx context.Context, keep Retention) error {
	if err := keep.Check(); err != nil {
		return fmt.Errorf("analytics: %w", err)
	}
	if err := s.migrate(ctx, keep); err != nil {
		return fmt.Errorf("analytics: migrate: %w", err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context, keep Retention) error {
	v, err := s.inspect(ctx)
	if err != nil {
		return err
	}
	switch {
	case v.version > s.latest():
		return &NewerError{Found: v.version, Known: s.latest()}
	case len(v.altered) > 0:
		return &AlteredError{v.altered}
	case v.version == s.latest() && v.retention == keep:
		return nil
	}
	for _, m := range s.migrations {
		if m.version <= v.version {
			continue
		}
		for _, statement := range m.statements {
			if err := s.conn.Exec(ctx, statement.text); err != nil {
				return fmt.Errorf("version %d: %s: %w", m.version, statement.object, err)
			}
		}
	}
	if err := s.retain(ctx, keep); err != nil {
		return err
	}
	return s.record(ctx, keep)
}

// A state is what a database has of ours.
type state struct {
	version   uint32 // 0 is none that is complete
	records   []record
	retention Retention
	altered   []string
}

// inspect returns the state of the database. A table that has the name of ours while
// schema_versions is missing is somebody else's, because that one is made first.
func (s *Store) inspect(ctx context.Context) (state, error) {
	present, err := s.present(ctx)
	if err != nil {
		return state{}, fmt.Errorf("read the structure: %w", err)
	}
	if len(present) == 0 {
		return state{}, nil
	}
	ours := false
	for _, o := range present {
		ours = ours || o.Object == versions
	}
	if !ours {
		return state{}, fmt.Errorf("there is a table %s that this program did not make: use another database, or rename the table", present[0].Object)
	}
	records, err := s.recorded(ctx)
	if err != nil {
		return state{}, fmt.Errorf("read %s: %w", versions, err)
	}
	if len(records) == 0 {
		return state{}, nil
	}
	first := records[0]
	return state{
		version: first.Version, records: records, altered: alterations(records, present),
		retention: Retention{RawDays: first.RawDays, HourlyDays: first.HourlyDays},
	}, nil
}
