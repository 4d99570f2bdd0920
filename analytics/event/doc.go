// Package event has the events of bots (docs/EVENTS.md) as rows with typed columns: what
// the log records of a bot, and those that arrive by OTLP, are made into before they are
// stored.
//
// A row is made of the attributes of a log record, of its resource, and of its name and
// time. Values are checked on the way, so that whatever is stored is bounded: a [Row] that
// has passed [Row.Check] can be written to any store.
package event
