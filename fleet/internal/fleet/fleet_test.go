package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/goleak"

	argus "github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/fleet/internal/journal"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/findings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A plane is a fleet with its settings.
type plane struct {
	*Fleet
	settings settings.Settings
	log      *expect.Log
}

// start starts a fleet on free ports, or on those of the settings.
func start(t *testing.T, line ...string) *plane {
	t.Helper()
	s, _, err := settings.Parse(append([]string{
		"--addr", "127.0.0.1:0", "--otlp-grpc-addr", "127.0.0.1:0", "--otlp-http-addr", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "data"),
		"--evaluation-interval", "1s",
	}, line...), func(string) (string, bool) { return "", false }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	p := &plane{settings: s, log: &expect.Log{}}
	p.run(t)
	return p
}

func (p *plane) run(t *testing.T) {
	t.Helper()
	f, err := Start(Config{Settings: p.settings, Version: "test", Logger: slog.New(slog.NewTextHandler(p.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	p.Fleet = f
	t.Cleanup(func() { p.close(t, f) })
	// Another start is at the same addresses.
	p.settings.Addr, p.settings.OTLPGRPCAddr, p.settings.OTLPHTTPAddr = f.Addr(), f.OTLPGRPC(), f.OTLPHTTP()
}

func (p *plane) close(t *testing.T, f *Fleet) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), expect.Patience)
	defer cancel()
	if err := f.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// get gets a document of the API, made anew.
func (p *plane) get(t *testing.T, path string, into any, header ...string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.Addr()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			t.Fatalf("%s: %d %s: %v", path, response.StatusCode, body, err)
		}
	}
	return response.StatusCode
}

