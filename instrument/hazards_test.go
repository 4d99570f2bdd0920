package instrument_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A way is one of the ways in which a session can talk to the gateway.
type way struct {
	name string
	srv  []discordtest.Option
	sync bool
	zlib bool
}

var ways = []way{
	{name: "ws"},
	{name: "ws sync zlib", srv: servers(discordtest.WithCompressThreshold(0)), sync: true, zlib: true},
	{name: "wss zlib", srv: servers(discordtest.WithTLS(), discordtest.WithCompressThreshold(0)), zlib: true},
	{name: "wss sync", srv: servers(discordtest.WithTLS()), sync: true},
}

// eachWay runs a test on all of them, in parallel: discordgo's Close sleeps for
// a second.
func eachWay(t *testing.T, test func(t *testing.T, w way)) {
	t.Helper()
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(t, w)
		})
	}
}

func (w way) bench(t *testing.T, opts ...discordtest.Option) *bench {
	t.Helper()
	return newBench(t, append(slices.Clone(w.srv), opts...))
}

func (w way) session(b *bench, shard, count int) *discordgo.Session {
	b.Helper()
	s := b.session(shard, count)
	s.SyncEvents = w.sync
	s.Compress, s.Identify.Compress = w.zlib, w.zlib
	return s
}

// onMaster is whether discordgo is newer than v0.29.0. A test binary does not
// know the versions of its modules, so a field tells that came with it.
var _, onMaster = reflect.TypeFor[discordgo.Session]().FieldByName("resumeGatewayURL")

// endSession makes discordgo begin a new gateway session. A code after which
// the RESUME is refused would be more usual, but master deadlocks there: see
// TestInvalidSessionAfterResume.
func endSession(c *discordtest.Conn) error {
	if onMaster {
		return c.InvalidSession(false)
	}
	return c.CloseCode(4009, "")
}

func disconnect(shard int, code, initiator string) string {
	return fmt.Sprintf("discord.shard.disconnects{code=%s,initiator=%s,shard=%d}", code, initiator, shard)
}

func reconnect(kind string) string {
	return fmt.Sprintf("discord.shard.reconnects{kind=%s,shard=0}", kind)
}

func up(shard int) string { return fmt.Sprintf("discord.shard.up{shard=%d}", shard) }

func event(name string) string { return "discord.gateway.events{event=" + name + "}" }

const latency = "discord.shard.latency{shard=0}"

// want fails the test for each series that is not as it should be. absent is a
// value for those that must not be there.
func (r reading) want(t testing.TB, want reading) {
	t.Helper()
	for series, v := range want {
		got, ok := r[series]
		switch {
		case v == absent && ok:
			t.Errorf("%s = %v, want it absent", series, got)
		case v != absent && !ok:
			t.Errorf("%s is absent, want %v", series, v)
		case v != absent && got != v:
			t.Errorf("%s = %v, want %v", series, got, v)
		}
	}
}

const absent = -1e9

// collectWhile collects while the lock is held, and checks that nothing waits
// for it. A wait would be in every round; what else the machine does is not.
func (b *bench) collectWhile(held func() bool) (r reading) {
	b.Helper()
	const rounds, limit = 20, 100 * time.Millisecond
	fastest := time.Hour
	begin := time.Now()
	for round := 0; round < rounds || fastest > limit && time.Since(begin) < patience/3; round++ {
		start := time.Now()
		now := b.collect()
		took := time.Since(start)
		if !held() {
			b.Fatal("the lock is free: the test does not test what it says")
		}
		r, fastest = now, min(fastest, took)
	}
	if fastest > limit {
		b.Errorf("the fastest collection took %v, want at most %v", fastest, limit)
	}
	return r
}

func sessionLocked(s *discordgo.Session) func() bool {
	return func() bool {
		if s.TryRLock() {
			s.RUnlock()
			return false
		}
		return true
	}
}

