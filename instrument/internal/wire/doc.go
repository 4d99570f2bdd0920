// Package wire reads Discord's gateway protocol off a socket, as it passes.
//
// A [Stream] is fed the bytes of one direction of a connection, in whatever
// pieces they come, and tells a [Sink] what they mean: the first line of each
// HTTP head, the gateway packets, the close frame. It never holds the bytes up,
// never changes them, and keeps no more of them than it needs.
//
// What it tells is what discordgo handles. Frames are refused for the reasons for
// which gorilla/websocket refuses them. A packet is not decoded, but a scanner
// follows all of its JSON, as encoding/json does, since a message that is cut off
// or malformed at its very end is not handled either. That costs about two
// nanoseconds per byte of dense JSON, and much less in long strings: a fiftieth of
// what discordgo needs to decode the same. A compressed message is inflated as far
// as discordgo reads it, and no further than 64 MiB. It is told with the end of its
// frame; discordgo has one already whose last block ends before that, which no server
// sends.
//
// For a message that is not compressed nothing is allocated.
package wire
