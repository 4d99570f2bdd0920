package instrument

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/argus-dgo/argus/internal/catalog"
)

const (
	// trackEvery is how often time decides about the interactions that are open.
	trackEvery = time.Second
	// outcomeUnknown is the outcome of an interaction that has none (yet).
	outcomeUnknown = -1
)

// A tracker follows each interaction until it is complete: until its outcome is
// known, its wrapped handlers have returned, and its requests have their
// responses. Its span ends then, and its event is emitted. It is nil if both are off.
//
// Its lock is the innermost one: acks calls it with its own lock held.
type tracker struct {
	faults  *faults
	traces  *traces             // nil if spans are off
	events  *eventLog           // nil if events are off
	settle  func(now time.Time) // gives overdue interactions their outcome
	evicted cell

	mu   sync.Mutex
	open window[*tracked]
	// past are the spans of the interactions that were completed last, for what
	// still belongs to them: late requests, other handlers, and the components of
	// their messages.
	past window[pastSpan]
	// byToken finds an interaction, open or past, by the hash of its token.
	byToken map[uint64]uint64
	starts  map[ackSeries]start // as bounded as the commands
	tick    *time.Timer         // nil while none is open
	closed  bool
}

type pastSpan struct {
	token uint64
	span  trace.SpanContext
}

// A tracked interaction. What is not about its end never changes.
type tracked struct {
	receipt
	command *command
	ctx     context.Context //nolint:containedctx // has the span
	span    trace.Span
	// What the span says of itself: its methods are the bot's.
	recording bool
	spanCtx   trace.SpanContext

	awaited bool // whether an outcome will be known

	// The rest is guarded by the tracker's lock.
	handled        bool // whether a wrapped handler has taken it
	running, calls int  // handlers and requests
	outcome        int
	answer         time.Duration // as in decided
	handling       time.Duration // of the handler that took longest
	errorType      string        // of the first handler that failed
	last           time.Time     // the end of what ended last
}

func newTracker(f *faults, t *traces, l *eventLog, settle func(time.Time)) *tracker {
	k := &tracker{
		faults: f, traces: t, events: l, settle: settle, evicted: drops(catalog.SignalTraces, catalog.DropEvicted),
		open: window[*tracked]{limit: maxPending}, past: window[pastSpan]{limit: maxPending}, byToken: map[uint64]uint64{},
		starts: map[ackSeries]start{},
	}
	k.past.removed = func(p *pastSpan) { delete(k.byToken, p.token) }
	return k
}

// context returns the context of an interaction's span, for exemplars.
func (t *tracked) context() context.Context {
	if t == nil {
		return context.Background()
	}
	return t.ctx
}

// trace returns the ids of an interaction's span, if it is recorded.
func (t *tracked) trace() (sc trace.SpanContext) {
	if t != nil && t.spanCtx.IsSampled() {
		sc = t.spanCtx
	}
	return sc
}

