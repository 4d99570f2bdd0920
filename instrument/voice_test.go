package instrument_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// These tests use of discordgo's voice what it does without a data race, and leave
// the rest to those named VoiceAgain: see discordtest's.

// again skips a test in which a VoiceConnection connects a second time.
func again(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("discordgo's own data races: see discordtest/voice_test.go")
	}
}

const voiceClients = "discord.voice_clients"

// audioRaces is whether discordgo is newer than v0.29.0: the cipher of its
// opusSender is set by another goroutine, without a lock in common.
var _, audioRaces = reflect.TypeFor[discordgo.VoiceConnection]().FieldByName("aead")

// join joins the voice channel of a guild.
func (b *bench) join(s *discordgo.Session, guild string) (*discordgo.VoiceConnection, *discordtest.VoiceConn) {
	b.Helper()
	vc, err := s.ChannelVoiceJoin(guild, b.srv.VoiceChannel(guild), false, true)
	if err != nil {
		b.Fatalf("ChannelVoiceJoin: %v", err)
	}
	c, err := b.srv.WaitVoice(b.context(), guild)
	if err != nil {
		b.Fatal(err)
	}
	return vc, c
}

// voiceHeld is how many voice connections discordgo keeps.
func voiceHeld(s *discordgo.Session) int {
	s.RLock()
	defer s.RUnlock()
	return len(s.VoiceConnections)
}

// voiceSettled waits until discordgo's reconnect has noticed that it is over: it
// looks once a second.
func (b *bench) voiceSettled(vc *discordgo.VoiceConnection) {
	b.Helper()
	reconnecting := reflect.ValueOf(vc).Elem().FieldByName("reconnecting")
	b.until("discordgo's reconnect to be over", func() bool {
		vc.RLock()
		defer vc.RUnlock()
		return !reconnecting.Bool()
	}, func() string { return "not" })
}

// TestVoiceClients: the gauge follows joins and leaves, and does not count what
// discordgo keeps without being connected.
func TestVoiceClients(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, late := range map[string]bool{"attached before Open": false, "attached after Open": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, servers(discordtest.WithGuilds(3)))
			s := b.session(0, 1)
			if late {
				b.steady(s)
				b.attach(s)
			} else {
				b.attach(s)
				b.steady(s)
			}
			guilds := b.srv.Guilds()
			b.awaitValue(voiceClients, 0)

			// discordgo waits for the discovery with the lock held.
			b.srv.BehaveVoice(discordtest.VoiceBehavior{NoDiscovery: true})
			joined := make(chan error, 1)
			go func() {
				_, err := s.ChannelVoiceJoin(guilds[0], b.srv.VoiceChannel(guilds[0]), false, true)
				joined <- err
			}()
			first := b.discovering(s, guilds[0])
			b.collectWhile(voiceLocked(first)).want(t, reading{voiceClients: 0})
			b.srv.BehaveVoice(discordtest.VoiceBehavior{})
			check(t, <-joined)
			b.awaitValue(voiceClients, 1)

			second, _ := b.join(s, guilds[1])
			_, third := b.join(s, guilds[2])
			b.awaitValue(voiceClients, 3)
			check(t, second.Disconnect())
			b.awaitValue(voiceClients, 2)

			// Somebody takes the bot out: discordgo waits for 5 s, and forgets it.
			check(t, b.srv.VoiceState(guilds[2], b.srv.BotID(), ""))
			check(t, third.WaitClosed(b.context()))
			b.awaitValue(voiceClients, 1)
			b.until("discordgo to forget it", func() bool { return voiceHeld(s) == 1 }, func() string { return fmt.Sprint(voiceHeld(s)) })
			check(t, first.Disconnect())
			b.awaitValue(voiceClients, 0).want(t, reading{"argus.instrumentation.errors{hook=state}": 0})
		})
	}
}

// discovering waits until discordgo connects in a guild and waits for the IP
// discovery.
func (b *bench) discovering(s *discordgo.Session, guild string) (vc *discordgo.VoiceConnection) {
	b.Helper()
	b.until("the discovery", func() bool {
		s.RLock()
		vc = s.VoiceConnections[guild]
		s.RUnlock()
		conns := b.srv.VoiceConns()
		return vc != nil && len(conns) == 1 && conns[0].Received()[3] > 0 && voiceLocked(vc)()
	}, func() string { return fmt.Sprint(len(b.srv.VoiceConns()), " connections") })
	return vc
}

func voiceLocked(vc *discordgo.VoiceConnection) func() bool {
	return func() bool {
		free := vc.TryRLock()
		if free {
			vc.RUnlock()
		}
		return !free
	}
}

