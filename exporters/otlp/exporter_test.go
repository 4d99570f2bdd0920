package otlp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus/internal/loopback"
)

const deadline = 90 * time.Second

func TestMain(m *testing.M) {
	// Parallel tests mostly wait, for time-outs of gRPC. -parallel still overrides this.
	if err := flag.Set("test.parallel", "16"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The environment of the machine must not matter.
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "OTEL_") {
			if err := os.Unsetenv(name); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	goleak.VerifyTestMain(m)
}

// collector is a real server on loopback, for either protocol.
type collector struct {
	collectorpb.UnimplementedMetricsServiceServer
	answer  func(ctx context.Context) (*collectorpb.ExportMetricsServiceResponse, error)
	tls     *tls.Config // nil: plain text
	path    string      // of OTLP/HTTP, if not the default
	got     chan *collectorpb.ExportMetricsServiceRequest
	mu      sync.Mutex
	headers metadata.MD
}

func (c *collector) Export(ctx context.Context, r *collectorpb.ExportMetricsServiceRequest) (*collectorpb.ExportMetricsServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	c.mu.Lock()
	c.headers = md
	c.mu.Unlock()
	if c.answer != nil {
		return c.answer(ctx)
	}
	c.got <- r
	return &collectorpb.ExportMetricsServiceResponse{}, nil
}

func serve(t *testing.T, c *collector, addr string, opts ...grpc.ServerOption) (string, func()) {
	t.Helper()
	if c.got == nil {
		c.got = make(chan *collectorpb.ExportMetricsServiceRequest, 1000)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(opts...)
	collectorpb.RegisterMetricsServiceServer(s, c)
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

// clearEnv removes the variables of an earlier test.
func clearEnv(t *testing.T) {
	t.Helper()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
}

type record struct {
	mu     sync.Mutex
	errs   []error
	states []bool
	news   chan struct{}
}

func newRecord() *record { return &record{news: make(chan struct{}, 10000)} }

func (r *record) options() []Option {
	return []Option{WithErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		r.mu.Lock()
		r.errs = append(r.errs, err)
		r.mu.Unlock()
		r.news <- struct{}{}
	})), WithOnState(func(up bool) {
		r.mu.Lock()
		r.states = append(r.states, up)
		r.mu.Unlock()
		r.news <- struct{}{}
	})}
}

func (r *record) snapshot() ([]error, []bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.errs), slices.Clone(r.states)
}

func (r *record) wait(t *testing.T, what string, ok func(errs []error, states []bool) bool) {
	t.Helper()
	timeout := time.After(deadline)
	for {
		errs, states := r.snapshot()
		if ok(errs, states) {
			return
		}
		select {
		case <-r.news:
		case <-timeout:
			t.Fatalf("%s did not happen: reports %v, states %v", what, errs, states)
		}
	}
}

// newPush returns an exporter in a MeterProvider with a counter at 1.
func newPush(t *testing.T, rec *record, opts ...Option) *Exporter {
	t.Helper()
	opts = append(append(rec.options(), WithInterval(time.Hour)), opts...)
	e, err := New(t.Context(), opts...)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()),
		sdkmetric.WithResource(sdkresource.NewSchemaless(attribute.String("cluster", "c-1"))))
	n, err := mp.Meter("test").Int64Counter("discord.gateway.events")
	if err != nil {
		t.Fatal(err)
	}
	n.Add(t.Context(), 1)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = e.Shutdown(ctx) // The test has checked its own Shutdown.
	})
	return e
}

func receive(t *testing.T, c *collector) *collectorpb.ExportMetricsServiceRequest {
	t.Helper()
	select {
	case r := <-c.got:
		return r
	case <-time.After(deadline):
		t.Fatal("nothing arrived")
		return nil
	}
}

func TestExport(t *testing.T) { overProtocols(t, testExport) }

func testExport(t *testing.T, p Protocol) {
	c := &collector{}
	addr, _ := serveAs(t, p, c, "127.0.0.1:0")
	rec := newRecord()
	e := newPushAs(t, p, rec, WithEndpoint(addr), WithInsecure(), WithHeaders(map[string]string{"x-key": "hunter2"}), nil)
	if up, known := e.Up(); up || known {
		t.Errorf("before the first export: Up = %v, %v", up, known)
	}
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Fatalf("ForceFlush: %v", err)
	}
	rm := receive(t, c).GetResourceMetrics()[0]
	if got := rm.GetScopeMetrics()[0].GetMetrics()[0].GetName(); got != "discord.gateway.events" {
		t.Errorf("metric %q", got)
	}
	if got := rm.GetResource().GetAttributes()[0]; got.GetKey() != "cluster" || got.GetValue().GetStringValue() != "c-1" {
		t.Errorf("resource %v", got)
	}
	c.mu.Lock()
	if got := c.headers.Get("x-key"); !slices.Equal(got, []string{"hunter2"}) {
		t.Errorf("headers %v", c.headers)
	}
	c.mu.Unlock()
	if up, known := e.Up(); !up || !known {
		t.Errorf("Up = %v, %v", up, known)
	}
	// The flush at shutdown.
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	receive(t, c)
	if err := e.Reader().Shutdown(t.Context()); err != nil {
		t.Errorf("a second Shutdown: %v", err)
	}
	if errs, states := rec.snapshot(); len(errs) != 0 || !slices.Equal(states, []bool{true}) {
		t.Errorf("reports %v, states %v", errs, states)
	}
}

