package instrument

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"github.com/argus-dgo/argus/internal/catalog"
)

// TestOpenSpansAreCapped: of the interactions whose spans are open, the oldest
// gives way at the limit: its span ends without an outcome, and is counted. All
// others end when time decides, without a collection.
func TestOpenSpansAreCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, over = 10, 5
		spans := tracetest.NewSpanRecorder()
		f := newTapped(t, true, WithCommands("ping"), WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))))
		k := f.inst.tracker
		k.open.limit, k.past.limit = limit, limit
		stream := newInteractionStream()
		for range limit + over {
			f.feed(t, stream.another())
			if open, _ := kept(k); open > limit {
				t.Fatalf("%d are open", open)
			}
		}
		synctest.Wait()
		if got := k.evicted.n.Load(); got != over {
			t.Errorf("%d gave way, want %d", got, over)
		}
		if got := byOutcome(interactionSpans(spans)); got[""] != over || len(got) != 1 {
			t.Errorf("outcomes %v, want %d without one", got, over)
		}
		time.Sleep(missedAfter + trackEvery) //nolint:forbidigo // by the clock of the bubble
		synctest.Wait()
		if got := byOutcome(interactionSpans(spans)); got[""] != over || got[catalog.AckMissed] != limit {
			t.Errorf("outcomes %v, want %d without one and %d missed", got, over, limit)
		}
		if open, past := kept(k); open != 0 || past != limit {
			t.Errorf("%d are open and %d past, want 0 and %d", open, past, limit)
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		if tokens := len(k.byToken); tokens > 2*limit {
			t.Errorf("%d tokens are kept", tokens)
		}
		if k.tick != nil {
			t.Error("a timer runs on")
		}
	})
}

// kept is how many interactions a tracker keeps.
func kept(k *tracker) (open, past int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.open.byID), len(k.past.byID)
}

func interactionSpans(spans *tracetest.SpanRecorder) []sdktrace.ReadOnlySpan {
	return slices.DeleteFunc(spans.Ended(), func(s sdktrace.ReadOnlySpan) bool { return s.SpanKind() != trace.SpanKindServer })
}

// byOutcome counts spans by outcome.
func byOutcome(spans []sdktrace.ReadOnlySpan) map[string]int {
	count := map[string]int{}
	for _, s := range spans {
		outcome := ""
		for _, kv := range s.Attributes() {
			if kv.Key == catalog.AttrOutcome {
				outcome = kv.Value.AsString()
			}
		}
		count[outcome]++
	}
	return count
}

// TestSpanWithoutOutcome: where answers are not followed, the span ends with the
// handler; if no handler takes the interaction, within about a minute.
func TestSpanWithoutOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spans := tracetest.NewSpanRecorder()
		f := newTapped(t, true, WithAcks(false), WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))))
		stream := newInteractionStream()
		f.feed(t, stream.another())
		if open, _ := kept(f.inst.tracker); open != 0 {
			t.Error("a span is open that nothing would end")
		}
		handle := f.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error {
			time.Sleep(7 * time.Second) //nolint:forbidigo // by the clock of the bubble
			return nil
		})
		f.feed(t, stream.another())
		handle(f.session, &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{ID: string(stream.id), Type: discordgo.InteractionMessageComponent}})
		synctest.Wait()
		ended := interactionSpans(spans)
		if got := byOutcome(ended); len(ended) != 1 || got[""] != 1 {
			t.Fatalf("outcomes %v, want one span without one", got)
		}
		if took := ended[0].EndTime().Sub(ended[0].StartTime()); took != 7*time.Second {
			t.Errorf("it took %v, want 7s", took)
		}
		f.feed(t, stream.another())
		time.Sleep(timerLife + 2*trackEvery) //nolint:forbidigo // by the clock of the bubble
		synctest.Wait()
		if ended := interactionSpans(spans); len(ended) != 2 {
			t.Errorf("%d spans, want 2", len(ended))
		}
	})
}

