package doctor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/bottest"
	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/loopback"
)

// result is a target with one process.
func result(address string, p scrape.Process) scrape.Result {
	return scrape.Result{Address: address, Page: &scrape.Page{Processes: []scrape.Process{p}}}
}

func up(ids ...int) map[int]bool {
	shards := map[int]bool{}
	for _, id := range ids {
		shards[id] = true
	}
	return shards
}

func written(findings []finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s: %s → %s\n", f.State, f.Check, f.Text, f.Do)
	}
	return b.String()
}

func TestFleet(t *testing.T) {
	a := result("a:1", scrape.Process{Cluster: "a", Shards: up(0, 1), ShardCount: 4, Argus: "v1.0.0", Discordgo: "v0.29.0"})
	b := result("b:1", scrape.Process{Cluster: "b", Shards: up(2, 3), ShardCount: 4, Argus: "v1.0.0", Discordgo: "v0.29.0"})
	older := result("b:1", scrape.Process{Cluster: "b", Shards: up(2, 3), ShardCount: 4, Argus: "v0.9.0", Discordgo: "v0.28.1"})
	twin := result("c:1", scrape.Process{Cluster: "a", Shards: up(1, 2), ShardCount: 4, Argus: "v1.0.0", Discordgo: "v0.29.0"})
	eight := result("c:1", scrape.Process{Cluster: "c", Shards: up(7), ShardCount: 8, Argus: "v1.0.0", Discordgo: "v0.29.0"})
	down := result("b:1", scrape.Process{Cluster: "b", Shards: map[int]bool{2: false, 3: true}, ShardCount: 4, Argus: "v1.0.0", Discordgo: "v0.29.0"})
	starts := result("b:1", scrape.Process{Cluster: "b", Shards: up(2), Unopened: 1, ShardCount: 4, Argus: "v1.0.0", Discordgo: "v0.29.0"})
	worker := result("w:1", scrape.Process{Cluster: "w", Unopened: 4, Argus: "v1.0.0", Discordgo: "v0.29.0"})
	away := scrape.Result{Address: "d:1", Err: scrape.ErrNotAsked}
	locked := scrape.Result{Address: "e:1", Err: fmt.Errorf("e: %w", scrape.ErrNeedsToken)}
	for name, test := range map[string]struct {
		results []scrape.Result
		want    []string
		not     string
	}{
		"none":     {nil, []string{"skipped targets"}, "fail"},
		"whole":    {[]scrape.Result{a, b}, []string{"ok targets: 2 of 2 targets answered", "ok clusters: 2 cluster ids", "ok shards: 4 shards, all up, no duplicates", "ok versions: argus v1.0.0 and discordgo v0.29.0 in 2"}, "fail"},
		"older":    {[]scrape.Result{a, older}, []string{"warning versions: processes run different versions: argus v0.9.0 and discordgo v0.28.1 in 1 process, argus v1.0.0"}, "fail"},
		"twin":     {[]scrape.Result{a, b, twin}, []string{`fail clusters: cluster id "a" is used by a:1, c:1`, `fail shards: shard 1 runs in several processes: a:1 (cluster "a"), c:1 (cluster "a")`, "shard 2 runs in several processes"}, "shard 0 runs"},
		"missing":  {[]scrape.Result{b}, []string{"fail shards: no process runs shard 0-1 of 4 → "}, "they may run"},
		"away":     {[]scrape.Result{b, away}, []string{"fail targets: d:1: not queried: the time limit was reached → increase --timeout", "no process runs shard 0-1 of 4; they may run in the 1 target that did not answer"}, "ok targets"},
		"locked":   {[]scrape.Result{a, b, locked}, []string{"fail targets: e:1", "--token-file"}, "no process runs"},
		"all away": {[]scrape.Result{away}, []string{"fail targets", "skipped fleet: no target answered"}, "ok"},
		"eight":    {[]scrape.Result{a, b, eight}, []string{"fail shards: processes have different shard counts: 4 (2 processes, such as a:1), 8 (1 process, such as c:1)"}, "no process runs"},
		"starts":   {[]scrape.Result{a, starts}, []string{"warning shards: no process runs shard 3 of 4; 1 session has not been opened → normal just after a start"}, "fail"},
		"half":     {[]scrape.Result{starts}, []string{"fail shards: no process runs shard 0-1,3 of 4 → "}, "opened"},
		"worker":   {[]scrape.Result{b, worker}, []string{"fail shards: no process runs shard 0-1 of 4 → "}, "opened"},
		"workers":  {[]scrape.Result{worker}, []string{"skipped shards: no session has been opened, so there are no shards"}, "ok shards"},
		"down":     {[]scrape.Result{a, down}, []string{"warning shards: 1 shard down: 2"}, "fail"},
	} {
		t.Run(name, func(t *testing.T) {
			all := written((&doctor{}).fleet(test.results, nil))
			has(t, all, test.want...)
			hasNot(t, all, test.not)
		})
	}

	// A bot that is about to start under a name that runs already.
	d := &doctor{}
	d.config.ClusterID = "a"
	has(t, written(d.fleet([]scrape.Result{a, b}, nil)), `warning clusters: a:1 already uses the cluster id of this environment, "a"`)
	hasNot(t, written(d.fleet([]scrape.Result{a, b}, &a)), "warning")
	d.config.Disabled = true // it would be none
	hasNot(t, written(d.fleet([]scrape.Result{a, b}, nil)), "warning")

	var many []scrape.Result
	for i := range 500 {
		many = append(many, scrape.Result{Address: fmt.Sprintf("t-%d:1", i), Err: scrape.ErrNotAsked})
	}
	if told := (&doctor{}).fleet(many, nil); len(told) != mostFindings+2 || told[mostFindings].Text != "and 490 more like these" {
		t.Errorf("500 targets that are away make %d findings: %v", len(told), told[mostFindings])
	}
}

