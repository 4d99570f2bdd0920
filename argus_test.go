package argus

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/loopback"
)

func TestMain(m *testing.M) {
	// Those that run in parallel wait most of their time. -parallel still says otherwise.
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// What the machine that runs the tests has set must not matter.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "ARGUS_") && !strings.HasPrefix(name, "OTEL_") && name != "CLUSTER_ID" {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// A journal is a log that tests read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) option() Option {
	return WithLogger(slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

const botToken = "bot-token-of-the-test"

func newSession(t *testing.T) *discordgo.Session {
	t.Helper()
	s, err := discordgo.New("Bot " + botToken)
	if err != nil {
		t.Fatal(err)
	}
	s.Client.Transport = unreachable{}
	keep(t, s)
	return s
}

// keep has the session there until the test is over: Argus does not keep one that has been opened and that nobody else has.
func keep(t *testing.T, s *discordgo.Session) { t.Cleanup(func() { runtime.KeepAlive(s) }) }

// failToOpen has an attached session try to find the gateway, in vain.
func failToOpen(t *testing.T, s *discordgo.Session) {
	t.Helper()
	if _, err := s.Gateway(); err == nil {
		t.Fatal("there is a gateway")
	}
}

// unreachable is a network that is away.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the network is away")
}

// startTest starts an Argus on a free port of the loopback interface and shuts it down at the end.
func startTest(t *testing.T, variables map[string]string, opts ...Option) (*Argus, *journal) {
	t.Helper()
	log := new(journal)
	opts = append([]Option{log.option(), WithAddr("127.0.0.1:0")}, opts...)
	a, err := start(environ(variables, nil), newSession(t), opts)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { shutDown(t, a) })
	return a, log
}

func shutDown(t *testing.T, a *Argus) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := a.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// get fetches a page over a connection of its own.
func get(t *testing.T, url, token string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(content)
}

// scrape asks the handler for its page.
func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/anywhere", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("the page answers %d: %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

func wantLine(t *testing.T, page, line string) {
	t.Helper()
	if !strings.Contains("\n"+page, "\n"+line) {
		t.Errorf("the page has no line %q:\n%s", line, page)
	}
}

// eventually waits for a condition, which a scrape or an attempt to bind brings about in its own time.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("timed out waiting: %s", what)
		}
	}
}

func TestStartServes(t *testing.T) {
	a, log := startTest(t, map[string]string{"CLUSTER_ID": "eu-1"})
	if want := "http://" + a.Addr() + "/metrics"; a.URL() != want {
		t.Errorf("URL is %q, want %q", a.URL(), want)
	}
	status, page := get(t, a.URL(), "")
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, page)
	}
	wantLine(t, page, `argus_up{cluster="eu-1"} 1`)
	wantLine(t, page, `argus_subsystem_up{cluster="eu-1",subsystem="server"} 1`)
	wantLine(t, page, `discord_shards_configured{cluster="eu-1"} 0`) // it is no shard until it dials
	wantLine(t, page, `go_goroutines{cluster="eu-1"} `)
	wantLine(t, page, `process_start_time_seconds{cluster="eu-1"} `)
	if status, _ := get(t, "http://"+a.Addr()+"/healthz", ""); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	if status, body := get(t, "http://"+a.Addr()+"/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, `"shards_total":1`) {
		t.Errorf("/readyz answers %d %s before the session is open", status, body)
	}
	text := log.String()
	if n := strings.Count(text, "\n"); n != 1 {
		t.Errorf("the start wrote %d lines, want 1:\n%s", n, text)
	}
	for _, want := range []string{"argus started", "cluster=eu-1", "cluster_source=CLUSTER_ID", "exporters=prometheus", "url=" + a.URL(), "listening=true"} {
		if !strings.Contains(text, want) {
			t.Errorf("the line about the start has no %s: %s", want, text)
		}
	}
	if got := a.Config(); got.ClusterID != "eu-1" || got.Source(envPort) != "WithAddr" {
		t.Errorf("Config: %v", got)
	}
}