// TestCloseEndsSpans: what is open when the instrumentation is closed ends then,
// and is exported before the provider can be shut down.
func TestCloseEndsSpans(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	f := newTapped(t, true, WithCommands("ping"), WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))))
	f.feed(t, newInteractionStream().another())
	if got := len(interactionSpans(spans)); got != 0 {
		t.Fatalf("%d spans have ended", got)
	}
	if err := f.inst.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(interactionSpans(spans)); got != 1 {
		t.Errorf("%d spans have ended, want 1", got)
	}
	// Handlers still work, without spans.
	f.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })(
		f.session, &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{ID: "77", Type: discordgo.InteractionPing}})
	if err := f.inst.Command(t.Context(), "ping", func(context.Context) error { return errHostile }); !errors.Is(err, errHostile) {
		t.Errorf("the command returned %v", err)
	}
	if got := len(interactionSpans(spans)); got != 1 {
		t.Errorf("%d spans have ended after Close, want 1", got)
	}
}

var errHostile = errors.New("hostile")

// A hostile provider makes spans that panic, or block, where they are told to.
type hostile struct {
	embedded.TracerProvider
	start, record, end func()
}

func (h hostile) Tracer(string, ...trace.TracerOption) trace.Tracer { return hostileTracer{hostile: h} }

type hostileTracer struct {
	embedded.Tracer
	hostile hostile
}

func (t hostileTracer) Start(ctx context.Context, _ string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	t.hostile.start()
	span := hostileSpan{Span: trace.SpanFromContext(context.Background()), hostile: t.hostile}
	return trace.ContextWithSpan(ctx, span), span
}

type hostileSpan struct {
	trace.Span
	hostile hostile
}

func (s hostileSpan) SpanContext() trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
}
func (s hostileSpan) IsRecording() bool                   { return true }
func (s hostileSpan) SetAttributes(...attribute.KeyValue) { s.hostile.record() }
func (s hostileSpan) End(...trace.SpanEndOption)          { s.hostile.end() }

// TestHostileTracerProvider: whatever the bot's provider does, the bot goes on and
// is measured; only what blocks when a span starts is the bot's own.
func TestHostileTracerProvider(t *testing.T) {
	none := func() {}
	release := make(chan struct{})
	for name, tt := range map[string]struct {
		provider hostile
		faults   bool
		dropped  bool
	}{
		"start panics":  {hostile{start: func() { panic("x") }, record: none, end: none}, true, false},
		"record panics": {hostile{start: none, record: func() { panic("x") }, end: none}, true, false},
		"end panics":    {hostile{start: none, record: none, end: func() { panic("x") }}, true, false},
		"end blocks":    {hostile{start: none, record: none, end: func() { <-release }}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTapped(t, true, WithCommands("ping"), WithTracerProvider(tt.provider))
			handled := 0
			handle := f.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error {
				handled++
				return nil
			})
			stream := newInteractionStream()
			const n = queueLimit // three spans for each
			for range n {
				f.feed(t, stream.another())
				id := string(stream.id)
				handle(f.session, &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{
					ID: id, Type: discordgo.InteractionApplicationCommand, Data: discordgo.ApplicationCommandInteractionData{Name: "ping"},
				}})
				f.call(t, f.request(t, http.MethodPost, discordgo.EndpointInteractionResponse(id, "dG9rZW4")))
			}
			if got := f.inst.acks.cells[typeCommand*len(ackOutcomes)+ackInTime].n.Load(); got != n || handled != n {
				t.Errorf("%d of %d were answered in time, and %d handled", got, n, handled)
			}
			if tt.dropped && f.inst.traces.dropped.n.Load() < n {
				t.Errorf("%d spans were dropped, want %d at least", f.inst.traces.dropped.n.Load(), n)
			}
			if tt.dropped {
				close(release) // or Close would wait for its patience
			}
			if err := f.inst.Close(); err != nil {
				t.Fatal(err)
			}
			if got := f.inst.faults.counts[hookTrace].Load(); (got > 0) != tt.faults {
				t.Errorf("%d faults of hook trace", got)
			}
			for h := range f.inst.faults.counts {
				if n := f.inst.faults.counts[h].Load(); n > 0 && hook(h) != hookTrace {
					t.Errorf("%d faults of hook %s", n, f.inst.faults.hooks[h])
				}
			}
		})
	}
}