// begin starts to follow an interaction. It returns nil if it is followed already.
func (k *tracker) begin(parent context.Context, r receipt, c *command, awaited bool) (t *tracked) {
	defer k.faults.catch(hookTrace)
	if r.id == 0 || k.known(r.id) {
		return nil
	}
	t = &tracked{receipt: r, command: c, awaited: awaited, outcome: outcomeUnknown, last: r.at, ctx: parent, span: noop.Span{}}
	if k.traces != nil {
		k.startSpan(parent, t)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.open.find(r.id) != nil {
		return nil
	}
	if len(k.open.byID) >= k.open.limit {
		k.evicted.n.Add(1)
		k.events.lost()
		k.closeLocked(k.open.oldest.value, r.at)
	}
	e, _ := k.open.add(r.id, r.at)
	e.value = t
	if r.token != 0 {
		k.byToken[r.token] = r.id
	}
	if k.tick == nil {
		k.tick = time.AfterFunc(trackEvery, k.sweep)
	}
	return t
}

func (k *tracker) known(id uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed || k.open.find(id) != nil || k.past.find(id) != nil
}

// startSpan starts the span of an interaction, which has none if the provider's
// code panics.
func (k *tracker) startSpan(parent context.Context, t *tracked) {
	defer k.faults.catch(hookTrace)
	from := k.startOf(ackSeries{t.kind, t.command})
	opts := from.opts
	if t.about.origin != 0 {
		if made := k.spanOf(t.about.origin); made.IsValid() {
			opts = append(slices.Clip(opts), trace.WithLinks(trace.Link{SpanContext: made}))
		}
	}
	t.ctx, t.span = k.traces.start(parent, from.name, t.at, opts...)
	t.recording, t.spanCtx = t.span.IsRecording(), t.span.SpanContext()
	if t.recording {
		t.span.SetAttributes(t.attributes(k.traces.ids)...)
	}
}

// spanOf returns the span of an interaction, if it is known.
func (k *tracker) spanOf(id uint64) trace.SpanContext {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, past := k.findLocked(id)
	if t != nil {
		return t.spanCtx
	}
	return past
}

// A start is how the spans of one type and command start: the name, and what a
// sampler may want to know.
type start struct {
	name string
	opts []trace.SpanStartOption
}

func (k *tracker) startOf(of ackSeries) start {
	k.mu.Lock()
	defer k.mu.Unlock()
	from, made := k.starts[of]
	if made {
		return from
	}
	attributes := []attribute.KeyValue{attribute.String(catalog.AttrType, interactionTypes[of.kind])}
	if of.ofCommand() {
		attributes = append(attributes, attribute.String(catalog.AttrCommand, of.command.name))
	}
	from.name = of.title()
	from.opts = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...)}
	k.starts[of] = from
	return from
}

// ofCommand reports whether interactions of the type belong to a command.
func (s ackSeries) ofCommand() bool { return s.kind == typeCommand || s.kind == typeAutocomplete }

// title names an interaction by its type, and its command if it has one.
func (s ackSeries) title() string {
	if !s.ofCommand() {
		return interactionTypes[s.kind]
	}
	return titled(interactionTypes[s.kind], s.command.name)
}

// titled adds the name of a command or a task to what it is, unless that is not
// registered.
func titled(what, name string) string {
	if name == catalog.Other {
		return what
	}
	return what + " " + name
}

// attributes are what else is known at the receipt.
func (t *tracked) attributes(ids bool) []attribute.KeyValue {
	attributes := make([]attribute.KeyValue, 0, 6)
	if t.shard != nil {
		attributes = append(attributes, attribute.String(catalog.AttrShard, t.shard.label))
	}
	if t.aged {
		attributes = append(attributes, attribute.Float64(catalog.AttrReceiptAge, t.age.Seconds()))
	}
	if ids {
		for _, id := range []struct {
			name string
			id   uint64
		}{
			{catalog.AttrInteractionID, t.id}, {catalog.AttrGuildID, t.about.guild}, {catalog.AttrChannelID, t.about.channel}, {catalog.AttrUserID, t.about.user},
		} {
			if id.id != 0 {
				attributes = append(attributes, attribute.String(id.name, strconv.FormatUint(id.id, 10)))
			}
		}
	}
	return attributes
}

// enter records that a wrapped handler takes an interaction, and returns its
// context and its span. If the receipt was not seen, r stands for it.
func (k *tracker) enter(ctx context.Context, r receipt, c *command) (in context.Context, t *tracked, span trace.Span) {
	in, span = ctx, noop.Span{}
	defer k.faults.catch(hookTrace)
	k.begin(ctx, r, c, false)
	t, past := k.taken(r.id)
	parent := ctx
	switch {
	case k.traces == nil: // the spans in ctx are the bot's
		return ctx, t, nil
	case t == nil && !past.IsValid(): // closed
		return in, nil, span
	case t == nil:
		if trace.SpanContextFromContext(ctx).TraceID() != past.TraceID() {
			parent = trace.ContextWithSpanContext(ctx, past)
		}
	case !t.recording:
		return trace.ContextWithSpan(ctx, t.span), t, span
	case ctx.Value(trackedKey{}) != t:
		parent = trace.ContextWithSpan(context.WithValue(ctx, trackedKey{}, t), t.span)
	}
	if in = parent; recording(parent) {
		in, span = k.traces.start(parent, "handler", r.at)
	}
	return in, t, span
}

// trackedKey is the key of the interaction in a handler's context.
type trackedKey struct{}