// TestEverySeriesHasCluster holds every line of the page to the label, the runtime's and the server's own included.
func TestEverySeriesHasCluster(t *testing.T) {
	a, _ := startTest(t, nil, WithClusterID("c-7"))
	series := 0
	for line := range strings.Lines(scrape(t, a.Handler())) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		series++
		if !strings.Contains(line, `cluster="c-7"`) {
			t.Errorf("no cluster on %s", line)
		}
	}
	if series < 30 {
		t.Errorf("only %d series", series)
	}
}

func wantFree(t *testing.T, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("the port is bound: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNothingStartsOnError: a wrong setting, a nil session; the port stays free, and goleak sees no goroutine.
func TestNothingStartsOnError(t *testing.T) {
	addr := loopback.Addr(t)
	at := WithAddr(addr)
	session := newSession(t)
	transport, dialer := session.Client.Transport, session.Dialer
	for _, tc := range []struct {
		name      string
		variables map[string]string
		session   *discordgo.Session
		opts      []Option
		want      []string
	}{
		{"port", map[string]string{"ARGUS_PORT": "abc"}, session, nil, []string{`ARGUS_PORT="abc": must be a whole number from 1 to 65535`}},
		{"high port", map[string]string{"ARGUS_PORT": "70000"}, session, nil, []string{`ARGUS_PORT="70000": must be a whole number from 1 to 65535`}},
		{"exporter", map[string]string{"OTEL_METRICS_EXPORTER": "promethues"}, session, []Option{at}, []string{`OTEL_METRICS_EXPORTER="promethues"`, `did you mean "prometheus"?`}},
		{"empty cluster", map[string]string{"ARGUS_CLUSTER_ID": ""}, session, []Option{at}, []string{`invalid cluster id "" from ARGUS_CLUSTER_ID`}},
		{"namespace", map[string]string{"ARGUS_NAMESPACE": "my bot"}, session, []Option{at}, []string{`ARGUS_NAMESPACE="my bot": must be`}},
		{"nil session", nil, nil, []Option{at}, []string{"the session is nil"}},
		{"nil among others", nil, session, []Option{at, WithSessions(nil)}, []string{"WithSessions: session 0 is nil"}},
		{
			"everything",
			map[string]string{"ARGUS_PROCESS_METRICS": "maybe", "OTEL_METRICS_EXPORTER": "prometheus,otlp"},
			nil,
			[]Option{at, WithMetricsPath("x"), WithCommands("")},
			[]string{"the session is nil", `WithCommands: `, `ARGUS_PROCESS_METRICS="maybe"`, `WithMetricsPath("x")`, `OTEL_METRIC_EXPORT_INTERVAL: "soon"`},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if strings.Contains(tc.variables["OTEL_METRICS_EXPORTER"], "otlp") {
				needsPush(t)
			}
			t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "soon") // matters to those who push
			log := new(journal)
			a, err := start(environ(tc.variables, nil), tc.session, append(tc.opts, log.option()))
			if err == nil {
				shutDown(t, a)
				t.Fatal("no error")
			}
			if a != nil {
				t.Error("an Argus came with the error")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error has no %q: %v", want, err)
				}
			}
			if log.String() != "" {
				t.Errorf("it wrote a log: %s", log)
			}
			wantFree(t, addr)
			if session.Client.Transport != transport || session.Dialer != dialer {
				t.Error("the session was changed")
			}
		})
	}
}

// TestPortTaken: the bot runs, the gauge and the log say so, and the port is taken when it is free.
func TestPortTaken(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	a, log := startTest(t, nil, WithAddr(taken.Addr().String()))
	if a.Addr() != "" || a.URL() != "" {
		t.Errorf("Addr %q and URL %q while the port is taken", a.Addr(), a.URL())
	}
	wantLine(t, scrape(t, a.Handler()), `argus_subsystem_up{cluster="default",subsystem="server"} 0`)
	wantLine(t, scrape(t, a.Handler()), `argus_up{cluster="default"} 1`)
	for _, want := range []string{"level=WARN", "cannot listen on " + taken.Addr().String(), "ARGUS_PORT", "listening=false"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q: %s", want, log)
		}
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the port that is free now is bound", func() bool { return a.URL() != "" })
	if status, page := get(t, a.URL(), ""); status != http.StatusOK {
		t.Errorf("status %d: %s", status, page)
	} else {
		wantLine(t, page, `argus_subsystem_up{cluster="default",subsystem="server"} 1`)
	}
	eventually(t, "the log says so", func() bool { return strings.Contains(log.String(), "the server is listening") })
	if n := strings.Count(log.String(), "cannot listen"); n != 1 {
		t.Errorf("the reason is told %d times, want once: %s", n, log)
	}
}

