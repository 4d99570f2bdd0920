//go:build !argus_no_otlp

package argus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/metric"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/loopback"
)

// needsPush skips a test, or a case of one, where the push is left out of the program.
func needsPush(*testing.T) {}

// A collector takes what is pushed to it.
type collector struct {
	collectorpb.UnimplementedMetricsServiceServer

	addr string
	grpc *grpc.Server
	done chan struct{}

	mu       sync.Mutex
	resource map[string]string
	apiKey   string
	values   map[string]float64 // the last ones, by name{label=value,…}; histograms and summaries have their count
	requests int
}

// newCollector listens on addr.
func newCollector(t *testing.T, addr string) *collector {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{addr: l.Addr().String(), grpc: grpc.NewServer(), done: make(chan struct{}), values: make(map[string]float64), resource: make(map[string]string)}
	collectorpb.RegisterMetricsServiceServer(c.grpc, c)
	go func() {
		defer close(c.done)
		if err := c.grpc.Serve(l); err != nil {
			t.Errorf("the collector: %v", err)
		}
	}()
	t.Cleanup(c.stop)
	return c
}

func (c *collector) stop() {
	c.grpc.Stop()
	<-c.done
}

// Export is called for each push.
func (c *collector) Export(ctx context.Context, request *collectorpb.ExportMetricsServiceRequest) (*collectorpb.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		c.apiKey = strings.Join(md.Get("api-key"), ",")
	}
	for _, rm := range request.GetResourceMetrics() {
		for _, kv := range rm.GetResource().GetAttributes() {
			c.resource[kv.GetKey()] = kv.GetValue().GetStringValue()
		}
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				c.record(m)
			}
		}
	}
	return &collectorpb.ExportMetricsServiceResponse{}, nil
}

func (c *collector) record(m *metricspb.Metric) {
	numbers := m.GetGauge().GetDataPoints()
	if sum := m.GetSum(); sum != nil {
		numbers = sum.GetDataPoints()
	}
	for _, p := range numbers {
		value := p.GetAsDouble()
		if n, ok := p.GetValue().(*metricspb.NumberDataPoint_AsInt); ok {
			value = float64(n.AsInt)
		}
		c.values[seriesOf(m.GetName(), p.GetAttributes())] = value
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		c.values[seriesOf(m.GetName(), p.GetAttributes())] = float64(p.GetCount())
	}
	for _, p := range m.GetSummary().GetDataPoints() {
		c.values[seriesOf(m.GetName(), p.GetAttributes())] = float64(p.GetCount())
	}
}

func seriesOf(name string, attributes []*commonpb.KeyValue) string {
	if len(attributes) == 0 {
		return name
	}
	labels := make([]string, len(attributes))
	for i, kv := range attributes {
		labels[i] = kv.GetKey() + "=" + kv.GetValue().GetStringValue()
	}
	slices.Sort(labels)
	return name + "{" + strings.Join(labels, ",") + "}"
}

// value is the last one of a series.
func (c *collector) value(series string) (float64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[series]
	return v, ok
}

// names are those of all metrics so far, sorted.
func (c *collector) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make(map[string]bool)
	for series := range c.values {
		name, _, _ := strings.Cut(series, "{")
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// startPushing starts an Argus with variables in the environment of the process, where the SDK reads those of the push.
func startPushing(t *testing.T, variables map[string]string, opts ...Option) (*Argus, *journal) {
	t.Helper()
	for name, value := range variables {
		t.Setenv(name, value)
	}
	log := new(journal)
	a, err := start(processEnvironment(), newSession(t), append([]Option{log.option(), WithAddr("127.0.0.1:0")}, opts...))
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { // a collector that is away makes the last push fail
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = a.Shutdown(ctx)
	})
	return a, log
}

const upOTLP = `argus_subsystem_up{cluster="default",subsystem="otlp"} `

