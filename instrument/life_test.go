package instrument_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

func handshake(kind, outcome string) string {
	return fmt.Sprintf("discord.shard.handshakes{kind=%s,outcome=%s,shard=0}", kind, outcome)
}

// inState is a reading in which shard 0 is in one state, and in no other.
func inState(state string) reading {
	want := reading{}
	for _, s := range catalog.ShardStates() {
		want["discord.shard.state{shard=0,state="+s+"}"] = 0
	}
	want["discord.shard.state{shard=0,state="+state+"}"] = 1
	return want
}

// awaitState waits for a state, and returns a reading that begins after it was
// seen: counts are read before states.
func (b *bench) awaitState(state string) reading {
	b.Helper()
	b.awaitValue("discord.shard.state{shard=0,state="+state+"}", 1)
	return b.collect()
}

const (
	stateChange   = "discord.shard.state_change.timestamp{shard=0}"
	heartbeatAck  = "discord.shard.heartbeat_ack.timestamp{shard=0}"
	lastEvent     = "discord.shard.event.timestamp{shard=0}"
	lockRefused   = "discord.shard.lock_unavailable{shard=0}"
	beatsInterval = "discord.shard.heartbeat.interval{shard=0}"
)

func unix(at time.Time) float64 { return float64(at.UnixNano()) / 1e9 }

// TestConnectionLife goes through the states of a connection, each of which is
// held until it was seen.
func TestConnectionLife(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		const interval = 10 * time.Second // discordgo gives up after five of them
		before := time.Now()
		b := w.bench(t, discordtest.WithHeartbeatInterval(interval))
		s := w.session(b, 0, 1)
		s.ShouldReconnectOnError = true
		b.attach(s)
		b.collect().want(t, reading{up(0): absent, stateChange: absent, heartbeatAck: absent, lastEvent: absent, beatsInterval: absent, lockRefused: absent})

		var hold atomic.Pointer[discordtest.Behavior]
		hold.Store(&discordtest.Behavior{NoHello: true})
		b.srv.BehaveFunc(func() discordtest.Behavior { return *hold.Load() })
		opened := make(chan error, 1)
		go func() { opened <- s.Open() }()
		b.awaitState(catalog.StateConnecting).want(t, inState(catalog.StateConnecting))
		b.until("the connection", func() bool { return len(b.srv.Conns()) == 1 }, func() string { return "none" })
		hold.Store(&discordtest.Behavior{NoReady: true})
		check(t, b.srv.Conns()[0].Drop())
		if err := <-opened; err == nil {
			t.Fatal("Open returned no error")
		}
		b.collect().want(t, inState(catalog.StateDisconnected))

		go func() { opened <- s.Open() }()
		b.awaitState(catalog.StateIdentifying).want(t, reading{
			beatsInterval: interval.Seconds(), lastEvent: absent, "discord.shard.sent{op=identify,shard=0}": 1,
			handshake("identify", "ready"): 0, handshake("identify", "closed"): 0,
		})
		hold.Store(&discordtest.Behavior{})
		check(t, b.srv.Conns()[0].Drop())
		if err := <-opened; err == nil {
			t.Fatal("Open returned no error")
		}
		b.collect().want(t, reading{handshake("identify", "closed"): 1})

		conn := b.steady(s)
		r := b.await("an acknowledgement", func(r reading) bool { _, there := r[heartbeatAck]; return there })
		r.want(t, inState(catalog.StateReady))
		r.want(t, reading{handshake("identify", "ready"): 1, handshake("identify", "closed"): 1, lockRefused: 0})
		now := time.Now()
		for _, at := range []string{stateChange, heartbeatAck, lastEvent} {
			if r[at] < unix(before) || r[at] > unix(now) {
				t.Errorf("%s is %v, want between %v and %v", at, r[at], unix(before), unix(now))
			}
		}
		b.dispatch(conn, "TYPING_START", scriptedData("1", "2"))
		b.await("the last event", func(later reading) bool { return later[lastEvent] > r[lastEvent] })

		hold.Store(&discordtest.Behavior{On: discordtest.OnResume, NoReady: true})
		check(t, conn.CloseCode(4000, ""))
		b.awaitState(catalog.StateResuming).want(t, inState(catalog.StateResuming))
		hold.Store(&discordtest.Behavior{})
		check(t, b.srv.Conns()[len(b.srv.Conns())-1].Drop())
		b.awaitValue(handshake("resume", "resumed"), 1)
		r = b.awaitValue(reconnect("resume"), 1)
		r.want(t, reading{handshake("resume", "closed"): 1, handshake("identify", "ready"): 1, reconnect("resume"): 1})
		b.awaitState(catalog.StateReady)
	})
}