func TestInterval(t *testing.T) { overProtocols(t, testInterval) }

func testInterval(t *testing.T, p Protocol) {
	c := &collector{}
	addr, _ := serveAs(t, p, c, "127.0.0.1:0")
	newPushAs(t, p, newRecord(), WithEndpoint("http://"+addr), WithInterval(10*time.Millisecond))
	receive(t, c)
	receive(t, c)
}

// TestBegin: the first export does not wait for the interval (an hour), and its failure is reported at once.
func TestBegin(t *testing.T) { overProtocols(t, testBegin) }

func testBegin(t *testing.T, p Protocol) {
	c := &collector{}
	addr, stop := serveAs(t, p, c, "127.0.0.1:0")
	rec := newRecord()
	e := newPushAs(t, p, rec, WithEndpoint("http://"+addr))
	e.Begin()
	e.Begin() // Two calls cause one or two exports, and do not block.
	e.Begin()
	if got := receive(t, c).GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics()[0].GetName(); got != "discord.gateway.events" {
		t.Errorf("metric %q", got)
	}
	rec.wait(t, "up", func(_ []error, states []bool) bool { return slices.Equal(states, []bool{true}) })
	stop()

	away := newRecord()
	newPushAs(t, p, away, WithEndpoint("http://"+addr), WithTimeout(100*time.Millisecond)).Begin()
	away.wait(t, "a report", func(errs []error, _ []bool) bool { return len(errs) == 1 })
}

func TestEnvironment(t *testing.T) { overProtocols(t, testEnvironment) }

func testEnvironment(t *testing.T, p Protocol) {
	c := &collector{}
	addr, _ := serveAs(t, p, c, "127.0.0.1:0")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", strings.ToUpper(string(p)))
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://"+addr+SignalMetrics.path())
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2")
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")
	e, err := New(t.Context(), WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Errorf("reported: %v", err) })))
	if err != nil {
		t.Fatal(err)
	}
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()))
	receive(t, c)
	if e.Endpoint() != addr || e.Protocol() != p {
		t.Errorf("Endpoint = %q, Protocol = %q; want %q, %q", e.Endpoint(), e.Protocol(), addr, p)
	}
	c.mu.Lock()
	if got := c.headers.Get("authorization"); !slices.Equal(got, []string{"Bearer hunter2"}) {
		t.Errorf("headers %v", c.headers)
	}
	c.mu.Unlock()
	if err := mp.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	<-e.done // The provider's Shutdown ends our goroutine too.
}

