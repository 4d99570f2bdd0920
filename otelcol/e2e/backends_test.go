package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Names of spans of an interaction.
const (
	rootSpan    = "application_command ping"
	handlerSpan = "handler"
	restSpan    = "POST /interactions/{id}/{token}/callback"
)

// A connection exports spans and events to a Collector.
type connection struct {
	ctx    context.Context //nolint:containedctx // a test's
	traces coltracepb.TraceServiceClient
	logs   collogspb.LogsServiceClient
}

func connect(t testing.TB, addr string) *connection {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &connection{t.Context(), coltracepb.NewTraceServiceClient(conn), collogspb.NewLogsServiceClient(conn)}
}

// sender is the resource of all that a connection exports.
func sender() *resourcepb.Resource {
	return &resourcepb.Resource{Attributes: []*commonpb.KeyValue{
		stringAttribute("service.name", "sender"), stringAttribute("service.instance.id", "1"), stringAttribute("cluster", "c"),
	}}
}

var scope = &commonpb.InstrumentationScope{Name: "scope", Version: "1"}

func (c *connection) exportSpans(spans ...*tracepb.Span) error {
	res, err := c.traces.Export(c.ctx, &coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: sender(), ScopeSpans: []*tracepb.ScopeSpans{{Scope: scope, Spans: spans}},
	}}})
	if n := res.GetPartialSuccess().GetRejectedSpans(); n != 0 {
		return fmt.Errorf("%d spans are rejected", n)
	}
	return err
}

func (c *connection) exportLogs(records ...*logspb.LogRecord) error {
	res, err := c.logs.Export(c.ctx, &collogspb.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{
		Resource: sender(), ScopeLogs: []*logspb.ScopeLogs{{Scope: scope, LogRecords: records}},
	}}})
	if n := res.GetPartialSuccess().GetRejectedLogRecords(); n != 0 {
		return fmt.Errorf("%d records are rejected", n)
	}
	return err
}

func stringAttribute(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

// newSpan is a span without a parent if that is nil.
func newSpan(ids *rand.ChaCha8, parent *tracepb.Span, name string, begin time.Time, took time.Duration) *tracepb.Span {
	span := &tracepb.Span{
		TraceId: parent.GetTraceId(), ParentSpanId: parent.GetSpanId(), SpanId: make([]byte, 8), Name: name,
		StartTimeUnixNano: uint64(begin.UnixNano()), EndTimeUnixNano: uint64(begin.Add(took).UnixNano()),
	}
	_, _ = ids.Read(span.SpanId)
	if parent == nil {
		span.TraceId = make([]byte, 16)
		_, _ = ids.Read(span.TraceId)
	}
	return span
}

// fullSpan and fullEvent have something in every field.
func fullSpan(ids *rand.ChaCha8) *tracepb.Span {
	parent := newSpan(ids, nil, rootSpan, time.Now(), time.Second)
	span := newSpan(ids, parent, restSpan, time.Now(), time.Second)
	span.Kind = tracepb.Span_SPAN_KIND_CLIENT
	span.TraceState, span.Flags = "a=b", 0x101
	span.Attributes = everyKind()
	span.DroppedAttributesCount, span.DroppedEventsCount, span.DroppedLinksCount = 1, 2, 3
	span.Events = []*tracepb.Span_Event{{TimeUnixNano: span.GetStartTimeUnixNano(), Name: "exception", Attributes: everyKind()}}
	span.Links = []*tracepb.Span_Link{{TraceId: parent.GetTraceId(), SpanId: parent.GetSpanId(), Flags: 0x100, Attributes: everyKind()}}
	span.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "429"}
	return span
}

func fullEvent(ids *rand.ChaCha8) *logspb.LogRecord {
	span := newSpan(ids, nil, rootSpan, time.Now(), time.Second)
	return &logspb.LogRecord{
		TimeUnixNano: span.GetStartTimeUnixNano(), ObservedTimeUnixNano: span.GetEndTimeUnixNano(), EventName: "discord.interaction",
		SeverityNumber: logspb.SeverityNumber_SEVERITY_NUMBER_INFO, SeverityText: "INFO",
		Body: everyKind()[0].GetValue(), Attributes: everyKind(), DroppedAttributesCount: 4,
		TraceId: span.GetTraceId(), SpanId: span.GetSpanId(), Flags: 1,
	}
}

