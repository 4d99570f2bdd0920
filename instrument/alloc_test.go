package instrument

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bwmarrin/discordgo"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument/internal/route"
)

// replay is a connection that gives the same bytes again and again.
type replay struct {
	net.Conn
	bytes []byte
}

func (r *replay) Read(p []byte) (int, error)  { return copy(p, r.bytes), nil }
func (r *replay) Write(p []byte) (int, error) { return len(p), nil }
func (r *replay) Close() error                { return nil }

func textFrame(payload string) []byte {
	return discordtest.EncodeFrame(true, 1, []byte(payload))
}

// A tapped is a session whose gateway connection is fed by the test, with a
// reader, and a transport that answers at once.
type tapped struct {
	inst    *Instrumentation
	reader  *sdkmetric.ManualReader
	session *discordgo.Session
	users   *answering // the user's transport
	conn    *replay
	listens net.Conn // the tap's
	buf     []byte
}

func newTapped(tb testing.TB, attached bool, opts ...Option) *tapped {
	tb.Helper()
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	inst, err := New(append([]Option{WithMeterProvider(provider)}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = inst.Close() })
	s, err := discordgo.New("Bot x")
	if err != nil {
		tb.Fatal(err)
	}
	s.Client.Timeout = 0 // its timer has nothing to do with us
	users := &answering{response: &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}}
	s.Client.Transport = users
	f := &tapped{inst: inst, reader: reader, session: s, users: users, conn: &replay{}, buf: make([]byte, 16<<10)}
	f.listens = f.conn
	if !attached {
		return f
	}
	if _, err := inst.Attach(s); err != nil {
		tb.Fatal(err)
	}
	f.call(tb, f.request(tb, http.MethodGet, discordgo.EndpointGateway)) // as Open does
	if f.listens, err = tapAround(s).dialing("gateway.example:443").done(f.conn, nil); err != nil {
		tb.Fatal(err)
	}
	f.send(tb, []byte("GET /?v=9&encoding=json HTTP/1.1\r\n\r\n"))
	f.feed(tb, []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	f.feed(tb, textFrame(`{"t":"READY","s":1,"op":0,"d":{"guilds":[{"id":"7","unavailable":true}]}}`))
	f.feed(tb, textFrame(`{"t":"GUILD_CREATE","s":2,"op":0,"d":{"id":"7","member_count":5}}`))
	return f
}

func (f *tapped) feed(tb testing.TB, b []byte) {
	f.conn.bytes = b
	if _, err := f.listens.Read(f.buf); err != nil {
		tb.Fatal(err)
	}
}

func (f *tapped) send(tb testing.TB, b []byte) {
	if _, err := f.listens.Write(b); err != nil {
		tb.Fatal(err)
	}
}

