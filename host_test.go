package argus

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	client "github.com/prometheus/client_golang/prometheus"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/loopback"
)

// twoBots are a bot in five guilds and one in three, in one process.
func twoBots(t *testing.T, opts ...Option) (music, mod *Argus, log *journal) {
	t.Helper()
	addr := loopback.Addr(t)
	log = new(journal)
	var sessions []*discordgo.Session
	begin := func(bot, token string, guilds int) *Argus {
		s := sessionOf(t, newDiscord(t, discordtest.WithGuilds(guilds), discordtest.WithToken(token)), 0, 1)
		a, err := start(environ(nil, nil), s, append([]Option{WithAddr(addr), WithBot(bot), log.option()}, opts...))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { shutDown(t, a) })
		sessions = append(sessions, s)
		return a
	}
	music, mod = begin("music", "token-of-the-music-bot", 5), begin("mod", "token-of-the-mod-bot", 3)
	open(t, sessions...)
	return music, mod, log
}

// TestTwoBots: each with its token, in one process on one page.
func TestTwoBots(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	music, mod, log := twoBots(t)
	if music.URL() != mod.URL() || music.Addr() == "" {
		t.Fatalf("the pages are %q and %q, want one", music.URL(), mod.URL())
	}
	both := []string{
		`discord_guilds{bot="music",cluster="default"} 5`, `discord_guilds{bot="mod",cluster="default"} 3`,
		`discord_shard_up{bot="music",cluster="default",shard="0"} 1`, `discord_shard_up{bot="mod",cluster="default",shard="0"} 1`,
		`argus_subsystem_up{bot="music",cluster="default",subsystem="server"} 1`, `argus_subsystem_up{bot="mod",cluster="default",subsystem="server"} 1`,
		`target_info{bot="music",`, `target_info{bot="mod",`, `go_goroutines{bot="music",`, `process_start_time_seconds{bot="music",`,
	}
	var page string
	eventually(t, "both bots' guilds", func() bool {
		_, page = get(t, music.URL(), "")
		for _, line := range both {
			if !hasLine(page, line) {
				return false
			}
		}
		return true
	})
	for _, once := range []string{"# TYPE discord_guilds gauge", "# TYPE target_info gauge", "\ngo_goroutines{", "\nprocess_start_time_seconds{", "# TYPE discord_rest_request_duration_seconds histogram"} {
		if n := strings.Count(page, once); n != 1 {
			t.Errorf("%q is on the page %d times, want once", once, n)
		}
	}
	if strings.Contains(log.String(), "WARN") || strings.Contains(log.String(), "another process") {
		t.Errorf("the log: %s", log)
	}
	ready := func() (int, string) { return get(t, "http://"+music.Addr()+"/readyz", "") }
	if status, body := ready(); status != http.StatusOK || !strings.Contains(body, `"shards_up":2,"shards_total":2`) {
		t.Errorf("/readyz answers %d %s", status, body)
	}

	// The page of each alone, for a mux of the caller's.
	if page := scrape(t, music.Handler()); !hasLine(page, `discord_guilds{bot="music",cluster="default"} 5`) || strings.Contains(page, `bot="mod"`) {
		t.Errorf("Handler serves\n%s", page)
	}

	// The first goes; the process' metrics are the other's from then on.
	shutDown(t, music)
	if _, page = get(t, mod.URL(), ""); strings.Contains(page, `bot="music"`) || !hasLine(page, both[1]) || !hasLine(page, `go_goroutines{bot="mod",`) {
		t.Errorf("after the first has gone the page is\n%s", page)
	}
	if status, body := get(t, "http://"+mod.Addr()+"/readyz", ""); status != http.StatusOK || !strings.Contains(body, `"shards_up":1,"shards_total":1`) {
		t.Errorf("/readyz answers %d %s", status, body)
	}
	addr := mod.Addr()
	shutDown(t, mod)
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("somebody listens when both are gone")
	}
}

// TestTwoBotsOfWhichOneIsDown is not ready, and says which.
func TestTwoBotsOfWhichOneIsDown(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	addr := loopback.Addr(t)
	discord := newDiscord(t)
	up, down := sessionOf(t, discord, 0, 1), newSession(t)
	for bot, s := range map[string]Option{"music": WithSessions(up), "mod": WithSessions(down)} {
		a, err := begin(environ(nil, nil), nil, []Option{WithAddr(addr), WithBot(bot), new(journal).option(), s})
		if err != nil {
			t.Fatal(err)
		}
		defer shutDown(t, a)
	}
	open(t, up)
	for range 2 {
		eventually(t, "the bot that is down to be named", func() bool {
			status, body := get(t, "http://"+addr+"/readyz", "")
			return status == http.StatusServiceUnavailable && strings.Contains(body, `"shards_up":1,"shards_total":2`) &&
				strings.Contains(body, `bot \"mod\": 0 of 1 shards are up`) && !strings.Contains(body, "music")
		})
		failToOpen(t, down)
	}
}

