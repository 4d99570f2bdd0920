package instrument_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// requestCount is the series of how many requests were timed.
func requestCount(method, route, status string) string {
	return fmt.Sprintf("discord.rest.request.duration_count{method=%s,route=%s,status=%s}", method, route, status)
}

// once makes a session try each request once.
func once(s *discordgo.Session) *discordgo.Session {
	s.MaxRestRetries = 0
	s.ShouldRetryOnRateLimit = false
	return s
}

// TestRequestsByMethodAndStatus: each status of the closed set has a series of its own,
// any other is "other", and so is a method.
func TestRequestsByMethodAndStatus(t *testing.T) {
	b := newBench(t, nil)
	s := once(b.session(0, 1))
	b.attach(s)
	var status atomic.Int64
	b.srv.Handle("", "/users/@me", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
		if status.Load() == http.StatusTooManyRequests {
			_, _ = io.WriteString(w, `{"retry_after":0}`)
		}
	})
	want := reading{}
	ask := func(method string, code int, methodLabel, statusLabel string) {
		status.Store(int64(code))
		_, _ = s.Request(method, discordgo.EndpointUser("@me"), nil) // most of these are errors
		want[requestCount(methodLabel, "/users/@me", statusLabel)]++
	}
	for _, label := range catalog.Statuses() {
		if code, err := strconv.Atoi(label); err == nil {
			ask(http.MethodGet, code, "GET", label)
			ask(http.MethodPatch, code, "PATCH", label)
		}
	}
	for _, code := range []int{203, 206, 305, 402, 418, 499, 501, 505, 521, 599, 799, 999} {
		ask(http.MethodGet, code, "GET", "other")
	}
	for _, method := range catalog.Methods() {
		if method != catalog.Other {
			ask(method, http.StatusOK, method, "200")
		}
	}
	for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodTrace, "PURGE", "get", "M-SEARCH"} {
		ask(method, http.StatusOK, "other", "200")
	}
	b.assertSeries("discord.rest.request.duration_count", want)
}

// assertSeries compares all series of a name.
func (b *bench) assertSeries(name string, want reading) {
	b.Helper()
	got := b.collect().with(name)
	for series, n := range want {
		if v, there := got[series]; !there || v != n {
			b.Errorf("%s is %v (there: %v), want %v", series, v, there, n)
		}
	}
	for series, n := range got {
		if _, wanted := want[series]; !wanted {
			b.Errorf("%s is %v, want none", series, n)
		}
	}
}

// userTransport is a user's transport that is a function.
type userTransport func(*http.Request) (*http.Response, error)

func (f userTransport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRequestsWithoutResponse: whatever the reason, it counts as failed, and
// nothing stays in flight.
func TestRequestsWithoutResponse(t *testing.T) {
	b := newBench(t, nil)
	drop := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, tt := range map[string]struct {
		transport http.RoundTripper
		handler   http.HandlerFunc
		timeout   time.Duration
		cancel    time.Duration
		panics    bool
	}{
		"dropped":         {handler: drop},
		"timed out":       {handler: hang, timeout: 20 * time.Millisecond},
		"cancelled":       {handler: hang, cancel: 20 * time.Millisecond},
		"transport error": {transport: userTransport(func(*http.Request) (*http.Response, error) { return nil, io.ErrClosedPipe })},
		"transport panic": {transport: userTransport(func(*http.Request) (*http.Response, error) { panic("the user's own") }), panics: true},
		"panic with nil error": {transport: userTransport(func(*http.Request) (*http.Response, error) {
			var err error
			panic(err) //nolint:govet // the user's own mistake
		}), panics: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := once(b.session(0, 1))
			if tt.transport != nil {
				s.Client.Transport = tt.transport
			}
			s.Client.Timeout = tt.timeout
			detach := b.attach(s)
			defer detach()
			b.srv.Handle("", "/users/@me", tt.handler)
			defer b.srv.Handle("", "/users/@me", nil)
			ctx, cancel := context.WithCancel(b.context())
			defer cancel()
			if tt.cancel > 0 {
				time.AfterFunc(tt.cancel, cancel)
			}
			before := b.collect()[requestCount("GET", "/users/@me", "failed")]
			err := func() (err error) {
				defer func() {
					if r := recover(); (r != nil) != tt.panics {
						t.Errorf("recovered %v, want a panic: %v", r, tt.panics)
					}
				}()
				_, err = s.User("@me", discordgo.WithContext(ctx))
				return err
			}()
			if err == nil && !tt.panics {
				t.Error("there is no error")
			}
			r := b.collect()
			if got := r[requestCount("GET", "/users/@me", "failed")] - before; got != 1 {
				t.Errorf("%v requests failed, want 1", got)
			}
			if got := r["discord.rest.requests.in_flight"]; got != 0 {
				t.Errorf("%v requests are in flight, want 0", got)
			}
		})
	}
	if got := b.collect().sum("argus.instrumentation.errors"); got != 0 {
		t.Errorf("%v faults of the instrumentation, want none: these are the user's", got)
	}
}

