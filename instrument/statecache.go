package instrument

import (
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/internal/catalog"
)

const (
	// guildsAtATime is the number of guilds after which a pass over the state
	// releases the lock: while it is held, the gateway's reader is blocked.
	guildsAtATime = 256
	// patience is how long an unavailable lock is tried again, without queueing
	// for it, before the last values are used instead.
	patience = 200 * time.Microsecond
)

// The parts of discordgo's state cache that are counted. This is the only place
// with their order.
const (
	cacheMembers = iota
	cacheChannels
	cacheThreads
	cachePrivateChannels
	cacheRoles
	cacheEmojis
	cacheStickers
	cacheVoiceStates
	cachePresences
	cacheParts
)

var cacheInstruments = [cacheParts]catalog.Instrument{
	cacheMembers:         catalog.CachedMembers,
	cacheChannels:        catalog.Channels,
	cacheThreads:         catalog.Threads,
	cachePrivateChannels: catalog.PrivateChannels,
	cacheRoles:           catalog.Roles,
	cacheEmojis:          catalog.Emojis,
	cacheStickers:        catalog.Stickers,
	cacheVoiceStates:     catalog.VoiceStates,
	cachePresences:       catalog.Presences,
}

// cacheCounts are the numbers of entries in discordgo's state cache, by part.
type cacheCounts [cacheParts]int64

func (c *cacheCounts) add(d cacheCounts) {
	for part, n := range d {
		c[part] += n
	}
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
	c[cachePrivateChannels] = int64(len(state.PrivateChannels))
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
		c[cacheMembers] += int64(len(g.Members))
		c[cacheChannels] += int64(len(g.Channels))
		c[cacheThreads] += int64(len(g.Threads))
		c[cacheRoles] += int64(len(g.Roles))
		c[cacheEmojis] += int64(len(g.Emojis))
		c[cacheStickers] += int64(len(g.Stickers))
		c[cacheVoiceStates] += int64(len(g.VoiceStates))
		c[cachePresences] += int64(len(g.Presences))
	}
	return c, true
}
