package discordtest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// maxClientPayload is the size in bytes above which Discord refuses a payload.
const maxClientPayload = 4096

// maxGuildsPerShard is Discord's limit. With more guilds on average, shards are required.
const maxGuildsPerShard = 2500

func (s *Server) serveGateway(w http.ResponseWriter, r *http.Request) {
	b := s.nextBehavior()
	if b.RejectUpgrade != 0 {
		s.date(w.Header())
		http.Error(w, http.StatusText(b.RejectUpgrade), b.RejectUpgrade)
		return
	}
	ws, err := s.up.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	now := time.Now()
	c := &Conn{
		server:      s,
		ws:          ws,
		query:       r.URL.RawQuery,
		remote:      r.RemoteAddr,
		started:     now,
		done:        make(chan struct{}),
		behavior:    b,
		shard:       -1,
		received:    map[int]int{},
		sent:        map[string]int{},
		windowStart: now,
	}
	answerClose := ws.CloseHandler()
	ws.SetCloseHandler(func(code int, text string) error {
		if c.hung.Load() {
			return nil
		}
		return answerClose(code, text)
	})
	ws.SetPongHandler(func(string) error {
		c.mu.Lock()
		c.pongs++
		c.mu.Unlock()
		s.notify()
		return nil
	})
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.conns = append(s.conns, c)
	}
	s.mu.Unlock()
	if closed {
		_ = ws.Close()
		return
	}
	s.run(func() { c.greet(r.URL.Query()) })
	c.read()
	c.end()
}

// greet sends HELLO.
func (c *Conn) greet(query url.Values) {
	b := c.currentBehavior()
	switch {
	case b.DropOnConnect:
		_ = c.Drop()
		return
	case b.CloseOnConnect != 0:
		_ = c.CloseCode(b.CloseOnConnect, "")
		return
	}
	if v := query.Get("v"); v != "" {
		if n, err := strconv.Atoi(v); err != nil || n < 6 || n > 10 {
			_ = c.CloseCode(4012, "Invalid API version")
			return
		}
	}
	if b.NoHello || !c.sleep(b.HelloDelay) {
		return
	}
	c.extendDeadline()
	_ = c.writeOp(opHello, json.RawMessage(
		`{"heartbeat_interval":`+strconv.FormatInt(c.server.cfg.heartbeatInterval.Milliseconds(), 10)+`,"_trace":["discordtest"]}`))
}

// extendDeadline gives the client another heartbeat timeout.
func (c *Conn) extendDeadline() {
	if c.closed.Load() {
		return // CloseCode has set its own deadline
	}
	if c.currentBehavior().NoHeartbeatTimeout {
		_ = c.ws.SetReadDeadline(time.Time{})
		return
	}
	_ = c.ws.SetReadDeadline(time.Now().Add(c.server.cfg.silence()))
	if c.closed.Load() { // it may have closed in the meantime
		_ = c.ws.SetReadDeadline(time.Now().Add(closeGrace))
	}
}

// read handles what the client sends until the connection ends.
func (c *Conn) read() {
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			c.readFailed(err)
			return
		}
		if c.closed.Load() {
			continue // closing: ignore what still arrives
		}
		c.receive(data)
		c.server.notify()
	}
}

func (c *Conn) readFailed(err error) {
	var closeErr *websocket.CloseError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &closeErr):
		if c.closed.CompareAndSwap(false, true) {
			c.mu.Lock()
			c.closeCode, c.closeByClient = closeErr.Code, closeErr.Code != websocket.CloseAbnormalClosure
			if !c.closeByClient {
				c.closeCode = 0 // gorilla's code for a missing close frame
			}
			sess := c.session
			c.mu.Unlock()
			// A client that closes with 1000 or 1001 ends its session, if the close frame
			// arrives.
			if (closeErr.Code == websocket.CloseNormalClosure || closeErr.Code == websocket.CloseGoingAway) && !c.hung.Load() {
				c.server.invalidate(sess)
			}
		}
	case errors.As(err, &timeout) && timeout.Timeout() && !c.closed.Load():
		_ = c.CloseCode(4009, "Session timed out")
	}
}

// end cleans up when the connection has ended.
func (c *Conn) end() {
	c.closed.Store(true)
	_ = c.netConn().Close()
	if sess := c.sess(); sess != nil {
		sess.detach(c)
	}
	s := c.server
	s.mu.Lock()
	s.conns = slices.DeleteFunc(s.conns, func(o *Conn) bool { return o == c })
	close(c.done)
	s.notifyLocked()
	s.mu.Unlock()
}

