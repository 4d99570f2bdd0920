package instrument_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

const configured = "discord.shards.configured"

// token is a bot's token of the form that Discord gives out.
func token(user, rest string) string {
	return base64.RawStdEncoding.EncodeToString([]byte(user)) + "." + rest
}

// TestOtherBot: one instrumentation is one bot, however its token is written and
// whenever it was replaced.
func TestOtherBot(t *testing.T) {
	const user = "1234567890123456789"
	first := token(user, "GsHkQ1.first-secret")
	for name, tt := range map[string]struct {
		token, identify string
		same            bool
	}{
		"the same token":            {token: "Bot " + first, same: true},
		"without its prefix":        {token: first, same: true},
		"with blanks":               {token: "Bot  " + first + "\n", same: true},
		"replaced by a new one":     {token: "Bot " + token(user, "Gabcde.new-secret"), same: true},
		"for IDENTIFY alone":        {identify: "Bot " + first, same: true},
		"none yet":                  {same: true},
		"another bot's":             {token: "Bot " + token("1234567890123456788", "GsHkQ1.first-secret")},
		"another's IDENTIFY":        {identify: "Bot " + token("99", "x.y")},
		"no bot's token":            {token: "Bearer opaque-secret"},
		"no token of Discord's":     {token: "Bot opaque-secret"},
		"not base64 before the dot": {token: "Bot opa?que.secret"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			one, err := discordgo.New("Bot " + first)
			check(t, err)
			b.attach(one)
			other, err := discordgo.New(tt.token)
			check(t, err)
			if tt.identify != "" {
				other.Identify.Token = tt.identify
			}
			dialer := other.Dialer
			_, err = b.inst.Attach(one, other)
			if tt.same {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, instrument.ErrOtherBot) || !strings.Contains(err.Error(), "session 2 of 2") {
				t.Fatalf("%v, want ErrOtherBot of the second session", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows a token: %v", err)
			}
			if other.Dialer != dialer {
				t.Error("a session was changed by a call that failed")
			}
		})
	}
	t.Run("in one call", func(t *testing.T) {
		b := newBench(t, nil)
		one, err := discordgo.New("Bot a")
		check(t, err)
		other, err := discordgo.New("Bot b")
		check(t, err)
		if _, err := b.inst.Attach(one, other); !errors.Is(err, instrument.ErrOtherBot) {
			t.Errorf("%v, want ErrOtherBot", err)
		}
		b.attach(other) // the call that failed has not decided whose it is
	})
}

// TestOtherBotFoundOut: a token that is set after the session was attached, before
// it is opened. The session is left out, and works.
func TestOtherBotFoundOut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, call := range map[string]bool{"when it dials": false, "by a REST call": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, servers(discordtest.WithGuilds(5)))
			second, err := discordtest.NewServer(discordtest.WithGuilds(3), discordtest.WithToken("another-bots-token"))
			check(t, err)
			t.Cleanup(func() { _ = second.Close() })
			ours := b.session(0, 1)
			other, err := second.NewSession(0, 1)
			check(t, err)
			secret := other.Token
			other.Token, other.Identify.Token = "", ""
			b.attach(ours, other)
			conn := b.open(ours)
			check(t, conn.WaitGuilds(b.context()))
			b.awaitValue("discord.guilds", 5)
			before := b.collect().sum("discord.rest.request.duration_count")

			other.Token = secret
			if call {
				if _, err := other.User("@me"); err != nil {
					t.Fatal(err)
				}
			} else {
				other.Client = &http.Client{Transport: second.Transport(nil)} // its calls are not seen
			}
			check(t, other.Open())
			defer other.Close()
			theirs, err := second.WaitConn(b.context(), 0)
			check(t, err)
			check(t, theirs.WaitGuilds(b.context()))
			b.waitDelivered(other, theirs)
			r := b.collect()
			r.want(t, reading{
				"discord.guilds": 5, configured: 1, up(0): 1, event("READY"): 1, event("GUILD_CREATE"): 5,
				"discord.sessions{attached=before_open}": 1, "argus.instrumentation.errors{hook=tap}": 1,
			})
			if after := r.sum("discord.rest.request.duration_count"); after != before {
				t.Errorf("%v REST calls of the other bot's are counted", after-before)
			}
			if _, err := b.inst.Attach(other); !errors.Is(err, instrument.ErrOtherBot) {
				t.Errorf("attaching it again: %v", err)
			}
			reported.Lock()
			defer reported.Unlock()
			for _, err := range reported.errs {
				if strings.Contains(err.Error(), "another-bots-token") {
					t.Errorf("a token is reported: %v", err)
				}
			}
		})
	}
}

