package discordtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// ErrVoiceClosed is returned by methods of a voice connection that has ended.
var ErrVoiceClosed = errors.New("discordtest: the voice connection is closed")

// The op codes of the voice gateway, from
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#voice. The
// close codes come from the same page.
const (
	voiceIdentify       = 0
	voiceSelectProtocol = 1
	voiceReady          = 2
	voiceHeartbeat      = 3 // in version 1 also the answer
	voiceDescription    = 4
	voiceSpeaking       = 5
	voiceResume         = 7
)

// voiceVersion is the version of clients that specify none, such as discordgo.
const voiceVersion = "1"

// A VoiceConn is one connection to the voice server. Its methods are safe for
// concurrent use.
type VoiceConn struct {
	server  *Server
	ws      *websocket.Conn
	done    chan struct{} // closed when the connection ends
	closed  atomic.Bool   // nothing is sent or accepted any more
	packets atomic.Int64

	wmu sync.Mutex // one frame at a time

	// Guarded by Server.mu, set by IDENTIFY:
	call    *call
	guildID string
	ssrc    uint32

	mu            sync.Mutex
	mode          string // set by op 1
	received      map[int]int
	closeCode     int
	closeByClient bool
}

// GuildID returns the guild in the client's IDENTIFY, or "" before it.
func (c *VoiceConn) GuildID() string {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.guildID
}

// ChannelID returns the voice channel, or "" before IDENTIFY.
func (c *VoiceConn) ChannelID() string {
	if of := c.callOf(); of != nil {
		return of.channelID
	}
	return ""
}

func (c *VoiceConn) callOf() *call {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.call
}

// Ready reports whether the connection is open and the client has received the key
// for the audio.
func (c *VoiceConn) Ready() bool { return c.Mode() != "" && !c.closed.Load() }

// Mode returns the encryption mode that the client chose, or "".
func (c *VoiceConn) Mode() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mode
}

// Received returns the number of payloads from the client, by op code. Malformed ones
// count as -1.
func (c *VoiceConn) Received() map[int]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.received)
}

// Packets returns the number of audio packets from the client. They are not decrypted.
func (c *VoiceConn) Packets() int { return int(c.packets.Load()) }

// CloseStatus returns the close code and whether the client closed the connection,
// like [Conn.CloseStatus].
func (c *VoiceConn) CloseStatus() (code int, byClient bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closeCode, c.closeByClient
}

// Done returns a channel that is closed when the connection ends.
func (c *VoiceConn) Done() <-chan struct{} { return c.done }

// WaitClosed waits until the connection ends.
func (c *VoiceConn) WaitClosed(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("discordtest: waiting for the end of a voice connection: %w", ctx.Err())
	}
}

// WaitReceived waits until the client has sent n payloads with an op code.
func (c *VoiceConn) WaitReceived(ctx context.Context, op, n int) error {
	return c.wait(ctx, fmt.Sprintf("payload %d of op %d", n, op), func() bool { return c.Received()[op] >= n })
}

// WaitPackets waits until the client has sent n audio packets.
func (c *VoiceConn) WaitPackets(ctx context.Context, n int) error {
	return c.wait(ctx, fmt.Sprintf("packet %d", n), func() bool { return c.Packets() >= n })
}

func (c *VoiceConn) wait(ctx context.Context, what string, ok func() bool) error {
	return c.server.waitWhile(ctx, c.done, ErrVoiceClosed, what, ok)
}

// CloseCode closes the connection with a close frame. The bot stays in its channel,
// and discordgo reconnects after every code except 4014. To remove the bot as another
// user would, with 4014 and a VOICE_STATE_UPDATE, use [Server.VoiceState].
func (c *VoiceConn) CloseCode(code int, reason string) error {
	message, err := closeMessage(code, reason)
	if err != nil {
		return err
	}
	if !c.closed.CompareAndSwap(false, true) {
		return ErrVoiceClosed
	}
	c.mu.Lock()
	c.closeCode = code
	c.mu.Unlock()
	c.server.notify()
	return sendClose(c.ws, code, message)
}

