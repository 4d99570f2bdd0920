package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/argus-dgo/argus/internal/evidence/promapi"
	"github.com/argus-dgo/argus/internal/findings"
)

// A play is one bot in one of the demo's scenarios, with a Prometheus of its own: what one play does is not in the panels of another.
type play struct {
	name   string
	actors []actor
	// direct does what the demo cannot do to itself: kill it. It is called once the Prometheus is there, and returns whether there
	// is more to do; then it is called again a moment later.
	direct func(p *play) (more bool)
	next   string // the program with another version of discordgo

	prom    *promServer
	targets int                 // that it scrapes
	rules   string              // the folder
	demos   map[string]*process // by actor
	began   time.Time
	alerts  map[string]promv1.Alert // what has fired, by labels, as it was when first seen
	step    int                     // of direct
	settled bool                    // direct has nothing more to do
	over    bool                    // it has ended

	restarted time.Time // when direct has last started one of them again
}

// An actor is one process of the demo.
type actor struct {
	name string
	args []string
	env  []string
	addr string
}

// demoOf are the arguments of a demo. Its own numbers are larger; what is proven does not depend on them.
func demoOf(scenario, rate string, more ...string) []string {
	return append([]string{"demo", "--scenario", scenario, "--guilds", "24", "--rate", rate}, more...)
}

const (
	// outOfReach is an address on the loopback interface that nobody listens on.
	outOfReach = "http://127.0.0.1:1"
	// Events a second.
	steady, busy = "60", "200"
)

// stage are all plays. Where nothing says otherwise a bot has four shards in two clusters, so that choosing one of them leaves the
// other out.
func stage() []*play {
	one := func(name string, args ...string) *play {
		return &play{name: name, actors: []actor{{name: name, args: args}}}
	}
	two := []string{"--processes", "2"}
	fleet := func(process string) []string { return demoOf("calm", steady, "--processes", "2", "--process", process) }
	return []*play{
		one("calm", demoOf("calm", steady, two...)...),
		one("storm", demoOf("storm", steady, two...)...),
		// A cluster has to have ten RESUMEs within the minute that stands for an hour.
		one("outage", demoOf("outage", steady, "--shards", "8")...),
		// A command has to fail ten times in 15 s.
		one("slow-handlers", demoOf("slow-handlers", busy)...),
		one("rate-limited", demoOf("rate-limited", steady, two...)...),
		// One shard after the other is silent for half a minute. Before that it has to have had events for two minutes: two hours for the rules.
		one("zombie", demoOf("zombie", busy, "--processes", "2", "--shards", "8")...),
		// The two have nothing to do with each other, nor do the two of clock-skew.
		one("identify-budget", demoOf("identify-budget,gateway-refused", steady, two...)...),
		one("fatal-close", demoOf("fatal-close", steady, two...)...),
		one("stuck-open", demoOf("stuck-open", steady, two...)...),
		one("clock-skew", demoOf("clock-skew,voice-refused", steady, two...)...),
		// More than 5,000 reactions have to be refused.
		one("runaway", demoOf("runaway", busy)...),
		one("raid", demoOf("raid", steady, two...)...),
		// A bot that is scraped, and whose pushes nobody takes.
		{name: "unpushed", actors: []actor{{name: "unpushed", args: demoOf("calm", steady, two...), env: []string{
			"OTEL_METRICS_EXPORTER=prometheus,otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=" + outOfReach, "OTEL_METRIC_EXPORT_INTERVAL=1000",
			"OTEL_TRACES_EXPORTER=otlp", "OTEL_BSP_MAX_QUEUE_SIZE=512",
		}}}},
		one("flapping", demoOf("flapping", steady, two...)...),
		one("global-limit", demoOf("global-limit", busy, two...)...),
		// A bot whose processes do not agree on the number of its shards.
		{name: "mixed-counts", actors: []actor{
			{name: "four", args: append(fleet("0"), "--cluster", "mixed")},
			{name: "eight", args: append(fleet("1"), "--cluster", "mixed", "--shards", "8")},
		}},
		// A bot whose process is killed, again and again, as soon as it has been scraped.
		{name: "crash-loop", direct: crash, actors: []actor{{name: "crashing", args: demoOf("calm", steady, "--shards", "1", "--cluster", "crashing")}}},
		// A bot of two processes of the system, one of which has a twin for a while.
		{name: "fleet", direct: killThem, actors: []actor{
			{name: "first", args: append(fleet("0"), "--cluster", "fleet")},
			{name: "second", args: append(fleet("1"), "--cluster", "fleet")},
			{name: "twin", args: append(fleet("1"), "--cluster", "twin")},
		}},
	}
}