func everyKind() []*commonpb.KeyValue {
	text := &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "ping"}}
	return []*commonpb.KeyValue{
		{Key: "text", Value: text},
		{Key: "empty", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{}}},
		{Key: "number", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: 1 << 60}}},
		{Key: "fraction", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: 0.1}}},
		{Key: "flag", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{}}},
		{Key: "list", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{text}}}}},
	}
}

// TestUnchanged: what bots export arrives behind the Collector as they exported it, with each overlay that hands it on: the events with
// their names.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	for name, overlays := range map[string][]string{
		"memory":        {tempo, loki},
		"disk":          {tempo, tempoQueue, loki, lokiQueue},
		"tail sampling": {tempo, loki, tailSampling, "yaml:processors::tail_sampling::decision_wait: 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSink(t)
			c := startCollector(t, with(s.env(), map[string]string{"OTELCOL_QUEUE_DIRECTORY": t.TempDir()}), overlays...)
			to, ids := connect(t, c.grpc), rand.NewChaCha8([32]byte{})
			span, event := fullSpan(ids), fullEvent(ids)
			if err := to.exportSpans(span); err != nil {
				t.Fatal(err)
			}
			if err := to.exportLogs(event); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a span and an event arrive", time.Minute, func() (bool, string) {
				return len(s.arrivedSpans()) > 0 && len(s.arrivedLogs()) > 0, fmt.Sprint(s.arrivedSpans(), s.arrivedLogs())
			})
			gotSpan, gotEvent := s.arrivedSpans()[0], s.arrivedLogs()[0]
			for _, pair := range [][2]proto.Message{
				{gotSpan.Span, span},
				{gotSpan.resource, sender()},
				{gotSpan.scope, scope},
				{gotEvent.LogRecord, event},
				{gotEvent.resource, sender()},
				{gotEvent.scope, scope},
			} {
				if !proto.Equal(pair[0], pair[1]) {
					t.Errorf("arrived:\n%v\nwas sent:\n%v", pair[0], pair[1])
				}
			}
		})
	}
}

// TestEventNames: what README.md has for a Loki that does not know the names of events makes them an attribute.
func TestEventNames(t *testing.T) {
	t.Parallel()
	own := filepath.Join(t.TempDir(), "own.yaml")
	write(t, own, []byte(readmeBlock(t, "transform/event")))
	s := startSink(t)
	c := startCollector(t, s.env(), loki, own)
	event := fullEvent(rand.NewChaCha8([32]byte{}))
	if err := connect(t, c.grpc).exportLogs(event); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an event arrives", time.Minute, func() (bool, string) { return len(s.arrivedLogs()) > 0, "" })
	want := append(event.GetAttributes(), stringAttribute("event.name", event.GetEventName()))
	if got := s.arrivedLogs()[0].GetAttributes(); !slices.EqualFunc(got, want, func(a, b *commonpb.KeyValue) bool { return proto.Equal(a, b) }) {
		t.Errorf("it has the attributes %v, want %v", got, want)
	}
}

// TestNoBackend: without an overlay the Collector takes traces and events, and its log says how many and nothing of what is in them.
func TestNoBackend(t *testing.T) {
	t.Parallel()
	ids := rand.NewChaCha8([32]byte{})
	c := startCollector(t, nil)
	to := connect(t, c.grpc)
	if err := to.exportSpans(fullSpan(ids)); err != nil {
		t.Errorf("traces are refused: %v", err)
	}
	if err := to.exportLogs(fullEvent(ids)); err != nil {
		t.Errorf("events are refused: %v", err)
	}
	for _, says := range []string{`"spans": 1`, `"log records": 1`} {
		eventually(t, "a line with "+says, 10*time.Second, func() (bool, string) { return strings.Contains(c.logged(), says), tail(c.logged(), 5) })
	}
	for _, content := range []string{rootSpan, restSpan, "discord.interaction", "ping"} {
		if strings.Contains(c.logged(), content) {
			t.Errorf("the Collector's log has the content %s", content)
		}
	}
}

