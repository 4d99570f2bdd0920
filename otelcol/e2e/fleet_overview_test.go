package e2e

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/discordtest"
)

// pushes is the environment of a bot that is scraped and pushes to an argus-fleet as well, as often as it is scraped.
func (f *fleetServer) pushes() []string {
	return []string{
		"OTEL_METRICS_EXPORTER=otlp,prometheus", "OTEL_EXPORTER_OTLP_ENDPOINT=http://" + f.grpc,
		"OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20" + f.ingest,
		"OTEL_METRIC_EXPORT_INTERVAL=" + strconv.FormatInt(fleetInterval.Milliseconds(), 10),
	}
}

// An overview is the document of an argus-fleet, as far as it has figures.
type overview struct {
	At   time.Time
	Bots []struct {
		Expected struct{ Clusters, Shards *float64 }
		Clusters struct{ Reporting, Gone, Left float64 }
		Shards   struct {
			Total    *float64
			Up, Down float64
			Missing  [][]int
			Twice    []struct {
				Shard    string
				Clusters []string
			}
		}
		Counts   []struct{ Shards, N float64 } `json:"shard_counts"`
		Versions []struct {
			Clusters, Shards float64
			Answers          *float64 `json:"answers_per_second"`
			FailureRatio     *float64 `json:"failure_ratio"`
		}
		Libraries []struct{ Clusters float64 } `json:"library_versions"`
		Clock     *struct{ Min, Max float64 }  `json:"clock_offset_seconds"`
		Starts    *struct {
			Remaining, Limit *float64
			ResetsAt         *time.Time `json:"resets_at"`
			Concurrency      *float64   `json:"max_concurrency"`
		} `json:"session_starts"`
		Restart *struct {
			Identifies, Seconds float64
			LeftAfter           *float64 `json:"left_after"`
		}
	}
	Totals struct {
		Clusters struct {
			Reporting, Gone float64
			Expected        *float64
		}
		Shards struct {
			Up       float64
			Expected *float64
		}
		Answered struct {
			InTime   *float64 `json:"in_time_ratio"`
			Rate     *float64 `json:"per_second"`
			Failures *float64 `json:"failures_per_minute"`
		}
		Guilds  *float64
		LeftOut *float64 `json:"guilds_left_out"`
	}
	Regions []struct {
		Region              *string
		Clusters, Reporting float64
		ShardsUp            float64 `json:"shards_up"`
		Shards              *float64
		FailureRatio        *float64 `json:"failure_ratio"`
	}
	Clusters []overviewCluster
	Alerts   struct{ Firing float64 }
}

type overviewCluster struct {
	Cluster, State string
	Number         int
	Shards         struct {
		Up, Total *float64
		IDs       string
	}
	Failures     *float64 `json:"failures_per_minute"`
	FailureRatio *float64 `json:"failure_ratio"`
	P95          *float64 `json:"answer_p95_seconds"`
	RateLimits   *float64 `json:"rate_limits_per_minute"`
	Guilds       *float64
	Started      *time.Time `json:"started_at"`
}

func (f *fleetServer) overview() (o overview, err error) {
	err = f.ask("/api/fleet/v1/overview", &o)
	return o, err
}

// The rates of interactions that somebody waits for, and of those that were not answered in time, as docs/METRICS.md has them.
const (
	answers  = `rate(discord_interaction_acks_total{type=~"application_command|message_component|modal_submit"}[5m])`
	failures = `rate(discord_interaction_acks_total{type=~"application_command|message_component|modal_submit",outcome=~"late|missed|rejected"}[5m])`
)

// How far a figure may be from what Prometheus makes of its samples. Scrapes and pushes are not made at one time: of a rate, each end of the
// window lies up to an interval apart, which matters less for all clusters together than for one with its few interactions.
const (
	exact   = 0
	ofAll   = 0.05
	ofOne   = 0.15
	oneTime = 2 * fleetInterval // between a scrape and a push of the same process
)

// A figure is a number of the overview, and the expression that gives it.
type figure struct {
	name      string
	got       *float64
	expr      string
	tolerance float64 // relative
}

