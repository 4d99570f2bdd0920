package e2e

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/internal/catalog"
)

// An interactionKind is a kind of interaction, as its trace shows it.
type interactionKind struct {
	name    string
	percent int // of the traces
	outcome string
	took    time.Duration
	failing string // the span with the status ERROR
	kept    bool   // each of them
}

var interactionKinds = []interactionKind{
	{"the root fails", 1, catalog.AckInTime, 50 * time.Millisecond, rootSpan, true},
	{"the handler fails", 1, catalog.AckInTime, 50 * time.Millisecond, handlerSpan, true},
	{"a request fails", 1, catalog.AckInTime, 50 * time.Millisecond, restSpan, true},
	{"late", 1, catalog.AckLate, 900 * time.Millisecond, "", true},
	{"rejected", 1, catalog.AckRejected, 50 * time.Millisecond, "", true},
	{"missed", 1, catalog.AckMissed, 50 * time.Millisecond, "", true},
	{"slow", 1, catalog.AckInTime, 1001 * time.Millisecond, "", true},
	{"nearly slow", 13, catalog.AckInTime, 999 * time.Millisecond, "", false},
	{"answered elsewhere", 10, catalog.AckAnsweredElsewhere, 50 * time.Millisecond, "", false},
	{"superseded", 10, catalog.AckSuperseded, 50 * time.Millisecond, "", false},
	{"nothing special", 60, catalog.AckInTime, 50 * time.Millisecond, "", false},
}

// TestTailSampling: of the traces of 2,000 interactions every one with an error, without an answer in time or longer than a second
// arrives behind the Collector, and of the others a tenth; each whole, and no span twice. Spans that come later follow the decision.
func TestTailSampling(t *testing.T) {
	t.Parallel()
	const each = 20 // for each percent
	s := startSink(t)
	c := startCollector(t, s.env(), tempo, tailSampling, "yaml:processors::tail_sampling::decision_wait: 10s")
	to := connect(t, c.grpc)
	var batch []*tracepb.Span
	export := func() {
		t.Helper()
		if err := to.exportSpans(batch...); err != nil {
			t.Fatal(err)
		}
		batch = nil
	}
	// As the SDK does: a full batch at once, with no regard to which trace its spans are of.
	push := func(span *tracepb.Span) {
		t.Helper()
		if batch = append(batch, span); len(batch) == 512 {
			export()
		}
	}

	// The ids are the same in each run, so the same traces are kept.
	ids := rand.NewChaCha8([32]byte{})
	sent := map[string]interactionKind{} // by trace id
	spans := map[string][]*tracepb.Span{}
	begin := time.Now()
	for _, kind := range interactionKinds {
		for range kind.percent * each {
			trace := kind.trace(ids, begin)
			id := string(trace[0].GetTraceId())
			sent[id], spans[id] = kind, trace
			for _, span := range trace {
				push(span)
			}
		}
	}
	export()
	kept, rest := sampled(t, c, "otelcol_processor_tail_sampling_global_count_traces_sampled", len(sent))
	t.Logf("%d traces are kept and %d are not", kept, rest)
	perTrace := 3
	arrive := func() map[string]map[string]int {
		t.Helper()
		eventually(t, "what is kept arrives", time.Minute, func() (bool, string) {
			have := len(s.arrivedSpans())
			return have >= kept*perTrace, fmt.Sprintf("%d of %d spans", have, kept*perTrace)
		})
		return arrived(t, s)
	}
	have := arrive()

	// A response that was deferred is edited after the decision.
	for id := range sent {
		late := newSpan(ids, spans[id][0], "PATCH /webhooks/{id}/{token}/messages/@original", begin.Add(time.Minute), time.Millisecond)
		spans[id] = append(spans[id], late)
		push(late)
	}
	export()
	sampled(t, c, "otelcol_processor_tail_sampling_early_releases_from_cache_decision", len(sent))
	perTrace++
	before := len(have)
	have = arrive()
	if len(have) != kept || before != kept {
		t.Errorf("%d traces arrived, and %d with what came later; the Collector says that it kept %d", before, len(have), kept)
	}

	lost, ordinary, ordinaryKept := map[string]int{}, 0, 0
	for id, kind := range sent {
		got := have[id]
		if !kind.kept {
			ordinary++
		}
		if got == nil {
			if kind.kept {
				lost[kind.name]++
			}
			continue
		}
		if !kind.kept {
			ordinaryKept++
		}
		for _, span := range spans[id] {
			if n := got[string(span.GetSpanId())]; n != 1 {
				t.Errorf("of the trace %x (%s) the span %s arrived %d times", id, kind.name, span.GetName(), n)
			}
		}
	}
	if len(lost) != 0 {
		t.Errorf("these should have been kept: %v", lost)
	}
	aboutATenth(t, ordinary, ordinaryKept)
}