func TestBudget(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	has3 := func(remaining int, reset time.Time, count int) scrape.Result {
		return result("a:1", scrape.Process{ShardCount: count, Budget: &scrape.Budget{Remaining: remaining, Total: 1000, Reset: reset}})
	}
	soon, later := now.Add(time.Hour), now.Add(20*time.Hour)
	for name, test := range map[string]struct {
		results []scrape.Result
		state   state
		want    string
	}{
		"unread":       {[]scrape.Result{result("a:1", scrape.Process{ShardCount: 4})}, skipped, "ARGUS_SESSION_START_POLL"},
		"plenty":       {[]scrape.Result{has3(900, soon, 16)}, ok, "900 of 1000 session starts left until 2026-11-25 13:00 UTC: enough for 56 starts of all 16 shards (read by a:1; may be outdated unless ARGUS_SESSION_START_POLL is set there)"},
		"once":         {[]scrape.Result{has3(31, soon, 16)}, warning, "enough for 1 start of"},
		"short":        {[]scrape.Result{has3(15, soon, 16)}, failure, "enough for 0 starts of"},
		"the lower":    {[]scrape.Result{has3(900, soon, 16), has3(40, soon.Add(time.Second), 16), has3(800, soon, 16)}, ok, "40 of 1000 session starts left"},
		"the later":    {[]scrape.Result{has3(2, soon, 16), has3(800, later, 16), has3(1, soon, 16)}, ok, "800 of 1000 session starts left"},
		"over":         {[]scrape.Result{has3(2, now.Add(-time.Second), 16)}, skipped, ""},
		"of which bot": {[]scrape.Result{has3(2, soon, 0)}, skipped, "no process reports the shard count of the bot"},
	} {
		t.Run(name, func(t *testing.T) {
			f := budget(test.results, now)
			if f.State != test.state {
				t.Errorf("the state is %s, want %s", f.State, test.state)
			}
			has(t, f.Text, test.want)
		})
	}
}

