package instrument

import (
	"sync"

	"github.com/argus-dgo/argus/instrument/internal/wire"
)

// guildSet keeps the guilds of a session, from the gateway's own events.
//
// discordgo's state is not sufficient: it removes a guild during an outage, and
// writes Guild.MemberCount without a lock (discordgo v0.29.0). Only this package
// takes the lock of a guildSet.
type guildSet struct {
	mu    sync.Mutex
	guild map[uint64]guild
	// known is whether the set is known: not before the first READY.
	known bool
	// seeded is whether guilds come from discordgo's state, which lacks those in an
	// outage.
	seeded bool
	// cut is whether there were more guilds than the limit, so that the counts
	// would be too low.
	cut    bool
	counts guildCounts
}

type guild struct {
	available bool
	outage    bool  // unavailable by a GUILD_DELETE
	members   int64 // unknownMembers if unknown
}

const (
	unknownMembers = -1
	// mostMembers is more than the number of Discord's users. A larger number is
	// not a count, and the sums over all guilds and shards stay far below an
	// overflow.
	mostMembers = 1 << 33
)

// guildCounts are the sums over a set.
type guildCounts struct {
	available   int64
	unavailable int64
	members     int64
	// uncounted are the available guilds with an unknown member count.
	uncounted int64
}

func (c *guildCounts) add(g guild, sign int64) {
	switch {
	case !g.available:
		c.unavailable += sign
	case g.members == unknownMembers:
		c.available += sign
		c.uncounted += sign
	default:
		c.available += sign
		c.members += sign * g.members
	}
}

// A guildChange is what a dispatch says of the bot and a guild.
type guildChange uint8

const (
	guildSame guildChange = iota
	guildJoined
	guildLeft
	guildOutage
)

// changeBy returns what a dispatch changes, before it is applied.
func (s *guildSet) changeBy(p *wire.Packet) guildChange {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, had := s.guild[p.ID]
	switch {
	case p.ID == 0:
	case p.Event == wire.EventGuildCreate && !had && s.known && !s.cut:
		// Discord says so of a guild that comes back, and not of a new one.
		if cameBack := s.seeded && p.Has&wire.HasUnavailable != 0; !cameBack {
			return guildJoined
		}
	case p.Event == wire.EventGuildDelete && p.Unavailable && !g.outage:
		return guildOutage
	case p.Event == wire.EventGuildDelete && !p.Unavailable && (had || !s.known || s.cut):
		return guildLeft
	}
	return guildSame
}

// membersBy returns the number of members that a guild has by a GUILD_CREATE, or had
// until a GUILD_DELETE, before the dispatch is applied.
func (s *guildSet) membersBy(p *wire.Packet) int64 {
	if p.Event == wire.EventGuildCreate {
		return memberCount(p)
	}
	return s.membersOf(p.ID)
}

// membersOf returns the number of members of a guild, or unknownMembers.
func (s *guildSet) membersOf(id uint64) int64 {
	if g, there, _ := s.find(id); there {
		return g.members
	}
	return unknownMembers
}

// memberCount returns the number of members that a GUILD_CREATE has.
func memberCount(p *wire.Packet) int64 {
	if p.Has&wire.HasMemberCount == 0 || p.MemberCount > mostMembers {
		return unknownMembers
	}
	return p.MemberCount
}

// apply takes one dispatch. Dispatches must come in order.
func (s *guildSet) apply(p *wire.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch p.Event {
	case wire.EventReady:
		s.reset(p.Guilds)
		s.cut = p.Has&wire.CutGuilds != 0
	case wire.EventGuildCreate:
		s.set(p.ID, guild{available: !p.Unavailable, members: memberCount(p)})
	case wire.EventGuildDelete:
		if p.Unavailable {
			s.set(p.ID, guild{members: unknownMembers, outage: true})
		} else {
			s.remove(p.ID)
		}
	case wire.EventGuildMemberAdd:
		s.change(p.GuildID, 1)
	case wire.EventGuildMemberRemove:
		s.change(p.GuildID, -1)
	}
}

// reset replaces the set by guilds of which only the ids are known. They are
// unavailable until their GUILD_CREATE.
func (s *guildSet) reset(ids []uint64) {
	before := s.guild
	s.guild = make(map[uint64]guild, len(ids))
	s.counts = guildCounts{}
	s.known, s.cut, s.seeded = true, false, false
	for _, id := range ids {
		s.set(id, guild{members: unknownMembers, outage: before[id].outage})
	}
}

// add is set for a guild that is not in the set.
func (s *guildSet) add(id uint64, g guild) {
	if _, had := s.guild[id]; !had {
		s.set(id, g)
	}
}

func (s *guildSet) set(id uint64, g guild) {
	if id == 0 {
		return
	}
	if s.guild == nil {
		s.guild = map[uint64]guild{}
	}
	if _, had := s.guild[id]; !had && len(s.guild) >= wire.MaxGuilds {
		s.cut = true
		return
	}
	s.remove(id)
	s.guild[id] = g
	s.counts.add(g, 1)
}

func (s *guildSet) remove(id uint64) {
	if g, ok := s.guild[id]; ok {
		s.counts.add(g, -1)
		delete(s.guild, id)
	}
}

func (s *guildSet) change(id uint64, by int64) {
	g, ok := s.guild[id]
	if !ok || g.members == unknownMembers || g.members+by < 0 {
		return
	}
	g.members += by
	s.set(id, g)
}

// addTo adds the guilds to others. For a guild in both, the entry with more
// information is kept. addTo reports whether the guilds are known.
func (s *guildSet) addTo(others map[uint64]guild) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known || s.cut {
		return false
	}
	for id, g := range s.guild {
		other, there := others[id]
		if !there || g.available && !other.available || g.available == other.available && other.members == unknownMembers {
			others[id] = g
		}
	}
	return true
}

// find returns a guild, and whether it is in the set. A set that is not known, or cut, has
// no answer.
func (s *guildSet) find(id uint64) (g guild, there, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, there = s.guild[id]
	return g, there, there || s.known && !s.cut
}

// read returns the sums, and whether they are known.
func (s *guildSet) read() (guildCounts, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts, s.known && !s.cut
}