func TestCollectWhileHelloNeverComes(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t)
		s := w.session(b, 0, 1)
		b.attach(s)
		b.srv.Behave(discordtest.Behavior{NoHello: true, Times: 1})
		opened := make(chan error, 1)
		go func() { opened <- s.Open() }()
		b.until("the connection", func() bool { return len(b.srv.Conns()) == 1 }, func() string { return "none" })

		b.collectWhile(sessionLocked(s)).want(t, reading{
			up(0): 0, "discord.shards.connected": 0, "discord.shards.configured": 1, "discord.bot.shards": 1,
			latency: absent, "discord.guilds": absent, "discord.members": absent, "discord.voice_clients": absent,
		})

		if err := b.srv.Conns()[0].Drop(); err != nil {
			t.Fatal(err)
		}
		if err := <-opened; err == nil {
			t.Error("Open returned no error")
		}
		b.collect().want(t, reading{up(0): 0, disconnect(0, "none", "network"): 1})
	})
}

func TestCollectWhileLocked(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(3)))
	s := b.session(0, 1)
	b.attach(s)
	conn := b.open(s)
	if err := conn.WaitGuilds(b.context()); err != nil {
		t.Fatal(err)
	}
	s.Lock()
	s.VoiceConnections["1"] = &discordgo.VoiceConnection{Ready: true}
	s.Unlock()
	b.awaitValue("discord.voice_clients", 1)
	channels := b.await("three guilds' channels", func(r reading) bool { return r["discord.threads"] == 3 })["discord.channels"]

	s.Lock()
	s.VoiceConnections["2"] = &discordgo.VoiceConnection{Ready: true}
	b.collectWhile(sessionLocked(s)).want(t, reading{"discord.voice_clients": 1, up(0): 1, "discord.guilds": 3})
	clear(s.VoiceConnections)
	s.Unlock()
	b.awaitValue("discord.voice_clients", 0)

	s.State.Lock()
	s.State.Guilds = s.State.Guilds[:1]
	b.collectWhile(func() bool {
		free := s.State.TryRLock()
		if free {
			s.State.RUnlock()
		}
		return !free
	}).want(t, reading{"discord.channels": channels, "discord.guilds": 3, up(0): 1})
	s.State.Unlock()
	b.awaitValue("discord.channels", channels/3)
}

// stuck is a connection whose writes wait, once it is told to.
type stuck struct {
	net.Conn
	waits   atomic.Bool
	release chan struct{}
}

func (c *stuck) Write(p []byte) (int, error) {
	if c.waits.Load() {
		<-c.release
	}
	return c.Conn.Write(p)
}

func TestCollectWhileClosing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t)
		s := w.session(b, 0, 1)
		c := &stuck{release: make(chan struct{})}
		release := sync.OnceFunc(func() { close(c.release) })
		defer release()
		s.Dialer.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			var err error
			c.Conn, err = (&net.Dialer{}).DialContext(ctx, network, addr)
			return c, err
		}
		b.attach(s)
		b.steady(s)
		b.awaitValue(up(0), 1)
		c.waits.Store(true)
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		// It holds the lock while it writes the close frame, and for a second more.
		b.awaitValue(disconnect(0, "1000", "client"), 1)
		r := b.collectWhile(sessionLocked(s))
		r.want(t, reading{"discord.voice_clients": 0, latency: absent})
		if r[up(0)] != 0 { // or absent, where the machine took longer than it takes for the session to be closed for good
			t.Errorf("shard_up %v, want 0", r[up(0)])
		}
		release()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if got := b.collect().sum("discord.shard.disconnects"); got != 1 {
			t.Errorf("%v disconnects, want 1", got)
		}
	})
}

// TestReconnectAsFirstPacket is upstream issue 513: Open never returns, and never
// lets go of the lock.
func TestReconnectAsFirstPacket(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	b.srv.Behave(discordtest.Behavior{FirstOp: 7})
	go func() { _ = s.Open() }()
	// Close comes to stand in a second, at the latest; the lock has been held
	// since before.
	b.until("an identify", func() bool {
		conns := b.srv.Conns()
		return len(conns) == 1 && conns[0].Received()[2] == 1
	}, func() string { return fmt.Sprint(len(b.srv.Conns()), " connections") })
	for range 20 {
		b.collectWhile(sessionLocked(s)).want(t, reading{up(0): 0, "discord.shards.connected": 0, "discord.shards.configured": 1})
	}
	if up, of := b.inst.ShardsUp(); up != 0 || of != 1 {
		t.Errorf("ShardsUp() = %d, %d; want 0, 1", up, of)
	}
	first := b.collect()[lockRefused]
	b.await("the lock to be gone for longer", func(r reading) bool { return r[lockRefused] > first+1 })
}