// olderDiscordgo is not the version that go.mod requires, and the oldest that Argus is made for.
const olderDiscordgo = "v0.28.1"

// settledIn is there when Prometheus has known of the second process of the fleet for more than the minute after which a version is new,
// and of its new version for some seconds.
var settledIn = fmt.Sprintf(`count_over_time(discord_bot_info{cluster="fleet-1",discordgo_version=%q}[1m]) >= 10`+
	` and on (cluster) last_over_time(discord_bot_info{cluster="fleet-1"}[1h] offset 70s)`, olderDiscordgo)

// killThem is what happens to the fleet: the shards of the second process run twice; then both processes that have them are killed; one
// is started again, with another version of discordgo; and at last nobody is left.
func killThem(p *play) bool {
	fired := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return len(p.named(name)) == 0 })
	}
	switch p.step {
	case 0:
		if fired("DiscordShardOwnedTwice") {
			p.demos["second"].kill()
			p.demos["twin"].kill()
			p.step++
		}
	case 1:
		if fired("DiscordShardsMissing", "DiscordClusterGone", "ArgusScrapeFails") {
			p.demos["second"].path = p.next
			p.demos["second"].start()
			p.step++
		}
	case 2:
		if len(p.prom.query(`discord_shard_up{cluster="fleet-1"} == 1`)) == 2 && len(p.prom.query(settledIn)) == 1 {
			p.demos["first"].kill()
			p.demos["second"].kill()
			p.step++
		}
	}
	return p.step < 3
}

// crash kills the process when Prometheus has seen it, and starts it again, until the alert has told of it.
func crash(p *play) bool {
	demo := p.demos["crashing"]
	switch {
	case len(p.named("DiscordCrashLoop")) > 0:
		return false
	case demo.ended():
		demo.start()
		p.restarted = time.Now()
	case len(p.prom.query(fmt.Sprintf(`timestamp(discord_uptime_seconds) > %f`, seconds(p.restarted)))) == 1: // however old it is by then
		demo.kill()
	}
	return true
}

// perform starts the demos.
func (p *play) perform(t *testing.T, argus string) {
	t.Helper()
	p.demos, p.alerts = map[string]*process{}, map[string]promv1.Alert{}
	for n := range p.actors {
		a := &p.actors[n]
		// An address that stays when the process is started again; a free one for each cluster where there are several.
		a.addr = "127.0.0.1:0"
		if p.direct != nil {
			a.addr = freeAddr(t)
		}
		p.demos[a.name] = launch(t, "demo-"+p.name+"-"+a.name, argus, a.env, append(a.args, "--addr", a.addr)...)
	}
}

var metricsPage = regexp.MustCompile(`(?m)^  metrics +http://(\S+)/metrics `)

// watch starts the Prometheus that scrapes them, once all of their shards are up.
func (p *play) watch(t *testing.T) {
	t.Helper()
	var targets []string
	for _, a := range p.actors {
		demo := p.demos[a.name]
		eventually(t, a.name+" is up", 2*time.Minute, func() (bool, string) {
			if demo.ended() {
				t.Fatalf("%s has ended: %v\n%s", a.name, demo.err, demo.logged())
			}
			return strings.Contains(demo.logged(), "  ready: "), tail(demo.logged(), 3)
		})
		for _, m := range metricsPage.FindAllStringSubmatch(demo.logged(), -1) {
			targets = append(targets, strconv.Quote(m[1]))
		}
	}
	p.targets, p.rules = len(targets), t.TempDir()
	p.prom = startPrometheus(t, "prometheus-"+p.name, fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%s]\n"+
		"scrape_configs:\n  - job_name: bots\n    static_configs:\n      - targets: [%s]\n", filepath.Join(p.rules, "*.yml"), strings.Join(targets, ", ")))
}

