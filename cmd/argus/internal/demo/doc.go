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
// process_* metrics are equal. With --process as well only one of them runs, with
// a fake Discord that is all its own: two such commands are two processes of the
// system, of which one can be killed.
//
// With --scenario the traffic is steady and fails at nothing but what the given
// scenarios do to it: see docs/SCENARIOS.md. Without it everything happens now
// and then.
//
// The traffic and what goes wrong follow from the seed; when the answers come
// does not.
package demo