func TestClocks(t *testing.T) {
	late := func(d time.Duration) scrape.Result {
		return result("a:1", scrape.Process{Late: &d})
	}
	clock := func(offset time.Duration) scrape.Result {
		r := result("a:1", scrape.Process{})
		r.Page.Clock, r.Page.Within = offset, 510*time.Millisecond
		return r
	}
	for name, test := range map[string]struct {
		result scrape.Result
		want   string
	}{
		"unknown":  {result("a:1", scrape.Process{}), "ok clocks"},
		"no page":  {scrape.Result{Err: scrape.ErrNotAsked}, "skipped clocks"},
		"right":    {late(80 * time.Millisecond), "ok clocks"},
		"behind":   {late(-700 * time.Millisecond), "fail clocks: at a:1 the minimum age of interactions is -0.7 s: its clock is behind Discord's"},
		"ahead":    {late(1200 * time.Millisecond), "fail clocks: at a:1 the minimum age of interactions is 1.2 s: its clock is ahead"},
		"near":     {clock(-time.Second), "ok clocks"},
		"far":      {clock(-2 * time.Second), "fail clocks: the clock of a:1 is 2.0 s behind this machine's, give or take 0.5 s"},
		"far away": {clock(time.Hour), "fail clocks: the clock of a:1 is 3600.0 s ahead of this machine's"},
	} {
		t.Run(name, func(t *testing.T) { has(t, written(clocks([]scrape.Result{test.result})), test.want) })
	}
}

// TestOwnClock compares with a Discord whose clock is right, wrong, or away.
func TestOwnClock(t *testing.T) {
	environment(t, loopback.AddrOf(t, "127.0.5.1"))
	ask := func(url string) string {
		d := newDoctor()
		d.discordURL = url
		return findings(t, d, "--discord")
	}
	const path = "/api/v10/gateway"
	has(t, ask(bottest.Discord(t).URL()+path), "ok clock: this machine's clock agrees with Discord's")
	has(t, ask(bottest.Discord(t, discordtest.WithClockOffset(-5*time.Second)).URL()+path), "fail clock: Discord's clock is ", "s behind this machine's", "NTP")
	has(t, ask("http://"+loopback.AddrOf(t, "127.0.5.2")), "warning clock: cannot query Discord: ")
	quiet := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil }))
	defer quiet.Close()
	has(t, ask(quiet.URL), "warning clock: Discord's response has no valid Date header")

	d := newDoctor()
	d.kernel = func() (bool, error) { return false, os.ErrPermission }
	has(t, findings(t, d), "skipped clock: cannot tell whether the kernel clock is synchronised: permission denied")
	hasNot(t, findings(t, newDoctor()), "cannot query Discord") // without the flag nobody is
	if _, err := kernelClock(); (err == nil) != (runtime.GOOS == "linux") {
		t.Errorf("kernelClock: %v", err)
	}
}

// TestShiftedClock: a real process whose clock is behind Discord's says so itself.
func TestShiftedClock(t *testing.T) {
	discord := bottest.Discord(t, discordtest.WithClockOffset(3*time.Second))
	bot := bottest.Start(t, discord, "127.0.5.3:0", "a", []int{0}, 1)
	bot.Open(t, discord)
	if _, _, err := discord.SendInteraction(t.Context(), 0, discordtest.ApplicationCommand, discord.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	environment(t, bot.Addr(), "CLUSTER_ID=a")
	deadline := time.Now().Add(90 * time.Second)
	for {
		all := findings(t, newDoctor(), bot.Addr())
		if strings.Contains(all, "its clock is behind Discord's") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is not told:\n%s", all)
		}
	}
}

// TestSeveral keeps what it was given.
func TestSeveral(t *testing.T) {
	given := slices.Repeat([]finding{{"a", failure, "x", "y"}}, mostFindings+1)
	_ = several("a", given)
	if given[mostFindings].Text != "x" {
		t.Error("it has written over what it was given")
	}
}

// bot is a target with one process of a bot.
func bot(address, job, name, cluster string, count int, ids ...int) scrape.Result {
	return result(address, scrape.Process{
		Service: job, Bot: name, Cluster: cluster, Shards: up(ids...), ShardCount: count, Argus: "v1.0.0", Discordgo: "v0.29.0", Instance: address,
	})
}

