package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/history"
)

// A client reads a stream, without a connection.
type client struct {
	cancel context.CancelFunc
	done   chan struct{}
	header http.Header
	code   int

	mu       sync.Mutex
	text     strings.Builder
	read     int
	deadline time.Time
}

func (c *client) Header() http.Header { return c.header }

func (c *client) WriteHeader(code int) { c.code = code }

func (c *client) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

func (c *client) Flush() {}

func (c *client) SetWriteDeadline(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = at
	return nil
}

// connect opens a stream.
func connect(a *API, query, lastID string) *client {
	ctx, cancel := context.WithCancel(context.Background())
	c := &client{cancel: cancel, done: make(chan struct{}), header: http.Header{}}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, StreamPath+query, nil)
	r.Header.Set("Accept", "text/event-stream")
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	go func() {
		defer close(c.done)
		a.stream().ServeHTTP(c, r)
	}()
	return c
}

// leave ends the stream from the client's side.
func (c *client) leave() {
	c.cancel()
	<-c.done
}

// new returns what has been sent since the last call.
func (c *client) new() string {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	text := c.text.String()[c.read:]
	c.read += len(text)
	return text
}

// A frame is a part of a stream.
type frame struct{ id, event, data, comment, retry string }

// frames reads a stream. It must have whole frames, whose documents are as described.
func frames(tb testing.TB, text string) (all []frame) {
	tb.Helper()
	if text != "" && !strings.HasSuffix(text, "\n\n") {
		tb.Errorf("the last frame has no end: %q", text[max(0, len(text)-100):])
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n\n") {
		var f frame
		for line := range strings.SplitSeq(part, "\n") {
			field, value, _ := strings.Cut(line, ":")
			value = strings.TrimPrefix(value, " ")
			switch field {
			case "":
				f.comment = value
			case "id":
				f.id = value
			case "event":
				f.event = value
			case "data":
				f.data = value
			case "retry":
				f.retry = value
			default:
				tb.Errorf("the field %q is unknown", field)
			}
		}
		if schema, known := map[string]string{"snapshot": "Snapshot", "step": "Step", "resumed": "Resumed"}[f.event]; known {
			v := &validator{}
			if v.document(schema, object{"$ref": "#/components/schemas/" + schema}, []byte(f.data)); len(v.faults) > 0 {
				tb.Errorf("%s: %q", f.data, v.faults)
			}
		} else if f.event != "" || f.data != "" {
			tb.Errorf("the event %q is unknown", f.event)
		}
		all = append(all, f)
	}
	return all
}

// events returns the events of a stream, with the numbers of their ids.
func events(tb testing.TB, text string) string {
	tb.Helper()
	var list []string
	for _, f := range frames(tb, text) {
		if f.event != "" {
			_, number, _ := strings.Cut(f.id, "-")
			list = append(list, f.event+number)
		}
	}
	return strings.Join(list, " ")
}

func decode[T any](tb testing.TB, f frame) (document T) {
	tb.Helper()
	if err := json.Unmarshal([]byte(f.data), &document); err != nil {
		tb.Error(err)
	}
	return document
}

// TestStream: a snapshot, what changes at each step, and what a client missed while it
// was away.
func TestStream(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		for _, name := range []string{"0", "1", "2"} {
			b.shard(name)
		}
		b.steps(2)
		first := connect(a, "", "")
		got := frames(t, first.new())
		if len(got) != 2 || got[0].retry != "3000" || got[1].event != "snapshot" || first.header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%+v %v", got, first.header)
		}
		if s := decode[Snapshot](t, got[1]); s.Verdict != "calm" || len(s.Shards) != 3 || s.Report.Processes != 1 || len(s.Budgets.Sends) != 3 {
			t.Errorf("%+v", s)
		}
		second := connect(a, "?bot=music", "another-process-7")
		if got := events(t, second.new()); got != "snapshot1" {
			t.Errorf("the second client gets %s", got)
		}
		b.remove(catalog.ShardUp, "shard", "1")
		for _, state := range catalog.ShardStates() {
			b.remove(catalog.ShardState, "shard", "1", "state", state)
		}
		b.state("2", catalog.StateDisconnected)
		b.steps(1)
		text := first.new()
		step := frames(t, text)
		if len(step) != 1 || step[0].event != "step" || text != second.new() {
			t.Fatalf("%+v", step)
		}
		if s := decode[Step](t, step[0]); !slices.Equal(s.Gone, []string{"1"}) || len(s.Shards) != 2 || *s.Shards[1].Up || s.Report == nil && s.Verdict != "calm" {
			t.Errorf("%+v", s)
		}
		id := step[0].id
		first.leave()
		b.steps(3)
		if got := events(t, second.new()); got != "step3 step4 step5" {
			t.Errorf("the second client gets %s", got)
		}
		first = connect(a, "", id)
		if got := frames(t, first.new()); len(got) != 5 || got[1].data != `{"version":1,"missed":3}` || got[2].event != "step" || got[4].event != "step" {
			t.Errorf("after it has come back: %+v", got)
		}
		first.leave()
		second.leave()
		// Nothing is computed now.
		hub := a.room(b.member()).hub
		b.steps(10)
		if synctest.Wait(); hub.last != 5 {
			t.Errorf("%d messages without a stream", hub.last)
		}
		// One message has all that has changed since.
		first = connect(a, "", hub.epoch+"-5")
		if got := events(t, first.new()); got != "resumed step6" {
			t.Errorf("after all were away: %s", got)
		}
		first.leave()
		hub.rest(time.Now().Add(keptFor))
		first = connect(a, "", hub.epoch+"-6")
		if got := events(t, first.new()); got != "snapshot7" {
			t.Errorf("after a long time: %s", got)
		}
		first.leave()
		first = connect(a, "", hub.epoch+"-9999")
		if got := events(t, first.new()); got != "snapshot8" {
			t.Errorf("with an id that does not exist: %s", got)
		}
		first.leave()
	})
}

