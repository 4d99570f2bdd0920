package instrument_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// A seenRequest is what a user's transport sees of a request.
type seenRequest struct {
	Method, URL, Host, Body string
	Header                  http.Header
	Length                  int64
	Deadline, GetBody       bool
}

// A witness is a user's transport that notes what comes by.
type witness struct {
	next http.RoundTripper
	err  error // given in place of a response

	mu   sync.Mutex
	seen []seenRequest
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	_, deadline := r.Context().Deadline()
	w.mu.Lock()
	w.seen = append(w.seen, seenRequest{r.Method, r.URL.String(), r.Host, string(body), r.Header.Clone(), r.ContentLength, deadline, r.GetBody != nil})
	w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	out := r.Clone(r.Context())
	out.Body = io.NopCloser(bytes.NewReader(body))
	return w.next.RoundTrip(out)
}

// A result is all that a user gets of a call.
type result struct {
	Value, Error string
	Types        []string // of the errors, outermost first
	Is           []bool   // of the errors that a bot asks for
	Requests     []seenRequest
}

// errorTypes are the types of an error and of those that it wraps.
func errorTypes(err error) (types []string) {
	for ; err != nil; err = errors.Unwrap(err) {
		types = append(types, fmt.Sprintf("%T", err))
	}
	return types
}

var errUsers = errors.New("the user's own")

// restCalls are the methods of discordgo that the examples and the demo bot
// call, and some more: each verb, bodies of each kind, and no result.
var restCalls = map[string]func(*discordgo.Session, ...discordgo.RequestOption) (any, error){
	"ApplicationCommandCreate": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		return s.ApplicationCommandCreate("11", "", &discordgo.ApplicationCommand{Name: "ping", Description: "Answers with pong"}, o...)
	},
	"ApplicationCommandBulkOverwrite": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		return s.ApplicationCommandBulkOverwrite("11", "22", []*discordgo.ApplicationCommand{{Name: "ping", Description: "x"}}, o...)
	},
	"InteractionRespond": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		return nil, s.InteractionRespond(usersInteraction, &discordgo.InteractionResponse{
			Type: discordgo.InteractionResponseChannelMessageWithSource, Data: &discordgo.InteractionResponseData{Content: "Pong!"},
		}, o...)
	},
	"InteractionResponseEdit": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		text := "done"
		return s.InteractionResponseEdit(usersInteraction, &discordgo.WebhookEdit{Content: &text}, o...)
	},
	"FollowupMessageCreate": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		return s.FollowupMessageCreate(usersInteraction, true, &discordgo.WebhookParams{Content: "and then"}, o...)
	},
	"GuildBanCreate": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		return nil, s.GuildBanCreate("22", "33", 0, o...)
	},
	"ChannelMessageSend": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		return s.ChannelMessageSend("44", "Pong! \u00fc", o...)
	},
	"ChannelMessageDelete": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		return nil, s.ChannelMessageDelete("44", "55", o...)
	},
	"GuildMembers": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) {
		return s.GuildMembers("22", "33", 5, o...)
	},
	"Gateway":    func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) { return s.Gateway(o...) },
	"GatewayBot": func(s *discordgo.Session, o ...discordgo.RequestOption) (any, error) { return s.GatewayBot(o...) },
}

var usersInteraction = &discordgo.Interaction{ID: "1144", AppID: "11", Token: "dG9rZW4", Type: discordgo.InteractionApplicationCommand}

