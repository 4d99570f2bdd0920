package discordtest

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// ErrConnClosed is returned by methods of a connection that has ended.
var ErrConnClosed = errors.New("discordtest: the gateway connection is closed")

// closeGrace is how long the server waits for the client's close frame. discordgo
// takes a second.
const closeGrace = 3 * time.Second

// Identify is the content of a client's IDENTIFY, without its token.
type Identify struct {
	Intents        discordgo.Intent
	Compress       bool
	LargeThreshold int
	Shard          [2]int // id and count; 0 and 1 if the client sent none
	Properties     map[string]string
	Presence       json.RawMessage
}

// A Conn is one gateway connection. Its methods are safe for concurrent use.
type Conn struct {
	server  *Server
	ws      *websocket.Conn
	query   string
	remote  string
	started time.Time
	done    chan struct{} // closed when the connection ends
	closed  atomic.Bool   // nothing is sent or accepted any more
	hung    atomic.Bool   // the connection is open but dead; see Hang

	wmu sync.Mutex // one frame at a time

	mu            sync.Mutex
	behavior      Behavior
	session       *session
	ready         bool
	readySince    time.Time
	resumed       bool
	guildsSent    bool
	firstAnswered bool // Behavior's first answer was sent
	shard         int
	shardCount    int
	received      map[int]int
	heartbeats    int
	lastSeq       int64
	pongs         int
	sent          map[string]int
	windowStart   time.Time
	windowCount   int
	closeCode     int
	closeByClient bool
}

// Shard returns the shard id, or -1 before IDENTIFY or RESUME.
func (c *Conn) Shard() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shard
}

// ShardCount returns the shard count that the client identified with, or 0.
func (c *Conn) ShardCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shardCount
}

// SessionID returns the session's id, or "" before IDENTIFY or RESUME.
func (c *Conn) SessionID() string {
	if sess := c.sess(); sess != nil {
		return sess.id
	}
	return ""
}

// Identify returns the client's IDENTIFY on this connection or, if it resumed, on
// the session's first connection.
func (c *Conn) Identify() Identify {
	if sess := c.sess(); sess != nil {
		id := sess.identify
		id.Properties = maps.Clone(id.Properties)
		id.Presence = slices.Clone(id.Presence)
		return id
	}
	return Identify{}
}

func (c *Conn) sess() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// Ready reports whether READY or RESUMED was sent and the connection is open.
func (c *Conn) Ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready && !c.closed.Load()
}

// ReadySince returns when READY or RESUMED was last sent, or the zero time if
// neither was. A connection that ends within microseconds of that can make discordgo
// reconnect about once a second, without end: see [Traffic].
func (c *Conn) ReadySince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readySince
}

// Resumed reports whether the connection resumed a session.
func (c *Conn) Resumed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resumed
}

// Done returns a channel that is closed when the connection ends.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Started returns when the client connected.
func (c *Conn) Started() time.Time { return c.started }

// Query returns the query of the client's URL, such as "v=9&encoding=json".
func (c *Conn) Query() string { return c.query }

// RemoteAddr returns the client's address.
func (c *Conn) RemoteAddr() string { return c.remote }

// Sequence returns the session's last sequence number.
func (c *Conn) Sequence() int64 {
	if sess := c.sess(); sess != nil {
		return sess.seq.Load()
	}
	return 0
}

// Received returns the number of payloads from the client on this connection, by op
// code. Malformed ones count as -1.
func (c *Conn) Received() map[int]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.received)
}

// Sent returns the number of dispatches written to this connection, by event type.
// It includes READY, RESUMED and replayed dispatches.
func (c *Conn) Sent() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.sent)
}

// Heartbeats returns the number of heartbeats from the client, and the sequence
// number in the last one (0 if it was null).
func (c *Conn) Heartbeats() (n int, lastSequence int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heartbeats, c.lastSeq
}

// Pongs returns the number of pong frames from the client.
func (c *Conn) Pongs() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pongs
}

// CloseStatus returns the close code and whether the client closed the connection.
// The code is 0 while the connection is open, and if it was dropped without a close
// frame.
func (c *Conn) CloseStatus() (code int, byClient bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closeCode, c.closeByClient
}