// The scheme decides; INSECURE applies to an endpoint without one, according to the
// specification. The collector here uses plain text.
func TestSchemeBeatsInsecure(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	tests := map[string]struct {
		endpoint string
		env      []string
		arrives  bool
	}{
		"https, insecure":         {"https://", []string{"OTEL_EXPORTER_OTLP_INSECURE", "true"}, false},
		"https, metrics insecure": {"HTTPS://", []string{"OTEL_EXPORTER_OTLP_METRICS_INSECURE", "true"}, false},
		"http, not insecure":      {"http://", []string{"OTEL_EXPORTER_OTLP_INSECURE", "false"}, true},
		"http, certificate":       {"http://", []string{"OTEL_EXPORTER_OTLP_CERTIFICATE", "CA"}, true},
		"none, insecure":          {"dns:///", []string{"OTEL_EXPORTER_OTLP_INSECURE", "true"}, true},
		"none":                    {"dns:///", nil, false},
		"none, certificate":       {"dns:///", []string{"OTEL_EXPORTER_OTLP_INSECURE", "true", "OTEL_EXPORTER_OTLP_CERTIFICATE", "CA"}, false},
		"address":                 {"", nil, false},
		"address, insecure":       {"", []string{"OTEL_EXPORTER_OTLP_INSECURE", "True"}, true},
		"address, certificate":    {"", []string{"OTEL_EXPORTER_OTLP_INSECURE", "true", "OTEL_EXPORTER_OTLP_CERTIFICATE", "CA"}, false},
		// OpenTelemetry's exporter would replace what it cannot parse by the general variable, scheme included.
		"address besides http":           {"", []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"}, false},
		"address besides http, insecure": {"", []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_INSECURE", "true"}, true},
		"address besides https":          {"", []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1", "OTEL_EXPORTER_OTLP_METRICS_INSECURE", "TRUE"}, true},
	}
	for name, tt := range tests {
		c := &collector{}
		addr, _ := serve(t, c, "127.0.0.1:0")
		clearEnv(t)
		t.Setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", tt.endpoint+addr)
		t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2")
		for i := 0; i < len(tt.env); i += 2 {
			value := tt.env[i+1]
			if value == "CA" {
				_, ca := certificate(t)
				value = filepath.Join(t.TempDir(), "ca.pem")
				if err := os.WriteFile(value, ca, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv(tt.env[i], value)
		}
		timeout := 2 * time.Second // is waited for
		if tt.arrives {
			timeout = deadline
		}
		e := newPush(t, newRecord(), WithTimeout(timeout))
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the settings have been read
			err := e.ForceFlush(t.Context())
			if arrived := len(c.got) > 0; arrived != tt.arrives {
				t.Errorf("arrived in plain text: %t, want %t (ForceFlush: %v)", arrived, tt.arrives, err)
			}
			// What a report would say.
			if e.push.insecure != tt.arrives {
				t.Errorf("insecure = %t, want %t", e.push.insecure, tt.arrives)
			}
		})
	}
}

// The collector stops and returns: one report, two state changes, and data again
// without waiting for the interval (an hour).
func TestAwayAndBack(t *testing.T) { overProtocols(t, testAwayAndBack) }

func testAwayAndBack(t *testing.T, p Protocol) {
	c := &collector{}
	addr, stop := serveAs(t, p, c, loopback.Addr(t))
	rec := newRecord()
	e := newPushAs(t, p, rec, WithEndpoint(addr), WithInsecure(), WithTimeout(4*time.Second),
		optionFunc(func(c *config) { c.reconnect = 20 * time.Millisecond }))
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	receive(t, c)
	stop()
	if err := e.ForceFlush(t.Context()); err == nil {
		t.Error("ForceFlush says nothing about a collector that is away")
	}
	rec.wait(t, "a report", func(errs []error, states []bool) bool {
		return len(errs) == 1 && slices.Equal(states, []bool{true, false})
	})
	if up, known := e.Up(); up || !known {
		t.Errorf("Up = %v, %v while away", up, known)
	}

	back := &collector{}
	serveAs(t, p, back, addr)
	receive(t, back)
	rec.wait(t, "the recovery", func(errs []error, states []bool) bool {
		return len(errs) == 1 && slices.Equal(states, []bool{true, false, true})
	})
}

func TestNoCollectorAtStart(t *testing.T) { overProtocols(t, testNoCollectorAtStart) }

func testNoCollectorAtStart(t *testing.T, p Protocol) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	rec := newRecord()
	e := newPushAs(t, p, rec, WithEndpoint(addr), WithInsecure(), WithTimeout(50*time.Millisecond))
	if err := e.ForceFlush(t.Context()); err == nil {
		t.Error("ForceFlush returned nil")
	}
	errs, _ := rec.snapshot()
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), addr) || !strings.Contains(errs[0].Error(), "check that the collector is running") {
		t.Errorf("reports %v", errs)
	}
	if err := e.Shutdown(t.Context()); err == nil {
		t.Error("Shutdown hides that the last data was not sent")
	}
	if errs, _ := rec.snapshot(); len(errs) != 1 {
		t.Errorf("the error of Shutdown was reported as well: %v", errs)
	}
}

func TestRefusals(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const secret = "hunter2-token"
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		t.Run(code.String(), func(t *testing.T) {
			c := &collector{answer: func(context.Context) (*collectorpb.ExportMetricsServiceResponse, error) {
				return nil, status.Error(code, "no, not with\n"+secret)
			}}
			addr, _ := serve(t, c, "127.0.0.1:0")
			rec := newRecord()
			e := newPush(t, rec, WithEndpoint(addr), WithInsecure(), WithTimeout(100*time.Millisecond),
				WithHeaders(map[string]string{"authorization": "Bearer " + secret}))
			for range 3 {
				if err := e.ForceFlush(t.Context()); err == nil || strings.Contains(err.Error(), secret) {
					t.Errorf("ForceFlush: %v", err)
				}
			}
			errs, states := rec.snapshot()
			var export *ExportError
			if len(errs) != 1 || !errors.As(errs[0], &export) || !slices.Equal(states, []bool{false}) {
				t.Fatalf("reports %v, states %v; want one of each", errs, states)
			}
			if export.Code != code && export.Code != codes.DeadlineExceeded { // The first answer may come too late.
				t.Errorf("code %v, want %v", export.Code, code)
			}
			text := fmt.Sprintf("%v %+v %#v", export, export, *export)
			if strings.Contains(text, secret) || strings.Contains(export.Error(), "\n") || !strings.Contains(text, addr) {
				t.Errorf("the report is %q", text)
			}
			if !strings.Contains(text, "is retried") {
				t.Errorf("the report does not say how it goes on: %q", text)
			}
			err := e.Shutdown(t.Context())
			if last, ok := errors.AsType[*ExportError](err); !ok || !last.Final || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "tried again") {
				t.Errorf("Shutdown: %v", err)
			}
		})
	}
}