// overview is the document, made anew.
func (p *plane) overview(t *testing.T) *documents.Overview {
	t.Helper()
	o, err := documents.MakeOverview(t.Context(), p.Input(), documents.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// query returns the only number of an answer.
func (p *plane) query(t *testing.T, expr string) float64 {
	t.Helper()
	series, err := p.engine.Query(t.Context(), expr, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(series) != 1 {
		return -1
	}
	return series[0].Points[0].Number
}

const every = "200" // ms between two pushes

// A bot is a process of a bot.
type bot struct {
	*argus.Argus
	sessions []*discordgo.Session
	log      *expect.Log
}

// push sets how the bots of a test push.
func push(t *testing.T, endpoint string, more ...string) {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+endpoint)
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", every)
	for i := 0; i < len(more); i += 2 {
		t.Setenv(more[i], more[i+1])
	}
}

// newBot opens sessions with some shards, and pushes.
func newBot(t *testing.T, s *discordtest.Server, cluster string, shards, count int, first int, options ...argus.Option) *bot {
	t.Helper()
	var sessions []*discordgo.Session
	for id := first; id < first+shards; id++ {
		session, err := s.NewSession(id, count)
		if err != nil {
			t.Fatal(err)
		}
		session.LogLevel = -1
		sessions = append(sessions, session)
	}
	b := &bot{sessions: sessions, log: &expect.Log{}}
	a, err := argus.New(append([]argus.Option{
		argus.WithExporters(argus.OTLP), argus.WithClusterID(cluster), argus.WithSessions(sessions...), argus.WithSessionStartPoll(time.Hour),
		argus.WithLogger(slog.New(slog.NewTextHandler(b.log, nil))),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	b.Argus = a
	for _, session := range sessions {
		if err := session.Open(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, session := range sessions {
			_ = session.Close()
		}
		b.stop(t)
	})
	return b
}

func (b *bot) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), expect.Patience)
	defer cancel()
	_ = b.Shutdown(ctx) // the fleet may be away
}

func newDiscord(t *testing.T, options ...discordtest.Option) *discordtest.Server {
	t.Helper()
	s, err := discordtest.NewServer(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// cluster is the row of a cluster.
func cluster(o *documents.Overview, name string) documents.Cluster {
	for _, c := range o.Clusters {
		if c.Cluster == name {
			return c
		}
	}
	return documents.Cluster{}
}

// TestBots: real bots that push are in the overview with what the fake Discord knows, by
// gRPC and by HTTP, also with a namespace of their own; one that shuts down has left, and
// is in no sum.
func TestBots(t *testing.T) {
	p := start(t, "--expect", "discord-bot=2x4")
	discord := newDiscord(t, discordtest.WithShards(4), discordtest.WithGuilds(40))
	push(t, p.OTLPGRPC())
	newBot(t, discord, "0", 2, 4, 0, argus.WithRegion("eu"))
	push(t, p.OTLPHTTP(), "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	second := newBot(t, discord, "1", 2, 4, 2, argus.WithRegion("us"), argus.WithNamespace("mybot"))
	expect.Eventually(t, "all shards to be up", func() bool {
		o := p.overview(t)
		return o.Totals.Shards.Up == 4 && o.Totals.Guilds != nil && *o.Totals.Guilds == 40
	})
	o := p.overview(t)
	if len(o.Bots) != 1 || len(o.Clusters) != 2 || len(o.Regions) != 2 {
		t.Fatalf("%+v", o)
	}
	b := o.Bots[0]
	if b.Job != "discord-bot" || b.Bot != nil || *b.Expected.Clusters != 2 || *b.Expected.Shards != 4 || b.Expected.By != "setting" || *b.Shards.Total != 4 ||
		len(b.Shards.Missing) != 0 || len(b.Shards.Twice) != 0 || len(b.ShardCounts) != 1 || b.SessionStarts == nil || b.Restart == nil || b.Restart.Identifies != 4 {
		t.Errorf("the bot is %+v", b)
	}
	if c := cluster(o, "1"); c.State != "up" || *c.Region != "us" || c.Number != 1 || c.Shards.IDs != "2-3" || *c.Shards.Up != 2 || c.Started == nil {
		t.Errorf("the second cluster is %+v", c)
	}
	second.stop(t)
	expect.Eventually(t, "the second cluster to have left", func() bool { return cluster(p.overview(t), "1").State == "left" })
	o = p.overview(t)
	if o.Totals.Shards.Up != 2 || *o.Totals.Guilds != 20 || o.Totals.Clusters.Reporting != 1 || o.Totals.Clusters.Gone != 0 {
		t.Errorf("the totals are %+v", o.Totals)
	}
	if missing := fmt.Sprint(o.Bots[0].Shards.Missing); missing != "[[2 3]]" {
		t.Errorf("missing are the shards %s", missing)
	}
}

// TestFindings: what is wrong with a bot is found by the fleet, told to the journal, and
// its alert carries whose doing it is and what to do.
func TestFindings(t *testing.T) {
	p := start(t)
	discord := newDiscord(t, discordtest.WithShards(2), discordtest.WithGuilds(4))
	push(t, p.OTLPGRPC())
	newBot(t, discord, "0", 1, 2, 0)
	expect.Eventually(t, "the missing shard to be found", func() bool {
		p.judge.Examine(t.Context(), p.engine, time.Now().Add(2*time.Minute))
		reports, _ := p.judge.Reports()
		for _, r := range reports {
			for _, f := range r.Findings {
				if f.ID == "DiscordShardsMissing" {
					return true
				}
			}
		}
		return false
	})
}

// TestRestart: a fleet that was away knows its members again by their numbers, counters
// arrive whole, and the bots did not notice.
func TestRestart(t *testing.T) {
	p := start(t)
	discord := newDiscord(t, discordtest.WithShards(2), discordtest.WithGuilds(4))
	push(t, p.OTLPGRPC())
	first := newBot(t, discord, "b", 1, 2, 0)
	expect.Eventually(t, "the first", func() bool { return cluster(p.overview(t), "b").State == "up" })
	newBot(t, discord, "a", 1, 2, 1)
	expect.Eventually(t, "the second", func() bool { return cluster(p.overview(t), "a").State == "up" })
	p.close(t, p.Fleet)
	before := cluster(p.overviewOf(t), "b").Number
	for range 100 {
		if err := discord.Dispatch(0, "TYPING_START", map[string]string{}); err != nil {
			t.Fatal(err)
		}
	}
	p.run(t)
	const expr = `sum(discord_gateway_events_total{cluster="b",event="TYPING_START"})`
	expect.Eventually(t, "the events of the time between", func() bool { return p.query(t, expr) == 100 })
	o := p.overview(t)
	if a, b := cluster(o, "a"), cluster(o, "b"); a.State != "up" || b.State != "up" || a.Number != 2 || b.Number != 1 || before != 1 {
		t.Errorf("after the restart: %+v and %+v", a, b)
	}
	if len(p.members.Members()[0].Incarnations) != 1 {
		t.Error("a process counts as another one after the restart of the fleet")
	}
	expect.Eventually(t, "the bot's log to say that it is back", func() bool {
		return strings.Contains(first.log.String(), "accepts metrics") || !strings.Contains(first.log.String(), "level=WARN")
	})
}

// overviewOf is the overview of a fleet that is closed: of its members alone.
func (p *plane) overviewOf(t *testing.T) *documents.Overview {
	t.Helper()
	o := &documents.Overview{}
	for _, m := range p.members.Members() {
		o.Clusters = append(o.Clusters, documents.Cluster{Named: documents.Named{Cluster: m.Cluster}, Number: m.Number})
	}
	return o
}

// TestWrongToken: the bot's log says once that the fleet refuses it, and its own metrics
// say that the push does not work; with the right token it is a member.
func TestWrongToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("# members\nthe-right-token-of-members\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--ingest-token-file", file)
	discord := newDiscord(t, discordtest.WithShards(1), discordtest.WithGuilds(1))
	push(t, p.OTLPGRPC(), "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a-wrong-token-of-a-member")
	wrong := newBot(t, discord, "0", 1, 1, 0, argus.WithExporters(argus.OTLP, argus.Prometheus), argus.WithoutServer())
	expect.Eventually(t, "the log to say so", func() bool { return strings.Contains(wrong.log.String(), "the fleet requires a bearer token") })
	expect.Eventually(t, "argus_subsystem_up to be 0", func() bool {
		w := &recorder{}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		wrong.Handler().ServeHTTP(w, r)
		return strings.Contains(w.String(), `argus_subsystem_up{cluster="0",subsystem="otlp"} 0`)
	})
	if n := strings.Count(wrong.log.String(), "level=WARN"); n != 1 || !strings.Contains(wrong.log.String(), "OTEL_EXPORTER_OTLP_HEADERS") {
		t.Errorf("the log says it %d times: %s", n, wrong.log)
	}
	if strings.Contains(wrong.log.String()+p.log.String(), "a-wrong-token") {
		t.Error("a log has the token")
	}
	if len(p.members.Members()) != 0 {
		t.Error("it is a member")
	}
	wrong.stop(t)
	push(t, p.OTLPGRPC(), "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20the-right-token-of-members")
	newBot(t, discord, "0", 1, 1, 0)
	expect.Eventually(t, "it to be a member", func() bool { return len(p.members.Members()) == 1 })
}

// recorder is the body of an answer.
type recorder struct{ expect.Log }

func (*recorder) Header() http.Header { return http.Header{} }
func (*recorder) WriteHeader(int)     {}

// TestNothingHalfStarted: a start that fails names the setting, and leaves no address bound
// and no folder behind.
func TestNothingHalfStarted(t *testing.T) {
	p := start(t)
	dir := filepath.Join(t.TempDir(), "data")
	base := p.settings
	base.Data = dir
	base.Addr, base.OTLPHTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	for name, tt := range map[string]struct {
		change func(*settings.Settings)
		want   string
	}{
		"an address in use": {func(*settings.Settings) {}, "ARGUS_FLEET_OTLP_GRPC_ADDR: cannot listen on " + base.OTLPGRPCAddr + ": bind: address already in use; another program has the address"},
		"no token file": {
			func(s *settings.Settings) { s.OTLPGRPCAddr, s.ViewerTokenFile = "", "/does/not/exist" },
			"ARGUS_FLEET_VIEWER_TOKEN_FILE: the token file /does/not/exist does not exist",
		},
		"no certificate": {func(s *settings.Settings) { s.OTLPGRPCAddr, s.TLSCertFile, s.TLSKeyFile = "", "/no/cert", "/no/key" }, "ARGUS_FLEET_TLS_CERT_FILE /no/cert"},
	} {
		s := base
		tt.change(&s)
		if _, err := Start(Config{Settings: s, Logger: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s: the folder is there: %v", name, err)
		}
	}
	s := p.settings
	s.Addr, s.OTLPGRPCAddr, s.OTLPHTTPAddr = "127.0.0.1:0", "", ""
	if _, err := Start(Config{Settings: s, Logger: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("the folder of another fleet: %v", err)
	}
}

// TestRoles: who may read, and who may change what is there.
func TestRoles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, token string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	p := start(t, "--viewer-token-file", write("viewers", "token-of-a-viewer"), "--operator-token-file", write("operators", "token-of-an-operator"))
	for path, public := range map[string]bool{
		"/healthz": true, "/readyz": true, "/metrics": false, "/federate?match[]=up": false, "/api/v1/query?query=1": false, "/api/fleet/v1/overview": false, "/am/api/v2/silences": false,
	} {
		want := http.StatusUnauthorized
		if public {
			want = http.StatusOK
		}
		if got := p.get(t, path, nil); got != want {
			t.Errorf("%s without a token: %d, want %d", path, got, want)
		}
		for _, token := range []string{"token-of-a-viewer", "token-of-an-operator"} {
			want := http.StatusOK
			if path == "/am/api/v2/silences" && token == "token-of-a-viewer" {
				want = http.StatusForbidden
			}
			if got := p.get(t, path, nil, "Authorization", "Bearer "+token); got != want {
				t.Errorf("%s with %s: %d, want %d", path, token, got, want)
			}
		}
	}
	forget := func(token string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.Addr()+"/api/fleet/v1/forget", strings.NewReader(`{"job":"j","bot":null,"region":null,"cluster":"c"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if viewer, operator := forget("token-of-a-viewer"), forget("token-of-an-operator"); viewer != http.StatusForbidden || operator != http.StatusNotFound {
		t.Errorf("forgetting gives a viewer %d and an operator %d", viewer, operator)
	}
	login := func(token string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.Addr()+"/login", strings.NewReader(url.Values{"token": {token}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if right, wrong := login("token-of-a-viewer"), login("a-guess-of-somebody"); right != http.StatusSeeOther || wrong != http.StatusUnauthorized {
		t.Errorf("logging in gives %d, and %d with a wrong token", right, wrong)
	}
	if log := p.log.String(); !strings.Contains(log, "somebody logged in") || !strings.Contains(log, "a login was refused") || strings.Contains(log, "token-of-a") || strings.Contains(log, "a-guess") {
		t.Errorf("the log is %s", log)
	}
	events, _ := p.Events(time.Now().Add(-time.Hour), time.Now(), 10, func(e journal.Event) bool { return e.Kind == "login" })
	if len(events) != 1 || events[0].What != "Somebody logged in from 127.0.0.1." {
		t.Errorf("the journal has %v", events)
	}
	if got := p.get(t, "/api/fleet/v1/overview", nil, "Authorization", "Bearer token-of-a-viewer", "Host", "evil.example"); got != http.StatusOK {
		t.Errorf("with the token under another name: %d", got)
	}
}

// TestDocuments: what the API answers is what docs/fleet-openapi.json describes, of a fleet
// without members and of one in trouble.
func TestDocuments(t *testing.T) {
	p := start(t)
	schemas := openAPI(t)
	paths := map[string]string{
		"overview": "Overview", "history?range=15m": "History", "sparks": "Sparks", "timeline?range=6h": "Timeline",
		"shard-of?guild=81384788765712384": "ShardOf", "overview?job=none": "Overview",
	}
	check := func(path, schema string) {
		t.Helper()
		var document any
		if code := p.get(t, "/api/fleet/v1/"+path, &document); code != http.StatusOK {
			t.Errorf("%s: %d %v", path, code, document)
			return
		}
		if err := schemas(schema).Validate(document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for path, schema := range paths {
		check(path, schema)
	}
	discord := newDiscord(t, discordtest.WithShards(4), discordtest.WithGuilds(4))
	push(t, p.OTLPGRPC())
	newBot(t, discord, "0", 2, 4, 0, argus.WithRegion("eu"))
	newBot(t, discord, "1", 1, 4, 1)         // has shard 1 as well
	newBot(t, discord, "2", 1, 4, 3).stop(t) // has left
	expect.Eventually(t, "the members", func() bool { return len(p.members.Members()) == 3 })
	expect.Eventually(t, "a shard that two have", func() bool { return cluster(p.overview(t), "1").State == "twice" })
	p.judge.Examine(t.Context(), p.engine, time.Now().Add(2*time.Minute))
	if _, err := p.Mute(t.Context(), []documents.Matcher{{Name: "alertname", Value: "DiscordShardDown", Op: "="}}, time.Now().Add(time.Hour), "a test", "because"); err != nil {
		t.Fatal(err)
	}
	for path, schema := range paths {
		check(path+map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]+"bot=", schema) // made anew
	}
	check("alerts", "Alerts")
	check("members", "Members")
	check("cluster?job=discord-bot&cluster=0&region=eu", "ClusterDetail")
	check("cluster?job=discord-bot&cluster=2&range=6h", "ClusterDetail")
	for path, want := range map[string]int{
		"cluster?job=discord-bot&cluster=9": 404, "cluster?cluster=0": 400, "history?range=1s": 400, "timeline?to=now": 400, "shard-of?guild=x": 400,
		"overview?range=1h": 400, "nothing": 404, "overview?job=a&job=b": 400, "mutes": 405,
	} {
		var document any
		if got := p.get(t, "/api/fleet/v1/"+path, &document); got != want {
			t.Errorf("%s: %d %v, want %d", path, got, document, want)
		} else if err := schemas("Error").Validate(document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestNotification: what is wrong with a bot reaches the receiver of a configuration file,
// with what the findings know of it and a link to the page.
func TestNotification(t *testing.T) {
	bodies := make(chan string, 100)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			bodies <- string(body)
		}
	}))
	t.Cleanup(sink.Close)
	file := filepath.Join(t.TempDir(), "alertmanager.yml")
	config := fmt.Sprintf("route: {receiver: sink, group_by: [alertname], group_wait: 1s, group_interval: 5s, repeat_interval: 5s}\nreceivers: [{name: sink, webhook_configs: [{url: %q}]}]\n", sink.URL)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--alertmanager-config", file, "--url", "https://fleet.example.org")
	discord := newDiscord(t, discordtest.WithShards(1), discordtest.WithGuilds(2))
	push(t, p.OTLPGRPC())
	newBot(t, discord, "0", 1, 1, 0)
	expect.Eventually(t, "the bot to be up", func() bool { return cluster(p.overview(t), "0").State == "up" })
	for range 20 { // nobody answers
		if err := discord.Dispatch(0, "INTERACTION_CREATE", discord.Interaction(discordtest.ApplicationCommand, time.Now(), "play")); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Status string
		Alerts []struct{ Labels, Annotations map[string]string }
	}
	// The first may come before an examination has found the cause.
	expect.Eventually(t, "a notification that says what causes it", func() bool {
		p.judge.Examine(t.Context(), p.engine, time.Now())
		select {
		case body := <-bodies:
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
		default:
		}
		return len(got.Alerts) > 0 && got.Alerts[0].Annotations["blame"] != ""
	})
	a := got.Alerts[0]
	// On a machine that is too slow for the bot, the deployment is to blame.
	if blame := a.Annotations["blame"]; blame != string(findings.Handler) && blame != string(findings.Operation) {
		t.Errorf("it blames %q", blame)
	}
	if got.Status != "firing" || a.Labels["cluster"] != "0" || a.Annotations["do"] == "" || a.Annotations["since"] == "" ||
		a.Annotations["page"] != "https://fleet.example.org/#/cluster?cluster=0&job=discord-bot" || a.Annotations["summary"] == "" {
		t.Errorf("%+v", got)
	}
	expect.Eventually(t, "the receiver's success to be told", func() bool {
		alerts, err := p.Alerts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := alerts.Notifications
		return n.Way == "config" && len(n.Receivers) == 1 && n.Receivers[0].LastSuccess != nil && n.Receivers[0].Error == nil
	})
}