// WaitHeartbeat waits for the client's next heartbeat.
func (c *Conn) WaitHeartbeat(ctx context.Context) error {
	n, _ := c.Heartbeats()
	return c.WaitHeartbeats(ctx, n+1)
}

// WaitHeartbeats waits until the client has sent n heartbeats in total.
func (c *Conn) WaitHeartbeats(ctx context.Context, n int) error {
	return c.wait(ctx, fmt.Sprintf("heartbeat %d", n), func() bool {
		got, _ := c.Heartbeats()
		return got >= n
	})
}

// WaitReceived waits until the client has sent n payloads with an op code.
func (c *Conn) WaitReceived(ctx context.Context, op, n int) error {
	return c.wait(ctx, fmt.Sprintf("payload %d of op %d", n, op), func() bool { return c.Received()[op] >= n })
}

// WaitGuilds waits until the GUILD_CREATEs after READY have been sent. On a
// connection that resumed it returns at once.
func (c *Conn) WaitGuilds(ctx context.Context) error {
	return c.wait(ctx, "the GUILD_CREATEs after READY", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.guildsSent
	})
}

// WaitClosed waits until the connection ends.
func (c *Conn) WaitClosed(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("discordtest: waiting for the end of a connection: %w", ctx.Err())
	}
}

func (c *Conn) wait(ctx context.Context, what string, ok func() bool) error {
	return c.server.waitWhile(ctx, c.done, ErrConnClosed, what, ok)
}

// Behave changes how this connection is treated: its ACKs, and the answer to its
// next IDENTIFY or RESUME. Times has no effect.
func (c *Conn) Behave(b Behavior) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behavior = b
	c.behavior.FirstPacket = slices.Clone(b.FirstPacket)
}

func (c *Conn) currentBehavior() Behavior {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.behavior
}

// Hang makes the connection a zombie, as when Discord's gateway node hangs: it stays
// open, but the server sends nothing, neither ACKs nor dispatches. Dispatches are
// kept for replay. What the client sends is counted and otherwise ignored:
// heartbeats keep the connection open, and a close frame does not end the session,
// which can still be resumed. The connection ends when the client leaves or another
// method ends it. Hang waits for a write in progress: after it returns, [Conn.Sent]
// does not change.
func (c *Conn) Hang() {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.hung.Store(true)
}

// Dispatch sends an event with the session's next sequence number and keeps it for
// replay. data is the value of d: raw JSON, or anything that encoding/json accepts.
// An event that the session's intents exclude is not sent. That is not an error: see
// [Conn.Wants].
func (c *Conn) Dispatch(eventType string, data any) error {
	raw, err := encode(data)
	if err != nil {
		return err
	}
	return c.DispatchRaw(eventType, raw)
}

// DispatchRaw is [Conn.Dispatch] for encoded data. It is sent unchanged, even if it
// is malformed.
func (c *Conn) DispatchRaw(eventType string, data json.RawMessage) error {
	sess := c.sess()
	if sess == nil {
		return errors.New("discordtest: Dispatch before the client has identified: wait for the connection first")
	}
	if c.closed.Load() {
		return ErrConnClosed
	}
	_, err := sess.dispatch(eventType, data)
	return err
}

// Wants reports whether the session's intents include an event in a guild or, with
// direct, in a direct message.
func (c *Conn) Wants(eventType string, direct bool) bool {
	data := json.RawMessage(`{"guild_id":"1"}`)
	if direct {
		data = json.RawMessage(`{}`)
	}
	sess := c.sess()
	return sess != nil && allowed(sess.intents, eventType, data)
}

// SendRaw sends one frame with any content. messageType is websocket.TextMessage or
// websocket.BinaryMessage.
func (c *Conn) SendRaw(messageType int, frame []byte) error { return c.write(messageType, frame) }

// WriteBytes writes to the connection below the websocket, with TLS to the encrypted
// stream: half frames, broken headers, anything. See [EncodeFrame].
func (c *Conn) WriteBytes(raw []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.closed.Load() {
		return ErrConnClosed
	}
	nc := c.ws.UnderlyingConn()
	_ = nc.SetWriteDeadline(c.writeDeadline())
	_, err := nc.Write(raw)
	return c.written(err)
}