// TestFleetOfBots: what is said of one bot says nothing of another, whether the job or the bot tells them apart, and whatever the clusters are called.
func TestFleetOfBots(t *testing.T) {
	relabelled := func(r scrape.Result, labels ...string) scrape.Result {
		r.Labels = map[string]string{}
		for i := 0; i < len(labels); i += 2 {
			r.Labels[labels[i]] = labels[i+1]
		}
		return r
	}
	older := bot("o:1", "mod", "", "o", 2, 1)
	older.Page.Processes[0].Argus = "v0.9.0"
	both := bot("ab:1", "bots", "music", "default", 1, 0) // two Arguses on one page
	both.Page.Processes = append(both.Page.Processes, bot("ab:1", "bots", "mod", "default", 2, 0, 1).Page.Processes...)
	for name, test := range map[string]struct {
		results []scrape.Result
		want    []string
		not     []string
	}{
		"by job": {
			[]scrape.Result{bot("a:1", "music", "", "music", 1, 0), bot("b:1", "mod", "", "mod", 2, 0, 1)},
			[]string{`ok shards: job "mod": 2 shards, all up, no duplicates`, `ok shards: job "music": 1 shard, all up, no duplicates`, `ok clusters: job "mod": 1 cluster id`},
			[]string{"fail", "warning"},
		},
		"by bot": {
			[]scrape.Result{bot("a:1", "discord-bot", "music", "music", 1, 0), bot("b:1", "discord-bot", "mod", "mod", 2, 0, 1)},
			[]string{`ok shards: bot "mod" in job "discord-bot": 2 shards`, `ok shards: bot "music" in job "discord-bot": 1 shard`},
			[]string{"fail", "warning"},
		},
		"one has a name": {
			[]scrape.Result{bot("a:1", "discord-bot", "", "a", 1, 0), bot("b:1", "discord-bot", "mod", "b", 2, 0, 1)},
			[]string{`ok shards: job "discord-bot": 1 shard`, `ok shards: bot "mod" in job`},
			[]string{"fail"},
		},
		"by the target's job": {
			[]scrape.Result{
				relabelled(bot("a:1", "discord-bot", "", "default", 1, 0), "job", "music"),
				relabelled(bot("b:1", "discord-bot", "", "default", 2, 0, 1), "job", "mod"),
			},
			[]string{`ok shards: job "mod": 2 shards`, `ok clusters: job "music": 1 cluster id`},
			[]string{"fail", "warning"},
		},
		"by the target's bot": {
			[]scrape.Result{
				relabelled(bot("a:1", "discord-bot", "", "default", 1, 0), "bot", "music"),
				relabelled(bot("b:1", "discord-bot", "", "default", 2, 0, 1), "bot", "mod"),
			},
			[]string{`ok shards: bot "mod" in job "discord-bot": 2 shards`},
			[]string{"fail", "warning"},
		},
		"clusters of one name": {
			[]scrape.Result{bot("a:1", "music", "", "default", 1, 0), bot("b:1", "mod", "", "default", 2, 0, 1)},
			[]string{`ok clusters: job "mod": 1 cluster id`, `ok clusters: job "music": 1 cluster id`},
			[]string{"fail", "warning"},
		},
		"on one page": {[]scrape.Result{both}, []string{`bot "mod" in job "bots": 2 shards`, `bot "music" in job "bots": 1 shard`}, []string{"fail"}},
		"one is broken": {
			[]scrape.Result{bot("a:1", "music", "", "a", 1, 0), bot("b:1", "mod", "", "b", 4, 0, 1), bot("c:1", "mod", "", "b", 4, 1, 2)},
			[]string{`fail clusters: job "mod": cluster id "b" is used by b:1, c:1`, `fail shards: job "mod": shard 1 runs in several processes`, `fail shards: job "mod": no process runs shard 3 of 4`, `ok shards: job "music": 1 shard, all up, no duplicates`},
			[]string{"shard 0 runs"},
		},
		"mixed counts": {
			[]scrape.Result{
				bot("a:1", "big", "", "0", 16, 0, 1, 2, 3, 4, 5, 6, 7), bot("b:1", "big", "", "1", 16, 8, 9, 10, 11, 12, 13, 14, 15),
				bot("c:1", "big", "", "2", 32, 16, 17, 18, 19, 20, 21, 22, 23), bot("d:1", "big", "", "3", 32, 24, 25, 26, 27, 28, 29, 30, 31),
				bot("m:1", "music", "", "0", 1, 0),
			},
			[]string{`fail shards: job "big": processes have different shard counts: 16 (2 processes, such as a:1), 32 (2 processes, such as c:1)`, `ok shards: job "music"`},
			[]string{"runs in several processes"},
		},
		"not distinguished": {
			[]scrape.Result{bot("a:1", "discord-bot", "", "music", 1, 0), bot("b:1", "discord-bot", "", "mod", 2, 0, 1)},
			[]string{"fail shards: processes have different shard counts", "if these are different bots, set ARGUS_BOT for each"},
			[]string{`job "discord-bot"`},
		},
		"of other versions": {
			[]scrape.Result{bot("a:1", "music", "", "a", 1, 0), bot("b:1", "mod", "", "b", 2, 0), older},
			[]string{`warning versions: job "mod": processes run different versions`, `ok versions: job "music"`},
			[]string{"fail"},
		},
		"a cluster in two regions": {
			func() []scrape.Result {
				eu, us := bot("a:1", "music", "", "0", 2, 0), bot("b:1", "music", "", "0", 2, 1)
				eu.Page.Processes[0].Region, us.Page.Processes[0].Region = "eu", "us"
				return []scrape.Result{eu, us}
			}(),
			[]string{"ok clusters: 2 cluster ids, no duplicates", "ok shards: 2 shards"},
			[]string{"fail"},
		},
		"target labels that are the bots'": {
			[]scrape.Result{relabelled(bot("a:1", "music", "jukebox", "0", 1, 0), "cluster", "prod", "bot", "music", "region", "eu")},
			[]string{
				`fail labels: a:1 has the target label cluster="prod", which overrides the process's own cluster="0" in Prometheus (renamed to exported_cluster)`,
				`fail labels: a:1 has the target label bot="music"`,
			},
			[]string{"label region"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := written((&doctor{}).fleet(test.results, nil))
			has(t, all, test.want...)
			hasNot(t, all, test.not...)
		})
	}
}