// receive handles one payload.
func (c *Conn) receive(data []byte) {
	if !c.countSend() {
		_ = c.CloseCode(4008, "You are being rate limited.")
		return
	}
	var p struct {
		Op *int            `json:"op"`
		D  json.RawMessage `json:"d"`
	}
	if len(data) > maxClientPayload || json.Unmarshal(data, &p) != nil || p.Op == nil {
		c.count(-1)
		_ = c.CloseCode(4002, "Error while decoding payload.")
		return
	}
	// Count an IDENTIFY before READY answers it.
	c.count(*p.Op)
	if c.hung.Load() {
		if *p.Op == opHeartbeat {
			c.mu.Lock()
			c.heartbeats++
			c.mu.Unlock()
		}
		c.extendDeadline()
		return
	}
	identified := c.sess() != nil
	switch op := *p.Op; op {
	case opHeartbeat:
		c.heartbeat(p.D)
	case opIdentify:
		if identified {
			_ = c.CloseCode(4005, "Already authenticated.")
			return
		}
		c.identify(p.D)
	case opResume:
		if identified {
			_ = c.CloseCode(4005, "Already authenticated.")
			return
		}
		c.resume(p.D)
	case opPresence, opVoiceState, opRequestMembers, opSoundboard, opChannelInfo:
		if !identified {
			_ = c.CloseCode(4003, "Not authenticated.")
			return
		}
		switch op {
		case opVoiceState:
			c.voiceState(p.D)
		case opRequestMembers:
			c.requestMembers(p.D)
		}
	default:
		_ = c.CloseCode(4001, "Unknown opcode.")
	}
}

func (c *Conn) count(op int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received[op]++
}

// countSend counts a payload against the send limit.
func (c *Conn) countSend() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.windowStart) > c.server.cfg.sendWindow {
		c.windowStart, c.windowCount = now, 0
	}
	c.windowCount++
	return c.windowCount <= c.server.cfg.sendLimit
}

func (c *Conn) heartbeat(d json.RawMessage) {
	var seq *int64
	if json.Unmarshal(d, &seq) != nil {
		_ = c.CloseCode(4002, "Error while decoding payload.")
		return
	}
	c.extendDeadline()
	c.mu.Lock()
	c.heartbeats++
	if seq != nil {
		c.lastSeq = *seq
	}
	b := &c.behavior
	swallow := b.SwallowAcks
	if !swallow && b.SwallowAckCount > 0 {
		b.SwallowAckCount--
		swallow = true
	}
	delay := b.AckDelay
	sess := c.session
	c.mu.Unlock()
	if sess != nil && seq != nil {
		sess.confirm(min(*seq, sess.seq.Load()))
	}
	if swallow {
		return
	}
	if delay <= 0 {
		_ = c.writeOp(opHeartbeatAck, rawNull)
		return
	}
	c.server.run(func() {
		if c.sleep(delay) {
			_ = c.writeOp(opHeartbeatAck, rawNull)
		}
	})
}

// takeAnswer returns the behavior's answer instead of READY or RESUMED. A refusal is
// sent once per connection.
func (c *Conn) takeAnswer(resume bool) (b Behavior, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b = c.behavior
	if !b.On.includes(resume) {
		b.ReadyDelay = 0
		return b, false
	}
	first = !c.firstAnswered
	c.firstAnswered = true
	return b, first
}

// misbehave sends the behavior's answer to a handshake, if there is one. proceed
// reports whether READY or RESUMED follows.
func (c *Conn) misbehave(resume bool, sess *session) (b Behavior, proceed bool) {
	b, first := c.takeAnswer(resume)
	if !first {
		return b, true
	}
	switch {
	case b.DropOnIdentify:
		_ = c.Drop()
		return b, false
	case b.CloseOnIdentify != 0:
		if endsSession(b.CloseOnIdentify) {
			c.server.invalidate(sess)
		}
		_ = c.CloseCode(b.CloseOnIdentify, "")
		return b, false
	case b.FirstPacket != nil:
		_ = c.write(websocket.TextMessage, b.FirstPacket)
		return b, b.ThenReady
	case b.FirstOp == opInvalidSession:
		if !b.Resumable {
			c.server.invalidate(sess)
		}
		_ = c.writeOp(opInvalidSession, json.RawMessage(strconv.FormatBool(b.Resumable)))
		return b, b.ThenReady && (b.Resumable || !resume)
	case b.FirstOp != 0:
		_ = c.writeOp(b.FirstOp, rawNull)
		return b, b.ThenReady
	}
	return b, !b.NoReady
}