// TestRefusedThenLate: the first attempt is refused, and time runs out during the second. The report contains the refusal.
func TestRefusedThenLate(t *testing.T) { overProtocols(t, testRefusedThenLate) }

func testRefusedThenLate(t *testing.T, p Protocol) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first codes.Code
		want  codes.Code
		says  string
	}{
		"refused":    {codes.Aborted, codes.Aborted, "busy; then time ran out"},
		"away":       {codes.Unavailable, codes.Unavailable, "busy; then time ran out"},
		"canceled":   {codes.Canceled, codes.Canceled, "busy; then time ran out"},
		"late twice": {codes.DeadlineExceeded, codes.DeadlineExceeded, ""}, // gRPC words it in several ways
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			c := &collector{answer: func(ctx context.Context) (*collectorpb.ExportMetricsServiceResponse, error) {
				if tries.Add(1) == 1 {
					return nil, status.Error(tt.first, "busy")
				}
				<-ctx.Done()
				return nil, ctx.Err()
			}}
			addr, _ := serveAs(t, p, c, "127.0.0.1:0")
			rec := newRecord()
			e := newPushAs(t, p, rec, WithEndpoint(addr), WithInsecure(), WithTimeout(6*time.Second))
			err := e.ForceFlush(t.Context())
			if p == HTTPProtobuf { // its statuses are less specific
				tt.want, tt.says = codes.Unavailable, "busy; then time ran out"
			}
			export, ok := errors.AsType[*ExportError](err)
			if !ok || export.Code != tt.want || !strings.Contains(export.Message, tt.says) || strings.Contains(export.Message, "busy") != (tt.says != "") {
				t.Errorf("ForceFlush: %v; want %v and %q", err, tt.want, tt.says)
			}
			if tries.Load() < 2 {
				t.Errorf("%d tries, want two", tries.Load())
			}
		})
	}
}

// TestHints: the advice in a report depends on the exporter's settings.
func TestHints(t *testing.T) { overProtocols(t, testHints) }

func testHints(t *testing.T, p Protocol) {
	t.Parallel()
	cert, ca := certificate(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	settings := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS13}
	for name, tt := range map[string]struct {
		transport Option
		want, not string
	}{
		"no client certificate": {WithTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}), "whether it requires a client certificate", "which is off here"},
		"no TLS":                {WithInsecure(), "whether it expects TLS, which is off here", "client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, _ := serveAs(t, p, &collector{tls: settings}, "127.0.0.1:0")
			rec := newRecord()
			e := newPushAs(t, p, rec, WithEndpoint(addr), tt.transport, WithTimeout(4*time.Second))
			err := e.ForceFlush(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), tt.not) {
				t.Errorf("ForceFlush: %v; want %q in it", err, tt.want)
			}
		})
	}
}

func TestPartialSuccess(t *testing.T) { overProtocols(t, testPartialSuccess) }

func testPartialSuccess(t *testing.T, p Protocol) {
	c := &collector{answer: func(context.Context) (*collectorpb.ExportMetricsServiceResponse, error) {
		return &collectorpb.ExportMetricsServiceResponse{PartialSuccess: &collectorpb.ExportMetricsPartialSuccess{
			RejectedDataPoints: 7, ErrorMessage: "too old",
		}}, nil
	}}
	addr, _ := serveAs(t, p, c, "127.0.0.1:0")
	rec := newRecord()
	e := newPushAs(t, p, rec, WithEndpoint(addr), WithInsecure())
	if err := e.ForceFlush(t.Context()); err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("ForceFlush: %v, want the rejected points", err)
	}
}

func TestShutdownRespectsContext(t *testing.T) { overProtocols(t, testShutdownRespectsContext) }