// TestManyInOneProcess: on ports of their own they work, with one session for all, given several times; on the same port the later one
// waits until the earlier is gone.
func TestManyInOneProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	session := newSession(t)
	begin := func(id, addr string) *Argus {
		a, err := start(environ(nil, nil), session, []Option{WithAddr(addr), WithClusterID(id), new(journal).option(), WithSessions(session, session)})
		if err != nil {
			t.Fatalf("start: %v", err)
		}
		t.Cleanup(func() { shutDown(t, a) })
		return a
	}
	first, second := begin("1", "127.0.0.1:0"), begin("2", "127.0.0.1:0")
	third := begin("3", first.Addr())
	for _, a := range []*Argus{first, second} {
		_, page := get(t, a.URL(), "")
		wantLine(t, page, `discord_sessions{attached="before_open",cluster="`+a.Config().ClusterID+`"} 1`)
	}
	if third.Addr() != "" {
		t.Errorf("the third is bound to %s, which is the first's", third.Addr())
	}
	shutDown(t, first)
	eventually(t, "the third has the first's port", func() bool { return third.Addr() != "" })
	_, page := get(t, third.URL(), "")
	wantLine(t, page, `argus_up{cluster="3"} 1`)
	_, page = get(t, second.URL(), "")
	wantLine(t, page, `argus_up{cluster="2"} 1`)
}

func TestAuthToken(t *testing.T) {
	const token = "metrics-token-of-the-test"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := environ(map[string]string{"ARGUS_METRICS_AUTH_TOKEN_FILE": file}, nil)
	env.readFile = readTokenFile
	log := new(journal)
	a, err := start(env, newSession(t), []Option{WithAddr("127.0.0.1:0"), log.option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	for given, want := range map[string]int{"": http.StatusUnauthorized, "wrong": http.StatusUnauthorized, token: http.StatusOK} {
		status, page := get(t, a.URL(), given)
		if status != want {
			t.Errorf("with the token %q the page answers %d, want %d", given, status, want)
		}
		if strings.Contains(page, token) {
			t.Error("the page shows the token")
		}
	}
	if status, _ := get(t, "http://"+a.Addr()+"/healthz", ""); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	recorder := httptest.NewRecorder()
	a.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	if recorder.Code != http.StatusUnauthorized {
		t.Errorf("Handler without a token answers %d", recorder.Code)
	}
	for _, text := range []string{log.String(), fmt.Sprintf("%+v", a.Config()), a.Config().String()} {
		for _, secret := range []string{token, botToken} {
			if strings.Contains(text, secret) {
				t.Errorf("a token is shown: %s", text)
			}
		}
	}
	if !a.Config().Authenticated {
		t.Error("Config.Authenticated is false")
	}
}

func TestSwitchedOff(t *testing.T) {
	log := new(journal)
	session := newSession(t)
	transport, dialer := session.Client.Transport, session.Dialer
	a, err := start(
		environ(map[string]string{"OTEL_SDK_DISABLED": "true", "ARGUS_PORT": "abc", "OTEL_RESOURCE_ATTRIBUTES": "x"}, nil),
		session, []Option{log.option(), WithCommands("")},
	)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	defer shutDown(t, a)
	if a.Addr() != "" || a.URL() != "" || len(a.Config().Exporters) != 0 {
		t.Errorf("it serves on %q, %v", a.Addr(), a.Config())
	}
	if session.Client.Transport != transport || session.Dialer != dialer {
		t.Error("the session was changed")
	}
	recorder := httptest.NewRecorder()
	a.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusNotFound {
		t.Errorf("Handler answers %d", recorder.Code)
	}
	called := 0
	a.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { called++; return nil })(
		session, &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{}})
	want := errors.New("from the handler")
	if err := a.Command(context.Background(), "ping", func(context.Context) error { called++; return want }); !errors.Is(err, want) {
		t.Errorf("Command returns %v", err)
	}
	if called != 2 {
		t.Errorf("%d of 2 handlers ran", called)
	}
	detach, err := a.Attach(newSession(t))
	if err != nil {
		t.Fatalf("Attach: %v", err)
	}
	detach()
	if _, err := a.Attach(nil); err == nil {
		t.Error("Attach(nil) is accepted")
	}
	if err := a.Commands("ping"); err != nil {
		t.Errorf("Commands: %v", err)
	}
	for _, want := range []string{"argus is disabled", "OTEL_SDK_DISABLED", "ARGUS_PORT=", "WithCommands"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q: %s", want, log)
		}
	}
}

