package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/fleet/internal/fleet"
	"github.com/argus-dgo/argus/fleet/internal/ingest"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/checks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file writes a file that its owner alone can read, and returns its name.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// token makes a token file. What is in it must not be shown.
func token(t *testing.T, of string) string { return file(t, "planted-token-of-"+of+"\n") }

func read(t *testing.T, line []string) *settings.Given {
	t.Helper()
	g, _, err := settings.Read(line, func(string) (string, bool) { return "", false }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// start runs a fleet, and returns the line with its addresses.
func start(t *testing.T, line ...string) (*fleet.Fleet, []string) {
	t.Helper()
	line = append([]string{
		"--addr", "127.0.0.1:0", "--otlp-grpc-addr", "127.0.0.1:0", "--otlp-http-addr", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "data"),
	}, line...)
	s, err := read(t, line).Settings()
	if err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Start(fleet.Config{Settings: s, Version: "1.2.3", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), expect.Patience)
		defer cancel()
		if err := f.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return f, append(slices.Clone(line), "--addr", f.Addr(), "--otlp-grpc-addr", f.OTLPGRPC(), "--otlp-http-addr", f.OTLPHTTP())
}

// written are the findings of a report, one a line.
func written(list ...checks.Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s: %s → %s\n", f.State, f.Check, f.Text, f.Do)
	}
	return b.String()
}

// examine runs the doctor, and checks that its report has what every report must have.
func examine(t *testing.T, line ...string) string {
	t.Helper()
	r := Examine(t.Context(), read(t, line))
	text := written(r.Checks...)
	if strings.Contains(text, "planted") {
		t.Errorf("a token is shown:\n%s", text)
	}
	for _, f := range r.Checks {
		if (f.State == checks.Failure || f.State == checks.Warning) == (f.Do == "") {
			t.Errorf("%+v: what to do is to be said of what is wrong, and of nothing else", f)
		}
	}
	return text
}

// has checks that a report has lines that begin with some texts.
func has(t *testing.T, report string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains("\n"+report, "\n"+w) {
			t.Errorf("%q is not in\n%s", w, report)
		}
	}
}

// sane checks that nothing failed.
func sane(t *testing.T, report string) {
	t.Helper()
	if strings.Contains("\n"+report, "\nfail ") {
		t.Errorf("something failed:\n%s", report)
	}
}

// push pushes one process by HTTP.
func push(t *testing.T, address, bearer string) {
	t.Helper()
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	for name, value := range map[string]string{"service.name": "music", "service.instance.id": "i1", "cluster": "1"} {
		rm.Resource().Attributes().PutStr(name, value)
	}
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("discord.guilds")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetIntValue(1)
	p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(settings.Settings{})
	defer c.http.CloseIdleConnections()
	a, err := c.do(t.Context(), http.MethodPost, "http://"+address+ingest.Path, bearer, "application/x-protobuf", body)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%+v, %v", a, err)
	}
}

// TestHealthy: of a fleet with tokens that a process pushes to, everything is well but that
// nobody is notified.
func TestHealthy(t *testing.T) {
	f, line := start(t, "--ingest-token-file", token(t, "ingest"), "--viewer-token-file", token(t, "viewer"), "--operator-token-file", token(t, "operator"))
	push(t, f.OTLPHTTP(), "planted-token-of-ingest")
	report := examine(t, line...)
	sane(t, report)
	has(t, report,
		"ok settings: ", "ok files: ", "ok address: "+f.URL()+" is a fleet, version 1.2.3", "ok ready: ", "skipped certificate: ",
		"ok otlp grpc: "+f.OTLPGRPC()+" took an empty push with the token of bots, and refused a wrong one", "ok otlp http: "+f.OTLPHTTP(),
		"ok viewers: the token of viewers can read, and a wrong one cannot", "ok operators: the token of operators can change what viewers cannot",
		"ok metrics: the fleet took 1 pushes since its start → ", "ok members: 1 member reporting", "ok findings: ", "ok rules: all ", "warning notifications: alerts are on the page alone",
	)
	again := examine(t, line...)
	sane(t, again)
	has(t, again, "ok metrics: the fleet took 3 pushes since its start, and refused 2 without a valid token")
}

// TestOpen: a fleet without tokens is well on loopback, and a way that is off is no fault.
func TestOpen(t *testing.T) {
	f, line := start(t, "--alertmanager-url", "http://127.0.0.1:1")
	report := examine(t, append(line, "--otlp-http-addr", "off")...)
	sane(t, report)
	has(t, report, "ok viewers: the pages require no token", "ok operators: everybody who", "ok otlp grpc: "+f.OTLPGRPC()+" took an empty push; it requires no token",
		"skipped otlp http: ARGUS_FLEET_OTLP_HTTP_ADDR is off", "warning members: nobody reports", "skipped clocks: ", "ok notifications: the receiver ")
}