// TestRequestsInFlight goes up with each request that waits for its header, and
// down with the header, not with the body.
func TestRequestsInFlight(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	const most = 5
	header, body := make(chan struct{}), make(chan struct{})
	b.srv.Handle("GET", "/guilds/{id}", func(w http.ResponseWriter, r *http.Request) {
		wait(r, header)
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		wait(r, body)
		_, _ = io.WriteString(w, `{}`)
	})
	b.awaitValue("discord.rest.requests.in_flight", 0)
	var done sync.WaitGroup
	for n := range most {
		done.Go(func() {
			if _, err := s.Guild(strconv.Itoa(n + 1)); err != nil { // each has a bucket of its own
				t.Error(err)
			}
		})
		b.awaitValue("discord.rest.requests.in_flight", float64(n+1))
	}
	for n := range most {
		header <- struct{}{}
		b.awaitValue("discord.rest.requests.in_flight", float64(most-n-1))
	}
	close(body)
	done.Wait()
}

// wait ends with the request, so that the server can end.
func wait(r *http.Request, c <-chan struct{}) {
	select {
	case <-c:
	case <-r.Context().Done():
	}
}

// TestInvalidRequests: 401, 403 and 429 count, but for the limits that are
// shared with others.
func TestInvalidRequests(t *testing.T) {
	b := newBench(t, nil)
	s := once(b.session(0, 1))
	b.attach(s)
	var status atomic.Int64
	var headers http.Header
	b.srv.Handle("", "/users/@me", func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), headers)
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, `{"retry_after":0}`)
	})
	zero := reading{
		"discord.rest.invalid_requests{status=401}": 0,
		"discord.rest.invalid_requests{status=403}": 0,
		"discord.rest.invalid_requests{status=429}": 0,
	}
	b.assertSeries("discord.rest.invalid_requests", zero)
	for _, tt := range []struct {
		status                  int
		scope, global           string
		want401, want403, want4 float64
	}{
		{status: 200},
		{status: 400},
		{status: 404},
		{status: 500},
		{status: 401, want401: 1},
		{status: 403, want401: 1, want403: 1},
		{status: 429, scope: "shared", want401: 1, want403: 1},
		{status: 429, scope: "shared", global: "true", want401: 1, want403: 1},
		{status: 429, scope: "user", want401: 1, want403: 1, want4: 1},
		{status: 429, scope: "global", want401: 1, want403: 1, want4: 2},
		{status: 429, global: "true", want401: 1, want403: 1, want4: 3},
		{status: 429, want401: 1, want403: 1, want4: 4},
		{status: 429, scope: "of tomorrow", want401: 1, want403: 1, want4: 5},
		{status: 403, scope: "shared", want401: 1, want403: 1, want4: 5}, // what Discord would not send is not counted either
	} {
		headers = http.Header{}
		if tt.scope != "" {
			headers.Set("X-RateLimit-Scope", tt.scope)
		}
		if tt.global != "" {
			headers.Set("X-RateLimit-Global", tt.global)
		}
		status.Store(int64(tt.status))
		_, _ = s.User("@me")
		r := b.collect()
		for status, want := range map[string]float64{"401": tt.want401, "403": tt.want403, "429": tt.want4} {
			if got := r["discord.rest.invalid_requests{status="+status+"}"]; got != want {
				t.Errorf("after %d of scope %q (global %q): %v of %s, want %v", tt.status, tt.scope, tt.global, got, status, want)
			}
		}
	}
	b.assertSeries("discord.ratelimits", reading{
		"discord.ratelimits{route=/users/@me,scope=shared}":  2,
		"discord.ratelimits{route=/users/@me,scope=user}":    1,
		"discord.ratelimits{route=/users/@me,scope=global}":  2,
		"discord.ratelimits{route=/users/@me,scope=unknown}": 2,
		"discord.ratelimits{route=other,scope=shared}":       0,
		"discord.ratelimits{route=other,scope=user}":         0,
		"discord.ratelimits{route=other,scope=global}":       0,
		"discord.ratelimits{route=other,scope=unknown}":      0,
	})
}

