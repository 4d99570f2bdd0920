package argus

import (
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// TestSessionStartPoll: Argus asks by itself, and stops with Shutdown, also while Discord does not answer.
func TestSessionStartPoll(t *testing.T) {
	srv := newDiscord(t, discordtest.WithMaxConcurrency(16), discordtest.WithSessionStartLimit(2000, 1900, time.Hour))
	asked := func() (n int) {
		for _, r := range srv.Requests() {
			if strings.HasSuffix(r.Path, "/gateway/bot") {
				n++
			}
		}
		return n
	}
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
	if n := asked(); n != 1 {
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