// SendFragmented sends a message as a first frame and continuations, parts frames in
// total. messageType is an opcode of [EncodeFrame].
func (c *Conn) SendFragmented(messageType int, message []byte, parts int) error {
	if parts < 1 {
		return fmt.Errorf("discordtest: SendFragmented in %d parts: want at least 1", parts)
	}
	if messageType < 0 || messageType > 0xf {
		return fmt.Errorf("discordtest: SendFragmented with message type %d: want an opcode of 0 to 15", messageType)
	}
	var raw []byte
	for i := range parts {
		op := byte(0)
		if i == 0 {
			op = byte(messageType)
		}
		from, to := len(message)*i/parts, len(message)*(i+1)/parts
		raw = append(raw, EncodeFrame(i == parts-1, op, message[from:to])...)
	}
	return c.WriteBytes(raw)
}

// Ping sends a ping control frame. discordgo answers with a pong while it reads.
func (c *Conn) Ping() error {
	if c.closed.Load() {
		return ErrConnClosed
	}
	return c.written(c.ws.WriteControl(websocket.PingMessage, nil, c.writeDeadline()))
}

// Reconnect sends op 7.
func (c *Conn) Reconnect() error { return c.writeOp(opReconnect, rawNull) }

// RequestHeartbeat sends op 1.
func (c *Conn) RequestHeartbeat() error { return c.writeOp(opHeartbeat, rawNull) }

// InvalidSession sends op 9. The client may then IDENTIFY on the same connection, as
// discordgo v0.29.0 does, or on a new one. If resumable, it may also RESUME.
func (c *Conn) InvalidSession(resumable bool) error {
	sess := c.sess()
	d := rawTrue
	if !resumable {
		d = rawFalse
		c.server.invalidate(sess)
	}
	c.mu.Lock()
	c.session, c.ready, c.guildsSent = nil, false, false
	c.mu.Unlock()
	if sess != nil {
		sess.detach(c)
	}
	return c.writeOp(opInvalidSession, d)
}

// CloseCode closes the connection with a close frame. The session survives, except
// after the codes with which Discord ends it: 1000, 1001, 4003, 4004, 4007, 4009 and
// 4010 to 4014. Code 0 sends a close frame without a code. A code that does not fit
// into the 16 bits of a close frame is an error.
func (c *Conn) CloseCode(code int, reason string) error {
	message, err := closeMessage(code, reason)
	if err != nil {
		return err
	}
	if !c.closed.CompareAndSwap(false, true) {
		return ErrConnClosed
	}
	c.mu.Lock()
	c.closeCode = code
	sess := c.session
	c.mu.Unlock()
	if endsSession(code) {
		c.server.invalidate(sess)
	}
	c.server.notify()
	return sendClose(c.ws, code, message)
}

// sendClose sends a close frame; message includes the code.
func sendClose(ws *websocket.Conn, code int, message []byte) error {
	err := ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
	// The reader continues until the client has closed its side, so that the close
	// frame is not lost in a reset, but for closeGrace at most.
	_ = ws.SetReadDeadline(time.Now().Add(closeGrace))
	if err != nil {
		_ = tcpConn(ws).Close()
		return fmt.Errorf("discordtest: sending close code %d: %w", code, err)
	}
	return nil
}

// closeMessage is websocket.FormatCloseMessage for any code: that function returns
// an empty body for 1005. Code 0 means a frame without a code.
func closeMessage(code int, reason string) ([]byte, error) {
	switch {
	case code < 0 || code > math.MaxUint16:
		return nil, fmt.Errorf("discordtest: close code %d: want 0 to %d", code, math.MaxUint16)
	case code == 0:
		return nil, nil
	}
	if len(reason) > 123 { // a control frame holds 125 bytes
		reason = reason[:123]
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...), nil
}

// farewell sends a close frame and does not wait for an answer.
func farewell(ws *websocket.Conn, code uint16) {
	message, _ := closeMessage(int(code), "") // it fits
	_ = ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(100*time.Millisecond))
}

