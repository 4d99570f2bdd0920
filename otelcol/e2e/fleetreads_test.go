package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus"
)

// botAt starts a bot that serves its metrics at an address.
func botAt(t *testing.T, cluster, addr string, more ...argus.Option) *bot {
	t.Helper()
	return startBot(t, cluster, 2, map[string]string{"OTEL_METRICS_EXPORTER": "prometheus"}, append(more, argus.WithAddr(addr))...)
}

// scraping is the configuration of a Prometheus that scrapes an address each second.
func scraping(addr string) string {
	return fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nscrape_configs:\n- job_name: bots\n  static_configs: [{targets: [%q]}]\n", addr)
}

func quoted(list []string) string {
	texts := make([]string, len(list))
	for i, text := range list {
		texts[i] = strconv.Quote(text)
	}
	return strings.Join(texts, ", ")
}

// number is the only number of an answer.
func (f *fleetServer) number(expr string) (float64, error) {
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := f.ask("/api/v1/query?query="+url.QueryEscape(expr), &answer); err != nil {
		return 0, err
	}
	if n := len(answer.Data.Result); n != 1 {
		return 0, fmt.Errorf("%d series", n)
	}
	return strconv.ParseFloat(fmt.Sprint(answer.Data.Result[0].Value[1]), 64)
}

// answersDashboards has the fleet answer each query of the dashboards, as Grafana asks for it.
func (f *fleetServer) answersDashboards() {
	t := f.t.(*testing.T)
	t.Helper()
	queries, _ := boards(t)
	some := 0
	for _, q := range queries {
		form := url.Values{"query": {q.filled()}}
		path := "/api/v1/query"
		if !q.instant {
			path = "/api/v1/query_range"
			now := time.Now()
			form["start"], form["end"], form["step"] = []string{fmt.Sprint(now.Add(-time.Minute).Unix())}, []string{fmt.Sprint(now.Unix())}, []string{"5"}
		}
		var answer struct {
			Data struct{ Result []any }
		}
		if err := f.ask(path+"?"+form.Encode(), &answer); err != nil {
			t.Errorf("%s: %v", q.panel, err)
		}
		if len(answer.Data.Result) > 0 {
			some++
		}
	}
	t.Logf("%d of %d queries of the dashboards have an answer with data", some, len(queries))
	if some < len(queries)/3 {
		t.Errorf("%d of %d queries of the dashboards have data", some, len(queries))
	}
}

// events are those of the timeline, with their clusters.
func (f *fleetServer) events() string {
	var timeline struct {
		Events []struct{ Kind, Cluster string }
	}
	if err := f.ask("/api/fleet/v1/timeline", &timeline); err != nil {
		return err.Error()
	}
	return fmt.Sprint(timeline.Events)
}

// sources are what the overview says of where its data is from.
func (f *fleetServer) sources() string {
	var overview struct {
		Sources []struct{ Name, State, Error string }
	}
	if err := f.ask("/api/fleet/v1/overview", &overview); err != nil {
		return err.Error()
	}
	return fmt.Sprint(overview.Sources)
}

// TestFleetReads: a fleet that reads two Prometheus servers is that of the bots which these scrape. It tells a restart at the same address,
// a server that is away, and who evaluates the rules.
func TestFleetReads(t *testing.T) {
	t.Parallel()
	program := buildFleet(t)
	first, second := freeAddr(t), freeAddr(t)
	bot := botAt(t, "0", first)
	botAt(t, "1", second, argus.WithBot("moderation"))
	eu := startPrometheus(t, "eu", scraping(first))
	us := startPrometheus(t, "us", scraping(second))

	f := &fleetServer{addr: freeAddr(t), data: filepath.Join(t.TempDir(), "data"), views: "viewer-token-of-reader"}
	views := filepath.Join(t.TempDir(), "viewer")
	write(t, views, []byte(f.views+"\n"))
	f.process = launch(t, "fleet", program, nil, "--addr", f.addr, "--data", f.data, "--viewer-token-file", views, "--evaluation-interval", "2s",
		"--prometheus", "eu=http://"+eu.addr+",us=http://"+us.addr)
	f.ready()
	see := func(want string) {
		t.Helper()
		eventually(t, "the fleet sees: "+want, 2*time.Minute, func() (bool, string) { saw := f.clusters(); return saw == want, saw })
	}
	const both = "0 is up with 2 of 2 shards and 4 guilds. 1 is up with 2 of 2 shards and 4 guilds. "
	see(both)
	eventually(t, "a rule is evaluated here, over both", 2*time.Minute, func() (bool, string) {
		n, err := f.number("sum(cluster:discord_shard_up:sum)")
		return n == 4, fmt.Sprint(n, err)
	})
	// What the fleet computes of both is what each of them has.
	for _, expr := range []string{"sum(discord_guilds)", "count(discord_shard_up == 1)", "max(discord_bot_shards)", "count by (job) ({__name__=~\"discord_.*_info\"})"} {
		got, err := f.number(expr)
		want := 0.0
		for _, p := range []*promServer{eu, us} {
			for _, row := range p.queryAt(expr, time.Now()) {
				if strings.HasPrefix(expr, "max") {
					want = max(want, float64(row.Value))
				} else {
					want += float64(row.Value)
				}
			}
		}
		if err != nil || got != want || want == 0 {
			t.Errorf("%s is %v in the fleet and %v in the servers (%v)", expr, got, want, err)
		}
	}

	f.answersDashboards()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	bot.closeSessions()
	if err := bot.argus.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	botAt(t, "0", first)
	eventually(t, "the timeline has the restart", 2*time.Minute, func() (bool, string) {
		timeline := f.events()
		return strings.Contains(timeline, "restarted"), timeline
	})
	see(both)

	us.kill()
	eventually(t, "the fleet says which server is away", 2*time.Minute, func() (bool, string) {
		sources := f.sources()
		return strings.Contains(sources, "eu ok") && strings.Contains(sources, "us failed") && strings.Contains(sources, "connection refused"), sources
	})
	if timeline := f.events(); strings.Contains(timeline, "gone") {
		t.Errorf("somebody is lost: %s", timeline)
	}
	us.start()
	us.ready()
	see(both)

	// Both have the rules from now on.
	rules := quoted(shortRules(t, 1))
	for _, p := range []*promServer{eu, us} {
		p.kill()
		file := strings.TrimPrefix(p.args[0], "--config.file=")
		config, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, file, append(config, "rule_files: ["+rules+"]\n"...))
		p.start()
		p.ready()
	}
	eventually(t, "the alerts are taken from the servers", 2*time.Minute, func() (bool, string) {
		log := f.logged()
		return strings.Contains(log, "Prometheus evaluates the rules of Argus"), log
	})
}