// TestBotsThatCannotShare: what two Arguses on one address differ in is an error that says what to do, and the one that is there goes on.
func TestBotsThatCannotShare(t *testing.T) {
	for name, tt := range map[string]struct {
		first, second []Option
		want          string // "" for two that can
	}{
		"no names":           {want: "argus.WithBot"},
		"no second name":     {first: []Option{WithBot("a")}, want: `with bot "a"`},
		"no first name":      {second: []Option{WithBot("b")}, want: `distinguishes it from bot "b"`},
		"equal names":        {first: []Option{WithBot("a")}, second: []Option{WithBot("a"), WithClusterID("2")}, want: `serves bot "a"`},
		"different paths":    {first: []Option{WithBot("a")}, second: []Option{WithBot("b"), WithMetricsPath("/b")}, want: "under /metrics and this one under /b"},
		"different tokens":   {first: []Option{WithBot("a"), WithAuthToken("secret-1")}, second: []Option{WithBot("b"), WithAuthToken("secret-2")}, want: "another token"},
		"one token":          {first: []Option{WithBot("a")}, second: []Option{WithBot("b"), WithAuthToken("secret-2")}, want: "another token"},
		"one live page":      {first: []Option{WithBot("a")}, second: []Option{WithBot("b"), WithDashboard(false)}, want: "argus.WithDashboard"},
		"web configurations": {first: []Option{WithBot("a")}, second: []Option{WithBot("b"), WithWebConfigFile("testdata/web.yml")}, want: "argus.WithWebConfigFile"},
		"pages' tokens":      {first: []Option{WithBot("a")}, second: []Option{WithBot("b"), WithDashboardAuthToken("secret-2")}, want: "argus.WithDashboardAuthToken"},
		"all addresses":      {first: []Option{WithBot("a")}, second: []Option{WithBot("b"), WithHost("")}, want: "the same ARGUS_HOST"},
		"the same by name":   {first: []Option{WithBot("a")}, second: []Option{WithBot("b"), WithHost("localhost")}, want: "the same ARGUS_HOST"},
		"another address":    {first: []Option{WithBot("a")}, second: []Option{WithBot("b"), WithHost("127.0.0.2")}},
		"equal tokens":       {first: []Option{WithBot("a"), WithAuthToken("secret-1")}, second: []Option{WithBot("b"), WithAuthToken("secret-1")}},
		"ports of their own": {second: []Option{WithPort(0)}},
		"no second server":   {second: []Option{WithoutServer()}},
		"other clusters":     {first: []Option{WithBot("a"), WithClusterID("1")}, second: []Option{WithBot("b"), WithClusterID("2"), WithNamespace("b")}},
	} {
		t.Run(name, func(t *testing.T) {
			addr := loopback.AddrOf(t, "127.0.0.1")
			with := func(opts []Option) []Option { return append([]Option{WithAddr(addr), new(journal).option()}, opts...) }
			first, err := begin(environ(nil, nil), nil, with(tt.first))
			if err != nil {
				t.Fatal(err)
			}
			defer shutDown(t, first)
			second, err := begin(environ(nil, nil), nil, with(tt.second))
			if err == nil {
				defer shutDown(t, second)
			}
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("the error is %v, want one with %s", err, tt.want)
			}
			token := map[bool]string{true: "secret-1"}[first.Config().Authenticated]
			if status, page := get(t, first.URL(), token); status != http.StatusOK || !strings.Contains(page, "\nargus_up{") {
				t.Errorf("the first answers %d %s", status, page)
			}
		})
	}
}

// TestOverlap: two servers are refused only where they cannot both listen.
func TestOverlap(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"", "127.0.0.1", true},
		{"", "0.0.0.0", true},
		{"", "::", true},
		{"", "::1", true},
		{"::", "127.0.0.1", true},
		{"0.0.0.0", "127.0.0.1", true},
		{"0.0.0.0", "LOCALHOST", true},
		{"0.0.0.0", "::1", false},
		{"::1", "0:0:0:0:0:0:0:1", true},
		{"127.0.0.1", "::ffff:127.0.0.1", true},
		{"127.0.0.1", "127.0.0.2", false},
		{"127.0.0.1", "::1", false},
		{"127.0.0.1", "bot.example.com", false},
	} {
		if ab, ba := overlap(tt.a, tt.b), overlap(tt.b, tt.a); ab != tt.want || ba != tt.want {
			t.Errorf("%q and %q: %v and %v, want %v", tt.a, tt.b, ab, ba, tt.want)
		}
	}
}

