package instrument

import (
	"context"
	"io"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"weak"

	"github.com/bwmarrin/discordgo"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// TestResumedIsNotReplayed: RESUMED ends the replay and is none of it, whatever
// its number.
func TestResumedIsNotReplayed(t *testing.T) {
	inst, err := New(WithMeterProvider(sdkmetric.NewMeterProvider()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inst.Close() }()
	s, err := discordgo.New("Bot x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inst.Attach(s); err != nil {
		t.Fatal(err)
	}
	connect := func(packets ...string) {
		conn := &replay{}
		listened, err := tapAround(s).dialing("gateway.example:443").done(conn, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(listened, "GET /?v=9&encoding=json HTTP/1.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 16<<10)
		for n, p := range append([]string{"HTTP/1.1 101 Switching Protocols\r\n\r\n"}, packets...) {
			conn.bytes = []byte(p)
			if n > 0 {
				conn.bytes = textFrame(p)
			}
			if _, err := listened.Read(buf); err != nil {
				t.Fatal(err)
			}
		}
	}
	connect(`{"t":"READY","s":1,"op":0,"d":{"guilds":[]}}`, `{"t":"TYPING_START","s":2,"op":0,"d":{}}`)
	connect(`{"t":"TYPING_START","s":2,"op":0,"d":{}}`, `{"t":"RESUMED","s":2,"op":0,"d":{}}`)
	if got := inst.shards.get(0).reconnects[kindResume].n.Load(); got != 1 {
		t.Errorf("%d resumes counted, want 1", got)
	}
	if got := counted(inst); got != 3 {
		t.Errorf("%d dispatches counted, want 3: READY, TYPING_START once, RESUMED", got)
	}
}

// TestNoTimersWithoutTap: under SyncEvents the interaction's handler is called
// before ours, and nobody would take a timer.
func TestNoTimersWithoutTap(t *testing.T) {
	inst, err := New(WithMeterProvider(sdkmetric.NewMeterProvider()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inst.Close() }()
	s, err := discordgo.New("Bot x")
	if err != nil {
		t.Fatal(err)
	}
	s.DataReady = true // as after Open
	if _, err := inst.Attach(s); err != nil {
		t.Fatal(err)
	}
	a := (*inst.attached.Load())[0]
	if a.tap != nil {
		t.Fatal("it has a tap: the test would show nothing")
	}
	h := inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })
	for n := range maxPending + 50 {
		id := strconv.Itoa(n + 1)
		h(s, &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{ID: id, Type: discordgo.InteractionMessageComponent}})
		a.handlers.Value().onEvent(s, &discordgo.Event{Type: "INTERACTION_CREATE", Sequence: int64(n), RawData: []byte(`{"id":"` + id + `","type":3}`)})
	}
	if got := counted(inst); got != maxPending+50 {
		t.Errorf("%d dispatches counted, want %d", got, maxPending+50)
	}
	if got := inst.timers.evicted.n.Load(); got != 0 {
		t.Errorf("%d timers evicted, want none", got)
	}
}

// TestAttachAtOnce: instrumentations that attach one session at the same time,
// while others collect from it, all get a tap.
func TestAttachAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const many = 4
	var insts []*Instrumentation
	for range many {
		reader := sdkmetric.NewManualReader()
		inst, err := New(WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = inst.Close() }()
		insts = append(insts, inst)
		stop := make(chan struct{})
		var collecting sync.WaitGroup
		collecting.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if err := reader.Collect(context.Background(), new(metricdata.ResourceMetrics)); err != nil {
						t.Error(err)
					}
				}
			}
		})
		defer collecting.Wait()
		defer close(stop)
	}
	for range 200 {
		s, err := discordgo.New("Bot x")
		if err != nil {
			t.Fatal(err)
		}
		var attaching sync.WaitGroup
		detach := make([]func(), many)
		for n, inst := range insts {
			attaching.Go(func() {
				var err error
				if detach[n], err = inst.Attach(s); err != nil {
					t.Error(err)
				}
			})
		}
		attaching.Wait()
		for n, inst := range insts {
			if a := (*inst.attached.Load())[0]; a.tap == nil {
				t.Fatalf("instrumentation %d has no tap", n)
			}
		}
		for n := range detach {
			detach[n]()
		}
	}
}

// newInst makes an instrumentation that nobody collects from.
func newInst(t *testing.T) *Instrumentation {
	t.Helper()
	inst, err := New(WithMeterProvider(sdkmetric.NewMeterProvider()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inst.Close() })
	return inst
}

// attachedTo makes a session that is attached.
func attachedTo(t *testing.T, inst *Instrumentation) (s *discordgo.Session, detach func()) {
	t.Helper()
	s, err := discordgo.New("Bot x")
	if err != nil {
		t.Fatal(err)
	}
	if detach, err = inst.Attach(s); err != nil {
		t.Fatal(err)
	}
	return s, detach
}

// TestCalledWhileDetaching: a tap that has heard a call before detach had the
// session's lock is not taken off. In a round in which the lock comes too late
// detach gives up, so there are several.
func TestCalledWhileDetaching(t *testing.T) {
	inst := newInst(t)
	for range 20 {
		s, detach := attachedTo(t, inst)
		wrapped, found := s.Client, tapAround(s)

		s.Lock()
		done := make(chan struct{})
		go func() { defer close(done); detach() }()
		for found.target.Load() != nil {
			runtime.Gosched()
		}
		found.called.Store(true)
		s.Unlock()
		<-done
		if s.Client != wrapped {
			t.Fatal("the tap was taken off")
		}
	}
}

// TestAttachWhileDetaching: while one instrumentation lets go of a session,
// another gets a tap that is around the session and stays there.
func TestAttachWhileDetaching(t *testing.T) {
	one, other := newInst(t), newInst(t)
	for range 100 {
		s, detach := attachedTo(t, one)
		found := tapAround(s)
		var letGo func()
		var both sync.WaitGroup
		s.Lock() // both wait for it
		both.Go(detach)
		for found.target.Load() != nil {
			runtime.Gosched()
		}
		both.Go(func() {
			var err error
			if letGo, err = other.Attach(s); err != nil {
				t.Error(err)
			}
		})
		runtime.Gosched()
		s.Unlock()
		both.Wait()
		a := (*other.attached.Load())[0]
		around := 0
		for rt := s.Client.Transport; ; {
			ours, ok := rt.(*transport)
			if !ok {
				break
			}
			if ours.tap == a.tap {
				around++
			}
			rt = ours.next
		}
		if around != 1 {
			t.Fatalf("the session's tap %p is around it %d times", a.tap, around)
		}
		letGo()
	}
}

// TestIdleTapOfALockedSession: a tap that detach could not take off is taken
// again, also while the session is locked.
func TestIdleTapOfALockedSession(t *testing.T) {
	one, other := newInst(t), newInst(t)
	s, detach := attachedTo(t, one)
	found := tapAround(s)
	s.Lock()
	defer s.Unlock()
	detach() // gives up
	if tapOf(s, &attachment{inst: other, session: weak.Make(s)}) != found {
		t.Error("the tap was not taken")
	}
}
