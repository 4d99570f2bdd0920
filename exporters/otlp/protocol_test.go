package otlp

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// overProtocols runs a test with each protocol: both give the same guarantees.
func overProtocols(t *testing.T, test func(t *testing.T, p Protocol)) {
	for _, p := range []Protocol{GRPC, HTTPProtobuf} {
		name, _, _ := strings.Cut(string(p), "/")
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}

// serveAs serves c at addr and returns the address and a function that stops it.
func serveAs(t *testing.T, p Protocol, c *collector, addr string) (string, func()) {
	t.Helper()
	if p == GRPC {
		var opts []grpc.ServerOption
		if c.tls != nil {
			opts = append(opts, grpc.Creds(credentials.NewTLS(c.tls)))
		}
		return serve(t, c, addr, opts...)
	}
	if c.got == nil {
		c.got = make(chan *collectorpb.ExportMetricsServiceRequest, 1000)
	}
	return serveHandler(t, c, addr, c)
}

// serveHandler is serveAs for any HTTP handler. It uses only c.tls.
func serveHandler(t *testing.T, c *collector, addr string, handler http.Handler) (string, func()) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	var handlers sync.WaitGroup
	s := &http.Server{TLSConfig: c.tls.Clone(), ErrorLog: quiet, ReadHeaderTimeout: deadline, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers.Add(1)
		defer handlers.Done()
		handler.ServeHTTP(w, r)
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve := s.Serve
		if c.tls != nil {
			serve = func(l net.Listener) error { return s.ServeTLS(l, "", "") }
		}
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	}()
	stop := sync.OnceFunc(func() {
		_ = s.Close()
		<-done
		handlers.Wait()
	})
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// ServeHTTP is Export for OTLP/HTTP.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := SignalMetrics.path()
	if c.path != "" {
		path = c.path
	}
	if r.Method != http.MethodPost || r.URL.Path != path || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.NotFound(w, r)
		return
	}
	md := metadata.MD{}
	for name, values := range r.Header {
		md.Append(name, values...)
	}
	body, request := io.Reader(r.Body), new(collectorpb.ExportMetricsServiceRequest)
	if r.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = zipped
	}
	raw, err := io.ReadAll(body)
	if err == nil {
		err = proto.Unmarshal(raw, request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	response, err := c.Export(metadata.NewIncomingContext(r.Context(), md), request)
	message := proto.Message(response)
	if err != nil {
		s := status.Convert(err)
		if wait := retryInfo(s); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
		}
		w.WriteHeader(map[codes.Code]int{
			codes.Unavailable: 503, codes.Aborted: 502, codes.Canceled: 504, codes.DeadlineExceeded: 504, codes.ResourceExhausted: 429, codes.Unauthenticated: 401,
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

// newPushAs is newPush with a protocol.
func newPushAs(t *testing.T, p Protocol, rec *record, opts ...Option) *Exporter {
	t.Helper()
	return newPush(t, rec, append([]Option{WithProtocol(p)}, opts...)...)
}

// TestProtocolOfTheSignal: the signal's variable wins, and case is ignored in both.
func TestProtocolOfTheSignal(t *testing.T) {
	for _, tt := range []struct {
		signal, general string
		want            Protocol
	}{
		{"", "", GRPC},
		{"", "HTTP/Protobuf", HTTPProtobuf},
		{"http/protobuf", "grpc", HTTPProtobuf},
		{"gRPC", "http/protobuf", GRPC},
		{"grpc", "http/json", GRPC},
	} {
		t.Setenv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", tt.signal)
		t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", tt.general)
		c, err := newConfig(SignalMetrics, nil)
		if err != nil || c.protocol != tt.want {
			t.Errorf("%q, %q: %q, %v; want %q", tt.signal, tt.general, c.protocol, err, tt.want)
		}
	}
}

// TestRetryAfter: a pause that the collector requests is kept, even if it is longer than an export's time limit. Then the export is
// repeated without waiting for the interval (an hour).
func TestRetryAfter(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	overProtocols(t, func(t *testing.T, p Protocol) {
		for name, code := range map[string]codes.Code{"unavailable": codes.Unavailable, "exhausted": codes.ResourceExhausted} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				const pause = 3 * time.Second
				arrived := make(chan time.Time, 1000)
				c := &collector{}
				c.answer = func(context.Context) (*collectorpb.ExportMetricsServiceResponse, error) {
					arrived <- time.Now()
					if len(arrived) == 1 {
						return nil, asksFor(t, code, pause)
					}
					return &collectorpb.ExportMetricsServiceResponse{}, nil
				}
				addr, _ := serveAs(t, p, c, "127.0.0.1:0")
				rec := newRecord()
				e := newPushAs(t, p, rec, WithEndpoint("http://"+addr), WithTimeout(2*time.Second),
					optionFunc(func(c *config) { c.reconnect = 20 * time.Millisecond }))
				e.Begin()
				rec.wait(t, "a report", func(errs []error, _ []bool) bool { return len(errs) == 1 })
				errs, _ := rec.snapshot()
				if export, ok := errors.AsType[*ExportError](errs[0]); !ok || export.Code != code || !strings.Contains(export.Message, "wait") || strings.Contains(export.Message, "time ran out") {
					t.Errorf("reported: %v", errs[0])
				}
				rec.wait(t, "the recovery", func(_ []error, states []bool) bool { return len(states) == 2 && states[1] })
				first, second := <-arrived, <-arrived
				if took := second.Sub(first); took < pause-500*time.Millisecond {
					t.Errorf("the second export came %v after the first, want %v", took, pause)
				}
			})
		}
	})
}

// TestPauseHoldsNobodyUp: Shutdown sends the last values during a requested pause.
func TestPauseHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	overProtocols(t, func(t *testing.T, p Protocol) {
		var refused sync.Once
		c := &collector{}
		c.answer = func(context.Context) (_ *collectorpb.ExportMetricsServiceResponse, err error) {
			refused.Do(func() { err = asksFor(t, codes.Unavailable, 24*time.Hour) })
			return &collectorpb.ExportMetricsServiceResponse{}, err
		}
		addr, _ := serveAs(t, p, c, "127.0.0.1:0")
		rec := newRecord()
		e := newPushAs(t, p, rec, WithEndpoint("http://"+addr))
		if err := e.ForceFlush(t.Context()); err == nil {
			t.Error("the first export went through")
		}
		if pause := e.push.pause(); pause <= 0 || pause > maxRetryAfter {
			t.Errorf("the pause is %v, want up to %v", pause, maxRetryAfter)
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}
