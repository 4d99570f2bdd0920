package instrument

import (
	"sync/atomic"
	"time"
)

const (
	// closedAfter is how long after the bot has closed a session it is down and may
	// be opened again, before it is taken to be closed for good.
	closedAfter = 5 * time.Second
	// reconnectWithin is the same for a connection that discordgo has closed in
	// order to have another one. It sleeps for a second of that (v0.28.1 to v0.29.1).
	reconnectWithin = 15 * time.Second
)

// A presence tells whether a session stands for a shard: from its first dial
// until the bot closes it, and again from the next dial.
type presence struct {
	// began is when it first dialled, or did again after the bot had closed it, by
	// clock; 0 if it never did. That discordgo connects again does not change it: it
	// tells old sessions from new ones where the bot is scaled.
	began atomic.Int64
	// shut is from when on it is closed for good, by clock; 0 if it is not.
	shut atomic.Int64
	// byBot is set while the bot has closed it.
	byBot atomic.Bool

	// asked is set once it has asked for the gateway's address, and rest once it
	// has made any other REST call.
	asked, rest atomic.Bool
}

// dials notes that the session dials.
func (p *presence) dials(now int64) {
	p.shut.Store(0)
	if p.byBot.Swap(false) || !p.opened() {
		p.began.Store(now)
	}
}

// closed notes that the session has sent a close frame of its own accord. What
// discordgo closes in order to connect again is shut only if it does not; where it
// was told not to connect again, the shard is down.
func (p *presence) closed(byDiscordgo, reconnects bool) {
	p.byBot.Store(!byDiscordgo)
	switch {
	case !byDiscordgo:
		p.shut.Store(clock() + int64(closedAfter))
	case reconnects:
		p.shut.Store(clock() + int64(reconnectWithin))
	}
}

// opened reports whether the session ever dialled.
func (p *presence) opened() bool { return p.began.Load() != 0 }

// over reports whether the bot has closed the session for good.
func (p *presence) over() bool {
	shut := p.shut.Load()
	return shut != 0 && clock() >= shut
}