// figures are those of all clusters together.
func (o overview) figures() []figure {
	b, t := o.Bots[0], o.Totals
	const (
		up    = `count(up == 1)`
		total = `max(discord_bot_shards)`
		owned = `count(max by (shard) (discord_shard_up) == 1)`
		seen  = `count(group by (shard) (discord_shard_up))`
		left  = `min(discord_gateway_session_start_remaining)`
		at    = `min(discord_gateway_session_start_max_concurrency)`
	)
	list := []figure{
		{"totals.clusters.reporting", &t.Clusters.Reporting, up, exact},
		{"totals.clusters.expected", t.Clusters.Expected, up, exact},
		{"totals.clusters.gone", &t.Clusters.Gone, `count(up == 0) or vector(0)`, exact},
		{"totals.shards.up", &t.Shards.Up, owned, exact},
		{"totals.shards.expected", t.Shards.Expected, total, exact},
		{"totals.guilds", t.Guilds, `sum(discord_guilds)`, exact},
		{"totals.guilds_left_out", t.LeftOut, `vector(0)`, exact},
		{"totals.answered.per_second", t.Answered.Rate, "sum(" + answers + ")", ofAll},
		{"totals.answered.failures_per_minute", t.Answered.Failures, "60 * sum(" + failures + ")", ofOne},
		{"totals.answered.in_time_ratio", t.Answered.InTime, "1 - sum(" + failures + ") / sum(" + answers + ")", ofAll},
		{"bot.clusters.reporting", &b.Clusters.Reporting, up, exact},
		{"bot.clusters.gone", &b.Clusters.Gone, `count(up == 0) or vector(0)`, exact},
		{"bot.expected.clusters", b.Expected.Clusters, up, exact},
		{"bot.expected.shards", b.Expected.Shards, total, exact},
		{"bot.shards.total", b.Shards.Total, total, exact},
		{"bot.shards.up", &b.Shards.Up, owned, exact},
		{"bot.shards.down", &b.Shards.Down, `count(max by (shard) (discord_shard_up) == 0) or vector(0)`, exact},
		{"bot.shard_counts.shards", &b.Counts[0].Shards, total, exact},
		{"bot.shard_counts.n", &b.Counts[0].N, `count(discord_bot_shards)`, exact},
		{"bot.versions.clusters", &b.Versions[0].Clusters, `count(discord_bot_info)`, exact},
		{"bot.versions.shards", &b.Versions[0].Shards, `count(discord_shard_up)`, exact},
		{"bot.versions.answers_per_second", b.Versions[0].Answers, "sum(" + answers + ")", ofAll},
		{"bot.versions.failure_ratio", b.Versions[0].FailureRatio, "sum(" + failures + ") / sum(" + answers + ")", ofOne},
		{"bot.library_versions.clusters", &b.Libraries[0].Clusters, `count(discord_bot_info)`, exact},
		{"bot.session_starts.remaining", b.Starts.Remaining, left, exact},
		{"bot.session_starts.limit", b.Starts.Limit, `max(discord_gateway_session_start_limit)`, exact},
		{"bot.session_starts.max_concurrency", b.Starts.Concurrency, at, exact},
		{"bot.restart.identifies", &b.Restart.Identifies, seen, exact},
		{"bot.restart.seconds", &b.Restart.Seconds, "5 * ceil(" + seen + " / " + at + ")", exact},
		{"bot.restart.left_after", b.Restart.LeftAfter, left + " - " + seen, exact},
		{"region.clusters", &o.Regions[0].Clusters, up, exact},
		{"region.reporting", &o.Regions[0].Reporting, up, exact},
		{"region.shards_up", &o.Regions[0].ShardsUp, `count(discord_shard_up == 1)`, exact},
		{"region.shards", o.Regions[0].Shards, `count(discord_shard_up)`, exact},
		{"region.failure_ratio", o.Regions[0].FailureRatio, "sum(" + failures + ") / sum(" + answers + ")", ofOne},
	}
	if b.Clock != nil {
		list = append(list, figure{"bot.clock_offset.min", &b.Clock.Min, `min(discord_clock_offset_seconds)`, exact},
			figure{"bot.clock_offset.max", &b.Clock.Max, `max(discord_clock_offset_seconds)`, exact})
	}
	return list
}

