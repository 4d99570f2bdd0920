package instrument

import (
	"runtime"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
)

const (
	// guildsAtATime is the number of guilds after which a pass over the state
	// releases the lock: while it is held, the gateway's reader is blocked.
	guildsAtATime = 256
	// patience is how long an unavailable lock is tried again, without queueing
	// for it, before the last values are used instead.
	patience = 200 * time.Microsecond
)

// cacheCounts are the numbers of entries in discordgo's state cache.
type cacheCounts struct {
	members, channels, threads, privateChannels, roles, emojis, stickers, voiceStates, presences int64
}

func (c *cacheCounts) add(d cacheCounts) {
	c.members += d.members
	c.channels += d.channels
	c.threads += d.threads
	c.privateChannels += d.privateChannels
	c.roles += d.roles
	c.emojis += d.emojis
	c.stickers += d.stickers
	c.voiceStates += d.voiceStates
	c.presences += d.presences
}

// A cacheReader reads the counts of one session's state at each collection, and
// keeps them for when they are unavailable.
type cacheReader struct {
	mu    sync.Mutex // one reader; never held by the bot
	last  cacheCounts
	known bool
}

// read returns the counts, and whether there are any. It never waits for the
// state's lock.
func (r *cacheReader) read(state *discordgo.State) (cacheCounts, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if counts, ok := countState(state); ok {
		r.last, r.known = counts, true
	}
	return r.last, r.known
}

// countState counts the entries in one pass. Guilds may be added and removed
// while the lock is released, so that one may be missed or counted twice. The
// next pass corrects that.
func countState(state *discordgo.State) (c cacheCounts, ok bool) {
	if !soon(state.TryRLock, patience) {
		return c, false
	}
	locked := true
	defer func() {
		if locked { // also if a state that the user built causes a panic
			state.RUnlock()
		}
	}()
	c.privateChannels = int64(len(state.PrivateChannels))
	for n := 0; n < len(state.Guilds); n++ { //nolint:intrange // the slice may change while the lock is released
		if n > 0 && n%guildsAtATime == 0 {
			state.RUnlock()
			if locked = soon(state.TryRLock, patience); !locked {
				return c, false
			}
			if n >= len(state.Guilds) {
				break
			}
		}
		g := state.Guilds[n]
		if g == nil {
			continue
		}
		c.members += int64(len(g.Members))
		c.channels += int64(len(g.Channels))
		c.threads += int64(len(g.Threads))
		c.roles += int64(len(g.Roles))
		c.emojis += int64(len(g.Emojis))
		c.stickers += int64(len(g.Stickers))
		c.voiceStates += int64(len(g.VoiceStates))
		c.presences += int64(len(g.Presences))
	}
	return c, true
}

// soon tries to get a lock for a short time. It yields in between and never
// queues for the lock: a goroutine behind a lock that is never released would
// never return.
func soon(try func() bool, patience time.Duration) bool {
	if try() {
		return true
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		runtime.Gosched()
		if try() {
			return true
		}
	}
	return false
}
