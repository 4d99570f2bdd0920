//go:build !argus_no_otlp

package argus

import (
	"context"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/loopback"
)

// allCollector takes all signals and keeps the names of what arrives.
type allCollector struct {
	addr string

	mu        sync.Mutex
	spans     []string
	traces    map[string][]string // trace ids by name of span
	events    []string
	resources []map[string]string // of spans and events
	exemplars int
}

type (
	spanService struct {
		coltrace.UnimplementedTraceServiceServer
		*allCollector
	}
	eventService struct {
		collogs.UnimplementedLogsServiceServer
		*allCollector
	}
	metricService struct {
		colmetrics.UnimplementedMetricsServiceServer
		*allCollector
	}
)

func newAllCollector(t *testing.T, addr string) *allCollector {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c, s, done := &allCollector{addr: l.Addr().String(), traces: make(map[string][]string)}, grpc.NewServer(), make(chan struct{})
	coltrace.RegisterTraceServiceServer(s, spanService{allCollector: c})
	collogs.RegisterLogsServiceServer(s, eventService{allCollector: c})
	colmetrics.RegisterMetricsServiceServer(s, metricService{allCollector: c})
	go func() {
		defer close(done)
		if err := s.Serve(l); err != nil {
			t.Errorf("the collector: %v", err)
		}
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	return c
}

func attributesOf(attributes []*commonpb.KeyValue) map[string]string {
	m := make(map[string]string)
	for _, kv := range attributes {
		m[kv.GetKey()] = kv.GetValue().GetStringValue()
	}
	return m
}

func (c spanService) Export(_ context.Context, request *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range request.GetResourceSpans() {
		c.resources = append(c.resources, attributesOf(r.GetResource().GetAttributes()))
		for _, scope := range r.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, span.GetName())
				c.traces[span.GetName()] = append(c.traces[span.GetName()], hex.EncodeToString(span.GetTraceId()))
			}
		}
	}
	return &coltrace.ExportTraceServiceResponse{}, nil
}

func (c eventService) Export(_ context.Context, request *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range request.GetResourceLogs() {
		c.resources = append(c.resources, attributesOf(r.GetResource().GetAttributes()))
		for _, scope := range r.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				c.events = append(c.events, record.GetEventName())
			}
		}
	}
	return &collogs.ExportLogsServiceResponse{}, nil
}

func (c metricService) Export(_ context.Context, request *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range request.GetResourceMetrics() {
		for _, scope := range r.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				c.exemplars += len(slices.Concat(exemplarsOf(m.GetHistogram())...))
			}
		}
	}
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}

func exemplarsOf(h *metricspb.Histogram) (all [][]*metricspb.Exemplar) {
	for _, p := range h.GetDataPoints() {
		all = append(all, p.GetExemplars())
	}
	return all
}

func (c *allCollector) arrived() (spans, events []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans), slices.Clone(c.events)
}

// sendBoth makes a span and an event of that name, and a measurement within the span.
func sendBoth(t *testing.T, a *Argus, name string) {
	t.Helper()
	ctx, span := a.TracerProvider().Tracer("bot").Start(t.Context(), name)
	h, err := a.MeterProvider().Meter("bot").Float64Histogram("bot.work.duration")
	if err != nil {
		t.Fatal(err)
	}
	h.Record(ctx, 1)
	span.End()
	var r log.Record
	r.SetEventName(name)
	r.SetBody(attribute.StringValue("text"))
	a.LoggerProvider().Logger("bot").Emit(ctx, r)
}

// TestTracesAndEvents: spans and events arrive with the resource of the metrics, which have exemplars then, and the parts say that they work.
func TestTracesAndEvents(t *testing.T) {
	c := newAllCollector(t, "127.0.0.1:0")
	a, journal := startPushing(t, map[string]string{
		"OTEL_METRICS_EXPORTER": "prometheus,otlp", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "OTLP",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + c.addr, "OTEL_METRIC_EXPORT_INTERVAL": "50", "OTEL_BSP_SCHEDULE_DELAY": "10", "OTEL_BLRP_SCHEDULE_DELAY": "10",
		"ARGUS_CLUSTER_ID": "eu-1", "ARGUS_BOT": "music", "OTEL_SERVICE_NAME": "music-bot",
	})
	page := scrape(t, a.Handler())
	if strings.Contains(page, `subsystem="otlp_`) {
		t.Error("a part of which nothing is known has a series")
	}
	sendBoth(t, a, "work")
	eventually(t, "both arrive", func() bool {
		spans, events := c.arrived()
		return slices.Equal(spans, []string{"work"}) && slices.Equal(events, []string{"work"})
	})
	eventually(t, "the parts work, and an exemplar arrives", func() bool {
		page := scrape(t, a.Handler())
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.exemplars > 0 && strings.Contains(page, `argus_subsystem_up{bot="music",cluster="eu-1",subsystem="otlp_traces"} 1`) &&
			strings.Contains(page, `argus_subsystem_up{bot="music",cluster="eu-1",subsystem="otlp_logs"} 1`)
	})
	c.mu.Lock()
	for _, r := range c.resources {
		if r["cluster"] != "eu-1" || r["bot"] != "music" || r["service.name"] != "music-bot" {
			t.Errorf("the resource is %v", r)
		}
	}
	c.mu.Unlock()
	for _, want := range []string{"otlp_traces_endpoint=" + c.addr, "otlp_logs_endpoint=" + c.addr} {
		if !strings.Contains(journal.String(), want) {
			t.Errorf("the line about the start has no %s: %s", want, journal)
		}
	}
	sendBoth(t, a, "last")
	if err := a.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	spans, events := c.arrived()
	if want := []string{"work", "last"}; !slices.Equal(spans, want) || !slices.Equal(events, want) {
		t.Errorf("after Shutdown: spans %v, events %v", spans, events)
	}
}

