// Package demo is the command "argus demo". It runs a bot and serves its metrics,
// without a token or internet access.
//
// Only Discord is fake. Unmodified discordgo sessions, one for each shard, connect
// over loopback to a [discordtest.Server] in this process. [argus.Start] observes
// them, so every setting in docs/CONFIGURATION.md applies. Flags override variables.
//
// With --processes N, the shards of one bot are split evenly into ranges, as a
// cluster manager does. There are N independent Argus instances, each with its own
// cluster id and port, and one fake Discord. They share this operating system
// process, so their go_* and process_* metrics are the same. With --process, only
// one of them runs, with its own fake Discord. Two such commands are two operating
// system processes, one of which can be killed.
//
// With --scenario, the traffic is steady, and only the given scenarios cause faults:
// see docs/SCENARIOS.md. Without it, all kinds of faults happen now and then.
//
// The seed determines the traffic and the faults, but not when answers arrive.
package demo