func TestNoExporter(t *testing.T) {
	a, log := startTest(t, map[string]string{"OTEL_METRICS_EXPORTER": "none"})
	if a.Addr() != "" {
		t.Errorf("it serves on %s", a.Addr())
	}
	recorder := httptest.NewRecorder()
	a.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusNotFound || !strings.Contains(recorder.Body.String(), "OTEL_METRICS_EXPORTER") {
		t.Errorf("Handler answers %d %s", recorder.Code, recorder.Body)
	}
	if !strings.Contains(log.String(), "exporters=none") || strings.Contains(log.String(), "url=") {
		t.Errorf("the log: %s", log)
	}
}

func TestWithoutServer(t *testing.T) {
	a, log := startTest(t, nil, WithoutServer())
	if a.Addr() != "" || a.URL() != "" {
		t.Errorf("it serves on %q", a.Addr())
	}
	page := scrape(t, a.Handler())
	wantLine(t, page, `argus_up{cluster="default"} 1`)
	if strings.Contains(page, "argus_subsystem_up") {
		t.Error("there is a series for a server that is not configured")
	}
	if strings.Contains(log.String(), "url=") {
		t.Errorf("the log: %s", log)
	}
}

// TestNamespaceOnThePage: names begin with it, and so do the queries of the API.
func TestNamespaceOnThePage(t *testing.T) {
	a, _ := startTest(t, map[string]string{"ARGUS_NAMESPACE": "my_bot"})
	page := scrape(t, a.Handler())
	wantLine(t, page, `my_bot_sessions{attached="before_open",cluster="default"} 1`)
	wantLine(t, page, `argus_up{cluster="default"} 1`)
	if strings.Contains(page, "\ndiscord_") {
		t.Errorf("names keep the old prefix:\n%s", page)
	}
	address := strings.TrimSuffix(a.URL(), "/metrics") + api.SeriesPath + "?name=discord_guilds&form=last"
	if _, answer := get(t, address, ""); !strings.Contains(answer, `(my_bot_guilds)"`) {
		t.Errorf("%s: %s", address, answer)
	}
}

func TestProcessMetricsOff(t *testing.T) {
	a, _ := startTest(t, map[string]string{"ARGUS_PROCESS_METRICS": "false"})
	page := scrape(t, a.Handler())
	if strings.Contains(page, "\ngo_") || strings.Contains(page, "\nprocess_") {
		t.Errorf("the page has process metrics:\n%s", page)
	}
	wantLine(t, page, `argus_up{cluster="default"} 1`)
}

// TestSharedRegistry: the bot's own metrics are on the page, its go_* stay as they are, and all of Argus' leave with it.
func TestSharedRegistry(t *testing.T) {
	registry := client.NewRegistry()
	own := client.NewCounter(client.CounterOpts{Name: "bot_jokes_total", Help: "Jokes told."})
	registry.MustRegister(own, collectors.NewGoCollector())
	a, log := startTest(t, nil, WithRegistry(registry, registry))
	_, page := get(t, a.URL(), "")
	wantLine(t, page, "bot_jokes_total 0")
	wantLine(t, page, "go_goroutines ")
	wantLine(t, page, `argus_up{cluster="default"} 1`)
	wantLine(t, page, `process_start_time_seconds{cluster="default"} `)
	if strings.Contains(page, "go_goroutines{") {
		t.Error("go_goroutines is duplicated")
	}
	if !strings.Contains(log.String(), "omits metrics that the shared registry already has") {
		t.Errorf("the log does not say that go_* are left: %s", log)
	}
	shutDown(t, a)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "go_") && f.GetName() != "bot_jokes_total" {
			t.Errorf("%s is still on the registry", f.GetName())
		}
	}
}

