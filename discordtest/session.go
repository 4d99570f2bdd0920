package discordtest

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// maxReplayBytes bounds what a session keeps for replay beside the number of
// events: GUILD_CREATEs can be large.
const maxReplayBytes = 16 << 20

// A session is what a client resumes: it outlives its connections.
type session struct {
	server     *Server
	id         string
	shard      int
	shardCount int
	intents    int64
	compress   bool
	token      string
	identify   Identify

	invalid atomic.Bool // cannot be resumed any more
	spoke   atomic.Bool // it has joined a voice channel
	ended   atomic.Int64

	// mu orders dispatches, and is held while one is written. No other lock of
	// the package is taken before a guild's, and none but Server.mu, Conn.mu and
	// Conn.wmu within.
	mu     sync.Mutex
	conn   *Conn // the connection that gets dispatches; nil before READY
	seq    atomic.Int64
	events []stored // sequence numbers first ... seq, without gaps
	first  int64
	bytes  int
}

type stored struct {
	eventType string
	data      json.RawMessage
}

// dispatch gives an event the next sequence number, keeps it, and sends it if
// there is a connection. sent says that it was not left out because of intents;
// an event that is kept while there is no connection counts as sent. A failed
// write is no error here: the event is replayed.
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

// confirm forgets events that a heartbeat says have been received.
func (sess *session) confirm(seq int64) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	for len(sess.events) > 0 && sess.first <= seq {
		sess.dropFirst()
	}
}

// canReplay says whether everything after seq is still there. sess.mu is held.
func (sess *session) canReplay(seq int64) bool { return seq >= sess.first-1 }

func (sess *session) expired(window time.Duration) bool {
	at := sess.ended.Load()
	return at != 0 && time.Since(time.Unix(0, at)) > window
}

// detach takes the connection from the session, unless it has another one by
// now. The session can be resumed for a while from then on.
func (sess *session) detach(c *Conn) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if sess.conn == c {
		sess.conn = nil
		sess.ended.Store(time.Now().UnixNano())
	}
}

// invalidate makes the session impossible to resume.
func (s *Server) invalidate(sess *session) {
	if sess == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(sess)
}

// forgetLocked makes the session impossible to resume. s.mu is held.
func (s *Server) forgetLocked(sess *session) {
	sess.invalid.Store(true)
	delete(s.sessions, sess.id)
	s.unsetCurrentLocked(sess)
	if sess.spoke.Swap(false) && !s.closed {
		s.wg.Go(func() { s.dropVoice(sess) })
	}
}

// newSession makes a session for an accepted IDENTIFY. It is returned with its
// mu locked, so that nothing gets in before READY. Sessions that have expired
// are forgotten, and so are those of the same shard without a connection:
// their client has just shown that it will not resume them.
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

// sessionsOf returns the sessions that a guild's events go to.
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
