package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// A Drop is a number of events that a writer dropped in an hour, for one reason. The table
// ingest has them beside the events that were taken.
type Drop struct {
	Bot, Region, Cluster string
	Hour                 time.Time
	Reason               string
	Events               uint64
}

// InsertDrops writes drops. Repeated unchanged, with their token, they count once.
func (s *Store) InsertDrops(ctx context.Context, drops []Drop, token string) error {
	const into = "INSERT INTO ingest (bot, hour, region, cluster, result, reason, events)"
	err := s.batch(ctx, into, token, func(b driver.Batch) error {
		for _, d := range drops {
			if err := b.Append(d.Bot, d.Hour, d.Region, d.Cluster, "dropped", d.Reason, d.Events); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("analytics: insert drops: %w", err)
	}
	return nil
}
