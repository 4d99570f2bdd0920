package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

func TestNewRefusesBadOptions(t *testing.T) {
	for _, namespace := range []string{"my bot", "Bot", "9lives", "argus", "a.b", "bot-1", "größe"} {
		inst, err := instrument.New(instrument.WithNamespace(namespace), instrument.WithCommands(""))
		if inst != nil || !errors.Is(err, instrument.ErrNamespace) || !errors.Is(err, instrument.ErrCommandName) {
			t.Errorf("namespace %q with an empty command: %v, %v; want both errors", namespace, inst, err)
		}
		if err != nil && !strings.Contains(err.Error(), namespace) {
			t.Errorf("the error does not name the value: %v", err)
		}
	}
	inst, err := instrument.New(nil, instrument.WithMeterProvider(nil), instrument.WithNamespace(""))
	if err != nil {
		t.Fatalf("options that say nothing: %v", err)
	}
	if err := inst.Close(); err != nil {
		t.Error(err)
	}
}

func TestNamespace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil, instrument.WithNamespace("mybot"))
	s := b.session(0, 1)
	b.attach(s)
	b.open(s)
	r := b.awaitValue("mybot.shard.up{shard=0}", 1)
	for series := range r {
		if !strings.HasPrefix(series, "mybot.") && !strings.HasPrefix(series, "argus.") {
			t.Errorf("%s is outside the namespace", series)
		}
	}
}

func TestAttachRefusesNil(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	dialer, client := s.Dialer, s.Client
	detach, err := b.inst.Attach(s, nil)
	if !errors.Is(err, instrument.ErrNilSession) || !strings.Contains(err.Error(), "session 2 of 2") {
		t.Errorf("Attach(s, nil): %v", err)
	}
	detach()
	if s.Dialer != dialer || s.Client != client {
		t.Error("a session was changed by a call that failed")
	}
	if got := b.collect()["discord.shards.configured"]; got != 0 {
		t.Errorf("%v shards attached by a call that failed", got)
	}
}

// TestAttachIsIdempotent: a session counts once however often it is attached.
func TestAttachIsIdempotent(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(2)))
	s := b.session(0, 1)
	b.attach(s, s)
	again := b.attach(s)
	conn := b.open(s)
	b.attach(s)
	if err := conn.WaitGuilds(b.context()); err != nil {
		t.Fatal(err)
	}
	b.awaitValue("discord.gateway.events{event=GUILD_CREATE}", 2)
	again() // this call attached nothing, so it detaches nothing
	b.dispatch(conn, "TYPING_START", scriptedData("1", "2"))
	r := b.awaitValue("discord.gateway.events{event=TYPING_START}", 1)
	if r["discord.guilds"] != 2 || r["discord.shards.configured"] != 1 {
		t.Errorf("guilds %v, shards %v; want 2 and 1", r["discord.guilds"], r["discord.shards.configured"])
	}
}

// TestDetachBeforeOpen puts everything back.
func TestDetachBeforeOpen(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	dialer, client := s.Dialer, s.Client
	detach := b.attach(s)
	if s.Dialer == dialer || s.Client == client {
		t.Fatal("nothing was wrapped: the test would show nothing")
	}
	detach()
	detach()
	if s.Dialer != dialer || s.Client != client {
		t.Error("Dialer and Client are not as they were")
	}
	users := *dialer
	s2 := b.session(0, 1)
	detach = b.attach(s2)
	s2.Dialer = &users // what the user sets later stays
	detach()
	if s2.Dialer != &users {
		t.Error("a Dialer that the user set after Attach was taken away")
	}
}

// TestDetachOfSeveralBeforeOpen: whichever of several instrumentations goes first,
// the last one leaves the session as it was.
func TestDetachOfSeveralBeforeOpen(t *testing.T) {
	orders := [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	for _, order := range orders {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			benches := []*bench{newBench(t, nil), newBench(t, nil), newBench(t, nil)}
			s := benches[0].session(0, 1)
			dialer, client := s.Dialer, s.Client
			var detach []func()
			for _, b := range benches {
				detach = append(detach, b.attach(s))
			}
			for n, which := range order {
				detach[which]()
				if restored := s.Dialer == dialer && s.Client == client; restored != (n == len(order)-1) {
					t.Errorf("after %d of 3: Dialer and Client are as they were: %t", n+1, restored)
				}
			}
			// Attached again, by the one that went first, and gone again.
			benches[order[0]].attach(s)()
			if s.Dialer != dialer || s.Client != client {
				t.Error("attached again, Dialer and Client are not put back")
			}
		})
	}
}

