package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
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
	if err := s.insertDrops(ctx, drops, token); err != nil {
		return fmt.Errorf("analytics: insert drops: %w", err)
	}
	return nil
}

func (s *Store) insertDrops(ctx context.Context, drops []Drop, token string) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(InsertSettings(token)))
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO ingest (bot, hour, region, cluster, result, reason, events)")
	if err != nil {
		return err
	}
	defer func() { _ = batch.Close() }() // after Send it does nothing
	for _, d := range drops {
		if err := batch.Append(d.Bot, d.Hour, d.Region, d.Cluster, "dropped", d.Reason, d.Events); err != nil {
			return err
		}
	}
	return batch.Send()
}