// begin gives the Prometheus its rules, once it has reached all.
func (p *play) begin(t *testing.T, rules []string) {
	t.Helper()
	// It scrapes for the first time some 5 s after its start, whatever the interval: five minutes for the rules. So these come later.
	p.prom.waitValue("sum(up) or vector(0)", float64(p.targets), 2*time.Minute)
	for _, file := range rules {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(p.rules, filepath.Base(file)), text)
	}
	p.prom.signal(syscall.SIGHUP)
	eventually(t, p.prom.name+" has the rules", time.Minute, func() (bool, string) {
		loaded, err := p.prom.api.Rules(t.Context(), nil)
		return err == nil && len(loaded.Groups) > 0, fmt.Sprint(err)
	})
	p.began = time.Now()
}

// look notes which alerts fire, with their texts.
func (p *play) look(t *testing.T) {
	t.Helper()
	found, err := p.prom.api.Alerts(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", p.prom.name, err)
	}
	for _, a := range found.Alerts {
		if _, ok := p.alerts[a.Labels.String()]; !ok && a.State == promv1.AlertStateFiring {
			p.alerts[a.Labels.String()] = a
		}
	}
}

// named are those of one name that have fired.
func (p *play) named(name string) []promv1.Alert {
	var list []promv1.Alert
	for _, a := range p.alerts {
		if string(a.Labels["alertname"]) == name {
			list = append(list, a)
		}
	}
	return list
}