// columns are those of the table of clusters, by an expression that gives all rows.
var columns = []struct {
	name      string
	of        func(overviewCluster) *float64
	expr      string
	tolerance float64
}{
	{"shards.up", func(c overviewCluster) *float64 { return c.Shards.Up }, `count by (cluster) (discord_shard_up == 1)`, exact},
	{"shards.total", func(c overviewCluster) *float64 { return c.Shards.Total }, `count by (cluster) (discord_shard_up)`, exact},
	{"guilds", func(c overviewCluster) *float64 { return c.Guilds }, `sum by (cluster) (discord_guilds)`, exact},
	{"failures_per_minute", func(c overviewCluster) *float64 { return c.Failures }, "60 * sum by (cluster) (" + failures + ")", ofOne},
	{"failure_ratio", func(c overviewCluster) *float64 { return c.FailureRatio }, "sum by (cluster) (" + failures + ") / (sum by (cluster) (" + answers + ") > 0)", ofOne},
	{"rate_limits_per_minute", func(c overviewCluster) *float64 { return c.RateLimits }, `60 * sum by (cluster) (rate(discord_ratelimits_total[5m]))`, ofOne},
}

// agrees waits until each figure of the overview is what PromQL makes of it from what was scraped. Figures that move only with traffic are
// compared when there is none.
func (f *fleet) agrees(t *testing.T, p *promServer) {
	t.Helper()
	var o overview
	took := eventually(t, "the overview agrees with Prometheus", time.Minute, func() (bool, string) {
		var err error
		if o, err = f.plane.overview(); err != nil {
			return false, err.Error()
		}
		wrong := f.differs(p, o)
		return wrong == "", wrong
	})
	t.Logf("the overview agrees with Prometheus after %v: %d figures, and %d of each of %d clusters", took.Round(100*time.Millisecond),
		len(o.figures()), len(columns)+3, len(o.Clusters))
}

// differs is the first figure that is not as it has to be.
func (f *fleet) differs(p *promServer, o overview) string {
	if len(o.Clusters) < clusters || len(o.Bots) != 1 || len(o.Regions) != 1 || len(o.Bots[0].Versions) != 1 || len(o.Bots[0].Libraries) != 1 ||
		len(o.Bots[0].Counts) != 1 || o.Bots[0].Starts == nil || o.Bots[0].Restart == nil {
		return fmt.Sprintf("it has %d clusters, and the bots %+v", len(o.Clusters), o.Bots)
	}
	// What Discord knows.
	if up, guilds := o.Totals.Shards.Up, o.Totals.Guilds; int(up) != fleetShards || guilds == nil || int(*guilds) != len(f.discord.Guilds()) {
		return fmt.Sprintf("there are %v shards and %v guilds, want %d and %d", up, show(guilds), fleetShards, len(f.discord.Guilds()))
	}
	if n := len(f.discord.Conns()); n != fleetShards {
		return fmt.Sprintf("Discord has %d sessions, want %d", n, fleetShards)
	}
	if twice, missing := o.Bots[0].Shards.Twice, o.Bots[0].Shards.Missing; len(twice) != 0 || len(missing) != 0 {
		return fmt.Sprintf("the shards %v are there twice, and %v are missing", twice, missing)
	}
	if at := o.Bots[0].Starts.ResetsAt; at != nil {
		reset := float64(at.Unix())
		if wrong := (figure{"bot.session_starts.resets_at", &reset, "floor(max(discord_gateway_session_start_reset_timestamp_seconds))", exact}).differs(
			p.queryAt("floor(max(discord_gateway_session_start_reset_timestamp_seconds))", o.At)); wrong != "" {
			return wrong
		}
	}
	for _, one := range o.figures() {
		if wrong := one.differs(p.queryAt(one.expr, o.At)); wrong != "" {
			return wrong
		}
	}
	return o.clustersDiffer(p)
}

