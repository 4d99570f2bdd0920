package wire

import (
	"github.com/argus-dgo/argus/internal/catalog"
)

// Operations of the gateway
// (https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-opcodes).
const (
	OpDispatch                = 0
	OpHeartbeat               = 1
	OpIdentify                = 2
	OpPresenceUpdate          = 3
	OpVoiceStateUpdate        = 4
	OpResume                  = 6
	OpReconnect               = 7
	OpRequestGuildMembers     = 8
	OpInvalidSession          = 9
	OpHello                   = 10
	OpHeartbeatAck            = 11
	OpRequestSoundboardSounds = 31
	OpRequestChannelInfo      = 43
)

// MaxGuilds is how many ids of a READY's guilds are kept. Discord puts at most
// 2,500 guilds on a shard
// (https://discord.com/developers/docs/topics/gateway#sharding).
const MaxGuilds = 1 << 14

// A Packet is what is known of one gateway message. A field that was absent or
// malformed has its zero value, but for Op, and Has tells the difference.
type Packet struct {
	// Op is the operation. A message without one counts as a dispatch, as in
	// discordgo.
	Op int
	// Event indexes catalog.Events: the last one stands for every unknown type.
	Event int
	Seq   int64
	Has   Fields

	// Fields of d, whatever the operation and the event.
	ID uint64
	// Token is the hash of an interaction's token, as TokenHash has it; 0 if it
	// is not known. The token itself is a secret, and not kept.
	Token       uint64
	GuildID     uint64
	Type        int
	MemberCount int64
	Unavailable bool
	// HeartbeatInterval is a HELLO's, in milliseconds.
	HeartbeatInterval int64
	// Command is the name of an interaction's application command, with group
	// and sub-command where it has them, joined by spaces: "permissions user
	// get". It is UTF-8, its escapes decoded. The bytes of a Stream's packet are
	// valid only during the call of Sink.Packet: a copy must clone them.
	Command []byte
	// Guilds are the ids in d.guilds; cut at MaxGuilds, which Has tells.
	Guilds []uint64

	// Fields of an interaction alone. They are not known if the envelope names
	// another event before d, and an interaction after it.
	ChannelID uint64
	UserID    uint64
	// Origin is the id of the interaction that made the message to which a
	// component or a modal belongs.
	Origin uint64
	// Locale indexes catalog.Locales: the last one stands for every other.
	Locale int
	// Context is where the interaction was made: 0 in a guild, 1 in a direct
	// message with the bot, 2 in another private channel.
	Context int
}

// Fields is a set of fields that a packet had.
type Fields uint32

// The fields of a packet.
const (
	HasOp Fields = 1 << iota
	HasEvent
	HasSeq
	HasID
	HasGuildID
	HasType
	HasMemberCount
	HasUnavailable
	HasGuilds
	// CutGuilds says that there were more guilds than are kept.
	CutGuilds
	HasHeartbeatInterval
	// HasCommand says that d.data was read to its end, and that each name in
	// it that counts was there, not empty, valid UTF-8, and of at most 128
	// bytes: Discord allows 32 characters.
	HasCommand
	HasChannelID
	HasUserID
	HasOrigin
	HasLocale
	HasContext
	// The app is installed to the guild, to the user, or to both: these authorized
	// the interaction.
	GuildInstall
	UserInstall
)

// Indexes into catalog.Events of the events whose fields are needed.
var (
	EventReady             = EventIndex("READY")
	EventResumed           = EventIndex("RESUMED")
	EventGuildCreate       = EventIndex("GUILD_CREATE")
	EventGuildDelete       = EventIndex("GUILD_DELETE")
	EventGuildMemberAdd    = EventIndex("GUILD_MEMBER_ADD")
	EventGuildMemberRemove = EventIndex("GUILD_MEMBER_REMOVE")
	EventInteractionCreate = EventIndex("INTERACTION_CREATE")
	EventUnknown           = len(catalog.Events()) - 1
)

var eventIndex = func() map[string]int {
	index := map[string]int{}
	for n, name := range catalog.Events() {
		index[name] = n
	}
	return index
}()

// EventIndex returns the index of a dispatch type in catalog.Events.
func EventIndex(name string) int {
	if n, ok := eventIndex[name]; ok {
		return n
	}
	return len(eventIndex) - 1
}

// hasFields says of which events fields are needed.
var hasFields = func() []bool {
	has := make([]bool, len(eventIndex))
	for _, n := range []int{EventReady, EventGuildCreate, EventGuildDelete, EventGuildMemberAdd, EventGuildMemberRemove, EventInteractionCreate} {
		has[n] = true
	}
	return has
}()

// ScanData fills a packet from a dispatch whose envelope was decoded by
// somebody else: data is its "d". It reports whether data is a JSON value, and
// does not look where no field of the event is needed.
//
// The memory of p's Guilds and Command is used again. Where that is too small,
// it is allocated.
func ScanData(p *Packet, event string, seq int64, data []byte) bool {
	guilds, name := p.Guilds[:0], p.Command[:0]
	*p = Packet{Event: EventIndex(event), Seq: seq, Has: HasOp | HasEvent | HasSeq, Guilds: guilds, Command: name}
	if !hasFields[p.Event] {
		return true
	}
	var s scanner
	s.pkt = *p
	s.open(kindObject, true)
	s.state, s.slot = beforeValue, slotD
	s.feed(data)
	command := s.interaction()
	*p = s.pkt
	p.Command = append(name, command...)
	return s.depth == 1 && (s.state == afterValue || s.state == inNumber && s.number >= afterZero)
}
