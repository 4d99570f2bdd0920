package fleet

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	argus "github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/expect"
)

// A front is what stands before a Prometheus: another fleet, which answers as one does.
type front struct {
	*httptest.Server

	mu     sync.Mutex
	away   bool
	bearer string // that is required
	rules  bool   // are shown
}

func newFront(t *testing.T, p *plane, rules bool) *front {
	t.Helper()
	f := &front{rules: rules}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: p.Addr()})
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		away, bearer, rules := f.away, f.bearer, f.rules
		f.mu.Unlock()
		switch {
		case away:
			w.WriteHeader(http.StatusBadGateway)
		case bearer != "" && r.Header.Get("Authorization") != "Bearer "+bearer:
			w.WriteHeader(http.StatusUnauthorized)
		case !rules && strings.HasSuffix(r.URL.Path, "/api/v1/rules"):
			http.NotFound(w, r)
		default:
			r.Header.Del("Authorization")
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *front) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// slowly leaves time to a machine on which several fleets evaluate the rules of one.
var slowly = []string{"--evaluation-interval", "5s"}

// TestSources: what several Prometheus servers have is one fleet, by their regions, with
// findings and rules; one that is away takes nobody with it, and is said to be away.
func TestSources(t *testing.T) {
	eu, us := start(t, slowly...), start(t, slowly...)
	discord := newDiscord(t, discordtest.WithShards(4), discordtest.WithGuilds(40))
	push(t, eu.OTLPGRPC())
	newBot(t, discord, "0", 2, 4, 0)
	push(t, us.OTLPGRPC())
	newBot(t, discord, "1", 1, 4, 2)
	euFront, usFront := newFront(t, eu, false), newFront(t, us, false)
	p := start(t, append([]string{"--prometheus", "eu=" + euFront.URL + ",us=" + usFront.URL}, slowly...)...)
	if p.OTLPGRPC() != "" || p.OTLPHTTP() != "" {
		t.Error("it takes pushes")
	}
	expect.Eventually(t, "all shards to be up", func() bool {
		o := p.overview(t)
		return o.Totals.Shards.Up == 3 && o.Totals.Guilds != nil && *o.Totals.Guilds == 30
	})
	o := p.overview(t)
	if len(o.Bots) != 1 || len(o.Clusters) != 2 || len(o.Regions) != 2 || len(o.Sources) != 2 || o.Sources[0].State != "ok" || o.Sources[0].Name != "eu" {
		t.Fatalf("%+v", o)
	}
	if c := cluster(o, "1"); c.State != "up" || *c.Region != "us" || c.Shards.IDs != "2" {
		t.Errorf("the cluster of the second server is %+v", c)
	}
	if missing := o.Bots[0].Shards.Missing; len(missing) != 1 || missing[0][0] != 3 {
		t.Errorf("missing are the shards %v", missing)
	}
	expect.Eventually(t, "the missing shard to be found, and no other", func() bool {
		p.judge.Examine(t.Context(), p.engine, time.Now().Add(2*time.Minute))
		reports, _ := p.judge.Reports()
		found := 0
		for _, r := range reports {
			for _, f := range r.Findings {
				if f.ID == "DiscordShardsMissing" {
					found++
				}
			}
		}
		return found == 1
	})
	expect.Eventually(t, "a rule to be evaluated here", func() bool { return p.query(t, "sum(bot:discord_shard_up:sum)") == 3 })
	if !strings.Contains(p.log.String(), "the rules of Argus are evaluated here") {
		t.Error("the log does not say who evaluates the rules")
	}
	var values struct{ Data []string }
	if p.get(t, "/api/v1/label/region/values", &values); strings.Join(values.Data, ",") != "eu,us" {
		t.Errorf("the regions are %q", values.Data)
	}

	var detail map[string]any
	p.get(t, "/api/fleet/v1/cluster?job=discord-bot&region=eu&cluster=0", &detail)
	if traces, has := detail["slow_traces"]; !has || traces != nil {
		t.Errorf("it does not read exemplars, and has the traces %v", traces)
	}
	if err := openAPI(t)("ClusterDetail").Validate(detail); err != nil {
		t.Error(err)
	}

	usFront.set(func() { usFront.away = true })
	var failed documents.Source
	expect.Eventually(t, "the page to say that it is away", func() bool {
		failed = p.overview(t).Sources[1]
		return failed.State == "failed"
	})
	if failed.Error == nil || failed.Since == nil || !strings.Contains(*failed.Error, "502") {
		t.Errorf("%+v", failed)
	}
	if lost := p.members.Tick(time.Now().Add(time.Hour)); len(lost) != 0 {
		t.Errorf("lost is %+v", lost)
	}
	expect.Eventually(t, "the cluster of the server that answers to be up, and nothing to be said of the other", func() bool {
		o := p.overview(t)
		here, there := cluster(o, "0"), cluster(o, "1")
		return here.State == "up" && here.Shards.Up != nil && *here.Shards.Up == 2 && there.State != "gone" && there.Shards.Up == nil
	})
	usFront.set(func() { usFront.away = false })
	expect.Eventually(t, "it to be back", func() bool { o := p.overview(t); return o.Sources[1].State == "ok" && o.Totals.Shards.Up == 3 })
}

// TestRulesThere: where the servers evaluate the rules, their alerts are shown and sent,
// and no rule is evaluated here.
func TestRulesThere(t *testing.T) {
	there := start(t, slowly...)
	discord := newDiscord(t, discordtest.WithShards(2), discordtest.WithGuilds(4))
	push(t, there.OTLPGRPC())
	newBot(t, discord, "0", 1, 2, 0, argus.WithRegion("eu"))
	server := newFront(t, there, true)
	p := start(t, append([]string{"--prometheus", server.URL}, slowly...)...)
	expect.Eventually(t, "an alert of the server", func() bool {
		alerts, err := p.Alerts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(alerts.Alerts) > 0
	})
	expect.Eventually(t, "a series that the server records", func() bool { return p.query(t, "sum(bot:discord_shard_up:sum)") == 1 })
	if n := len(p.engine.Alerts()); n != 0 {
		t.Errorf("%d alerts are made here", n)
	}
	server.set(func() { server.rules = false })
	expect.Eventually(t, "the rules to be evaluated here, once the server has none", func() bool {
		return strings.Contains(p.log.String(), "evaluated here") && p.query(t, "sum(bot:discord_shard_up:sum)") == 1
	})
}

// TestSourceToken: a token is sent, is read anew when it changes, and is in no message.
func TestSourceToken(t *testing.T) {
	there := start(t, slowly...)
	discord := newDiscord(t, discordtest.WithShards(1), discordtest.WithGuilds(1))
	push(t, there.OTLPGRPC())
	newBot(t, discord, "0", 1, 1, 0)
	server := newFront(t, there, false)
	server.bearer = "the-right-token-of-prometheus"
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a-wrong-token-of-prometheus\n")
	p := start(t, append([]string{"--prometheus", server.URL, "--prometheus-token-file", file}, slowly...)...)
	expect.Eventually(t, "the page to say so", func() bool {
		s := p.overview(t).Sources[0]
		return s.Error != nil && strings.Contains(*s.Error, "rejects the credentials")
	})
	write("# rotated\nthe-right-token-of-prometheus\n")
	expect.Eventually(t, "the new token to be used", func() bool { return cluster(p.overview(t), "0").State == "up" })
	if strings.Contains(p.log.String(), "token-of-prometheus") {
		t.Error("the log has a token")
	}
}
