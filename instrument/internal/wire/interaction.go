package wire

import (
	"cmp"

	"github.com/argus-dgo/argus/internal/catalog"
)

// ofInteraction are the fields that only an interaction has.
const ofInteraction = HasCommand | HasChannelID | HasUserID | HasOrigin | HasLocale | HasContext | GuildInstall | UserInstall

// ids are those of an interaction that may be in one of two places, each as it was
// read; 0 if there is none.
type ids struct {
	channelID, channel  uint64 // d.channel_id, d.channel.id
	member, user        uint64 // d.member.user.id, d.user.id
	metadata, ofMessage uint64 // d.message.interaction_metadata.id, d.message.interaction.id
}

// choose fills a packet: the first of the two places counts.
func (i *ids) choose(p *Packet) {
	set := func(to *uint64, has Fields, id uint64) {
		if *to = id; id != 0 {
			p.Has |= has
		}
	}
	set(&p.ChannelID, HasChannelID, cmp.Or(i.channelID, i.channel))
	set(&p.UserID, HasUserID, cmp.Or(i.member, i.user))
	set(&p.Origin, HasOrigin, cmp.Or(i.metadata, i.ofMessage))
}

// mayBeInteraction is false for a packet whose event was read and is another one.
// Discord sends the event first.
func (f *fields) mayBeInteraction() bool {
	return f.pkt.Event == EventInteractionCreate || f.pkt.Has&HasEvent == 0
}

// interactionSlot returns the slot of a key that matters in d of an interaction alone.
func interactionSlot(key []byte) slot {
	switch string(key) {
	case "data":
		return slotData
	case "channel_id":
		return slotChannelID
	case "channel":
		return slotChannel
	case "member":
		return slotMember
	case "user":
		return slotUser
	case "message":
		return slotMessage
	case "locale":
		return slotLocale
	case "context":
		return slotContext
	case "authorizing_integration_owners":
		return slotOwners
	}
	return slotNone
}

// within returns what an object is that is the value of a slot of an interaction.
func (s slot) within() container {
	switch s {
	case slotData:
		return inCommand
	case slotChannel:
		return inChannel
	case slotMember:
		return inMember
	case slotUser:
		return inUser
	case slotMessage:
		return inMessage
	case slotOwners:
		return inOwners
	}
	return outside
}

// nested returns the id of the innermost container, whose key id was read.
func (f *fields) nested() *uint64 {
	switch f.path[f.care] {
	case inChannel:
		return &f.ids.channel
	case inMemberUser:
		return &f.ids.member
	case inUser:
		return &f.ids.user
	case inMetadata:
		return &f.ids.metadata
	default: // inMessageInteraction
		return &f.ids.ofMessage
	}
}

// setLocale takes the user's locale. An empty one is none.
func (f *fields) setLocale(value []byte) {
	f.pkt.Locale = 0
	f.mark(HasLocale, len(value) > 0)
	if len(value) == 0 {
		return
	}
	f.pkt.Locale = localeOther
	if n, ok := localeIndex[string(value)]; ok && !f.text.long {
		f.pkt.Locale = n
	}
}

var localeIndex, localeOther = func() (map[string]int, int) {
	index := map[string]int{}
	for n, name := range catalog.Locales() {
		index[name] = n
	}
	return index, index[catalog.Other]
}()