// TestHandshakesAreToldApart reconnects 50 times, as sessions that go on and as
// new ones in turn.
func TestHandshakesAreToldApart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const shards, rounds = 5, 10
	b := newBench(t, servers(discordtest.WithGuilds(0), discordtest.WithShards(shards)))
	var wait sync.WaitGroup
	for shard := range shards {
		s := b.session(shard, shards)
		s.ShouldReconnectOnError = true
		b.attach(s)
		conn := b.steady(s)
		wait.Go(func() {
			for n := range rounds {
				end := func(c *discordtest.Conn) error { return c.CloseCode(4000, "") }
				if n%2 == 1 {
					end = endSession
				}
				if err := end(conn); err != nil {
					t.Errorf("shard %d, round %d: %v", shard, n, err)
					return
				}
				last := conn
				b.until("another connection", func() bool {
					next, err := b.srv.WaitConn(b.context(), shard)
					conn = next
					return err == nil && next != last
				}, func() string { return "none" })
				// One that ends before its first heartbeat starts a storm.
				if err := conn.WaitHeartbeats(b.context(), 1); err != nil {
					t.Errorf("shard %d, round %d: %v", shard, n, err)
					return
				}
			}
		})
	}
	wait.Wait()
	const each = shards * rounds / 2
	r := b.await("the last handshake", func(r reading) bool { return r.sum("discord.shard.reconnects") >= 2*each })
	sum := func(name string, labels ...string) (total float64) {
		for series, v := range r.with(name) {
			if !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(series, l) }) {
				total += v
			}
		}
		return total
	}
	refused := float64(each) // the RESUME that comes before the new session
	if onMaster {
		refused = 0
	}
	for _, want := range []struct {
		got, want float64
		what      string
	}{
		{sum("discord.shard.reconnects", "kind=resume"), each, "reconnects by resume"},
		{sum("discord.shard.reconnects", "kind=identify"), each, "reconnects by identify"},
		{sum("discord.shard.handshakes", "kind=resume", "outcome=resumed"), each, "resumed"},
		{sum("discord.shard.handshakes", "kind=resume", "outcome=invalid_session"), refused, "RESUMEs refused"},
		{sum("discord.shard.handshakes", "kind=identify", "outcome=ready"), each + shards, "identified"},
		{sum("discord.shard.handshakes"), 2*each + shards + refused, "handshakes in all"},
		{sum("discord.shard.sent", "op=identify"), each + shards, "IDENTIFYs sent"},
		{sum("discord.shard.sent", "op=resume"), each + refused, "RESUMEs sent"},
	} {
		if want.got != want.want {
			t.Errorf("%s: %v, want %v\n%v", want.what, want.got, want.want, r.with("discord.shard.handshakes"))
		}
	}
}

// TestFatalCodeIsRetried: discordgo tries again after a code that forbids it, for
// ever, and tells no handler.
func TestFatalCodeIsRetried(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	s.ShouldReconnectOnError = true
	b.attach(s)
	conn := b.steady(s)
	b.srv.Behave(discordtest.Behavior{CloseOnIdentify: 4014})
	check(t, conn.CloseCode(4014, ""))
	b.await("three tries", func(r reading) bool { return r[handshake("resume", "closed")] >= 3 }).want(t, reading{
		up(0): 0, handshake("identify", "ready"): 1, handshake("resume", "resumed"): 0,
	})
	if onMaster {
		return // it would resume a session that is over, and deadlock: see TestInvalidSessionAfterResume
	}
	b.srv.Behave(discordtest.Behavior{})
	b.awaitValue(up(0), 1)
}