// TestInvalidSessionAfterResume: v0.29.0 identifies on the same connection; its
// master deadlocks.
func TestInvalidSessionAfterResume(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	s.ShouldReconnectOnError = true
	b.attach(s)
	conn := b.steady(s)
	b.awaitValue(up(0), 1)
	b.srv.Behave(discordtest.Behavior{FirstOp: 9, On: discordtest.OnResume, Times: 1})
	if err := conn.Drop(); err != nil {
		t.Fatal(err)
	}
	b.awaitValue(disconnect(0, "none", "network"), 1)
	if !onMaster {
		b.awaitValue(reconnect("identify"), 1)
		r := b.collect()
		r.want(t, reading{up(0): 1, reconnect("resume"): 0, event("READY"): 2})
		if got := r.sum("discord.shard.disconnects"); got != 1 {
			t.Errorf("%v disconnects, want 1", got)
		}
		return
	}
	b.until("a resume", func() bool {
		conns := b.srv.Conns()
		return len(conns) == 1 && conns[0].Received()[6] == 1
	}, func() string { return fmt.Sprint(len(b.srv.Conns()), " connections") })
	for range 20 {
		b.collectWhile(sessionLocked(s)).want(t, reading{up(0): 0, reconnect("identify"): 0, reconnect("resume"): 0})
	}
}

func TestZombie(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t, discordtest.WithHeartbeatInterval(time.Second))
		s := w.session(b, 0, 1)
		s.ShouldReconnectOnError = true
		b.attach(s)
		began := time.Now()
		conn := b.steady(s)
		b.await("a round trip", func(r reading) bool { return r[latency] > 0 })
		conn.Behave(discordtest.Behavior{SwallowAcks: true})
		n, _ := conn.Heartbeats()
		if err := conn.WaitHeartbeats(b.context(), n+1); err != nil {
			t.Fatal(err)
		}
		last := b.collect()[latency]
		if last <= 0 || last > time.Since(began).Seconds() {
			t.Errorf("latency %v s, and the connection is %v old", last, time.Since(began))
		}
		ended := disconnect(0, "1000", "client")
		r := b.await("discordgo gives the connection up", func(r reading) bool {
			if now, ok := r[latency]; ok && r[ended] == 0 && now != last {
				t.Errorf("latency %v while heartbeats are pending, want the last completed one, %v", now, last)
			}
			return r[ended] == 1
		})
		b.until("a resume", func() bool {
			return slices.ContainsFunc(b.srv.Conns(), func(c *discordtest.Conn) bool { return c.Received()[6] == 1 })
		}, func() string { return "none" })
		if got := r.sum("discord.shard.disconnects"); got != 1 {
			t.Errorf("%v disconnects, want 1", got)
		}
		// Discord ends the gateway session with a 1000, so the RESUME is
		// refused: see TestInvalidSessionAfterResume.
		if !onMaster {
			b.awaitValue(reconnect("identify"), 1)
			// A Close that meets a heartbeat is followed by a reconnect.
			check(t, b.conn(0).WaitHeartbeat(b.context()))
		}
	})
}

