package instrument

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/internal/catalog"
)

// maxPhases limits the phases of one connection: Discord may refuse session after
// session on it.
const maxPhases = 16

// A connecting is the way of one connection to the gateway, from its dial to READY
// or RESUMED, or to its failure. Its spans are made at the end, all at once. It is
// nil if spans are off; its methods do nothing then.
type connecting struct {
	traces *traces
	began  time.Time

	mu     sync.Mutex
	last   time.Time // the end of the last phase
	phases []phase
	over   bool
}

// A phase is a part of the way, and a span.
type phase struct {
	name       string
	began, end time.Time
	outcome    string // of a handshake; empty otherwise
	failed     bool
}

func (a *attachment) connecting() *connecting {
	if a.inst.traces == nil {
		return nil
	}
	now := time.Now()
	return &connecting{traces: a.inst.traces, began: now, last: now}
}

// passed records that a phase is over, and that the next begins.
func (w *connecting) passed(name string) {
	if w == nil {
		return
	}
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addLocked(phase{name: name, began: w.last, end: now})
	w.last = now
}

// answered records the outcome of a handshake.
func (w *connecting) answered(kind, outcome int, began time.Time) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = time.Now()
	w.addLocked(phase{
		name: "gateway " + kinds[kind], began: began, end: w.last,
		outcome: handshakeOutcomes[outcome], failed: outcome != handshakeReady && outcome != handshakeResumed,
	})
}

func (w *connecting) addLocked(p phase) {
	if !w.over && len(w.phases) < maxPhases {
		w.phases = append(w.phases, p)
	}
}

// ended makes the spans. The first call counts. failure is empty if the shard is
// ready.
func (w *connecting) ended(s *shard, outcome, failure string) {
	if w == nil {
		return
	}
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.over = true
	phases := w.phases
	if !w.traces.queue.Push(func() {
		ctx, span := w.traces.start(context.Background(), "gateway connect", w.began, trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(attribute.String(catalog.AttrShard, s.label)))
		if recording(ctx) {
			for _, p := range phases {
				w.traces.done(ctx, p.name, p.began, p.ending())
			}
		}
		w.traces.end(span, ending{at: now, errorType: failure, attributes: []attribute.KeyValue{attribute.String(catalog.AttrConnectOutcome, outcome)}})
	}) {
		w.traces.dropped.n.Add(1)
	}
}

func (p phase) ending() ending {
	e := ending{at: p.end}
	if p.outcome != "" {
		e.attributes = append(e.attributes, attribute.String(catalog.AttrConnectOutcome, p.outcome))
	}
	if p.failed {
		e.errorType = p.outcome
	}
	return e
}
