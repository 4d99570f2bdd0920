package instrument_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

func TestRateLimits(t *testing.T) {
	b := newBench(t, servers(discordtest.WithGuilds(1)))
	s := b.session(0, 1)
	b.attach(s)
	channel := b.srv.TextChannel(b.srv.Guilds()[0])
	for n, scope := range []string{"user", "global", "shared"} {
		b.srv.RateLimit(discordtest.RateLimit{
			Method: "POST", Pattern: "/channels/{id}/messages",
			Scope: scope, RetryAfter: 10 * time.Millisecond, Times: n + 1,
		})
		// discordgo tries again until it is through.
		if _, err := s.ChannelMessageSend(channel, "hello"); err != nil {
			t.Fatalf("%s: %v", scope, err)
		}
	}
	r := b.collect()
	for series, want := range map[string]float64{
		"discord.ratelimits{route=/channels/{id}/messages,scope=user}":   1,
		"discord.ratelimits{route=/channels/{id}/messages,scope=global}": 2,
		"discord.ratelimits{route=/channels/{id}/messages,scope=shared}": 3,
		"discord.ratelimits{route=other,scope=user}":                     0,
		"discord.ratelimits{route=other,scope=unknown}":                  0,
	} {
		if got, there := r[series]; !there || got != want {
			t.Errorf("%s is %v (there: %v), want %v", series, got, there, want)
		}
	}
}

// TestRateLimitsWithoutTap: discordgo's own event stands in for the transport.
func TestRateLimitsWithoutTap(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(1)))
	s := b.session(0, 1)
	b.open(s)
	b.attach(s)
	b.srv.RateLimit(discordtest.RateLimit{Method: "POST", Pattern: "/channels/{id}/messages", Scope: "shared", RetryAfter: time.Millisecond, Times: 1})
	if _, err := s.ChannelMessageSend(b.srv.TextChannel(b.srv.Guilds()[0]), "hello"); err != nil {
		t.Fatal(err)
	}
	b.awaitValue("discord.ratelimits{route=/channels/{id}/messages,scope=unknown}", 1)
}

// TestHostileRoutes: whatever is asked for, the label stays in its closed set.
func TestHostileRoutes(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	s.ShouldRetryOnRateLimit = false
	known := map[string]bool{catalog.RouteOther: true}
	for _, r := range catalog.Routes() {
		known[r] = true
	}
	secret := "aW50ZXJhY3Rpb246c2VjcmV0"
	for _, path := range []string{
		"channels/1/" + strings.Repeat("x", 300),
		"webhooks/1/" + secret,
		"webhooks/1/" + secret + "/messages/@original",
		"interactions/1/" + secret + "/callback",
		"%22quote%22/%0Anewline",
		"guilds/1/..%2f..%2f" + secret,
		"", "//", "channels//messages",
	} {
		b.srv.RateLimit(discordtest.RateLimit{Scope: "user", RetryAfter: time.Millisecond, Times: 1})
		_, err := s.Request(http.MethodGet, discordgo.EndpointAPI+path, nil)
		if _, limited := errors.AsType[*discordgo.RateLimitError](err); !limited {
			t.Errorf("%q: %v, want a rate limit", path, err)
		}
	}
	for series := range b.collect().with("discord.ratelimits") {
		_, rest, _ := strings.Cut(series, "route=")
		route, _, _ := strings.Cut(rest, ",scope=")
		if !known[route] || strings.Contains(series, secret) {
			t.Errorf("the series %s is outside the closed set", series)
		}
	}
}

// spy is a user's transport.
type spy struct {
	next   http.RoundTripper
	seen   atomic.Int64
	closed atomic.Int64
	fail   error
	last   atomic.Pointer[http.Request]
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen.Add(1)
	s.last.Store(r)
	if s.fail != nil {
		return nil, s.fail
	}
	return s.next.RoundTrip(r)
}

func (s *spy) CloseIdleConnections() { s.closed.Add(1) }

// TestTheUsersTransportStays: it gets each request as it is, and what it
// returns comes back as it is.
func TestTheUsersTransportStays(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	users := &spy{next: s.Client.Transport}
	client := &http.Client{Transport: users, Timeout: 5 * time.Second}
	s.Client = client
	b.attach(s)
	if s.Client == client || client.Transport != users {
		t.Error("the user's Client itself was changed: it may be shared")
	}
	if s.Client.Timeout != client.Timeout {
		t.Errorf("the timeout is %v, want %v", s.Client.Timeout, client.Timeout)
	}

	request, err := http.NewRequest(http.MethodGet, discordgo.EndpointGateway, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.Client.Transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || !strings.Contains(string(body), "ws://") {
		t.Errorf("the body is %q, %v", body, err)
	}
	if users.last.Load() != request {
		t.Error("the user's transport got another request than was made")
	}

	users.fail = errors.New("the user's own")
	if _, err := s.Gateway(); !errors.Is(err, users.fail) {
		t.Errorf("the error is %v, want the transport's", err)
	} else if !errors.As(err, new(*url.Error)) {
		t.Errorf("the error is a %T, want net/http's *url.Error", err)
	}
	s.Client.CloseIdleConnections()
	if users.seen.Load() != 2 || users.closed.Load() != 1 {
		t.Errorf("the user's transport saw %d requests and %d closes, want 2 and 1", users.seen.Load(), users.closed.Load())
	}
}

// TestSharedClient: sessions that share a Client are counted once each.
func TestSharedClient(t *testing.T) {
	b := newBench(t, nil)
	one, two := b.session(0, 2), b.session(1, 2)
	two.Client = one.Client
	b.attach(one, two)
	for _, s := range []*discordgo.Session{one, two} {
		b.srv.RateLimit(discordtest.RateLimit{Scope: "user", RetryAfter: time.Millisecond, Times: 1})
		if _, err := s.User("@me"); err != nil {
			t.Fatal(err)
		}
	}
	b.awaitValue("discord.ratelimits{route=/users/@me,scope=user}", 2)
}
