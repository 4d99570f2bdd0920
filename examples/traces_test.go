package examples_test

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

// names are those of the spans and events that a collector has received.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (n *names) add(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen[name] = true
}

// missing is the first of these names that has not come.
func (n *names) missing(all ...string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range all {
		if !n.seen[name] {
			return name
		}
	}
	return ""
}

type (
	spans struct {
		coltrace.UnimplementedTraceServiceServer
		*names
	}
	events struct {
		collogs.UnimplementedLogsServiceServer
		*names
	}
)

func (s spans) Export(_ context.Context, request *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	for _, r := range request.GetResourceSpans() {
		for _, scope := range r.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				s.add(span.GetName())
			}
		}
	}
	return &coltrace.ExportTraceServiceResponse{}, nil
}

func (e events) Export(_ context.Context, request *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	for _, r := range request.GetResourceLogs() {
		for _, scope := range r.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				e.add(record.GetEventName())
			}
		}
	}
	return &collogs.ExportLogsServiceResponse{}, nil
}

// TestTracesAndEvents: the providers of the bot's own set-up, and those of Argus, get the same spans and events.
func TestTracesAndEvents(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		env  []string
		args []string
	}{
		{"existing-otel", nil, []string{"-addr", "127.0.0.1:0"}},
		{"basic", []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_LOGS_EXPORTER=otlp", "OTEL_METRICS_EXPORTER=none"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			got, server, done := &names{seen: make(map[string]bool)}, grpc.NewServer(), make(chan struct{})
			coltrace.RegisterTraceServiceServer(server, spans{names: got})
			collogs.RegisterLogsServiceServer(server, events{names: got})
			go func() {
				defer close(done)
				if err := server.Serve(listener); err != nil {
					t.Errorf("the collector: %v", err)
				}
			}()
			t.Cleanup(func() {
				server.Stop()
				<-done
			})
			env := append(demoEnvironment(test.env...), "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+listener.Addr().String(), "OTEL_BSP_SCHEDULE_DELAY=200")
			p := start(t, env, test.name, append(test.args, "-demo")...)
			p.await(t, func() string {
				return got.missing("gateway connect", "application_command ping", "handler", "discord.shard.ready", "discord.interaction.completed")
			})
			p.stop(t, syscall.SIGTERM)
		})
	}
}
