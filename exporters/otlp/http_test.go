package otlp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/argus-dgo/argus/internal/loopback"
)

var quiet = log.New(io.Discard, "", 0)

// asksFor returns a refusal that requests a pause.
func asksFor(t *testing.T, code codes.Code, pause time.Duration) error {
	t.Helper()
	s, err := status.New(code, "please wait").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(pause)})
	if err != nil {
		t.Error(err)
	}
	return s.Err()
}

// TestHTTPEndpoints: the general variable is a base, the signal's is used unchanged, and the scheme decides on TLS.
func TestHTTPEndpoints(t *testing.T) {
	for _, tt := range []struct {
		general, signal string
		opts            []Option
		want            string
		host            string
	}{
		{want: "http://localhost:4318/v1/metrics"},
		{general: "http://collector:4318", want: "http://collector:4318/v1/metrics"},
		{general: "HTTPS://collector/", want: "https://collector/v1/metrics", host: "collector:443"},
		{general: "http://collector/otlp/", want: "http://collector/otlp/v1/metrics", host: "collector:80"},
		{signal: "http://collector:4318", want: "http://collector:4318/"},
		{signal: "http://collector:4318/", want: "http://collector:4318/"},
		{signal: "https://collector:1/api/otlp", general: "http://other:4318", want: "https://collector:1/api/otlp"},
		{general: "http://[::1]:4318", want: "http://[::1]:4318/v1/metrics"},
		{opts: []Option{WithEndpoint("collector:4318")}, general: "http://other:4318", want: "https://collector:4318/v1/metrics"},
		{opts: []Option{WithEndpoint("collector:4318"), WithInsecure()}, want: "http://collector:4318/v1/metrics"},
		{opts: []Option{WithEndpoint("http://collector:4318")}, want: "http://collector:4318/v1/metrics"},
		{opts: []Option{WithEndpoint("http://collector:4318/")}, want: "http://collector:4318/v1/metrics"},
		{opts: []Option{WithEndpoint("http://collector:4318/mine")}, want: "http://collector:4318/mine"},
		{opts: []Option{WithTLS(&tls.Config{MinVersion: tls.VersionTLS13})}, want: "https://localhost:4318/v1/metrics"},
		{opts: []Option{WithInsecure()}, general: "https://collector:1", want: "http://collector:1/v1/metrics"},
	} {
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", tt.general)
		t.Setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", tt.signal)
		c, err := newConfig(SignalMetrics, append(tt.opts, WithProtocol(HTTPProtobuf)))
		if err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		if got := c.url().String(); got != tt.want {
			t.Errorf("%q, %q: %s, want %s", tt.general, tt.signal, got, tt.want)
		}
		if got := c.host(); tt.host != "" && got != tt.host {
			t.Errorf("%q: host %s, want %s", tt.general, got, tt.host)
		}
	}
}

// TestHTTPEnvironment: all settings come from variables, according to OpenTelemetry's specification.
func TestHTTPEnvironment(t *testing.T) {
	cert, ca := certificate(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	settings := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	for name, tt := range map[string]struct {
		tls      *tls.Config
		path     string
		endpoint string // after the address
		env      []string
		gzip     bool
	}{
		"gzip":           {env: []string{"COMPRESSION", "GZIP"}, gzip: true},
		"signal's":       {env: []string{"METRICS_COMPRESSION", "none", "COMPRESSION", "gzip"}},
		"base":           {path: "/otlp/v1/metrics", endpoint: "/otlp"},
		"TLS":            {tls: settings, env: []string{"CERTIFICATE", file}},
		"TLS, insecure":  {tls: settings, env: []string{"METRICS_CERTIFICATE", file, "CERTIFICATE", file, "INSECURE", "true", "METRICS_INSECURE", "true"}},
		"plain, certain": {env: []string{"CERTIFICATE", file, "INSECURE", "false"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := &collector{tls: tt.tls, path: tt.path}
			addr, _ := serveAs(t, HTTPProtobuf, c, "127.0.0.1:0")
			scheme := "http://"
			if tt.tls != nil {
				scheme = "https://"
			}
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", scheme+addr+tt.endpoint)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter%202,y!=1")
			for i := 0; i < len(tt.env); i += 2 {
				t.Setenv("OTEL_EXPORTER_OTLP_"+tt.env[i], tt.env[i+1])
			}
			e := newPush(t, newRecord())
			if err := e.ForceFlush(t.Context()); err != nil {
				t.Fatal(err)
			}
			receive(t, c)
			c.mu.Lock()
			defer c.mu.Unlock()
			if got := c.headers.Get("x-key"); !slices.Equal(got, []string{"hunter 2"}) {
				t.Errorf("headers %v", c.headers)
			}
			if got := slices.Contains(c.headers.Get("content-encoding"), "gzip"); got != tt.gzip {
				t.Errorf("compressed: %t, want %t", got, tt.gzip)
			}
		})
	}
}

