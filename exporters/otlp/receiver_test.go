package otlp

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// receiver is a real server on loopback that receives spans and log records. It
// keeps their names in the order in which they arrive.
type receiver struct {
	// answer says what the server answers; nil accepts everything.
	answer func(ctx context.Context) (*partial, error)

	mu      sync.Mutex
	names   []string
	headers metadata.MD
	news    chan struct{}
}

func newReceiver() *receiver { return &receiver{news: make(chan struct{}, 10000)} }

// take keeps the names unless the answer is an error.
func (r *receiver) take(ctx context.Context, names []string) (partial, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	r.mu.Lock()
	r.headers = md
	r.mu.Unlock()
	var rejected partial
	if r.answer != nil {
		p, err := r.answer(ctx)
		if err != nil {
			return partial{}, err
		}
		if p != nil {
			rejected = *p
		}
	}
	r.mu.Lock()
	r.names = append(r.names, names...)
	r.mu.Unlock()
	r.news <- struct{}{}
	return rejected, nil
}

func (r *receiver) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.names)
}

// wait waits until n items have arrived.
func (r *receiver) wait(t *testing.T, n int) []string {
	t.Helper()
	timeout := time.After(deadline)
	for {
		if names := r.received(); len(names) >= n {
			return names
		}
		select {
		case <-r.news:
		case <-timeout:
			t.Fatalf("%d of %d items arrived", len(r.received()), n)
		}
	}
}

type traceService struct {
	coltrace.UnimplementedTraceServiceServer
	*receiver
}

func (s traceService) Export(ctx context.Context, request *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	var names []string
	for _, r := range request.GetResourceSpans() {
		for _, scope := range r.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				names = append(names, span.GetName())
			}
		}
	}
	p, err := s.take(ctx, names)
	if err != nil {
		return nil, err
	}
	response := new(coltrace.ExportTraceServiceResponse)
	if p != (partial{}) {
		response.PartialSuccess = &coltrace.ExportTracePartialSuccess{RejectedSpans: p.rejected, ErrorMessage: p.message}
	}
	return response, nil
}

type logsService struct {
	collogs.UnimplementedLogsServiceServer
	*receiver
}

func (s logsService) Export(ctx context.Context, request *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	var names []string
	for _, r := range request.GetResourceLogs() {
		for _, scope := range r.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				names = append(names, record.GetEventName())
			}
		}
	}
	p, err := s.take(ctx, names)
	if err != nil {
		return nil, err
	}
	response := new(collogs.ExportLogsServiceResponse)
	if p != (partial{}) {
		response.PartialSuccess = &collogs.ExportLogsPartialSuccess{RejectedLogRecords: p.rejected, ErrorMessage: p.message}
	}
	return response, nil
}

// serve serves the receiver at addr and returns the address and a function that stops it.
func (r *receiver) serve(t *testing.T, p Protocol, addr string) (string, func()) {
	t.Helper()
	if p == HTTPProtobuf {
		return serveHandler(t, &collector{}, addr, r)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	coltrace.RegisterTraceServiceServer(s, traceService{receiver: r})
	collogs.RegisterLogsServiceServer(s, logsService{receiver: r})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(l); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}()
	stop := sync.OnceFunc(func() { s.Stop(); <-done })
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// ServeHTTP is Export for OTLP/HTTP.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	md := metadata.MD{}
	for name, values := range request.Header {
		md.Append(name, values...)
	}
	ctx := metadata.NewIncomingContext(request.Context(), md)
	var export func([]byte) (proto.Message, error)
	switch request.URL.Path {
	case "/v1/traces":
		export = func(body []byte) (proto.Message, error) {
			in := new(coltrace.ExportTraceServiceRequest)
			if err := proto.Unmarshal(body, in); err != nil {
				return nil, err
			}
			return traceService{receiver: r}.Export(ctx, in)
		}
	case "/v1/logs":
		export = func(body []byte) (proto.Message, error) {
			in := new(collogs.ExportLogsServiceRequest)
			if err := proto.Unmarshal(body, in); err != nil {
				return nil, err
			}
			return logsService{receiver: r}.Export(ctx, in)
		}
	default:
		http.NotFound(w, request)
		return
	}
	body := io.Reader(request.Body)
	if request.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(request.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = zipped
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return // The exporter has disconnected.
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	message, err := export(raw)
	if err != nil {
		s := status.Convert(err)
		if wait := retryInfo(s); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
		}
		w.WriteHeader(map[codes.Code]int{
			codes.Unavailable: 503, codes.ResourceExhausted: 429, codes.Unauthenticated: 401, codes.InvalidArgument: 400, codes.Unimplemented: 404,
			codes.Unknown: 504, codes.Canceled: 504, codes.DeadlineExceeded: 504,
		}[s.Code()])
		message = s.Proto()
	}
	if raw, err = proto.Marshal(message); err == nil {
		_, err = w.Write(raw)
	}
	if err != nil {
		fmt.Fprintln(io.Discard, err) // The exporter has disconnected.
	}
}