// TestVoiceAgainClients: a connection that was lost does not count until it is
// back, though discordgo keeps it.
func TestVoiceAgainClients(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	again(t)
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	b.steady(s)
	guild := b.srv.Guilds()[0]
	vc, c := b.join(s, guild)
	b.awaitValue(voiceClients, 1)
	b.srv.BehaveVoice(discordtest.VoiceBehavior{NoDiscovery: true})
	check(t, c.CloseCode(4015, "Voice server crashed."))
	b.awaitValue(voiceClients, 0)
	b.discovering(s, guild)
	b.collectWhile(voiceLocked(vc)).want(t, reading{voiceClients: 0})
	if n := voiceHeld(s); n != 1 {
		t.Errorf("discordgo keeps %d connections, want 1: the test does not test what it says", n)
	}
	b.srv.BehaveVoice(discordtest.VoiceBehavior{})
	b.awaitValue(voiceClients, 1)
	b.voiceSettled(vc)
	check(t, vc.Disconnect())
	b.awaitValue(voiceClients, 0)
}

// TestVoiceThatFailed: discordgo keeps a connection that never came about.
func TestVoiceThatFailed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	b.steady(s)
	b.srv.BehaveVoice(discordtest.VoiceBehavior{Full: true})
	guild := b.srv.Guilds()[0]
	if _, err := s.ChannelVoiceJoin(guild, b.srv.VoiceChannel(guild), false, true); err == nil {
		t.Fatal("it has joined")
	}
	if n := voiceHeld(s); n != 1 {
		t.Errorf("discordgo keeps %d connections, want 1", n)
	}
	b.collect().want(t, reading{voiceClients: 0})
}

// A voiceResult is all that a bot and Discord get of a voice connection.
type voiceResult struct {
	Mode                  string
	Voice, Gateway        map[int]int // payloads that discordgo sent, by op code
	Packets, Code         int
	ByClient, Ready, Gone bool
	Errors                []string
	SpeakingWithout       string // the error of Speaking when there is no connection
}

// TestVoiceIsUnchanged: with Argus attached voice works as without, and none of
// it is taken for the gateway's.
func TestVoiceIsUnchanged(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		const spoken = 200
		try := func(instrumented bool) (r voiceResult) {
			b := w.bench(t)
			s := w.session(b, 0, 1)
			if instrumented {
				b.attach(s)
			}
			conn := b.steady(s)
			check(t, conn.WaitGuilds(b.context()))
			guild := b.srv.Guilds()[0]
			var before reading
			if instrumented {
				before = b.awaitGuild()
			}
			vc, c := b.join(s, guild)
			for range spoken {
				r.Errors = append(r.Errors, fmt.Sprint(vc.Speaking(true)))
			}
			r.Errors = slices.Compact(r.Errors)
			check(t, c.WaitReceived(b.context(), 5, spoken))
			if !audioRaces {
				for range 5 {
					vc.OpusSend <- []byte{0xf8, 0xff, 0xfe} // silence
				}
				check(t, c.WaitPackets(b.context(), 5))
			}
			vc.RLock()
			r.Ready = vc.Ready
			vc.RUnlock()

			r.Errors = append(r.Errors, fmt.Sprint(vc.Disconnect()))
			check(t, c.WaitClosed(b.context()))
			r.Mode, r.Packets, r.Voice, r.Gone = c.Mode(), c.Packets(), c.Received(), voiceHeld(s) == 0
			r.Code, r.ByClient = c.CloseStatus()
			r.SpeakingWithout = fmt.Sprint(vc.Speaking(false))
			check(t, conn.WaitReceived(b.context(), 4, 2))
			r.Gateway = conn.Received()
			delete(r.Voice, 3) // heartbeats
			delete(r.Gateway, 1)
			if instrumented {
				b.await("the events", func(r reading) bool {
					return r[event("VOICE_STATE_UPDATE")] == 2 && r[event("VOICE_SERVER_UPDATE")] == 1 && r["discord.shard.sent{op=voice_state_update,shard=0}"] == 2
				})
				checkGatewayOnly(t, before, b.awaitValue(voiceClients, 0), spoken)
			}
			return r
		}
		bare, instrumented := try(false), try(true)
		if !reflect.DeepEqual(bare, instrumented) {
			t.Errorf("bare:         %+v\ninstrumented: %+v", bare, instrumented)
		}
		if want := map[int]int{0: 1, 1: 1, 5: spoken}; !maps.Equal(bare.Voice, want) || !bare.Ready || !bare.Gone || bare.Code != 1000 || bare.Gateway[4] != 2 {
			t.Errorf("discordgo sent %v beside heartbeats, want %v: %+v", bare.Voice, want, bare)
		}
	})
}

// TestVoiceAgainIsNotTheGateway: nor is the end of a voice connection, and
// discordgo's coming back.
func TestVoiceAgainIsNotTheGateway(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	again(t)
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t)
		s := w.session(b, 0, 1)
		b.attach(s)
		check(t, b.steady(s).WaitGuilds(b.context()))
		before := b.awaitGuild()
		guild := b.srv.Guilds()[0]
		vc, c := b.join(s, guild)
		for _, end := range []func() error{
			func() error { return c.CloseCode(4015, "Voice server crashed.") },
			func() error { return c.Drop() },
		} {
			check(t, errors.Join(end(), c.WaitClosed(b.context())))
			var err error
			c, err = b.srv.WaitVoice(b.context(), guild)
			check(t, err)
			b.awaitValue(voiceClients, 1)
			b.voiceSettled(vc)
		}
		check(t, vc.Disconnect())
		checkGatewayOnly(t, before, b.awaitValue(voiceClients, 0), 0)
	})
}