// TestBudgetsOfBots: every bot has a budget of its own.
func TestBudgetsOfBots(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	with := func(r scrape.Result, remaining int) scrape.Result {
		r.Page.Processes[0].Budget = &scrape.Budget{Remaining: remaining, Total: 1000, Reset: now.Add(time.Hour)}
		return r
	}
	small, large := with(bot("a:1", "music", "", "0", 1, 0), 5), with(bot("b:1", "mod", "", "0", 16, 0), 900)
	all := written(budgets([]scrape.Result{small, large, bot("c:1", "third", "", "0", 1, 0)}, now))
	has(t, all, `ok identifies: job "music": 5 of 1000 session starts`, "enough for 5 starts of all 1 shard (read by a:1;",
		`ok identifies: job "mod": 900 of 1000`, "enough for 56 starts of all 16 shards (read by b:1;", `skipped identifies: job "third": no process has read`)
	has(t, written(budgets([]scrape.Result{with(bot("a:1", "music", "", "0", 16, 0), 5), large}, now)),
		`fail identifies: job "music"`, `ok identifies: job "mod"`)
	has(t, written(budgets([]scrape.Result{{Err: scrape.ErrNotAsked}}, now)), "skipped identifies: no process has read")
	if !isTarget(&small, []scrape.Result{large, small}) || isTarget(&small, []scrape.Result{large, {Err: scrape.ErrNotAsked}}) {
		t.Error("it does not know the bot beside among the targets")
	}
}

