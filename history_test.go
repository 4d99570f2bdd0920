package argus

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/api"
)

// TestStatus: the process says itself how it is, with the token of the page.
func TestStatus(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a step of the history")
	}
	t.Parallel()
	srv := newDiscord(t)
	s := sessionOf(t, srv, 0, 1)
	a, err := start(environ(map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "a-token", "ARGUS_CLUSTER_ID": "eu-3"}, nil), s,
		[]Option{WithAddr("127.0.0.1:0"), WithBot("music"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	address := "http://" + a.Addr() + api.StatusPath
	if code, _ := request(t, address, ""); code != http.StatusUnauthorized {
		t.Errorf("without the token: status %d", code)
	}
	open(t, s)
	eventually(t, "the process to know its shard", func() bool {
		code, text := request(t, address, "a-token")
		var status api.Status
		if err := json.Unmarshal([]byte(text), &status); err != nil || code != http.StatusOK {
			t.Fatalf("status %d, %v: %s", code, err, text)
		}
		if status.Identity.Cluster != "eu-3" || status.Identity.Bot != "music" {
			t.Fatalf("the identity is %+v", status.Identity)
		}
		return status.Verdict == "calm" && status.Report.Processes == 1
	})
}

// TestStream: a real session's shard is seen on a stream over TCP, which ends with the
// process.
func TestStream(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for steps of the history")
	}
	t.Parallel()
	srv := newDiscord(t)
	s := sessionOf(t, srv, 0, 1)
	a, err := start(environ(map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "a-token"}, nil), s, []Option{WithAddr("127.0.0.1:0"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			shutDown(t, a)
		}
	}()
	address := "http://" + a.Addr() + api.StreamPath
	if code, _ := request(t, address, ""); code != http.StatusUnauthorized {
		t.Errorf("without the token: status %d", code)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer a-token")
	r.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if h := response.Header; response.StatusCode != http.StatusOK || h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, %v", response.StatusCode, h)
	}
	open(t, s)
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	up := false
	for !up && lines.Scan() {
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		var message api.Step // what both kinds of message have
		if err := json.Unmarshal([]byte(data), &message); err != nil {
			t.Fatal(err)
		}
		for _, shard := range message.Shards {
			up = up || shard.Shard == "0" && shard.Up != nil && *shard.Up
		}
	}
	if !up {
		t.Fatalf("the stream ended before the shard was up: %v", lines.Err())
	}
	ended = true
	shutDown(t, a)
	retry := false
	for lines.Scan() {
		retry = retry || strings.HasPrefix(lines.Text(), "retry: ")
	}
	if !retry || lines.Err() != nil {
		t.Errorf("at the end: retry %v, %v", retry, lines.Err())
	}
}

