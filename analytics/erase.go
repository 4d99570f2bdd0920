package analytics

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// EraseGuild removes a guild from all tables that have ids of guilds, for all bots:
// events and hourly_guilds. It returns when the rows are gone from the tables; the server
// removes the old files within some minutes. The other hourly tables have no ids, and
// keep their sums. The result is how many events of the guild there were.
//
// The guild comes back if events of it are written later, so remove the bot from the
// guild before.
func (s *Store) EraseGuild(ctx context.Context, guild uint64) (events uint64, err error) {
	if guild == 0 {
		return 0, errors.New("analytics: erase a guild: 0 is not an id of a guild")
	}
	tables, err := statements("sql/erase")
	if err != nil {
		return 0, fmt.Errorf("analytics: erase a guild: %w", err)
	}
	if events, err = s.count(ctx, "guild_events", clickhouse.Named("guild", guild)); err != nil {
		return 0, fmt.Errorf("analytics: erase a guild: %w", err)
	}
	for _, t := range tables {
		if err := s.conn.Exec(ctx, t.text, clickhouse.Named("guild", guild)); err != nil {
			return 0, fmt.Errorf("analytics: erase a guild from %s: %w", t.object, err) // without the id: errors are logged
		}
	}
	return events, nil
}
