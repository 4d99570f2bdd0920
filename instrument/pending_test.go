package instrument

import (
	"context"
	"maps"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/argus-dgo/argus/internal/catalog"
)

const manyPending = 100_000

// TestPendingIsCapped: of 100,000 interactions that are pending at a time the
// newest 10,000 are followed, and the others are counted. The clock of the bubble
// stands still meanwhile, however slow the machine is.
func TestPendingIsCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := sdkmetric.NewManualReader()
		inst, err := New(WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = inst.Close() }()
		inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil }) // has timers kept
		now := time.Now()
		for id := range uint64(manyPending) {
			inst.acks.receive(receipt{id: id + 1, at: now, kind: 2}, inst.commands.other)
			inst.timers.start(id+1, now)
			if acks, timers := len(inst.acks.pending.byID), len(inst.timers.pending.byID); acks > catalog.MaxPending || timers > catalog.MaxPending {
				t.Fatalf("after %d: %d interactions and %d timers are kept", id+1, acks, timers)
			}
		}
		if acks, timers := len(inst.acks.pending.byID), len(inst.timers.pending.byID); acks != catalog.MaxPending || timers != catalog.MaxPending {
			t.Errorf("%d interactions and %d timers are kept, want %d", acks, timers, catalog.MaxPending)
		}
		const evicted = manyPending - catalog.MaxPending
		if acks, timers := inst.acks.evicted.n.Load(), inst.timers.evicted.n.Load(); acks != evicted || timers != evicted {
			t.Errorf("%d interactions and %d timers gave way, want %d each", acks, timers, evicted)
		}
		if inst.acks.pending.find(evicted) != nil || inst.acks.pending.find(evicted+1) == nil {
			t.Error("it is not the oldest that gave way")
		}
		if _, ok := inst.timers.take(evicted); ok {
			t.Error("it is not the oldest timer that gave way")
		}
		if at, ok := inst.timers.take(manyPending); !ok || !at.Equal(now) {
			t.Errorf("the newest timer: %v, %v", at, ok)
		}

		// An interaction that is known already takes no room.
		inst.acks.receive(receipt{id: manyPending, at: now, kind: 2}, inst.commands.other)
		if got := inst.acks.evicted.n.Load(); got != evicted {
			t.Errorf("%d gave way, want %d", got, evicted)
		}
		inst.acks.settle(now.Add(missedAfter))
		if got := len(inst.acks.missed.byID); got != catalog.MaxPending {
			t.Errorf("%d missed ones may still have an attempt, want %d", got, catalog.MaxPending)
		}
		if got := len(inst.acks.pending.byID); got != 0 {
			t.Errorf("%d interactions are kept after their time, want none", got)
		}
		if got := inst.acks.cells[2*len(ackOutcomes)+ackMissed].n.Load(); got != catalog.MaxPending {
			t.Errorf("%d were missed, want %d", got, catalog.MaxPending)
		}
	})
}

// TestTimersAreBounded: an interaction has a timer to its answer and one to its
// wrapped handler. Each gives way at a limit of its own, and is counted where it
// does; one that time has decided does not give way.
func TestTimersAreBounded(t *testing.T) {
	const limit, over = 10, 5
	for name, tt := range map[string]struct {
		opts                      []Option
		wrapped, handled, replied bool
		pause                     time.Duration // after each interaction
		evicted                   map[string]int64
		missed                    uint64
	}{
		"neither handled nor answered": {wrapped: true, evicted: map[string]int64{"answer": over, "handler": over}, missed: limit},
		"answered by another handler":  {wrapped: true, replied: true, evicted: map[string]int64{"answer": 0, "handler": over}},
		"handled without an answer":    {wrapped: true, handled: true, evicted: map[string]int64{"answer": over, "handler": 0}, missed: limit},
		"handled and answered":         {wrapped: true, handled: true, replied: true, evicted: map[string]int64{"answer": 0, "handler": 0}},
		"no handler is wrapped":        {evicted: map[string]int64{"answer": over, "handler": 0}, missed: limit},
		"answers are not followed":     {opts: []Option{WithAcks(false)}, wrapped: true, evicted: map[string]int64{"handler": over}},
		"one in a second":              {wrapped: true, pause: time.Second, evicted: map[string]int64{"answer": 0, "handler": over}, missed: limit + over},
		"one in ten seconds":           {wrapped: true, pause: 10 * time.Second, evicted: map[string]int64{"answer": 0, "handler": 0}, missed: limit + over},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newTapped(t, true, tt.opts...)
				f.inst.acks.pending.limit, f.inst.timers.pending.limit = limit, limit
				handle := func(*discordgo.Session, *discordgo.InteractionCreate) {}
				if tt.wrapped {
					handle = f.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })
				}
				stream := newInteractionStream()
				for range limit + over {
					f.feed(t, stream.another())
					id := string(stream.id)
					if tt.handled {
						handle(f.session, &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{
							ID: id, Type: discordgo.InteractionApplicationCommand, Data: discordgo.ApplicationCommandInteractionData{Name: "ping"},
						}})
					}
					if tt.replied {
						f.call(t, f.request(t, http.MethodPost, discordgo.EndpointInteractionResponse(id, "dG9rZW4")))
					}
					time.Sleep(tt.pause) //nolint:forbidigo // by the clock of the bubble
				}
				if got := f.evicted(t); !maps.Equal(got, tt.evicted) {
					t.Errorf("timers evicted: %v, want %v", got, tt.evicted)
				}
				f.inst.acks.settle(time.Now().Add(missedAfter))
				if got := f.inst.acks.cells[2*len(ackOutcomes)+ackMissed].n.Load(); got != tt.missed {
					t.Errorf("%d were missed, want %d", got, tt.missed)
				}
			})
		})
	}
}

