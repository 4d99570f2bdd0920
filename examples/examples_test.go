// Package examples_test starts each example as a user does, against the fake Discord, reads what it serves or pushes, and
// ends it.
package examples_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The token is one that -demo has no use for, and must not show.
func demoEnvironment(env ...string) []string { return append(env, "DISCORD_TOKEN="+token) }

func TestPages(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		env     []string
		args    []string
		cluster string
		signal  os.Signal
		// more is what else there is to see, on the page and beside it.
		more func(t *testing.T, url string, page series)
	}{
		{
			name:    "basic",
			env:     []string{"ARGUS_PORT=" + freePorts(t, 1)[0]},
			cluster: "default",
			signal:  syscall.SIGTERM,
			more: func(t *testing.T, url string, page series) {
				t.Helper()
				if up, _ := page.sum("argus_subsystem_up", `subsystem="server"`); up != 1 {
					t.Error("the server does not say that it is up")
				}
				if status, body := get(t, strings.Replace(url, "/metrics", "/readyz", 1)); status != http.StatusOK {
					t.Errorf("/readyz answers %d %s", status, body)
				}
			},
		},
		{
			name:    "mux",
			env:     []string{"CLUSTER_ID=west"},
			args:    []string{"-addr", "127.0.0.1:0"},
			cluster: "west",
			signal:  os.Interrupt,
			more: func(t *testing.T, url string, page series) {
				t.Helper()
				for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "1 of 1 shards up\n", "/": "The bot's own web site.\n"} {
					if status, body := get(t, strings.Replace(url, "/metrics", path, 1)); status != http.StatusOK || body != want {
						t.Errorf("%s answers %d %q, want %q", path, status, body, want)
					}
				}
				if _, n := page.sum("argus_subsystem_up", `subsystem="server"`); n != 0 {
					t.Error("there is a server of Argus' own")
				}
			},
		},
		{
			name:    "existing-otel",
			args:    []string{"-addr", "127.0.0.1:0"},
			cluster: "eu-1",
			signal:  syscall.SIGTERM,
			more: func(t *testing.T, _ string, page series) {
				t.Helper()
				if _, n := page.sum("target_info", `service_name="pingbot"`); n != 1 {
					t.Error("the resource is not that of the bot's own set-up")
				}
				if _, n := page.sum("argus_subsystem_up"); n != 0 {
					t.Error("argus_subsystem_up is the facade's, which has no part in this")
				}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, demoEnvironment(test.env...), test.name, append(test.args, "-demo")...)
			url := p.url(t)
			var page series
			p.await(t, func() string {
				page = scrape(t, url)
				return page.missing(test.cluster, 0)
			})
			page.check(t, test.cluster, 0)
			test.more(t, url, page)
			p.stop(t, test.signal)
		})
	}
}

// Both that it needs neither facade nor exporters, and that it does not use them.
func TestExistingOTelImportsInstrumentAlone(t *testing.T) {
	t.Parallel()
	output, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "./existing-otel").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, output)
	}
	const module = "github.com/argus-dgo/argus"
	var ours []string
	for name := range strings.FieldsSeq(string(output)) {
		if rest, ok := strings.CutPrefix(name, module); ok && !strings.HasPrefix(rest, "/examples/internal/") {
			ours = append(ours, rest)
		}
	}
	if !slices.Equal(ours, []string{"/instrument"}) {
		t.Errorf("existing-otel imports %q of %s, want /instrument alone", ours, module)
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		how     string
		name    string
		env     func(addr string) []string
		args    func(addr string) []string
		cluster string
	}{
		{
			how:  "exporter in code, the rest by environment",
			name: "otlp",
			env: func(addr string) []string {
				return []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + addr, "OTEL_METRIC_EXPORT_INTERVAL=500", "CLUSTER_ID=west"}
			},
			cluster: "west",
		},
		{
			how:  "by environment alone",
			name: "basic",
			env: func(addr string) []string {
				return []string{
					"OTEL_METRICS_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://" + addr,
					"OTEL_METRIC_EXPORT_INTERVAL=500", "OTEL_RESOURCE_ATTRIBUTES=cluster=east",
				}
			},
			cluster: "east",
		},
		{
			how:     "in code alone",
			name:    "otlp/incode",
			args:    func(addr string) []string { return []string{"-endpoint", "http://" + addr, "-interval", "500ms"} },
			cluster: "eu-1",
		},
	} {
		t.Run(test.how, func(t *testing.T) {
			t.Parallel()
			c := newCollector(t)
			env, args := demoEnvironment(), []string{"-demo"}
			if test.env != nil {
				env = append(env, test.env(c.addr)...)
			}
			if test.args != nil {
				args = append(args, test.args(c.addr)...)
			}
			p := start(t, env, test.name, args...)
			var pushed series
			p.await(t, func() string {
				pushed = c.latest()
				return pushed.missing(test.cluster, 0)
			})
			pushed.check(t, test.cluster, 0)

			// The session is closed, and then the last push is made: it tells so.
			if n, _ := pushed.sum("discord_shard_disconnects_total"); n != 0 {
				t.Errorf("%v disconnects while the bot runs", n)
			}
			p.stop(t, syscall.SIGTERM)
			if n, _ := c.latest().sum("discord_shard_disconnects_total", `code="1000"`); n != 1 {
				t.Errorf("the last push tells of %v closed connections, want 1: was the session closed first, and is there a last push?", n)
			}
		})
	}
}

