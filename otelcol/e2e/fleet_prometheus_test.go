package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/argus-dgo/argus/discordtest"
)

// An edit changes a Prometheus configuration.
type edit func(config map[string]any)

// deployConfig is a file of deploy/prometheus with the intervals of a test, without rules, and with what the edits put in place of the
// addresses there. All else stays as it is.
func deployConfig(t testing.TB, file string, edits ...edit) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(toolSet(t).Root(), "deploy", "prometheus", file))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.Unmarshal(raw, &config); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	config["global"] = map[string]any{"scrape_interval": fleetInterval.String(), "evaluation_interval": fleetInterval.String()}
	delete(config, "rule_files") // they are relative to the file
	for _, job := range config["scrape_configs"].([]any) {
		job.(map[string]any)["scrape_timeout"] = fleetInterval.String() // not longer than the interval
	}
	for _, e := range edits {
		e(config)
	}
	raw, err = yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// fleetInterval is the time between two scrapes of a bot, and between two evaluations of the rules.
const fleetInterval = 5 * time.Second

// discovery edits what a job has under this key: static_configs, file_sd_configs, dns_sd_configs. It is an error when no job has it.
func discovery(t testing.TB, key string, change func(sd map[string]any)) edit {
	t.Helper()
	return func(config map[string]any) {
		n := 0
		for _, job := range config["scrape_configs"].([]any) {
			list, _ := job.(map[string]any)[key].([]any)
			for _, sd := range list {
				change(sd.(map[string]any))
				n++
			}
		}
		if n == 0 {
			t.Fatalf("no job has %s", key)
		}
	}
}

// withRules has the alerts and recording rules of dashboards/rules evaluated, with everything as many times as fast.
func withRules(t testing.TB, speed int) edit {
	t.Helper()
	files := shortRules(t, speed)
	return func(config map[string]any) { config["rule_files"] = files }
}

// TestFleet: a hundred processes, each with its number in the environment and nothing else of its own, are found by Prometheus in each of
// the ways of deploy/prometheus, and everything that is asked of the fleet has the right answer: while it runs, when a process is killed,
// when all are restarted one after the other, and when one runs that should not.
func TestFleet(t *testing.T) {
	speed := 20
	if long {
		speed = 5
	}
	f := newFleet(t)
	f.startAll()

	targets := filepath.Join(t.TempDir(), "targets.json")
	f.writeTargets(targets, f.hosts())
	began := time.Now()
	p := startPrometheus(t, "file_sd", deployConfig(t, "file_sd.yml", withRules(t, speed),
		discovery(t, "file_sd_configs", func(sd map[string]any) { sd["files"] = []any{targets} })))
	f.check(t, p)
	drive := f.drive() // only now: Prometheus has seen all that the bots have counted
	t.Run("static", func(t *testing.T) {
		config := deployConfig(t, "static.yml", discovery(t, "static_configs", func(sd map[string]any) { sd["targets"] = f.addrs() }))
		f.check(t, startPrometheus(t, "static", config))
	})
	t.Run("DNS", func(t *testing.T) { f.in(t).checkDNS(t) })

	f.checkRate(p, drive)
	drive.end()
	p.waitValue("sum(discord_interactions_total)", float64(drive.total()), time.Minute)
	f.report(p, began)
	f.checkAnswered(t, drive)
	f.agrees(t, p)
	f.checkDocuments(t, p)
	t.Run("same series", func(t *testing.T) { f.in(t).sameSeries(t, p) })
	f.explains(t, p, 0, fmt.Sprintf("All is well in %d processes", clusters))

	t.Run("killed", func(t *testing.T) { f.in(t).checkKilled(t, p) })
	t.Run("rolling restart", func(t *testing.T) { f.in(t).checkRollingRestart(t, p, speed) })
	t.Run("started twice", func(t *testing.T) { f.in(t).checkTwice(t, p, targets, speed) })
	t.Run("failures", func(t *testing.T) { f.in(t).checkFailures(t, p) })
}