// TestStreamStaysAlive: something is sent although nothing happens, each time with a
// deadline.
func TestStreamStaysAlive(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		b.steps(1)
		c := connect(a, "", "")
		c.new()
		time.Sleep(keepAlive) //nolint:forbidigo // by the clock of the bubble
		if got := c.new(); got != ":\n\n" {
			t.Errorf("%q", got)
		}
		if got := time.Until(c.deadline); got != writeWait {
			t.Errorf("the deadline of the write is in %v", got)
		}
		c.leave()
	})
}

// TestStreamsEnd with the bot, and with the API, which say when to come again.
func TestStreamsEnd(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		b.steps(1)
		c := connect(a, "", "")
		c.new()
		a.Leave(b.history)
		<-c.done
		if got := frames(t, c.new()); len(got) != 1 || got[0].retry == "" || got[0].comment != "the bot is shutting down" {
			t.Errorf("%+v", got)
		}
		c = connect(a, "", "")
		c.new()
		begin := time.Now()
		a.Close(t.Context())
		<-c.done
		if got := frames(t, c.new()); len(got) != 1 || got[0].retry == "" || got[0].comment != "the process is shutting down" || time.Since(begin) > 0 {
			t.Errorf("%+v after %v", got, time.Since(begin))
		}
		if c = connect(a, "", ""); c.new() == "" || c.code != http.StatusServiceUnavailable || c.header.Get("Retry-After") == "" {
			t.Errorf("after the end: status %d", c.code)
		}
		<-c.done
	})
}

// TestStreamsAreLimited: over all bots and addresses of the process.
func TestStreamsAreLimited(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		b.steps(1)
		other := New(a.members, a.report, a.slots)
		var open []*client
		for n := range mostStreams {
			open = append(open, connect([]*API{a, other}[n%2], "", ""))
		}
		synctest.Wait()
		for _, of := range []*API{a, other} {
			w := get(of, StreamPath)
			v := &validator{}
			if v.answer(StreamPath, w.Code, w.Body.Bytes()); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || len(v.faults) > 0 {
				t.Errorf("status %d %v %q", w.Code, w.Header(), v.faults)
			}
		}
		open[0].leave()
		again := connect(a, "", "")
		if got := events(t, again.new()); !strings.HasPrefix(got, "snapshot") {
			t.Errorf("after one has left: %s", got)
		}
		again.leave()
		for _, c := range open {
			c.leave()
		}
		if n := a.slots.taken.Load(); n != 0 {
			t.Errorf("%d places are taken by nobody", n)
		}
	})
}

// TestStreamRefuses what it cannot serve, and HEAD opens no stream.
func TestStreamRefuses(t *testing.T) {
	bubble(t, func(t *testing.T, _ *bot, a *API) {
		refuses(t, a, map[string]string{
			StreamPath + "?bot=mod":  "is no bot of this process",
			StreamPath + "?over=1m":  "there is no such parameter",
			StreamPath + "?bot=%zz":  "the query cannot be read",
			StreamPath + "?bot=&bot": "bot: it is given 2 times",
		})
		for accept, want := range map[string]bool{
			"": true, "*/*": true, "text/event-stream": true, "Text/Event-Stream; charset=utf-8": true, "text/html, text/*;q=0.8": true,
			"application/json": false, "text/html": false,
		} {
			r := httptest.NewRequest(http.MethodGet, StreamPath, nil)
			if accept != "" {
				r.Header.Set("Accept", accept)
			}
			if got := acceptsEvents(r); got != want {
				t.Errorf("Accept %q: %v", accept, got)
			}
			if !want {
				w := httptest.NewRecorder()
				a.stream().ServeHTTP(w, r)
				v := &validator{}
				if v.answer(StreamPath, w.Code, w.Body.Bytes()); w.Code != http.StatusNotAcceptable || len(v.faults) > 0 {
					t.Errorf("Accept %q: status %d %q", accept, w.Code, v.faults)
				}
			}
		}
		w := httptest.NewRecorder()
		a.stream().ServeHTTP(w, httptest.NewRequest(http.MethodHead, StreamPath, nil))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" || w.Body.Len() > 0 || len(a.rooms) > 0 {
			t.Errorf("HEAD: status %d %v %q", w.Code, w.Header(), w.Body)
		}
	})
}

