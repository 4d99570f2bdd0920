package wire

import (
	"math"
	"strconv"
)

// fields is what a scanner knows of the meaning of what it reads: which
// containers and keys matter, and what of them goes into the Packet. As in
// encoding/json the last of several equal keys counts, a null changes nothing,
// and a key is the same in capital letters.
type fields struct {
	pkt Packet

	// The containers that matter, the outermost first, lie in one another
	// without others in between. There are care of them; where more are open, what
	// is read does not matter.
	path [maxPath + 1]container
	care int

	slot slot // the key whose value is read, in the innermost container that matters
	keep bool // whether text gets what is read
	text buffer

	stub uint64 // the id of the guild that is being read
	cmd  command
	ids  ids
}

// A container is one that matters.
type container uint8

const (
	outside   container = iota
	inRoot              // {"op": …, "d": …, "s": …, "t": …}
	inData              // the object d
	inGuilds            // the array d.guilds
	inGuild             // an object of it
	inCommand           // the object d.data, or one that is the first in inOptions: cmd.level tells
	inOptions           // the array of options of an inCommand

	// Objects of an interaction.
	inChannel            // d.channel
	inMember             // d.member
	inMemberUser         // d.member.user
	inUser               // d.user
	inMessage            // d.message
	inMetadata           // d.message.interaction_metadata
	inMessageInteraction // d.message.interaction
	inOwners             // d.authorizing_integration_owners
)

// maxPath is how many of them lie in one another: the root, d, and a command with
// options at each level but the last.
const maxPath = 2 + 2*commandLevels - 1

// A slot is a key that matters.
type slot uint8

const (
	slotNone slot = iota
	slotOp
	slotEvent
	slotSeq
	slotD
	slotID
	slotGuildID
	slotType
	slotMemberCount
	slotUnavailable
	slotGuilds
	slotHeartbeatInterval
	slotStub // the id of a guild in the array
	slotData // an interaction's
	slotName // from here on of a command
	slotSub  // the type of an option
	slotOptions
	slotToken
	slotChannelID // from here on of an interaction
	slotChannel
	slotMember
	slotUser
	slotMessage
	slotMetadata
	slotMessageInteraction
	slotLocale
	slotContext
	slotOwners
	slotGuildInstall
	slotUserInstall
	slotNestedID // the key id of the innermost container
)

// ofData are the fields that come from d.
const ofData = HasID | HasGuildID | HasType | HasMemberCount | HasUnavailable | HasGuilds | CutGuilds | HasHeartbeatInterval | ofInteraction

func (f *fields) reset() {
	f.pkt = Packet{Event: EventUnknown, Guilds: f.pkt.Guilds[:0]}
	f.care, f.slot, f.ids = 0, slotNone, ids{}
}

// interaction completes the packet of an interaction, and returns the name of its
// command. Other packets have nothing of it.
func (f *fields) interaction() (command []byte) {
	if f.pkt.Event != EventInteractionCreate {
		f.pkt.Has &^= ofInteraction
		f.pkt.Locale, f.pkt.Context = 0, 0
		return nil
	}
	f.ids.choose(&f.pkt)
	if f.pkt.Has&HasCommand == 0 {
		return nil
	}
	return f.cmd.joined()
}