// awaitGuild waits for all that the gateway says by itself.
func (b *bench) awaitGuild() reading {
	b.Helper()
	return b.await("a round trip, and the guild", func(r reading) bool {
		return r[latency] > 0 && r["discord.guilds"] == 1 && r[event("GUILD_CREATE")] == 1 && r["discord.presences"] > 0
	})
}

// checkGatewayOnly says that of all series only those have changed that a join
// and a leave change at the gateway, and what passes by itself.
func checkGatewayOnly(t *testing.T, before, after reading, spoken int) {
	t.Helper()
	changes := func(series string) bool {
		for _, prefix := range []string{
			"discord.gateway.events{event=VOICE_", "discord.shard.events{", "discord.shard.sent{op=voice_state_update,", "discord.gateway.io{",
			"discord.shard.event.timestamp{", "discord.uptime", "discord.voice.disconnects{",
			// A heartbeat may have fallen due meanwhile.
			"discord.shard.sent{op=heartbeat,", latency, heartbeatAck,
		} {
			if strings.HasPrefix(series, prefix) {
				return true
			}
		}
		return false
	}
	for series, v := range after {
		if old, there := before[series]; (!there || old != v) && !changes(series) {
			t.Errorf("%s was %v (there: %t), and is %v", series, old, there, v)
		}
	}
	for series := range before {
		if _, there := after[series]; !there {
			t.Errorf("%s has gone", series)
		}
	}
	// Each Speaking is 40 bytes and more on its connection, an op 4 some 130.
	const io = "discord.gateway.io{direction=transmit}"
	if sent := after[io] - before[io]; sent <= 0 || spoken > 0 && sent > float64(40*spoken)/2 {
		t.Errorf("%v bytes were sent to the gateway, of which few should be voice's", sent)
	}
}

func voiceDisconnect(code, initiator string) string {
	return fmt.Sprintf("discord.voice.disconnects{code=%s,initiator=%s}", code, initiator)
}

// TestVoiceDisconnects: a bot that leaves ends its connection, once.
func TestVoiceDisconnects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	b.steady(s)
	start := reading{voiceDisconnect("4017", "discord"): 0, voiceDisconnect("none", "network"): 0}
	r := b.collect()
	r.want(t, start)
	r.want(t, reading{voiceDisconnect("1000", "client"): 0, voiceDisconnect("4015", "discord"): absent})
	guild := b.srv.Guilds()[0]
	for n := range 2 {
		vc, c := b.join(s, guild)
		check(t, vc.Disconnect())
		check(t, c.WaitClosed(b.context()))
		r := b.awaitValue(voiceDisconnect("1000", "client"), float64(n+1))
		r.want(t, start)
		if got := r.sum("discord.voice.disconnects"); got != float64(n+1) {
			t.Errorf("%v disconnects, want %d", got, n+1)
		}
	}
}

// TestVoiceAgainDisconnects: as Discord ends them, and as discordgo tries again.
func TestVoiceAgainDisconnects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	again(t)
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t)
		s := w.session(b, 0, 1)
		b.attach(s)
		check(t, b.steady(s).WaitGuilds(b.context()))
		before := b.awaitGuild()
		guild := b.srv.Guilds()[0]
		vc, c := b.join(s, guild)
		for _, end := range []struct {
			by        func() error
			code, who string
		}{
			{func() error { return c.CloseCode(4015, "") }, "4015", "discord"},
			{func() error { return c.CloseCode(4006, "") }, "4006", "discord"},
			{func() error { return c.CloseCode(4900, "") }, "other", "discord"},
			{func() error { return c.Drop() }, "none", "network"},
			{func() error {
				b.srv.BehaveVoice(discordtest.VoiceBehavior{CloseOnIdentify: 4017})
				return c.CloseCode(4015, "")
			}, "4017", "discord"},
		} {
			check(t, errors.Join(end.by(), c.WaitClosed(b.context())))
			b.await("the end", func(r reading) bool { return r[voiceDisconnect(end.code, end.who)] > 0 })
			b.srv.BehaveVoice(discordtest.VoiceBehavior{})
			var err error
			c, err = b.srv.WaitVoice(b.context(), guild)
			check(t, err)
			b.awaitValue(voiceClients, 1)
			b.voiceSettled(vc)
		}
		check(t, vc.Disconnect())
		b.awaitValue(voiceDisconnect("1000", "client"), 1)
		checkGatewayOnly(t, before, b.awaitValue(voiceClients, 0), 0)
	})
}