// TestTailSamplingOfBot: of 10,000 interactions of a bot, tail sampling keeps the trace of every one that failed, was not answered in time
// or took longer than a second, and of the others a tenth; each whole, and no span twice.
func TestTailSamplingOfBot(t *testing.T) {
	t.Parallel()
	const all, each = 10_000, 100
	s := startSink(t)
	c := startCollector(t, s.env(), tempo, tailSampling, "yaml:processors::tail_sampling::decision_wait: 15s")
	b := startBot(t, "sampled", 4, pushAll(c.grpc), argus.WithCommands(append(slices.Clone(commands), silence, slow)...))
	b.srv.Fail("POST", "/interactions/{id}/interaction-token-of-help/callback", 400, -1)
	spans := map[string][]string{rootSpan: whole} // by the name of the root
	for _, special := range []string{"stats", "help", silence, slow} {
		b.command(special, each)
		root := "application_command " + special
		spans[root] = []string{restSpan, root, handlerSpan}
		if special == silence {
			spans[root] = spans[root][1:]
		}
	}
	specials := b.sent
	b.interact(all - specials)

	// The traces of the connections are decided about, too.
	kept, _ := sampled(t, c, "otelcol_processor_tail_sampling_global_count_traces_sampled", all+len(b.sessions))
	eventually(t, "what is kept arrives, whole", time.Minute, func() (bool, string) {
		for _, trace := range interactionTraces(t, s) {
			if !slices.Equal(trace.names, spans[trace.root.GetName()]) {
				return false, fmt.Sprintf("a trace with the spans %q", trace.names)
			}
		}
		have := len(arrived(t, s))
		return have == kept, fmt.Sprintf("%d of %d traces", have, kept)
	})
	have, ordinary, slowed := map[string]int{}, 0, 0
	for _, trace := range interactionTraces(t, s) {
		name := trace.root.GetName()
		have[name]++
		switch {
		case name != rootSpan:
		case trace.special():
			slowed++ // by a busy machine
		default:
			ordinary++
		}
	}
	for root := range spans {
		if root != rootSpan && have[root] != each {
			t.Errorf("of %d traces of %s %d are kept", each, root, have[root])
		}
	}
	aboutATenth(t, all-specials-slowed, ordinary)
	peak, _ := c.used()
	t.Logf("the Collector had %d MiB of memory at most", peak>>20)
}