// TestClientCertificates: both protocols send the certificate that the variables name; the signal's wins.
func TestClientCertificates(t *testing.T) {
	overProtocols(t, func(t *testing.T, p Protocol) {
		cert, ca := certificate(t)
		dir := t.TempDir()
		key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{"ca.pem": ca, "key.pem": toPEM("PRIVATE KEY", key)} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		c := &collector{tls: &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS13}}
		addr, _ := serveAs(t, p, c, "127.0.0.1:0")
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://"+addr)
		t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", filepath.Join(dir, "ca.pem"))
		t.Setenv("OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", filepath.Join(dir, "ca.pem"))
		t.Setenv("OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", filepath.Join(dir, "key.pem"))
		e := newPushAs(t, p, newRecord())
		if err := e.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		receive(t, c)
	})
}

// TestHTTPRefusals: the report for each response contains no secrets and no web page.
func TestHTTPRefusals(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const secret = "hunter2-token"
	page := "<html>" + strings.Repeat("<p>sorry</p>", 100_000)
	for name, tt := range map[string]struct {
		status     int
		kind, body string
		header     []string
		want       codes.Code
		says       []string
	}{
		"400":      {400, "text/plain", "bad\nwith " + secret, nil, codes.InvalidArgument, []string{"400 Bad Request: bad with [redacted]", "whether it expects TLS"}},
		"400 bare": {400, "", "Client sent an HTTP request to an HTTPS server.", nil, codes.InvalidArgument, []string{"HTTPS server"}},
		"401":      {401, "text/html; charset=utf-8", page, nil, codes.Unauthenticated, []string{"401 Unauthorized;", "check OTEL_EXPORTER_OTLP_HEADERS"}},
		"403":      {403, "application/json", `{"message":"no"}`, nil, codes.PermissionDenied, []string{`403 Forbidden: {"message":"no"}`}},
		"404":      {404, "text/plain", "404 page not found", nil, codes.Unimplemented, []string{"404 Not Found at /v1/metrics: 404 page not found", "check its port (4318) and its path (/v1/metrics)"}},
		"405":      {405, "", page, nil, codes.Unimplemented, []string{"405 Method Not Allowed at /v1/metrics;"}},
		"407":      {407, "text/html", page, nil, codes.Unauthenticated, []string{"check the credentials in HTTP_PROXY"}},
		"413":      {413, "text/html", page, nil, codes.ResourceExhausted, []string{"413 Request Entity Too Large;", "check its limits"}},
		"415":      {415, "text/plain", "invalid gRPC request content-type", nil, codes.Unimplemented, []string{"invalid gRPC request"}},
		"429":      {429, "text/plain", "slow down", []string{"Retry-After", "600"}, codes.ResourceExhausted, []string{"429 Too Many Requests: slow down"}},
		"500":      {500, "application/octet-stream", "\x00\x01", nil, codes.Unknown, []string{"500 Internal Server Error;"}},
		"502":      {502, "text/html", page, nil, codes.Unavailable, []string{"502 Bad Gateway;", "a proxy in front of it"}},
		"503":      {503, "text/plain", strings.Repeat("x", 100_000), nil, codes.Unavailable, []string{"503 Service Unavailable: xxx", "…; the collector"}},
		"page":     {200, "text/html", page, nil, codes.Unimplemented, []string{"200 OK with a web page at /v1/metrics", "check its port"}},
		"redirect": {307, "text/html", page, []string{"Location", "/elsewhere?key=" + secret}, codes.Unknown, []string{"307 Temporary Redirect to http://127.0.0.1:", "/elsewhere;", "redirects are not followed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, _ := serveHandler(t, &collector{}, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				for i := 0; i < len(tt.header); i += 2 {
					w.Header().Set(tt.header[i], tt.header[i+1])
				}
				w.Header()["Content-Type"] = nil
				if tt.kind != "" {
					w.Header().Set("Content-Type", tt.kind)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			rec := newRecord()
			e := newPushAs(t, HTTPProtobuf, rec, WithEndpoint("http://"+addr), WithTimeout(2*time.Second), WithHeaders(map[string]string{"authorization": "Bearer " + secret}))
			for range 2 {
				_ = e.ForceFlush(t.Context())
			}
			errs, states := rec.snapshot()
			if len(errs) != 1 || !slices.Equal(states, []bool{false}) {
				t.Fatalf("reports %v, states %v; want one of each", errs, states)
			}
			export, ok := errors.AsType[*ExportError](errs[0])
			if !ok || export.Code != tt.want || export.HTTPStatus != tt.status || export.Protocol != HTTPProtobuf {
				t.Errorf("%+v; want %v and %d", export, tt.want, tt.status)
			}
			text := fmt.Sprintf("%v %+v %#v", export, export, *export)
			for _, want := range append(tt.says, addr) {
				if !strings.Contains(strings.ReplaceAll(export.Error(), "; then time ran out", ""), want) {
					t.Errorf("the report has no %q: %s", want, export)
				}
			}
			for _, not := range []string{secret, "<", "\n"} {
				if strings.Contains(text, not) {
					t.Errorf("%q is in the report: %s", not, export)
				}
			}
			if len(export.Error()) > 1000 {
				t.Errorf("the report has %d bytes", len(export.Error()))
			}
			if last, ok := errors.AsType[*ExportError](e.Shutdown(t.Context())); !ok || !last.Final {
				t.Errorf("Shutdown: %v", last)
			}
		})
	}
}