// evicted is what is reported of timers that gave way, by timer.
func (f *tapped) evicted(tb testing.TB) map[string]int64 {
	tb.Helper()
	var rm metricdata.ResourceMetrics
	if err := f.reader.Collect(tb.Context(), &rm); err != nil {
		tb.Fatal(err)
	}
	evicted := map[string]int64{}
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != catalog.TimersEvicted.Name {
				continue
			}
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				timer, _ := p.Attributes.Value("timer")
				evicted[timer.AsString()] = p.Value
			}
		}
	}
	return evicted
}

// TestPendingIsCappedWhileCallbacksAreUnderWay: those whose response decides do
// not give way, so there is no room for others.
func TestPendingIsCappedWhileCallbacksAreUnderWay(t *testing.T) {
	s := newAckSet(false)
	s.recordDelay = noop.Float64Histogram{}
	now := time.Now()
	other := newCommand(catalog.Other)
	for id := range uint64(catalog.MaxPending) {
		s.receive(receipt{id: id + 1, at: now, kind: 2}, other)
		s.begin(id+1, now)
	}
	late := now.Add(missedAfter)
	for id := range uint64(500) {
		s.receive(receipt{id: catalog.MaxPending + id + 1, at: late, kind: 2}, other)
	}
	if kept, evicted := len(s.pending.byID), s.evicted.n.Load(); kept != catalog.MaxPending || evicted != 500 {
		t.Errorf("%d are kept and %d gave way, want %d and 500", kept, evicted, catalog.MaxPending)
	}
	s.begin(catalog.MaxPending+1, late) // of one that is not followed
	s.end(catalog.MaxPending+1, http.StatusNoContent, 0, late)
	for id := range uint64(catalog.MaxPending) {
		s.end(id+1, http.StatusBadRequest, 0, late)
	}
	if kept := len(s.pending.byID); kept != 0 {
		t.Errorf("%d are kept, want none", kept)
	}
	if got := s.cells[2*len(ackOutcomes)+ackLate].n.Load(); got != catalog.MaxPending {
		t.Errorf("%d were late, want %d", got, catalog.MaxPending)
	}
}

