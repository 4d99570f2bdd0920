package instrument_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// A web is an interactions endpoint on a server of its own.
type web struct {
	*bench
	url     string
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

// verified answers 401 to what Discord has not signed, as Discord demands.
func (w *web) verified(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !discordgo.VerifyInteraction(r, w.public) {
			http.Error(rw, "no", http.StatusUnauthorized)
			return
		}
		h(rw, r)
	})
}

func newWeb(t *testing.T, h http.HandlerFunc, opts ...instrument.Option) *web {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	check(t, err)
	w := &web{bench: newBench(t, nil, opts...), private: private, public: public}
	srv := httptest.NewUnstartedServer(w.inst.InteractionEndpoint(w.verified(h)))
	srv.Config.ErrorLog = discardLog
	srv.Start()
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

// post sends what Discord would, signed or not, and returns the status, or 0 for a
// connection that was cut.
func (w *web) post(signed bool, body string) int {
	w.Helper()
	const stamp = "1700000000"
	r, err := http.NewRequestWithContext(w.context(), http.MethodPost, w.url, strings.NewReader(body))
	check(w.T, err)
	key := w.private
	if !signed {
		_, key, err = ed25519.GenerateKey(nil)
		check(w.T, err)
	}
	r.Header.Set("X-Signature-Timestamp", stamp)
	r.Header.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(key, []byte(stamp+body))))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	check(w.T, err)
	return response.StatusCode
}

// sent is an interaction of now, with its keys in Discord's order.
func sent(b *bench, kind int, name string) (id, body string) {
	id = b.srv.NewID(time.Now())
	return id, fmt.Sprintf(`{"application_id":"1","data":{"id":"2","name":%q,"type":1},"id":%q,"token":"secret","type":%d,"version":1}`, name, id, kind)
}

func received(kind string) string {
	return "discord.interactions{status=received,type=" + kind + "}"
}

func acked(outcome, kind string) string {
	return "discord.interaction.acks{outcome=" + outcome + ",type=" + kind + "}"
}