func TestOps(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	type outcome struct {
		send      func(*discordtest.Conn) error
		reconnect string // the kind; "" for none
		closes    bool
	}
	for name, expect := range map[string]func(master bool) outcome{
		"op 7": func(bool) outcome {
			return outcome{(*discordtest.Conn).Reconnect, "resume", true}
		},
		"op 9 resumable": func(master bool) outcome {
			send := func(c *discordtest.Conn) error { return c.InvalidSession(true) }
			if master {
				return outcome{send, "resume", true}
			}
			return outcome{send, "identify", false}
		},
		"op 9": func(master bool) outcome {
			return outcome{func(c *discordtest.Conn) error { return c.InvalidSession(false) }, "identify", master}
		},
		"op 1": func(bool) outcome {
			return outcome{send: (*discordtest.Conn).RequestHeartbeat}
		},
	} {
		for _, w := range ways[1:3] {
			t.Run(name+" "+w.name, func(t *testing.T) {
				t.Parallel()
				b := w.bench(t)
				s := w.session(b, 0, 1)
				s.ShouldReconnectOnError = true
				b.attach(s)
				conn := b.steady(s)
				b.awaitValue(up(0), 1)
				want := expect(onMaster)
				if err := want.send(conn); err != nil {
					t.Fatal(err)
				}
				if want.reconnect == "" {
					if err := conn.WaitHeartbeats(b.context(), 2); err != nil {
						t.Fatal(err)
					}
					r := b.await("a round trip", func(r reading) bool { return r[latency] > 0 })
					r.want(t, reading{up(0): 1, reconnect("identify"): 0, reconnect("resume"): 0})
					if got := r.sum("discord.shard.disconnects"); got != 0 {
						t.Errorf("%v disconnects, want none", got)
					}
					return
				}
				r := b.awaitValue(reconnect(want.reconnect), 1)
				r.want(t, reading{up(0): 1})
				if got := r.sum("discord.shard.reconnects"); got != 1 {
					t.Errorf("%v reconnects, want 1", got)
				}
				disconnects := 0.0
				if want.closes {
					disconnects = 1
					r.want(t, reading{disconnect(0, "1012", "client"): 1})
				}
				if got := r.sum("discord.shard.disconnects"); got != disconnects {
					t.Errorf("%v disconnects, want %v", got, disconnects)
				}
			})
		}
	}
}

// TestReplayIsCountedOnce: what discordgo had in its buffer when the connection
// ended is asked for again.
func TestReplayIsCountedOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		const members, before, after = 7, 5, 11
		b := w.bench(t, discordtest.WithGuilds(1), discordtest.WithMembers(members))
		s := w.session(b, 0, 1)
		s.ShouldReconnectOnError = true
		s.SyncEvents = true // a handler holds up the reader
		reached, release := make(chan struct{}), make(chan struct{})
		var once sync.Once
		var handled atomic.Int64
		s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
			switch e.Type {
			case "TYPING_START":
				once.Do(func() { close(reached); <-release })
			case "GUILD_MEMBER_ADD":
				handled.Add(1)
			}
		})
		b.attach(s)
		conn := b.steady(s)
		if err := conn.WaitGuilds(b.context()); err != nil {
			t.Fatal(err)
		}
		guild := b.srv.Guilds()[0]
		join := func(n int) {
			for range n {
				if _, err := b.srv.MemberAdd(guild); err != nil {
					t.Fatal(err)
				}
			}
		}
		b.dispatch(conn, "TYPING_START", map[string]any{"guild_id": guild, "channel_id": "1", "user_id": "2", "timestamp": 1})
		<-reached
		// All of this lies in one read of discordgo's. It obeys the op 7, and
		// leaves the rest.
		if err := conn.Reconnect(); err != nil {
			t.Fatal(err)
		}
		join(before)
		close(release)
		b.awaitValue(disconnect(0, "1012", "client"), 1)
		join(after)
		b.awaitValue(reconnect("resume"), 1)
		b.until("all joins handled", func() bool { return handled.Load() >= before+after }, func() string { return fmt.Sprint(handled.Load()) })
		b.collect().want(t, reading{
			event("GUILD_MEMBER_ADD"): before + after, event("READY"): 1, event("RESUMED"): 1, event("TYPING_START"): 1,
			"discord.members": members + before + after, "discord.guilds": 1, up(0): 1, reconnect("identify"): 0,
		})
	})
}

