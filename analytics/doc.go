// Package analytics keeps the events of bots (docs/EVENTS.md) in ClickHouse: the schema
// and its migrations, and how long data stays.
//
// It needs a ClickHouse server and a database of its own there, and is tested with the
// engine of version 26.7.
//
// # Time
//
// All times are in UTC. The hour of an event is that of its own time. Partitions and
// retention follow the column day, which is the day of the event, but at most two days
// before the event was received and one hour after.
package analytics