// TestOutcomes: what is seen of an interaction, by the time since its receipt,
// and the outcome.
func TestOutcomes(t *testing.T) {
	const (
		acknowledged = discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged
		unknown      = discordgo.ErrCodeUnknownInteraction
		command      = 2
		ping         = 1
	)
	type step struct {
		at           time.Duration
		what         string // begin, end, follow up, or settle
		status, code int
	}
	const sec = time.Second
	for name, tt := range map[string]struct {
		kind  int
		steps []step
		want  int
	}{
		"accepted":                 {command, []step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 204, 0}}, ackInTime},
		"accepted late":            {command, []step{{1 * sec, "begin", 0, 0}, {4 * sec, "end", 204, 0}}, ackLate},
		"accepted after 5 s":       {command, []step{{1 * sec, "begin", 0, 0}, {6 * sec, "settle", 0, 0}, {7 * sec, "end", 204, 0}}, ackLate},
		"nothing":                  {command, []step{{5 * sec, "settle", 0, 0}}, ackMissed},
		"nothing, a ping":          {ping, []step{{5 * sec, "settle", 0, 0}}, ackMissed},
		"tried after 5 s":          {command, []step{{6 * sec, "begin", 0, 0}, {7 * sec, "end", 404, unknown}}, ackMissed},
		"refused":                  {command, []step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 400, 50035}, {5 * sec, "settle", 0, 0}}, ackRejected},
		"refused without a code":   {command, []step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 500, 0}, {5 * sec, "settle", 0, 0}}, ackRejected},
		"refused late":             {command, []step{{1 * sec, "begin", 0, 0}, {4 * sec, "end", 404, unknown}, {5 * sec, "settle", 0, 0}}, ackLate},
		"refused after 5 s":        {command, []step{{1 * sec, "begin", 0, 0}, {6 * sec, "settle", 0, 0}, {7 * sec, "end", 404, unknown}}, ackLate},
		"acknowledged":             {command, []step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 400, acknowledged}}, ackElsewhere},
		"acknowledged, tried late": {command, []step{{4 * sec, "begin", 0, 0}, {4 * sec, "end", 400, acknowledged}}, ackElsewhere},
		"acknowledged after 5 s":   {command, []step{{1 * sec, "begin", 0, 0}, {6 * sec, "settle", 0, 0}, {7 * sec, "end", 400, acknowledged}}, ackElsewhere},
		"acknowledged before our own is accepted": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {1 * sec, "begin", 0, 0}, {2 * sec, "end", 400, acknowledged}, {2 * sec, "end", 204, 0}},
			ackInTime,
		},
		"acknowledged twice": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {1 * sec, "begin", 0, 0}, {2 * sec, "end", 400, acknowledged}, {2 * sec, "end", 400, acknowledged}},
			ackElsewhere,
		},
		"a server's error that was none": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 502, 0}, {4 * sec, "begin", 0, 0}, {4 * sec, "end", 400, acknowledged}},
			ackInTime,
		},
		"a server's error that was none, seen late": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {4 * sec, "end", 504, 0}, {4 * sec, "begin", 0, 0}, {4 * sec, "end", 400, acknowledged}},
			ackInTime,
		},
		"no response, and it was taken": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 0, 0}, {2 * sec, "begin", 0, 0}, {3 * sec, "end", 400, acknowledged}},
			ackInTime,
		},
		"a proxy's time-out, and it was taken": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 408, 0}, {2 * sec, "begin", 0, 0}, {3 * sec, "end", 400, acknowledged}},
			ackInTime,
		},
		"no response to one that was late": {
			command,
			[]step{{4 * sec, "begin", 0, 0}, {4 * sec, "end", 0, 0}, {4 * sec, "begin", 0, 0}, {4 * sec, "end", 400, acknowledged}},
			ackElsewhere,
		},
		"a limit, then somebody else": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {1 * sec, "end", 429, 0}, {2 * sec, "begin", 0, 0}, {2 * sec, "end", 400, acknowledged}},
			ackElsewhere,
		},
		"followed up":                        {command, []step{{1 * sec, "follow up", 0, 0}}, ackElsewhere},
		"followed up, just in time":          {command, []step{{4 * sec, "follow up", 0, 0}}, ackElsewhere},
		"followed up after a server's error": {command, []step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 502, 0}, {2 * sec, "follow up", 0, 0}}, ackInTime},
		"followed up before the answer is seen": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {1 * sec, "follow up", 0, 0}, {2 * sec, "end", 204, 0}},
			ackInTime,
		},
		"followed up, and the answer is lost": {
			command,
			[]step{{1 * sec, "begin", 0, 0}, {1 * sec, "follow up", 0, 0}, {2 * sec, "end", 0, 0}},
			ackInTime,
		},
		"followed up after 5 s": {command, []step{{6 * sec, "settle", 0, 0}, {7 * sec, "follow up", 0, 0}}, ackMissed},
		"typed on":              {typeAutocomplete, []step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 404, unknown}}, ackSuperseded},
		"typed on, or late":     {typeAutocomplete, []step{{1 * sec, "begin", 0, 0}, {4 * sec, "end", 404, unknown}}, ackLate},
		"suggestions refused":   {typeAutocomplete, []step{{1 * sec, "begin", 0, 0}, {2 * sec, "end", 400, 50035}, {5 * sec, "settle", 0, 0}}, ackRejected},
	} {
		t.Run(name, func(t *testing.T) {
			s := newAckSet(false)
			s.record, s.recordDelay = noop.Float64Histogram{}, noop.Float64Histogram{}
			received := time.Now()
			s.receive(receipt{id: 7, token: 70, at: received, kind: tt.kind}, newCommand(catalog.Other))
			for _, step := range tt.steps {
				switch now := received.Add(step.at); step.what {
				case "begin":
					s.begin(7, now)
				case "end":
					s.end(7, step.status, step.code, now)
				case "follow up":
					s.followedUp(71) // another's
					s.followedUp(0)
					s.followedUp(70)
				case "settle":
					s.settle(now)
				}
			}
			for n, outcome := range ackOutcomes {
				want := uint64(0)
				if n == tt.want {
					want = 1
				}
				if got := s.cells[tt.kind*len(ackOutcomes)+n].n.Load(); got != want {
					t.Errorf("%d times %s, want %d", got, outcome, want)
				}
			}
			s.settle(received.Add(2 * timerLife))
			if kept := len(s.pending.byID) + len(s.byToken) + len(s.missed.byID); kept > 0 {
				t.Errorf("%d entries are kept", kept)
			}
		})
	}
}