// TestTraceOfAnInteraction: the spans of the instrumentation arrive, those that end while it closes included, with the bot's own in the
// same trace, and its events do.
func TestTraceOfAnInteraction(t *testing.T) {
	c := newAllCollector(t, "127.0.0.1:0")
	for name, value := range map[string]string{
		"OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + c.addr,
		"OTEL_BSP_SCHEDULE_DELAY": "3600000", "OTEL_BLRP_SCHEDULE_DELAY": "3600000", // only Shutdown sends them
	} {
		t.Setenv(name, value)
	}
	srv := newDiscord(t, discordtest.WithGuilds(1))
	s := sessionOf(t, srv, 0, 1)
	a, err := start(processEnvironment(), s, []Option{WithAddr("127.0.0.1:0"), WithCommands("ping", "slow"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	s.AddHandler(a.Interaction(func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		if i.ApplicationCommandData().Name == "slow" {
			answered <- nil
			return nil // without an answer, so that its span is open
		}
		_, span := a.TracerProvider().Tracer("bot").Start(ctx, "own")
		span.End()
		answered <- s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource})
		return nil
	}))
	open(t, s)
	for _, command := range []string{"slow", "ping"} {
		if _, _, err := srv.SendInteraction(t.Context(), 0, discordtest.ApplicationCommand, time.Now(), command); err != nil {
			t.Fatal(err)
		}
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	root := c.traces["application_command ping"]
	if len(root) != 1 {
		t.Fatalf("arrived: %v", c.spans)
	}
	for _, name := range []string{"handler", "own", "POST /interactions/{id}/{token}/callback"} {
		if !slices.Contains(c.traces[name], root[0]) {
			t.Errorf("the trace of %q is %q, that of the interaction is %q; arrived: %v", name, c.traces[name], root, c.spans)
		}
	}
	if len(c.traces["application_command slow"]) != 1 || len(c.traces["gateway connect"]) != 1 || !slices.Contains(c.events, "discord.shard.ready") {
		t.Errorf("arrived: %v, %v", c.spans, c.events)
	}
}

// TestTracesAlone: traces need no exporter of metrics.
func TestTracesAlone(t *testing.T) {
	c := newAllCollector(t, "127.0.0.1:0")
	a, _ := startPushing(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://" + c.addr}, WithExporters(), WithTracesExporter(OTLP))
	sendBoth(t, a, "work")
	if err := a.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if spans, events := c.arrived(); !slices.Equal(spans, []string{"work"}) || len(events) != 0 {
		t.Errorf("spans %v, events %v", spans, events)
	}
}

// TestTracesAreOff: by default nothing is sent and nothing is recorded.
func TestTracesAreOff(t *testing.T) {
	a, _ := startPushing(t, nil)
	_, span := a.TracerProvider().Tracer("bot").Start(t.Context(), "work")
	if span.IsRecording() || span.SpanContext().IsValid() {
		t.Error("a span is recorded")
	}
	if a.LoggerProvider().Logger("bot").Enabled(t.Context(), log.EnabledParameters{}) {
		t.Error("log records are taken")
	}
	if a.pipeline.tracers != nil || a.pipeline.loggers != nil || len(a.pipeline.queues) != 0 {
		t.Error("the instrumentation is told of a provider")
	}
}

// TestTracesOfTheProgram: providers of the program are used, in place of the exporters, and are not shut down.
func TestTracesOfTheProgram(t *testing.T) {
	spans, records := tracetest.NewSpanRecorder(), new(recordKeeper)
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(records))
	a, _ := startPushing(t, map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "no URL"},
		WithTracerProvider(tp), WithLoggerProvider(lp), WithLogsExporter(OTLP))
	if a.TracerProvider() != tp || a.LoggerProvider() != lp {
		t.Error("the providers are others")
	}
	sendBoth(t, a, "before")
	if err := a.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	sendBoth(t, a, "after")
	if got := len(spans.Ended()); got != 2 || records.n != 2 || records.ended {
		t.Errorf("%d spans, %d records, shut down: %t", got, records.n, records.ended)
	}
}

