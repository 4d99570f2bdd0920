// Package figures has the questions that can be asked of a bot's events, and the shapes
// of the answers. ClickHouse (package analytics) and the fleet's embedded store both
// answer them, and tests compare both with figures that are computed from the same events.
//
// All times are in UTC. A pointer that is nil is absent, which is not 0 or the empty
// string. Ids of guilds are strings in JSON: a number of 64 bits does not survive
// JavaScript. Ratios and durations are left to whoever shows them where they follow from
// other fields.
package figures
