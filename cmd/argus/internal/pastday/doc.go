// Package pastday invents what happened to a bot in the last 24 hours, as events
// (docs/EVENTS.md): commands by the time of day, a release that made one of them slower, an
// incident that some guilds felt, guilds that come and go. The same seed, end and bot give
// the same events with the same ids, so that a store that has them already takes none
// twice.
package pastday