// TestHubIsBounded: in the number of messages and in their bytes. A client that is too far
// behind gets everything.
func TestHubIsBounded(t *testing.T) {
	h := newHub()
	add := func(shards int) {
		t.Helper()
		s := &Snapshot{Head: Head{At: time.Unix(h.last, 0)}}
		for n := range shards {
			since := time.Unix(h.last, 0)
			s.Shards = append(s.Shards, Shard{Shard: strconv.Itoa(n), Since: &since})
		}
		if err := h.add(s); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * keptMessages {
		add(1)
	}
	if len(h.ring) != keptMessages {
		t.Errorf("%d messages are kept", len(h.ring))
	}
	messages := func(have int64) string {
		list, last, _, err := h.after(have, true)
		if err != nil || last != h.last {
			t.Error(last, err)
		}
		return fmt.Sprint(len(list), " ", strings.Count(string(list[0]), "snapshot"))
	}
	for have, want := range map[int64]string{h.last: "1 0", h.last - keptMessages: fmt.Sprint(keptMessages+1, " 0"), h.last - keptMessages - 1: "1 1", 0: "1 1"} {
		if got := messages(have); got != want {
			t.Errorf("after %d of %d: %s, want %s", have, h.last, got, want)
		}
	}
	for range 20 {
		add(500)
		size := 0
		for _, m := range h.ring {
			size += len(m)
		}
		if size != h.size || size > keptBytes {
			t.Fatalf("%d bytes are kept, %d by its own count", size, h.size)
		}
	}
	if add(20000); len(h.ring) != 0 || h.size != 0 || messages(h.last-1) != "1 1" {
		t.Errorf("a message larger than the limit: %d are kept", len(h.ring))
	}
}

// listen serves the stream over TCP, with time-outs that are far shorter than it.
func listen(t *testing.T, a *API, timeout time.Duration, http2 bool) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(a.stream())
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = timeout, timeout
	if srv.EnableHTTP2 = http2; http2 {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(func() {
		a.Close(context.Background())
		srv.Close()
	})
	return srv
}

// overTCP returns a bot with real steps.
func overTCP(t *testing.T, shards int) (*bot, *API) {
	t.Helper()
	b := newBot(t)
	for n := range shards {
		b.shard(strconv.Itoa(n))
	}
	b.history.Step()
	return b, New(func() []Member { return []Member{b.member()} }, func(err error) { t.Error(err) }, new(Slots))
}

// TestStreamOutlivesTheServersTimeouts: those for reading a request and for writing an
// answer, with both versions of HTTP.
func TestStreamOutlivesTheServersTimeouts(t *testing.T) {
	for version, http2 := range map[int]bool{1: false, 2: true} {
		t.Run(strconv.Itoa(version), func(t *testing.T) { outlives(t, version, http2) })
	}
}

func outlives(t *testing.T, version int, http2 bool) {
	t.Parallel()
	const timeout = 200 * time.Millisecond
	b, a := overTCP(t, 1)
	srv := listen(t, a, timeout, http2)
	response, err := srv.Client().Get(srv.URL + StreamPath)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ProtoMajor != version {
		t.Fatalf("it is served over %s", response.Proto)
	}
	lines := bufio.NewScanner(response.Body)
	next := func() bool {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "data: ") {
				return true
			}
		}
		return false
	}
	for begin := time.Now(); time.Since(begin) < 5*timeout; b.history.Step() {
		if !next() {
			t.Fatalf("the stream ended after %v: %v", time.Since(begin), lines.Err())
		}
		<-time.After(timeout / 4)
	}
}

// TestClientThatDoesNotRead is dropped. Another client gets its messages meanwhile.
func TestClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	b, a := overTCP(t, 1)
	a.writeWait = 200 * time.Millisecond
	srv := listen(t, a, time.Minute, false)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET "+StreamPath+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	hub := a.room(b.member()).hub
	wait := func(what string, met func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !met(); <-time.After(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it takes too long for " + what)
			}
		}
	}
	wait("the client to be there", func() bool { return a.slots.taken.Load() == 1 })
	other := connect(a, "", "")
	sent := func() int {
		other.mu.Lock()
		defer other.mu.Unlock()
		return other.text.Len()
	}
	wait("the first message, after which there are only those of this test", func() bool {
		other.mu.Lock()
		defer other.mu.Unlock()
		return strings.Contains(other.text.String(), "event: snapshot")
	})
	const size = 8 << 20 // more than the buffers of the connection hold
	for range 2 {
		before := sent()
		if err := hub.add(&Snapshot{Verdict: strings.Repeat("calm", size/4)}); err != nil {
			t.Fatal(err)
		}
		wait("another client's message", func() bool { return sent() > before+size })
	}
	wait("the client to be dropped", func() bool { return a.slots.taken.Load() == 1 })
	other.leave()
}

var _ Source = (*history.History)(nil)