// TestCloseCodes: each code of Discord's table and more, one shard for each.
func TestCloseCodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, w := range []way{ways[0], ways[3]} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			codes := map[int]string{0: "1005", 4999: catalog.Other, 3000: catalog.Other, 4006: catalog.Other}
			for _, label := range catalog.CloseCodes() {
				var code int
				if _, err := fmt.Sscan(label, &code); err == nil && code != 1005 {
					codes[code] = label
				}
			}
			b := w.bench(t, discordtest.WithGuilds(0))
			var closed sync.WaitGroup
			shards := map[int]int{}
			for code := range codes {
				shard := len(shards)
				shards[shard] = code
				s := w.session(b, shard, len(codes))
				b.attach(s)
				closed.Add(1)
				var once sync.Once
				s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) { once.Do(closed.Done) })
				conn := b.open(s)
				if err := conn.CloseCode(code, "why"); err != nil {
					t.Fatal(err)
				}
			}
			closed.Wait() // discordgo has sent its own close frame, and closed the socket
			r := b.collect()
			for shard, code := range shards {
				r.want(t, reading{disconnect(shard, codes[code], "discord"): 1, up(shard): 0})
			}
			if got := r.sum("discord.shard.disconnects"); got != float64(len(codes)) {
				t.Errorf("%v disconnects, want %d", got, len(codes))
			}
			r.want(t, reading{"discord.shards.connected": 0, "discord.shards.configured": float64(len(codes))})
		})
	}
}

func TestDroppedSocket(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Run("drop", func(t *testing.T) { testDroppedSocket(t, (*discordtest.Conn).Drop) })
	t.Run("reset", func(t *testing.T) { testDroppedSocket(t, (*discordtest.Conn).Reset) })
}

func testDroppedSocket(t *testing.T, end func(*discordtest.Conn) error) {
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t)
		s := w.session(b, 0, 1)
		done := make(chan struct{})
		var once sync.Once
		s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) { once.Do(func() { close(done) }) })
		b.attach(s)
		conn := b.steady(s)
		b.awaitValue(up(0), 1)
		if err := end(conn); err != nil {
			t.Fatal(err)
		}
		<-done
		r := b.collect()
		r.want(t, reading{disconnect(0, "none", "network"): 1, up(0): 0, latency: absent})
		if got := r.sum("discord.shard.disconnects"); got != 1 {
			t.Errorf("%v disconnects, want 1", got)
		}
	})
}

func TestFailedOpens(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	tests := map[string]struct {
		behavior discordtest.Behavior
		want     string // the disconnect; "" for none
	}{
		"upgrade rejected":  {discordtest.Behavior{RejectUpgrade: http.StatusServiceUnavailable}, ""},
		"dropped for HELLO": {discordtest.Behavior{DropOnConnect: true}, disconnect(0, "none", "network")},
		"closed for HELLO":  {discordtest.Behavior{CloseOnConnect: 4008}, disconnect(0, "4008", "discord")},
		"closed for READY":  {discordtest.Behavior{CloseOnIdentify: 4014}, disconnect(0, "4014", "discord")},
		"dropped for READY": {discordtest.Behavior{DropOnIdentify: true}, disconnect(0, "none", "network")},
		"READY is no JSON":  {discordtest.Behavior{FirstPacket: []byte(`{"op":0,"t":"READY"`)}, disconnect(0, "none", "client")},
	}
	for name, tt := range tests {
		for _, w := range []way{ways[0], ways[2]} {
			t.Run(name+" "+w.name, func(t *testing.T) {
				t.Parallel()
				b := w.bench(t)
				s := w.session(b, 0, 1)
				b.attach(s)
				behavior := tt.behavior
				behavior.Times = 1
				b.srv.Behave(behavior)
				if err := s.Open(); err == nil {
					t.Fatal("Open returned no error")
				}
				r := b.collect()
				r.want(t, reading{up(0): 0, "discord.guilds": absent, latency: absent})
				wantEnds := 0.0
				if tt.want != "" {
					wantEnds = 1
					r.want(t, reading{tt.want: 1})
				}
				if got := r.sum("discord.shard.disconnects"); got != wantEnds {
					t.Errorf("disconnects %v, want %v", r.with("discord.shard.disconnects"), wantEnds)
				}
				// The first start is no reconnect, however often it was tried.
				b.open(s)
				b.awaitValue(up(0), 1).want(t, reading{reconnect("identify"): 0, reconnect("resume"): 0})
			})
		}
	}
}