// TestDetachBetweenCalls: a session that makes REST calls alone is never opened,
// and its Client is read all the time. The race detector watches.
func TestDetachBetweenCalls(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	users := &spy{next: s.Client.Transport}
	s.Client.Transport = users
	detach := b.attach(s)
	dialer, client := s.Dialer, s.Client
	stop := make(chan struct{})
	var calling sync.WaitGroup
	calling.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := s.Gateway(); err != nil {
					t.Error(err)
				}
			}
		}
	})
	called := func(what string) {
		t.Helper()
		n := users.seen.Load()
		b.until("a call "+what, func() bool { return users.seen.Load() > n+1 }, func() string { return "none" })
	}
	called("while it is attached")
	detach()
	called("after it was detached")
	again := b.attach(s)
	called("while it is attached again")
	again()
	called("after it was detached again")
	close(stop)
	calling.Wait()
	if s.Dialer != dialer || s.Client != client {
		t.Error("the fields of a session in use were written")
	}
	served := func() float64 { return b.collect().sum("discord.rest.request.duration_count") }
	before := served()
	if _, err := s.Gateway(); err != nil {
		t.Fatal(err)
	}
	if got := served(); got != before {
		t.Errorf("%v requests counted while it is not attached, want none", got-before)
	}
	b.attach(s)
	if _, err := s.Gateway(); err != nil {
		t.Fatal(err)
	}
	if got := served(); got != before+1 {
		t.Errorf("%v requests counted after it was attached again, want 1", got-before)
	}
}

// TestDetachWhileOpen: the session goes on as if nothing had been there, and
// attaching it again takes up where the gateway is.
func TestDetachWhileOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(3)))
	s := b.session(0, 1)
	detach := b.attach(s)
	conn := b.open(s)
	if err := conn.WaitGuilds(b.context()); err != nil {
		t.Fatal(err)
	}
	b.awaitValue("discord.guilds", 3)
	b.await("a round trip", func(r reading) bool { return r[latency] > 0 }) // nobody would see it later
	detach()
	r := b.collect()
	for _, gone := range []string{"discord.shard.up{shard=0}", "discord.guilds", "discord.bot.shards", "discord.roles"} {
		if v, there := r[gone]; there {
			t.Errorf("%s is still there after detach: %v", gone, v)
		}
	}
	if r["discord.gateway.events{event=GUILD_CREATE}"] != 3 {
		t.Error("a counter went back with its session")
	}
	b.dispatch(conn, "TYPING_START", scriptedData("1", "2"))
	b.waitDelivered(s, conn)
	if got := b.collect()["discord.gateway.events{event=TYPING_START}"]; got != 0 {
		t.Errorf("%v dispatches counted after detach", got)
	}

	b.attach(s)
	b.dispatch(conn, "TYPING_START", scriptedData("1", "2"))
	r = b.awaitValue("discord.gateway.events{event=TYPING_START}", 1)
	if r["discord.shard.up{shard=0}"] != 1 || r["discord.guilds"] != 3 {
		t.Errorf("attached again: up %v and guilds %v, want 1 and 3", r["discord.shard.up{shard=0}"], r["discord.guilds"])
	}
	if v, there := r["discord.members"]; there {
		t.Errorf("members is %v, though no count is known", v)
	}
	if _, there := r["discord.shard.latency{shard=0}"]; !there {
		t.Error("the tap was not taken up again")
	}
}

