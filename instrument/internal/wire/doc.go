// Package wire reads Discord's gateway protocol off a socket, as it passes.
//
// A [Stream] is fed the bytes of one direction of a connection, in whatever
// pieces they come, and tells a [Sink] what they mean: the first line of each
// HTTP head, the gateway packets, the close frame. It never holds the bytes up,
// never changes them, and keeps no more of them than it needs.
//
// A packet is not decoded. A scanner looks for the few fields that the
// instrumentation needs and stops as soon as it has them, so that for most
// dispatches it reads less than a hundred bytes. A compressed message is
// inflated only as far as that.
//
// For a message that is not compressed nothing is allocated.
package wire