// clustersDiffer is the first figure of a cluster that is not as it has to be.
func (o overview) clustersDiffer(p *promServer) string {
	for _, column := range columns {
		rows := byCluster(p.queryAt(column.expr, o.At))
		for _, c := range o.Clusters {
			if c.State == "left" {
				continue
			}
			if wrong := (figure{c.Cluster + ": " + column.name, column.of(c), column.expr, column.tolerance}).differs(rows[c.Cluster]); wrong != "" {
				return wrong
			}
		}
	}
	// A quantile jumps between buckets. Of the interactions in the window, a seventh at most is in one of the two windows alone.
	const quantile = `histogram_quantile(%v, sum by (cluster, le) (rate(discord_interaction_ack_duration_seconds_bucket[5m])))`
	least, most := byCluster(p.queryAt(fmt.Sprintf(quantile, 0.8), o.At)), byCluster(p.queryAt(fmt.Sprintf(quantile, 1), o.At))
	began := byCluster(p.queryAt(`min by (cluster) (timestamp(discord_uptime_seconds) - discord_uptime_seconds)`, o.At))
	for _, c := range o.Clusters {
		if c.State == "left" {
			continue
		}
		switch from, to := least[c.Cluster], most[c.Cluster]; {
		case len(from) == 1 && math.IsNaN(float64(from[0].Value)) && c.P95 == nil:
		case len(from) != 1 || c.P95 == nil || *c.P95 < float64(from[0].Value) || *c.P95 > float64(to[0].Value):
			return fmt.Sprintf("%s: answer_p95_seconds is %v, and the quantiles about it are %v and %v", c.Cluster, show(c.P95), from, to)
		}
		// Uptime is as old as the sample that has it.
		if rows := began[c.Cluster]; len(rows) != 1 || c.Started == nil || math.Abs(seconds(*c.Started)-float64(rows[0].Value)) > oneTime.Seconds() {
			return fmt.Sprintf("%s: started_at is %v, want %v", c.Cluster, c.Started, rows)
		}
		if n, err := strconv.Atoi(c.Cluster); err == nil && c.Shards.IDs != fmt.Sprintf("%d-%d", n*shardsPerCluster, (n+1)*shardsPerCluster-1) {
			return fmt.Sprintf("%s: shards.ids are %s", c.Cluster, c.Shards.IDs)
		}
	}
	return ""
}

// differs says how a figure differs from the answer of Prometheus. What is unknown there is unknown here.
func (f figure) differs(rows model.Vector) string {
	var want *float64
	if len(rows) == 1 && !math.IsNaN(float64(rows[0].Value)) {
		v := float64(rows[0].Value)
		want = &v
	}
	if len(rows) < 2 && (f.got == nil) == (want == nil) && (want == nil || math.Abs(*f.got-*want) <= f.tolerance*math.Abs(*want)) {
		return ""
	}
	return fmt.Sprintf("%s is %v, and %s is %v", f.name, show(f.got), f.expr, rows)
}

