package analytics

import (
	"context"
	"fmt"
)

// AcceptCollector makes the table that the OpenTelemetry Collector's clickhouseexporter
// writes, collector_logs, and the view that puts the events of it into the table events.
// The schema must be there: see [Store.Migrate]. Nothing stays in collector_logs.
func (s *Store) AcceptCollector(ctx context.Context) error {
	all, err := statements("sql/collector")
	if err != nil {
		return fmt.Errorf("analytics: tables for the Collector: %w", err)
	}
	for _, statement := range all {
		if err := s.conn.Exec(ctx, statement.text); err != nil {
			return fmt.Errorf("analytics: tables for the Collector: %s: %w", statement.object, err)
		}
	}
	return nil
}