func gzipped(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	return b.String()
}

// TestRESTErrors: the code of the JSON is counted, however the body comes, and
// what is not known is not.
func TestRESTErrors(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	long := strings.Repeat("x", 20<<10)
	for name, tt := range map[string]struct {
		body   string
		status int    // default 400
		header string // of the response: Content-Encoding
		length int    // of the body, by its header, where it is another
		unread bool
		part   int    // how much of it is read
		want   string // the code; empty: none is counted
	}{
		"documented":                  {body: `{"message":"Missing Permissions","code":50013}`, want: "50013"},
		"first":                       {body: `{"code": 10062, "message": "Unknown interaction"}`, want: "10062"},
		"general":                     {body: `{"message":"401: Unauthorized","code":0}`, status: 401, want: "0"},
		"server error":                {body: `{"message":"x","code":130000}`, status: 503, want: "130000"},
		"undocumented":                {body: `{"message":"x","code":987654}`, want: "other"},
		"negative":                    {body: `{"code":-1}`, want: "other"},
		"nested":                      {body: `{"errors":{"code":50013,"x":[{"code":10062}]},"message":"code"}`},
		"nested, then its own":        {body: `{"errors":{"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH"}]}},"code":50035,"message":"Invalid Form Body"}`, want: "50035"},
		"string":                      {body: `{"code":"10062"}`},
		"fraction":                    {body: `{"code":10062.5}`},
		"exponent":                    {body: `{"code":1e400}`},
		"too large":                   {body: `{"code":99999999999999999999}`},
		"null":                        {body: `{"code":null}`},
		"bool":                        {body: `{"code":true}`},
		"object":                      {body: `{"code":{"code":10062}}`},
		"other case":                  {body: `{"Code":10062}`},
		"no code":                     {body: `{"message":"x"}`},
		"array":                       {body: `[{"code":10062}]`},
		"page":                        {body: `<html>code: 10062</html>`, status: 502},
		"empty":                       {body: ``},
		"not an error":                {body: `{"code":10062}`, status: 200},
		"truncated after":             {body: `{"code":10062,"message":"Unk`, length: 100, want: "10062"},
		"truncated before":            {body: `{"message":"Unknown interaction","co`, length: 100},
		"truncated in it":             {body: `{"message":"Unknown interaction","code":1006`, length: 100},
		"truncated after it":          {body: `{"message":"Unknown interaction","code":10062`, length: 100},
		"gzip":                        {body: gzipped(`{"code":10062}`), header: "gzip", want: "10062"},
		"gzip that is not":            {body: `{"code":10062}`, header: "gzip"},
		"other encoding":              {body: gzipped(`{"code":10062}`), header: "br"},
		"long, code first":            {body: `{"code":10062,"message":"` + long + `"}`, want: "10062"},
		"long, code last":             {body: `{"message":"` + long + `","code":10062}`},
		"long, cut in the code":       {body: `{"message":"` + strings.Repeat("x", 16<<10-len(`{"message":"","code":1006`)) + `","code":10062}`},
		"as long as it may be":        {body: `{"message":"` + strings.Repeat("x", 16<<10-len(`{"message":"","code":10062}`)) + `","code":10062}`, want: "10062"},
		"closed unread":               {body: `{"code":10062}`, unread: true},
		"closed before the code":      {body: `{"message":"x","code":10062}`, part: 10},
		"closed right after the code": {body: `{"code":10062,"message":"x"}`, part: 14, want: "10062"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			s := b.session(0, 1)
			b.attach(s)
			b.srv.Handle("GET", "/users/@me", func(w http.ResponseWriter, _ *http.Request) {
				if tt.header != "" {
					w.Header().Set("Content-Encoding", tt.header)
				}
				w.Header().Set("Content-Length", strconv.Itoa(max(tt.length, len(tt.body))))
				w.WriteHeader(max(tt.status, http.StatusBadRequest*oneIf(tt.status == 0)))
				_, _ = io.WriteString(w, tt.body)
			})
			response, err := s.Client.Do(b.request(s, http.MethodGet, discordgo.EndpointUser("@me")))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.part > 0:
				_, err = io.ReadFull(response.Body, make([]byte, tt.part))
			case !tt.unread:
				_, err = io.Copy(io.Discard, response.Body)
			}
			_ = response.Body.Close()
			_ = response.Body.Close() // a second time, which says nothing more
			if failed := err != nil; failed != (tt.length > 0 || name == "gzip that is not") {
				t.Errorf("reading: %v", err)
			}
			// What Discord refuses late and repeated answers with is there from the start.
			want := reading{"discord.rest.errors{error_code=10062}": 0, "discord.rest.errors{error_code=40060}": 0}
			if tt.want != "" {
				want["discord.rest.errors{error_code="+tt.want+"}"]++
			}
			b.assertSeries("discord.rest.errors", want)
		})
	}
}