// fired are the alerts that have fired at any evaluation.
func (p *play) fired(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, series := range p.prom.history(`ALERTS{alertstate="firing"}`, p.began) {
		names = append(names, string(series.Metric["alertname"]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// gap is the longest time without a scrape that has reached all of the bot.
func (p *play) gap(t *testing.T) time.Duration {
	t.Helper()
	var longest time.Duration
	now := time.Now()
	for _, series := range p.prom.history("up", p.began) {
		last := p.began
		for _, v := range series.Values {
			if at := v.Timestamp.Time(); v.Value == 1 {
				longest, last = max(longest, at.Sub(last)), at
			}
		}
		longest = max(longest, now.Sub(last))
	}
	return longest
}

// end ends all of its processes.
func (p *play) end() {
	p.over = true
	p.prom.kill()
	for _, demo := range p.demos {
		demo.kill()
	}
}

// The rules are meant for hours, and a test has minutes. One factor shortens every time in them. Shares and rates do not change by it, nor
// does a number of samples, where the scrapes are shortened as well. In the plays what was one a minute, the least that the rules are made for,
// is one a second.
const faster = 60

// What is not shortened, and what is shortened though it is written as a number.
var (
	// Discord counts invalid requests over 10 min. A number of requests within that time is not to be had sooner, so the window stays.
	unscaled = "discord_rest_invalid_requests_total[10m]"
	// Numbers that are seconds of waiting.
	waits = "(discord_shard_lock_unavailable_seconds) > "
	wait  = 300
	// The counts that an alert asks for at least (AckFailuresAtLeast, CommandErrorsAtLeast, ResumesAtLeast) stay as well, and are
	// the harder to reach: ten in the minute that stands for an hour. So does SilentUsualChanges, a number of samples.

	// This alert counts heartbeats within a window, and the demo's come every four seconds and more: a tenth of Discord's 41.25.
	zombies      = "DiscordShardZombie"
	zombieFactor = 10

	window     = regexp.MustCompile(`\[\d+[smhd](?::\d+[smhd])?\]|\boffset (?:\d+[smhd])+\b`)
	aTime      = regexp.MustCompile(`(?:\d+[smhd])+`)
	keptWindow = "\x00"
)

// shortened is a time of PromQL divided by the factor.
func shortened(t testing.TB, text string, factor int) string {
	t.Helper()
	if text == "" {
		return ""
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	short := time.Duration(d) / time.Duration(factor)
	if short < time.Second || short%time.Second != 0 {
		t.Fatalf("%s divided by %d is %v: choose a time that is whole seconds then", text, factor, short)
	}
	return model.Duration(short).String()
}

// shortenedExpr is an expression with each of its windows and offsets divided.
func shortenedExpr(t testing.TB, expr string, factor int) string {
	t.Helper()
	expr = strings.ReplaceAll(expr, unscaled, keptWindow)
	expr = window.ReplaceAllStringFunc(expr, func(text string) string {
		return aTime.ReplaceAllStringFunc(text, func(d string) string { return shortened(t, d, factor) })
	})
	expr = strings.ReplaceAll(expr, waits+strconv.Itoa(wait), waits+strconv.Itoa(wait/factor))
	return strings.ReplaceAll(expr, keptWindow, unscaled)
}

// shortRules are the rule files with everything shortened by the factor.
func shortRules(t testing.TB, factor int) []string {
	t.Helper()
	records, alerts := plainRules(t)
	kept, replaced, dir := 0, 0, t.TempDir()
	var files []string
	for n, file := range []ruleFile{records, alerts} {
		for at := range file.Groups {
			g := &file.Groups[at]
			g.Every = shortened(t, g.Every, factor)
			for i := range g.Rules {
				r := &g.Rules[i]
				kept += strings.Count(r.Expr, unscaled)
				replaced += strings.Count(r.Expr, waits+strconv.Itoa(wait))
				factor := factor
				if r.Alert == zombies {
					factor = min(factor, zombieFactor)
				}
				r.Expr, r.For, r.Keep = shortenedExpr(t, r.Expr, factor), shortened(t, r.For, factor), shortened(t, r.Keep, factor)
			}
		}
		text, err := yaml.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("rules-%d.yml", n))
		write(t, path, text)
		files = append(files, path)
	}
	if kept != 1 || replaced != 1 {
		t.Errorf("%d windows are kept and %d numbers of seconds replaced: have the rules changed?", kept, replaced)
	}
	return files
}

// TestShortened: the factor changes times and nothing else.
func TestShortened(t *testing.T) {
	for expr, want := range map[string]string{
		`cluster:x:ratio_rate1h > 14.4 * 0.01`:              `cluster:x:ratio_rate1h > 14.4 * 0.01`,
		`rate(a_total{code="5m"}[5m]) offset 1d`:            `rate(a_total{code="5m"}[5s]) offset 24m`,
		`increase(b_total[6h])`:                             `increase(b_total[6m])`,
		`min_over_time(x:changes10m[1h] offset 23h30m)`:     `min_over_time(x:changes10m[1m] offset 23m30s)`,
		`changes(x[10m:1m])`:                                `changes(x[10s:1s])`,
		`increase(` + unscaled + `)`:                        `increase(` + unscaled + `)`,
		`max(discord_shard_lock_unavailable_seconds) > 300`: `max(discord_shard_lock_unavailable_seconds) > 5`,
	} {
		if got := shortenedExpr(t, expr, faster); got != want {
			t.Errorf("%s becomes %s, want %s", expr, got, want)
		}
	}
	// TestFleet has other factors.
	if got, want := shortenedExpr(t, `x offset 23h30m`, 20), `x offset 1h10m30s`; got != want {
		t.Errorf("divided by 20 it is %s, want %s", got, want)
	}
}

// examine asks the play's Prometheus what is wrong, as argus explain does.
func (p *play) examine(ctx context.Context) (findings.Report, error) {
	client, err := promapi.New(promapi.Config{URL: "http://" + p.prom.addr})
	if err != nil {
		return findings.Report{}, err
	}
	defer client.Close()
	return findings.Examine(ctx, client, time.Now())
}
