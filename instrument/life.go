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

// A life follows the successive gateway connections of one session. Only the
// newest connection changes its state.
type life struct {
	lastEvent, lastAck atomic.Int64 // Unix time in nanoseconds; 0 if there was none
	interval           atomic.Int64 // between heartbeats; 0 if unknown

	mu    sync.Mutex
	conn  *tappedConn // the newest gateway connection
	state int
	since time.Time
}

// enter changes the state for a connection.
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

// begin takes a new connection, which has sent its request to the gateway.
func (l *life) begin(c *tappedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = c
	l.interval.Store(0)
	l.enterLocked(stateConnecting)
}

// dialing records that the session dials, and reports whether the dial is for the
// gateway. A voice connection dials too, but only while there is a gateway
// connection.
func (l *life) dialing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil && l.state == stateDisconnected {
		l.enterLocked(stateConnecting)
	}
	return l.conn == nil
}

// undialed records that a dial did not lead to a gateway connection.
func (l *life) undialed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		l.enterLocked(stateDisconnected)
	}
}

// end records the end of a connection.
func (l *life) end(c *tappedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == c {
		l.conn = nil
		l.enterLocked(stateDisconnected)
	}
}

// read returns the state and the time of its last change.
func (l *life) read() (state int, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.since
}

// A handshake is an IDENTIFY or a RESUME without an outcome.
type handshake struct {
	pulse *pulse      // the connection's
	way   *connecting // the connection's

	mu    sync.Mutex
	kind  int
	began time.Time // zero without a handshake
	lost  int64     // what the pulse had lost by then
}

// begin begins a handshake. A previous one without an answer gets none.
func (h *handshake) begin(s *shard, kind int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.resolveLocked(s, handshakeClosed)
	h.kind, h.began, h.lost = kind, time.Now(), h.pulse.start(clock())
}

// pending reports whether there is a handshake.
func (h *handshake) pending() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.began.IsZero()
}

// overdueLocked reports whether the handshake has timed out. The time during
// which the process was paused is not included, since it could not read an answer
// then.
func (h *handshake) overdueLocked() bool {
	stood := time.Duration(h.pulse.lostBy(clock()) - h.lost)
	return time.Since(h.began)-stood > catalog.HandshakeTimeoutAfter
}

// resolve gives the pending handshake its outcome, if there is one.
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
	h.way.answered(h.kind, outcome, h.began)
	h.began = time.Time{}
}

// expire counts a handshake that has timed out.
func (h *handshake) expire(s *shard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.began.IsZero() && h.overdueLocked() {
		h.resolveLocked(s, handshakeTimeout)
	}
}