// TestOtherSettings: the fleet runs with other settings than those of this environment.
func TestOtherSettings(t *testing.T) {
	viewer := token(t, "viewer")
	_, closed := start(t, "--ingest-token-file", token(t, "ingest"), "--viewer-token-file", viewer, "--operator-token-file", token(t, "operator"))
	has(t, examine(t, append(closed, "--ingest-token-file", token(t, "others"), "--viewer-token-file", token(t, "others"), "--operator-token-file", viewer)...),
		"fail otlp grpc: ", "fail otlp http: ", "fail viewers: the fleet refuses the first token", "fail operators: the fleet refuses the first token", "fail members: cannot read who reports: status 401",
		"fail rules: ", "fail metrics: cannot read /metrics: status 401", "fail notifications: ")
	open := append(slices.Clone(closed), "--ingest-token-file=", "--viewer-token-file=", "--operator-token-file=")
	has(t, examine(t, open...), "fail otlp grpc: ", "fail otlp http: ", "fail viewers: the fleet requires a token, but this environment has none")

	_, open = start(t)
	one := token(t, "everybody")
	has(t, examine(t, append(open, "--ingest-token-file", one, "--viewer-token-file", one, "--operator-token-file", one)...),
		"fail otlp grpc: ", "fail otlp http: ", "fail viewers: this environment has a token of viewers, but the fleet can be read with any",
		"fail tokens: ARGUS_FLEET_INGEST_TOKEN_FILE and ARGUS_FLEET_VIEWER_TOKEN_FILE", "fail tokens: ARGUS_FLEET_INGEST_TOKEN_FILE and ARGUS_FLEET_OPERATOR_TOKEN_FILE",
		"fail tokens: ARGUS_FLEET_VIEWER_TOKEN_FILE and ARGUS_FLEET_OPERATOR_TOKEN_FILE")
	has(t, examine(t, append(open, "--viewer-token-file", token(t, "viewer"), "--operator-token-file", token(t, "operator"))...), "fail operators: viewers can mute alerts")
}

// TestNoFleet: nothing listens, or something else does, or the fleet does not know its own
// name.
func TestNoFleet(t *testing.T) {
	has(t, examine(t, "--addr", "9190", "--size", "x"), `fail settings: --addr: "9190" is not an address`, `fail settings: --size: "x"`, "skipped address: ")
	free := func() string {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	data := filepath.Join(t.TempDir(), "none")
	has(t, examine(t, "--addr", free(), "--otlp-grpc-addr", free(), "--otlp-http-addr", free(), "--data", data, "--viewer-token-file", filepath.Join(data, "token")),
		"fail settings: ARGUS_FLEET_VIEWER_TOKEN_FILE: the token file ", "fail address: ", "fail otlp grpc: cannot connect to ", "fail otlp http: cannot connect to ", "skipped disk: ")

	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "planted") }))
	t.Cleanup(other.Close)
	addr := other.Listener.Addr().String()
	has(t, examine(t, "--addr", addr, "--otlp-grpc-addr", addr, "--otlp-http-addr", "off", "--data", data), "fail address: http://"+addr+" is not a fleet", "fail otlp grpc: "+addr+" does not take a push")

	f, _ := start(t)
	d := &doctor{settings: settings.Settings{URL: "http://fleet.example.org"}, client: newClient(settings.Settings{})}
	defer d.client.http.CloseIdleConnections()
	d.client.url = "http://" + f.Addr()
	has(t, written(d.browsers(t.Context())...), `fail browsers: the pages refuse browsers: a browser may not open this page as "fleet.example.org"`)
}

// TestURL: people reach the pages through a proxy, which may be all that is reached from
// here.
func TestURL(t *testing.T) {
	f, line := start(t)
	to, err := url.Parse("http://" + f.Addr())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(to))
	t.Cleanup(proxy.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	report := examine(t, append(slices.Clone(line), "--url", proxy.URL)...)
	sane(t, report)
	has(t, report, "ok address: http://"+f.Addr()+" is a fleet", "ok url: "+proxy.URL+" leads to a fleet")
	report = examine(t, append(slices.Clone(line), "--url", proxy.URL, "--addr", "127.0.0.1:1")...)
	sane(t, report)
	has(t, report, "ok address: "+proxy.URL+" is a fleet", "ok viewers: ", "ok rules: ")
	report = examine(t, append(slices.Clone(line), "--url", "http://127.0.0.1:1")...)
	sane(t, report)
	has(t, report, "ok address: http://"+f.Addr()+" is a fleet", "warning url: http://127.0.0.1:1 does not answer: connection refused", "ok rules: ")
	has(t, examine(t, append(slices.Clone(line), "--addr", "127.0.0.1:1", "--url", "http://127.0.0.1:2")...), "fail address: http://127.0.0.1:1 does not answer", "fail url: http://127.0.0.1:2 does not answer")
}

// TestTLS: a fleet with a certificate of a CA of one's own is well, all ways in.
func TestTLS(t *testing.T) {
	ca, err := discordtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var chain []byte
	for _, der := range pair.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	_, line := start(t, "--tls-cert-file", file(t, string(chain)), "--tls-key-file", file(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))))
	report := examine(t, line...)
	sane(t, report)
	has(t, report, "ok address: https://127.0.0.1:", "ok certificate: valid for 127.0.0.1 until ", "ok otlp grpc: ", "ok otlp http: ")

	other, err := ca.Issue(time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	served, err := x509.ParseCertificate(other.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	d := &doctor{now: time.Now}
	if d.settings, err = read(t, line).Settings(); err != nil {
		t.Fatal(err)
	}
	has(t, written(d.certificate(served)...), "ok certificate: ", "warning certificate: https://127.0.0.1:")
	d.settings.TLSCertFile = "" // a proxy has it
	has(t, written(d.certificate(served)...), "ok certificate: valid for 127.0.0.1 until ")

	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pair.Leaf = leaf
	for want, tt := range map[string]struct {
		host string
		at   time.Time
	}{
		"warning certificate: it expires soon, on ":             {"127.0.0.1", leaf.NotAfter.Add(-13 * 24 * time.Hour)},
		"fail certificate: it has expired, on ":                 {"127.0.0.1", leaf.NotAfter.Add(time.Second)},
		"fail certificate: it is valid only from ":              {"127.0.0.1", leaf.NotBefore.Add(-time.Second)},
		"fail certificate: it is not valid for fleet.localhost": {"fleet.localhost", time.Now()},
		"ok certificate: valid for 127.0.0.1 until ":            {"127.0.0.1", time.Now()},
	} {
		has(t, written(examined(pair, tt.host, tt.at)...), want)
	}
}