func (f *tapped) request(tb testing.TB, method, url string) *http.Request {
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// call sends a request through the session's Client. The same one may be sent
// again.
func (f *tapped) call(tb testing.TB, r *http.Request) {
	response, err := f.session.Client.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	_ = response.Body.Close()
}

// maskedFrame is a text frame as a client sends it.
func maskedFrame(payload string) []byte {
	mask := [4]byte{1, 2, 3, 4}
	out := []byte{0x81, 0x80 | byte(len(payload))}
	if len(payload) > 125 {
		out = append(out[:1], 0x80|126, byte(len(payload)>>8), byte(len(payload)))
	}
	out = append(out, mask[:]...)
	for n := range len(payload) {
		out = append(out, payload[n]^mask[n%4])
	}
	return out
}

// TestNoAllocationsForADispatch: from the bytes of the socket to the cell of
// the counter, and what the guilds and interactions keep.
func TestNoAllocationsForADispatch(t *testing.T) {
	f := newTapped(t, true)
	for name, frame := range map[string][]byte{
		"message":     textFrame(`{"t":"MESSAGE_CREATE","s":3,"op":0,"d":{"content":"` + strings.Repeat("x", 1000) + `"}}`),
		"unknown":     textFrame(`{"t":"OF_TOMORROW","s":3,"op":0,"d":{"id":"1"}}`),
		"interaction": textFrame(`{"t":"INTERACTION_CREATE","s":3,"op":0,"d":{"id":"1144","type":2}}`),
		"component":   textFrame(`{"t":"INTERACTION_CREATE","s":3,"op":0,"d":{"id":"1145","type":3,"member":{"user":{"id":"6"}},"channel":{"id":"8"},"message":{"interaction_metadata":{"id":"9"}},"locale":"de","context":0,"authorizing_integration_owners":{"0":"7"}}}`),
		"member":      textFrame(`{"t":"GUILD_MEMBER_ADD","s":3,"op":0,"d":{"guild_id":"7"}}`),
		"guild":       textFrame(`{"t":"GUILD_CREATE","s":3,"op":0,"d":{"id":"7","member_count":5}}`),
		"heartbeat":   textFrame(`{"op":11}`),
		"hello":       textFrame(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["x"]}}`),
		"op 1":        textFrame(`{"op":1,"d":null}`),
	} {
		before := counted(f.inst)
		if got := testing.AllocsPerRun(100, func() { f.feed(t, frame) }); got != 0 {
			t.Errorf("%s: %v allocations, want 0", name, got)
		}
		want := uint64(101) // AllocsPerRun makes one run more
		if name == "heartbeat" || name == "hello" || name == "op 1" {
			want = 0
		}
		if got := counted(f.inst) - before; got != want {
			t.Errorf("%s: %d dispatches counted, want %d", name, got, want)
		}
	}
}

func TestNoAllocationsForWhatIsSent(t *testing.T) {
	f := newTapped(t, true)
	for op, frame := range map[string][]byte{
		"heartbeat":             maskedFrame(`{"op":1,"d":5}`),
		"presence_update":       maskedFrame(`{"op":3,"d":{"status":"online","activities":[{"name":"` + strings.Repeat("x", 200) + `"}]}}`),
		"voice_state_update":    maskedFrame(`{"op":4,"d":{"guild_id":"7"}}`),
		"request_guild_members": maskedFrame(`{"op":8,"d":{"guild_id":"7"}}`),
		"identify":              maskedFrame(`{"op":2,"d":{"token":"x"}}`),
		"resume":                maskedFrame(`{"op":6,"d":{"token":"x"}}`),
	} {
		cell := &f.inst.shards.get(0).sent[slices.Index(sentOps, op)]
		if got := testing.AllocsPerRun(100, func() { f.send(t, frame) }); got != 0 {
			t.Errorf("%s: %v allocations, want 0", op, got)
		}
		if got := cell.n.Load(); got != 101 {
			t.Errorf("%s: %d counted, want 101", op, got)
		}
	}
}

// An interactionStream makes frames of interactions that have ever new ids.
type interactionStream struct {
	frame, id []byte // id is within frame
	next      uint64
}

func newInteractionStream() *interactionStream {
	s := &interactionStream{next: 1_000_000_000_000_000_000}
	s.frame = textFrame(`{"t":"INTERACTION_CREATE","s":3,"op":0,"d":{"type":2,"id":"1000000000000000000","data":{"type":1,"name":"ping","id":"8"}}}`)
	at := bytes.Index(s.frame, []byte("1000000000000000000"))
	s.id = s.frame[at : at+19]
	return s
}

// another returns the next frame. The one before is overwritten.
func (s *interactionStream) another() []byte {
	s.next++
	strconv.AppendUint(s.id[:0], s.next, 10)
	return s.frame
}

// TestNoAllocationsForNewInteractions: with a wrapped handler that never gets
// them, and never an answer, so that all are pending and the oldest give way. The
// clock of the bubble stands still, or a slow machine would settle some.
func TestNoAllocationsForNewInteractions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTapped(t, true, WithCommands("ping"))
		f.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })
		stream := newInteractionStream()
		for range 2 * maxPending {
			f.feed(t, stream.another())
		}
		if got := len(f.inst.acks.pending.byID); got != maxPending {
			t.Errorf("%d interactions are pending, want %d", got, maxPending)
		}
		// What a map needs now and then when its keys change is less than one
		// allocation in a hundred interactions.
		var before, after runtime.MemStats
		const runs = 5 * maxPending
		runtime.ReadMemStats(&before)
		for range runs {
			f.feed(t, stream.another())
		}
		runtime.ReadMemStats(&after)
		if got := after.Mallocs - before.Mallocs; got > runs/100 {
			t.Errorf("%d allocations for %d interactions, want next to none", got, runs)
		} else {
			t.Logf("%d allocations for %d interactions", got, runs)
		}
		if got := testing.AllocsPerRun(maxPending, func() { f.feed(t, stream.another()) }); got != 0 {
			t.Errorf("%v allocations for each interaction, want 0", got)
		}
		if got := len(f.inst.timers.pending.byID); got != maxPending {
			t.Errorf("%d timers are running, want %d", got, maxPending)
		}
	})
}

// TestFewAllocationsForARequest: at most two more with the instrumentation, and
// at most two more with the RequestOption.
func TestFewAllocationsForARequest(t *testing.T) {
	for name, url := range map[string]string{
		"message":  discordgo.EndpointChannelMessages("44"),
		"callback": discordgo.EndpointInteractionResponse("1144", "dG9rZW4"),
		"other":    discordgo.EndpointAPI + "nothing/here",
	} {
		measure := func(attached bool) float64 {
			f := newTapped(t, attached)
			r := f.request(t, http.MethodPost, url)
			got := testing.AllocsPerRun(1000, func() { f.call(t, r) })
			_, timed := (*f.inst.requests.series.series.Load())[requestSeries{methodOf(http.MethodPost), route.FromURL(url), statusIndex[http.StatusNoContent]}]
			if timed != attached {
				t.Errorf("%s: the requests are timed: %v, want %v", name, timed, attached)
			}
			return got
		}
		bare, with := measure(false), measure(true)
		t.Logf("%s: %v allocations, %v with the instrumentation", name, bare, with)
		if with > bare+2 {
			t.Errorf("%s: %v allocations with the instrumentation, %v without, want at most 2 more", name, with, bare)
		}
	}
	measure := func(attached, option bool) float64 {
		f := newTapped(t, attached)
		return testing.AllocsPerRun(1000, func() {
			var err error
			if option {
				_, err = f.session.RequestWithBucketID(http.MethodPost, discordgo.EndpointChannelMessages("44"), nil, "44", f.inst.RequestOption(context.Background()))
			} else {
				_, err = f.session.RequestWithBucketID(http.MethodPost, discordgo.EndpointChannelMessages("44"), nil, "44")
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	bare, with, option := measure(false, false), measure(true, false), measure(true, true)
	t.Logf("through discordgo: %v allocations, %v with the instrumentation, %v with the option as well", bare, with, option)
	if with > bare+2 || option > with+2 {
		t.Errorf("through discordgo: %v allocations without the instrumentation, %v with it, %v with the option as well: want at most 2 more each", bare, with, option)
	}
}

func counted(i *Instrumentation) (n uint64) {
	for e := range i.events {
		n += i.events[e].n.Load()
	}
	return n
}

// tapAround finds the tap of a session, idle or not.
func tapAround(s *discordgo.Session) *tap { return s.Client.Transport.(*transport).tap }