// Drop ends the TCP connection without a close frame.
func (c *VoiceConn) Drop() error {
	if !c.closed.CompareAndSwap(false, true) {
		return ErrVoiceClosed
	}
	c.server.notify()
	return tcpConn(c.ws).Close()
}

// shutdown ends the connection at once, for Server.Close.
func (c *VoiceConn) shutdown() {
	if c.closed.CompareAndSwap(false, true) {
		c.mu.Lock()
		c.closeCode = 4014
		c.mu.Unlock()
		farewell(c.ws, 4014)
	}
	_ = tcpConn(c.ws).Close()
}

// greet sends HELLO in the form of versions below 3, which discordgo does not know
// and ignores.
func (c *VoiceConn) greet(version string) {
	c.extendDeadline()
	if version != "" && version != voiceVersion {
		_ = c.CloseCode(4020, "Bad request.")
		return
	}
	_ = c.write([]byte(`{"heartbeat_interval":` + c.interval() + `}`))
}

func (c *VoiceConn) interval() string {
	return strconv.FormatInt(c.server.cfg.heartbeatInterval.Milliseconds(), 10)
}

func (c *VoiceConn) extendDeadline() {
	if c.closed.Load() {
		return // CloseCode has set its own deadline
	}
	_ = c.ws.SetReadDeadline(time.Now().Add(c.server.cfg.silence()))
	if c.closed.Load() { // it may have closed in the meantime
		_ = c.ws.SetReadDeadline(time.Now().Add(closeGrace))
	}
}

func (c *VoiceConn) read() {
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			c.readFailed(err)
			return
		}
		if !c.closed.Load() {
			c.receive(data)
			c.server.notify()
		}
	}
}

func (c *VoiceConn) readFailed(err error) {
	var timeout net.Error
	if closeErr, ok := errors.AsType[*websocket.CloseError](err); ok {
		if c.closed.CompareAndSwap(false, true) && closeErr.Code != websocket.CloseAbnormalClosure {
			c.mu.Lock()
			c.closeCode, c.closeByClient = closeErr.Code, true
			c.mu.Unlock()
		}
	} else if errors.As(err, &timeout) && timeout.Timeout() && !c.closed.Load() {
		_ = c.CloseCode(4009, "Session timeout.")
	}
}

// end cleans up when the connection has ended.
func (c *VoiceConn) end() {
	c.closed.Store(true)
	_ = tcpConn(c.ws).Close()
	s := c.server
	s.mu.Lock()
	s.voice.conns = slices.DeleteFunc(s.voice.conns, func(o *VoiceConn) bool { return o == c })
	close(c.done)
	s.notifyLocked()
	s.mu.Unlock()
}

// receive handles one payload.
func (c *VoiceConn) receive(data []byte) {
	var p struct {
		Op *int            `json:"op"`
		D  json.RawMessage `json:"d"`
	}
	if len(data) > maxClientPayload || json.Unmarshal(data, &p) != nil || p.Op == nil {
		c.count(-1)
		_ = c.CloseCode(4002, "Failed to decode payload.")
		return
	}
	c.count(*p.Op)
	identified := c.callOf() != nil
	switch *p.Op {
	case voiceIdentify:
		if identified {
			_ = c.CloseCode(4005, "Already authenticated.")
			return
		}
		c.identify(p.D)
	case voiceHeartbeat:
		var nonce json.Number
		if json.Unmarshal(p.D, &nonce) != nil {
			_ = c.CloseCode(4002, "Failed to decode payload.")
			return
		}
		c.extendDeadline()
		c.writeOp(voiceHeartbeat, p.D)
	case voiceSelectProtocol, voiceSpeaking:
		if !identified {
			_ = c.CloseCode(4003, "Not authenticated.")
			return
		}
		if *p.Op == voiceSelectProtocol {
			c.selectProtocol(p.D)
		}
	case voiceResume:
		_ = c.CloseCode(4006, "Session no longer valid.") // sessions cannot be resumed
	default:
		_ = c.CloseCode(4001, "Unknown opcode.")
	}
}

