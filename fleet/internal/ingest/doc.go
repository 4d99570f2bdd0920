// Package ingest receives metrics and events over OTLP, by gRPC and by HTTP, and hands
// them to the engine and to a store of events.
//
// Any process that pushes with OTLP is a member, directly or through a Collector. It needs
// the resource attributes service.name, service.instance.id and cluster, which Argus always
// sets. A push is answered once what is good of it is in the engine's write-ahead log; what
// is not is told in a partial success, with the first reason.
//
// Events are log records whose names docs/EVENTS.md has. They are answered once they are
// in the store. Records that are no such events are told in the partial success.
//
// # Answers
//
//	what                             gRPC                HTTP
//	-------------------------------  ------------------  ----
//	taken, some points refused       OK, partial success 200
//	no or a wrong token              Unauthenticated     401
//	not OTLP                         InvalidArgument     400
//	too large                        ResourceExhausted   413
//	too many pushes of a process     Unavailable, retry  429
//	too many pushes at a time        Unavailable, retry  503
//	the engine cannot write          Unavailable, retry  503
//	events, and the fleet takes none Unimplemented       404
//
// # Limits
//
//	limit                   value      meaning
//	----------------------  ---------  ---------------------------------------------
//	size of a push          16 MiB     after decompression
//	resources of a push     1,000      those that follow are refused
//	pushes at a time        32         one more waits up to 5 s
//	pushes of a process     10, 2 a s  more are refused
//	pushes of events at a time 4       one more waits up to 5 s
//	the same of a process   40, 10 a s the whole push is to be sent again
//	connections             2,048      of each protocol
//	headers of a request    16 KiB
//	a silent connection     5 s        then it is closed
package ingest