// TestWithoutHistory: where none is kept, the answer says so.
func TestWithoutHistory(t *testing.T) {
	t.Parallel()
	a, err := start(environ(map[string]string{"ARGUS_HISTORY": "false"}, nil), newSession(t), []Option{WithAddr("127.0.0.1:0"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	if code, text := request(t, "http://"+a.Addr()+api.StatusPath, ""); code != http.StatusBadRequest || !strings.Contains(text, "ARGUS_HISTORY is false") {
		t.Errorf("status %d: %s", code, text)
	}
}

// TestPathsAreGuarded: each path of the API has the guards of the page.
func TestPathsAreGuarded(t *testing.T) {
	t.Parallel()
	a, err := start(environ(map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "a-token"}, nil), newSession(t), []Option{WithAddr("127.0.0.1:0"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	endpoints := api.New(nil, nil, nil).Endpoints()
	if len(endpoints) < 2 {
		t.Fatalf("the paths are %v", endpoints)
	}
	do := func(method, path string, change func(*http.Request)) (status int, header http.Header) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.Addr()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode, response.Header
	}
	token := func(r *http.Request) { r.Header.Set("Authorization", "Bearer a-token") }
	for _, e := range endpoints {
		for what, tt := range map[string]struct {
			method string
			change func(*http.Request)
			status int
		}{
			"without the token": {http.MethodGet, func(*http.Request) {}, http.StatusUnauthorized},
			"with another one":  {http.MethodGet, func(r *http.Request) { r.Header.Set("Authorization", "Bearer another") }, http.StatusUnauthorized},
			"a browser under a stranger's name": {http.MethodGet, func(r *http.Request) {
				r.Host = "evil.example.com"
				r.Header.Set("Accept-Language", "en")
			}, http.StatusForbidden},
			"to write":       {http.MethodPost, token, http.StatusMethodNotAllowed},
			"what it can do": {http.MethodOptions, token, http.StatusMethodNotAllowed},
			// The handler of the path is reached: there is no such parameter.
			"with the token": {http.MethodHead, token, http.StatusBadRequest},
		} {
			status, header := do(tt.method, e.Path+"?nothing=1", tt.change)
			if status != tt.status || header.Get("Cache-Control") != "no-store" && tt.status != http.StatusForbidden {
				t.Errorf("%s %s: status %d, %v", e.Path, what, status, header)
			}
		}
	}
}

func request(t *testing.T, address, token string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return answer(t, r)
}

func answer(t *testing.T, r *http.Request) (status int, body string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// TestSlowInteractionsOfASession: one that came late is listed with its parts and the
// link to its trace, and the duration of its answer leads there from the page.
func TestSlowInteractionsOfASession(t *testing.T) {
	t.Parallel()
	srv := newDiscord(t)
	s := sessionOf(t, srv, 0, 1)
	a, err := start(environ(nil, nil), s, []Option{
		WithAddr("127.0.0.1:0"), WithCommands("ping"), new(journal).option(),
		WithTracerProvider(sdktrace.NewTracerProvider()), WithTraceURL("https://jaeger.example/trace/{trace_id}?uiFind={span_id}"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	s.AddHandler(a.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		return s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource})
	}))
	open(t, s)
	const age = 1500 * time.Millisecond
	if _, _, err := srv.SendInteraction(t.Context(), 0, discordtest.ApplicationCommand, time.Now().Add(-age), "ping"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a slow interaction", func() bool {
		_, text := request(t, "http://"+a.Addr()+api.SlowPath, "")
		var slow api.Slow
		if err := json.Unmarshal([]byte(text), &slow); err != nil {
			t.Fatal(err)
		}
		if len(slow.Interactions) == 0 {
			return false
		}
		one := slow.Interactions[0]
		if one.Shard == nil || *one.Shard != "0" || one.Command != "ping" || one.Age < age.Seconds()-0.01 || one.Attempt == nil || one.Answer == nil || *one.Answer < *one.Attempt {
			t.Errorf("it is %s", text)
		}
		if one.TraceID == nil || one.TraceURL == nil || !strings.HasPrefix(*one.TraceURL, "https://jaeger.example/trace/"+*one.TraceID+"?uiFind=") {
			t.Fatalf("its trace is not linked: %s", text)
		}
		for accept, exemplar := range map[string]string{
			"application/openmetrics-text;version=1.0.0":                                                 `trace_id="` + *one.TraceID + `"`,
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited": *one.TraceID,
		} {
			page := scrapeAs(t, a.URL(), accept)
			if !strings.Contains(page, exemplar) {
				t.Errorf("no exemplar of its trace is on the page as %s", accept)
			}
		}
		if page := scrapeAs(t, a.URL(), "text/plain"); strings.Contains(page, *one.TraceID) {
			t.Error("an exemplar is on a page in the text format, which has none")
		}
		return true
	})
}

func scrapeAs(t *testing.T, url, accept string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	_, text := answer(t, r)
	return text
}

// TestProcessUsage: the API has the numbers of this process, unless its metrics are off.
func TestProcessUsage(t *testing.T) {
	t.Parallel()
	for setting, known := range map[string]bool{"true": true, "false": false} {
		a, err := start(environ(map[string]string{"ARGUS_PROCESS_METRICS": setting}, nil), newSession(t), []Option{WithAddr("127.0.0.1:0"), new(journal).option()})
		if err != nil {
			t.Fatal(err)
		}
		code, text := request(t, "http://"+a.Addr()+api.ProcessPath, "")
		var d api.Process
		if err := json.Unmarshal([]byte(text), &d); err != nil || code != http.StatusOK {
			t.Fatalf("status %d, %v: %s", code, err, text)
		}
		if (d.Goroutines != nil) != known || (d.Heap != nil) != known || (d.Pauses != nil) != known || known && (*d.Goroutines < 1 || *d.Heap < 1<<16) {
			t.Errorf("ARGUS_PROCESS_METRICS=%s: %s", setting, text)
		}
		shutDown(t, a)
	}
}

// TestDocumentsOfASession: what the API says about a real session agrees with what happened
// to it, with the metrics, and with itself.
func TestDocumentsOfASession(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for steps of the history")
	}
	t.Parallel()
	const guilds, members = 3, 7
	srv := newDiscord(t, discordtest.WithGuilds(guilds), discordtest.WithMembers(members))
	s := sessionOf(t, srv, 0, 1)
	s.Identify.Intents = discordgo.IntentsAll
	s.ShouldReconnectOnError = true
	a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), WithCommands("ping"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	read := func(path string, document any) string {
		t.Helper()
		code, text := request(t, "http://"+a.Addr()+path, "")
		if err := json.Unmarshal([]byte(text), document); err != nil || code != http.StatusOK {
			t.Fatalf("%s: status %d, %v: %s", path, code, err, text)
		}
		return text
	}
	answered := make(chan error, 1)
	s.AddHandler(a.Interaction(func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		err := s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponsePong}, a.RequestOption(ctx))
		answered <- err
		return err
	}))
	open(t, s)
	conn, err := srv.WaitConn(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := srv.SendInteraction(t.Context(), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	guild := srv.Guilds()[0]
	srv.RateLimit(discordtest.RateLimit{Method: http.MethodGet, Pattern: "/guilds/{id}", Scope: "global", RetryAfter: time.Millisecond})
	if _, err := s.Guild(guild); err != nil {
		t.Fatal(err)
	}
	srv.Fail(http.MethodGet, "/guilds/{id}", http.StatusForbidden, 1)
	if _, err := s.Guild(guild); err == nil {
		t.Fatal("the request succeeded")
	}
	if err := conn.WaitHeartbeats(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	if err := conn.CloseCode(4000, ""); err != nil {
		t.Fatal(err)
	}

	eventually(t, "the timeline to have the close and the resume", func() bool {
		var timeline api.Timeline
		text := read(api.TimelinePath, &timeline)
		found := map[api.EventKind]api.Event{}
		for _, e := range timeline.Events {
			found[e.Kind] = e
		}
		closed, resumed, limited := found[api.Close], found[api.Resume], found[api.RateLimited]
		if resumed.Count == 0 {
			return false
		}
		var shards api.Shards
		read(api.ShardsPath, &shards)
		_, page := get(t, a.URL(), "")
		if last := shards.Shards[0].LastClose; last == nil || last.Code != "4000" || last.Initiator != "discord" || last.At.Before(before) || last.At.After(closed.At) ||
			closed.Code != last.Code || closed.Initiator != last.Initiator || closed.Count != 1 || *shards.Shards[0].Closes != 1 ||
			!strings.Contains(page, `discord_shard_disconnects_total{cluster="`+timeline.Identity.Cluster+`",code="4000",initiator="discord",shard="0"} 1`) {
			t.Errorf("the last close is %+v, the timeline %s", last, text)
		}
		if limited.Scope != "global" || limited.Count != 1 {
			t.Errorf("the rate limit: %s", text)
		}
		return true
	})
	var overview api.Overview
	text := read(api.OverviewPath, &overview)
	if *overview.Guilds != guilds || *overview.Unavailable != 0 || *overview.Members != guilds*members || *overview.BotShards != 1 || *overview.Uptime <= 0 ||
		*overview.Cache["channels"] == 0 || *overview.Cache["members"] == 0 || *overview.Cache["private_channels"] != 0 || *overview.Versions.Go == "" || *overview.Versions.Discordgo == "" ||
		overview.Events["GUILD_CREATE"] == 0 || overview.Events["RESUMED"] == 0 || overview.RateLimits["global"] != 1 || overview.RateLimits["user"] != 0 ||
		overview.Invalid.Statuses["403"] != 1 || overview.Invalid.Statuses["429"] != 1 || overview.Telemetry.Logs != nil || !overview.Telemetry.Subsystems["server"] {
		t.Errorf("the overview is %s", text)
	}
	for _, route := range overview.Invalid.Routes {
		if route.Route != "/guilds/{id}" || route.Count != 1 {
			t.Errorf("invalid requests: %s", text)
		}
	}
	var latencies api.Latencies
	text = read(api.LatenciesPath, &latencies)
	for _, stage := range latencies.Stages {
		if stage.Count == nil || *stage.Count != 1 || stage.P50 == nil || *stage.P99 <= 0 {
			t.Errorf("%s: %s", stage.Stage, text)
		}
	}
	var commands api.Commands
	text = read(api.CommandsPath, &commands)
	if len(commands.Commands) != 1 || commands.Commands[0].Application.Count != 1 || commands.Commands[0].Answers.Count != 1 {
		t.Errorf("the commands are %s", text)
	}
	var of api.ShardOf
	if text := read(api.ShardOfPath+"?guild="+guild, &of); *of.Shard != "0" || of.Guild == nil || *of.Guild != "available" || *of.Members != members {
		t.Errorf("the guild is %s", text)
	}
	if err := srv.GuildOutage(guild); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the outage of the guild", func() bool {
		of = api.ShardOf{}
		read(api.ShardOfPath+"?guild="+guild, &of)
		return of.Guild != nil && *of.Guild == "unavailable" && of.Members == nil
	})
	if _, plain := request(t, "http://"+a.Addr()+"/plain", ""); !strings.Contains(plain, "4000 by discord") || !strings.Contains(plain, "State cache of discordgo") {
		t.Errorf("the plain page is %s", plain)
	}
}
