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

// A tappedConn is the connection that gorilla/websocket reads and writes. It
// observes the bytes and changes nothing: bytes, errors, deadlines and
// back-pressure are those of the inner connection.
//
// At any time one goroutine reads and one writes, as gorilla/websocket requires.
type tappedConn struct {
	net.Conn
	tap *tap

	in  wire.Stream // belongs to the reader
	out wire.Stream // belongs to the writer

	// dialled is whether it was dialed for the gateway, as far as that was known
	// then.
	dialled bool
	// gateway is set if the request is discordgo's for the gateway, voice if it
	// is for voice, which uses the same dialer, and elsewhere if it is for
	// anything but the gateway.
	gateway, voice, elsewhere atomic.Bool
	// counted is set once the connection attempt is counted.
	counted atomic.Bool
	// live is set when the upgrade is accepted, at liveSince by clock: from then on
	// a disconnect counts.
	live      atomic.Bool
	liveSince atomic.Int64
	ended     atomic.Bool
	// ready is set by READY or RESUMED.
	ready atomic.Bool

	handshake handshake   // the pending one
	way       *connecting // until the first READY or RESUMED
	beats     heartbeats
	latency   atomic.Int64 // of the last completed round trip; 0 without one
	pulse     pulse        // runs while a handshake or a heartbeat is unanswered

	// asked is set while Discord has requested a new connection or a new session.
	// discordgo then closes this connection itself.
	asked atomic.Bool
	heard atomic.Int64 // time of the last HELLO or acknowledgement, by clock
}

var (
	directionReceive  = slices.Index(catalog.Directions(), catalog.DirectionReceive)
	directionTransmit = slices.Index(catalog.Directions(), catalog.DirectionTransmit)
)

// clock0 is the origin of the monotonic clock for round trips.
var clock0 = time.Now()

// clock returns the nanoseconds since clock0. It is never 0.
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

// Write reads the bytes before it passes them on: the answer to a heartbeat or to
// a close frame can arrive before the call returns.
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

// transferred counts bytes of a gateway connection.
func (c *tappedConn) transferred(direction, n int) {
	if n <= 0 || !c.gateway.Load() {
		return
	}
	if a := c.tap.target.Load(); a != nil {
		a.inst.io[direction].n.Add(uint64(n))
	}
}

// follow feeds a stream. A panic in our code ends the tap, not the connection.
func (c *tappedConn) follow(s *wire.Stream, p []byte) {
	defer func() {
		if r := recover(); r != nil {
			s.Stop()
			c.tap.fault(recovered(r))
		}
	}()
	s.Feed(p)
}

// end counts the end of the connection. The first call determines code and
// initiator. Without an accepted upgrade it counts a failed attempt and no
// disconnect.
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
		c.way.ended(a.shard.Load(), catalog.AttemptFailed, catalog.AttemptFailed)
		a.life.undialed()
		return
	}
	switch {
	case !c.live.Load(), !c.counted.Load() && initiator == initiatorClient:
		// gorilla/websocket refuses a 101 with a wrong key before it reads on.
		c.attempted(upgradeNone)
		c.way.ended(a.shard.Load(), catalog.AttemptFailed, catalog.AttemptFailed)
	default:
		c.attempted(upgradeAccepted)
		c.disconnected(a, codeIn(codeIndex, code), initiator)
		c.handshake.resolve(a.shard.Load(), handshakeClosed)
		c.way.ended(a.shard.Load(), catalog.HandshakeClosed, catalog.HandshakeClosed)
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

// disconnected counts the end of a connection that was live.
func (c *tappedConn) disconnected(a *attachment, code, initiator int) {
	s := a.shard.Load()
	s.disconnected(code, initiator)
	heartbeatLost := initiator == initiatorClient && !c.asked.Load() && c.closedByDiscordgo(a)
	a.inst.eventLog.disconnected(s, code, initiator, time.Duration(clock()-c.liveSince.Load()), heartbeatLost)
}

// closedByDiscordgo reports whether discordgo, and not the bot, has sent the
// close frame. discordgo then reconnects. It closes the connection when Discord
// requests it, and when there was no acknowledgement for five heartbeat intervals
// (v0.28.1 to v0.29.1).
func (c *tappedConn) closedByDiscordgo(a *attachment) bool {
	if c.asked.Load() {
		return true
	}
	interval, heard := a.life.interval.Load(), c.heard.Load()
	return interval > 0 && heard > 0 && clock()-heard > 5*interval
}

// awaiting reports whether an answer of Discord's is pending.
func (c *tappedConn) awaiting() bool {
	return !c.ended.Load() && (c.beats.waiting() || c.handshake.pending())
}

// acknowledged takes the answer to a heartbeat. The duration is unknown if the
// process was paused meanwhile.
func (c *tappedConn) acknowledged(interval time.Duration) {
	now := clock()
	b, ok := c.beats.acknowledge(now, interval)
	if ok && c.pulse.lostBy(now) == b.lost {
		c.latency.Store(max(1, now-b.at))
	}
}

// open reports whether the gateway connection is open, ready or not.
func (c *tappedConn) open() bool { return c.live.Load() && !c.ended.Load() }

// up reports whether the gateway connection is open and ready.
func (c *tappedConn) up() bool { return c.ready.Load() && c.open() }

// errUncalled is reported at the first dial: discordgo requests the gateway's
// address before it dials.
var errUncalled = errors.New("Session.Client was replaced after the session was attached: requests, rate limits and acknowledgements are not measured; set Session.Client before you attach the session")

// inbound receives what arrives.
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
		c.liveSince.Store(clock())
		c.live.Store(true)
		c.way.passed("gateway upgrade")
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
		return // voice has its own operations
	}
	(*tappedConn)(c).attempted(upgradeAccepted)
	switch p.Op {
	case wire.OpDispatch:
		if c.ended.Load() {
			return // discordgo does not handle what it reads after its close frame
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
		c.way.passed("gateway hello")
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

// longestInterval is the longest plausible interval between heartbeats, in
// milliseconds. Discord's is 41.25 s.
const longestInterval = int64(time.Hour / time.Millisecond)

// established records READY or RESUMED.
func (c *tappedConn) established(a *attachment, outcome int) {
	c.ready.Store(true)
	c.asked.Store(false)
	if a != nil {
		c.handshake.resolve(a.shard.Load(), outcome)
		c.way.ended(a.shard.Load(), handshakeOutcomes[outcome], "")
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

// fault reports what could not be read. Of voice connections only the end is
// read, so their faults are not reported.
func (c *tappedConn) fault(err error) {
	if !c.voice.Load() {
		c.tap.fault(err)
	}
}

// outbound receives what is sent.
type outbound tappedConn

var (
	methodConnect = []byte("CONNECT ")
	methodGet     = []byte("GET ")
	// discordgo requests this encoding from the gateway. Its voice connections
	// request none (v0.28.1 to v0.29.1).
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
			// discordgo dials the gateway inside Open, when nothing writes its
			// settings.
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