// request makes one of the session's, to be sent with its Client.
func (b *bench) request(s *discordgo.Session, method, url string) *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(b.context(), method, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", s.Token)
	return r
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestQueueWait: the limiter holds a bucket for the whole of a request, so a
// request of the same bucket waits as long as a slow one before it needs.
func TestQueueWait(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, injected := range []time.Duration{0, 800 * time.Millisecond, 2500 * time.Millisecond, 3400 * time.Millisecond} {
		t.Run(injected.String(), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			s := b.session(0, 1)
			b.attach(s)
			begun, due := make(chan struct{}), make(chan time.Time, 1)
			arrived := make(chan time.Time, 4)
			var first atomic.Bool
			b.srv.Handle("GET", "/users/@me", func(w http.ResponseWriter, r *http.Request) {
				arrived <- time.Now()
				if !first.Swap(true) {
					close(begun)
					until := time.NewTimer(time.Until(<-due))
					defer until.Stop()
					select {
					case <-until.C:
					case <-r.Context().Done():
					}
				}
				_, _ = io.WriteString(w, `{}`)
			})
			ask := func(opts ...discordgo.RequestOption) {
				if _, err := s.User("@me", opts...); err != nil {
					t.Error(err)
				}
			}
			var slow sync.WaitGroup
			if injected > 0 {
				slow.Go(func() { ask() })
				<-begun
				<-arrived
			} else {
				first.Store(true)
			}
			began := time.Now()
			option := b.inst.RequestOption(context.Background())
			due <- began.Add(injected)
			ask(option)
			slow.Wait()
			// It has waited before it went out, and so before it arrived.
			measured := (<-arrived).Sub(began)
			r := b.collect()
			const series = "discord.rest.queue.wait_%s{route=/users/@me}"
			wait := time.Duration(r[fmt.Sprintf(series, "sum")] * float64(time.Second))
			if n := r[fmt.Sprintf(series, "count")]; n != 1 {
				t.Errorf("%v waits recorded, want 1: only one request has the option", n)
			}
			if wait < injected || wait > measured {
				t.Errorf("waited for %v, want %v (measured: %v)", wait, injected, measured)
			}
			t.Logf("injected %v, measured %v, recorded %v", injected, measured, wait)

			ask(option)
			if n := b.collect()[fmt.Sprintf(series, "count")]; n != 1 {
				t.Errorf("%v waits recorded with an option that was used twice, want 1", n)
			}
			ask(b.inst.RequestOption(context.Background()))
			if n := b.collect()[fmt.Sprintf(series, "count")]; n != 2 {
				t.Errorf("%v waits recorded with two options, want 2", n)
			}
		})
	}
}

