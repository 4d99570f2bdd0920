// Package clickhousestore keeps the events that a fleet takes in ClickHouse, in the tables
// of package analytics, and answers the questions of package figures from them.
//
// A store begins without asking the server. [Store.Run] looks at the schema until it is
// the one that this version knows: before that, and while the server rejects the user or
// the tables, [Store.Add] returns an error, and senders keep what they have.
//
// A batch is acknowledged when it is written. Its token is made of the ids of its events,
// in their order: the same batch counts once, however often it is sent.
package clickhousestore