// TestPendingFromTheWire: the same, from the bytes of the socket.
func TestPendingFromTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTapped(t, true, WithCommands("ping"))
		f.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })
		stream := newInteractionStream()
		for range manyPending {
			f.feed(t, stream.another())
		}
		const evicted = manyPending - catalog.MaxPending
		if acks, timers := len(f.inst.acks.pending.byID), len(f.inst.timers.pending.byID); acks != catalog.MaxPending || timers != catalog.MaxPending {
			t.Errorf("%d interactions and %d timers are kept, want %d", acks, timers, catalog.MaxPending)
		}
		if got, want := f.evicted(t), map[string]int64{"answer": evicted, "handler": evicted}; !maps.Equal(got, want) {
			t.Errorf("timers evicted: %v, want %v", got, want)
		}
	})
}

// pendingBytes is what 10,000 pending interactions need, each.
func pendingBytes(add func(id uint64)) float64 {
	heap := func() int64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC() // sync.Pools give theirs up at the second
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	before := heap()
	for id := range uint64(catalog.MaxPending) {
		add(id<<22 + 1)
	}
	return float64(heap()-before) / catalog.MaxPending
}

// BenchmarkPending measures the memory of what is kept of an interaction that
// waits for its answer, and for its handler.
func BenchmarkPending(b *testing.B) {
	b.Run("answer", func(b *testing.B) {
		var total float64
		for b.Loop() {
			s := newAckSet(false)
			other, now := newCommand(catalog.Other), time.Now()
			total += pendingBytes(func(id uint64) { s.receive(receipt{id: id, at: now, kind: 2}, other) })
			runtime.KeepAlive(s)
		}
		b.ReportMetric(total/float64(b.N), "B/interaction")
	})
	for name, sampler := range map[string]sdktrace.Sampler{"span": sdktrace.AlwaysSample(), "span that is not sampled": sdktrace.NeverSample()} {
		b.Run(name, func(b *testing.B) {
			var total float64
			for b.Loop() {
				f := newFaults(time.Now(), nil)
				t := newTraces(sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(discarding{})), false, f)
				k := newTracker(f, t, nil, func(time.Time) {})
				other, now := newCommand(catalog.Other), time.Now()
				total += pendingBytes(func(id uint64) {
					k.begin(context.Background(), receipt{id: id, token: id, at: now, kind: 2}, other, true)
				})
				k.close()
				t.queue.Close(time.Minute)
			}
			b.ReportMetric(total/float64(b.N), "B/interaction")
		})
	}
	b.Run("span that has ended", func(b *testing.B) {
		var total float64
		for b.Loop() {
			f := newFaults(time.Now(), nil)
			t := newTraces(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(discarding{})), false, f)
			k := newTracker(f, t, nil, func(time.Time) {})
			other, now := newCommand(catalog.Other), time.Now()
			total += pendingBytes(func(id uint64) {
				k.decided(k.begin(context.Background(), receipt{id: id, token: id, at: now, kind: 2}, other, true), ackInTime, time.Second)
			})
			k.close()
			t.queue.Close(time.Minute)
		}
		b.ReportMetric(total/float64(b.N), "B/interaction")
	})
	b.Run("handler", func(b *testing.B) {
		var total float64
		for b.Loop() {
			s := newTimerSet()
			s.used.Store(true)
			now := time.Now()
			total += pendingBytes(func(id uint64) { s.start(id, now) })
			runtime.KeepAlive(s)
		}
		b.ReportMetric(total/float64(b.N), "B/interaction")
	})
}