// TestTailSamplingShort: a Collector that has no memory for more traces refuses them, and loses none of those that it has taken.
func TestTailSamplingShort(t *testing.T) {
	t.Parallel()
	s := startSink(t)
	c := startCollector(t, with(s.env(), map[string]string{"OTELCOL_MEMORY_LIMIT_MIB": "48", "OTELCOL_MEMORY_SPIKE_MIB": "8"}),
		tempo, tailSampling, "yaml:processors::tail_sampling::decision_wait: 5s")
	to, ids := connect(t, c.grpc), rand.NewChaCha8([32]byte{})
	failing, taken := interactionKinds[0], 0
	large := stringAttribute("large", strings.Repeat("x", 4<<10)) // so that it takes fewer spans
	export := func() error {
		var batch []*tracepb.Span
		for range 100 {
			trace := failing.trace(ids, time.Now())
			trace[0].Attributes = append(trace[0].Attributes, large)
			batch = append(batch, trace...)
		}
		err := to.exportSpans(batch...)
		if err == nil {
			taken += len(batch)
		}
		return err
	}
	eventually(t, "the Collector refuses traces", time.Minute, func() (bool, string) {
		for range 5 {
			if err := export(); err != nil {
				return status.Code(err) == codes.Unavailable && strings.Contains(err.Error(), "memory"), err.Error()
			}
		}
		return false, ""
	})
	eventually(t, "the Collector takes traces again", time.Minute, func() (bool, string) {
		err := export()
		return err == nil, fmt.Sprint(err)
	})
	t.Logf("%d spans were taken", taken)
	eventually(t, "all that was taken arrives", time.Minute, func() (bool, string) {
		have := len(s.arrivedSpans())
		return have == taken, fmt.Sprintf("%d of %d spans", have, taken)
	})
}

// trace is one of the kind. Its spans are in the order in which they end and are exported: the root last.
func (k interactionKind) trace(ids *rand.ChaCha8, begin time.Time) []*tracepb.Span {
	root := newSpan(ids, nil, rootSpan, begin, k.took)
	root.Kind = tracepb.Span_SPAN_KIND_SERVER
	root.Attributes = []*commonpb.KeyValue{stringAttribute(catalog.AttrType, "application_command"), stringAttribute(catalog.AttrOutcome, k.outcome)}
	handler := newSpan(ids, root, handlerSpan, begin, k.took)
	rest := newSpan(ids, handler, restSpan, begin, k.took/2)
	rest.Kind = tracepb.Span_SPAN_KIND_CLIENT
	trace := []*tracepb.Span{rest, handler, root}
	for _, span := range trace {
		if span.GetName() == k.failing {
			span.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
		}
	}
	return trace
}

// aboutATenth checks how many of the traces are kept that need not be. Each is with a probability of 10 %, independently: of random ids,
// one choice in 500 million is further off than six standard deviations.
func aboutATenth(t *testing.T, all, kept int) {
	t.Helper()
	t.Logf("of %d others %d are kept", all, kept)
	mean := 0.1 * float64(all)
	if off := math.Abs(float64(kept) - mean); off > 6*math.Sqrt(mean*0.9) {
		t.Errorf("want about a tenth")
	}
}

// sampled waits until a counter of the Collector has all traces, and says how many it has kept.
func sampled(t *testing.T, c *collector, counter string, all int) (kept, dropped int) {
	t.Helper()
	sample := regexp.MustCompile(`(?m)^` + counter + `\{[^}]*\bsampled="(\w+)"[^}]*\} (\S+)$`)
	eventually(t, counter+" has every trace", time.Minute, func() (bool, string) {
		kept, dropped = 0, 0
		for _, found := range sample.FindAllStringSubmatch(c.ownMetrics(), -1) {
			v, err := strconv.ParseFloat(found[2], 64)
			if err != nil {
				t.Fatal(err)
			}
			if found[1] == "true" {
				kept += int(v)
			} else {
				dropped += int(v)
			}
		}
		return kept+dropped == all, fmt.Sprintf("%d and %d of %d", kept, dropped, all)
	})
	return kept, dropped
}

// arrived counts the spans at the sink by trace and span.
func arrived(t *testing.T, s *sink) map[string]map[string]int {
	t.Helper()
	traces := map[string]map[string]int{}
	for _, span := range s.arrivedSpans() {
		if len(span.GetTraceId()) != 16 || len(span.GetSpanId()) != 8 {
			t.Fatalf("a span has the ids %s and %s", hex.EncodeToString(span.GetTraceId()), hex.EncodeToString(span.GetSpanId()))
		}
		id := string(span.GetTraceId())
		if traces[id] == nil {
			traces[id] = map[string]int{}
		}
		traces[id][string(span.GetSpanId())]++
	}
	return traces
}