// TestTaken: a bot that is about to start takes no other bot's cluster for its own.
func TestTaken(t *testing.T) {
	fleet := []scrape.Result{bot("a:1", "music", "", "default", 1, 0), bot("b:1", "discord-bot", "mod", "default", 2, 0, 1)}
	for name, test := range map[string]struct {
		service, bot string
		want         string
	}{
		"the first":       {"music", "", "a:1 already uses"},
		"the second":      {"discord-bot", "mod", "b:1 already uses"},
		"another job":     {"jukebox", "", ""},
		"another bot":     {"discord-bot", "news", ""},
		"job not known":   {"", "mod", "b:1 already uses"},
		"without its bot": {"discord-bot", "", ""},
	} {
		d := &doctor{service: test.service}
		d.config.ClusterID, d.config.Bot = "default", test.bot
		all := written(d.fleet(fleet, nil))
		if strings.Contains(all, "already uses the cluster id of this environment") != (test.want != "") || !strings.Contains(all, test.want) {
			t.Errorf("%s: want %q in\n%s", name, test.want, all)
		}
	}
}

// TestRealBots asks two healthy bots of real sessions, distinguished only by their service name, and then by their bot alone.
func TestRealBots(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	environment(t, loopback.AddrOf(t, "127.0.5.10"))
	for name, of := range map[string]func(bot string) argus.Option{"job": argus.WithServiceName, "bot": argus.WithBot} {
		t.Run(name, func(t *testing.T) {
			var addresses []string
			for i, who := range []struct {
				name   string
				shards []int
			}{{"music", []int{0}}, {"mod", []int{0, 1}}} {
				discord := bottest.Discord(t, discordtest.WithShards(len(who.shards)))
				b := bottest.Start(t, discord, fmt.Sprintf("127.0.5.%d:0", 11+i), "default", who.shards, len(who.shards), of(who.name), argus.WithRegion("eu"))
				b.Open(t, discord)
				eventuallyReady(t, b)
				addresses = append(addresses, b.Addr())
			}
			all := findings(t, newDoctor(), addresses...)
			hasNot(t, all, "fail", "runs in several processes", "differ")
			has(t, all, `"mod"`, ": 2 shards, all up, no duplicates", `"music"`, ": 1 shard, all up, no duplicates")
		})
	}
}

// TestLabelsOfTargets: the file with the targets says which job they are of, and what it must not say is told.
func TestLabelsOfTargets(t *testing.T) {
	environment(t, loopback.AddrOf(t, "127.0.5.20"))
	discord := bottest.Discord(t)
	music := bottest.Start(t, discord, "127.0.5.21:0", "default", []int{0}, 1, argus.WithBot("x"))
	mod := bottest.Start(t, discord, "127.0.5.22:0", "default", []int{0, 1}, 2, argus.WithBot("x"))
	a, b := music.Addr(), mod.Addr()
	list := func(labels ...string) string {
		return fmt.Sprintf(`[{"targets": [%q], "labels": {%s}}, {"targets": [%q], "labels": {%s}}]`, a, labels[0], b, labels[1])
	}
	targets := file(t, "jobs.json", list(`"job": "music"`, `"job": "mod", "env": "prod"`))
	all := findings(t, newDoctor(), "--targets", targets)
	has(t, all, `warning shards: bot "x" in job "mod": no process runs shard 0-1 of 2; 2 sessions have not been opened`)
	hasNot(t, all, "fail", "all up, no duplicates")
	music.Dial(t, discord)
	mod.Dial(t, discord)
	all = findings(t, newDoctor(), "--targets", targets)
	has(t, all, `bot "x" in job "mod": 2 shards down`, `bot "x" in job "music": 1 shard down`)
	hasNot(t, all, "runs in several processes", "differ", "fail labels", "is used by")
	all = findings(t, newDoctor(), "--targets", file(t, "clusters.json", list(`"cluster": "eu"`, `"bot": "y"`)))
	has(t, all, "fail labels: "+a+` has the target label cluster="eu"`, "fail labels: "+b+` has the target label bot="y"`)
}

func eventuallyReady(t *testing.T, b *bottest.Bot) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for up, configured := b.ShardsUp(); up < configured; up, configured = b.ShardsUp() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatal("its shards are not up")
		}
	}
}
