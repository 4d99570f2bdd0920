package discordtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// Two bots in one process, or of a bridge: the connection of one of them is dropped.
func ExampleServer_Bot() {
	srv, err := discordtest.NewServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()
	music, mod := srv.Bot("music-token"), srv.Bot("mod-token")
	for _, bot := range []*discordtest.Bot{music, mod} {
		session, err := bot.NewSession(0, 1) // both have shard 0
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := session.Open(); err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = session.Close() }()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := music.WaitConn(ctx, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = conn.Drop()
	if err := conn.WaitClosed(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("music:", len(music.Conns()), "mod:", len(mod.Conns()))
	// Output: music: 0 mod: 1
}

// TestBotsAreApart: events, refusals and REST faults affect only the bot that they are
// for, not the other one with the same shard id.
func TestBotsAreApart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithGuilds(2))
	a, b := s.Bot("Bot a-token"), s.Bot("b-token")
	if a.Token() != "a-token" {
		t.Errorf("Token is %q", a.Token())
	}
	connect := func(bot *discordtest.Bot) (*discordgo.Session, *discordtest.Conn, <-chan *discordgo.Event) {
		sess := newSession(t, bot, 0, 1)
		seen := events(sess)
		conn := open(t, bot, sess)
		return sess, conn, seen
	}
	sa, ca, ea := connect(a)
	sb, cb, eb := connect(b)
	if ca == cb || len(a.Conns()) != 1 || len(s.Conns()) != 2 {
		t.Fatalf("%d connections of a, %d of all", len(a.Conns()), len(s.Conns()))
	}

	// The first bot's session remains, although the second identified later.
	for _, bot := range []*discordtest.Bot{a, b} {
		if err := bot.Dispatch(0, "FOR_"+bot.Token(), struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := a.SendInteraction(testContext(t), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	if err := b.Dispatch(0, "OVER", struct{}{}); err != nil {
		t.Fatal(err)
	}
	waitEvent(t, ea, "FOR_a-token")
	waitEvent(t, ea, "INTERACTION_CREATE")
	for over := false; !over; {
		select {
		case e := <-eb:
			over = e.Type == "OVER"
			if e.Type == "FOR_a-token" || e.Type == "INTERACTION_CREATE" {
				t.Errorf("b got %s, which is for a", e.Type)
			}
		case <-testContext(t).Done():
			t.Fatal("the event for b did not arrive")
		}
	}

	guild := s.Guilds()[0]
	a.Fail(http.MethodGet, "/guilds/{guild_id}", http.StatusForbidden, -1)
	var refused *discordgo.RESTError
	if _, err := sa.Guild(guild); !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusForbidden {
		t.Errorf("a: %v, want 403", err)
	}
	if _, err := sb.Guild(guild); err != nil {
		t.Errorf("b: %v", err)
	}
	a.Fail(http.MethodGet, "/guilds/{guild_id}", 0, 0)
	if _, err := sa.Guild(guild); err != nil {
		t.Errorf("a: %v", err)
	}
	b.Handle(http.MethodGet, "/guilds/{guild_id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"name":"b's"}`)) })
	for sess, want := range map[*discordgo.Session]string{sa: "Guild 0", sb: "b's"} {
		if g, err := sess.Guild(guild); err != nil || g.Name != want {
			t.Errorf("%+v, %v, want %q", g, err, want)
		}
	}
	sb.ShouldRetryOnRateLimit = false
	b.RateLimit(discordtest.RateLimit{Method: http.MethodGet, Pattern: "/users/@me"})
	b.Delay(http.MethodGet, "/users/@me", time.Nanosecond)
	if _, err := sa.User("@me"); err != nil {
		t.Errorf("a: %v", err)
	}
	if _, err := sb.User("@me"); err == nil {
		t.Error("b is not rate limited")
	}
	for bot, want := range map[*discordtest.Bot]int{a: 4, b: 3} { // without GET /gateway
		n := 0
		for _, r := range bot.Requests() {
			if r.Path != "/gateway" {
				n++
			}
		}
		if n != want {
			t.Errorf("%s made %d requests, want %d: %v", bot.Token(), n, want, bot.Requests())
		}
	}

	// A fault of one bot's connection, and the answer to its next handshake.
	a.Behave(discordtest.Behavior{CloseOnIdentify: 4014, Times: 1})
	if err := ca.CloseCode(4000, ""); err != nil {
		t.Fatal(err)
	}
	if err := ca.WaitClosed(testContext(t)); err != nil {
		t.Fatal(err)
	}
	for _, bot := range []*discordtest.Bot{b, a} {
		sess := newSession(t, bot, 0, 1)
		err := sess.Open()
		if (err != nil) != (bot == a) {
			t.Errorf("%s: %v", bot.Token(), err)
		}
		_ = sess.Close()
	}
	if !cb.Ready() {
		t.Error("b's connection has ended with a's")
	}
	if _, _, err := b.SendInteraction(canceled(), 3, discordtest.Ping, time.Now(), ""); err == nil {
		t.Error("an interaction was sent to a shard that nobody has")
	}
	if _, err := a.NewSession(1, 1); err == nil {
		t.Error("a session of shard 1 of 1 was made")
	}
	if err := a.Dispatch(7, "X", struct{}{}); err == nil {
		t.Error("an event was sent to a shard that nobody has")
	}
}

func canceled() context.Context {
	c, cancel := context.WithCancel(context.Background())
	cancel()
	return c
}

// TestIdentifiesOfBotsAreApart: max_concurrency applies to each bot separately.
func TestIdentifiesOfBotsAreApart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithMaxConcurrency(1), discordtest.WithIdentifyWindow(time.Hour))
	for _, token := range []string{"a", "b"} {
		bot := s.Bot(token)
		open(t, bot, newSession(t, bot, 0, 1))
	}
}