// TestRedirectIsNotFollowed: neither metrics nor keys are sent to the target of a redirect.
func TestRedirectIsNotFollowed(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		var asked atomic.Int32
		other, _ := serveHandler(t, &collector{}, "127.0.0.1:0", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		addr, _ := serveHandler(t, &collector{}, "127.0.0.1:0", http.RedirectHandler("http://"+other+"/v1/metrics", code))
		e := newPushAs(t, HTTPProtobuf, newRecord(), WithEndpoint("http://"+addr), WithHeaders(map[string]string{"api-key": "hunter2"}))
		if err := e.ForceFlush(t.Context()); err == nil || !strings.Contains(err.Error(), other) {
			t.Errorf("%d: ForceFlush: %v", code, err)
		}
		if asked.Load() != 0 {
			t.Errorf("%d was followed", code)
		}
	}
}

// TestResponsesAreBounded: an endless response costs neither memory nor time.
func TestResponsesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, code := range []int{200, 400, 503} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			addr, _ := serveHandler(t, &collector{}, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/plain")
				w.WriteHeader(code)
				for {
					n, err := w.Write(bytes.Repeat([]byte("x"), 64<<10))
					sent.Add(int64(n))
					if err != nil {
						return
					}
				}
			}))
			e := newPushAs(t, HTTPProtobuf, newRecord(), WithEndpoint("http://"+addr), WithTimeout(2*time.Second))
			if err := e.ForceFlush(t.Context()); err == nil || len(err.Error()) > 1000 {
				t.Errorf("ForceFlush: %v", err)
			}
			if sent.Load() > 64<<20 { // the contents of socket buffers, for a few attempts
				t.Errorf("%d bytes were sent", sent.Load())
			}
		})
	}
}