// outlet is what both exporters with a queue have.
type outlet interface {
	Endpoint() string
	Protocol() Protocol
	Up() (up, known bool)
	Losses() Losses
	ForceFlush(context.Context) error
	Shutdown(context.Context) error
}

// sender makes items for one exporter.
type sender struct {
	outlet
	send func(name string)
	end  func(context.Context) error // Shutdown of the provider
}

// numbered sends items with numbers as names, from first to last.
func (s sender) numbered(first, last int) (names []string) {
	for n := first; n <= last; n++ {
		names = append(names, fmt.Sprint(n))
		s.send(names[len(names)-1])
	}
	return names
}

// makers make an exporter of each signal with a queue.
var makers = map[Signal]func(context.Context, ...Option) (sender, error){
	SignalTraces: func(ctx context.Context, opts ...Option) (sender, error) {
		e, err := NewTraces(ctx, opts...)
		if err != nil {
			return sender{}, err
		}
		tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(e.Processor()))
		tracer := tp.Tracer("test")
		return sender{outlet: e, end: tp.Shutdown, send: func(name string) {
			_, span := tracer.Start(context.Background(), name)
			span.SetAttributes(attribute.String("a", "b"))
			span.End()
		}}, nil
	},
	SignalLogs: func(ctx context.Context, opts ...Option) (sender, error) {
		e, err := NewLogs(ctx, opts...)
		if err != nil {
			return sender{}, err
		}
		lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(e.Processor()))
		logger := lp.Logger("test")
		return sender{outlet: e, end: lp.Shutdown, send: func(name string) {
			var r log.Record
			r.SetEventName(name)
			r.SetBody(attribute.StringValue("text"))
			r.AddAttributes(attribute.String("a", "b"))
			logger.Emit(context.Background(), r)
		}}, nil
	},
}

// newSender returns an exporter that is shut down with the test.
func newSender(t *testing.T, s Signal, opts ...Option) sender {
	t.Helper()
	made, err := makers[s](t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = made.Shutdown(ctx) // The test has checked its own Shutdown.
	})
	return made
}

// overQueues runs a test with each signal that has a queue, and each protocol.
func overQueues(t *testing.T, test func(t *testing.T, s Signal, p Protocol)) {
	for _, s := range []Signal{SignalTraces, SignalLogs} {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel() // it mostly waits
			overProtocols(t, func(t *testing.T, p Protocol) { test(t, s, p) })
		})
	}
}

// quickly shortens the pauses after a failed attempt.
var quickly = optionFunc(func(c *config) { c.reconnect = 20 * time.Millisecond })

// exportErrorOf returns the error of an export within err.
func exportErrorOf(t *testing.T, err error) *ExportError {
	t.Helper()
	e, ok := errors.AsType[*ExportError](err)
	if !ok {
		t.Fatalf("%T (%v) is no ExportError", err, err)
	}
	return e
}

// showsNone fails if an error shows a secret.
func showsNone(t *testing.T, err error, secret string) {
	t.Helper()
	if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
		t.Errorf("the error shows a secret: %v", err)
	}
}