// TestQueueWaitOfRepeatedRequests: discordgo applies the options anew each time
// it repeats a request.
func TestQueueWaitOfRepeatedRequests(t *testing.T) {
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(1)))
	s := b.session(0, 1)
	var sent atomic.Pointer[time.Time] // when the first try goes out
	transport := s.Client.Transport
	s.Client.Transport = userTransport(func(r *http.Request) (*http.Response, error) {
		now := time.Now()
		sent.CompareAndSwap(nil, &now)
		return transport.RoundTrip(r)
	})
	b.attach(s)
	channel := b.srv.TextChannel(b.srv.Guilds()[0])
	b.srv.Fail("POST", "/channels/{id}/messages", http.StatusBadGateway, 2)
	b.srv.RateLimit(discordtest.RateLimit{Method: "POST", Pattern: "/channels/{id}/messages", RetryAfter: 300 * time.Millisecond})
	asked := time.Now()
	if _, err := s.ChannelMessageSend(channel, "hello", b.inst.RequestOption(context.Background())); err != nil {
		t.Fatal(err)
	}
	r := b.collect()
	const route = "/channels/{id}/messages"
	b.assertSeries("discord.rest.request.duration_count", reading{
		requestCount("POST", route, "429"): 1, requestCount("POST", route, "502"): 2, requestCount("POST", route, "200"): 1,
	})
	if n := r["discord.rest.queue.wait_count{route="+route+"}"]; n != 1 {
		t.Errorf("%v waits recorded, want 1", n)
	}
	if sum, most := r["discord.rest.queue.wait_sum{route="+route+"}"], sent.Load().Sub(asked); sum > most.Seconds() {
		t.Errorf("waited for %v s, and %v passed before the first try: the wait before a retry is not the limiter's", sum, most)
	}
}

// TestRequestOptionChangesNothing: nor does it fail where there is nothing to
// measure.
func TestRequestOptionChangesNothing(t *testing.T) {
	b := newBench(t, nil)
	option := b.inst.RequestOption(context.Background())
	option(nil)
	option(&discordgo.RequestConfig{})
	request, err := http.NewRequest(http.MethodGet, discordgo.EndpointUser("@me"), nil)
	if err != nil {
		t.Fatal(err)
	}
	was := *request
	cfg := &discordgo.RequestConfig{Request: request, ShouldRetryOnRateLimit: true, MaxRestRetries: 7, Client: http.DefaultClient}
	option(cfg)
	if cfg.Request != request || request.URL != was.URL || request.Context() != was.Context() || len(request.Header) != 0 ||
		!cfg.ShouldRetryOnRateLimit || cfg.MaxRestRetries != 7 || cfg.Client != http.DefaultClient {
		t.Errorf("the request's configuration was changed: %+v", cfg)
	}
	b.assertSeries("discord.rest.queue.wait_count", reading{"discord.rest.queue.wait_count{route=/users/@me}": 1})
}