// TestCallsAreUnchanged: with the instrumentation a bot gets the same values and
// the same errors from discordgo as without, and its own transport the same
// requests.
func TestCallsAreUnchanged(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	type scenario struct {
		script  func(*discordtest.Server)
		session func(*discordgo.Session)
		err     error
		context func() (context.Context, context.CancelFunc)
		hangs   bool // the server does not answer
		races   bool // net/http has several errors for a time-out: the first to notice it decides
		calls   []string
	}
	answer := func(status int, contentType, body string) func(*discordtest.Server) {
		return func(srv *discordtest.Server) {
			srv.Handle("", "/{any...}", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", contentType)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			})
		}
	}
	some := []string{"InteractionRespond", "ChannelMessageSend", "GatewayBot", "GuildBanCreate"}
	scenarios := map[string]scenario{
		"the answers of the fake": {script: func(*discordtest.Server) {}},
		"an object":               {script: answer(200, "application/json", `{"id":"99","content":"x","url":"wss://gateway.discord.gg","shards":2,"session_start_limit":{"total":1,"remaining":1,"reset_after":14400000,"max_concurrency":1}}`)},
		"an array":                {script: answer(200, "application/json", `[{"id":"99","name":"ping","nick":"x"}]`)},
		"no content":              {script: answer(204, "", "")},
		"not JSON":                {script: answer(200, "text/html", "<html>")},
		"400":                     {script: answer(400, "application/json", `{"message":"Invalid Form Body","code":50035,"errors":{"content":{"_errors":[{"code":"BASE_TYPE_REQUIRED","message":"x"}]}}}`)},
		"401":                     {script: answer(401, "application/json", `{"message":"401: Unauthorized","code":0}`)},
		"403":                     {script: answer(403, "application/json", `{"message":"Missing Permissions","code":50013}`)},
		"404":                     {script: answer(404, "application/json", `{"message":"Unknown interaction","code":10062}`)},
		"404, a page":             {script: answer(404, "text/html", `<html>nothing here</html>`)},
		"500, empty":              {script: answer(500, "", "")},
		"503, a large page":       {script: answer(503, "text/html", strings.Repeat("<p>", 100_000))},
		"502 for ever":            {script: answer(502, "text/html", "<html>bad gateway</html>")},
		"502 twice":               {script: func(srv *discordtest.Server) { srv.Fail("", "", 502, 2) }},
		"502, no retries":         {script: answer(502, "", "x"), session: func(s *discordgo.Session) { s.MaxRestRetries = 0 }},
		"429 twice": {script: func(srv *discordtest.Server) {
			srv.RateLimit(discordtest.RateLimit{RetryAfter: time.Millisecond, Times: 2})
		}},
		"429, shared": {script: func(srv *discordtest.Server) {
			srv.RateLimit(discordtest.RateLimit{Scope: "shared", RetryAfter: time.Millisecond})
		}},
		"429, no retries": {
			script:  answer(429, "application/json", `{"message":"You are being rate limited.","retry_after":0.5,"global":false}`),
			session: func(s *discordgo.Session) { s.ShouldRetryOnRateLimit = false },
		},
		"429, a page": {script: answer(429, "text/html", "<html>banned</html>")},
		"a redirect": {script: func(srv *discordtest.Server) {
			srv.Handle("", "/{any...}", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://discord.com/api/v9/gateway", http.StatusTemporaryRedirect)
			})
			srv.Handle("", "/gateway", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"url":"wss://x"}`) })
		}, calls: some},
		"a response that is cut": {script: func(srv *discordtest.Server) {
			srv.Handle("", "/{any...}", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"code":50013`)
			})
		}},
		"a limiter's header that is malformed": {script: func(srv *discordtest.Server) {
			srv.Handle("", "/{any...}", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-RateLimit-Reset-After", "soon")
				w.WriteHeader(http.StatusForbidden)
			})
		}},
		"an error of the transport": {script: func(*discordtest.Server) {}, err: errUsers},
		"a context that is over": {script: func(*discordtest.Server) {}, context: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx, cancel
		}},
		"a context that is cancelled": {hangs: true, calls: some, context: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(context.Background())
			stop := time.AfterFunc(30*time.Millisecond, func() { cancel(errUsers) })
			return ctx, func() { stop.Stop(); cancel(nil) }
		}},
		"a deadline": {hangs: true, calls: some, context: func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), 30*time.Millisecond)
		}},
		"the client's time-out": {hangs: true, races: true, calls: some, session: func(s *discordgo.Session) { s.Client.Timeout = 30 * time.Millisecond }},
		"the client's time-out, in the body": {
			races:   true,
			calls:   some,
			session: func(s *discordgo.Session) { s.Client.Timeout = 500 * time.Millisecond },
			script: func(srv *discordtest.Server) {
				srv.Handle("", "/{any...}", func(w http.ResponseWriter, r *http.Request) {
					w.WriteHeader(http.StatusForbidden)
					_, _ = io.WriteString(w, `{"code":`)
					_ = http.NewResponseController(w).Flush()
					<-r.Context().Done()
				})
			},
		},
	}
	for name, tt := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := tt.calls
			if calls == nil {
				for call := range restCalls {
					calls = append(calls, call)
				}
				slices.Sort(calls)
			}
			b := newBench(t, servers(discordtest.WithGuilds(1)))
			for _, call := range calls {
				try := func(instrumented bool) result {
					if tt.hangs {
						b.srv.Handle("", "/{any...}", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
					} else {
						tt.script(b.srv)
					}
					s := b.session(0, 1)
					users := &witness{next: s.Client.Transport, err: tt.err}
					s.Client.Transport = users
					if tt.session != nil {
						tt.session(s)
					}
					var opts []discordgo.RequestOption
					if instrumented {
						defer b.attach(s)()
						opts = append(opts, b.inst.RequestOption(context.Background()))
					}
					if tt.context != nil {
						ctx, cancel := tt.context()
						defer cancel()
						opts = append(opts, discordgo.WithContext(ctx))
					}
					value, err := restCalls[call](s, opts...)
					out := result{Types: errorTypes(err), Requests: users.seen}
					encoded, encodeErr := json.Marshal(value)
					out.Value = string(encoded)
					if encodeErr != nil {
						t.Error(encodeErr)
					}
					if err != nil {
						out.Error = err.Error()
					}
					if timedOut, ok := errors.AsType[net.Error](err); ok && timedOut.Timeout() && tt.races {
						out.Error, out.Types = "a time-out", nil
					}
					for _, target := range []error{errUsers, context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, discordgo.ErrUnauthorized, discordgo.ErrJSONUnmarshal} {
						out.Is = append(out.Is, errors.Is(err, target))
					}
					if rest, ok := errors.AsType[*discordgo.RESTError](err); ok {
						out.Value += fmt.Sprintf(" %s %q %+v", rest.Response.Status, rest.ResponseBody, rest.Message)
					}
					out.Value = numbers(out.Value)
					return out
				}
				bare, with := try(false), try(true)
				if !reflect.DeepEqual(bare, with) {
					t.Errorf("%s is not what it was.\nbare:\n%+v\ninstrumented:\n%+v", call, bare, with)
				}
				if len(bare.Requests) == 0 {
					t.Errorf("%s made no request: %+v", call, bare)
				}
			}
		})
	}
}