func TestReadyNeverComes(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	b.srv.Behave(discordtest.Behavior{NoReady: true, Times: 1})
	opened := make(chan error, 1)
	go func() { opened <- s.Open() }()
	b.until("an identify", func() bool {
		conns := b.srv.Conns()
		return len(conns) == 1 && conns[0].Received()[2] == 1
	}, func() string { return "none" })
	b.collectWhile(sessionLocked(s)).want(t, reading{up(0): 0, "discord.guilds": absent})
	if err := b.srv.Conns()[0].CloseCode(4009, ""); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err == nil {
		t.Error("Open returned no error")
	}
	b.collect().want(t, reading{up(0): 0, disconnect(0, "4009", "discord"): 1})
}

// echoed is a connection whose Write of a close frame returns after the other
// side's answer has been read: as on a machine that is slow at the wrong time.
type echoed struct {
	net.Conn
	answered chan struct{}
}

func (c *echoed) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if len(p) > 0 && p[0] == 0x80|websocket.CloseMessage {
		<-c.answered
	}
	return n, err
}

func TestCloseThatIsAnsweredAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	c := &echoed{answered: make(chan struct{})}
	s.Dialer.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var err error
		c.Conn, err = (&net.Dialer{}).DialContext(ctx, network, addr)
		return c, err
	}
	b.attach(s)
	b.open(s)
	b.awaitValue(up(0), 1)
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	b.await("the end", func(r reading) bool { return r.sum("discord.shard.disconnects") == 1 })
	close(c.answered)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	b.collect().want(t, reading{disconnect(0, "1000", "client"): 1, disconnect(0, "1000", "discord"): absent, up(0): 0})
}

// late is a connection on which RESUMED arrives after discordgo has sent its
// close frame, in place of the answer to it.
type late struct {
	net.Conn
	closing, sent atomic.Bool
}

func (c *late) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.closing.Load() && !c.sent.Swap(true) {
		return copy(p, discordtest.EncodeFrame(true, websocket.TextMessage, []byte(`{"t":"RESUMED","s":9,"op":0,"d":{}}`))), nil
	}
	return n, err
}

func (c *late) Write(p []byte) (int, error) {
	if len(p) > 0 && p[0] == 0x80|websocket.CloseMessage {
		c.closing.Store(true)
	}
	return c.Conn.Write(p)
}

func TestResumedAfterClose(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	s.SyncEvents = true // the reader calls the handlers
	c := &late{}
	s.Dialer.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var err error
		c.Conn, err = (&net.Dialer{}).DialContext(ctx, network, addr)
		return c, err
	}
	handled := make(chan struct{})
	s.AddHandler(func(*discordgo.Session, *discordgo.TypingStart) { close(handled) })
	b.attach(s)
	conn := b.steady(s)
	b.await("the heartbeat's answer", func(r reading) bool { return r[latency] > 0 })
	// discordgo's reader ends at once where Close comes between a message and its
	// handling, and reads no answer to the close frame. So all that was sent has to
	// be handled, not only seen on the wire: then it waits in a read.
	b.dispatch(conn, "TYPING_START", scriptedData("1", "2"))
	<-handled
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	b.until("RESUMED to be read", c.sent.Load, func() string { return "that nobody reads" })
	b.collect().want(t, reading{up(0): 0, event("RESUMED"): absent, "discord.shards.connected": 0, disconnect(0, "1000", "client"): 1})
}