// TestSeveralInstrumentations: each sees everything, and one that goes leaves
// the other in place, in whatever order.
func TestSeveralInstrumentations(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	reader := sdkmetric.NewManualReader()
	second, err := instrument.New(instrument.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	if err != nil {
		t.Fatal(err)
	}
	other := &bench{T: t, srv: b.srv, reader: reader, inst: second}
	s := b.session(0, 1)
	b.attach(s)
	other.attach(s)
	conn := b.open(s)
	for _, who := range []*bench{b, other} {
		r := who.awaitValue("discord.gateway.events{event=READY}", 1)
		if r["discord.shard.up{shard=0}"] != 1 {
			t.Error("one of them does not see the shard up")
		}
		who.await("a round trip", func(r reading) bool { return r["discord.shard.latency{shard=0}"] > 0 })
	}
	if err := b.inst.Close(); err != nil {
		t.Fatal(err)
	}
	b.dispatch(conn, "TYPING_START", scriptedData("1", "2"))
	other.awaitValue("discord.gateway.events{event=TYPING_START}", 1)
	if got := b.collect().observed(); len(got) != 0 {
		t.Errorf("the closed one still reports %v", got)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestClose(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := b.inst.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
	if _, err := b.inst.Attach(s); !errors.Is(err, instrument.ErrClosed) {
		t.Errorf("Attach after Close: %v", err)
	}
	b.open(s) // the session works on
	h := b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })
	h(s, interaction(discordgo.InteractionApplicationCommand, "x")) // and so do handlers
	if err := b.inst.Command(context.Background(), "x", func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	if r := b.collect(); len(r) != 0 {
		t.Errorf("%v is reported after Close, want nothing", r)
	}
}

// TestShardsUp is what /readyz asks.
func TestShardsUp(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithShards(3)))
	sessions := []*discordgo.Session{b.session(0, 3), b.session(1, 3), b.session(2, 3)}
	if up, all := b.inst.ShardsUp(); up != 0 || all != 0 {
		t.Errorf("%d of %d up without a session", up, all)
	}
	b.attach(sessions[:2]...)
	b.open(sessions[2])
	b.attach(sessions[2]) // after Open
	b.until("the third shard to be up", func() bool { up, _ := b.inst.ShardsUp(); return up == 1 }, func() string { return "" })
	b.open(sessions[0])
	if up, all := b.inst.ShardsUp(); up != 2 || all != 3 {
		t.Errorf("%d of %d up, want 2 of 3", up, all)
	}
	r := b.collect()
	if r["discord.shards.connected"] != 2 || r["discord.shards.configured"] != 2 || r["discord.bot.shards"] != 3 {
		t.Errorf("connected, configured, total: %v", r.with("discord.shards.connected"))
	}
	if err := sessions[0].Close(); err != nil {
		t.Fatal(err)
	}
	if up, all := b.inst.ShardsUp(); up != 1 || all != 3 {
		t.Errorf("%d of %d up after Close, want 1 of 3", up, all)
	}
}

// TestUnknownIsAbsent: a session that was never open tells of nothing that it
// does not know.
func TestUnknownIsAbsent(t *testing.T) {
	b := newBench(t, nil)
	b.attach(b.session(4, 16))
	r := b.collect()
	for _, series := range []string{
		"discord.shard.latency{shard=4}", "discord.shard.up{shard=4}", "discord.shard.reconnects{kind=resume,shard=4}", "discord.guilds", "discord.guilds.unavailable", "discord.members",
	} {
		if v, there := r[series]; there {
			t.Errorf("%s is %v before anything is known", series, v)
		}
	}
	for series, want := range map[string]float64{
		"discord.shards.connected": 0, "discord.shards.configured": 0, "discord.bot.shards": 16, "argus.up": 1,
		"discord.sessions{attached=before_open}": 1, "discord.sessions{attached=after_open}": 0,
	} {
		if v, there := r[series]; !there || v != want {
			t.Errorf("%s is %v (there: %v), want %v", series, v, there, want)
		}
	}
}

// TestDialerReplaced: what the tap then misses is said, and the shard is not
// called down.
func TestDialerReplaced(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	users := s.Dialer
	b.attach(s)
	s.Dialer = users
	b.open(s)
	b.awaitValue("argus.instrumentation.errors{hook=tap}", 1)
	if r := b.collect(); r["discord.shard.up{shard=0}"] != 1 || r["argus.instrumentation.errors{hook=tap}"] != 1 {
		t.Errorf("up %v with %v faults, want 1 and 1", r["discord.shard.up{shard=0}"], r["argus.instrumentation.errors{hook=tap}"])
	}
}

func TestWithoutGuildsIntent(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(3)))
	s := b.session(0, 1)
	s.Identify.Intents = discordgo.IntentsGuildMessages
	b.attach(s)
	b.open(s)
	r := b.awaitValue("discord.shard.up{shard=0}", 1)
	for _, series := range []string{"discord.guilds", "discord.guilds.unavailable", "discord.members"} {
		if v, there := r[series]; there {
			t.Errorf("%s is %v, though the gateway never tells", series, v)
		}
	}
}

func TestStateTrackingOff(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(3), discordtest.WithMembers(4)))
	s := b.session(0, 1)
	s.StateEnabled = false
	b.attach(s)
	b.open(s)
	r := b.await("the guilds", func(r reading) bool { return r["discord.guilds"] == 3 })
	if r["discord.members"] != 12 {
		t.Errorf("members is %v, want 12: it does not rest on the state", r["discord.members"])
	}
	if v, there := r["discord.channels"]; there {
		t.Errorf("channels is %v, though there is no state", v)
	}
}