// recordKeeper counts records.
type recordKeeper struct {
	n     int
	ended bool
}

func (k *recordKeeper) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (k *recordKeeper) OnEmit(context.Context, *sdklog.Record) error           { k.n++; return nil }
func (k *recordKeeper) Shutdown(context.Context) error                         { k.ended = true; return nil }
func (k *recordKeeper) ForceFlush(context.Context) error                       { return nil }

// TestTracesWithoutCollector: the part is down, the log says why once, its return is told, and all arrives.
func TestTracesWithoutCollector(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	addr := loopback.Addr(t)
	a, journal := startPushing(t, map[string]string{
		"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + addr, "OTEL_EXPORTER_OTLP_TIMEOUT": "200", "OTEL_BSP_SCHEDULE_DELAY": "10",
	})
	sendBoth(t, a, "work")
	eventually(t, "the part is down", func() bool {
		return strings.Contains(scrape(t, a.Handler()), `argus_subsystem_up{cluster="default",subsystem="otlp_traces"} 0`)
	})
	c := newAllCollector(t, addr)
	eventually(t, "the span arrives, and the log says so", func() bool {
		spans, _ := c.arrived()
		return slices.Equal(spans, []string{"work"}) && strings.Contains(journal.String(), "the collector accepts traces")
	})
	if n := strings.Count(journal.String(), "export of traces to "+addr+" failed"); n != 1 {
		t.Errorf("%d reports: %s", n, journal)
	}
}

// TestDroppedIsCounted: spans that do not fit into the queue while the collector is away are counted.
func TestDroppedIsCounted(t *testing.T) {
	addr := loopback.Addr(t)
	a, _ := startPushing(t, map[string]string{
		"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + addr, "OTEL_EXPORTER_OTLP_TIMEOUT": "200",
		"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8",
	})
	const dropped = `argus_export_dropped_total{cluster="default",reason="queue_full",signal="traces"} `
	if page := scrape(t, a.Handler()); !strings.Contains(page, dropped+"0\n") || strings.Contains(page, `signal="logs"`) {
		t.Errorf("before:\n%s", page)
	}
	for range 11 {
		sendBoth(t, a, "work")
	}
	if page := scrape(t, a.Handler()); !strings.Contains(page, dropped+"3\n") {
		t.Errorf("11 spans in a queue of 8:\n%s", page)
	}
}

// TestTracesShutdownIsBounded: a collector that is away keeps no Shutdown, and it says what is lost.
func TestTracesShutdownIsBounded(t *testing.T) {
	a, _ := startPushing(t, map[string]string{
		"OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + loopback.Addr(t),
	})
	sendBoth(t, a, "work")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := a.Shutdown(ctx)
	if err == nil || !strings.Contains(err.Error(), "1 span is lost") || !strings.Contains(err.Error(), "1 log record is lost") {
		t.Errorf("Shutdown: %v", err)
	}
}

// TestWrongVariablesOfSignals: what is wrong for several signals is said once, and a signal that is off is not checked.
func TestWrongVariablesOfSignals(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "nobody")
	t.Setenv("OTEL_TRACES_SAMPLER", "sometimes")
	_, err := Resolve(WithTracesExporter(OTLP), WithExporters(OTLP), WithLogsExporter(OTLP))
	if err == nil || strings.Contains(err.Error(), "nobody") || !strings.Contains(err.Error(), "OTEL_TRACES_SAMPLER") {
		t.Errorf("the error is %v", err)
	}
	if _, err := Resolve(WithLogsExporter(OTLP), WithExporters(OTLP)); err == nil || strings.Count(err.Error(), "OTEL_EXPORTER_OTLP_HEADERS") != 1 || strings.Contains(err.Error(), "SAMPLER") {
		t.Errorf("the error is %v", err)
	}
	if _, err := Resolve(); err != nil {
		t.Errorf("nothing is pushed, and the error is %v", err)
	}
}

// TestUserKeyIsNotShown: neither the key nor a part of it is in the configuration or the log.
func TestUserKeyIsNotShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(userKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, journal := startPushing(t, map[string]string{"ARGUS_EVENT_USER_KEY_FILE": file})
	for _, text := range []string{a.Config().String(), journal.String()} {
		if strings.Contains(text, userKey[:10]) {
			t.Errorf("the key is shown: %s", text)
		}
	}
	if !a.Config().EventUsers || !strings.Contains(a.Config().String(), "ARGUS_EVENT_USER_KEY_FILE=set") {
		t.Errorf("the configuration is %s", a.Config())
	}
}
