package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// The overlays, relative to the folder otelcol.
const (
	remoteWrite    = "overlays/remote-write.yaml"
	prometheusOTLP = "overlays/prometheus-otlp.yaml"
	queue          = "overlays/queue.yaml"
	overTLS        = "overlays/tls.yaml"
	token          = "overlays/token.yaml"
	tokenAndQueue  = "overlays/token-and-queue.yaml"
	fleets         = "overlays/fleets.yaml"
	tempo          = "overlays/tempo.yaml"
	tempoQueue     = "overlays/tempo-queue.yaml"
	loki           = "overlays/loki.yaml"
	lokiQueue      = "overlays/loki-queue.yaml"
	clickHouse     = "overlays/clickhouse.yaml"
	tailSampling   = "overlays/tail-sampling.yaml"
)

// A collector is the real one with the bundled configuration.
type collector struct {
	*process
	grpc, http, page, health string // addresses
	telemetry                string
}

// placed is a collector that does not run yet, and the variables that give it its addresses.
func placed(t testing.TB) (c *collector, vars []string) {
	t.Helper()
	c = &collector{grpc: freeAddr(t), http: freeAddr(t), page: freeAddr(t), health: freeAddr(t), telemetry: freeAddr(t)}
	host, port, err := net.SplitHostPort(c.telemetry)
	if err != nil {
		t.Fatal(err)
	}
	return c, []string{
		"OTELCOL_GRPC_ENDPOINT=" + c.grpc, "OTELCOL_HTTP_ENDPOINT=" + c.http, "OTELCOL_PROMETHEUS_ENDPOINT=" + c.page,
		"OTELCOL_HEALTH_ENDPOINT=" + c.health, "OTELCOL_TELEMETRY_HOST=" + host, "OTELCOL_TELEMETRY_PORT=" + port,
	}
}

// startCollector starts it with config.yaml and the overlays: files, relative to the folder otelcol, or "yaml:…".
func startCollector(t testing.TB, env map[string]string, overlays ...string) *collector {
	t.Helper()
	c, vars := placed(t)
	for k, v := range env {
		vars = append(vars, k+"="+v)
	}
	c.process = launch(t, "collector", tool(t, tools.Collector), vars, configArgs(t, overlays...)...)
	c.healthy()
	return c
}

func (c *collector) healthy() {
	c.t.Helper()
	c.reachable("http://"+c.health+"/", nil)
}

// configArgs are the arguments for config.yaml and the overlays.
func configArgs(t testing.TB, overlays ...string) []string {
	t.Helper()
	args := []string{"--config", filepath.Join(moduleDir(t), "config.yaml")}
	for _, o := range overlays {
		if !strings.HasPrefix(o, "yaml:") && !filepath.IsAbs(o) {
			o = filepath.Join(moduleDir(t), o)
		}
		args = append(args, "--config", o)
	}
	return args
}

// A promServer is a real Prometheus.
type promServer struct {
	*process
	addr string
	api  promv1.API
}

// What prometheus.yml and prometheus-otlp.yml are to have in place of what they have.
func (c *collector) places() map[string]string {
	return map[string]string{"collector:8889": c.page, "collector:8888": c.telemetry}
}

// promConfig is a file of the folder otelcol with addresses of this machine and a scrape each second.
func promConfig(t testing.TB, file string, replace map[string]string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(moduleDir(t), file))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	const interval = "_interval: 15s"
	if strings.Count(text, interval) != 2 {
		t.Fatalf("%s has no two of %q", file, interval)
	}
	text = strings.ReplaceAll(text, interval, "_interval: 1s")
	for from, to := range replace {
		text = strings.ReplaceAll(text, from, to)
	}
	if strings.Contains(text, "collector:88") {
		t.Fatalf("%s still has an address of its own:\n%s", file, text)
	}
	return text
}

// scrapeConfig is that of a Prometheus which scrapes a bot.
func scrapeConfig(job, target string, more ...string) string {
	return fmt.Sprintf("  - job_name: %s\n    %s\n    static_configs:\n      - targets: [%q]\n", job, strings.Join(more, "\n    "), target)
}

// startPrometheus starts one with this configuration and these flags.
func startPrometheus(t testing.TB, name, config string, flags ...string) *promServer {
	t.Helper()
	return startPrometheusAt(t, freeAddr(t), name, config, flags...)
}