// value begins a value of the innermost container that matters. It reports
// whether discordgo's Event can hold it: the kind of anything inside d is left to
// discordgo, which dispatches an event that it could not decode all the same.
func (f *fields) value(k kind) bool {
	switch f.path[f.care] {
	case inGuilds, inOptions:
		f.slot = slotNone // a value without a key
		if f.path[f.care] == inOptions {
			f.cmd.option(k)
		}
		return true
	}
	switch f.slot {
	case slotOp, slotSeq:
		return k == kindNumber || k == kindNull
	case slotEvent:
		return k == kindString || k == kindNull
	case slotD:
		f.pkt = Packet{Op: f.pkt.Op, Event: f.pkt.Event, Seq: f.pkt.Seq, Has: f.pkt.Has &^ ofData, Guilds: f.pkt.Guilds[:0]}
		f.ids = ids{}
	case slotGuilds:
		f.pkt.Guilds = f.pkt.Guilds[:0]
		f.pkt.Has &^= HasGuilds | CutGuilds
	case slotData:
		f.pkt.Has &^= HasCommand
	case slotUnavailable:
		if k == kindTrue || k == kindFalse {
			f.pkt.Unavailable = k == kindTrue
			f.pkt.Has |= HasUnavailable
		}
	case slotOptions:
		f.cmd.current().options = 0
	case slotGuildInstall:
		if k != kindNull {
			f.pkt.Has |= GuildInstall
		}
	case slotUserInstall:
		if k != kindNull {
			f.pkt.Has |= UserInstall
		}
	}
	return true
}

// enter goes into a container that was begun with value, if it matters.
func (f *fields) enter(k kind) {
	within := outside
	switch f.path[f.care] {
	case outside:
		within = inRoot
	case inRoot:
		if f.slot == slotD && k == kindObject {
			within = inData
		}
	case inData:
		switch {
		case f.slot == slotGuilds && k == kindArray:
			within = inGuilds
		case k == kindObject:
			if within = f.slot.within(); within == inCommand {
				f.cmd.begin(0)
			}
		}
	case inMember:
		if f.slot == slotUser && k == kindObject {
			within = inMemberUser
		}
	case inMessage:
		switch {
		case f.slot == slotMetadata && k == kindObject:
			within = inMetadata
		case f.slot == slotMessageInteraction && k == kindObject:
			within = inMessageInteraction
		}
	case inGuilds:
		if k == kindObject {
			within = inGuild
			f.stub = 0
		}
	case inCommand:
		if f.slot == slotOptions && k == kindArray {
			within = inOptions
		}
	case inOptions:
		if k == kindObject && f.cmd.current().options == 1 {
			within = inCommand
			f.cmd.begin(f.cmd.level + 1)
		}
	}
	if within != outside {
		f.care++
		f.path[f.care] = within
	}
}

// leave goes out of the innermost container that matters.
func (f *fields) leave() {
	within := f.path[f.care]
	f.care--
	switch within {
	case inGuilds:
		f.pkt.Has |= HasGuilds
	case inGuild:
		switch {
		case f.stub == 0:
		case len(f.pkt.Guilds) < MaxGuilds:
			f.pkt.Guilds = append(f.pkt.Guilds, f.stub)
		default:
			f.pkt.Has |= CutGuilds
		}
	case inCommand:
		switch {
		case f.cmd.level > 0:
			f.cmd.level--
		case f.cmd.join():
			f.pkt.Has |= HasCommand
		}
	}
}

// setKey takes the key in text.
func (f *fields) setKey() {
	f.slot = slotNone
	if !f.text.long {
		f.slot = f.slotOf(f.text.fold())
	}
}

func (f *fields) slotOf(key []byte) slot {
	switch f.path[f.care] {
	case inRoot:
		switch string(key) {
		case "op":
			return slotOp
		case "t":
			return slotEvent
		case "s":
			return slotSeq
		case "d":
			return slotD
		}
	case inData:
		switch string(key) {
		case "id":
			return slotID
		case "guild_id":
			return slotGuildID
		case "type":
			return slotType
		case "member_count":
			return slotMemberCount
		case "unavailable":
			return slotUnavailable
		case "guilds":
			return slotGuilds
		case "heartbeat_interval":
			return slotHeartbeatInterval
		case "token":
			return slotToken
		}
		if f.mayBeInteraction() {
			return interactionSlot(key)
		}
	case inGuild:
		if string(key) == "id" {
			return slotStub
		}
	case inCommand:
		switch string(key) {
		case "name":
			return slotName
		case "type":
			return slotSub // the command's own says what it is invoked on, and join leaves it
		case "options":
			if f.cmd.level < commandLevels-1 {
				return slotOptions
			}
		}
	case inMember:
		if string(key) == "user" {
			return slotUser
		}
	case inMessage:
		switch string(key) {
		case "interaction_metadata":
			return slotMetadata
		case "interaction":
			return slotMessageInteraction
		}
	case inOwners:
		switch string(key) {
		case "0":
			return slotGuildInstall
		case "1":
			return slotUserInstall
		}
	case inChannel, inMemberUser, inUser, inMetadata, inMessageInteraction:
		if string(key) == "id" {
			return slotNestedID
		}
	}
	return slotNone
}

