package instrument

import (
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
)

// lockedValues are what can be read under a session's lock alone.
type lockedValues struct {
	known        bool
	dataReady    bool
	voiceClients int64
}

// lockedReader reads them when they are asked for, and remembers them for when
// the lock is not free: it is held all through Open and Close, and for ever
// where discordgo deadlocks (an op 7 as the first packet, discordgo v0.29.0).
type lockedReader struct {
	mu     sync.Mutex
	values lockedValues
	// refused is since when the lock could not be had, each time; zero if it
	// could the last time.
	refused time.Time
}

// read returns the values, and whether they are from now.
func (r *lockedReader) read(s *discordgo.Session) (values lockedValues, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fresh = s.TryRLock(); fresh {
		r.values = lockedValues{known: true, dataReady: s.DataReady, voiceClients: readyVoices(s)}
		s.RUnlock()
		r.refused = time.Time{}
	} else if r.refused.IsZero() {
		r.refused = time.Now()
	}
	return r.values, fresh
}

// readyVoices counts the voice connections that can send and receive. How many
// there are in the map says less: discordgo leaves those there that never came
// about, and those that it tries to get back (v0.28.1 to v0.29.1).
//
// discordgo holds a connection's lock while it connects, which can be for ever,
// and while it closes, which takes a second: one whose lock is not free is not
// ready. For all else it has the lock for no more than a moment.
//
// The session's lock must be held: for some 20 ns a connection.
func readyVoices(s *discordgo.Session) (n int64) {
	for _, v := range s.VoiceConnections {
		if v == nil || !v.TryRLock() {
			continue
		}
		if v.Ready {
			n++
		}
		v.RUnlock()
	}
	return n
}

// unavailable is for how long the lock could not be had.
func (r *lockedReader) unavailable() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused.IsZero() {
		return 0
	}
	return time.Since(r.refused)
}

// gone says that the connection has ended, for as long as the lock is not free.
func (r *lockedReader) gone() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values.dataReady = false
}

func (r *lockedReader) last() lockedValues {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.values
}
