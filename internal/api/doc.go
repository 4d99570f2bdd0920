// Package api serves what a process knows about itself under /api/v1/: documents as
// JSON. docs/openapi.json describes it.
//
// Parameters are checked before anything is computed. One document is computed at a
// time, and everyone who asks for it within a second gets the same one.
//
// # Limits
//
//	limit                   value     meaning
//	----------------------  --------  --------------------------------------------------
//	time of an answer       10 s      with the wait for the answers before it; then 503
//	kept documents          16        for 1 s, 2 MiB together
//	examinations            10 %      of one processor: a report is used again for ten
//	                                  times as long as it took, and at least for 1 s
package api