// TestShardCounts: sessions of two counts are a mistake before any is opened, and
// a bot that is scaled from then on.
func TestShardCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithShards(2)))
	if _, err := b.inst.Attach(b.session(0, 2), b.session(1, 3)); !errors.Is(err, instrument.ErrShardCount) || !strings.Contains(err.Error(), "session 2 of 2: ShardCount 3 with others of 2") {
		t.Errorf("%v, want ErrShardCount of the second", err)
	}
	identified := b.session(0, 1)
	identified.Identify.Shard = &[2]int{1, 2}
	first := b.session(0, 2)
	b.attach(first, identified)
	if _, err := b.inst.Attach(b.session(0, 3)); !errors.Is(err, instrument.ErrShardCount) {
		t.Errorf("%v, want ErrShardCount", err)
	}
	b.attach(b.session(0, 1)) // for REST calls: nobody has told it a count
	b.open(first)
	b.attach(b.session(0, 3))
}

// scaled opens the three shards of a bot in eight guilds and the two of the same
// bot scaled, and closes the former.
func scaled(t *testing.T, b *bench, late bool, order string) {
	t.Helper()
	open := func(n int) (sessions []*discordgo.Session) {
		for id := range n {
			s := b.session(id, n)
			if !late {
				b.attach(s)
			}
			conn := b.open(s)
			if late {
				b.attach(s)
			}
			check(t, conn.WaitGuilds(b.context()))
			sessions = append(sessions, s)
		}
		return sessions
	}
	shut := func(sessions []*discordgo.Session) {
		var all sync.WaitGroup
		for _, s := range sessions {
			all.Go(func() { _ = s.Close() })
		}
		all.Wait()
	}
	old := open(3)
	b.await("eight guilds on three shards", func(r reading) bool {
		return r["discord.guilds"] == 8 && r["discord.guilds.unavailable"] == 0 && r["discord.shards.connected"] == 3 && r["discord.bot.shards"] == 3
	})
	if order == "close first" {
		shut(old)
	}
	_ = open(2)
	b.await("eight guilds in between", func(r reading) bool { return r["discord.guilds"] == 8 && r[up(0)] == 1 && r[up(1)] == 1 })
	if order == "open first" {
		channels := b.srv.Census(0, 1).Channels
		b.await("each channel once", func(r reading) bool { return r["discord.channels"] == float64(channels) })
		shut(old)
	}
	b.await("two shards that are up", func(r reading) bool {
		_, third := r[up(2)]
		return r[configured] == 2 && !third
	}).want(t, reading{"discord.guilds": 8, "discord.guilds.unavailable": 0, "discord.shards.connected": 2, "discord.bot.shards": 2, up(0): 1, up(1): 1})
	if up, all := b.inst.ShardsUp(); up != 2 || all != 2 || b.inst.Ready() != nil {
		t.Errorf("%d of %d shards are up, ready: %v; want 2 of 2", up, all, b.inst.Ready())
	}
	runtime.KeepAlive(old)
}

// TestRescaledWithoutDetach is a manager of shards that goes from three to two and
// detaches nobody.
func TestRescaledWithoutDetach(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, late := range []bool{false, true} {
		for _, order := range []string{"open first", "close first"} {
			t.Run(map[bool]string{false: "attached before Open", true: "attached after Open"}[late]+", "+order, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, servers(discordtest.WithShards(3), discordtest.WithGuilds(8)))
				scaled(t, b, late, order)
			})
		}
	}
}