// TestTimeoutIsOfAllTries: the time limit of an export includes its retries.
func TestTimeoutIsOfAllTries(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	overProtocols(t, func(t *testing.T, p Protocol) {
		t.Parallel()
		var tries atomic.Int32
		c := &collector{answer: func(context.Context) (*collectorpb.ExportMetricsServiceResponse, error) {
			tries.Add(1)
			return nil, status.Error(codes.Unavailable, "busy")
		}}
		addr, _ := serveAs(t, p, c, "127.0.0.1:0")
		e := newPushAs(t, p, newRecord(), WithEndpoint("http://"+addr), WithTimeout(3*time.Second))
		began := time.Now()
		if err := e.ForceFlush(t.Context()); err == nil || !strings.Contains(err.Error(), "busy") {
			t.Errorf("ForceFlush: %v", err)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
		if tries.Load() < 2 {
			t.Errorf("%d tries", tries.Load())
		}
	})
}

// TestLateCollector: a collector that starts after the bot gets the metrics without waiting for the interval (an hour).
func TestLateCollector(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	overProtocols(t, func(t *testing.T, p Protocol) {
		addr := loopback.Addr(t)
		rec := newRecord()
		e := newPushAs(t, p, rec, WithEndpoint("http://"+addr), WithTimeout(time.Second), optionFunc(func(c *config) { c.reconnect = 20 * time.Millisecond }))
		e.Begin()
		rec.wait(t, "a report", func(errs []error, _ []bool) bool { return len(errs) == 1 })
		c := &collector{}
		serveAs(t, p, c, addr)
		receive(t, c)
		rec.wait(t, "the recovery", func(_ []error, states []bool) bool { return slices.Equal(states, []bool{false, true}) })
	})
}

// TestOtherProtocol: the report says if the port is that of the other protocol.
func TestOtherProtocol(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	overProtocols(t, func(t *testing.T, p Protocol) {
		other, says := GRPC, "the response is not HTTP/1.1"
		if p == GRPC {
			other, says = HTTPProtobuf, "Unavailable"
		}
		addr, _ := serveAs(t, other, &collector{}, "127.0.0.1:0")
		e := newPushAs(t, p, newRecord(), WithEndpoint("http://"+addr), WithTimeout(2*time.Second))
		err := e.ForceFlush(t.Context())
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("ForceFlush: %v", err)
		}
	})
	for _, e := range []*ExportError{
		{Protocol: HTTPProtobuf, Endpoint: "c:4317", Code: codes.Unavailable},
		{Protocol: HTTPProtobuf, Endpoint: "c:4317", Code: codes.Unimplemented, HTTPStatus: 415},
	} {
		if want := "port 4317 is usually for the protocol grpc: set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or the endpoint to port 4318"; !strings.Contains(e.Error(), want) {
			t.Errorf("%q does not say %q", e, want)
		}
	}
	e := &ExportError{Protocol: GRPC, Endpoint: "c:4318", Code: codes.Unavailable}
	if want := "port 4318 is usually for the protocol http/protobuf: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or the endpoint to port 4317"; !strings.Contains(e.Error(), want) {
		t.Errorf("%q does not say %q", e, want)
	}
}

// TestSilentConnection: a silently broken connection, as behind a NAT that forgot it, costs one export, not all until TCP times out.
func TestSilentConnection(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, versions := range [][]string{{"h2"}, {"http/1.1"}} {
		t.Run(versions[0], func(t *testing.T) {
			t.Parallel()
			cert, ca := certificate(t)
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(ca)
			c := &collector{tls: &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: versions, MinVersion: tls.VersionTLS12}}
			addr, _ := serveAs(t, HTTPProtobuf, c, "127.0.0.1:0")
			between := newForwarder(t, addr)
			e := newPushAs(t, HTTPProtobuf, newRecord(), WithEndpoint(between.addr), WithTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}), WithTimeout(2*time.Second))
			if err := e.ForceFlush(t.Context()); err != nil {
				t.Fatal(err)
			}
			between.silence()
			if err := e.ForceFlush(t.Context()); err == nil || !strings.Contains(err.Error(), "no response in time") {
				t.Errorf("ForceFlush over a silent connection: %v", err)
			}
			select { // for net/http to finish that request; the exporter waits longer
			case <-time.After(500 * time.Millisecond):
			case <-t.Context().Done():
			}
			if err := e.ForceFlush(t.Context()); err != nil {
				t.Errorf("ForceFlush after it: %v", err)
			}
		})
	}
}

