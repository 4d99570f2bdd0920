package argus

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// countRequests counts those whose path ends so.
func countRequests(srv *discordtest.Server, path string) (n int) {
	for _, r := range srv.Requests() {
		if strings.HasSuffix(r.Path, path) {
			n++
		}
	}
	return n
}

// TestSessionStartPoll: Argus asks by itself, and stops with Shutdown, also while Discord does not answer.
func TestSessionStartPoll(t *testing.T) {
	srv := newDiscord(t, discordtest.WithMaxConcurrency(16), discordtest.WithSessionStartLimit(2000, 1900, time.Hour))
	s := sessionOf(t, srv, 0, 1)
	a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), WithSessionStartPoll(time.Minute), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the budget is on the page", func() bool {
		page := scrape(t, a.Handler())
		return hasLine(page, `discord_gateway_session_start_remaining{cluster="default"} 1900`) &&
			hasLine(page, `discord_gateway_session_start_total{cluster="default"} 2000`) &&
			hasLine(page, `discord_gateway_session_start_max_concurrency{cluster="default"} 16`)
	})
	shutDown(t, a)
	if n := countRequests(srv, "/gateway/bot"); n != 1 {
		t.Errorf("it asked %d times in its first minute, want once", n)
	}

	srv.Delay("GET", "/gateway/bot", time.Minute)
	b, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), WithSessionStartPoll(time.Minute), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it asks", func() bool {
		return hasLine(scrape(t, b.Handler()), `discord_rest_requests_in_flight{cluster="default"} 1`)
	})
	shutDown(t, b) // goleak tells whether the asking has ended
}

// TestNoSessionStartPoll: unasked, Argus makes no request of its own.
func TestNoSessionStartPoll(t *testing.T) {
	srv := newDiscord(t)
	s := sessionOf(t, srv, 0, 1)
	a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	open(t, s)
	for _, r := range srv.Requests() {
		if r.Path != "/gateway" {
			t.Errorf("a request of %s, want discordgo's own alone", r.Path)
		}
	}
	if page := scrape(t, a.Handler()); strings.Contains(page, "session_start") {
		t.Error("the budget is on the page though nobody asked for it")
	}
}

// TestRequestOption: the wait in discordgo's limiter is on the page.
func TestRequestOption(t *testing.T) {
	srv := newDiscord(t)
	s := sessionOf(t, srv, 0, 1)
	a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), WithAcks(false), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	if _, err := s.User("@me", a.RequestOption(), discordgo.WithLocale(discordgo.German)); err != nil {
		t.Fatal(err)
	}
	page := scrape(t, a.Handler())
	wantLine(t, page, `discord_rest_queue_wait_seconds_count{cluster="default",route="/users/@me"} 1`)
	if strings.Contains(page, "discord_interaction_acks") {
		t.Error("acknowledgements are followed although they are switched off")
	}
}

// TestNew: with no session at first, one that comes later is measured, replaced by another, and asked for the budget.
func TestNew(t *testing.T) {
	srv := newDiscord(t, discordtest.WithSessionStartLimit(1000, 900, time.Hour))
	a, err := begin(environ(nil, nil), nil, []Option{WithAddr("127.0.0.1:0"), WithSessionStartPoll(time.Minute), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	if page := scrape(t, a.Handler()); hasLine(page, `discord_shards_connected{cluster="default"} 1`) || strings.Contains(page, "discord_shard_up{") {
		t.Error("a shard is on the page before there is one")
	}
	resp, err := http.Get("http://" + a.Addr() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d while no shard is there", resp.StatusCode)
	}

	for range 2 { // a session, and the one that takes its place
		asked := countRequests(srv, "/gateway/bot")
		s := sessionOf(t, srv, 0, 1)
		detach, err := a.Attach(s)
		if err != nil {
			t.Fatal(err)
		}
		if asked == 0 { // before an IDENTIFY takes one
			eventually(t, "the budget is on the page", func() bool {
				return hasLine(scrape(t, a.Handler()), `discord_gateway_session_start_remaining{cluster="default"} 900`)
			})
		}
		open(t, s)
		eventually(t, "the shard is up, alone", func() bool {
			page := scrape(t, a.Handler())
			return hasLine(page, `discord_shard_up{cluster="default",shard="0"} 1`) && hasLine(page, `discord_shards_configured{cluster="default"} 1`)
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		detach()
		detach()
		if a.poll.session() != nil {
			t.Error("a session that is detached would be asked with")
		}
	}

	// One that was there before stays when a later call's detach is used.
	s := sessionOf(t, srv, 0, 1)
	first, err := a.Attach(s)
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Attach(s)
	if err != nil {
		t.Fatal(err)
	}
	second()
	if a.poll.session() != s {
		t.Error("a session that is attached still is not asked with")
	}
	first()
	if _, err := New(WithSessions(nil)); err == nil {
		t.Error("a nil session is accepted")
	}
}