// TestBackendAway: Tempo and Loki are away for a while. What the Collector has taken meanwhile arrives once they are back, and nothing
// twice: with the queues on disk also when it is killed meanwhile. A full queue refuses, and bots keep what it refuses.
func TestBackendAway(t *testing.T) {
	t.Parallel()
	small := "yaml:exporters::%s::sending_queue::%s: %d"
	for _, tt := range []struct {
		name     string
		overlays []string
		onDisk   bool
		full     bool
	}{
		{"memory", []string{tempo, loki}, false, false},
		{"memory full", []string{
			tempo, loki,
			fmt.Sprintf(small, "otlp_http/traces", "queue_size", 20_000), fmt.Sprintf(small, "otlp_http/traces", "batch::min_size", 10_000),
			fmt.Sprintf(small, "otlp_http/logs", "queue_size", 20_000), fmt.Sprintf(small, "otlp_http/logs", "batch::min_size", 10_000),
		}, false, true},
		{"disk", []string{tempo, tempoQueue, loki, lokiQueue}, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startSink(t)
			c := startCollector(t, with(s.env(), map[string]string{"OTELCOL_QUEUE_DIRECTORY": t.TempDir()}), tt.overlays...)
			e := &exports{connection: connect(t, c.grpc), t: t, ids: rand.NewChaCha8([32]byte{}), taken: map[string]bool{}}
			e.keepSending(time.Second)
			e.arrive(s)
			s.goAway()
			if tt.full {
				e.fill()
			} else {
				e.keepSending(either(10*time.Second, 4*time.Minute))
			}
			if tt.onDisk {
				c.kill()
				c.start()
				c.healthy()
				eventually(t, "the connection is back", back, func() (bool, string) {
					err := errors.Join(e.sendSpan(), e.sendEvent())
					return err == nil, fmt.Sprint(err)
				})
			}
			s.comeBack()
			e.arrive(s)
			e.keepSending(time.Second)
			e.arrive(s)
			t.Logf("%d spans and events arrived", len(e.taken))
		})
	}
}

// exports are spans and events that a Collector has taken.
type exports struct {
	*connection
	t     testing.TB
	ids   *rand.ChaCha8
	taken map[string]bool // ids of spans
}

func (e *exports) sendSpan() error {
	span := fullSpan(e.ids)
	err := e.exportSpans(span)
	if err == nil {
		e.taken[string(span.GetSpanId())] = true
	}
	return err
}

// sendEvent exports an event of a span that is not exported.
func (e *exports) sendEvent() error {
	event := fullEvent(e.ids)
	err := e.exportLogs(event)
	if err == nil {
		e.taken[string(event.GetSpanId())] = true
	}
	return err
}

// keepSending exports at a steady rate for a time.
func (e *exports) keepSending(d time.Duration) {
	e.t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := errors.Join(e.sendSpan(), e.sendEvent()); err != nil {
			e.t.Fatal(err)
		}
		select {
		case <-ticker.C:
		case <-e.t.Context().Done():
			e.t.Fatal(e.t.Context().Err())
		}
	}
}

// fill exports until both queues of the Collector are full, and the Collector says that an exporter has to try again.
func (e *exports) fill() {
	e.t.Helper()
	for name, send := range map[string]func() error{"spans": e.sendSpan, "events": e.sendEvent} {
		n := 0
		var err error
		for ; err == nil && n < 10_000; n++ {
			err = send()
		}
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "queue is full") {
			e.t.Errorf("after %d %s the Collector says %v", n, name, err)
		}
	}
}

// arrive waits until the sink has all that was taken, and checks that it has nothing twice.
func (e *exports) arrive(s *sink) {
	e.t.Helper()
	eventually(e.t, "all that was taken arrives", time.Minute, func() (bool, string) {
		have := map[string]int{}
		for _, span := range s.arrivedSpans() {
			have[string(span.GetSpanId())]++
		}
		for _, event := range s.arrivedLogs() {
			have[string(event.GetSpanId())]++
		}
		missing := 0
		for id := range e.taken {
			if have[id] == 0 {
				missing++
			}
		}
		for id, n := range have {
			if n != 1 {
				e.t.Fatalf("%x arrived %d times", id, n)
			}
		}
		return missing == 0, fmt.Sprintf("%d of %d are missing", missing, len(e.taken))
	})
}
