package argus

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
			hasLine(page, `discord_gateway_session_start_limit{cluster="default"} 2000`) &&
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
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
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

// TestNoPollWhereArgusIsOff: the switch leaves nothing running.
func TestNoPollWhereArgusIsOff(t *testing.T) { // not parallel: no other test runs a poll meanwhile
	polls := func() bool {
		stacks := make([]byte, 1<<20)
		return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("(*poll).run"))
	}
	eventually(t, "the polls of earlier tests have ended", func() bool { return !polls() })
	a, err := start(environ(map[string]string{"OTEL_SDK_DISABLED": "true"}, nil), newSession(t), []Option{WithSessionStartPoll(time.Minute), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	if polls() {
		t.Error("a poll runs")
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
	if _, err := s.User("@me", a.RequestOption(context.Background()), discordgo.WithLocale(discordgo.German)); err != nil {
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
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
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
	}

	if _, err := New(WithSessions(nil)); err == nil {
		t.Error("a nil session is accepted")
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// budget is an answer to GET /gateway/bot.
func budget(remaining int) *http.Response {
	body := `{"session_start_limit":{"total":1000,"remaining":` + strconv.Itoa(remaining) + `,"reset_after":86400000,"max_concurrency":1}}`
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}
}

// TestPollBesideLimiter: a limiter that holds back all of the bot's calls holds up neither the asking nor Shutdown.
func TestPollBesideLimiter(t *testing.T) {
	srv := newDiscord(t, discordtest.WithSessionStartLimit(1000, 900, time.Hour))
	s := sessionOf(t, srv, 0, 1)
	srv.RateLimit(discordtest.RateLimit{Scope: "global", RetryAfter: time.Minute})
	if _, err := s.User("@me", discordgo.WithRetryOnRatelimit(false)); err == nil {
		t.Fatal("the call was not limited, so this test cannot tell")
	}
	a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), WithSessionStartPoll(time.Minute), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	eventually(t, "the budget is on the page", func() bool {
		return hasLine(scrape(t, a.Handler()), `discord_gateway_session_start_remaining{cluster="default"} 900`)
	})
}

// TestShutdownBesidePoll: a request that cannot be cut off keeps nothing else from being closed and put back, and Shutdown no longer
// than its context.
func TestShutdownBesidePoll(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	s := newSession(t)
	client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		close(asked)
		<-release // whatever its context says
		return nil, errors.New("released")
	})}
	s.Client = client
	a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), WithSessionStartPoll(time.Minute), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = a.Shutdown(ctx) // an error where a second is not enough for the server
	}()
	select {
	case <-ended:
		if s.Client != client || a.Addr() != "" {
			t.Error("the session is not put back, or the server goes on")
		}
	case <-time.After(30 * time.Second):
		t.Error("Shutdown waits for the request")
	}
	close(release)
}

// TestPollHears: a session that was opened before, whose answers are not heard, is not asked with.
func TestPollHears(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	srv := newDiscord(t)
	opened, s := sessionOf(t, srv, 0, 2), sessionOf(t, srv, 1, 2)
	open(t, opened)
	a, err := start(environ(nil, nil), opened, []Option{WithAddr("127.0.0.1:0"), WithSessionStartPoll(time.Minute), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	if _, err := a.Attach(s); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the budget is on the page", func() bool {
		return strings.Contains(scrape(t, a.Handler()), "discord_gateway_session_start_remaining{")
	})
}

// TestPollPace: it asks at its interval, or later where Discord wants that, with a session that is attached, and with what that had
// then. The race detector tells whether it reads the fields later, which others may be writing.
func TestPollPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var mu sync.Mutex // of these two
		var asked []string
		limited := false
		session := func(name string, remaining int) *discordgo.Session {
			s := newSession(t)
			token := s.Token
			s.UserAgent = name
			s.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodGet || r.URL.String() != discordgo.EndpointGatewayBot || r.Header.Get("Authorization") != token {
					t.Errorf("a request of %s %s, or another token", r.Method, r.URL)
				}
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, r.UserAgent()+" "+time.Since(begun).String())
				if limited {
					return &http.Response{
						StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"600"}}, Body: http.NoBody,
					}, nil
				}
				return budget(remaining), nil
			})}
			return s
		}
		first, second := session("first", 900), session("second", 800)
		a, err := begin(environ(nil, nil), nil, []Option{WithoutServer(), WithSessionStartPoll(time.Minute), new(journal).option()})
		if err != nil {
			t.Fatal(err)
		}
		attach := func(s *discordgo.Session) (detach func()) {
			t.Helper()
			detach, err := a.Attach(s)
			if err != nil {
				t.Fatal(err)
			}
			return detach
		}
		elsewhere := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			t.Error("it asks with a Client that was set later")
			return nil, errors.New("elsewhere")
		})}
		change := func(s *discordgo.Session) {
			s.Client, s.Token, s.UserAgent = elsewhere, "changed", "changed"
			s.ShouldRetryOnRateLimit, s.MaxRestRetries = false, 0
		}
		pass := func(d time.Duration) {
			<-time.After(d)
			synctest.Wait()
		}
		pass(10 * time.Second)
		detach := attach(first)
		change(first)
		attach(first) // is attached already, and so the other call's detach ends it
		pass(time.Second)
		detach()
		attach(second)
		change(second)
		pass(time.Minute)
		wantLine(t, scrape(t, a.Handler()), `discord_gateway_session_start_remaining{cluster="default"} 800`)
		limit := func(is bool) {
			mu.Lock()
			defer mu.Unlock()
			limited = is
		}
		limit(true)
		pass(time.Minute)
		limit(false)
		pass(10 * time.Minute)
		shutDown(t, a)
		pass(time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if got, want := strings.Join(asked, ", "), "first 10s, second 1m10s, second 2m10s, second 12m10s"; got != want {
			t.Errorf("asked: %s\nwant:  %s", got, want)
		}
	})
}