func startPrometheusAt(t testing.TB, addr, name, config string, flags ...string) *promServer {
	t.Helper()
	return runPrometheus(t, tool(t, tools.Prometheus), nil, addr, name, config, flags...)
}

// runPrometheus starts the program that is a Prometheus, or becomes one with these variables.
func runPrometheus(t testing.TB, program string, env []string, addr, name, config string, flags ...string) *promServer {
	t.Helper()
	return runPrometheusIn(t, t.TempDir(), program, env, addr, name, config, flags...)
}

// runPrometheusIn is runPrometheus with what the folder has in data.
func runPrometheusIn(t testing.TB, dir, program string, env []string, addr, name, config string, flags ...string) *promServer {
	t.Helper()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &promServer{addr: addr}
	p.process = launch(t, name, program, env, append([]string{
		"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + addr, "--log.level=warn",
	}, flags...)...)
	p.ready()
	c, err := api.NewClient(api.Config{Address: "http://" + addr, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	p.api = promv1.NewAPI(c)
	return p
}

const (
	takesRemoteWrite = "--web.enable-remote-write-receiver"
	takesOTLP        = "--web.enable-otlp-receiver"
)

func (p *promServer) ready() {
	p.t.Helper()
	p.reachable("http://"+p.addr+"/-/ready", nil)
}

func (p *promServer) remoteWriteURL() string { return "http://" + p.addr + "/api/v1/write" }
func (p *promServer) otlpURL() string        { return "http://" + p.addr + "/api/v1/otlp" }

// query evaluates an expression now.
func (p *promServer) query(expr string) model.Vector {
	p.t.Helper()
	return p.queryAt(expr, time.Now())
}

func (p *promServer) queryAt(expr string, at time.Time) model.Vector {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	v, _, _, err := p.api.Query(ctx, expr, at)
	if err != nil {
		p.t.Fatalf("%s: %s: %v", p.name, expr, err)
	}
	vector, ok := v.(model.Vector)
	if !ok {
		p.t.Fatalf("%s: %s gives a %v", p.name, expr, v.Type())
	}
	return vector
}

// value is the only row of a query. ok is false if there is none.
func (p *promServer) value(expr string) (v float64, ok bool) {
	p.t.Helper()
	rows := p.query(expr)
	if len(rows) > 1 {
		p.t.Fatalf("%s: %s has %d rows", p.name, expr, len(rows))
	}
	if len(rows) == 0 {
		return 0, false
	}
	return float64(rows[0].Value), true
}

// waitValue waits until a query has one row with that value.
func (p *promServer) waitValue(expr string, want float64, patience time.Duration) time.Duration {
	p.t.Helper()
	return eventually(p.t, fmt.Sprintf("%s: %s is %v", p.name, expr, want), patience, func() (bool, string) {
		v, ok := p.value(expr)
		return ok && v == want, fmt.Sprintf("%v (%v)", v, ok)
	})
}

// history is the samples that a selector has matched since then.
func (p *promServer) history(selector string, since time.Time) model.Matrix {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	now := time.Now()
	v, _, _, err := p.api.Query(ctx, fmt.Sprintf("%s[%dms]", selector, now.Sub(since).Milliseconds()), now)
	if err != nil {
		p.t.Fatalf("%s: %s: %v", p.name, selector, err)
	}
	matrix, ok := v.(model.Matrix)
	if !ok {
		p.t.Fatalf("%s: %s gives a %v", p.name, selector, v.Type())
	}
	return matrix
}

// samples are those of the only series that a selector has matched since then.
func (p *promServer) samples(selector string, since time.Time) []model.SamplePair {
	p.t.Helper()
	matrix := p.history(selector, since)
	if len(matrix) != 1 {
		p.t.Fatalf("%s: %s gives %v, want one series", p.name, selector, matrix)
	}
	return matrix[0].Values
}

// series are the label sets that any selector has matched since then.
func (p *promServer) series(since time.Time, selectors ...string) []model.LabelSet {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	sets, _, _, err := p.api.Series(ctx, selectors, since, time.Now().Add(time.Minute))
	if err != nil {
		p.t.Fatalf("%s: %v: %v", p.name, selectors, err)
	}
	return sets
}
