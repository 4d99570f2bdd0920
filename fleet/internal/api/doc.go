// Package api serves what docs/fleet-openapi.json describes: the documents of the pages,
// and what operators may change.
//
// # Limits
//
//	limit               value           meaning
//	------------------  --------------  ------------------------------------------------
//	age of a document   5 s             then it is made anew, on request; five times as
//	                                    long as it took, if that is more. For 30 s more the
//	                                    old one is answered meanwhile: it says its time
//	documents           256             the one that was used least lately is dropped
//	events of a window  500             the newest
//	range               5 min to 15 d
//	body of a request   16 KiB
//	questions at once   4               about events; others wait for their turn
//	answer about events 10 s            with the wait; package eventdocs has the others
package api