const gatewayBot = `{"url":"ws://127.0.0.1","shards":3,"session_start_limit":{"total":1000,"remaining":%d,"reset_after":%d,"max_concurrency":16}}`

// TestSessionStart: the budget of IDENTIFYs is that of the bot's own last GET
// /gateway/bot, until it is set back.
func TestSessionStart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithSessionStartLimit(1000, 900, time.Hour), discordtest.WithMaxConcurrency(4)))
	s := b.session(0, 1)
	b.attach(s)
	const prefix = "discord.gateway.session_start."
	b.assertSessionStart(nil)
	if _, err := s.Gateway(); err != nil {
		t.Fatal(err)
	}
	b.assertSessionStart(nil) // GET /gateway does not tell

	ask := func() {
		if _, err := s.GatewayBot(); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	remaining, total, reset := b.srv.SessionStarts()
	b.assertSessionStart(reading{prefix + "remaining": float64(remaining), prefix + "limit": float64(total), prefix + "max_concurrency": 4})
	if at := b.collect()[prefix+"reset.timestamp"]; math.Abs(at-float64(reset.UnixMilli())/1000) > 1 {
		t.Errorf("the reset is at %v, want %v", at, reset.Unix())
	}
	b.srv.SpendSessionStarts(900)
	ask()
	b.assertSessionStart(reading{prefix + "remaining": 0, prefix + "limit": 1000, prefix + "max_concurrency": 4})

	// From the reset on nobody knows what is left.
	b.srv.Handle("GET", "/gateway/bot", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, gatewayBot, 5, 2000) })
	asked := time.Now()
	ask()
	if r := b.collect(); time.Since(asked) < 2*time.Second && r[prefix+"remaining"] != 5 {
		t.Errorf("%v remain, want 5", r[prefix+"remaining"])
	}
	b.await("the reset", func(r reading) bool {
		_, there := r[prefix+"remaining"]
		return !there
	})
	if passed := time.Since(asked); passed < 2*time.Second {
		t.Errorf("the reset came after %v, want 2 s", passed)
	}
	b.assertSessionStart(reading{prefix + "max_concurrency": 16})
}

// assertSessionStart compares the session start gauges, but for the time.
func (b *bench) assertSessionStart(want reading) {
	b.Helper()
	got := b.collect()
	_, timed := got["discord.gateway.session_start.reset.timestamp"]
	_, counted := want["discord.gateway.session_start.remaining"]
	if timed != counted {
		b.Errorf("the reset's time is there: %v, want %v", timed, counted)
	}
	for _, name := range []string{"remaining", "total", "max_concurrency"} {
		series := "discord.gateway.session_start." + name
		v, there := got[series]
		wanted, want := want[series], want != nil && func() bool { _, ok := want[series]; return ok }()
		if there != want || v != wanted {
			b.Errorf("%s is %v (there: %v), want %v (%v)", series, v, there, wanted, want)
		}
	}
}

