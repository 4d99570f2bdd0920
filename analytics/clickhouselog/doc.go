// Package clickhouselog writes the events of a bot (docs/EVENTS.md) to ClickHouse: an
// [Exporter] has a log processor that takes them, and leaves other log records alone.
// argus-analytics init makes the tables.
//
//	exporter, err := clickhouselog.New(ctx)
//	…
//	bot, err := argus.Start(session, argus.WithEventExporter(exporter))
//
// It works with a LoggerProvider of the program as well:
//
//	loggers := sdklog.NewLoggerProvider(sdklog.WithResource(…), sdklog.WithProcessor(exporter.Processor()))
//
// # What it promises
//
//   - The bot never waits. The processor makes a row of an event and puts it into a queue;
//     one goroutine does the rest.
//   - The queue is bounded in events and in bytes ([WithQueue]). While ClickHouse is away,
//     the oldest events are dropped first. [Exporter.Losses] counts them, and the table
//     ingest has them once ClickHouse is back.
//   - An event counts once. A batch stays as it is, with a token that no other batch has,
//     until ClickHouse accepts it, refuses it for good, or it is dropped as the oldest.
//   - It tries for as long as it runs: while the server is away, full or out of memory, and
//     while the password, the user's rights or the tables are wrong, which somebody has to
//     correct. A batch with values that ClickHouse refuses is dropped.
//   - Files of a password and of certificates are read at each connection.
package clickhouselog
