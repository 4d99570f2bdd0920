package instrument_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// lateBench opens a session in five guilds of seven and attaches it when they
// are all there.
func lateBench(t *testing.T, w way, opts ...discordtest.Option) (*bench, *discordgo.Session, *discordtest.Conn) {
	t.Helper()
	b := w.bench(t, append(opts, discordtest.WithGuilds(guildCount), discordtest.WithMembers(guildMembers))...)
	s := w.session(b, 0, 1)
	s.ShouldReconnectOnError = true
	conn := b.steady(s)
	b.awaitGuildsOf(s)
	b.attach(s)
	return b, s, conn
}

// awaitGuildsOf waits until discordgo's state has all guilds.
func (b *bench) awaitGuildsOf(s *discordgo.Session) {
	b.Helper()
	there := 0
	b.until("the guilds in discordgo's state", func() bool {
		s.State.RLock()
		defer s.State.RUnlock()
		there = 0
		for _, g := range s.State.Guilds {
			if !g.Unavailable {
				there++
			}
		}
		return there == guildCount
	}, func() string { return fmt.Sprint(there) })
}

func TestAttachedAfterOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b, s, conn := lateBench(t, w)
		dialer, client := s.Dialer, s.Client
		b.awaitGuilds(guildCount, 0, absent)
		r := b.awaitValue(up(0), 1)
		r.want(t, reading{
			latency: absent, "discord.shards.connected": 1, "discord.shards.configured": 1, "discord.voice_clients": 0,
			"discord.threads": guildCount, event("READY"): absent,
			reconnect("identify"): 0, reconnect("resume"): 0,
		})

		// Guilds come, go and fall silent. Of those that came since, the
		// members are known; once the others are gone, the sum is.
		joined, err := b.srv.GuildJoin()
		check(t, err)
		b.awaitGuilds(guildCount+1, 0, absent)
		old := b.srv.Guilds()[:guildCount]
		for _, id := range old[:3] {
			check(t, b.srv.GuildLeave(id))
		}
		b.awaitGuilds(guildCount+1-3, 0, absent)
		for _, id := range old[3:] {
			check(t, b.srv.GuildOutage(id))
		}
		b.awaitGuilds(1, 2, guildMembers)
		_, err = b.srv.MemberAdd(joined)
		check(t, err)
		b.awaitGuilds(1, 2, guildMembers+1)
		for _, id := range old[3:] {
			check(t, b.srv.GuildRecover(id))
		}
		b.awaitGuilds(3, 0, 3*guildMembers+1)

		// A resume.
		check(t, conn.Drop())
		check(t, b.srv.GuildLeave(joined))
		b.awaitValue(reconnect("resume"), 1)
		b.awaitGuilds(2, 0, 2*guildMembers)
		r = b.awaitValue(up(0), 1)
		r.want(t, reading{latency: absent, event("GUILD_CREATE"): 3, event("GUILD_DELETE"): 6, event("RESUMED"): 1, reconnect("identify"): 0})
		if got := r.with("discord.shard.disconnects"); len(got) != 0 {
			t.Errorf("%v, want it absent: disconnects cannot be told without a tap", got)
		}
		if s.Dialer != dialer || s.Client != client {
			t.Error("the fields of an opened session were written")
		}
	})
}

// TestReidentifyAttachedAfterOpen: READY and the guilds after it are put in
// order, and the members are known from then on.
func TestReidentifyAttachedAfterOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b, _, conn := lateBench(t, w)
		check(t, endSession(conn))
		b.awaitValue(reconnect("identify"), 1)
		b.awaitGuilds(guildCount, 0, guildCount*guildMembers)
		b.awaitValue(up(0), 1).want(t, reading{event("READY"): 1, event("GUILD_CREATE"): guildCount, reconnect("resume"): 0})
	})
}

// TestDeadlockAttachedAfterOpen: the session deadlocks while it reconnects, and
// nobody has collected in between.
func TestDeadlockAttachedAfterOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b, s, conn := lateBench(t, ways[0])
	b.awaitValue(up(0), 1)
	b.srv.Behave(discordtest.Behavior{FirstOp: 7})
	disconnected := make(chan struct{})
	var once sync.Once
	s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) { once.Do(func() { close(disconnected) }) })
	check(t, conn.Drop())
	<-disconnected
	b.until("a resume", func() bool {
		conns := b.srv.Conns()
		return len(conns) == 1 && conns[0].Received()[6] == 1
	}, func() string { return fmt.Sprint(len(b.srv.Conns()), " connections") })
	// Our handler was called like the one above, though maybe not before it.
	b.awaitValue(up(0), 0)
	b.collectWhile(sessionLocked(s)).want(t, reading{up(0): 0, "discord.guilds": guildCount})
}

func TestRateLimitsAttachedAfterOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b, s, _ := lateBench(t, ways[0])
	b.srv.RateLimit(discordtest.RateLimit{Method: http.MethodGet, Pattern: "/users/@me", RetryAfter: 50 * time.Millisecond, Times: 2})
	_, err := s.User("@me")
	check(t, err)
	r := b.await("two rate limits", func(r reading) bool { return r.sum("discord.ratelimits") == 2 })
	for series, n := range r.with("discord.ratelimits") {
		if n != 0 && (!strings.Contains(series, "scope=unknown") || !strings.Contains(series, "/users/")) {
			t.Errorf("%s = %v, want the scope unknown and the route", series, n)
		}
	}
}

// TestAttachedInTheMidst: what changes while a session is being attached is not
// lost.
func TestAttachedInTheMidst(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		const joins = 60
		b := w.bench(t, discordtest.WithGuilds(guildCount), discordtest.WithMembers(guildMembers))
		s := w.session(b, 0, 1)
		b.steady(s)
		b.awaitGuildsOf(s)
		var wg sync.WaitGroup
		half := make(chan struct{})
		wg.Go(func() {
			for n := range joins {
				if n == joins/3 {
					close(half)
				}
				id, err := b.srv.GuildJoin()
				if err != nil {
					t.Error(err)
				}
				if n%3 == 0 {
					if err := b.srv.GuildLeave(id); err != nil {
						t.Error(err)
					}
				}
			}
		})
		<-half
		b.attach(s)
		wg.Wait()
		want := float64(b.srv.Census(0, 1).Guilds)
		b.await("as many guilds as there are", func(r reading) bool { return r["discord.guilds"] == want && r["discord.guilds.unavailable"] == 0 })
	})
}

// TestAttachedWhileOpening: before the first READY the number of guilds is not
// known, and not 0.
func TestAttachedWhileOpening(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(guildCount), discordtest.WithMembers(guildMembers)))
	s := b.session(0, 1)
	b.srv.Behave(discordtest.Behavior{NoHello: true, Times: 1})
	opened := make(chan error, 1)
	go func() { opened <- s.Open() }()
	b.until("the connection", func() bool { return len(b.srv.Conns()) == 1 }, func() string { return "none" })
	b.attach(s)
	b.collect().want(t, reading{up(0): 0, "discord.guilds": absent, "discord.guilds.unavailable": absent, "discord.members": absent})
	check(t, b.srv.Conns()[0].Drop())
	if err := <-opened; err == nil {
		t.Error("Open returned no error")
	}
	b.open(s)
	b.awaitGuilds(guildCount, 0, guildCount*guildMembers)
}

// TestLate429s: of a session that was attached after Open those alone are seen
// after which discordgo tries again, as the documents say.
func TestLate429s(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b, s, _ := lateBench(t, ways[0])
	const body = `{"message":"You are being rate limited.","retry_after":0.001,"global":false}`
	limited := 0.0
	for _, tt := range []struct {
		body  string
		retry bool
		seen  float64
	}{{body, true, 1}, {body, false, 0}, {"<html>error code: 1015</html>", true, 0}, {"", true, 0}} {
		answered := false
		b.srv.Handle("GET", "/users/{id}", func(w http.ResponseWriter, _ *http.Request) {
			if !answered {
				answered = true
				w.WriteHeader(http.StatusTooManyRequests)
				_, _ = io.WriteString(w, tt.body)
				return
			}
			_, _ = io.WriteString(w, `{"id":"1"}`)
		})
		_, _ = s.User("@me", discordgo.WithRetryOnRatelimit(tt.retry))
		if !answered {
			t.Fatal("nobody asked")
		}
		limited += tt.seen
		r := b.await("the 429s", func(r reading) bool { return r.sum("discord.ratelimits") >= limited })
		if got := r.sum("discord.ratelimits"); got != limited {
			t.Errorf("%q, tried again: %t: %v 429s in all, want %v", tt.body, tt.retry, got, limited)
		}
	}
}
