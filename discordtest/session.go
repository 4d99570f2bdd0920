package discordtest

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// maxReplayBytes limits what a session keeps for replay, besides the number of
// events: GUILD_CREATEs can be large.
const maxReplayBytes = 16 << 20

// A session is what a client resumes. It outlives its connections.
type session struct {
	server     *Server
	id         string
	shard      int
	shardCount int
	intents    int64
	compress   bool
	token      string
	identify   Identify

	invalid atomic.Bool // cannot be resumed anymore
	spoke   atomic.Bool // it has joined a voice channel
	ended   atomic.Int64

	// mu orders dispatches, and is held while one is written. Lock order: guild.mu
	// first of all locks, then mu, then Server.mu, Conn.mu or Conn.wmu. While mu is
	// held, no other locks of the package are taken.
	mu     sync.Mutex
	conn   *Conn // the connection that receives dispatches; nil before READY
	seq    atomic.Int64
	events []stored // sequence numbers first ... seq, without gaps
	first  int64
	bytes  int
}

type stored struct {
	eventType string
	data      json.RawMessage
}

// dispatch gives an event the next sequence number, keeps it, and sends it if there
// is a connection. sent is false if the intents exclude the event; an event that is
// kept without a connection counts as sent. A failed write is not an error: the event
// is replayed.
func (sess *session) dispatch(eventType string, data json.RawMessage) (sent bool, err error) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	return sess.dispatchLocked(eventType, data), nil
}

func (sess *session) dispatchLocked(eventType string, data json.RawMessage) bool {
	if !allowed(sess.intents, eventType, data) {
		return false
	}
	if sess.intents&intentMessageContent == 0 {
		data = withoutContent(eventType, data, botID)
	}
	if eventType == "INTERACTION_CREATE" {
		sess.server.rest.expect(data)
	}
	seq := sess.seq.Add(1)
	sess.keep(eventType, data)
	if c := sess.conn; c != nil && !c.closed.Load() {
		_ = c.writeDispatch(seq, eventType, data)
	}
	return true
}

func (sess *session) keep(eventType string, data json.RawMessage) {
	sess.events = append(sess.events, stored{eventType, data})
	sess.bytes += len(data)
	for len(sess.events) > sess.server.cfg.replayEvents || sess.bytes > maxReplayBytes && len(sess.events) > 1 {
		sess.dropFirst()
	}
}

func (sess *session) dropFirst() {
	sess.bytes -= len(sess.events[0].data)
	sess.events[0] = stored{}
	sess.events = sess.events[1:]
	sess.first++
}

// confirm discards events that a heartbeat has acknowledged.
func (sess *session) confirm(seq int64) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	for len(sess.events) > 0 && sess.first <= seq {
		sess.dropFirst()
	}
}

// canReplay reports whether everything after seq is still kept. sess.mu is held.
func (sess *session) canReplay(seq int64) bool { return seq >= sess.first-1 }

func (sess *session) expired(window time.Duration) bool {
	at := sess.ended.Load()
	return at != 0 && time.Since(time.Unix(0, at)) > window
}

// detach removes the connection from the session, unless it already has another one.
// From then on the session can be resumed for the resume window.
func (sess *session) detach(c *Conn) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if sess.conn == c {
		sess.conn = nil
		sess.ended.Store(time.Now().UnixNano())
	}
}

// invalidate prevents the session from being resumed.
func (s *Server) invalidate(sess *session) {
	if sess == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(sess)
}

// forgetLocked prevents the session from being resumed. s.mu is held.
func (s *Server) forgetLocked(sess *session) {
	sess.invalid.Store(true)
	delete(s.sessions, sess.id)
	s.unsetCurrentLocked(sess)
	if sess.spoke.Swap(false) && !s.closed {
		s.wg.Go(func() { s.dropVoice(sess) })
	}
}

// newSession makes a session for an accepted IDENTIFY. It is returned with its mu
// locked, so that nothing is sent before READY. Expired sessions are discarded, and
// so are sessions of the same shard without a connection: by identifying, their
// client shows that it will not resume them.
func (s *Server) newSession(token string, id Identify) *session {
	sess := &session{
		server:     s,
		id:         fmt.Sprintf("%032x", snowflake(s.Now())|s.ids.Add(1)&snowflakeLow),
		shard:      id.Shard[0],
		shardCount: id.Shard[1],
		intents:    int64(id.Intents),
		compress:   id.Compress,
		token:      token,
		identify:   id,
		first:      1,
	}
	sess.mu.Lock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.sessions {
		left := old.ended.Load() != 0 && old.token == sess.token && old.shard == sess.shard && old.shardCount == sess.shardCount
		if left || old.expired(s.cfg.resumeWindow) {
			s.forgetLocked(old)
		}
	}
	s.sessions[sess.id] = sess
	s.setCurrentLocked(sess)
	return sess
}

// sessionsOf returns the sessions that receive a guild's events.
func (s *Server) sessionsOf(g *guild) []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*session
	for _, sess := range s.sessions {
		if shardOf(g.id, sess.shardCount) == sess.shard {
			out = append(out, sess)
		}
	}
	return out
}