// weighed is a connection whose bytes are counted below the instrumentation.
type weighed struct {
	net.Conn
	in, out *atomic.Int64
}

func (w *weighed) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.in.Add(int64(n))
	return n, err
}

func (w *weighed) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.out.Add(int64(n))
	return n, err
}

// TestTrafficOfTheGateway compares what is counted of sends and bytes with what
// the connection and Discord say.
func TestTrafficOfTheGateway(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, w := range []way{ways[0], ways[1]} { // in the clear: inside TLS nobody else can count
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			b := w.bench(t, discordtest.WithHeartbeatInterval(time.Second))
			s := w.session(b, 0, 1)
			var in, out atomic.Int64
			dialer := *s.Dialer
			dialer.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
				return &weighed{conn, &in, &out}, err
			}
			s.Dialer = &dialer
			b.attach(s)
			conn := b.steady(s)
			check(t, s.UpdateGameStatus(0, "a game"))
			check(t, s.RequestGuildMembers(b.srv.Guilds()[0], "", 10, "", false))
			check(t, s.ChannelVoiceJoinManual(b.srv.Guilds()[0], "", false, false))
			check(t, conn.WaitHeartbeats(b.context(), 3))
			check(t, s.Close())
			check(t, conn.WaitClosed(b.context()))

			r := b.collect()
			for op, n := range map[string]int{
				"heartbeat": 1, "identify": 2, "presence_update": 3, "voice_state_update": 4, "resume": 6, "request_guild_members": 8,
			} {
				series := "discord.shard.sent{op=" + op + ",shard=0}"
				if got, want := r[series], float64(conn.Received()[n]); got != want || op != "resume" && got == 0 {
					t.Errorf("%s is %v, Discord received %v", series, got, want)
				}
			}
			r.want(t, reading{
				"discord.gateway.io{direction=receive}":  float64(in.Load()),
				"discord.gateway.io{direction=transmit}": float64(out.Load()),
			})
		})
	}
}

// TestLatencyOfLateAcknowledgements: discordgo sends on while heartbeats are
// pending, and each acknowledgement is for the oldest.
func TestLatencyOfLateAcknowledgements(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithHeartbeatInterval(time.Second)))
	s := b.session(0, 1)
	b.attach(s)
	b.srv.Behave(discordtest.Behavior{AckDelay: 1500 * time.Millisecond})
	conn := b.open(s)
	for n := 3; n < 9; n++ {
		check(t, conn.WaitHeartbeats(b.context(), n))
		if r := b.await("a round trip", func(r reading) bool { return r[latency] > 0 }); r[latency] < 1.5 {
			t.Fatalf("a latency of %v s, want 1.5 at least", r[latency])
		}
	}
}

// TestLatencyAfterLostAcknowledgement: those that come at once are not taken for
// the answers of heartbeats that never had one. At once is a sixteenth of the
// interval: a machine that is busy needs a longer one.
func TestLatencyAfterLostAcknowledgement(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const lost = 2
	recovers := func(interval time.Duration) bool {
		b := newBench(t, servers(discordtest.WithHeartbeatInterval(interval)))
		s := b.session(0, 1)
		b.attach(s)
		b.srv.Behave(discordtest.Behavior{SwallowAckCount: lost})
		b.open(s)
		b.await("a round trip that is too long", func(r reading) bool { return r[latency] > 1 })
		is := func(r reading) bool { return r[latency] > 0 && r[latency] < 1 }
		return is(b.await("one that is not, or heartbeats enough for one", func(r reading) bool {
			return is(r) || r["discord.shard.sent{op=heartbeat,shard=0}"] > lost+5
		}))
	}
	for interval := 3 * time.Second; !recovers(interval); interval *= 2 {
		if interval > 10*time.Second {
			t.Fatalf("lost acknowledgements are waited for, with %v between heartbeats", interval)
		}
	}
}
