package instrument

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

var (
	shardStates       = catalog.ShardStates()
	stateDisconnected = slices.Index(shardStates, catalog.StateDisconnected)
	stateConnecting   = slices.Index(shardStates, catalog.StateConnecting)
	stateIdentifying  = slices.Index(shardStates, catalog.StateIdentifying)
	stateResuming     = slices.Index(shardStates, catalog.StateResuming)
	stateReady        = slices.Index(shardStates, catalog.StateReady)

	handshakeOutcomes = catalog.HandshakeOutcomes()
	handshakeReady    = slices.Index(handshakeOutcomes, catalog.HandshakeReady)
	handshakeResumed  = slices.Index(handshakeOutcomes, catalog.HandshakeResumed)
	handshakeInvalid  = slices.Index(handshakeOutcomes, catalog.HandshakeInvalidSession)
	handshakeClosed   = slices.Index(handshakeOutcomes, catalog.HandshakeClosed)
	handshakeTimeout  = slices.Index(handshakeOutcomes, catalog.HandshakeTimeout)

	sentOps  = catalog.SentOps()
	opOther  = slices.Index(sentOps, catalog.Other)
	opToSent = map[int]int{
		wire.OpHeartbeat:               slices.Index(sentOps, "heartbeat"),
		wire.OpIdentify:                slices.Index(sentOps, "identify"),
		wire.OpPresenceUpdate:          slices.Index(sentOps, "presence_update"),
		wire.OpVoiceStateUpdate:        slices.Index(sentOps, "voice_state_update"),
		wire.OpResume:                  slices.Index(sentOps, "resume"),
		wire.OpRequestGuildMembers:     slices.Index(sentOps, "request_guild_members"),
		wire.OpRequestSoundboardSounds: slices.Index(sentOps, "request_soundboard_sounds"),
		wire.OpRequestChannelInfo:      slices.Index(sentOps, "request_channel_info"),
	}
)

// A life follows the gateway connections of one session, one after the other.
// What a connection that has been followed by another says does not count.
type life struct {
	lastEvent, lastAck atomic.Int64 // Unix time in nanoseconds; 0 if there was none
	interval           atomic.Int64 // between heartbeats; 0 if it is not known

	mu    sync.Mutex
	conn  *tappedConn // the newest that asked for the gateway
	state int
	since time.Time
}

// enter changes the state on behalf of a connection.
func (l *life) enter(c *tappedConn, state int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == c {
		l.enterLocked(state)
	}
}

func (l *life) enterLocked(state int) {
	if l.state != state {
		l.state, l.since = state, time.Now()
	}
}

// begin takes up a new connection, which has asked for the gateway.
func (l *life) begin(c *tappedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = c
	l.interval.Store(0)
	l.enterLocked(stateConnecting)
}

// dialing notes that the session dials, and reports whether it is for the
// gateway. A voice connection dials too, but only while the gateway is there.
func (l *life) dialing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil && l.state == stateDisconnected {
		l.enterLocked(stateConnecting)
	}
	return l.conn == nil
}

// undialed notes that no connection to the gateway came of it.
func (l *life) undialed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		l.enterLocked(stateDisconnected)
	}
}

// end takes leave of a connection.
func (l *life) end(c *tappedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == c {
		l.conn = nil
		l.enterLocked(stateDisconnected)
	}
}

// read returns the state and since when it is.
func (l *life) read() (state int, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.since
}

// A handshake is an IDENTIFY or a RESUME that has no outcome yet.
type handshake struct {
	pulse *pulse // the connection's

	mu    sync.Mutex
	kind  int
	began time.Time // zero if there is none
	lost  int64     // by then, by the pulse
}

// begin begins a handshake. One that had no answer by then never gets one.
func (h *handshake) begin(s *shard, kind int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.resolveLocked(s, handshakeClosed)
	h.kind, h.began, h.lost = kind, time.Now(), h.pulse.start(clock())
}

// pending reports whether there is one.
func (h *handshake) pending() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.began.IsZero()
}

// overdueLocked reports whether the answer takes too long. While the process
// stands still it cannot be read.
func (h *handshake) overdueLocked() bool {
	stood := time.Duration(h.pulse.lostBy(clock()) - h.lost)
	return time.Since(h.began)-stood > catalog.HandshakeTimeoutAfter
}

// resolve gives the handshake its outcome, if there is one.
func (h *handshake) resolve(s *shard, outcome int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.resolveLocked(s, outcome)
}

func (h *handshake) resolveLocked(s *shard, outcome int) {
	if h.began.IsZero() {
		return
	}
	if h.overdueLocked() {
		outcome = handshakeTimeout
	}
	s.handshake(h.kind, outcome).n.Add(1)
	h.began = time.Time{}
}

// expire counts a handshake that has taken too long already.
func (h *handshake) expire(s *shard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.began.IsZero() && h.overdueLocked() {
		h.resolveLocked(s, handshakeTimeout)
	}
}
