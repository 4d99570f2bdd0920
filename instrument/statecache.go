package instrument

import (
	"runtime"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
)

const (
	// A pass over the state lets go of its lock after so many guilds: holding
	// it stalls the gateway's reader one to one.
	guildsAtATime = 256
	// A lock that is not free is asked for again for so long, without waiting
	// for it, before the last counts are given instead.
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

// cacheReader reads the counts of one session's state when they are asked for,
// and remembers them for when they cannot be had.
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

// countState makes one pass of lengths. Between two locks guilds may come and
// go, so that one of them may be missed or counted twice: the next pass will
// tell.
func countState(state *discordgo.State) (c cacheCounts, ok bool) {
	if !soon(state.TryRLock, patience) {
		return c, false
	}
	locked := true
	defer func() {
		if locked { // also when a state that the user built by hand makes us panic
			state.RUnlock()
		}
	}()
	c.privateChannels = int64(len(state.PrivateChannels))
	for n := 0; n < len(state.Guilds); n++ { //nolint:intrange // the slice may change while the lock is let go
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

// soon asks for a lock for a short while. It yields in between and never queues
// for it: one that waits behind a lock that is never freed would be lost.
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
