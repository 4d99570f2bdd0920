package instrument

import (
	"context"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

// shard adds an event of a shard's connection.
func (l *eventLog) shard(name string, s *shard, says string) {
	l.add(context.Background(), name, time.Now(), func(r *record) {
		r.body = "Shard " + s.label + " " + says + "."
		r.text(catalog.AttrShard, s.label)
	})
}

func (l *eventLog) connected(s *shard) {
	if l != nil {
		l.shard(catalog.EventShardConnected.Name, s, "connected to the gateway")
	}
}

func (l *eventLog) ready(s *shard) {
	if l != nil {
		l.shard(catalog.EventShardReady.Name, s, "is ready")
	}
}

func (l *eventLog) resumed(s *shard) {
	if l != nil {
		l.shard(catalog.EventShardResumed.Name, s, "resumed its session")
	}
}

// disconnected takes the end of a connection. heartbeatLost says that the client
// ended it since heartbeats were not acknowledged.
func (l *eventLog) disconnected(s *shard, code, initiator int, lasted time.Duration, heartbeatLost bool) {
	if l == nil {
		return
	}
	l.add(context.Background(), catalog.EventShardDisconnected.Name, time.Now(), func(r *record) {
		r.warnIf(initiator != initiatorClient || heartbeatLost)
		r.body = "Shard " + s.label + " disconnected: code " + closeCodes[code] + ", initiator " + initiators[initiator] + "."
		r.text(catalog.AttrShard, s.label)
		r.text(catalog.AttrCloseCode, closeCodes[code])
		r.text(catalog.AttrInitiator, initiators[initiator])
		r.seconds(catalog.AttrConnectionDuration, lasted)
	})
}

// guild takes a dispatch that is about to be applied to a set.
func (l *eventLog) guild(guilds *guildSet, p *wire.Packet, s *shard) {
	if l == nil || p.Event != wire.EventGuildCreate && p.Event != wire.EventGuildDelete {
		return
	}
	event, ok := guildEvents[guilds.changeBy(p)]
	if !ok {
		return
	}
	id, members := p.ID, guilds.membersBy(p)
	l.add(context.Background(), event.Name, time.Now(), func(r *record) {
		r.warnIf(event.Warning == catalog.Always)
		r.body = event.Body
		r.text(catalog.AttrShard, s.label)
		l.guildID(r, id)
		r.size(members)
	})
}

var guildEvents = map[guildChange]catalog.LogEvent{
	guildJoined: catalog.EventGuildJoined,
	guildLeft:   catalog.EventGuildLeft,
	guildOutage: catalog.EventGuildUnavailable,
}

// size adds the size of a guild with so many members, if that is known.
func (r *record) size(members int64) {
	if members != unknownMembers {
		r.text(catalog.AttrGuildSize, catalog.GuildSize(members))
	}
}

// guildID adds the id of a guild, if that is wanted and known.
func (l *eventLog) guildID(r *record, id uint64) {
	if l.guilds && id != 0 {
		r.text(catalog.AttrGuildID, strconv.FormatUint(id, 10))
	}
}
