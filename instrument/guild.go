package instrument

import ids "github.com/argus-dgo/argus/internal/guild"

// A GuildState is what the process knows of a guild.
type GuildState string

// The states of a guild.
const (
	GuildUnknown     GuildState = "" // no shard of the process can tell
	GuildAvailable   GuildState = "available"
	GuildUnavailable GuildState = "unavailable" // in an outage, or not received yet
	GuildAbsent      GuildState = "absent"      // the bot is not in the guild
)

// Guild returns the state of a guild by its id, and the number of its members, or -1 if it
// is not known. The source is that of discord.guilds and discord.members. Guild never waits
// for a lock of discordgo's, and keeps nothing.
func (i *Instrumentation) Guild(id uint64) (state GuildState, members int64) {
	members = unknownMembers
	r := newRoster(i.readable())
	for at, a := range r.seats {
		if !r.hears(at, a) || a.settings.Load().shardID != ids.Shard(id, at.count) {
			continue
		}
		g, there, known := a.guilds.find(id)
		switch {
		case !known || state == GuildAvailable: // while the bot is scaled, two shards may have it
		case there && g.available:
			state, members = GuildAvailable, g.members
		case there:
			state = GuildUnavailable
		case state == GuildUnknown:
			state = GuildAbsent
		}
	}
	return state, members
}
