package instrument

import (
	"sync/atomic"
	"time"
)

const (
	// closedAfter is the time after the bot has closed a session during which it
	// is down and may be reopened. Then it counts as closed for good.
	closedAfter = 5 * time.Second
	// reconnectWithin is the same for a connection that discordgo has closed in
	// order to reconnect. This includes discordgo's sleep of a second (v0.28.1 to
	// v0.29.1).
	reconnectWithin = 15 * time.Second
)

// A presence tracks whether a session counts as a shard: from its first dial
// until the bot closes it, and again from the next dial.
type presence struct {
	// began is the time of the first dial, or of the first dial after the bot had
	// closed the session, by clock; 0 before. discordgo's reconnects do not
	// change it: it distinguishes old sessions from new ones while the bot is
	// scaled.
	began atomic.Int64
	// shut is the time from which the session is closed for good, by clock; 0 if
	// it is not closed.
	shut atomic.Int64
	// byBot is set while the session is closed by the bot.
	byBot atomic.Bool

	// asked is set once the session has requested the gateway's address, and rest
	// once it has made any other REST call.
	asked, rest atomic.Bool
}

// dials records that the session dials.
func (p *presence) dials(now int64) {
	p.shut.Store(0)
	if p.byBot.Swap(false) || !p.opened() {
		p.began.Store(now)
	}
}

// closed records that the session has sent a close frame. A session that
// discordgo has closed in order to reconnect is shut only if it does not
// reconnect. If discordgo must not reconnect, the session is not shut and its
// shard is down.
func (p *presence) closed(byDiscordgo, reconnects bool) {
	p.byBot.Store(!byDiscordgo)
	switch {
	case !byDiscordgo:
		p.shut.Store(clock() + int64(closedAfter))
	case reconnects:
		p.shut.Store(clock() + int64(reconnectWithin))
	}
}

// opened reports whether the session has ever dialed.
func (p *presence) opened() bool { return p.began.Load() != 0 }

// over reports whether the session is closed for good.
func (p *presence) over() bool {
	shut := p.shut.Load()
	return shut != 0 && clock() >= shut
}