// writeTargets has "argus targets" write a file for file_sd. It takes ranges, such as 127.0.1.[1-100].
func (f *fleet) writeTargets(file string, hosts ...string) {
	f.t.Helper()
	if out, err := output(f.t, f.argus, nil, append([]string{"targets", "--out", file}, hosts...)...); err != nil {
		f.t.Fatalf("argus targets: %v\n%s", err, out)
	}
}

// check waits until Prometheus has found the fleet and has the right answer to each question about it.
func (f *fleet) check(t *testing.T, p *promServer) {
	t.Helper()
	took := eventually(t, p.name+" has the whole fleet", 2*time.Minute, func() (bool, string) {
		wrong := f.wrong(p)
		return wrong == "", wrong
	})
	t.Logf("%s: the whole fleet is there after %v", p.name, took.Round(100*time.Millisecond))
	if sets := p.series(time.Now().Add(-time.Hour), `{exported_cluster!=""}`); len(sets) > 0 {
		t.Errorf("%s: %d series have the label exported_cluster, such as %v", p.name, len(sets), sets[0])
	}
}

// wrong is the first thing that is not as it has to be, all of it at one moment.
func (f *fleet) wrong(p *promServer) string {
	at := time.Now()
	for _, q := range []struct {
		expr string
		want float64
	}{{"count(up)", clusters}, {"count(up == 1)", clusters}, {"count(discord_shard_up == 1)", fleetShards}} {
		if rows := p.queryAt(q.expr, at); len(rows) != 1 || float64(rows[0].Value) != q.want {
			return fmt.Sprintf("%s is %v, want %v", q.expr, rows, q.want)
		}
	}
	guilds := p.queryAt("sum by (cluster) (discord_guilds)", at)
	if len(guilds) != clusters {
		return fmt.Sprintf("%d clusters have guilds, want %d", len(guilds), clusters)
	}
	for _, row := range guilds {
		if n := number(row, "cluster"); int(row.Value) != n+1 {
			return fmt.Sprintf("the cluster %d has %v guilds, want %d", n, row.Value, n+1)
		}
	}
	owned := map[int]bool{}
	for _, row := range p.queryAt("discord_shard_up", at) {
		shard, c := number(row, "shard"), number(row, "cluster")
		if owned[shard] {
			return fmt.Sprintf("shard %d has two owners", shard)
		}
		owned[shard] = true
		if c != shard/shardsPerCluster || row.Value != 1 {
			return fmt.Sprintf("shard %d is %v in the cluster %d, want 1 in %d", shard, row.Value, c, shard/shardsPerCluster)
		}
	}
	for shard := range fleetShards {
		if !owned[shard] {
			return fmt.Sprintf("shard %d has no owner", shard)
		}
	}
	return ""
}

// explains waits until argus explain ends with this code and says this in its first lines, of the whole fleet by its Prometheus.
func (f *fleet) explains(t *testing.T, p *promServer, code int, says string) {
	t.Helper()
	var took time.Duration
	eventually(t, "argus explain says: "+says, explainPatience, func() (bool, string) {
		begin := time.Now()
		out, err := output(t, f.argus, nil, "explain", "--prometheus", "http://"+p.addr)
		took = time.Since(begin)
		got := 0
		if failure, is := errors.AsType[*exec.ExitError](err); is {
			got = failure.ExitCode()
		}
		return got == code && strings.Contains(out[:min(len(out), 1000)], says), fmt.Sprintf("%d: %s", got, out)
	})
	t.Logf("argus explain takes %v for %d clusters with %d shards each", took.Round(time.Millisecond), clusters, shardsPerCluster)
}

// number is a label that is a number, -1 if it is none.
func number(s *model.Sample, label model.LabelName) int {
	n, err := strconv.Atoi(string(s.Metric[label]))
	if err != nil {
		return -1
	}
	return n
}