func (c *Conn) identify(d json.RawMessage) {
	var p struct {
		Token          string            `json:"token"`
		Properties     map[string]string `json:"properties"`
		Compress       bool              `json:"compress"`
		LargeThreshold int               `json:"large_threshold"`
		Shard          *[2]int           `json:"shard"`
		Presence       json.RawMessage   `json:"presence"`
		Intents        *int64            `json:"intents"`
	}
	if json.Unmarshal(d, &p) != nil {
		_ = c.CloseCode(4002, "Error while decoding payload.")
		return
	}
	s := c.server
	id := Identify{
		Compress:       p.Compress,
		LargeThreshold: p.LargeThreshold,
		Shard:          [2]int{0, 1},
		Properties:     p.Properties,
		Presence:       p.Presence,
	}
	if p.Shard != nil {
		id.Shard = *p.Shard
	}
	if !s.accepts(p.Token) {
		_ = c.CloseCode(4004, "Authentication failed.")
		return
	}
	if id.Shard[0] < 0 || id.Shard[1] < 1 || id.Shard[0] >= id.Shard[1] {
		_ = c.CloseCode(4010, "Invalid shard.")
		return
	}
	if s.world.count() > maxGuildsPerShard*id.Shard[1] {
		_ = c.CloseCode(4011, "Sharding required.")
		return
	}
	if p.Intents == nil || *p.Intents&^knownIntents != 0 {
		_ = c.CloseCode(4013, "Invalid intent(s).")
		return
	}
	if *p.Intents&^s.cfg.allowedIntents != 0 {
		_ = c.CloseCode(4014, "Disallowed intent(s).")
		return
	}
	setIntents(&id, *p.Intents)
	c.mu.Lock()
	c.shard, c.shardCount = id.Shard[0], id.Shard[1]
	c.mu.Unlock()
	switch s.admit(bareToken(p.Token), id.Shard[0]) {
	case admitSlowDown:
		_ = c.writeOp(opInvalidSession, rawFalse)
		return
	case admitExhausted:
		_ = c.CloseCode(4004, "Authentication failed.")
		return
	}
	if own, ok := s.behaviorOf(p.Token); ok {
		c.Behave(own)
	}
	b, proceed := c.misbehave(false, nil)
	if !proceed {
		return
	}
	// Further payloads, such as heartbeats, are handled during ReadyDelay.
	if b.ReadyDelay > 0 {
		s.run(func() {
			if c.sleep(b.ReadyDelay) {
				c.startSession(bareToken(p.Token), id, b)
			}
		})
		return
	}
	c.startSession(bareToken(p.Token), id, b)
}

// startSession starts a session with READY and the GUILD_CREATEs.
func (c *Conn) startSession(token string, id Identify, b Behavior) {
	s := c.server
	c.mu.Lock()
	if c.session != nil { // another IDENTIFY arrived during ReadyDelay
		c.mu.Unlock()
		_ = c.CloseCode(4005, "Already authenticated.")
		return
	}
	sess := s.newSession(token, id)
	c.session = sess
	c.mu.Unlock()

	guilds := s.world.ofShard(id.Shard[0], id.Shard[1])
	sess.conn = c
	seq := sess.seq.Add(1)
	ready := s.readyPayload(sess, guilds)
	sess.keep("READY", ready)
	err := c.writeDispatch(seq, "READY", ready)
	sess.mu.Unlock()
	if err != nil {
		s.invalidate(sess) // its client does not know it
		return
	}
	c.markReady(false)
	if b.DropAfterReady {
		_ = c.Drop()
	}
	if b.NoGuildCreate || !s.cfg.guildCreate || sess.intents&intentGuilds == 0 {
		c.markGuildsSent(sess)
		return
	}
	s.run(func() {
		// They belong to the session: if the connection ends, the rest is kept for
		// replay.
		for _, g := range guilds {
			if !s.sleep(b.GuildCreateDelay) || sess.invalid.Load() {
				return
			}
			g.create(sess)
		}
		c.markGuildsSent(sess)
	})
}

func (c *Conn) markReady(resumed bool) {
	c.mu.Lock()
	c.ready, c.resumed, c.readySince = true, resumed, time.Now()
	c.mu.Unlock()
	c.server.notify()
}

func (c *Conn) markGuildsSent(sess *session) {
	c.mu.Lock()
	if c.session == sess {
		c.guildsSent = true
	}
	c.mu.Unlock()
	c.server.notify()
}