func show(v *float64) string {
	if v == nil {
		return "null"
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

func byCluster(rows model.Vector) map[string]model.Vector {
	of := map[string]model.Vector{}
	for _, row := range rows {
		of[string(row.Metric["cluster"])] = append(of[string(row.Metric["cluster"])], row)
	}
	return of
}

// checkDocuments compares the page of one cluster, and the table of members, with what was scraped.
func (f *fleet) checkDocuments(t *testing.T, p *promServer) {
	t.Helper()
	const cluster = 42
	eventually(t, "the page of a cluster agrees with Prometheus", time.Minute, func() (bool, string) {
		var page struct {
			At     time.Time
			Shards []struct {
				Shard, State      string
				Up                bool
				Since             time.Time
				Latency           float64 `json:"latency_seconds"`
				HeartbeatInterval float64 `json:"heartbeat_interval_seconds"`
			}
		}
		if err := f.plane.ask(fmt.Sprintf("/api/fleet/v1/cluster?job=discord-bot&cluster=%d", cluster), &page); err != nil {
			return false, err.Error()
		}
		if len(page.Shards) != shardsPerCluster {
			return false, fmt.Sprintf("%d shards", len(page.Shards))
		}
		for n, s := range page.Shards {
			own := fmt.Sprintf(`{cluster="%d",shard=%q}`, cluster, s.Shard)
			if s.Shard != strconv.Itoa(cluster*shardsPerCluster+n) || !s.Up || len(p.queryAt(fmt.Sprintf(`discord_shard_state{cluster="%d",shard=%q,state=%q} == 1`, cluster, s.Shard, s.State), page.At)) != 1 {
				return false, fmt.Sprintf("%+v", s)
			}
			since := float64(s.Since.UnixMilli()) / 1000
			for expr, got := range map[string]*float64{
				"round(discord_shard_state_change_timestamp_seconds" + own + ", 0.001)": &since,
				"discord_shard_heartbeat_interval_seconds" + own:                        &s.HeartbeatInterval,
			} {
				if wrong := (figure{s.Shard, got, expr, 1e-12}).differs(p.queryAt(expr, page.At)); wrong != "" {
					return false, wrong
				}
			}
			// It changes with each heartbeat, which is seen by two scrapes.
			scraped := p.history("discord_shard_latency_seconds"+own, page.At.Add(-time.Minute))
			if len(scraped) != 1 || !slices.ContainsFunc(scraped[0].Values, func(v model.SamplePair) bool { return float64(v.Value) == s.Latency }) {
				return false, fmt.Sprintf("the latency of shard %s is %v, and was %v", s.Shard, s.Latency, scraped)
			}
		}
		return true, ""
	})
	var table struct {
		Members []struct {
			Cluster, State string
			Interval       float64 `json:"interval_seconds"`
			Refused        *int    `json:"refused_points"`
		}
	}
	if err := f.plane.ask("/api/fleet/v1/members", &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Members) != clusters {
		t.Errorf("there are %d members", len(table.Members))
	}
	for _, m := range table.Members {
		if m.State != "reporting" && m.State != "late" || m.Refused == nil || *m.Refused != 0 || math.Abs(m.Interval-fleetInterval.Seconds()) > 1 {
			t.Errorf("%+v", m)
		}
	}
}

// checkAnswered compares the rate of the overview, when nothing is sent any more, with what was sent.
func (f *fleet) checkAnswered(t *testing.T, d *drive) {
	t.Helper()
	eventually(t, "the overview has the rate of what was sent", time.Minute, func() (bool, string) {
		o, err := f.plane.overview()
		if err != nil || o.Totals.Answered.Rate == nil {
			return false, fmt.Sprint(err)
		}
		got, want := *o.Totals.Answered.Rate, d.rate(5*time.Minute, o.At)
		return math.Abs(got/want-1) < ofAll, fmt.Sprintf("it is %.2f a second, and %.2f were sent", got, want)
	})
}

// sameSeries compares all series of all pages, as Prometheus has scraped them, with what was pushed. Those that do not change any more have
// equal values. Of counters that go on, such as heartbeats, each value that was pushed lies between what was scraped before and after it.
func (f *fleet) sameSeries(t *testing.T, p *promServer) {
	const total = "sum(discord_interactions_total)"
	want, _ := p.value(total)
	eventually(t, "the fleet has the last interaction", time.Minute, func() (bool, string) {
		rows, err := f.plane.samplesOf(total + "[1s:1s]")
		return err == nil && len(rows) == 1 && float64(rows[0].Values[0].Value) == want, fmt.Sprint(rows, err, want)
	})
	rested := time.Now()
	eventually(t, "both have samples from after that", time.Minute, func() (bool, string) {
		const oldest = "min(timestamp(argus_up))"
		scraped, _ := p.value(oldest)
		pushed, err := f.plane.samplesOf(oldest + "[1s:1s]")
		return scraped > seconds(rested) && len(pushed) == 1 && float64(pushed[0].Values[0].Value) > seconds(rested), fmt.Sprint(scraped, pushed, err)
	})
	var equal, counting, moving int
	for n := range clusters {
		const window = 6 * fleetInterval
		scraped := bySeries(p.history(fmt.Sprintf(`{cluster="%d",__name__!~"%s"}`, n, notPushed), time.Now().Add(-window)))
		rows, err := f.plane.samplesOf(fmt.Sprintf(`{cluster="%d",__name__!~"%s"}[%v]`, n, notPushed, window))
		if err != nil {
			t.Fatal(err)
		}
		pushed := bySeries(rows)
		for name, a := range scraped {
			b, there := pushed[name]
			delete(pushed, name)
			switch {
			case !there:
				t.Errorf("on the page of cluster %d and not in the fleet: %s", n, name)
			case same(last(a), last(b)):
				equal++
			case !changes(a) && !changes(b) && !ofTheProcess(name):
				t.Errorf("on the page of cluster %d %s is %v, and in the fleet %v", n, name, last(a), last(b))
			case isCounter(name):
				counting++
				if v, low, high := outside(a, b); low != high {
					t.Errorf("in the fleet %s of cluster %d was %v when it was from %v to %v on the page", name, n, v, low, high)
				}
			default:
				moving++
			}
			if t.Failed() {
				return
			}
		}
		for name := range pushed {
			t.Fatalf("in the fleet and not on the page of cluster %d: %s", n, name)
		}
	}
	t.Logf("%d series are equal; %d counters and %d gauges go on", equal, counting, moving)
	if all := equal + counting + moving; all < clusters*500 || equal < all*3/4 {
		t.Errorf("only %d of %d series have been compared at rest", equal, all)
	}
}

// notPushed matches what is made of samples, and what the pages say of scrapes.
const notPushed = ".*:.*|ALERTS.*|target_info|promhttp_.*"

// samplesOf are samples of the fleet, by an expression that gives a range.
func (f *fleetServer) samplesOf(expr string) (model.Matrix, error) {
	var answer struct{ Data struct{ Result model.Matrix } }
	err := f.query(expr, &answer)
	return answer.Data.Result, err
}

// bySeries are samples by name and labels, without the instance: there it is the address, here the incarnation.
func bySeries(m model.Matrix) map[string][]model.SamplePair {
	of := make(map[string][]model.SamplePair, len(m))
	for _, s := range m {
		delete(s.Metric, model.InstanceLabel)
		of[s.Metric.String()] = s.Values
	}
	return of
}

func last(s []model.SamplePair) float64 { return float64(s[len(s)-1].Value) }

// same compares values of one series on two ways: the sum of a histogram is made in another order on each.
func same(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*math.Abs(a)
}

func changes(s []model.SamplePair) bool {
	return slices.ContainsFunc(s, func(one model.SamplePair) bool { return one.Value != s[0].Value })
}

// ofTheProcess are gauges that a scrape itself changes, such as the number of goroutines.
func ofTheProcess(series string) bool {
	return !isCounter(series) && (strings.HasPrefix(series, "go_") || strings.HasPrefix(series, "process_"))
}

func isCounter(series string) bool {
	name, _, _ := strings.Cut(series, "{")
	return slices.ContainsFunc([]string{"_total", "_count", "_sum", "_bucket"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// outside is the first value that was pushed and is not between what was scraped an interval before and after it: a sample has the time at
// which its collection began.
func outside(scraped, pushed []model.SamplePair) (v, low, high float64) {
	for _, one := range pushed {
		low, high = math.Inf(-1), math.Inf(1)
		for _, s := range scraped {
			switch away := s.Timestamp.Sub(one.Timestamp); {
			case away <= -fleetInterval:
				low = float64(s.Value)
			case away >= fleetInterval && math.IsInf(high, 1):
				high = float64(s.Value)
			}
		}
		if v = float64(one.Value); (v < low || v > high) && !same(v, low) && !same(v, high) {
			return v, low, high
		}
	}
	return 0, 0, 0
}

// checkFailures: interactions of one cluster that nobody can answer any more are in the overview, and put it first.
func (f *fleet) checkFailures(t *testing.T, p *promServer) {
	const victim, n = 13, 40
	for i := range n {
		if _, _, err := f.discord.SendInteraction(t.Context(), victim*shardsPerCluster+i%shardsPerCluster, discordtest.ApplicationCommand,
			time.Now().Add(-5*time.Second), "ping"); err != nil {
			t.Fatal(err)
		}
	}
	cluster := strconv.Itoa(victim)
	eventually(t, "the cluster that fails is the first", time.Minute, func() (bool, string) {
		o, err := f.plane.overview()
		if err != nil || len(o.Clusters) == 0 {
			return false, fmt.Sprint(err)
		}
		first := o.Clusters[0]
		return first.Cluster == cluster && first.Failures != nil && *first.Failures > n/5*0.9, fmt.Sprintf("%+v", first)
	})
	f.agrees(t, p)
}

// checkTwice: the overview names each shard that two clusters have, with both.
func (f *fleetServer) checkTwice(t *testing.T, first, last int, owners ...string) {
	t.Helper()
	eventually(t, "the overview says which shards two clusters have", time.Minute, func() (bool, string) {
		o, err := f.overview()
		if err != nil || len(o.Bots) != 1 || len(o.Bots[0].Shards.Twice) != last-first+1 {
			return false, fmt.Sprintf("%+v %v", o.Bots, err)
		}
		for n, twice := range o.Bots[0].Shards.Twice {
			if twice.Shard != strconv.Itoa(first+n) || !slices.Equal(twice.Clusters, owners) {
				return false, fmt.Sprintf("%+v", twice)
			}
		}
		return o.Totals.Shards.Up == fleetShards, fmt.Sprintf("%v shards are up", o.Totals.Shards.Up)
	})
}