// TestBotsComeAndGo at the same time, in any order.
func TestBotsComeAndGo(t *testing.T) {
	addr := loopback.Addr(t)
	stays, err := begin(environ(nil, nil), nil, []Option{WithAddr(addr), WithBot("stays"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, stays)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 5 {
				a, err := begin(environ(nil, nil), nil, []Option{WithAddr(addr), WithBot("bot-" + strconv.Itoa(n)), new(journal).option()})
				if err != nil {
					t.Error(err)
					return
				}
				if status, page := get(t, a.URL(), ""); status != http.StatusOK || !hasLine(page, `argus_up{bot="stays",cluster="default"} 1`) {
					t.Errorf("the page answers %d without the bot that stays", status)
				}
				shutDown(t, a)
			}
		})
	}
	all.Wait()
	if _, page := get(t, stays.URL(), ""); strings.Contains(page, `bot="bot-`) || strings.Count(page, "\ngo_goroutines{") != 1 {
		t.Errorf("when the others are gone the page is\n%s", page)
	}
}

// TestTwoBotsOnARegistry of the bots' own: its metrics, and those of the process, are there once.
func TestTwoBotsOnARegistry(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	registry := client.NewRegistry()
	registry.MustRegister(client.NewGauge(client.GaugeOpts{Name: "jokes", Help: "Jokes."}))
	music, mod, _ := twoBots(t, WithRegistry(registry, registry))
	for name, page := range map[string]string{"the server": scrapeURL(t, music.URL()), "the handler": scrape(t, mod.Handler())} {
		for _, once := range []string{"\njokes 0", "\ngo_goroutines{", "\nargus_up{bot=\"music\"", "\nargus_up{bot=\"mod\""} {
			if n := strings.Count("\n"+page, once); n != 1 {
				t.Errorf("%s: %q is there %d times, want once", name, once, n)
			}
		}
	}
}

func scrapeURL(t *testing.T, url string) string {
	t.Helper()
	_, page := get(t, url, "")
	return page
}

// TestInteractionsByHTTP: a bot without a gateway is ready, and its interactions are on the page.
func TestInteractionsByHTTP(t *testing.T) {
	a, _ := startTest(t, nil, WithCommands("ping"))
	ready := func() int { status, _ := get(t, "http://"+a.Addr()+"/readyz", ""); return status }
	if ready() != http.StatusServiceUnavailable {
		t.Error("ready before it is known that the bot needs no gateway")
	}
	h := a.InteractionEndpoint(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a bot's verifies the signature
		_, _ = w.Write([]byte(`{"type":4}`))
	}))
	if ready() != http.StatusOK {
		t.Error("not ready")
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(fmt.Sprintf(`{"id":"%d","type":3}`, (time.Now().UnixMilli()-1420070400000)<<22))))
	page := scrape(t, a.Handler())
	wantLine(t, page, `discord_shards_configured{cluster="default"} 0`)
	if strings.Contains(page, "\ndiscord_shard_up{") {
		t.Error("there is a shard")
	}
	eventually(t, "the interaction", func() bool {
		return hasLine(scrape(t, a.Handler()), `discord_interactions_total{cluster="default",status="received",type="message_component"} 1`)
	})
	b, _ := startTest(t, nil, WithoutGateway())
	if err := b.Ready(); err != nil {
		t.Errorf("WithoutGateway: %v", err)
	}
}

// TestPushesOfTwoBots: two with equal names are refused, and the process' metrics are pushed once.
func TestPushesOfTwoBots(t *testing.T) {
	needsPush(t)
	begin := func(opts ...Option) (*Argus, error) {
		return begin(environ(nil, nil), nil, append([]Option{WithExporters(OTLP), new(journal).option()}, opts...))
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	end := func(a *Argus) { a.pipeline.discard() }
	first, err := begin(WithBot("music"))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := begin(WithBot("music")); err == nil {
		end(a)
		t.Error("a second Argus that pushes as the first one does was started")
	} else if !strings.Contains(err.Error(), `bot "music"`) || !strings.Contains(err.Error(), "WithBot") {
		t.Error(err)
	}
	second, err := begin(WithBot("mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !first.pipeline.first(true) || second.pipeline.first(true) {
		t.Error("the process' metrics are not the first one's")
	}
	end(first)
	if !second.pipeline.first(true) {
		t.Error("the process' metrics are nobody's")
	}
	end(second)
}
