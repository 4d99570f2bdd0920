// Package analytics keeps the events of bots (docs/EVENTS.md) in ClickHouse: the schema
// and its migrations, how long data stays, erasure, and the answers to all questions of
// package figures. Package event has the rows that [Store.Insert] writes.
//
// It needs a ClickHouse server and a database of its own there, and is tested with the
// engine of version 26.7.
//
// # Counting once
//
// The same event may be written twice, because a writer cannot know whether a batch
// arrived whose answer was lost. Two mechanisms make it count once:
//
//   - A batch that is repeated unchanged, with its deduplication token ([InsertSettings]),
//     is not inserted again, neither into events nor into the hourly tables that views
//     fill from it. The server remembers the tokens of the last 10,000 blocks of each table.
//   - events is a ReplacingMergeTree whose key ends with the id of the event. Queries
//     that count events read it with FINAL, so an event counts once even if it is in two
//     different batches. The hourly and daily tables count it twice then: the query
//     hourly_check lists such hours. FINAL keeps to partitions, so an event that is more
//     than two days late, and in batches of different days, counts on each of them.
//
// # Time
//
// All times are in UTC. The hour of an event is that of its own time. Partitions and
// retention follow the column day, which is the day of the event, but at most two days
// before the event was received and one hour after.
package analytics