// TestSessionStartOfMalformedBodies: they say nothing, neither before a good one
// nor after.
func TestSessionStartOfMalformedBodies(t *testing.T) {
	b := newBench(t, nil)
	s := once(b.session(0, 1))
	b.attach(s)
	var body atomic.Value
	var status atomic.Int64
	b.srv.Handle("", "/gateway/bot", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, body.Load().(string))
	})
	ask := func(code int, text string) {
		status.Store(int64(code))
		body.Store(text)
		_, _ = s.Request("GET", discordgo.EndpointGatewayBot, nil) // GatewayBot panics at null (v0.29.0)
	}
	malformed := func() {
		good := fmt.Sprintf(gatewayBot, 5, 3600_000)
		for _, text := range []string{
			``, `null`, `7`, `[]`, `{}`, `{"session_start_limit":null}`, `{"session_start_limit":[]}`, `{"session_start_limit":{}}`,
			strings.Replace(good, `"remaining":5`, `"remaining":-1`, 1),
			strings.Replace(good, `"remaining":5`, `"remaining":"5"`, 1),
			strings.Replace(good, `"remaining":5`, `"remaining":null`, 1),
			strings.Replace(good, `"remaining":5,`, ``, 1),
			strings.Replace(good, `"total":1000`, `"total":1e99`, 1),
			strings.Replace(good, `"total":1000`, `"total":99999999999999999999`, 1),
			strings.Replace(good, `"reset_after":3600000`, `"reset_after":-3600000`, 1),
			strings.Replace(good, `"max_concurrency":16`, `"max_concurrency":-16`, 1),
			good[:len(good)-1], good + "x",
			`{"x":"` + strings.Repeat("x", 20<<10) + `",` + good[1:],
		} {
			ask(http.StatusOK, text)
		}
		ask(http.StatusInternalServerError, good)
		ask(http.StatusCreated, good)
	}
	malformed()
	b.assertSessionStart(nil)
	ask(http.StatusOK, fmt.Sprintf(gatewayBot, 77, 3600_000))
	const prefix = "discord.gateway.session_start."
	want := reading{prefix + "remaining": 77, prefix + "limit": 1000, prefix + "max_concurrency": 16}
	b.assertSessionStart(want)
	malformed()
	b.assertSessionStart(want)
	// A reset beyond all reason is still one, and the time does not overflow.
	ask(http.StatusOK, fmt.Sprintf(gatewayBot, 1, int64(math.MaxInt64)))
	b.assertSessionStart(reading{prefix + "remaining": 1, prefix + "limit": 1000, prefix + "max_concurrency": 16})
	if at := b.collect()[prefix+"reset.timestamp"]; at < float64(time.Now().Unix()) || at > float64(time.Now().AddDate(2, 0, 0).Unix()) {
		t.Errorf("the reset is at %v", at)
	}
}