// BenchmarkRequest measures a REST request whose transport answers at once: what
// the instrumentation adds to a Client, and to discordgo's method.
func BenchmarkRequest(b *testing.B) {
	for _, way := range []string{"bare", "instrumented"} {
		b.Run("Client/"+way, func(b *testing.B) {
			f := newTapped(b, way != "bare")
			r := f.request(b, http.MethodPost, discordgo.EndpointChannelMessages("44"))
			b.ReportAllocs()
			for b.Loop() {
				f.call(b, r)
			}
		})
	}
	for _, way := range []string{"bare", "instrumented", "with RequestOption"} {
		b.Run("ChannelMessageSend/"+way, func(b *testing.B) {
			f := newTapped(b, way != "bare")
			f.users.body = `{"id":"55","channel_id":"44","content":"Pong!"}`
			b.ReportAllocs()
			for b.Loop() {
				var opts []discordgo.RequestOption
				if way == "with RequestOption" {
					opts = append(opts, f.inst.RequestOption(context.Background()))
				}
				if _, err := f.session.ChannelMessageSend("44", "Pong!", opts...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkInteraction measures an interaction from its frame to the response to
// its callback: what the instrumentation adds, without discordgo's own work.
func BenchmarkInteraction(b *testing.B) {
	sampling := func(s sdktrace.Sampler) []Option {
		return []Option{WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(s), sdktrace.WithSpanProcessor(discarding{})))}
	}
	for way, opts := range map[string][]Option{
		"bare": nil, "instrumented": nil,
		"not sampled": sampling(sdktrace.NeverSample()), "sampled": sampling(sdktrace.AlwaysSample()),
		"events": {(&processor{}).option(), WithEventGuildIDs(true), WithEventUserHash(make([]byte, catalog.MinEventUserKey))},
	} {
		b.Run(way, func(b *testing.B) {
			f := newTapped(b, way != "bare", append(opts, WithCommands("ping"))...)
			handle := f.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })
			stream := newInteractionStream()
			r := f.request(b, http.MethodPost, discordgo.EndpointInteractionResponse("1144", "dG9rZW4"))
			ic := &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{
				Type: discordgo.InteractionApplicationCommand, Data: discordgo.ApplicationCommandInteractionData{Name: "ping"},
			}}
			f.call(b, r) // without a call before, interactions are not followed
			b.ReportAllocs()
			for b.Loop() {
				f.feed(b, stream.another())
				ic.ID = string(stream.id)
				r.URL.Path = "/api/v9/interactions/" + ic.ID + "/dG9rZW4/callback"
				if way != "bare" {
					handle(nil, ic)
				}
				f.call(b, r)
			}
			b.StopTimer()
			followed := uint64(0)
			for n := range f.inst.acks.cells {
				followed += f.inst.acks.cells[n].n.Load()
			}
			if way != "bare" && followed != uint64(b.N) {
				b.Errorf("%d of %d interactions have an outcome", followed, b.N)
			}
		})
	}
}

// discarding is a span processor that does nothing.
type discarding struct{}

func (discarding) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discarding) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discarding) Shutdown(context.Context) error                  { return nil }
func (discarding) ForceFlush(context.Context) error                { return nil }

// BenchmarkFrame measures one frame, from the read of the socket on.
func BenchmarkFrame(b *testing.B) {
	stream := newInteractionStream()
	message := textFrame(`{"t":"MESSAGE_CREATE","s":3,"op":0,"d":{"id":"5","content":"x"}}`)
	for _, frame := range []struct {
		name string
		next func() []byte
	}{
		{"MESSAGE_CREATE", func() []byte { return message }},
		{"INTERACTION_CREATE", stream.another},
	} {
		for _, way := range []string{"bare", "instrumented"} {
			b.Run(frame.name+"/"+way, func(b *testing.B) {
				f := newTapped(b, way != "bare")
				b.ReportAllocs()
				for b.Loop() {
					f.feed(b, frame.next())
				}
			})
		}
	}
}