// checkRate compares the rate of all interactions with what was sent. A hundred series are added up, of which each is known to within
// one interaction and one scrape at both ends of the window. Where a busy machine holds up the drive or the scrapes, a later window counts.
func (f *fleet) checkRate(p *promServer, d *drive) {
	f.t.Helper()
	const (
		expr      = "sum(rate(discord_interactions_total[1m]))"
		window    = time.Minute
		tolerance = 0.05
	)
	saw := ""
	eventually(f.t, "the rate is what was sent", 3*time.Minute, func() (bool, string) {
		at := time.Now()
		if at.Sub(d.began) < window+2*fleetInterval {
			return false, "the drive is younger than the window"
		}
		rows, sent := p.queryAt(expr, at), d.rate(window, at)
		if sent < perSecond/2 {
			return false, fmt.Sprintf("the machine has sent %.2f a second, of %d", sent, perSecond)
		}
		saw = fmt.Sprintf("%s is %v; %.2f a second were sent", expr, rows, sent)
		return len(rows) == 1 && math.Abs(float64(rows[0].Value)/sent-1) < tolerance, saw
	})
	f.t.Log(saw)
}

// report says what it costs.
func (f *fleet) report(p *promServer, since time.Time) {
	f.t.Helper()
	var took []float64
	for _, stream := range p.history("scrape_duration_seconds", since) {
		for _, s := range stream.Values {
			took = append(took, float64(s.Value))
		}
	}
	slices.Sort(took)
	quantile := func(q float64) time.Duration {
		return time.Duration(took[int(q*float64(len(took)-1))] * float64(time.Second)).Round(100 * time.Microsecond)
	}
	tsdb, err := p.api.TSDB(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	samples, _ := p.value("avg(scrape_samples_scraped)")
	peak, cpu := p.used()
	per := float64(cpu) / float64(time.Since(since)) // of a processor
	f.t.Logf("%d scrapes took %v in the median, %v at the 99th percentile, %v at most; a page has %.0f samples",
		len(took), quantile(0.5), quantile(0.99), quantile(1), samples)
	f.t.Logf("Prometheus has %d series, %d MiB of memory at most, and uses %.0f %% of a processor with a scrape of all and the rules each %v",
		tsdb.HeadStats.NumSeries, peak>>20, 100*per, fleetInterval)
	peak, cpu = f.used()
	f.t.Logf("the %d bots have %d MiB of memory at most, and have used %v of a processor so far", clusters, peak>>20, cpu.Round(time.Second))
}

// checkKilled: a process that is killed and started again is the same cluster, and nothing is counted twice or lost.
func (f *fleet) checkKilled(t *testing.T, p *promServer) {
	const victim = 42
	cluster := strconv.Itoa(victim)
	total := `sum by (cluster) (discord_interactions_total{cluster="` + cluster + `"})`
	counter := `discord_interactions_total{cluster="` + cluster + `",type="application_command",status="received"}`
	// What is looked at later begins with a sample from before the first interaction of this test.
	mark, began := time.Now(), time.Time{}
	eventually(t, "there is a sample of now", 20*time.Second, func() (bool, string) {
		v, ok := p.value("timestamp(" + counter + ")")
		began = time.UnixMilli(int64(1000 * v))
		return ok && began.After(mark), began.String()
	})
	had, _ := p.value(total)
	send := func(n int, want float64) {
		t.Helper()
		for i := range n {
			if _, _, err := f.discord.SendInteraction(t.Context(), victim*shardsPerCluster+i%shardsPerCluster,
				discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
				t.Fatal(err)
			}
		}
		p.waitValue(total, want, 30*time.Second)
	}
	send(30, had+30)
	f.bots[victim].kill()
	instance := `{instance="` + f.addr(victim) + `"}`
	p.waitValue("up"+instance, 0, 30*time.Second)
	f.start(victim)
	f.ready(victim)
	p.waitValue("up"+instance, 1, 30*time.Second)
	send(20, 20)
	if v, ok := p.value(`count by (cluster) (discord_shard_up` + instance + ` == 1)`); !ok || v != shardsPerCluster {
		t.Errorf("the process has %v shards (%v), want %d of one cluster", v, ok, shardsPerCluster)
	}
	if rows := p.query("group by (cluster) (argus_up" + instance + ")"); len(rows) != 1 || string(rows[0].Metric["cluster"]) != cluster {
		t.Errorf("its cluster is %v, want %s", rows, cluster)
	}
	before := began.Add(-100 * time.Millisecond)
	if v := grown(p.history(counter, before)); v != 50 {
		t.Errorf("the samples grow by %v over the kill, want 50", v)
	}
	// increase extrapolates to the ends of the window, by an interval at each at most.
	window := time.Since(before).Seconds()
	most := 50 * window / (window - 2*fleetInterval.Seconds())
	if v, ok := p.value(fmt.Sprintf("rate(%s[%dms]) * %f", counter, int(1000*window), window)); !ok || v < 49.9 || v > most {
		t.Errorf("rate makes it %v interactions over the kill, want 50 to %.0f", v, most)
	}
	f.check(t, p)
}

// checkRollingRestart: while all are restarted, no shard seems to have two owners; afterwards all is as before, and no alert is left.
func (f *fleet) checkRollingRestart(t *testing.T, p *promServer, speed int) {
	drive := f.drive()
	began := time.Now()
	f.restartAll()
	f.check(t, p)
	window := fmt.Sprintf("[%dms]", time.Since(began).Milliseconds())
	if rows := p.query(`count_over_time(ALERTS{alertname="DiscordShardOwnedTwice"}` + window + `)`); len(rows) > 0 {
		t.Errorf("a rolling restart makes shards look as if owned twice: %v", rows)
	}
	if v, ok := p.value("max(max_over_time(shard:discord_shard_up:sum" + window + "))"); !ok || v != 1 {
		t.Errorf("at most %v clusters had one shard up at a time, want 1", v)
	}
	for _, row := range p.query("count by (alertname, alertstate) (count_over_time(ALERTS" + window + "))") {
		t.Logf("during the restart: %v of %s %s", row.Value, row.Metric["alertname"], row.Metric["alertstate"])
	}
	// None stays longer for what is over than DiscordResumesFail, which looks at an hour.
	quiet := eventually(t, "no alert is left", time.Hour/time.Duration(speed)+time.Minute, func() (bool, string) {
		rows := p.query("ALERTS")
		return len(rows) == 0, fmt.Sprint(rows)
	})
	t.Logf("no alert is left %v after the restart", quiet.Round(time.Second))
	drive.end()
}

// explainPatience is how long argus explain may take to notice: it tells a shard that two
// processes have from a restart after 90 s.
const explainPatience = 3 * time.Minute

// checkTwice: a process that has a cluster's shards under another name is noticed.
func (f *fleet) checkTwice(t *testing.T, p *promServer, targets string, speed int) {
	const owner = 7
	first, last := owner*shardsPerCluster, (owner+1)*shardsPerCluster-1
	host := f.subnet + strconv.Itoa(clusters+1)
	stray := f.launch("stray", host, "ARGUS_CLUSTER_ID=stray", fmt.Sprintf("SHARD_IDS=%d-%d", first, last))
	stray.reachable("http://"+host+":"+metricsPort+"/readyz", nil)
	f.writeTargets(targets, f.hosts(), host)
	p.waitValue(`count(discord_shard_up{cluster="stray"} == 1)`, shardsPerCluster, 30*time.Second)

	alert := `ALERTS{alertname="DiscordShardOwnedTwice",alertstate="firing"}`
	took := p.waitValue("count("+alert+")", shardsPerCluster, 10*time.Minute/time.Duration(speed)+time.Minute)
	t.Logf("DiscordShardOwnedTwice fires after %v, %d times as fast as it is", took.Round(time.Second), speed)
	rows := p.query(alert)
	slices.SortFunc(rows, func(a, b *model.Sample) int { return cmp.Compare(number(a, "shard"), number(b, "shard")) })
	for n, row := range rows {
		if number(row, "shard") != first+n {
			t.Errorf("it fires for %v, want shard %d", row.Metric, first+n)
		}
	}
	f.explains(t, p, 2, "clusters at once")
	f.plane.checkTwice(t, first, last, strconv.Itoa(owner), "stray")
	stray.stop()
	f.writeTargets(targets, f.hosts())
	p.waitValue("count("+alert+") or vector(0)", 0, time.Minute)
}