// TestRequestSeriesAreCapped: from 1,000 on, further ones have the route "other",
// also when they come all at once.
func TestRequestSeriesAreCapped(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	statuses := []int{200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 409, 413, 500, 502, 503, 504, 520, 522, 524}
	s.Client.Transport = userTransport(func(r *http.Request) (*http.Response, error) {
		status, err := strconv.Atoi(r.Header.Get("status"))
		if err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})
	b.attach(s)
	ask := func(method, path string, status int) {
		r, err := http.NewRequest(method, discordgo.EndpointAPI+path, nil)
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("status", strconv.Itoa(status))
		response, err := s.Client.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		_ = response.Body.Close()
	}
	var paths []string
	for _, template := range catalog.Routes() {
		if strings.HasPrefix(template, "/cdn") {
			continue
		}
		path := template[1:]
		for _, placeholder := range []string{"{id}", "{token}", "{emoji}", "{code}", "{instance}", "{file}"} {
			path = strings.ReplaceAll(path, placeholder, "17")
		}
		paths = append(paths, path)
	}
	methods := catalog.Methods()
	methods[len(methods)-1] = "PURGE"
	asked := 0
	var all sync.WaitGroup
	for _, status := range statuses {
		all.Go(func() {
			for _, path := range paths {
				for _, method := range methods {
					ask(method, path, status)
				}
			}
		})
		asked += len(paths) * len(methods)
	}
	all.Wait()
	counts := b.collect().with("discord.rest.request.duration_count")
	var total float64
	told, rest := 0, 0
	for series, n := range counts {
		total += n
		if strings.Contains(series, "route=other,") {
			rest++
		} else {
			told++
		}
	}
	if total != float64(asked) {
		t.Errorf("%v requests were timed, want %d", total, asked)
	}
	if told > catalog.MaxRequestSeries || told < catalog.MaxRequestSeries-len(catalog.Methods())*len(catalog.Statuses()) {
		t.Errorf("%d combinations have series, want about and at most %d", told, catalog.MaxRequestSeries)
	}
	if most := len(catalog.Methods()) * len(catalog.Statuses()); rest == 0 || rest > most {
		t.Errorf("there are %d series of the route other, want 1 to %d", rest, most)
	}
	// A series that is there goes on to be counted.
	for series, n := range counts {
		if strings.Contains(series, "method=GET") && !strings.Contains(series, "route=other,") && strings.Contains(series, "status=200") {
			path := strings.NewReplacer("{id}", "17", "{token}", "17", "{emoji}", "17", "{code}", "17", "{instance}", "17", "{file}", "17").Replace(between(series, "route=/", ",status"))
			ask("GET", path, 200)
			b.awaitValue(series, n+1)
			break
		}
	}
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

// TestNoTokenLeaves: tokens are in the paths of interactions and webhooks. They
// get neither into a label nor into what is told to the error handler.
func TestNoTokenLeaves(t *testing.T) {
	b := newBench(t, nil)
	const secret = "dG9rZW4tb2YtYW4taW50ZXJhY3Rpb24"
	paths := []string{
		"interactions/1144/" + secret + "/callback",
		"interactions/1144/" + secret + "/callback/" + secret,
		"interactions/" + secret + "/" + secret + "/callback",
		"webhooks/1144/" + secret,
		"webhooks/1144/" + secret + "/messages/@original",
		"webhooks/1144/" + secret + "/messages/5",
		"webhooks/1144/" + secret + "/github",
		"webhooks/" + secret + "/5",
		"channels/" + secret + "/messages",
		secret, "users/" + secret, "invites/" + secret, "%2e%2e/" + secret, "guilds/templates/" + secret,
	}
	answers := []func(*http.Request) (*http.Response, error){
		func(*http.Request) (*http.Response, error) { return nil, errors.New("no way to " + secret) },
		func(r *http.Request) (*http.Response, error) {
			header := http.Header{"X-Ratelimit-Scope": {secret}, "Date": {secret}, "Age": {secret}}
			body := io.NopCloser(strings.NewReader(`{"message":"` + secret + `","retry_after":0,"code":10062,"` + secret + `":` + secret))
			return &http.Response{StatusCode: http.StatusTooManyRequests, Header: header, Body: body, Request: r}, nil
		},
		func(*http.Request) (*http.Response, error) { panic(secret) },
	}
	var answer func(*http.Request) (*http.Response, error)
	s := b.session(0, 1)
	s.Client.Timeout = 0 // with one, net/http leaves a goroutine behind when a transport panics
	s.Client.Transport = userTransport(func(r *http.Request) (*http.Response, error) { return answer(r) })
	b.attach(s)
	for _, answer = range answers {
		for _, path := range paths {
			for _, method := range []string{http.MethodPost, http.MethodGet, secret} {
				func() {
					defer func() { _ = recover() }()
					r, err := http.NewRequest(method, discordgo.EndpointAPI+path, nil)
					if err != nil {
						t.Error(err)
						return
					}
					b.inst.RequestOption(context.Background())(&discordgo.RequestConfig{Request: r})
					response, err := s.Client.Do(r)
					if err == nil {
						_, _ = io.Copy(io.Discard, response.Body)
						_ = response.Body.Close()
					}
				}()
			}
		}
	}
	readings := b.collect()
	for _, name := range []string{"discord.rest.request.duration_count", "discord.rest.queue.wait_count"} {
		if got, want := readings.sum(name), float64(len(answers)*len(paths)*3); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for series := range readings {
		if strings.Contains(series, secret) {
			t.Errorf("the series %s has the token", series)
		}
	}
	if got := readings["discord.rest.requests.in_flight"]; got != 0 {
		t.Errorf("%v requests are in flight, want 0", got)
	}
	reported.Lock()
	defer reported.Unlock()
	for _, err := range reported.errs {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error handler was told %q", err)
		}
	}
}
