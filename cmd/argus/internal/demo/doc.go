// Package demo is the command "argus demo": a bot at work, with its metrics
// served, on a machine without a token or an internet connection.
//
// All of it is real but Discord: unmodified discordgo sessions, one for each
// shard, connect over loopback to one [discordtest.Server] in this process and
// are observed through [argus.Start], so every setting of docs/CONFIGURATION.md
// applies. A flag that was given wins over its variable.
//
// With --processes N the shards are those of one bot and are split evenly, in
// ranges, as a cluster manager splits them: N independent Argus instances, each
// with a cluster id and a port of its own, against one and the same fake
// Discord. They share this operating system process, so their go_* and
// process_* metrics are equal.
//
// The traffic follows from the seed; when the answers come does not.
package demo