var resetAfter = regexp.MustCompile(`"reset_after":863[0-9]{5}\b`)

// numbers replaces what two answers differ in: new ids and times.
func numbers(s string) string {
	s = resetAfter.ReplaceAllString(s, `"reset_after":"*"`)
	for quoted := range strings.SplitSeq(s, `"`) {
		_, timeErr := time.Parse(time.RFC3339, quoted)
		if at, err := discordtest.SnowflakeTime(quoted); timeErr == nil || err == nil && time.Since(at).Abs() < time.Hour {
			s = strings.ReplaceAll(s, `"`+quoted+`"`, `"*"`)
		}
	}
	return s
}

// TestContextsArriveUnchanged: the transport of the user's gets the context that
// the call was given, with its values and its trace.
func TestContextsArriveUnchanged(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	type keyType struct{}
	var seen context.Context
	next := s.Client.Transport
	s.Client.Transport = userTransport(func(r *http.Request) (*http.Response, error) {
		seen = r.Context() //nolint:fatcontext // it is what the test looks at
		return next.RoundTrip(r)
	})
	b.attach(s)
	first := false
	ctx := httptrace.WithClientTrace(context.WithValue(b.context(), keyType{}, 7), &httptrace.ClientTrace{GotFirstResponseByte: func() { first = true }})
	if _, err := s.Gateway(discordgo.WithContext(ctx), b.inst.RequestOption(context.Background())); err != nil {
		t.Fatal(err)
	}
	if seen.Value(keyType{}) != 7 || !first {
		t.Errorf("the value is %v, the trace was called: %v", seen.Value(keyType{}), first)
	}
}

// A brokenBody ends with an error of its own.
type brokenBody struct {
	io.Reader
	closeErr error
	closed   int
}

func (b *brokenBody) Close() error { b.closed++; return b.closeErr }