func endsSession(code int) bool {
	switch code {
	case websocket.CloseNormalClosure, websocket.CloseGoingAway, 4003, 4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014:
		return true
	}
	return false
}

// Drop ends the TCP connection without a close frame. The session can be resumed.
func (c *Conn) Drop() error { return c.drop(false) }

// Reset is [Conn.Drop] with a TCP reset: data in transit is lost too.
func (c *Conn) Reset() error { return c.drop(true) }

func (c *Conn) drop(reset bool) error {
	if !c.closed.CompareAndSwap(false, true) {
		return ErrConnClosed
	}
	c.server.notify()
	nc := c.netConn()
	if tcp, ok := nc.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	return nc.Close()
}

// netConn returns the TCP connection, also with TLS: closing it sends no
// close_notify.
func (c *Conn) netConn() net.Conn { return tcpConn(c.ws) }

func tcpConn(ws *websocket.Conn) net.Conn {
	nc := ws.UnderlyingConn()
	if t, ok := nc.(*tls.Conn); ok {
		return t.NetConn()
	}
	return nc
}

// shutdown ends the connection at once, for Server.Close.
func (c *Conn) shutdown() {
	if c.closed.CompareAndSwap(false, true) {
		c.mu.Lock()
		c.closeCode = websocket.CloseGoingAway
		c.mu.Unlock()
		farewell(c.ws, websocket.CloseGoingAway)
	}
	_ = c.netConn().Close()
}

func (c *Conn) writeOp(op int, d json.RawMessage) error {
	return c.writePacket(c.server.packet(op, 0, "", d))
}

func (c *Conn) writeDispatch(seq int64, eventType string, data json.RawMessage) error {
	if c.hung.Load() {
		return nil
	}
	p, sess := c.server.packet(opDispatch, seq, eventType, data), c.sess()
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.hung.Load() { // it may have hung in the meantime
		return nil
	}
	err := c.writePacketLocked(sess, p)
	if err == nil {
		c.mu.Lock()
		c.sent[eventType]++
		c.mu.Unlock()
	}
	return err
}

func (c *Conn) writePacket(p []byte) error {
	sess := c.sess()
	c.wmu.Lock()
	defer c.wmu.Unlock()
	return c.writePacketLocked(sess, p)
}

// writePacketLocked writes a packet, compressed if the session wants it. c.wmu is
// held.
func (c *Conn) writePacketLocked(sess *session, p []byte) error {
	messageType := websocket.TextMessage
	if sess != nil && sess.compress && len(p) > c.server.cfg.compressThreshold {
		d := takeDeflater()
		defer d.giveBack()
		z, err := d.deflate(p)
		if err != nil {
			return fmt.Errorf("discordtest: compressing a payload: %w", err)
		}
		messageType, p = websocket.BinaryMessage, z
	}
	return c.writeLocked(messageType, p)
}

func (c *Conn) write(messageType int, data []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	return c.writeLocked(messageType, data)
}

// writeLocked writes a frame. c.wmu is held.
func (c *Conn) writeLocked(messageType int, data []byte) error {
	if c.closed.Load() {
		return ErrConnClosed
	}
	if c.hung.Load() {
		return nil
	}
	_ = c.ws.SetWriteDeadline(c.writeDeadline())
	return c.written(c.ws.WriteMessage(messageType, data))
}

func (c *Conn) writeDeadline() time.Time { return time.Now().Add(c.server.cfg.writeTimeout) }

// written handles the error of a write. A time-out may have left half a frame on the
// wire, and nothing can follow it: the connection ends. The reader finds any other
// error, since it also sees the client's close frame.
func (c *Conn) written(err error) error {
	if err == nil {
		return nil
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		_ = c.Drop()
	}
	return fmt.Errorf("discordtest: writing to the client: %w", err)
}

// sleep waits for d or until the connection ends.
func (c *Conn) sleep(d time.Duration) bool {
	if d <= 0 {
		return !c.closed.Load()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return !c.closed.Load()
	case <-c.done:
		return false
	case <-c.server.closing:
		return false
	}
}