// respond is a handler that answers with a status and a body.
func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestInteractionEndpoint: the response is the acknowledgement.
func TestInteractionEndpoint(t *testing.T) {
	const message = `{"type":4,"data":{"content":"pong"}}`
	none := reading{received("application_command"): 0, acked("in_time", "application_command"): 0, "discord.interaction.receipt.age_count{type=application_command}": absent}
	for name, tt := range map[string]struct {
		handler  http.HandlerFunc
		unsigned bool
		kind     int
		status   int
		want     reading
	}{
		"answered": {handler: respond(200, message), kind: 2, status: 200, want: reading{
			received("application_command"): 1, acked("in_time", "application_command"): 1,
			"discord.interaction.receipt.age_count{type=application_command}": 1, "discord.interaction.ack.duration_count{command=ping,type=application_command}": 1,
		}},
		"a component": {handler: respond(200, `{"type":6}`), kind: 3, status: 200, want: reading{received("message_component"): 1, acked("in_time", "message_component"): 1}},
		"a ping":      {handler: respond(200, `{"type":1}`), kind: 1, status: 200, want: reading{received("ping"): 1, acked("in_time", "ping"): 0}},
		"not signed":  {handler: respond(200, message), unsigned: true, kind: 2, status: 401, want: none},
		"not found":   {handler: http.NotFound, kind: 2, status: 404, want: none},
		"redirected":  {handler: http.RedirectHandler("/x", http.StatusPermanentRedirect).ServeHTTP, kind: 2, status: 308, want: none},
		"the handler fails": {handler: respond(500, "oops"), kind: 2, status: 500, want: reading{
			received("application_command"): 1, acked("in_time", "application_command"): 0, acked("missed", "application_command"): 0,
		}},
		"the callback is made elsewhere": {handler: respond(202, ""), kind: 2, status: 202, want: reading{
			received("application_command"): 1, acked("in_time", "application_command"): 0,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWeb(t, tt.handler, instrument.WithCommands("ping"))
			_, body := sent(w.bench, tt.kind, "ping")
			if status := w.post(!tt.unsigned, body); status != tt.status && tt.status != 308 {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			r := w.collect()
			r.want(t, tt.want)
			r.want(t, reading{"argus.instrumentation.errors{hook=interaction}": 0, event("INTERACTION_CREATE"): absent})
			if err := w.inst.Ready(); err != nil {
				t.Errorf("not ready: %v", err)
			}
		})
	}
}

// TestInteractionEndpointUnanswered: what the handler accepts and does not answer
// is missed, where it is known that nobody else does.
func TestInteractionEndpointUnanswered(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, tt := range map[string]struct {
		handler  http.HandlerFunc
		attached bool
		missed   float64
	}{
		"a panic":                      {handler: func(http.ResponseWriter, *http.Request) { panic("the user's") }, missed: 1},
		"a panic in the midst":         {handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"type"`); panic("the user's") }, missed: 1},
		"an error":                     {handler: respond(500, "oops"), missed: 1},
		"deferred, and never answered": {handler: respond(202, ""), attached: true, missed: 1},
		"deferred, and not seen":       {handler: respond(202, ""), missed: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWeb(t, tt.handler)
			if tt.attached {
				w.attach(w.session(0, 1))
			}
			_, body := sent(w.bench, 2, "ping")
			w.post(true, body)
			_, marker := sent(w.bench, 3, "ping") // what comes later is seen later
			w.post(true, marker)
			w.await("what becomes of it", func(r reading) bool {
				return r[acked("missed", "application_command")] == tt.missed && r[received("message_component")] == 1
			}).want(t, reading{received("application_command"): 1, acked("in_time", "application_command"): 0})
		})
	}
}

// TestInteractionEndpointWithCallback: the callback is a REST call, before the
// request is responded to or after.
func TestInteractionEndpointWithCallback(t *testing.T) {
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			var s *discordgo.Session
			var answering sync.WaitGroup
			var w *web
			w = newWeb(t, func(rw http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				var i discordgo.Interaction
				if err := i.UnmarshalJSON(body); err != nil {
					t.Error(err)
				}
				answer := func() {
					run := w.inst.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
						return s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource})
					})
					run(s, &discordgo.InteractionCreate{Interaction: &i})
				}
				if after {
					answering.Go(answer)
				} else {
					answer()
				}
				rw.WriteHeader(http.StatusAccepted)
			}, instrument.WithCommands("ping"))
			s = w.session(0, 1)
			w.attach(s)
			id, body := sent(w.bench, 2, "ping")
			if status := w.post(true, body); status != http.StatusAccepted {
				t.Errorf("status %d", status)
			}
			answering.Wait()
			if _, err := w.srv.WaitCallback(w.context(), id); err != nil {
				t.Fatal(err)
			}
			w.collect().want(t, reading{
				received("application_command"): 1, acked("in_time", "application_command"): 1,
				"discord.app_commands{command=ping,status=success}": 1, configured: 0,
			})
		})
	}
}

// TestInteractionEndpointPassesThrough: the handler sees what it would see, and so
// does the client.
func TestInteractionEndpointPassesThrough(t *testing.T) {
	b := newBench(t, nil)
	t.Run("bodies", func(t *testing.T) {
		for name, body := range map[string]string{
			"empty": "", "no JSON": "hello", "an array": `[{"id":"1","type":2}]`, "cut off": `{"id":"1","typ`,
			"large": `{"data":"` + strings.Repeat("x", 1<<20) + `","id":"1","type":2}`,
		} {
			var got []byte
			h := b.inst.InteractionEndpoint(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				var err error
				if got, err = io.ReadAll(r.Body); err != nil {
					t.Error(err)
				}
			}))
			for _, r := range []io.Reader{strings.NewReader(body), io.MultiReader(strings.NewReader(body))} { // of known length, and not
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", r))
				if string(got) != body {
					t.Errorf("%s: %d bytes reach the handler, want %d", name, len(got), len(body))
				}
			}
		}
		for series, n := range b.collect().with("discord.interactions") {
			if n != 0 && !strings.Contains(series, "type=unknown") {
				t.Errorf("%s = %v", series, n)
			}
		}
	})
	t.Run("other methods and no handler", func(t *testing.T) {
		h := b.inst.InteractionEndpoint(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != http.StatusTeapot {
			t.Errorf("GET answers %d", w.Code)
		}
		w = httptest.NewRecorder()
		b.inst.InteractionEndpoint(nil).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("no handler answers %d", w.Code)
		}
	})
	t.Run("panics", func(t *testing.T) {
		h := b.inst.InteractionEndpoint(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
		defer func() {
			if r := recover(); r != http.ErrAbortHandler { //nolint:errorlint // the value itself
				t.Errorf("the panic became %v", r)
			}
		}()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")))
	})
	t.Run("optional methods", func(t *testing.T) {
		type plain struct{ http.ResponseWriter }
		type flusher struct {
			http.ResponseWriter
			http.Flusher
		}
		type hijacker struct {
			http.ResponseWriter
			http.Hijacker
		}
		type both struct {
			http.ResponseWriter
			http.Flusher
			http.Hijacker
		}
		rec := httptest.NewRecorder()
		for _, w := range []http.ResponseWriter{plain{rec}, flusher{rec, rec}, hijacker{rec, hijack{}}, both{rec, rec, hijack{}}} {
			_, flushes := w.(http.Flusher)
			_, hijacks := w.(http.Hijacker)
			b.inst.InteractionEndpoint(http.HandlerFunc(func(got http.ResponseWriter, _ *http.Request) {
				f, ok := got.(http.Flusher)
				if ok != flushes {
					t.Errorf("%T: a Flusher: %v", w, ok)
				}
				if ok {
					f.Flush()
				}
				h, ok := got.(http.Hijacker)
				if ok != hijacks {
					t.Errorf("%T: a Hijacker: %v", w, ok)
				}
				if ok {
					_, _, _ = h.Hijack()
				}
				if err := http.NewResponseController(got).Flush(); (err == nil) != flushes {
					t.Errorf("%T: through a ResponseController: %v", w, err)
				}
			})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
		}
	})
}

type hijack struct{}

func (hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, http.ErrNotSupported }

// TestInteractionEndpointFlushed: a response that is there as a whole has
// acknowledged, whatever the handler still does.
func TestInteractionEndpointFlushed(t *testing.T) {
	work := make(chan struct{})
	w := newWeb(t, func(rw http.ResponseWriter, _ *http.Request) {
		const body = `{"type":5}`
		rw.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(rw, body)
		rw.(http.Flusher).Flush()
		<-work
	})
	_, body := sent(w.bench, 2, "ping")
	done := make(chan int)
	go func() { done <- w.post(true, body) }()
	w.awaitValue(acked("in_time", "application_command"), 1)
	close(work)
	if status := <-done; status != 200 {
		t.Errorf("status %d", status)
	}
	w.collect().want(t, reading{received("application_command"): 1, acked("in_time", "application_command"): 1})
}

// TestInteractionEndpointIsBounded: strangers cannot fill anything, nor touch what
// a real interaction has.
func TestInteractionEndpointIsBounded(t *testing.T) {
	w := newWeb(t, respond(200, `{"type":4}`))
	id, body := sent(w.bench, 2, "ping")
	for range 200 {
		w.post(false, body) // the same id, before and after
	}
	w.post(true, body)
	for range 200 {
		w.post(false, strings.Replace(body, id, w.srv.NewID(time.Now()), 1))
	}
	// Two hundred requests may take longer than the three seconds of an interaction.
	r := w.collect()
	if n, acks := r.sum("discord.interactions"), r.sum("discord.interaction.acks"); n != 1 || acks != 1 {
		t.Errorf("%v interactions and %v outcomes are counted, want 1 of each", n, acks)
	}
	r.want(t, reading{"argus.timers.evicted{timer=answer}": 0})
}

// TestInteractionEndpointAfterClose works, and measures nothing.
func TestInteractionEndpointAfterClose(t *testing.T) {
	b := newBench(t, nil)
	h := b.inst.InteractionEndpoint(respond(200, "{}"))
	check(t, b.inst.Close())
	_, body := sent(b, 2, "ping")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", bytes.NewReader([]byte(body))))
	if rec.Code != 200 || rec.Body.String() != "{}" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if r := b.collect(); len(r) != 0 {
		t.Errorf("%v is reported after Close", r)
	}
}

// TestInteractionEndpointLate: what is answered after 3 s is late.
func TestInteractionEndpointLate(t *testing.T) {
	w := newWeb(t, respond(200, `{"type":4}`))
	old := discordtest.Snowflake(time.Now().Add(-4 * time.Second))
	id, body := sent(w.bench, 2, "ping")
	w.post(true, strings.Replace(body, id, old, 1))
	w.collect().want(t, reading{"discord.interactions{status=expired,type=application_command}": 1, acked("late", "application_command"): 1})
}

// discardLog takes what net/http says of panics.
var discardLog = log.New(io.Discard, "", 0)