// setString takes the string in text.
func (f *fields) setString() {
	f.text.endHigh()
	switch value := f.text.bytes(); f.slot {
	case slotEvent:
		f.pkt.Has |= HasEvent
		f.pkt.Event = EventUnknown
		if n, ok := eventIndex[string(value)]; ok && !f.text.long {
			f.pkt.Event = n
		}
	case slotID:
		f.setID(&f.pkt.ID, HasID)
	case slotGuildID:
		f.setID(&f.pkt.GuildID, HasGuildID)
	case slotToken:
		f.pkt.Token = tokenHash(value)
	case slotStub:
		f.setID(&f.stub, 0)
	case slotChannelID:
		f.setID(&f.ids.channelID, 0)
	case slotNestedID:
		f.setID(f.nested(), 0)
	case slotLocale:
		f.setLocale(value)
	case slotName:
		f.cmd.setName(value, f.text.long)
	}
}

func (f *fields) setID(to *uint64, has Fields) {
	n, ok := digits(f.text.bytes())
	ok = ok && !f.text.long
	if !ok {
		n = 0
	}
	*to = n
	f.mark(has, ok)
}

// mark says whether a field is there, after its last key.
func (f *fields) mark(has Fields, there bool) {
	f.pkt.Has &^= has
	if there {
		f.pkt.Has |= has
	}
}

// setNumber takes a number. It reports whether discordgo's Event can hold it.
func (f *fields) setNumber(value []byte) bool {
	n, ok := integer(value)
	switch f.slot {
	case slotOp:
		f.pkt.Op = -1
		if n >= 0 && n <= math.MaxUint8 {
			f.pkt.Op = int(n)
		}
		f.pkt.Has |= HasOp
		return ok
	case slotSeq:
		f.pkt.Seq = n
		f.pkt.Has |= HasSeq
		return ok
	}
	if !ok {
		return true // as if it were not there
	}
	natural := n >= 0 && n <= 1<<62
	count := n
	if !natural {
		count = 0
	}
	small := n >= 0 && n <= math.MaxUint8 // what discordgo can hold
	switch f.slot {
	case slotType:
		if small {
			f.pkt.Type = int(n)
			f.pkt.Has |= HasType
		}
	case slotContext:
		if small {
			f.pkt.Context = int(n)
			f.pkt.Has |= HasContext
		}
	case slotMemberCount:
		f.pkt.MemberCount = count
		f.mark(HasMemberCount, natural)
	case slotHeartbeatInterval:
		f.pkt.HeartbeatInterval = count
		f.mark(HasHeartbeatInterval, natural)
	case slotSub:
		if small {
			f.cmd.current().sub = n == optionSubCommand || n == optionSubCommandGroup
		}
	}
	return true
}

// integer reads a number of JSON's grammar that encoding/json would store in an
// int64.
func integer(value []byte) (int64, bool) {
	const longest = len("-9223372036854775808")
	if len(value) > longest {
		return 0, false
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	return n, err == nil
}

// digits reads a non-empty decimal number that fits.
func digits(text []byte) (uint64, bool) {
	if len(text) == 0 || len(text) > 20 {
		return 0, false
	}
	var n uint64
	for _, b := range text {
		d := uint64(b - '0')
		if d > 9 || n > (1<<64-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}
