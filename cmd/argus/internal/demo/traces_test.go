package demo

import (
	"context"
	"net"
	"sync"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/argus-dgo/argus/internal/loopback"
)

// spans is a collector that counts spans by name.
type spans struct {
	coltrace.UnimplementedTraceServiceServer

	mu     sync.Mutex
	byName map[string]int
}

func (s *spans) Export(_ context.Context, request *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range request.GetResourceSpans() {
		for _, scope := range r.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				s.byName[span.GetName()]++
			}
		}
	}
	return &coltrace.ExportTraceServiceResponse{}, nil
}

func (s *spans) count(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byName[name]
}

// TestTraces: with --traces the bot's own spans arrive at the collector of the environment, and the introduction says how to see one.
func TestTraces(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	collector, server, done := &spans{byName: make(map[string]int)}, grpc.NewServer(), make(chan struct{})
	coltrace.RegisterTraceServiceServer(server, collector)
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	t.Setenv(variable(signalTraces, "ENDPOINT"), "http://"+l.Addr().String())
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	r := begin(t, small("--traces", "--addr", "127.0.0.1:0")...)
	for _, text := range []string{"Traces are pushed to http://" + l.Addr().String(), "docker run", findSong} {
		if !r.wrote(text)() {
			t.Errorf("the introduction has no %q", text)
		}
	}
	r.until(t, "a span of the bot", func() bool { return collector.count(findSong) > 0 })
}

// TestTracesWithoutCollector: without an endpoint the traces go to this machine, in plain text.
func TestTracesWithoutCollector(t *testing.T) {
	for name, tt := range map[string]struct{ variable, value, want string }{
		"none":    {"", "", localCollector},
		"general": {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317", "http://collector:4317"},
		"signal":  {variable(signalTraces, "ENDPOINT"), "http://collector:4317", "http://collector:4317"},
		"http":    {"OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/protobuf", ""}, // whose default is on this machine
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(variable(signalTraces, "ENDPOINT"), "")
			if tt.variable != "" {
				t.Setenv(tt.variable, tt.value)
			}
			if err := aim(signalTraces); err != nil || endpoint(signalTraces) != tt.want {
				t.Errorf("%v; the endpoint is %q, want %q", err, endpoint(signalTraces), tt.want)
			}
		})
	}
}

// TestTracesAreOffByDefault: nothing of traces is said or sent.
func TestTracesAreOffByDefault(t *testing.T) {
	t.Setenv(variable(signalTraces, "ENDPOINT"), "http://"+loopback.Addr(t))
	r := begin(t, small("--addr", "127.0.0.1:0")...)
	if r.wrote("Traces are pushed")() {
		t.Error("the introduction tells of traces")
	}
}
