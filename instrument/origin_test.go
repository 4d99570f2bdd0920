package instrument_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// A restProxy stands between a session and the fake Discord, as nirn-proxy does:
// under a path of its own it hands on what it does not answer itself.
type restProxy struct {
	url    *url.URL
	answer atomic.Pointer[http.HandlerFunc] // nil hands on
	strip  atomic.Bool                      // takes the headers of Discord's edge off
}

func newRESTProxy(b *bench, path string) *restProxy {
	discord, err := url.Parse(b.srv.URL())
	if err != nil {
		b.Fatal(err)
	}
	p := &restProxy{}
	onward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(discord)
			r.Out.URL.Path = "/api/v9" + strings.TrimPrefix(r.In.URL.Path, path)
			r.Out.URL.RawPath = ""
		},
		ModifyResponse: func(r *http.Response) error {
			if p.strip.Load() {
				for _, name := range []string{"CF-Ray", "Via", "Server"} {
					r.Header.Del(name)
				}
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := p.answer.Load(); h != nil {
			(*h)(w, r)
			return
		}
		onward.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	if p.url, err = url.Parse(server.URL + path); err != nil {
		b.Fatal(err)
	}
	return p
}

// through attaches a session whose REST base is the proxy's: discordgo builds its
// URLs from variables that all of a program shares, so here they are changed on
// their way.
func (p *restProxy) through(b *bench, s *discordgo.Session) {
	direct := http.DefaultTransport.(*http.Transport).Clone()
	b.Cleanup(direct.CloseIdleConnections)
	s.Client.Transport = direct
	b.attach(s)
	next := s.Client.Transport
	s.Client.Transport = userTransport(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		rest := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v"+discordgo.APIVersion)
		to, err := url.Parse(strings.TrimSuffix(p.url.String(), "/") + rest)
		if err != nil {
			return nil, err
		}
		to.RawQuery = r.URL.RawQuery
		r.URL, r.Host = to, ""
		return next.RoundTrip(r)
	})
}

// TestRESTBase: a session whose REST calls go to a base of its own has routes and
// outcomes as any other.
func TestRESTBase(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, path := range []string{
		"", "/", "/api/v9", "/api", "/api/v10", "/v9", "/discord/api/v9", "/discord/api", "/discord", "/discord/v10/", "/a/b/c", "/42/api/v9", "/api/v9/tenant",
		"/channels/api/v9", "/interactions/1/token/callback/api/v9", "/webhooks/1/x/api/v9", "/guilds",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, servers(discordtest.WithGuilds(1)), instrument.WithCommands("ping"))
			s := b.session(0, 1)
			newRESTProxy(b, strings.TrimSuffix(path, "/")).through(b, s)
			answered := make(chan error, 1)
			s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) { answered <- pong(s, i.Interaction) })
			b.open(s)
			if _, err := s.ChannelMessageSend(b.srv.TextChannel(b.srv.Guilds()[0]), "hello"); err != nil {
				t.Fatal(err)
			}
			sent := time.Now()
			if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
				t.Fatal(err)
			}
			if err := <-answered; err != nil {
				t.Fatal(err)
			}
			outcome := "in_time"
			if time.Since(sent) > 3*time.Second { // the machine stood still
				outcome = ""
			}
			r := b.await("the outcome", func(r reading) bool { return r.sum("discord.interaction.acks") == 1 })
			if outcome != "" {
				r.want(t, reading{acks("application_command", outcome): 1})
			}
			if got := r["discord.interaction.acks{outcome=missed,type=application_command}"]; got != 0 {
				t.Error("the interaction was missed")
			}
			b.assertSeries("discord.rest.request.duration_count", reading{
				requestCount("GET", "/gateway", "200"):                 1,
				requestCount("POST", "/channels/{id}/messages", "200"): 1,
				requestCount("POST", callbacks, "204"):                 1,
			})
		})
	}
}

