package e2e

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/argus-dgo/argus/internal/catalog"
)

// pushAll is pushTo for a bot that exports traces and events, too.
func pushAll(addr string, more ...string) map[string]string {
	return with(pushTo(addr, more...), map[string]string{
		"OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp", "OTEL_BSP_SCHEDULE_DELAY": "500",
	})
}

// A botTrace is the trace of an interaction as it arrived.
type botTrace struct {
	root  *tracepb.Span
	names []string // of its spans, sorted
	// What tail sampling looks at.
	failed       bool
	begin, ended uint64
}

// special is whether tail sampling has to keep it: also an answer that is not in time is an error.
func (b botTrace) special() bool { return b.failed || b.ended-b.begin >= uint64(time.Second) }

// interactionTraces are the traces of interactions at the sink. No span may be there twice.
func interactionTraces(t *testing.T, s *sink) (traces []botTrace) {
	t.Helper()
	byID, seen := map[string]*botTrace{}, map[string]bool{}
	for _, span := range s.arrivedSpans() {
		if seen[string(span.GetSpanId())] {
			t.Fatalf("the span %s arrived twice", span.GetName())
		}
		seen[string(span.GetSpanId())] = true
		trace := byID[string(span.GetTraceId())]
		if trace == nil {
			trace = &botTrace{begin: math.MaxUint64}
			byID[string(span.GetTraceId())] = trace
		}
		trace.names = append(trace.names, span.GetName())
		trace.failed = trace.failed || span.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR
		trace.begin, trace.ended = min(trace.begin, span.GetStartTimeUnixNano()), max(trace.ended, span.GetEndTimeUnixNano())
		if len(span.GetParentSpanId()) == 0 {
			trace.root = span.Span
		}
	}
	for _, trace := range byID {
		if strings.HasPrefix(trace.names[0], "gateway ") { // of a connection
			continue
		}
		slices.Sort(trace.names)
		traces = append(traces, *trace)
	}
	return traces
}

// completions is how many events at the sink tell of an interaction. None may be there twice.
func completions(t *testing.T, s *sink) int {
	t.Helper()
	seen := map[string]bool{} // by the interaction's span
	for _, record := range s.arrivedLogs() {
		if record.GetEventName() != catalog.EventInteractionCompleted.Name {
			continue
		}
		if id := string(record.GetSpanId()); id == "" || seen[id] {
			t.Fatalf("the event of the span %x arrived twice", id)
		} else {
			seen[id] = true
		}
	}
	return len(seen)
}

// whole are the spans of an interaction that the bot answers.
var whole = []string{restSpan, rootSpan, handlerSpan}

// TestSignalsCollectorAway: the Collector is away for a minute, after which OpenTelemetry's own exporters would give up. Each trace and
// event of what a bot did before, meanwhile and afterwards arrives behind it, whole and once.
func TestSignalsCollectorAway(t *testing.T) {
	t.Parallel()
	s := startSink(t)
	c := startCollector(t, s.env(), tempo, loki)
	b := startBot(t, "signals-away", 2, pushAll(c.grpc))
	// About a hundred spans per second.
	const pace = 30 * time.Millisecond
	complete := func(patience time.Duration) {
		t.Helper()
		eventually(t, "every trace and event has arrived", patience, func() (bool, string) {
			traces, completed := interactionTraces(t, s), completions(t, s)
			n := 0
			for _, trace := range traces {
				if slices.Equal(trace.names, whole) {
					n++
				}
			}
			if len(traces) > b.sent || completed > b.sent {
				t.Fatalf("of %d interactions there are %d traces and %d events", b.sent, len(traces), completed)
			}
			return n == b.sent && completed == b.sent,
				fmt.Sprintf("of %d interactions there are %d traces, %d of them whole, and %d events", b.sent, len(traces), n, completed)
		})
	}
	b.keepPace(3*time.Second, pace)
	complete(30 * time.Second)
	well := b.latencies()

	c.kill()
	b.keepPace(time.Minute, pace)
	faulty := b.latencies()
	before := len(s.arrivedSpans())
	c.start()
	c.healthy()
	eventually(t, "traces again", back, func() (bool, string) { return len(s.arrivedSpans()) > before, b.log.String() })
	complete(time.Minute)
	b.interact(10)
	complete(30 * time.Second)
	t.Logf("%d spans and %d events arrived", len(s.arrivedSpans()), len(s.arrivedLogs()))
	slowed(t, well, faulty)
	warnings := b.lines("level=WARN")
	t.Logf("%d warnings: %q", len(warnings), warnings)
	if most := 3 * 2; len(warnings) == 0 || len(warnings) > most { // of each signal one at once, and one a minute later
		t.Errorf("%d warnings, want 1 to %d", len(warnings), most)
	}
}