// taken records that a handler runs.
func (k *tracker) taken(id uint64) (*tracked, trace.SpanContext) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, past := k.findLocked(id)
	if t != nil {
		t.handled = true
		t.running++
	}
	return t, past
}

// findLocked returns an interaction that is open, or the span of one that is past.
func (k *tracker) findLocked(id uint64) (t *tracked, past trace.SpanContext) {
	if e := k.open.find(id); e != nil {
		return e.value, past
	}
	if e := k.past.find(id); e != nil {
		return nil, e.value.span
	}
	return nil, past
}

// leave records that a wrapped handler has returned.
func (k *tracker) leave(t *tracked, errorType string, took time.Duration, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t.running--
	t.handling = max(t.handling, took)
	if t.errorType == "" {
		t.errorType = errorType
	}
	k.ended(t, now)
}

// request records that a request of an interaction is sent: of the one with that
// id, or with that hash of its token. It returns the context of its span.
func (k *tracker) request(id, token uint64) (*tracked, context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if id == 0 {
		id = k.byToken[token]
	}
	t, past := k.findLocked(id)
	if t != nil {
		t.calls++
		return t, t.ctx
	}
	return nil, trace.ContextWithSpanContext(context.Background(), past)
}

// responded records the response to a request.
func (k *tracker) responded(t *tracked, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t.calls--
	k.ended(t, now)
}

// decided takes the outcome. answer is the time from the receipt to the response
// that decided it, or 0.
func (k *tracker) decided(t *tracked, outcome int, answer time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t.outcome, t.answer = outcome, answer
	end := t.at.Add(answer)
	if outcome == ackMissed { // Discord says so to the user then
		end = t.at.Add(max(0, answerWithin-t.age))
	}
	k.ended(t, end)
}

// ended notes the end of a part, and completes the interaction if it was the last
// one. The lock must be held.
func (k *tracker) ended(t *tracked, at time.Time) {
	if at.After(t.last) {
		t.last = at
	}
	if t.running > 0 || t.calls > 0 || t.awaited && t.outcome == outcomeUnknown || !t.awaited && !t.handled {
		return
	}
	k.completeLocked(t, t.last)
}

// completeLocked ends an interaction, once. The lock must be held.
func (k *tracker) completeLocked(t *tracked, at time.Time) {
	if k.closeLocked(t, at) {
		k.events.completed(t, at)
	}
}

// closeLocked ends the span of an interaction, and reports whether it was open. The
// lock must be held.
func (k *tracker) closeLocked(t *tracked, at time.Time) bool {
	e := k.open.find(t.id)
	if e == nil || e.value != t {
		return false // evicted
	}
	k.open.remove(e)
	if p, _ := k.past.add(t.id, at); p != nil {
		p.value = pastSpan{token: t.token, span: t.spanCtx}
	}
	if t.recording {
		k.traces.push(t.span, t.ending(at))
	}
	return true
}

func (t *tracked) ending(at time.Time) ending {
	e := ending{at: at, errorType: t.errorType}
	if t.outcome == outcomeUnknown {
		return e
	}
	outcome := ackOutcomes[t.outcome]
	e.attributes = append(e.attributes, attribute.String(catalog.AttrOutcome, outcome))
	switch t.outcome {
	case ackLate, ackMissed, ackRejected:
		if e.errorType == "" {
			e.errorType = outcome
		}
	}
	return e
}

// sweep lets time decide.
func (k *tracker) sweep() {
	defer k.faults.catch(hookTrace)
	now := time.Now()
	k.settle(now)
	k.mu.Lock()
	defer k.mu.Unlock()
	for e := k.open.oldest; e != nil && now.Sub(e.received) > timerLife; {
		t := e.value
		e = e.newer
		// No wrapped handler has taken it, or its outcome was evicted.
		if t.running == 0 && t.calls == 0 {
			k.completeLocked(t, t.last)
		}
	}
	if k.closed || len(k.open.byID) == 0 {
		k.tick = nil
		return
	}
	k.tick.Reset(trackEvery)
}

// close ends the interactions that are open, without an outcome.
func (k *tracker) close() {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	if k.tick != nil {
		k.tick.Stop()
	}
	for e := k.open.oldest; e != nil; e = k.open.oldest {
		k.completeLocked(e.value, now)
	}
}
