package e2e

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A sink stands for what is behind the Collector: it takes traces as Tempo does and events as Loki does, over OTLP/HTTP.
type sink struct {
	t    testing.TB
	addr string
	srv  *http.Server // nil while it is away
	done chan struct{}

	mu    sync.Mutex
	spans []sunkSpan
	logs  []sunkLog
}

// A sunkSpan is a span as it arrived.
type sunkSpan struct {
	*tracepb.Span
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
}

// A sunkLog is a log record as it arrived.
type sunkLog struct {
	*logspb.LogRecord
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
}

func startSink(t testing.TB) *sink {
	t.Helper()
	s := &sink{t: t, addr: freeAddr(t)}
	s.comeBack()
	t.Cleanup(s.goAway)
	return s
}

// env are the variables that have overlays/tempo.yaml and overlays/loki.yaml send to it.
func (s *sink) env() map[string]string {
	return map[string]string{"TRACES_OTLP_URL": "http://" + s.addr, "LOGS_OTLP_URL": "http://" + s.addr + "/otlp"}
}

func (s *sink) comeBack() {
	s.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", s.takeTraces)
	mux.HandleFunc("POST /otlp/v1/logs", s.takeLogs)
	srv, done := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, make(chan struct{})
	s.srv, s.done = srv, done
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
}

// goAway ends it once what it has begun to take is answered, so that nobody has to send that again.
func (s *sink) goAway() {
	if s.srv == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.srv.Shutdown(ctx); err != nil {
		s.t.Errorf("the sink does not end: %v", err)
	}
	<-s.done
	s.srv = nil
}

func (s *sink) takeTraces(w http.ResponseWriter, r *http.Request) {
	req := new(coltracepb.ExportTraceServiceRequest)
	if err := readExport(r, req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range req.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, span := range ss.GetSpans() {
				s.spans = append(s.spans, sunkSpan{span, rs.GetResource(), ss.GetScope()})
			}
		}
	}
}

func (s *sink) takeLogs(w http.ResponseWriter, r *http.Request) {
	req := new(collogspb.ExportLogsServiceRequest)
	if err := readExport(r, req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rl := range req.GetResourceLogs() {
		for _, sl := range rl.GetScopeLogs() {
			for _, record := range sl.GetLogRecords() {
				s.logs = append(s.logs, sunkLog{record, rl.GetResource(), sl.GetScope()})
			}
		}
	}
}

// readExport reads a request as the Collector sends it.
func readExport(r *http.Request, into proto.Message) error {
	if r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("Content-Encoding") != "gzip" {
		return errors.New("not protobuf with gzip")
	}
	body, err := gzip.NewReader(r.Body)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return proto.Unmarshal(raw, into)
}

// arrivedSpans are the spans so far.
func (s *sink) arrivedSpans() []sunkSpan {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.spans)
}

// arrivedLogs are the log records so far.
func (s *sink) arrivedLogs() []sunkLog {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logs)
}
