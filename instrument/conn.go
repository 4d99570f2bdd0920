package instrument

import (
	"bytes"
	"errors"
	"net"
	"regexp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A tappedConn is the connection that gorilla/websocket reads and writes, with
// an ear on it. It changes nothing: bytes, errors, deadlines and back-pressure
// are the inner connection's.
//
// Reads come from one goroutine at a time and writes from one at a time, as
// gorilla/websocket requires of itself.
type tappedConn struct {
	net.Conn
	tap *tap

	in  wire.Stream // belongs to the reader
	out wire.Stream // belongs to the writer

	// dialled is whether it was for the gateway, by what was known then.
	dialled bool
	// gateway is set when the request was discordgo's for the gateway, voice when
	// it was for voice, which uses the same dialer, and elsewhere when it was for
	// anything but the gateway.
	gateway, voice, elsewhere atomic.Bool
	// counted is set when the attempt to connect was.
	counted atomic.Bool
	// live is set when the upgrade was accepted: from then on the end counts.
	live  atomic.Bool
	ended atomic.Bool
	// ready is set by READY or RESUMED.
	ready atomic.Bool

	handshake handshake // the one that is under way
	beats     heartbeats
	latency   atomic.Int64 // of the last completed round trip; 0 if there was none
	pulse     pulse        // while a handshake or a heartbeat waits for its answer

	// asked is set while Discord has asked for another connection or another
	// session, which discordgo answers by closing this one itself.
	asked atomic.Bool
	heard atomic.Int64 // when HELLO or an acknowledgement came last, by clock
}

var (
	directionReceive  = slices.Index(catalog.Directions(), catalog.DirectionReceive)
	directionTransmit = slices.Index(catalog.Directions(), catalog.DirectionTransmit)
)

// clock0 is where the monotonic clock of round trips begins.
var clock0 = time.Now()

// clock is never 0.
func clock() int64 { return max(1, int64(time.Since(clock0))) }

func newTappedConn(inner net.Conn, t *tap) *tappedConn {
	c := &tappedConn{Conn: inner, tap: t}
	c.pulse.needed, c.handshake.pulse = c.awaiting, &c.pulse
	c.in.Reset((*inbound)(c), wire.Server)
	c.out.Reset((*outbound)(c), wire.Client)
	return c
}

func (c *tappedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.in.Off() {
		c.follow(&c.in, p[:n])
	}
	c.transferred(directionReceive, n)
	if err != nil {
		c.end(noCode, initiatorNetwork)
	}
	return n, err
}

// Write looks at the bytes before they go: the answer to a heartbeat or to a
// close frame can be here before the call returns.
func (c *tappedConn) Write(p []byte) (int, error) {
	if !c.out.Off() {
		c.follow(&c.out, p)
	}
	n, err := c.Conn.Write(p)
	c.transferred(directionTransmit, n)
	if err != nil {
		c.end(noCode, initiatorNetwork)
	}
	return n, err
}

func (c *tappedConn) Close() error {
	c.end(noCode, initiatorClient)
	return c.Conn.Close()
}

// transferred counts bytes of the gateway's.
func (c *tappedConn) transferred(direction, n int) {
	if n <= 0 || !c.gateway.Load() {
		return
	}
	if a := c.tap.target.Load(); a != nil {
		a.inst.io[direction].n.Add(uint64(n))
	}
}

// follow feeds a stream. A fault of ours ends the tap, not the connection.
func (c *tappedConn) follow(s *wire.Stream, p []byte) {
	defer func() {
		if r := recover(); r != nil {
			s.Stop()
			c.tap.fault(recovered(r))
		}
	}()
	s.Feed(p)
}

// end counts the end of the connection, by what was seen first. One that the
// gateway did not accept is none.
func (c *tappedConn) end(code, initiator int) {
	if !c.ended.CompareAndSwap(false, true) {
		return
	}
	a := c.tap.target.Load()
	if a == nil {
		return
	}
	if !c.gateway.Load() {
		if c.voice.Load() && c.live.Load() {
			a.inst.voice[codeIn(voiceCodeIndex, code)*len(initiators)+initiator].n.Add(1)
		}
		if c.dialled && !c.elsewhere.Load() {
			c.attempted(upgradeNone)
		}
		a.life.undialed()
		return
	}
	switch {
	case !c.live.Load(), !c.counted.Load() && initiator == initiatorClient:
		// gorilla/websocket refuses a 101 with a wrong key before it reads on.
		c.attempted(upgradeNone)
	default:
		c.attempted(upgradeAccepted)
		a.shard.Load().disconnect(codeIn(codeIndex, code), initiator).n.Add(1)
		c.handshake.resolve(a.shard.Load(), handshakeClosed)
	}
	a.life.end(c)
	if initiator == initiatorClient && code != noCode {
		byDiscordgo := c.closedByDiscordgo(a)
		a.presence.closed(byDiscordgo, a.settings.Load().reconnects)
		if !byDiscordgo {
			a.held.Store(nil)
		}
	}
}

// closedByDiscordgo reports whether a close frame of ours is discordgo's own
// doing, which wants another connection then, and not the bot's. discordgo does it
// when it was asked to, and when acknowledgements have failed to come for five
// heartbeats (v0.28.1 to v0.29.1).
func (c *tappedConn) closedByDiscordgo(a *attachment) bool {
	if c.asked.Load() {
		return true
	}
	interval, heard := a.life.interval.Load(), c.heard.Load()
	return interval > 0 && heard > 0 && clock()-heard > 5*interval
}

// awaiting reports whether Discord owes an answer.
func (c *tappedConn) awaiting() bool {
	return !c.ended.Load() && (c.beats.waiting() || c.handshake.pending())
}

// acknowledged takes the answer to a heartbeat. How long it took is not known
// where the process stood still meanwhile.
func (c *tappedConn) acknowledged(interval time.Duration) {
	now := clock()
	b, ok := c.beats.acknowledge(now, interval)
	if ok && c.pulse.lostBy(now) == b.lost {
		c.latency.Store(max(1, now-b.at))
	}
}

// open reports whether the gateway connection is there, ready or not.
func (c *tappedConn) open() bool { return c.live.Load() && !c.ended.Load() }

// up reports whether it is ready.
func (c *tappedConn) up() bool { return c.ready.Load() && c.open() }

// errUncalled is told at the first dial: discordgo has asked for the gateway's
// address before.
var errUncalled = errors.New("a session's REST calls are made by a Client that was set after it was attached: neither requests nor rate limits nor acknowledgements are seen; set Session.Client before")

// inbound is the sink of what arrives.
type inbound tappedConn

var (
	statusSwitching = []byte(" 101")
	statusOK        = []byte(" 200")
	httpVersion     = []byte("HTTP/1.") // a proxy may still speak 1.0
)

func (c *inbound) Head(line []byte) wire.Next {
	rest, ok := bytes.CutPrefix(line, httpVersion)
	if ok && len(rest) > 0 {
		rest = rest[1:] // the minor version
	}
	gateway, voice := c.gateway.Load(), c.voice.Load()
	switch {
	case !ok:
		return wire.Ignore
	case gateway && bytes.HasPrefix(rest, statusSwitching):
		c.live.Store(true)
		c.tap.conn.Store((*tappedConn)(c))
		return wire.Frames
	case voice && bytes.HasPrefix(rest, statusSwitching):
		c.live.Store(true)
		return wire.Frames
	case !gateway && !voice && bytes.HasPrefix(rest, statusOK): // a proxy's answer to CONNECT
		return wire.AnotherHead
	default:
		(*tappedConn)(c).refused(rest)
		return wire.Ignore
	}
}

func (c *inbound) Packet(p *wire.Packet) {
	if !c.gateway.Load() {
		return // voice has operations of its own
	}
	(*tappedConn)(c).attempted(upgradeAccepted)
	switch p.Op {
	case wire.OpDispatch:
		if c.ended.Load() {
			return // what discordgo reads after its close frame it does not handle
		}
		replayed := !c.ready.Load()
		a := c.tap.target.Load()
		switch p.Event {
		case wire.EventReady:
			(*tappedConn)(c).established(a, handshakeReady)
		case wire.EventResumed:
			(*tappedConn)(c).established(a, handshakeResumed)
		}
		if a != nil {
			a.life.lastEvent.Store(time.Now().UnixNano())
			a.dispatch(p, replayed)
		}
	case wire.OpHello:
		c.heard.Store(clock())
		if a := c.tap.target.Load(); a != nil && p.Has&wire.HasHeartbeatInterval != 0 && p.HeartbeatInterval <= longestInterval {
			a.life.interval.Store(p.HeartbeatInterval * int64(time.Millisecond))
		}
	case wire.OpReconnect:
		c.asked.Store(true)
	case wire.OpInvalidSession:
		c.asked.Store(true)
		c.ready.Store(false)
		if a := c.tap.target.Load(); a != nil {
			c.handshake.resolve(a.shard.Load(), handshakeInvalid)
			a.life.enter((*tappedConn)(c), stateConnecting)
		}
	case wire.OpHeartbeatAck:
		c.heard.Store(clock())
		var interval time.Duration
		if a := c.tap.target.Load(); a != nil {
			interval = time.Duration(a.life.interval.Load())
			a.life.lastAck.Store(time.Now().UnixNano())
		}
		(*tappedConn)(c).acknowledged(interval)
	}
}

// longestInterval is, in milliseconds, the longest between heartbeats that can be
// meant: Discord's is 41.25 s.
const longestInterval = int64(time.Hour / time.Millisecond)

// established notes READY or RESUMED.
func (c *tappedConn) established(a *attachment, outcome int) {
	c.ready.Store(true)
	c.asked.Store(false)
	if a != nil {
		c.handshake.resolve(a.shard.Load(), outcome)
		a.life.enter(c, stateReady)
	}
}

func (c *inbound) Close(code int) {
	if c.gateway.Load() {
		(*tappedConn)(c).attempted(upgradeAccepted)
	}
	(*tappedConn)(c).end(code, initiatorDiscord)
}

func (c *inbound) Fault(err error) { (*tappedConn)(c).fault(err) }

// fault reports what could not be read. Voice is not read, but for the end.
func (c *tappedConn) fault(err error) {
	if !c.voice.Load() {
		c.tap.fault(err)
	}
}

// outbound is the sink of what is sent.
type outbound tappedConn

var (
	methodConnect = []byte("CONNECT ")
	methodGet     = []byte("GET ")
	// discordgo asks the gateway for this encoding, and its voice connections
	// for nothing (v0.28.1 to v0.29.1).
	gatewayQuery = []byte("encoding=json")
	voiceLine    = regexp.MustCompile(`^GET /(\?\S*)? `)
)

func (c *outbound) Head(line []byte) wire.Next {
	switch {
	case bytes.HasPrefix(line, methodConnect):
		return wire.AnotherHead
	case bytes.HasPrefix(line, methodGet) && bytes.Contains(line, gatewayQuery):
		c.gateway.Store(true)
		if a := c.tap.target.Load(); a != nil {
			// discordgo dials the gateway inside Open, so its settings hold still.
			if !a.settle() {
				return wire.Frames
			}
			a.isShard()
			a.inst.opened.Store(true)
			if !c.tap.called.Load() {
				a.inst.faults.report(hookTransport, errUncalled)
			}
			a.life.begin((*tappedConn)(c))
		}
		return wire.Frames
	}
	c.elsewhere.Store(true)
	if a := c.tap.target.Load(); a != nil {
		a.life.undialed()
	}
	if voiceLine.Match(line) {
		c.voice.Store(true)
		return wire.Frames
	}
	return wire.Ignore
}

func (c *outbound) Packet(p *wire.Packet) {
	if !c.gateway.Load() {
		return
	}
	if p.Op == wire.OpHeartbeat {
		now := clock()
		c.beats.send(beat{now, c.pulse.start(now)})
	}
	a := c.tap.target.Load()
	if a == nil {
		return
	}
	of := a.shard.Load()
	op, known := opToSent[p.Op]
	if !known {
		op = opOther
	}
	of.sent[op].n.Add(1)
	switch p.Op {
	case wire.OpIdentify:
		c.handshake.begin(of, kindIdentify)
		a.life.enter((*tappedConn)(c), stateIdentifying)
	case wire.OpResume:
		c.handshake.begin(of, kindResume)
		a.life.enter((*tappedConn)(c), stateResuming)
	}
}

func (c *outbound) Close(code int) {
	(*tappedConn)(c).end(code, initiatorClient)
}

func (c *outbound) Fault(err error) { (*tappedConn)(c).fault(err) }
