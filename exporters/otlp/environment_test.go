package otlp

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// compressions records the compression of a server's requests.
type compressions struct{ last atomic.Pointer[string] }

func (*compressions) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (*compressions) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*compressions) HandleConn(context.Context, stats.ConnStats)                       {}

func (c *compressions) HandleRPC(_ context.Context, s stats.RPCStats) {
	if in, ok := s.(*stats.InHeader); ok {
		c.last.Store(&in.Compression)
	}
}

// TestEnvironmentAsPeopleWriteIt: values that OpenTelemetry's specification calls
// case-insensitive, trailing commas, and addresses that are not URLs have their
// intended effect.
func TestEnvironmentAsPeopleWriteIt(t *testing.T) {
	for name, tt := range map[string]struct {
		env         map[string]string
		compression string
	}{
		"upper case": {map[string]string{"PROTOCOL": "GRPC", "COMPRESSION": "GZIP", "INSECURE": "TRUE", "METRICS_TEMPORALITY_PREFERENCE": "Cumulative"}, "gzip"},
		"mixed":      {map[string]string{"METRICS_PROTOCOL": "gRPC", "METRICS_COMPRESSION": "Gzip", "COMPRESSION": "none", "INSECURE": "True"}, "gzip"},
		"none":       {map[string]string{"METRICS_COMPRESSION": "NONE", "COMPRESSION": "GZIP", "INSECURE": "true"}, ""},
		"commas":     {map[string]string{"HEADERS": ",x-key=hunter2, ,x-more=1,", "INSECURE": "true"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			seen := new(compressions)
			c := &collector{}
			addr, _ := serve(t, c, "127.0.0.1:0", grpc.StatsHandler(seen))
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", addr)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter2")
			for variable, value := range tt.env {
				t.Setenv("OTEL_EXPORTER_OTLP_"+variable, value)
			}
			e, err := New(t.Context(), WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Errorf("reported: %v", err) })))
			if err != nil {
				t.Fatal(err)
			}
			mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()))
			n, err := mp.Meter("test").Int64Counter("x")
			if err != nil {
				t.Fatal(err)
			}
			n.Add(t.Context(), 1)
			if err := mp.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			receive(t, c)
			if got := *seen.last.Load(); got != tt.compression {
				t.Errorf("compressed with %q, want %q", got, tt.compression)
			}
			if got := c.headers.Get("x-key"); !slices.Equal(got, []string{"hunter2"}) {
				t.Errorf("headers %v", c.headers)
			}
		})
	}
}

// TestProxyAnswerIsNotQuoted: a proxy that refuses may send anything, including what
// it received. Only its status is reported. net/http reads the proxy's variables once
// per process, so the push runs in a separate process.
func TestProxyAnswerIsNotQuoted(t *testing.T) {
	const secret, variable = "hunter2", "ARGUS_TEST_BEHIND_PROXY"
	if os.Getenv(variable) != "" {
		e := newPush(t, newRecord(), WithEndpoint("http://collector.invalid:4317"), WithTimeout(time.Second))
		for { // on a slow machine the time may be over before the proxy answers
			err := e.ForceFlush(t.Context())
			fmt.Printf("REPORT %v\n", err) //nolint:forbidigo // read by the process that started this one
			if strings.Contains(fmt.Sprint(err), "407") {
				return
			}
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				body := "<html>\n you sent " + r.Header.Get("Proxy-Authorization") + " " + secret + strings.Repeat("x", 100_000)
				fmt.Fprintf(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nX-Token: %s\r\nContent-Length: %d\r\n\r\n%s", secret, len(body), body)
			}
			_ = conn.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestProxyAnswerIsNotQuoted$", "-test.v") // this program
	cmd.Env = append(os.Environ(), variable+"=1", "HTTPS_PROXY=http://me:"+secret+"@"+l.Addr().String(), "NO_PROXY=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := string(out)[max(0, strings.LastIndex(string(out), "REPORT ")):]
	text, _, _ = strings.Cut(text, "\n")
	if !strings.Contains(text, "HTTP/1.1 407 Proxy Authentication Required") {
		t.Errorf("the report does not have the proxy's status: %s", out)
	}
	// The credentials in base64, as they are sent.
	for _, s := range []string{secret, "<html>", "bWU6aHVudGVyMg"} {
		if strings.Contains(string(out), s) {
			t.Errorf("%q is in the report: %s", s, text)
		}
	}
	if len(text) > 1000 {
		t.Errorf("the report has %d bytes", len(text))
	}
}