// Who each process is, and which port it has, follows from its number; or it is said.
func TestClustered(t *testing.T) {
	t.Parallel()
	type cluster struct {
		id     string
		env    []string
		port   string
		shards []int
	}
	first := freeRow(t, 3)
	byNumber := func(n int, shards ...int) cluster {
		return cluster{
			id: strconv.Itoa(n), shards: shards, port: strconv.Itoa(first + n),
			env: []string{"ARGUS_PORT_BASE=" + strconv.Itoa(first), "SHARDS_PER_CLUSTER=2", "SHARD_COUNT=5"},
		}
	}
	ports := freePorts(t, 2)
	for name, fleet := range map[string][]cluster{
		"by number": {byNumber(0, 0, 1), byNumber(1, 2, 3), byNumber(2, 4)},
		"said": {
			{"eu-1", []string{"ARGUS_PORT=" + ports[0], "SHARD_IDS=0,1", "SHARD_COUNT=5"}, ports[0], []int{0, 1}},
			{"eu-2", []string{"ARGUS_PORT=" + ports[1], "SHARD_IDS=2-3, 4", "SHARD_COUNT=5"}, ports[1], []int{2, 3, 4}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var running []*process
			for _, c := range fleet {
				running = append(running, start(t, demoEnvironment(append(c.env, "CLUSTER_ID="+c.id)...), "clustered", "-demo"))
			}
			for i, c := range fleet {
				p := running[i]
				url := p.url(t)
				if !strings.Contains(url, ":"+c.port+"/") {
					t.Errorf("cluster %s serves on %s, want port %s", c.id, url, c.port)
				}
				var page series
				p.await(t, func() string {
					page = scrape(t, url)
					return page.missing(c.id, c.shards...)
				})
				page.check(t, c.id, c.shards...) // and no other shards
				if total, _ := page.sum("discord_bot_shards"); total != 5 {
					t.Errorf("cluster %s: discord_bot_shards is %v, want 5", c.id, total)
				}
				// The fake refuses an identify that comes too early, with op 9: discordgo then identifies again.
				if again, n := page.sum("discord_shard_reconnects_total"); again != 0 || n == 0 {
					t.Errorf("cluster %s: %v reconnects in %d series, want none", c.id, again, n)
				}
			}
			for _, p := range running {
				p.stop(t, syscall.SIGTERM)
			}
		})
	}
}

// The same port twice: the second process says what to do, its bot runs, and its page comes when the first process has ended.
func TestClusteredOnOnePort(t *testing.T) {
	t.Parallel()
	port := freePorts(t, 1)[0]
	run := func(id string) *process {
		return start(t, demoEnvironment("ARGUS_PORT="+port, "CLUSTER_ID="+id, "SHARDS_PER_CLUSTER=1", "SHARD_COUNT=2"), "clustered", "-demo")
	}
	first := run("0")
	url := first.url(t)
	first.await(t, func() string { return scrape(t, url).missing("0", 0) })

	second := run("1")
	second.await(t, func() string {
		for _, want := range []string{
			"cannot listen on", "address already in use", "give each process of a host its own port with ARGUS_PORT or ARGUS_PORT_BASE", "all shards are connected",
		} {
			if !strings.Contains(second.text(), want) {
				return fmt.Sprintf("%q in the output of the second process", want)
			}
		}
		return ""
	})
	if page := scrape(t, url); page.missing("0", 0) != "" {
		t.Error("the page is not the first process' any more")
	}
	first.stop(t, syscall.SIGTERM)
	second.await(t, func() string { return scrape(t, url).missing("1", 1) })
	second.stop(t, syscall.SIGTERM)
}

// Sessions come after the start, and are replaced: the counters go on, and no shard is counted twice.
func TestShardManager(t *testing.T) {
	t.Parallel()
	p := start(t, demoEnvironment("ARGUS_PORT="+freePorts(t, 1)[0], "SHARD_COUNT=2"), "shard-manager", "-demo")
	url := p.url(t)
	var before, after series
	p.await(t, func() string {
		before = scrape(t, url)
		return before.missing("default", 0, 1)
	})
	before.check(t, "default", 0, 1)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.await(t, func() string {
		if strings.Count(p.text(), "all are connected") < 2 {
			return "word that all sessions were replaced"
		}
		after = scrape(t, url)
		return after.missing("default", 0, 1)
	})
	after.check(t, "default", 0, 1)
	if configured, _ := after.sum("discord_shards_configured"); configured != 2 {
		t.Errorf("%v shards are configured after the replacement, want 2", configured)
	}
	if n, _ := after.sum("discord_shard_disconnects_total", `initiator="client"`); n != 2 {
		t.Errorf("%v connections were closed by the bot, want 2", n)
	}
	had, _ := before.sum("discord_interactions_total")
	if has, _ := after.sum("discord_interactions_total"); has < had {
		t.Errorf("%v interactions, after %v before", has, had)
	}
	p.stop(t, syscall.SIGTERM)
}

