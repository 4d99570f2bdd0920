package analytics

import "github.com/ClickHouse/clickhouse-go/v2"

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
