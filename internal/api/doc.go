// Package api serves what a process knows about its bots under /api/v1/: documents as
// JSON, and a stream of server-sent events. docs/openapi.json describes them.
//
// Parameters are checked before anything is computed. One document or message is computed
// at a time, and everyone who asks for it within a second gets the same one. What is
// unknown is null or absent, never 0.
//
// # Limits
//
//	limit                   value     meaning
//	----------------------  --------  --------------------------------------------------
//	time of an answer       10 s      with the wait for the answers before it; then 503
//	kept documents          16        for 1 s, 2 MiB together
//	examinations            10 %      of one processor: a report is used again for ten
//	                                  times as long as it took, and at least for 1 s
//	recorded findings       500       events of a bot, found by an examination a minute
//	timeline                1,000     events
//	series                  64        of 720 points; 8 matchers with 32 values each
//	streams                 32        of a process; more get 503
//	kept messages           60        of a bot, 1 MiB together, while there are streams
//	                                  and 5 minutes longer; else a snapshot
//	time of a message       10 s      until a client has read it; then it is dropped
package api