func testShutdownRespectsContext(t *testing.T, p Protocol) {
	entered := make(chan struct{}, 10)
	c := &collector{answer: func(ctx context.Context) (*collectorpb.ExportMetricsServiceResponse, error) {
		entered <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	addr, _ := serveAs(t, p, c, "127.0.0.1:0")
	rec := newRecord()
	e := newPushAs(t, p, rec, WithEndpoint(addr), WithInsecure(), WithInterval(time.Millisecond), WithTimeout(time.Hour))
	<-entered // An export hangs.
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := e.Shutdown(ctx); err == nil {
		t.Error("Shutdown says nothing about data that was not sent")
	}
	if took := time.Since(start); took > deadline/2 {
		t.Errorf("Shutdown took %v with a context of 100 ms", took)
	}
	if errs, _ := rec.snapshot(); len(errs) != 0 {
		t.Errorf("the export that Shutdown stopped was reported: %v", errs)
	}
}

// certificate is a self-signed one for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, toPEM("CERTIFICATE", der)
}

func toPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestTLS(t *testing.T) { overProtocols(t, testTLS) }

func testTLS(t *testing.T, p Protocol) {
	cert, right := certificate(t)
	_, wrong := certificate(t)
	c := &collector{tls: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}}
	addr, _ := serveAs(t, p, c, "127.0.0.1:0")
	pool := func(pem []byte) *tls.Config {
		p := x509.NewCertPool()
		p.AppendCertsFromPEM(pem)
		return &tls.Config{RootCAs: p, MinVersion: tls.VersionTLS12}
	}
	t.Run("right", func(t *testing.T) {
		e := newPushAs(t, p, newRecord(), WithEndpoint(addr), WithTLS(pool(right)))
		if err := e.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		receive(t, c)
	})
	t.Run("variable", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(file, right, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", file)
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://"+addr)
		e := newPushAs(t, p, newRecord())
		if err := e.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		receive(t, c)
	})
	t.Run("wrong authority", func(t *testing.T) {
		before := len(c.got) // sent at the shutdown of other cases
		rec := newRecord()
		e := newPushAs(t, p, rec, WithEndpoint(addr), WithTLS(pool(wrong)), WithTimeout(100*time.Millisecond))
		for range 3 {
			if err := e.ForceFlush(t.Context()); err == nil {
				t.Error("the export went through")
			}
		}
		errs, _ := rec.snapshot()
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), "certificate") {
			t.Errorf("reports %v, want one about the certificate", errs)
		}
		if len(c.got) != before {
			t.Error("data arrived")
		}
	})
}

type producer struct{ err error }

func (p producer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	return []metricdata.ScopeMetrics{{Metrics: []metricdata.Metrics{{
		Name: "go_goroutines", Data: metricdata.Gauge[int64]{DataPoints: []metricdata.DataPoint[int64]{{Value: 3}}},
	}}}}, p.err
}

func TestProducers(t *testing.T) { overProtocols(t, testProducers) }

func testProducers(t *testing.T, p Protocol) {
	c := &collector{}
	addr, _ := serveAs(t, p, c, "127.0.0.1:0")
	rec := newRecord()
	e := newPushAs(t, p, rec, WithEndpoint(addr), WithInsecure(), WithProducers(nil, producer{errors.New("one collector is broken")}))
	for range 2 {
		if err := e.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		text := receive(t, c).String()
		if !strings.Contains(text, "go_goroutines") || !strings.Contains(text, "discord.gateway.events") {
			t.Errorf("metrics are missing: %s", text)
		}
	}
	if errs, _ := rec.snapshot(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "one collector is broken") {
		t.Errorf("reports %v, want one", errs)
	}
}