// TestBothExporters: the same series, names and values on the page and in the push, those of the Go runtime included.
func TestBothExporters(t *testing.T) {
	c := newCollector(t, "127.0.0.1:0")
	const apiKey = "api-key-of-the-test"
	a, log := startPushing(t, map[string]string{
		"OTEL_METRICS_EXPORTER":       "prometheus,otlp",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + c.addr,
		"OTEL_EXPORTER_OTLP_HEADERS":  "api-key=" + apiKey,
		"OTEL_METRIC_EXPORT_INTERVAL": "50",
		"ARGUS_NAMESPACE":             "my_bot",
	})
	eventually(t, "the push says that it works", func() bool {
		v, ok := c.value("argus.subsystem.up{subsystem=otlp}")
		return ok && v == 1
	})
	page := scrape(t, a.Handler())
	wantLine(t, page, upOTLP+"1")
	wantLine(t, page, `argus_subsystem_up{cluster="default",subsystem="server"} 1`)
	for series, want := range map[string]float64{
		"argus.up": 1, "argus.subsystem.up{subsystem=server}": 1, "my_bot.shards.configured": 0,
	} {
		if got, ok := c.value(series); !ok || got != want {
			t.Errorf("%s was pushed as %v (%v), want %v", series, got, ok, want)
		}
	}
	c.mu.Lock()
	if c.resource["cluster"] != "default" {
		t.Errorf("the resource has the cluster %q", c.resource["cluster"])
	}
	for _, key := range []string{"bot", "region"} {
		if value, ok := c.resource[key]; ok {
			t.Errorf("nobody has set %s, and the resource has %q", key, value)
		}
	}
	if c.apiKey != apiKey {
		t.Errorf("the push has the header %q", c.apiKey)
	}
	c.mu.Unlock()
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("the log has %d lines, want the one about the start: %s", n, log)
	}
	if strings.Contains(log.String(), apiKey) {
		t.Errorf("the log shows a header: %s", log)
	}

	// client_golang's metrics, by their names; the others by what the catalog makes of theirs.
	pulled, pushed := make(map[string]bool), make(map[string]bool)
	for line := range strings.Lines(page) {
		var name, kind string
		if n, err := fmt.Sscanf(line, "# TYPE %s %s", &name, &kind); err == nil && n == 2 {
			pulled[name] = true
		}
	}
	delete(pulled, "target_info")                          // the resource, which the push carries as such
	delete(pulled, "promhttp_metric_handler_errors_total") // of the page itself
	for _, name := range c.names() {
		if rest, ok := strings.CutPrefix(name, "my_bot."); ok {
			instrument, known := catalog.ByName(catalog.Namespace + "." + rest)
			if !known {
				t.Errorf("%s is not in the catalog", name)
			}
			name = instrument.In("my_bot").PrometheusName()
		} else if instrument, known := catalog.ByName(name); known {
			name = instrument.PrometheusName()
		}
		pushed[name] = true
	}
	for name := range pulled {
		if !pushed[name] {
			t.Errorf("%s is on the page, and not in the push", name)
		}
	}
	for name := range pushed {
		if !pulled[name] {
			t.Errorf("%s is in the push, and not on the page", name)
		}
	}
	for _, name := range []string{"go_goroutines", "process_start_time_seconds", "my_bot_uptime_seconds"} {
		if !pulled[name] || !pushed[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestPushAlone opens no port. Its first push is at the start, so that every series begins at 0, and its last in Shutdown.
func TestPushAlone(t *testing.T) {
	c := newCollector(t, "127.0.0.1:0")
	a, log := startPushing(t, map[string]string{
		"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + c.addr, "ARGUS_PROCESS_METRICS": "false",
	})
	if a.Addr() != "" || strings.Contains(log.String(), "url=") {
		t.Errorf("it serves on %q: %s", a.Addr(), log)
	}
	eventually(t, "the first push arrives", func() bool {
		v, ok := c.value("argus.up")
		return ok && v == 1
	})
	if got, ok := c.value("discord.interactions{status=received,type=application_command}"); !ok || got != 0 {
		t.Errorf("the interactions begin at %v (%v), want 0", got, ok)
	}
	jokes, err := a.MeterProvider().Meter("bot").Int64Counter("jokes", metric.WithDescription("Jokes told."))
	if err != nil {
		t.Fatal(err)
	}
	jokes.Add(t.Context(), 3)
	if _, ok := c.value("jokes"); ok {
		t.Error("it pushed before its time")
	}
	shutDown(t, a)
	if got, ok := c.value("jokes"); !ok || got != 3 {
		t.Errorf("jokes was pushed as %v (%v), want 3", got, ok)
	}
	if got, ok := c.value("argus.up"); !ok || got != 0 {
		t.Errorf("argus.up was pushed as %v (%v) at the end, want 0", got, ok)
	}
	for _, name := range c.names() {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			t.Errorf("%s was pushed, though process metrics are off", name)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests != 2 {
		t.Errorf("%d pushes, want that of the start and that of Shutdown", c.requests)
	}
}

// TestCollectorAway: the bot runs, the gauge and the log say so, and the push works when the collector is there.
func TestCollectorAway(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	addr := loopback.Addr(t)
	a, log := startPushing(t, map[string]string{
		"OTEL_METRICS_EXPORTER":       "otlp,prometheus",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + addr,
		"OTEL_EXPORTER_OTLP_TIMEOUT":  "300",
		"OTEL_METRIC_EXPORT_INTERVAL": "50",
	})
	eventually(t, "the page says that the push does not work", func() bool { return hasLine(scrape(t, a.Handler()), upOTLP+"0") })
	wantLine(t, scrape(t, a.Handler()), `argus_up{cluster="default"} 1`)
	wantLine(t, scrape(t, a.Handler()), `argus_subsystem_up{cluster="default",subsystem="server"} 1`)
	eventually(t, "the log says so", func() bool { return strings.Contains(log.String(), "level=WARN") })
	for _, want := range []string{addr, "check that the collector is running there"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q: %s", want, log)
		}
	}
	c := newCollector(t, addr)
	eventually(t, "the page says that the push works", func() bool { return hasLine(scrape(t, a.Handler()), upOTLP+"1") })
	if got, ok := c.value("argus.up"); !ok || got != 1 {
		t.Errorf("argus.up was pushed as %v (%v), want 1", got, ok)
	}
	eventually(t, "the log says so", func() bool { return strings.Contains(log.String(), "the collector accepts metrics") })
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("the log has %d warnings, want 1: %s", n, log)
	}
}

// TestShutdownSaysSo: the last push says that the process ends, and those before do not.
func TestShutdownSaysSo(t *testing.T) {
	c := newCollector(t, "127.0.0.1:0")
	a, _ := startPushing(t, map[string]string{
		"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + c.addr, "OTEL_METRIC_EXPORT_INTERVAL": "50",
	})
	eventually(t, "a push", func() bool { _, pushed := c.value("argus.up"); return pushed })
	if got, _ := c.value("argus.up"); got != 1 {
		t.Errorf("argus.up is %v while the process runs", got)
	}
	if err := a.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := c.value("argus.up"); got != 0 {
		t.Errorf("argus.up is %v in the last push", got)
	}
}

// TestShutdownKeepsItsTime: a collector that is away does not hold Shutdown up for longer than its context allows.
func TestShutdownKeepsItsTime(t *testing.T) {
	a, _ := startPushing(t, map[string]string{"OTEL_METRICS_EXPORTER": "otlp,prometheus", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + loopback.Addr(t)})
	addr := a.Addr()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := a.Shutdown(ctx); err == nil {
		t.Error("Shutdown says that it pushed")
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("Shutdown took %v", took)
	}
	wantFree(t, addr)
}

// TestFailedStartPushesNothing: with all parts made and the sessions refused, nothing is left and the collector hears of nothing.
func TestFailedStartPushesNothing(t *testing.T) {
	c := newCollector(t, "127.0.0.1:0")
	t.Setenv("OTEL_METRICS_EXPORTER", "prometheus,otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+c.addr)
	log := new(journal)
	o := collect([]Option{log.option(), WithAddr("127.0.0.1:0")})
	config, err := resolve(processEnvironment(), o)
	if err != nil {
		t.Fatal(err)
	}
	a := &Argus{config: config.clone(), log: &userLog{logger: o.logger}, shutdownDone: make(chan struct{})}
	// Start refuses a nil session earlier.
	if err := a.assemble(config, o, []*discordgo.Session{newSession(t), nil}); !errors.Is(err, instrument.ErrNilSession) {
		t.Fatalf("assemble: %v", err)
	}
	if a.Addr() != "" {
		t.Errorf("it serves on %s", a.Addr())
	}
	if log.String() != "" {
		t.Errorf("it wrote a log: %s", log)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests != 0 {
		t.Errorf("%d pushes", c.requests)
	}
}

// TestShutdownWaitsAsLongAsItMay: a second call waits for the first, and no longer than its own context allows.
func TestShutdownWaitsAsLongAsItMay(t *testing.T) {
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // connects, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	a, _ := startPushing(t, map[string]string{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + silent.Addr().String()})
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := silent.Accept() // of the push at the start
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	flush, begun := a.pipeline.flush, make(chan struct{})
	a.pipeline.flush = func(ctx context.Context) error {
		close(begun)
		return flush(ctx)
	}
	first := make(chan error, 1)
	go func() { first <- a.Shutdown(ctx) }()
	<-begun
	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := a.Shutdown(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second returns %v", err)
	}
	cancel()
	want := <-first
	if want == nil {
		t.Error("the first says that it pushed")
	}
	if err := a.Shutdown(t.Context()); !errors.Is(err, want) {
		t.Errorf("a later call returns %v, want what the first did: %v", err, want)
	}
}

// TestIdentityIsPushed: bot and region are on the resource of what is pushed, where they are set.
func TestIdentityIsPushed(t *testing.T) {
	c := newCollector(t, "127.0.0.1:0")
	startPushing(t, map[string]string{
		"OTEL_METRICS_EXPORTER":       "otlp",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + c.addr,
		"ARGUS_BOT":                   "music",
		"ARGUS_REGION":                "eu",
	}, WithServiceName("jukebox"))
	eventually(t, "the resource has arrived", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.resource["bot"] == "music" && c.resource["region"] == "eu" && c.resource["service.name"] == "jukebox" && c.resource["cluster"] == "default"
	})
}

// TestPushOverHTTP: the variable alone chooses the protocol.
func TestPushOverHTTP(t *testing.T) {
	got := make(chan string, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + r.Header.Get("Api-Key")
	}))
	t.Cleanup(srv.Close)
	a, _ := startPushing(t, map[string]string{
		"OTEL_METRICS_EXPORTER":       "otlp",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
		"OTEL_EXPORTER_OTLP_ENDPOINT": srv.URL,
		"OTEL_EXPORTER_OTLP_HEADERS":  "api-key=key",
	})
	const want = "POST /v1/metrics application/x-protobuf key"
	if request := <-got; request != want {
		t.Errorf("the first push is %q, want %q", request, want)
	}
	shutDown(t, a)
	if request := <-got; request != want {
		t.Errorf("the last push is %q, want %q", request, want)
	}
}