// TestSharedRegistryHasOurNames: a metric of the bot's own under a name of Argus' stays the bot's, whenever it was registered, the log
// says at the start what to do, and no page is lost.
func TestSharedRegistryHasOurNames(t *testing.T) {
	registry := client.NewRegistry()
	registry.MustRegister(client.NewGauge(client.GaugeOpts{Name: "discord_guilds", Help: "Guilds of the bot."}))
	theirs := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	a, log := startTest(t, nil, WithRegistry(registry, registry))
	if text := log.String(); !strings.Contains(text, "discord_guilds") || !strings.Contains(text, "ARGUS_NAMESPACE") {
		t.Errorf("the log does not say that discord_guilds is the bot's, and what to do: %s", text)
	}
	// promhttp, the collectors and the bot's own code panic if Argus is in their way.
	registry.MustRegister(collectors.NewGoCollector(), client.NewCounter(client.CounterOpts{Name: "argus_up", Help: "Mine."}))
	counted := promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
	for name, h := range map[string]http.Handler{"Argus'": a.Handler(), "the bot's": theirs, "the bot's, counted": counted} {
		page := scrape(t, h)
		for _, line := range []string{"discord_guilds 0", "argus_up 0", "go_goroutines ", `process_start_time_seconds{cluster="default"} `, "target_info{"} {
			if !hasLine(page, line) {
				t.Errorf("%s page has no line %s:\n%s", name, line, page)
			}
		}
		if strings.Contains(page, "argus_up{") || strings.Contains(page, "go_goroutines{") {
			t.Errorf("%s page has a metric twice", name)
		}
	}
	if !strings.Contains(log.String(), "argus_up") {
		t.Errorf("the log does not say that argus_up is the bot's: %s", log)
	}
}

