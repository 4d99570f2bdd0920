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

// ErrConnClosed is returned for what is asked of a connection that has ended.
var ErrConnClosed = errors.New("discordtest: the gateway connection is closed")

// closeGrace is how long a closed connection waits for the client's part of the
// closing handshake. discordgo takes a second.
const closeGrace = 3 * time.Second

// Identify is a client's IDENTIFY as it was received, without its token.
type Identify struct {
	Intents        discordgo.Intent
	Compress       bool
	LargeThreshold int
	Shard          [2]int // id and count; 0 and 1 where the client sent none
	Properties     map[string]string
	Presence       json.RawMessage
}

// A Conn is one gateway connection. Its methods may be called from any number
// of goroutines.
type Conn struct {
	server  *Server
	ws      *websocket.Conn
	query   string
	remote  string
	started time.Time
	done    chan struct{} // closed when the connection has ended
	closed  atomic.Bool   // nothing is sent or accepted any more
	hung    atomic.Bool   // open, and nothing comes of it any more

	wmu sync.Mutex // one frame at a time

	mu            sync.Mutex
	behavior      Behavior
	session       *session
	ready         bool
	readySince    time.Time
	resumed       bool
	guildsSent    bool
	firstAnswered bool // Behavior's first answer has been given
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

// Identify returns what the client identified with, on this connection or, if
// it resumed, on the session's first.
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

// Ready says whether READY or RESUMED has been sent and the connection is open.
func (c *Conn) Ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready && !c.closed.Load()
}

// ReadySince returns when READY or RESUMED was sent last, or the zero time if it
// has not been. A connection that ends within microseconds of it can start a
// storm of reconnects in discordgo, about one a second: see [Traffic].
func (c *Conn) ReadySince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readySince
}

// Resumed says whether the connection resumed a session.
func (c *Conn) Resumed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resumed
}

// Done returns a channel that is closed when the connection has ended.
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

// Received returns how many payloads the client sent on this connection, by op
// code. Malformed ones count under -1.
func (c *Conn) Received() map[int]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.received)
}

// Sent returns how many dispatches were written to this connection, by event
// type, READY, RESUMED and replayed ones included.
func (c *Conn) Sent() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.sent)
}

// Heartbeats returns how many heartbeats the client sent, and the sequence
// number in the last one (0 if it was null).
func (c *Conn) Heartbeats() (n int, lastSequence int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heartbeats, c.lastSeq
}

// Pongs returns how many pong frames the client sent.
func (c *Conn) Pongs() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pongs
}

// CloseStatus returns the code that the connection was closed with and whether
// the client closed it. The code is 0 while the connection is open and when it
// was dropped without a close frame.
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

// WaitHeartbeats waits until the client has sent n heartbeats in all.
func (c *Conn) WaitHeartbeats(ctx context.Context, n int) error {
	return c.wait(ctx, fmt.Sprintf("heartbeat %d", n), func() bool {
		got, _ := c.Heartbeats()
		return got >= n
	})
}

// WaitReceived waits until the client has sent n payloads of an op code.
func (c *Conn) WaitReceived(ctx context.Context, op, n int) error {
	return c.wait(ctx, fmt.Sprintf("payload %d of op %d", n, op), func() bool { return c.Received()[op] >= n })
}

// WaitGuilds waits until the GUILD_CREATEs that follow READY have been sent.
// It returns at once on a connection that resumed.
func (c *Conn) WaitGuilds(ctx context.Context) error {
	return c.wait(ctx, "the GUILD_CREATEs after READY", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.guildsSent
	})
}

// WaitClosed waits for the end of the connection.
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

// Behave changes how this connection is treated from now on: its ACKs, its
// answer to an IDENTIFY or RESUME that has not come yet. Times does not matter.
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

// Hang makes the connection a zombie, as when the gateway's node behind it has
// hung: it stays open, and nothing comes of it any more. Nothing is sent, no ACK
// and no dispatch; these are kept for replay. What the client sends is counted
// and has no effect: heartbeats keep the connection open, and a close frame does
// not end the session, which can be resumed as ever. It does not end: the client
// has to leave, or another method has to end the connection. A write under way
// comes first: once Hang returns, [Conn.Sent] stays as it is.
func (c *Conn) Hang() {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.hung.Store(true)
}

// Dispatch sends an event with the session's next sequence number and keeps it
// for replay. data is what belongs into d: raw JSON or anything that
// encoding/json takes. An event that the session's intents leave out is not
// sent, which is no error: see [Conn.Wants].
func (c *Conn) Dispatch(eventType string, data any) error {
	raw, err := encode(data)
	if err != nil {
		return err
	}
	return c.DispatchRaw(eventType, raw)
}

// DispatchRaw is [Conn.Dispatch] for data that is encoded already. It is sent
// as it is, also when it is malformed.
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

// Wants says whether the session's intents cover an event of a guild or, with
// direct, of a direct message.
func (c *Conn) Wants(eventType string, direct bool) bool {
	data := json.RawMessage(`{"guild_id":"1"}`)
	if direct {
		data = json.RawMessage(`{}`)
	}
	sess := c.sess()
	return sess != nil && allowed(sess.intents, eventType, data)
}

// SendRaw sends one frame, whatever is in it. messageType is
// websocket.TextMessage or websocket.BinaryMessage.
func (c *Conn) SendRaw(messageType int, frame []byte) error { return c.write(messageType, frame) }

// WriteBytes writes to the connection below the websocket, over TLS to the
// encrypted stream: half frames, broken headers, anything. See [EncodeFrame].
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

// SendFragmented sends a message as a first frame and continuations, parts in
// all. messageType is an opcode as [EncodeFrame] takes it.
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

// InvalidSession sends op 9. The client may IDENTIFY on the same connection, as
// discordgo v0.29.0 does, or on a new one; if resumable it may also RESUME.
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

// CloseCode closes the connection with a close frame. The session survives it
// unless Discord would end it: after 1000, 1001, 4003, 4004, 4007, 4009 and
// 4010 to 4014. A code of 0 sends a close frame without a code. It is an error
// when the code does not fit into a close frame, which has 16 bits for it.
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

// sendClose sends a close frame, whose message has the code.
func sendClose(ws *websocket.Conn, code int, message []byte) error {
	err := ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
	// The reader goes on until the client has closed its side, so that the close
	// frame is not lost in a reset; not for ever, though.
	_ = ws.SetReadDeadline(time.Now().Add(closeGrace))
	if err != nil {
		_ = tcpConn(ws).Close()
		return fmt.Errorf("discordtest: sending close code %d: %w", code, err)
	}
	return nil
}

// closeMessage is websocket.FormatCloseMessage for any code: that one leaves
// the body out for 1005, and a frame with a code of 0 has none.
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

// Drop ends the TCP connection without a close frame. The session can be
// resumed.
func (c *Conn) Drop() error { return c.drop(false) }

// Reset is [Conn.Drop] with a TCP reset: what is on its way is lost too.
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

// netConn returns the TCP connection, also below TLS: closing that one sends no
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
	if c.hung.Load() { // meanwhile
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

// written takes the error of a write. After a timeout half a frame may be on its
// way, which nothing can follow: the connection ends. Any other error is the
// reader's to find, which also sees the client's close frame.
func (c *Conn) written(err error) error {
	if err == nil {
		return nil
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		_ = c.Drop()
	}
	return fmt.Errorf("discordtest: writing to the client: %w", err)
}

// sleep waits unless the connection ends first.
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
