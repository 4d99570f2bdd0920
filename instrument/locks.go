package instrument

import (
	"runtime"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
)

// lockedValues can be read only under a session's lock.
type lockedValues struct {
	known        bool
	dataReady    bool
	voiceClients int64
}

// lockedReader reads the values at each collection, and keeps them for when the
// lock is unavailable: discordgo holds it throughout Open and Close, and forever
// if it deadlocks (an op 7 as the first packet, discordgo v0.29.0).
type lockedReader struct {
	mu     sync.Mutex
	values lockedValues
	// refused is the time since when the lock has been unavailable; zero if the
	// last attempt got it.
	refused time.Time
}

// read returns the values, and whether they are current.
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

// readyVoices counts the voice connections that can send and receive. The size of
// the map is not that number: discordgo leaves connections in it that were never
// established, and those that it tries to re-establish (v0.28.1 to v0.29.1).
//
// discordgo holds a connection's lock while it connects, possibly forever, and
// while it closes, for a second: a connection whose lock is unavailable is not
// ready. Otherwise discordgo holds the lock only for a moment.
//
// The session's lock must be held. It takes some 20 ns per connection.
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

// unavailable returns how long the lock has been unavailable.
func (r *lockedReader) unavailable() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused.IsZero() {
		return 0
	}
	return time.Since(r.refused)
}

// gone records that the connection has ended. This value applies while the lock
// is unavailable.
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