func (c *Conn) resume(d json.RawMessage) {
	var p struct {
		Token     string `json:"token"`
		SessionID string `json:"session_id"`
		Seq       *int64 `json:"seq"`
	}
	if json.Unmarshal(d, &p) != nil || p.Seq == nil {
		_ = c.CloseCode(4002, "Error while decoding payload.")
		return
	}
	s := c.server
	if !s.accepts(p.Token) {
		_ = c.CloseCode(4004, "Authentication failed.")
		return
	}
	s.mu.Lock()
	sess := s.sessions[p.SessionID]
	s.mu.Unlock()
	if sess != nil {
		c.mu.Lock()
		c.shard, c.shardCount = sess.shard, sess.shardCount
		c.mu.Unlock()
	}
	if own, ok := s.behaviorOf(p.Token); ok {
		c.Behave(own)
	}
	b, proceed := c.misbehave(true, sess)
	if !proceed {
		return
	}
	if b.ReadyDelay > 0 {
		s.run(func() {
			if c.sleep(b.ReadyDelay) {
				c.resumeSession(sess, bareToken(p.Token), *p.Seq, b)
			}
		})
		return
	}
	c.resumeSession(sess, bareToken(p.Token), *p.Seq, b)
}

// resumeSession replays what the client missed, then sends RESUMED.
func (c *Conn) resumeSession(sess *session, token string, seq int64, b Behavior) {
	s := c.server
	if sess == nil || sess.invalid.Load() || sess.token != token || sess.expired(s.cfg.resumeWindow) {
		s.invalidate(sess)
		_ = c.writeOp(opInvalidSession, rawFalse)
		return
	}
	// A session has one connection. Close the old one first: a blocked write to a
	// client that does not read would hold sess.mu.
	for _, old := range s.Conns() {
		if old != c && old.sess() == sess {
			_ = old.Drop()
		}
	}
	sess.mu.Lock()
	if seq > sess.seq.Load() || seq < 0 {
		sess.mu.Unlock()
		s.invalidate(sess)
		_ = c.CloseCode(4007, "Invalid seq.")
		return
	}
	if !sess.canReplay(seq) {
		sess.mu.Unlock()
		s.invalidate(sess)
		_ = c.writeOp(opInvalidSession, rawFalse)
		return
	}
	sess.conn = c
	sess.ended.Store(0)
	c.mu.Lock()
	c.session = sess
	c.mu.Unlock()
	var err error
	for i, e := range sess.events {
		if n := sess.first + int64(i); n > seq && err == nil {
			err = c.writeDispatch(n, e.eventType, e.data)
		}
	}
	if err == nil {
		resumed := json.RawMessage(`{"_trace":["discordtest"]}`)
		n := sess.seq.Add(1)
		sess.keep("RESUMED", resumed)
		err = c.writeDispatch(n, "RESUMED", resumed)
	}
	sess.mu.Unlock()
	if err != nil {
		sess.detach(c) // it may have ended before it was attached
		return
	}
	s.mu.Lock()
	s.setCurrentLocked(sess)
	s.mu.Unlock()
	c.markGuildsSent(sess)
	c.markReady(true)
	if b.DropAfterReady {
		_ = c.Drop()
	}
}

func (s *Server) accepts(token string) bool {
	return token != "" && (s.cfg.anyToken || bareToken(token) == s.cfg.token)
}

type admission int

const (
	admitted admission = iota
	admitSlowDown
	admitExhausted
)

// SessionStarts returns session_start_limit as in GET /gateway/bot: the remaining
// IDENTIFYs, the total, and when the limit resets.
func (s *Server) SessionStarts() (remaining, total int, reset time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refillLocked(time.Now())
	return s.remaining, s.cfg.sessionTotal, s.resetAt
}

// SpendSessionStarts uses up n IDENTIFYs of session_start_limit, or all that remain,
// as if another process with the same token had sent them.
func (s *Server) SpendSessionStarts(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refillLocked(time.Now())
	s.remaining -= min(max(n, 0), s.remaining)
}

// admit counts an IDENTIFY against max_concurrency and the session start limit.
func (s *Server) admit(token string, shard int) admission {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.cfg.enforceIdentify {
		key := botShard{token, shard % s.cfg.maxConcurrency}
		if last, ok := s.identifies[key]; ok && now.Sub(last) < s.cfg.identifyWindow {
			return admitSlowDown
		}
		s.identifies[key] = now
	}
	s.refillLocked(now)
	if s.remaining > 0 {
		s.remaining--
		return admitted
	}
	if s.cfg.limitSessions {
		return admitExhausted
	}
	return admitted
}

// refillLocked resets the session start limit when it is due. s.mu is held.
func (s *Server) refillLocked(now time.Time) {
	if !now.Before(s.resetAt) {
		s.remaining, s.resetAt = s.cfg.sessionTotal, now.Add(s.cfg.sessionReset)
	}
}
