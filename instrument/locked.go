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
		r.values = lockedValues{known: true, dataReady: s.DataReady, voiceClients: int64(len(s.VoiceConnections))}
		s.RUnlock()
		r.refused = time.Time{}
	} else if r.refused.IsZero() {
		r.refused = time.Now()
	}
	return r.values, fresh
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