// TestSharedRegistryTwice: a second Argus with the same cluster is refused and leaves the first's page whole; with another, or
// once the first is gone, it is not.
func TestSharedRegistryTwice(t *testing.T) {
	registry := client.NewRegistry()
	first, _ := startTest(t, nil, WithRegistry(registry, registry))
	again := func(opts ...Option) (*Argus, error) {
		return start(environ(nil, nil), newSession(t),
			append([]Option{WithAddr("127.0.0.1:0"), new(journal).option(), WithRegistry(registry, registry)}, opts...))
	}
	if a, err := again(); err == nil {
		shutDown(t, a)
		t.Fatal("a second Argus with the same cluster was started")
	} else if !strings.Contains(err.Error(), `WithRegistry: the registry has an Argus with the same labels (cluster "default")`) {
		t.Errorf("the error is %v", err)
	}
	other, err := again(WithClusterID("2"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Gather(); err != nil {
		t.Errorf("a scrape with two clusters: %v", err)
	}
	shutDown(t, first)
	third, err := again()
	if err != nil {
		t.Fatalf("the first is gone, and: %v", err)
	}
	shutDown(t, third)
	shutDown(t, other)
}

// TestOwnInstruments: what the bot makes with MeterProvider is on the same page with the same label.
func TestOwnInstruments(t *testing.T) {
	a, _ := startTest(t, nil)
	jokes, err := a.MeterProvider().Meter("bot").Int64Counter("jokes", metric.WithDescription("Jokes told."))
	if err != nil {
		t.Fatal(err)
	}
	jokes.Add(t.Context(), 3)
	wantLine(t, scrape(t, a.Handler()), `jokes_total{cluster="default"} 3`)
}

// TestShutdownIsIdempotent: also when it is called from several places at once.
func TestShutdownIsIdempotent(t *testing.T) {
	a, _ := startTest(t, nil)
	addr := a.Addr()
	results := make(chan error, 8)
	for range cap(results) {
		go func() { results <- a.Shutdown(context.Background()) }()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
	shutDown(t, a)
	wantFree(t, addr)
}

func TestPageURL(t *testing.T) {
	for _, tc := range []struct{ configured, bound, want string }{
		{"", "::", "http://localhost:9191/metrics"},
		{"0.0.0.0", "0.0.0.0", "http://localhost:9191/metrics"},
		{"::1", "::1", "http://[::1]:9191/metrics"},
		{"example.org", "192.0.2.1", "http://192.0.2.1:9191/metrics"},
	} {
		if got := (Config{Host: tc.configured, TLS: true}).url(tc.bound, "9191"); got != "https"+strings.TrimSuffix(strings.TrimPrefix(tc.want, "http"), "/metrics") {
			t.Errorf("with TLS: %s", got)
		}
		if got := (Config{Host: tc.configured}).url(tc.bound, "9191") + "/metrics"; got != tc.want {
			t.Errorf("configured as %q and bound to %q the page is at %s, want %s", tc.configured, tc.bound, got, tc.want)
		}
	}
}

func TestResourceOnThePage(t *testing.T) {
	a, _ := startTest(
		t, map[string]string{"OTEL_SERVICE_NAME": "overridden", "OTEL_RESOURCE_ATTRIBUTES": "team=night,zone=overridden"},
		WithServiceName("jukebox"), WithResourceAttributes(attribute.String("zone", "eu")),
	)
	page := scrape(t, a.Handler())
	for _, want := range []string{`cluster="default"`, `service_name="jukebox"`, `team="night"`, `zone="eu"`} {
		if !regexp.MustCompile(`(?m)^target_info\{.*` + want).MatchString(page) {
			t.Errorf("target_info has no %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, "overridden") {
		t.Errorf("the environment wins over an option:\n%s", page)
	}
}

func TestNativeHistograms(t *testing.T) {
	for name, opts := range map[string][]Option{"fixed": nil, "native": {WithNativeHistograms()}} {
		a, _ := startTest(t, nil, opts...)
		h, err := a.MeterProvider().Meter("bot").Float64Histogram("laugh", metric.WithDescription("Length of laughs."), metric.WithUnit("s"))
		if err != nil {
			t.Fatal(err)
		}
		h.Record(t.Context(), 2)
		page := scrape(t, a.Handler())
		wantLine(t, page, `laugh_seconds_count{cluster="default"} 1`)
		if fixed := hasLine(page, `laugh_seconds_bucket{cluster="default",le="5"} 1`); fixed != (name == "fixed") {
			t.Errorf("%s: fixed buckets are %v:\n%s", name, fixed, page)
		}
	}
}

// TestNoSeriesOverflow: with the maximum number of distinct shards, OpenTelemetry's limit on series is not reached. It is one for each
// instrument, so a few sessions tell how many series a shard has, and one more instrument gets as many as all shards can have.
func TestNoSeriesOverflow(t *testing.T) {
	const shards = 64
	sessions := make([]*discordgo.Session, shards)
	for n := range sessions {
		sessions[n] = newSession(t)
		sessions[n].ShardID, sessions[n].ShardCount = n, len(sessions)
	}
	registry := client.NewRegistry() // gathered from directly: the page's time limit is for bots of a size that there is
	a, err := start(environ(nil, nil), sessions[0], []Option{
		WithSessions(sessions...), WithoutServer(), WithProcessMetrics(false), WithRegistry(registry, registry), new(journal).option(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	for _, s := range sessions {
		failToOpen(t, s)
	}
	series := map[string]int{}
	count := func() {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			series[f.GetName()] = len(f.GetMetric())
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					if l.GetName() == "otel_metric_overflow" {
						t.Fatalf("series of %s are merged into otel_metric_overflow", f.GetName())
					}
				}
			}
		}
	}
	count()
	for name, want := range map[string]int{
		"discord_shard_up": 1, "discord_shard_disconnects_total": 7, "discord_shard_reconnects_total": 2,
		"discord_shard_state": 5, "discord_shard_handshakes_total": 8, "discord_shard_sent_total": 3,
	} {
		if got := series[name]; got != want*shards {
			t.Errorf("%d series of %s, want %d", got, name, want*shards)
		}
	}
	most := slices.Max(slices.Collect(maps.Values(series))) / shards
	counter, err := a.MeterProvider().Meter("test").Int64Counter("test.sets")
	if err != nil {
		t.Fatal(err)
	}
	for n := range most * catalog.MaxShards {
		counter.Add(t.Context(), 1, metric.WithAttributes(attribute.Int("set", n)))
	}
	count()
	if got, want := series["test_sets_total"], most*catalog.MaxShards; most < 8 || got != want {
		t.Errorf("%d series of an instrument with %d for each of %d shards, want %d", got, most, catalog.MaxShards, want)
	}
}