// TestScaledByWhoCameLater: of two shard counts the one is old whose sessions were
// opened first, however often these try to connect since.
func TestScaledByWhoCameLater(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	refuse := discordtest.Behavior{RejectUpgrade: 503}
	t.Run("an old session tries on", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, servers(discordtest.WithShards(3)))
		var old []*discordgo.Session
		for id := range 3 {
			s := b.session(id, 3)
			b.attach(s)
			b.steady(s)
			old = append(old, s)
		}
		check(t, b.conn(2).CloseCode(4011, "")) // none of them connects again by itself
		b.awaitValue(up(2), 0)
		for _, s := range old[:2] {
			check(t, s.Close())
		}
		for id := range 2 {
			s := b.session(id, 2)
			b.attach(s)
			b.open(s)
		}
		b.await("two shards", func(r reading) bool { return r["discord.shards.connected"] == 2 })
		b.srv.Behave(refuse)
		if old[2].Open() == nil {
			t.Fatal("it opened")
		}
		b.await("the old ones to be gone", func(r reading) bool { return r[configured] == 2 }).want(t, reading{up(0): 1, up(1): 1, up(2): absent})
		runtime.KeepAlive(old)
	})
	t.Run("a new session fails", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, servers(discordtest.WithShards(3)))
		old := b.session(0, 2)
		old.ShouldReconnectOnError = true
		b.attach(old)
		b.steady(old)
		fails := b.session(2, 3)
		b.attach(fails)
		b.srv.Behave(refuse)
		if fails.Open() == nil {
			t.Fatal("it opened")
		}
		b.srv.Behave(discordtest.Behavior{})
		b.collect().want(t, reading{up(0): 1, up(2): 0})
		check(t, b.conn(0).CloseCode(4000, "")) // the old one resumes later
		b.await("the old one again", func(r reading) bool { return r.sum("discord.shard.reconnects") > 0 && r[up(0)] == 1 }).want(t, reading{up(2): 0, configured: 2})
		runtime.KeepAlive(fails)
	})
}

// TestClosedForGood: a session that the bot has closed does not speak for its
// shard, until it is opened again.
func TestClosedForGood(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithShards(2), discordtest.WithGuilds(6)))
	first, second := b.session(0, 2), b.session(1, 2)
	first.ShouldReconnectOnError = true // it makes no difference
	b.attach(first, second)
	b.steady(first)
	b.steady(second)
	b.await("all guilds", func(r reading) bool { return r["discord.guilds"] == 6 && r["discord.guilds.unavailable"] == 0 })
	here := b.srv.Census(1, 2).Guilds
	check(t, first.Close())
	r := b.await("one shard", func(r reading) bool { return r[configured] == 1 })
	r.want(t, reading{up(0): absent, up(1): 1, "discord.guilds": float64(here), "discord.bot.shards": 2, disconnect(0, "1000", "client"): 1})
	if err := b.inst.Ready(); err != nil {
		t.Errorf("not ready: %v", err)
	}
	if resumesClosed() {
		return // and discordgo's master deadlocks where that is answered with op 9
	}
	b.open(first)
	b.awaitValue("discord.guilds", 6)
	b.awaitValue(up(0), 1).want(t, reading{configured: 2, "discord.shards.connected": 2})
	check(t, first.CloseWithCode(1001))
	check(t, second.CloseWithCode(4000))
	b.await("no shard", func(r reading) bool { return r[configured] == 0 }).want(t, reading{"discord.guilds": absent, "discord.bot.shards": absent})
	if err := b.inst.Ready(); err == nil {
		t.Error("ready with every session closed")
	}
}

// resumesClosed reports whether discordgo resumes a session that it has closed, as
// its master does, which keeps the address to resume at.
func resumesClosed() bool {
	_, master := reflect.TypeFor[discordgo.Ready]().FieldByName("ResumeGatewayURL")
	return master
}

// TestDownIsNotClosed: what discordgo closes, and what ends otherwise, is a shard
// that is down.
func TestDownIsNotClosed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for name, end := range map[string]func(c *discordtest.Conn) error{
		"op 7":     (*discordtest.Conn).Reconnect,
		"dropped":  (*discordtest.Conn).Drop,
		"4004":     func(c *discordtest.Conn) error { return c.CloseCode(4004, "") },
		"closed 0": func(c *discordtest.Conn) error { return c.CloseCode(1000, "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			s := b.session(0, 1) // which discordgo does not connect again
			b.attach(s)
			conn := b.steady(s)
			check(t, end(conn))
			b.awaitValue(up(0), 0)
			b.afterClosing()
			b.collect().want(t, reading{up(0): 0, configured: 1})
		})
	}
}

// afterClosing returns when a session that is closed now would be no shard any more:
// when one beside it is none.
func (b *bench) afterClosing() {
	b.Helper()
	beside := b.session(0, 1)
	detach := b.attach(beside)
	b.steady(beside)
	check(b.T, beside.Close())
	b.await("the other to be gone", func(r reading) bool { return r["discord.sessions{attached=before_open}"] == 1 })
	detach()
}