func TestOverlappingSessions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const guilds = 4
	b := newBench(t, servers(discordtest.WithGuilds(guilds), discordtest.WithMembers(6)))
	first, second := b.session(0, 1), b.session(0, 1)
	b.attach(first, second)
	conn := b.open(first)
	if err := conn.WaitGuilds(b.context()); err != nil {
		t.Fatal(err)
	}
	alone := b.await("one session's state", func(r reading) bool { return r["discord.threads"] == guilds })
	b.open(second)
	one := reading{
		up(0): 1, "discord.shards.connected": 1, "discord.shards.configured": 1, "discord.bot.shards": 1,
		"discord.guilds": guilds, "discord.guilds.unavailable": 0, "discord.members": 6 * guilds,
		"discord.channels": alone["discord.channels"], "discord.roles": alone["discord.roles"], "discord.threads": guilds,
	}
	both := b.await("the other session's state", func(r reading) bool {
		return r[event("GUILD_CREATE")] == 2*guilds && r["discord.threads"] == guilds
	})
	both.want(t, one)
	both.want(t, reading{event("READY"): 2, reconnect("identify"): 0})

	if err := first.Close(); err != nil {
		t.Error(err)
	}
	r := b.collect()
	r.want(t, one)
	r.want(t, reading{disconnect(0, "1000", "client"): 1})
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	b.collect().want(t, reading{up(0): 0, "discord.shards.connected": 0, "discord.shards.configured": 1, disconnect(0, "1000", "client"): 2})
}

// TestCollectingInTheMidst is for the race detector: handlers that change the
// state and the session, handlers that come and go, several who collect, a
// reconnect, and events all along.
func TestCollectingInTheMidst(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("late=%v", late), func(t *testing.T) {
				t.Parallel()
				b := w.bench(t, discordtest.WithGuilds(20))
				s := w.session(b, 0, 1)
				s.ShouldReconnectOnError = true
				s.AddHandler(func(s *discordgo.Session, g *discordgo.GuildCreate) {
					_ = s.State.GuildRemove(g.Guild)
					_ = s.State.GuildAdd(&discordgo.Guild{ID: g.ID})
				})
				s.AddHandler(func(s *discordgo.Session, m *discordgo.MessageCreate) {
					s.State.Lock()
					s.State.PrivateChannels = append(s.State.PrivateChannels, &discordgo.Channel{ID: m.ChannelID})
					s.State.Unlock()
				})
				if !late {
					b.attach(s)
				}
				conn := b.steady(s)
				if late {
					b.attach(s)
					// Under SyncEvents the handlers come a moment later, and the
					// guilds after them.
					b.await("the handlers", func(r reading) bool { _, ok := r["discord.guilds"]; return ok })
				}
				if err := conn.WaitGuilds(b.context()); err != nil {
					t.Fatal(err)
				}
				stop := make(chan struct{})
				var wg sync.WaitGroup
				busy := func(f func()) {
					wg.Go(func() {
						tick := time.NewTicker(10 * time.Millisecond)
						defer tick.Stop()
						for {
							select {
							case <-stop:
								return
							case <-tick.C:
								f()
							}
						}
					})
				}
				for range 2 {
					busy(func() { b.collect() })
				}
				busy(func() { b.inst.ShardsUp() })
				busy(func() { s.AddHandler(func(*discordgo.Session, *discordgo.TypingStart) {})() })
				busy(func() {
					if s.TryLock() { // as a user's code may, by its own rules
						s.VoiceConnections["1"] = &discordgo.VoiceConnection{}
						delete(s.VoiceConnections, "1")
						s.Unlock()
					}
				})
				guild := b.srv.Guilds()[0]
				send := func() {
					for n := range 100 {
						b.dispatch(conn, "MESSAGE_CREATE", b.srv.Message(b.srv.TextChannel(guild), fmt.Sprint(n)))
						if _, err := b.srv.MemberAdd(guild); err != nil {
							t.Fatal(err)
						}
					}
				}
				send()
				b.await("the messages", func(r reading) bool { return r[event("MESSAGE_CREATE")] == 100 })
				if err := conn.Drop(); err != nil {
					t.Fatal(err)
				}
				b.awaitValue(reconnect("resume"), 1)
				conn = b.conn(0)
				send()
				b.await("the messages", func(r reading) bool { return r[event("MESSAGE_CREATE")] == 200 })
				close(stop)
				wg.Wait()
				b.collect().want(t, reading{up(0): 1, "argus.instrumentation.errors{hook=state}": 0, "argus.instrumentation.errors{hook=tap}": 0})
			})
		}
	})
}