// TestStateCounts compares with what the fake Discord has.
func TestStateCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(600), discordtest.WithMembers(3)))
	s := b.session(0, 1)
	b.attach(s)
	conn := b.open(s)
	if err := conn.WaitGuilds(b.context()); err != nil {
		t.Fatal(err)
	}
	b.waitDelivered(s, conn)
	r, want := b.collect(), b.srv.Census(0, 1)
	for series, n := range map[string]int{
		"discord.guilds": want.Guilds, "discord.members": want.Members, "discord.channels": want.Channels, "discord.threads": want.Threads,
		"discord.roles": want.Roles, "discord.emojis": want.Emojis, "discord.stickers": want.Stickers, "discord.voice_states": want.VoiceStates,
		"discord.presences": want.Presences, "discord.cached_members": want.Members,
	} {
		if n == 0 {
			t.Errorf("the census has no %s: the test would show nothing", series)
		}
		if r[series] != float64(n) {
			t.Errorf("%s is %v, want %d", series, r[series], n)
		}
	}
}

// TestIdentifyShard: a shard that is set in Identify alone is known too.
func TestIdentifyShard(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithShards(8)))
	s := b.session(0, 1)
	s.Identify.Shard = &[2]int{5, 8}
	b.attach(s)
	if total := b.collect()["discord.bot.shards"]; total != 8 {
		t.Errorf("total %v, want 8", total)
	}
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b.awaitValue("discord.shard.up{shard=5}", 1)
	// Set after Attach, it is known when the session dials.
	late := b.session(0, 1)
	b.attach(late)
	late.ShardID, late.ShardCount = 3, 8
	b.open(late)
	if got := b.awaitValue("discord.shard.up{shard=3}", 1).with("discord.shard.up"); len(got) != 2 {
		t.Errorf("%v, want shards 3 and 5 alone", got)
	}
}

// TestManyShardsAreBounded: no more shard labels than the cap.
func TestManyShardsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s, err := discordgo.New("Bot x")
	if err != nil {
		t.Fatal(err)
	}
	for id := range 4096 + 10 {
		s.ShardID, s.ShardCount, s.DataReady = id, 10_000, true // as one that is open
		b.attach(s)()
	}
	s.ShardID = 9_999
	b.attach(s)
	r := b.collect()
	runtime.KeepAlive(s)
	if _, there := r["discord.shard.up{shard=other}"]; !there {
		t.Error("past the cap a shard is not called other")
	}
	// A shard's seven alerting codes and two kinds of reconnects.
	if got := len(r.with("discord.shard.reconnects")); got != (4096+1)*2 {
		t.Errorf("%d series of reconnects, want %d", got, (4096+1)*2)
	}
}

// TestNoSecretsAreReported scans all that the tests of this package made us say.
func TestNoSecretsAreReported(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	conn := b.open(s)
	_, token, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, time.Now(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.WriteBytes(append([]byte{0xF3, 0x10}, token...)); err != nil { // reserved bits: the tap must give up, and say so
		t.Fatal(err)
	}
	b.await("the fault to be counted", func(r reading) bool { return r["argus.instrumentation.errors{hook=tap}"] >= 1 })
	b.until("the fault to be reported", func() bool {
		reported.Lock()
		defer reported.Unlock()
		return len(reported.errs) > 0
	}, func() string { return "nothing: the test would show nothing" })
	r := b.collect()
	reported.Lock()
	defer reported.Unlock()
	for _, secret := range []string{token, b.srv.Token(), s.Token, "interaction:"} {
		for _, err := range reported.errs {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("a secret is in the error %q", err)
			}
		}
		for series := range r {
			if strings.Contains(series, secret) {
				t.Errorf("a secret is in the series %q", series)
			}
		}
	}
}

// TestDependencies holds the packages that importing ./instrument pulls in
// against a list: no SDK, no exporter, no Prometheus and no gRPC among them.
func TestDependencies(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	golden, err := os.ReadFile("testdata/deps.golden")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(golden)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			want = append(want, line)
		}
	}
	got := slices.DeleteFunc(strings.Fields(string(out)), func(d string) bool { return strings.HasPrefix(d, "golang.org/x/crypto/") })
	for _, d := range got {
		if !slices.Contains(want, d) {
			t.Errorf("./instrument now imports %s", d)
		}
	}
	for _, d := range want {
		if !slices.Contains(got, d) {
			t.Errorf("./instrument no longer imports %s: take it off the list", d)
		}
	}
}