// TestCallbacks: a callback of the program that fails or panics does not affect other
// instruments.
func TestCallbacks(t *testing.T) {
	c := &collector{}
	addr, _ := serve(t, c, "127.0.0.1:0")
	rec := newRecord()
	e, err := New(t.Context(), append(rec.options(), WithEndpoint(addr), WithInsecure(), WithInterval(time.Hour),
		WithProducers(producer{}, producerFunc(func() { panic("a producer's own") })))...)
	if err != nil {
		t.Fatal(err)
	}
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()))
	fails := errors.New("the callback fails")
	for name, callback := range map[string]metric.Int64Callback{
		"good":  func(_ context.Context, o metric.Int64Observer) error { o.Observe(1); return nil },
		"fails": func(context.Context, metric.Int64Observer) error { return fails },
	} {
		if _, err := mp.Meter("test").Int64ObservableGauge(name, metric.WithInt64Callback(callback)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := e.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if text := receive(t, c).String(); !strings.Contains(text, `"good"`) || !strings.Contains(text, "go_goroutines") {
			t.Errorf("metrics are missing: %s", text)
		}
	}
	if errs, _ := rec.snapshot(); len(errs) != 1 || !errors.Is(errs[0], fails) || !strings.Contains(errs[0].Error(), "a callback panicked with a string") {
		t.Errorf("reports %v, want one of both", errs)
	}
	// A callback that panics affects only the export in progress.
	if _, err := mp.Meter("test").Int64ObservableGauge("panics", metric.WithInt64Callback(func(context.Context, metric.Int64Observer) error {
		panic("a callback's own")
	})); err != nil {
		t.Fatal(err)
	}
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := receive(t, c).String(); !strings.Contains(text, "go_goroutines") {
		t.Errorf("the producers' metrics are missing: %s", text)
	}
	if err := mp.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// A lyingError panics in every method that package errors looks for.
type lyingError struct{}

func (lyingError) Error() string { panic("Error is the program's own") }
func (lyingError) Is(error) bool { panic("Is is the program's own") }
func (lyingError) As(any) bool   { panic("As is the program's own") }
func (lyingError) Unwrap() error { panic("Unwrap is the program's own") }

// TestHostileErrors: errors returned by a callback or a producer of the program are
// not trusted: methods may panic, as those of a nil *url.Error do.
func TestHostileErrors(t *testing.T) {
	for name, hostile := range map[string]error{"typed nil": (*url.Error)(nil), "panics": lyingError{}} {
		t.Run(name, func(t *testing.T) {
			c := &collector{}
			addr, _ := serve(t, c, "127.0.0.1:0")
			rec := newRecord()
			e, err := New(t.Context(), append(rec.options(), WithEndpoint(addr), WithInsecure(), WithInterval(time.Hour),
				WithProducers(producer{}, failingProducer{hostile}))...)
			if err != nil {
				t.Fatal(err)
			}
			mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()))
			for name, callback := range map[string]metric.Int64Callback{
				"good":  func(_ context.Context, o metric.Int64Observer) error { o.Observe(1); return nil },
				"fails": func(context.Context, metric.Int64Observer) error { return hostile },
			} {
				if _, err := mp.Meter("test").Int64ObservableGauge(name, metric.WithInt64Callback(callback)); err != nil {
					t.Fatal(err)
				}
			}
			e.Begin() // on the exporter's goroutine, whose panic would end the process
			if text := receive(t, c).String(); !strings.Contains(text, `"good"`) || !strings.Contains(text, "go_goroutines") {
				t.Errorf("metrics are missing: %s", text)
			}
			rec.wait(t, "a report", func(errs []error, _ []bool) bool { return len(errs) == 1 })
			if err := mp.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

type failingProducer struct{ err error }

func (p failingProducer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	return nil, p.err
}

type producerFunc func()

func (f producerFunc) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	f()
	return nil, nil
}

// TestNothingPastReport: the global error handler receives nothing, even for a
// collection that Shutdown interrupts.
func TestNothingPastReport(t *testing.T) { overProtocols(t, testNothingPastReport) }

func testNothingPastReport(t *testing.T, p Protocol) {
	before := otel.GetErrorHandler()
	defer otel.SetErrorHandler(before)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Errorf("past WithErrorHandler: %v", err) }))
	for range 20 {
		rec := newRecord()
		e := newPushAs(t, p, rec, WithEndpoint("http://127.0.0.1:1"), WithInterval(time.Millisecond), WithTimeout(20*time.Millisecond))
		rec.wait(t, "a report", func(errs []error, _ []bool) bool { return len(errs) > 0 })
		if err := e.Shutdown(t.Context()); err == nil {
			t.Error("Shutdown hides that the last data was not sent")
		}
	}
}

// TestHostileReport: panics in the program's own functions are recovered.
func TestHostileReport(t *testing.T) {
	reported := make(chan struct{}, 1)
	e := newPush(t, newRecord(), WithEndpoint("http://127.0.0.1:1"), WithTimeout(20*time.Millisecond),
		WithOnState(func(bool) { panic("theirs") }),
		WithErrorHandler(otel.ErrorHandlerFunc(func(error) {
			select {
			case reported <- struct{}{}:
			default:
			}
			panic("theirs")
		})))
	e.Begin()
	<-reported
	if up, known := e.Up(); up || !known {
		t.Errorf("Up = %v, %v", up, known)
	}
}

