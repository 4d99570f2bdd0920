package instrument

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/argus-dgo/argus/instrument/internal/queue"
	"github.com/argus-dgo/argus/internal/catalog"
)

const (
	// queueLimit is how many spans may wait for the bot's span processors to end
	// them, and how many events for its log processors: some seconds of a busy bot.
	queueLimit = 8192
	// closePatience is how long Close waits for those that wait.
	closePatience = 2 * time.Second
)

// traces makes spans. It is nil without a TracerProvider.
//
// A span starts on the goroutine of what it measures, whose context it becomes
// part of. It ends in a queue: processors may do anything when a span ends, and
// some export it then.
type traces struct {
	tracer  trace.Tracer
	ids     bool
	faults  *faults
	queue   *queue.Queue
	dropped cell
}

func newTraces(provider trace.TracerProvider, ids bool, f *faults) *traces {
	return &traces{
		tracer:  provider.Tracer(ScopeName, trace.WithInstrumentationVersion(Version())),
		ids:     ids,
		faults:  f,
		queue:   queue.New(queueLimit, func(r any) { f.report(hookTrace, recovered(r)) }),
		dropped: drops(catalog.SignalTraces, catalog.DropQueueFull),
	}
}

// drops is the series of what was dropped of one signal for one reason.
func drops(signal, reason string) cell {
	return cell{opts: labelled(attribute.String("signal", signal), attribute.String("reason", reason))}
}

// start starts a span. If the provider's code panics, it is one that does nothing.
func (t *traces) start(ctx context.Context, name string, at time.Time, opts ...trace.SpanStartOption) (in context.Context, span trace.Span) {
	defer func() {
		if in == nil || span == nil {
			in, span = ctx, noop.Span{}
		}
	}()
	defer t.faults.catch(hookTrace)
	return t.tracer.Start(ctx, name, append(opts, trace.WithTimestamp(at))...)
}

// An ending is how a span ends.
type ending struct {
	at         time.Time
	errorType  string // empty without an error
	attributes []attribute.KeyValue
}

// end ends a span, later. The description of its status stays empty: the text of
// an error may contain anything.
func (t *traces) end(span trace.Span, e ending) {
	defer t.faults.catch(hookTrace)
	if span.IsRecording() {
		t.push(span, e)
	}
}

func (t *traces) push(span trace.Span, e ending) {
	if !t.queue.Push(func() {
		if e.errorType != "" {
			e.attributes = append(e.attributes, attribute.String(catalog.AttrErrorType, e.errorType))
			span.SetStatus(codes.Error, "")
		}
		span.SetAttributes(e.attributes...)
		span.End(trace.WithTimestamp(e.at))
	}) {
		t.dropped.n.Add(1)
	}
}

// done makes a span of something that is over.
func (t *traces) done(ctx context.Context, name string, began time.Time, e ending, opts ...trace.SpanStartOption) {
	_, span := t.start(ctx, name, began, opts...)
	t.end(span, e)
}

// recording reports whether there is a trace to add spans to.
func recording(ctx context.Context) bool {
	span := trace.SpanFromContext(ctx)
	return span.IsRecording() || span.SpanContext().IsSampled()
}