// TestBodiesAreGivenBackWhole: those that are read along, and those that are not.
func TestBodiesAreGivenBackWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	large := make([]byte, 400<<10)
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range large {
		large[n] = byte(rng.Uint32())
	}
	errRead, errClose := errors.New("the line is dead"), errors.New("it does not close")
	for name, body := range map[string][]byte{"empty": nil, "short": []byte(`{"code":10062}`), "large": large} {
		for _, status := range []int{200, 403} {
			for way, reader := range map[string]func() io.Reader{
				"at once":      func() io.Reader { return bytes.NewReader(body) },
				"byte by byte": func() io.Reader { return iotest.OneByteReader(bytes.NewReader(body[:min(len(body), 40_000)])) },
				"in halves":    func() io.Reader { return iotest.HalfReader(bytes.NewReader(body)) },
				"data and EOF": func() io.Reader { return iotest.DataErrReader(bytes.NewReader(body)) },
				"broken":       func() io.Reader { return io.MultiReader(bytes.NewReader(body), iotest.ErrReader(errRead)) },
				"broken, data": func() io.Reader {
					return iotest.DataErrReader(io.MultiReader(bytes.NewReader(body), iotest.ErrReader(errRead)))
				},
				"with a time-out": func() io.Reader { return iotest.TimeoutReader(bytes.NewReader(body)) },
			} {
				for _, path := range []string{"users/@me", "gateway/bot"} {
					try := func(instrumented bool) (read []byte, err, again, closed error, closes int) { //nolint:staticcheck // in the order of what happens
						s := b.session(0, 1)
						inner := &brokenBody{Reader: reader(), closeErr: errClose}
						s.Client.Transport = userTransport(func(r *http.Request) (*http.Response, error) {
							return &http.Response{StatusCode: status, Header: http.Header{}, Body: inner, ContentLength: -1, Request: r}, nil
						})
						s.Client.Timeout = 0
						if instrumented {
							defer b.attach(s)()
						}
						response, err := s.Client.Do(b.request(s, http.MethodGet, discordgo.EndpointAPI+path))
						if err != nil {
							t.Fatal(err)
						}
						read, err = io.ReadAll(response.Body)
						_, again = response.Body.Read(make([]byte, 8))
						closed = response.Body.Close()
						_ = response.Body.Close()
						return read, err, again, closed, inner.closed
					}
					read, err, again, closed, closes := try(true)
					bareRead, bareErr, bareAgain, bareClosed, bareCloses := try(false)
					if !bytes.Equal(read, bareRead) || err != bareErr || again != bareAgain || closed != bareClosed || closes != bareCloses { //nolint:errorlint // the very same
						t.Errorf("%s, %d, %s, %s: %d bytes, %v, %v, %v, %d closes, without the instrumentation %d bytes, %v, %v, %v, %d closes",
							name, status, way, path, len(read), err, again, closed, closes, len(bareRead), bareErr, bareAgain, bareClosed, bareCloses)
					}
				}
			}
		}
	}
	if got := b.collect().sum("argus.instrumentation.errors"); got != 0 {
		t.Errorf("%v faults of the instrumentation", got)
	}
}

// TestBodiesAreStreamed: what has come can be read before the rest has.
func TestBodiesAreStreamed(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	goOn := make(chan struct{})
	b.srv.Handle("GET", "/users/@me", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		for _, piece := range []string{`{"code":`, `50013,`, `"message":"x"}`} {
			_, _ = io.WriteString(w, piece)
			_ = http.NewResponseController(w).Flush()
			wait(r, goOn)
		}
	})
	response, err := s.Client.Do(b.request(s, http.MethodGet, discordgo.EndpointUser("@me")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	for _, piece := range []string{`{"code":`, `50013,`, `"message":"x"}`} {
		got := make([]byte, len(piece))
		if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != piece {
			t.Fatalf("read %q, %v, want %q", got, err, piece)
		}
		goOn <- struct{}{}
	}
	if rest, err := io.ReadAll(response.Body); err != nil || len(rest) != 0 {
		t.Errorf("the rest is %q, %v", rest, err)
	}
	b.awaitValue("discord.rest.errors{error_code=50013}", 1)
}

// TestBodyClosedWhileItIsRead: as by a time-out, from another goroutine.
func TestBodyClosedWhileItIsRead(t *testing.T) {
	b := newBench(t, nil)
	s := b.session(0, 1)
	read, write := io.Pipe()
	s.Client.Transport = userTransport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: read, Request: r}, nil
	})
	s.Client.Timeout = 0
	b.attach(s)
	response, err := s.Client.Do(b.request(s, http.MethodGet, discordgo.EndpointUser("@me")))
	if err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		for {
			if _, err := io.WriteString(write, `{"code":50013,`); err != nil {
				return
			}
		}
	})
	half := make(chan struct{})
	both.Go(func() {
		buf := make([]byte, 8)
		for n := 0; ; n++ {
			if n == 100 {
				close(half)
			}
			if _, err := response.Body.Read(buf); err != nil {
				return
			}
		}
	})
	<-half
	_ = response.Body.Close()
	both.Wait()
	b.awaitValue("discord.rest.errors{error_code=50013}", 1)
}