func TestInvalidSettings(t *testing.T) {
	const secret = "hunter2"
	tests := map[string]struct {
		env  []string
		opts []Option
		want string
	}{
		"protocol":            {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/jsom"}, nil, `OTEL_EXPORTER_OTLP_PROTOCOL: "http/jsom" is not one of grpc, http/protobuf`},
		"protocol JSON":       {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/JSON"}, nil, `OTEL_EXPORTER_OTLP_PROTOCOL: "HTTP/JSON" is not supported`},
		"option protocol":     {nil, []Option{WithProtocol("")}, `WithProtocol: "" is not one of`},
		"HTTP, no scheme":     {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"}, nil, `OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" is not an http or https URL`},
		"HTTP, address":       {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"}, nil, `"127.0.0.1:4318" is not an http or https URL`},
		"HTTP, gRPC's scheme": {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT", "unix:///run/c.sock"}, nil, `is not an http or https URL`},
		"HTTP, query":         {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4318/v1/metrics?key=" + secret}, nil, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: the endpoint has a query"},
		"HTTP, no host":       {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://:4318"}, nil, "has no host"},
		"HTTP, port":          {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:0"}, nil, "the port is not a number"},
		"HTTP, password":      {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:" + secret + "@c"}, nil, "contains an @"},
		"HTTP, other one":     {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c", "OTEL_EXPORTER_OTLP_ENDPOINT", "htps://c"}, nil, `OTEL_EXPORTER_OTLP_ENDPOINT: "htps://c"`},
		"HTTP, header":        {[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_HEADERS", "a-bin=" + secret + "%0Ax"}, nil, "entry 1 has a value"},
		"HTTP, header's name": {nil, []Option{WithProtocol(HTTPProtobuf), WithHeaders(map[string]string{"a b": secret})}, `"a b" is not a header's name`},
		"HTTP, option":        {nil, []Option{WithProtocol(HTTPProtobuf), WithEndpoint("ftp://x:1")}, `WithEndpoint: "ftp://x:1" is not an http or https URL`},
		"metrics protocol":    {[]string{"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http"}, nil, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"},
		"endpoint":            {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:431x"}, nil, `OTEL_EXPORTER_OTLP_ENDPOINT: "127.0.0.1:431x": the port is not a number`},
		"endpoint, colons":    {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "a:b:c"}, nil, `OTEL_EXPORTER_OTLP_ENDPOINT: "a:b:c" is neither host:port nor a URL`},
		"endpoint, no URL":    {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a b"}, nil, `OTEL_EXPORTER_OTLP_ENDPOINT: "http://a b" is not a URL`},
		"endpoint, no host":   {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://:4317"}, nil, "has no host"},
		"endpoint, port":      {[]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://x:99999"}, nil, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"},
		"endpoint, password":  {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:" + secret + "@x:1"}, nil, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"endpoint, scheme":    {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "htps://x:1"}, nil, `OTEL_EXPORTER_OTLP_ENDPOINT: "htps://x:1": the scheme "htps"`},
		"endpoint, grpc":      {[]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "grpc://x:1"}, nil, `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "grpc://x:1": the scheme "grpc"`},
		"endpoint, no colon":  {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http//x:1"}, nil, `OTEL_EXPORTER_OTLP_ENDPOINT: "http//x:1" has a space or a slash in the host`},
		"endpoint, one slash": {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "htps:/x:1"}, nil, `OTEL_EXPORTER_OTLP_ENDPOINT: "htps:/x:1" is neither host:port nor a URL`},
		"endpoint, path":      {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "x/v1/metrics"}, nil, `"x/v1/metrics" has a space or a slash in the host`},
		"endpoint, port path": {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "x:1/v1/metrics"}, nil, `"x:1/v1/metrics": the port is not a number`},
		"interval":            {[]string{"OTEL_METRIC_EXPORT_INTERVAL", "15s"}, nil, `OTEL_METRIC_EXPORT_INTERVAL: "15s"`},
		"interval 0":          {[]string{"OTEL_METRIC_EXPORT_INTERVAL", "0"}, nil, `OTEL_METRIC_EXPORT_INTERVAL: "0"`},
		"reader time-out":     {[]string{"OTEL_METRIC_EXPORT_TIMEOUT", "-1"}, nil, "OTEL_METRIC_EXPORT_TIMEOUT"},
		"time-out":            {[]string{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"}, nil, "OTEL_EXPORTER_OTLP_TIMEOUT"},
		"insecure":            {[]string{"OTEL_EXPORTER_OTLP_INSECURE", "yes"}, nil, `"yes" is not one of true, false`},
		"compression":         {[]string{"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"}, nil, `"zstd" is not one of gzip, none`},
		"temporality":         {[]string{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "x"}, nil, "TEMPORALITY_PREFERENCE"},
		"aggregation":         {[]string{"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "x"}, nil, "HISTOGRAM_AGGREGATION"},
		"header, no =":        {[]string{"OTEL_EXPORTER_OTLP_HEADERS", "a=b," + secret}, nil, "OTEL_EXPORTER_OTLP_HEADERS: entry 2 has no '='"},
		"header, key":         {[]string{"OTEL_EXPORTER_OTLP_HEADERS", secret + " x=b"}, nil, "entry 1 has a key"},
		"header, percent":     {[]string{"OTEL_EXPORTER_OTLP_HEADERS", "a=" + secret + "%zz"}, nil, "entry 1 has a value"},
		"header, value":       {[]string{"OTEL_EXPORTER_OTLP_HEADERS", "a=b,c=" + secret + "%0Ax"}, nil, "entry 2 has a value with a line break"},
		"header, not gRPC's":  {[]string{"OTEL_EXPORTER_OTLP_HEADERS", "a!=" + secret}, nil, "entry 1 has a key"},
		"option header ASCII": {nil, []Option{WithHeaders(map[string]string{"a": secret + "ß"})}, `"a"`},
		"certificate":         {[]string{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem"}, nil, "OTEL_EXPORTER_OTLP_CERTIFICATE"},
		"certificate, device": {[]string{"OTEL_EXPORTER_OTLP_CERTIFICATE", os.DevNull}, nil, "OTEL_EXPORTER_OTLP_CERTIFICATE: cannot read the CA certificates: read " + os.DevNull + ": it is not a regular file"},
		"key pair, device":    {[]string{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", os.DevNull, "OTEL_EXPORTER_OTLP_CLIENT_KEY", os.DevNull}, nil, "it is not a regular file"},
		"certificate, no key": {[]string{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/nowhere.pem"}, nil, "must be set together"},
		"header, overridden":  {[]string{"OTEL_EXPORTER_OTLP_HEADERS", secret}, []Option{WithHeaders(map[string]string{})}, "entry 1 has no '='"},
		"option endpoint":     {nil, []Option{WithEndpoint("nowhere")}, `WithEndpoint: "nowhere"`},
		"option, empty":       {nil, []Option{WithEndpoint("")}, "WithEndpoint"},
		"option, scheme":      {nil, []Option{WithEndpoint("ftp://x:1")}, `"ftp"`},
		"option, no colon":    {nil, []Option{WithEndpoint("http//x:1")}, `WithEndpoint: "http//x:1" has a space or a slash in the host`},
		"option interval":     {nil, []Option{WithInterval(0)}, "WithInterval: 0s"},
		"option time-out":     {nil, []Option{WithTimeout(-time.Second)}, "WithTimeout: -1s"},
		"option header":       {nil, []Option{WithHeaders(map[string]string{"a b": secret})}, `"a b"`},
		"option header value": {nil, []Option{WithHeaders(map[string]string{"a": secret + "\n"})}, `"a"`},
		"insecure and TLS":    {nil, []Option{WithInsecure(), WithTLS(&tls.Config{MinVersion: tls.VersionTLS13})}, "mutually exclusive"},
		"insecure and https":  {nil, []Option{WithInsecure(), WithEndpoint("https://x:1")}, "contradicts an https"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for i := 0; i < len(tt.env); i += 2 {
				t.Setenv(tt.env[i], tt.env[i+1])
			}
			e, err := New(t.Context(), tt.opts...)
			if err == nil || e != nil {
				t.Fatalf("New = %v, %v: want an error", e, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error %q does not say %q", err, tt.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows a secret: %q", err)
			}
		})
	}
}

func TestValidEndpoints(t *testing.T) {
	for _, endpoint := range []string{
		"http://collector", "https://collector:4317", "HTTPS://[::1]:4317", "http://collector:4317/v1/metrics", "https://collector/",
		"collector:4317", "collector", "collector.example.com:443", "my-collector:4317", "my_collector:4317",
		"127.0.0.1", "127.0.0.1:4317", "::1", "[::1]", "[::1]:4317", "[fe80::1%eth0]:4317",
		"dns:collector:4317", "dns:///collector:4317", "DNS://127.0.0.1/collector:4317", "passthrough:///127.0.0.1:4317",
		"unix:collector.sock", "unix:/run/collector.sock", "unix:///run/collector.sock", "unix-abstract:collector",
	} {
		if err := checkGRPCEndpoint(endpoint, true); err != nil {
			t.Errorf("from a variable: %v", err)
		}
	}
	for _, endpoint := range []string{"http://collector", "HTTPS://collector:4317", "collector:4317", "127.0.0.1:4317", "[::1]:4317"} {
		if err := checkGRPCEndpoint(endpoint, false); err != nil {
			t.Errorf("WithEndpoint: %v", err)
		}
	}
}

// Variables that an option replaces may be invalid.
func TestOptionsComeFirst(t *testing.T) {
	c := &collector{}
	addr, _ := serve(t, c, "127.0.0.1:0")
	for name, v := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:1", "OTEL_METRIC_EXPORT_INTERVAL": "x", "OTEL_EXPORTER_OTLP_TIMEOUT": "x",
		"OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "none of them",
	} {
		t.Setenv(name, v)
	}
	e := newPush(t, newRecord(), WithProtocol(GRPC), WithEndpoint(addr), WithInsecure(), WithTimeout(time.Second), WithHeaders(map[string]string{}))
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	receive(t, c)
}