// TestStrangeRoutesAreTold: where no path looks like Discord's, somebody is told,
// once.
func TestStrangeRoutesAreTold(t *testing.T) {
	told := make(chan error, 100)
	b := newBench(t, nil, instrument.WithErrorHandler(handlerOf(told)))
	s := once(b.session(0, 1))
	s.Client.Transport = nothing{}
	b.attach(s)
	for range 60 {
		_, _ = s.Request(http.MethodGet, "https://proxy.example/rpc", nil)
	}
	select {
	case err := <-told:
		if !strings.Contains(err.Error(), "first 20 REST paths") {
			t.Errorf("told: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("nobody was told")
	}
	b.collect().want(t, reading{"argus.instrumentation.errors{hook=transport}": 1})
}

type handlerOf chan error

func (h handlerOf) Handle(err error) { h <- err }

// ofProxy answers with a status, headers and a body; "" as a Content-Type is
// none, as Rust's hyper has it.
func ofProxy(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for n := 0; n < len(headers); n += 2 {
			if headers[n+1] == "" {
				w.Header()[headers[n]] = nil // net/http guesses none then
				continue
			}
			w.Header().Set(headers[n], headers[n+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestAnswersOfProxies: what a REST proxy answers by itself counts neither as
// Discord's status, limit, invalid request nor error, and what it hands on does.
func TestAnswersOfProxies(t *testing.T) {
	t.Parallel()
	const limited = "{\n\t\"global\": false,\n\t\"message\": \"You are being rate limited.\",\n\t\"retry_after\": 1\n}"
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		status string
		// known is whether this can be told before anything of Discord's was seen.
		known bool
	}{
		"nirn-proxy, another node is away": {ofProxy(429, limited, "generated-by-proxy", "true", "x-ratelimit-scope", "user",
			"x-ratelimit-limit", "1", "x-ratelimit-remaining", "0", "x-ratelimit-reset", "1", "retry-after", "1", "content-type", "application/json"), "429", true},
		"nirn-proxy, Discord takes too long": {ofProxy(408, `Get "https://discord.com/api/v9/users/@me?": context deadline exceeded`), "408", true},
		"nirn-proxy, Discord is away":        {ofProxy(500, `Get "https://discord.com/api/v9/users/@me?": dial tcp: lookup discord.com: no such host`), "500", false},
		"nirn-proxy, the token is locked":    {ofProxy(401, "{\n\t\"message\": \"401: Unauthorized\",\n\t\"code\": 0\n}"), "401", false},
		"nirn-proxy, the webhook is unknown": {ofProxy(404, "{\n  \"message\": \"Unknown Webhook\",\n  \"code\": 10015\n}"), "404", false},
		"Sluice": {ofProxy(503, `{"message":"the budget of invalid requests is spent","code":0}`,
			"Generated-By-Proxy", "true", "Via", "1.1 sluice", "Content-Type", "application/json"), "503", true},
		"discord-api-proxy":                    {ofProxy(429, "You are being ratelimited.", "x-sent-by-proxy", "true", "x-ratelimit-bucket", "5"), "429", true},
		"twilight, Discord is away":            {ofProxy(502, "http-proxy: Error requesting the Discord API", "Content-Type", ""), "502", true},
		"twilight, a path":                     {ofProxy(501, "http-proxy: Failed to parse API path from client request", "Content-Type", ""), "501", true},
		"twilight, its rate limiter":           {ofProxy(500, "http-proxy: Acquiring ticket from the ratelimiter failed", "Content-Type", ""), "500", true},
		"nginx, its upstream is away":          {ofProxy(502, "<html><head><title>502 Bad Gateway</title></head></html>", "Server", "nginx", "Content-Type", "text/html"), "502", false},
		"something forbids it":                 {ofProxy(403, "Forbidden", "Content-Type", "text/plain"), "403", false},
		"something limits, with an empty body": {ofProxy(429, ""), "429", false},
		"a status of its own":                  {ofProxy(599, "no"), "other", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, seen := range []bool{false, true} {
				b := newBench(t, nil)
				s := once(b.session(0, 1))
				p := newRESTProxy(b, "/discord/api/v9")
				p.through(b, s)
				if seen {
					if _, err := s.User("@me"); err != nil {
						t.Fatal(err)
					}
				}
				before := b.collect()
				p.answer.Store(&tt.answer)
				if _, err := s.User("@me"); err == nil {
					t.Fatal("there is no error")
				}
				r := b.collect()
				changed := maps.Clone(r)
				maps.DeleteFunc(changed, func(k string, v float64) bool {
					return v == before[k] || strings.HasSuffix(strings.SplitN(k, "{", 2)[0], "_sum")
				})
				delete(changed, "discord.uptime")
				got := fmt.Sprint(changed)
				want := fmt.Sprint(reading{
					requestCount("GET", "/users/@me", "proxy"):               1,
					"discord.rest.proxy.responses{status=" + tt.status + "}": 1,
				})
				if seen || tt.known {
					if got != want {
						t.Errorf("Discord was seen: %t\n got %s\nwant %s", seen, got, want)
					}
				} else if got == want {
					t.Errorf("what does not tell counts as a proxy's: %s", got)
				}
			}
		})
	}
}

// TestAnswersOfDiscord: what a proxy hands on is Discord's, and so is what a fake
// answers that knows nothing of Discord's edge.
func TestAnswersOfDiscord(t *testing.T) {
	t.Parallel()
	for _, strip := range []bool{false, true} {
		t.Run(fmt.Sprintf("strip=%t", strip), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			s := once(b.session(0, 1))
			p := newRESTProxy(b, "/api/v9")
			p.strip.Store(strip)
			p.through(b, s)
			want := reading{}
			for n, tt := range []struct {
				status int
				body   string
				kind   string
			}{
				{403, `{"message":"Missing Access","code":50001}`, "application/json"},
				{401, `{"message":"401: Unauthorized","code":0}`, "application/json"},
				{429, `{"message":"You are being rate limited.","retry_after":0,"global":false}`, "application/json"},
				{404, "", ""},
				{500, "Internal Server Error", "text/plain"},
				{502, "<html>", "text/html"},
			} {
				b.srv.Handle(http.MethodGet, "/users/@me", ofProxy(tt.status, tt.body, "Content-Type", tt.kind))
				if n == 4 && strip { // no fake of Go's has a body without a type
					b.srv.Handle(http.MethodGet, "/users/@me", ofProxy(tt.status, tt.body))
				}
				if _, err := s.User("@me"); err == nil {
					t.Fatalf("%d: there is no error", tt.status)
				}
				want[requestCount("GET", "/users/@me", fmt.Sprint(tt.status))]++
			}
			b.assertSeries("discord.rest.request.duration_count", want)
			b.collect().want(t, reading{
				"discord.rest.invalid_requests{status=401}":          1,
				"discord.rest.invalid_requests{status=403}":          1,
				"discord.rest.invalid_requests{status=429}":          1,
				"discord.rest.errors{error_code=50001}":              1,
				"discord.ratelimits{route=/users/@me,scope=unknown}": 1,
				"discord.rest.proxy.responses{status=other}":         0,
			})
		})
	}
}

// TestBanOfTheEdge: Cloudflare's own answers, as to a banned address, are
// Discord's: they have no Via, but a CF-Ray.
func TestBanOfTheEdge(t *testing.T) {
	b := newBench(t, nil)
	s := once(b.session(0, 1))
	b.attach(s)
	if _, err := s.User("@me"); err != nil {
		t.Fatal(err)
	}
	b.srv.Handle(http.MethodGet, "/users/@me", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Del("Via")
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, "error code: 1015")
	})
	if _, err := s.User("@me"); err == nil {
		t.Fatal("there is no error")
	}
	b.collect().want(t, reading{
		"discord.rest.invalid_requests{status=429}":          1,
		"discord.ratelimits{route=/users/@me,scope=unknown}": 1,
	})
}

// TestProxysCacheIsOld: nirn-proxy keeps GET /gateway/bot for half an hour, with
// the Date of then.
func TestProxysCacheIsOld(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	p := newRESTProxy(b, "/api/v9")
	p.through(b, s)
	old := ofProxy(200, `{"url":"wss://x","shards":1,"session_start_limit":{"total":1000,"remaining":7,"reset_after":1000000,"max_concurrency":1}}`,
		"X-Cached", "true", "CF-Ray", "1-FRA", "Content-Type", "application/json", "Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	p.answer.Store(&old)
	if _, err := s.GatewayBot(); err != nil {
		t.Fatal(err)
	}
	if got := b.collect().with("discord.gateway.session_start.remaining"); len(got) > 0 {
		t.Errorf("an old number is shown: %v", got)
	}
	p.answer.Store(nil)
	answered := make(chan error, 1)
	s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) { answered <- pong(s, i.Interaction) })
	b.open(s)
	if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now().Add(-2*time.Second), "ping"); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	// A clock that is thought to be an hour ahead would make it younger than it is.
	if age := b.collect()["discord.interaction.receipt.age_sum{type=application_command}"]; age < 1.9 {
		t.Errorf("the age is %v, want 2 or more", age)
	}
	if _, err := s.GatewayBot(); err != nil {
		t.Fatal(err)
	}
	b.awaitValue("discord.gateway.session_start.max_concurrency", 1)
}