// Ctrl-C while it waits to identify the next shard.
func TestClusteredStopsWhileConnecting(t *testing.T) {
	t.Parallel()
	p := start(t, demoEnvironment("CLUSTER_ID=a", "ARGUS_PORT="+freePorts(t, 1)[0], "SHARD_IDS=0,1,2,3,4,5,6,7", "SHARD_COUNT=8"), "clustered", "-demo")
	p.await(t, func() string {
		if !strings.Contains(p.text(), "shard 0 is connected") {
			return "first shard"
		}
		return ""
	})
	p.stop(t, os.Interrupt)
}

func TestWithoutToken(t *testing.T) {
	t.Parallel()
	for _, name := range mains {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, []string{"CLUSTER_ID=a", "SHARD_IDS=0", "SHARD_COUNT=1"}, name)
			p.end(t, stopWithin, 1)
			want := "DISCORD_TOKEN is not set: set it to your bot's token, or give the flag -demo, which needs none\n"
			if !strings.HasSuffix(p.text(), want) || strings.Count(p.text(), "\n") != 1 {
				t.Errorf("it says\n%s\nwant one line that ends in\n%s", p.text(), want)
			}
		})
	}
}

// With a token it is the real Discord that is asked for; here there is no way to it.
func TestDiscordOutOfReach(t *testing.T) {
	t.Parallel()
	for _, name := range mains {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := freePorts(t, 1)[0]
			p := start(t, []string{
				"DISCORD_TOKEN=Bot " + token, "ARGUS_PORT=" + port, "CLUSTER_ID=a", "SHARD_IDS=0", "SHARD_COUNT=1",
				"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_METRICS_EXPORTER=prometheus",
			}, name, reachable(name)...)
			if name == "clustered" { // it is not restarted, but tries again
				p.await(t, func() string {
					if !strings.Contains(p.text(), "trying again in 5s") {
						return "word that it tries again"
					}
					return ""
				})
				p.stop(t, syscall.SIGTERM)
			} else {
				p.end(t, stopWithin, 1)
			}
			if !strings.Contains(p.text(), "Discord") || !strings.Contains(p.text(), "discord.com") {
				t.Errorf("it does not say that Discord is out of reach:\n%s", p.text())
			}
		})
	}
}

// reachable are the flags that have an example start beside others.
func reachable(name string) []string {
	switch name {
	case "mux", "existing-otel":
		return []string{"-addr", "127.0.0.1:0"}
	case "otlp/incode":
		return []string{"-endpoint", "http://127.0.0.1:1"}
	}
	return nil
}

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		env  []string
		args []string
		want []string
	}{
		{"basic", []string{"ARGUS_PORT=abc"}, []string{"-demo"}, []string{`ARGUS_PORT="abc"`}},
		{"basic", nil, []string{"-demo", "now"}, []string{`unexpected argument "now"`}},
		{"mux", nil, []string{"-demo", "-addr", "here"}, []string{"the web server", "address here"}},
		{"otlp/incode", nil, []string{"-demo", "-interval", "0s"}, []string{"WithInterval"}},
		{"clustered", []string{"CLUSTER_ID=1"}, []string{"-demo"}, []string{"cluster 1", "SHARD_COUNT", "SHARDS_PER_CLUSTER"}},
		{"clustered", []string{"CLUSTER_ID=2", "SHARDS_PER_CLUSTER=2", "SHARD_COUNT=4"}, []string{"-demo"}, []string{"cluster 2", "no shard is left for it"}},
		{"shard-manager", []string{"CLUSTER_ID=a", "ARGUS_PORT_BASE=9191", "SHARD_COUNT=1"}, []string{"-demo"}, []string{"ARGUS_PORT_BASE=9191", `"a"`}},
		{
			"clustered",
			[]string{"CLUSTER_ID=a", "SHARD_IDS=0,x", "SHARD_COUNT=4"},
			[]string{"-demo"},
			[]string{`SHARD_IDS="0,x": "x" is no shard`},
		},
		{
			"clustered",
			[]string{"CLUSTER_ID= a", "SHARD_IDS=0", "SHARD_COUNT=4"},
			[]string{"-demo"},
			[]string{`invalid cluster id " a" from CLUSTER_ID`},
		},
	} {
		t.Run(strings.Join(append([]string{test.name}, append(test.env, test.args...)...), " "), func(t *testing.T) {
			t.Parallel()
			p := start(t, demoEnvironment(test.env...), test.name, test.args...)
			p.end(t, stopWithin, 1)
			for _, want := range test.want {
				if !strings.Contains(p.text(), want) {
					t.Errorf("the output has no %q:\n%s", want, p.text())
				}
			}
		})
	}
}