// forwarder forwards connections, and can silence the open ones.
type forwarder struct {
	addr    string
	current atomic.Pointer[atomic.Bool] // whether the current connections are silent
}

func newForwarder(t *testing.T, to string) *forwarder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{addr: l.Addr().String()}
	f.current.Store(new(atomic.Bool))
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			silent := f.current.Load()
			target, err := net.Dial("tcp", to)
			if err != nil {
				_ = from.Close()
				return
			}
			t.Cleanup(func() { _, _ = from.Close(), target.Close() })
			go pass(from, target, silent)
			go pass(target, from, silent)
		}
	}()
	return f
}

func (f *forwarder) silence() { f.current.Swap(new(atomic.Bool)).Store(true) }

func pass(from, to net.Conn, silent *atomic.Bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil && !silent.Load() {
			_ = to.Close()
		}
		if err != nil {
			return
		}
		if !silent.Load() {
			_, _ = to.Write(buffer[:n])
		}
	}
}

// TestProxyIsNotQuoted: no report contains the password in a proxy's variable. net/http reads the variables once per process, so the push runs in a separate process.
func TestProxyIsNotQuoted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const secret, variable = "hunter2", "ARGUS_TEST_PROXY"
	if os.Getenv(variable) != "" {
		for _, p := range []Protocol{GRPC, HTTPProtobuf} {
			for _, scheme := range []string{"http", "https"} {
				e := newPushAs(t, p, newRecord(), WithEndpoint(scheme+"://collector.invalid:4318"), WithTimeout(time.Second))
				fmt.Printf("REPORT %s %s %v\n", p, scheme, e.ForceFlush(t.Context())) //nolint:forbidigo // read by the process that started this one
			}
		}
		return
	}
	proxy, _ := serveHandler(t, &collector{}, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusProxyAuthRequired)
		fmt.Fprint(w, "<html>you sent ", r.Header.Get("Proxy-Authorization"), secret)
	}))
	for name, tt := range map[string]struct{ proxy, want string }{
		"refuses":   {"http://me:" + secret + "@" + proxy, "407 Proxy Authentication Required; check the credentials in HTTP_PROXY"},
		"is away":   {"http://me:" + secret + "@127.0.0.1:1", "connection refused; then time ran out; check HTTP_PROXY and HTTPS_PROXY"},
		"is no URL": {"me:" + secret + "@bad host:1", "check HTTP_PROXY and HTTPS_PROXY"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestProxyIsNotQuoted$", "-test.v") // this program
			cmd.Env = append(os.Environ(), variable+"=1", "HTTP_PROXY="+tt.proxy, "HTTPS_PROXY="+tt.proxy, "NO_PROXY=")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if n := strings.Count(string(out), "REPORT "); n != 4 {
				t.Errorf("%d reports, want 4: %s", n, out)
			}
			if !strings.Contains(string(out), tt.want) {
				t.Errorf("no report has %q: %s", tt.want, out)
			}
			for _, not := range []string{secret, "<html>", "bWU6aHVudGVyMg"} {
				if strings.Contains(string(out), not) {
					t.Errorf("%q is in a report: %s", not, out)
				}
			}
		})
	}
}

// TestHTTPNeedsNoCollector: New and Shutdown open no connection if there is nothing to send.
func TestHTTPNeedsNoCollector(t *testing.T) {
	var asked atomic.Int32
	addr, _ := serveHandler(t, &collector{}, "127.0.0.1:0", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	e, err := New(t.Context(), WithProtocol(HTTPProtobuf), WithEndpoint("http://"+addr))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if asked.Load() != 0 {
		t.Error("it was connected to")
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, v := range []string{"", "0", "-1", "120", "99999999999999999999", "Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "1.5"} {
		f.Add(v)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, v string) {
		if d := retryAfter(v, now); d < 0 {
			t.Errorf("%q: %v", v, d)
		}
	})
}