func (c *VoiceConn) count(op int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received[op]++
}

func (c *VoiceConn) identify(d json.RawMessage) {
	var p struct {
		ServerID  string `json:"server_id"`
		UserID    string `json:"user_id"`
		SessionID string `json:"session_id"`
		Token     string `json:"token"`
	}
	if json.Unmarshal(d, &p) != nil {
		_ = c.CloseCode(4002, "Failed to decode payload.")
		return
	}
	s := c.server
	g := s.world.find(p.ServerID)
	if g == nil {
		_ = c.CloseCode(4011, "Server not found.")
		return
	}
	g.mu.Lock()
	of := g.call
	g.mu.Unlock()
	switch {
	case of == nil || p.UserID != botID || p.SessionID != of.session.id:
		_ = c.CloseCode(4006, "Session no longer valid.")
		return
	case p.Token != of.token:
		_ = c.CloseCode(4004, "Authentication failed.")
		return
	}
	if code := s.voiceBehavior().CloseOnIdentify; code != 0 {
		_ = c.CloseCode(code, "")
		return
	}
	var replaced []*VoiceConn
	s.mu.Lock()
	over := of.over
	if !over {
		for _, o := range s.voice.conns {
			if o.call == of {
				replaced = append(replaced, o)
			}
		}
		s.voice.lastSSRC++
		c.call, c.guildID, c.ssrc = of, p.ServerID, s.voice.lastSSRC
	}
	s.mu.Unlock()
	for _, o := range replaced {
		_ = o.CloseCode(4006, "Session no longer valid.")
	}
	if over {
		_ = c.CloseCode(4006, "Session no longer valid.")
		return
	}
	ip, port, _ := net.SplitHostPort(s.voice.udp.LocalAddr().String()) // it has host and port
	modes, _ := json.Marshal(voiceModes)                               // strings: cannot fail
	c.writeOp(voiceReady, json.RawMessage(fmt.Sprintf(`{"ssrc":%d,"ip":%q,"port":%s,"modes":%s,"heartbeat_interval":%s}`,
		c.ssrc, ip, port, modes, c.interval())))
}

// selectProtocol sets the encryption mode. The key is random; nothing is decrypted.
func (c *VoiceConn) selectProtocol(d json.RawMessage) {
	var p struct {
		Protocol string `json:"protocol"`
		Data     struct {
			Address string `json:"address"`
			Port    uint16 `json:"port"`
			Mode    string `json:"mode"`
		} `json:"data"`
	}
	switch {
	case json.Unmarshal(d, &p) != nil:
		_ = c.CloseCode(4002, "Failed to decode payload.")
		return
	case p.Protocol != "udp":
		_ = c.CloseCode(4012, "Unknown protocol.")
		return
	case !slices.Contains(voiceModes, p.Data.Mode):
		_ = c.CloseCode(4016, "Unknown encryption mode.")
		return
	case net.ParseIP(p.Data.Address) == nil || p.Data.Port == 0:
		_ = c.CloseCode(4020, "Bad request.")
		return
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	numbers := make([]int, len(key))
	for i, b := range key {
		numbers[i] = int(b)
	}
	raw, _ := json.Marshal(map[string]any{"mode": p.Data.Mode, "secret_key": numbers}) // cannot fail
	c.writeOp(voiceDescription, raw)
	c.mu.Lock()
	c.mode = p.Data.Mode
	c.mu.Unlock()
}

// writeOp sends a payload. It ignores write errors, because the reader sees them.
func (c *VoiceConn) writeOp(op int, d json.RawMessage) {
	_ = c.write([]byte(`{"op":` + strconv.Itoa(op) + `,"d":` + string(d) + `}`))
}

func (c *VoiceConn) write(data []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if c.closed.Load() {
		return ErrVoiceClosed
	}
	_ = c.ws.SetWriteDeadline(time.Now().Add(c.server.cfg.writeTimeout))
	err := c.ws.WriteMessage(websocket.TextMessage, data)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		_ = c.Drop() // nothing can follow half a frame
	}
	return err
}