// TestRESTAlone: a session that only makes REST calls is no shard.
func TestRESTAlone(t *testing.T) {
	b := newBench(t, nil, instrument.WithoutGateway())
	s := b.session(0, 1)
	b.attach(s)
	_, err := s.User("@me")
	check(t, err)
	b.collect().want(t, reading{
		configured: 0, up(0): absent, "discord.bot.shards": absent, "discord.shards.connected": 0, reconnect("resume"): absent,
		"discord.sessions{attached=before_open}": 1,
	})
	if up, all := b.inst.ShardsUp(); up != 0 || all != 0 || b.inst.Ready() != nil {
		t.Errorf("%d of %d shards, ready: %v", up, all, b.inst.Ready())
	}
	// Beside a bot's shards it makes no difference.
	shard := b.session(1, 2)
	b.attach(shard)
	if _, all := b.inst.ShardsUp(); all != 1 || b.inst.Ready() == nil {
		t.Errorf("%d shards to come, ready: %v; want 1 that is not there", all, b.inst.Ready())
	}
}

// answersOK is a transport that answers every request, without a network.
type answersOK struct{}

func (answersOK) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"id":"1","url":"ws://127.0.0.1:1"}`)),
	}, nil
}

// TestRESTAloneIsFoundOut: a session that makes REST calls and has not asked for the
// gateway within 30 s of being attached is none that a probe waits for. One that makes
// no call is waited for.
func TestRESTAloneIsFoundOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inst, err := instrument.New(instrument.WithMeterProvider(sdkmetric.NewMeterProvider()))
		check(t, err)
		defer inst.Close()
		session := func() (s *discordgo.Session, detach func()) {
			s, err := discordgo.New("Bot x")
			check(t, err)
			s.Client.Transport = answersOK{}
			detach, err = inst.Attach(s)
			check(t, err)
			return s, detach
		}
		want := func(when, reason string, all int) {
			t.Helper()
			got := ""
			if err := inst.Ready(); err != nil {
				got = err.Error()
			}
			if up, expected := inst.ShardsUp(); got != reason || up != 0 || expected != all {
				t.Errorf("%s: %d of %d shards, not ready for %q; want 0 of %d, %q", when, up, expected, got, all, reason)
			}
		}
		const waits = "0 of 1 shards are up"
		silent, detach := session()
		time.Sleep(time.Hour) //nolint:forbidigo // by the clock of the bubble, here and below
		want("no call in an hour", waits, 1)
		detach()

		s, _ := session()
		_, err = s.User("@me")
		check(t, err)
		want("right after a call", waits, 1)
		time.Sleep(30*time.Second - time.Nanosecond) //nolint:forbidigo // see above
		want("just before 30 s", waits, 1)
		time.Sleep(time.Nanosecond) //nolint:forbidigo // see above
		want("after 30 s", "", 0)
		_, err = s.Gateway()
		check(t, err)
		want("once it has asked for the gateway", waits, 1)
		runtime.KeepAlive(silent)
	})
}

// TestDialThatFails: a shard that cannot be had is down, wherever its Open fails.
func TestDialThatFails(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, fail := range map[string]func(b *bench){
		"no address":         func(b *bench) { b.srv.Fail(http.MethodGet, "/gateway", 500, -1) },
		"no WebSocket":       func(b *bench) { b.srv.Behave(discordtest.Behavior{RejectUpgrade: 503}) },
		"no HELLO":           func(b *bench) { b.srv.Behave(discordtest.Behavior{DropOnConnect: true}) },
		"a token that fails": func(b *bench) { b.srv.Behave(discordtest.Behavior{CloseOnIdentify: 4004}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			fail(b)
			s := b.session(0, 1)
			b.attach(s)
			b.collect().want(t, reading{configured: 0, up(0): absent})
			if err := s.Open(); err == nil {
				t.Fatal("it opened")
			}
			b.collect().want(t, reading{configured: 1, up(0): 0})
			if b.inst.Ready() == nil {
				t.Error("ready")
			}
			// It stays down: gorilla/websocket closes what became no connection, and the
			// bot has closed nothing.
			b.srv.Behave(discordtest.Behavior{})
			b.srv.Fail(http.MethodGet, "/gateway", 0, 0)
			b.afterClosing()
			b.collect().want(t, reading{configured: 1, up(0): 0})
		})
	}
}

// TestSessionsAreReleased: what was attached and opened and is not there any more is
// dropped, and its numbers with it.
func TestSessionsAreReleased(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	b := newBench(t, servers(discordtest.WithGuilds(2)))
	for range 500 {
		late := b.loose(0, 1)
		late.DataReady = true
		b.attach(late)
	}
	b.openAndDrop(0, 1)
	b.awaitSessions(0)
	b.collect().want(t, reading{configured: 0, "discord.guilds": absent})
}

// openAndDrop opens a session, closes it, and lets it go.
func (b *bench) openAndDrop(shard, count int) {
	b.Helper()
	s := b.loose(shard, count)
	b.attach(s)
	check(b.T, s.Open())
	check(b.T, s.Close())
}

// awaitSessions collects garbage until so many sessions are left.
func (b *bench) awaitSessions(want float64) {
	b.Helper()
	var got float64
	b.until(fmt.Sprintf("%v sessions", want), func() bool {
		runtime.GC()
		got = b.collect().sum("discord.sessions")
		return got == want
	}, func() string { return fmt.Sprint(got) })
}

// TestFailedSessionIsHeld: a shard stays down whose Open has failed and whose session
// the bot has dropped. There is one such session for each shard, and none once
// another one is up.
func TestFailedSessionIsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	b := newBench(t, servers(discordtest.WithShards(2)))
	fail := func(shard int) (detach func()) {
		s := once(b.loose(shard, 2)) // master repeats a request with any 5xx
		detach = b.attach(s)
		if s.Open() == nil {
			t.Fatal("it opened")
		}
		return detach
	}
	b.srv.Behave(discordtest.Behavior{RejectUpgrade: 503})
	for range 100 {
		fail(0)
	}
	b.awaitSessions(1)
	b.srv.Behave(discordtest.Behavior{})
	b.srv.Fail(http.MethodGet, "/gateway", 500, 1)
	detach := fail(1)
	b.awaitSessions(2)
	b.collect().want(t, reading{configured: 2, up(0): 0, up(1): 0})
	if err := b.inst.Ready(); err == nil || err.Error() != "0 of 2 shards are up" {
		t.Errorf("ready: %v", err)
	}

	again := b.session(0, 2)
	b.attach(again)
	b.open(again)
	b.awaitSessions(2)
	b.awaitValue(up(0), 1).want(t, reading{configured: 2, up(1): 0})
	detach()
	b.awaitSessions(1)
	b.collect().want(t, reading{configured: 1, up(0): 1, up(1): absent})

	b.openAndDrop(1, 2)
	b.awaitSessions(1)
}

// TestAttachedLateIsTold once, and shown. Other faults are told before and after it,
// for reports come in their order.
func TestAttachedLateIsTold(t *testing.T) {
	told := make(chan string, 8)
	handler := otel.ErrorHandlerFunc(func(err error) { told <- err.Error() })
	inst, err := instrument.New(instrument.WithMeterProvider(sdkmetric.NewMeterProvider()), instrument.WithErrorHandler(handler))
	check(t, err)
	defer inst.Close()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	session := func(token string, ready bool) *discordgo.Session {
		s, err := discordgo.New(token)
		check(t, err)
		s.DataReady = ready
		if _, err := inst.Attach(s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	call := func(s *discordgo.Session, token string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		check(t, err)
		r.Header.Set("Authorization", token)
		response, err := s.Client.Do(r)
		check(t, err)
		check(t, response.Body.Close())
	}
	next := func(want ...string) {
		t.Helper()
		got := <-told
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("told %q, want %q in it", got, text)
			}
		}
	}
	early := session("Bot x", false)
	call(session("", false), "Bot y")
	next("no longer measured")
	for range 3 {
		session("Bot x", true)
	}
	next("before Open", "NewSession")
	for range 20 {
		call(early, "Bot x")
	}
	next("first 20 REST paths")
}

func TestNewSession(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s, err := b.inst.NewSession("Bot " + b.srv.Token())
	check(t, err)
	b.srv.Configure(s)
	s.Identify.Intents = discordgo.IntentsAll
	b.open(s)
	b.awaitValue(up(0), 1).want(t, reading{"discord.sessions{attached=before_open}": 1, "discord.sessions{attached=after_open}": 0})
	if s, err := b.inst.NewSession("Bot of-another"); s != nil || !errors.Is(err, instrument.ErrOtherBot) {
		t.Errorf("%v, %v; want ErrOtherBot", s, err)
	}
}
