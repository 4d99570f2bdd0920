package documents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

var now = time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC)

// A fake answers queries that contain a text; others have no answer.
type fake map[string][]evidence.Series

func (f fake) Query(_ context.Context, expr string, _ time.Time) ([]evidence.Series, error) {
	var found []evidence.Series
	longest := 0
	for text, series := range f {
		if strings.Contains(expr, text) && len(text) > longest {
			found, longest = series, len(text)
		}
	}
	return found, nil
}

func (f fake) QueryRange(ctx context.Context, expr string, from, _ time.Time, _ time.Duration) ([]evidence.Series, error) {
	return f.Query(ctx, expr, from)
}

// row makes a series with labels and a number.
func row(number float64, labels ...string) evidence.Series {
	s := evidence.Series{Labels: evidence.Labels{"job": "music"}, Points: []evidence.Point{{At: now, Number: number}}}
	for i := 0; i < len(labels); i += 2 {
		s.Labels[labels[i]] = labels[i+1]
	}
	return s
}

// member is a place with one process, which has ended as said.
func member(region, cluster string, number int, by members.End) members.Member {
	i := members.Incarnation{Instance: "i" + cluster, Version: "v1", First: now.Add(-time.Hour), Last: now.Add(-time.Second), EndedBy: by, Interval: 15 * time.Second}
	if by != members.Here {
		i.Last = now.Add(-4 * time.Minute)
		i.Ended = i.Last
	}
	return members.Member{Place: members.Place{Job: "music", Region: region, Cluster: cluster}, Number: number, Incarnations: []members.Incarnation{i}}
}

func (f fake) overview(t *testing.T, reports map[evidence.Bot]findings.Report, list ...members.Member) *Overview {
	t.Helper()
	o, err := MakeOverview(t.Context(), Input{Querier: f, Members: list, Reports: reports, At: now}, Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(o)
	if err != nil || strings.Contains(string(text), "NaN") || strings.Contains(string(text), "Inf") {
		t.Fatalf("it cannot be written: %v", err)
	}
	return o
}

func of(o *Overview, cluster string) Cluster {
	i := slices.IndexFunc(o.Clusters, func(c Cluster) bool { return c.Cluster == cluster })
	if i < 0 {
		return Cluster{}
	}
	return o.Clusters[i]
}

const acks, guilds, up = "discord_interaction_acks_total{type", "discord_guilds", "discord_shard_up"

// TestGoneIsInNoSum: what a cluster that is gone reported last is shown, and in no sum;
// one that left is not missed at all.
func TestGoneIsInNoSum(t *testing.T) {
	f := fake{
		up:                                {row(1, "cluster", "0", "shard", "0"), row(1, "cluster", "0", "shard", "1")},
		"discord_bot_shards":              {row(4, "cluster", "0")},
		guilds:                            {row(100, "cluster", "0")},
		"last_over_time(discord_guilds":   {row(80, "cluster", "1")},
		"last_over_time(discord_shard_up": {row(2, "cluster", "1")},
		"60 * sum by (job, bot, region, cluster) (rate(discord_interaction_acks": {row(12, "cluster", "1")},
	}
	o := f.overview(t, nil, member("", "0", 1, members.Here), member("", "1", 2, members.Lost), member("", "2", 3, members.Goodbye))
	gone := of(o, "1")
	if gone.State != stateGone || *gone.Guilds != 80 || *gone.Shards.Total != 2 || gone.Shards.Up != nil || *gone.Failures != 12 || !gone.Since.Equal(now.Add(-4*time.Minute)) {
		t.Errorf("the one that is gone: %+v", gone)
	}
	if left := of(o, "2"); left.State != stateLeft || left.Guilds != nil {
		t.Errorf("the one that left: %+v", left)
	}
	if o.Totals.Shards.Up != 2 || *o.Totals.Guilds != 100 || *o.Totals.LeftOut != 80 || o.Totals.Clusters.Reporting != 1 || o.Totals.Clusters.Gone != 1 || *o.Totals.Clusters.Expected != 2 {
		t.Errorf("the totals are %+v", o.Totals)
	}
	if r := o.Regions; len(r) != 1 || r[0].Clusters != 2 || r[0].Reporting != 1 || r[0].ShardsUp != 2 || *r[0].Shards != 4 {
		t.Errorf("the regions are %+v", r)
	}
	if got := fmt.Sprint(o.Bots[0].Shards.Missing); got != "[[2 3]]" {
		t.Errorf("missing are %s", got)
	}
	if o.Clusters[0].Cluster != "1" || o.Clusters[2].Cluster != "2" {
		t.Errorf("worst first are %s, %s, %s", o.Clusters[0].Cluster, o.Clusters[1].Cluster, o.Clusters[2].Cluster)
	}
}

// TestIdle: a cluster that had no interaction has no quantile and no share; nothing of it is
// 0 or NaN.
func TestIdle(t *testing.T) {
	f := fake{
		up:                   {row(1, "cluster", "0", "shard", "0")},
		acks:                 {row(0, "cluster", "0")},
		"histogram_quantile": {row(math.NaN(), "cluster", "0")},
	}
	o := f.overview(t, nil, member("", "0", 1, members.Here))
	c := of(o, "0")
	if c.FailureRatio != nil || c.P95 != nil || c.Guilds != nil || c.Failures == nil || *c.Failures != 0 || o.Totals.Answered.InTime != nil || o.Totals.Guilds != nil {
		t.Errorf("%+v %+v", c, o.Totals)
	}
	if o.Bots[0].SessionStarts != nil || o.Bots[0].Restart != nil || o.Bots[0].Clock != nil || o.Bots[0].Shards.Total != nil {
		t.Errorf("%+v", o.Bots[0])
	}
}

// TestUnknown: a cluster whose shards nothing is known of is unknown, and not down.
func TestUnknown(t *testing.T) {
	if c := of(fake{}.overview(t, nil, member("", "0", 1, members.Here)), "0"); c.State != stateUnknown || c.Shards.Up != nil || c.Failures != nil {
		t.Errorf("%+v", c)
	}
}

// TestStates: the first state that applies counts, and the severity is that of the worst
// finding about the cluster.
func TestStates(t *testing.T) {
	bot := evidence.Bot{Job: "music"}
	about := func(id, severity, cluster string, under ...findings.Finding) findings.Finding {
		return findings.Finding{ID: id, Severity: severity, Affects: true, Subject: evidence.Labels{"job": "music", "cluster": cluster}, Since: now.Add(-time.Minute), Under: under}
	}
	f := fake{up: {
		row(1, "cluster", "late", "shard", "0"),
		row(0, "cluster", "down", "shard", "1"),
		row(1, "cluster", "twice", "shard", "2"), row(1, "cluster", "too", "shard", "2"), row(0, "cluster", "twice", "shard", "3"),
		row(1, "cluster", "up", "shard", "4"),
		row(1, "cluster", "up", "shard", "other"),
	}}
	o := f.overview(t, map[evidence.Bot]findings.Report{bot: {Processes: 5, Findings: []findings.Finding{
		about("DiscordShardDown", "warning", "down"),
		about("DiscordCommandFails", "warning", "late", about("DiscordAckBudgetBurnsFast", "critical", "late")),
	}}}, member("", "late", 1, members.Here), member("", "down", 2, members.Here), member("", "twice", 3, members.Here), member("", "too", 4, members.Here), member("", "up", 5, members.Here))
	for cluster, want := range map[string]string{"late": "late critical", "down": "down warning", "twice": "twice ", "too": "twice ", "up": "up "} {
		c := of(o, cluster)
		if got := c.State + " " + text(c.Severity); got != want {
			t.Errorf("%s: %q, want %q", cluster, got, want)
		}
	}
	if c := of(o, "up"); c.Shards.IDs != "4" || *c.Shards.Total != 1 {
		t.Errorf("shards above the limit count: %+v", c.Shards)
	}
	if twice := o.Bots[0].Shards.Twice; len(twice) != 1 || twice[0].Shard != "2" || fmt.Sprint(twice[0].Clusters) != "[too twice]" {
		t.Errorf("%+v", twice)
	}
	if o.Totals.Shards.Up != 3 {
		t.Errorf("%d shards are up, each once", o.Totals.Shards.Up)
	}
}

// TestRegionsAreApart: two clusters with one name in two regions are two.
func TestRegionsAreApart(t *testing.T) {
	f := fake{
		up:     {row(1, "cluster", "0", "region", "eu", "shard", "0"), row(0, "cluster", "0", "region", "us", "shard", "1")},
		guilds: {row(10, "cluster", "0", "region", "eu"), row(20, "cluster", "0", "region", "us")},
	}
	o := f.overview(t, nil, member("eu", "0", 1, members.Here), member("us", "0", 1, members.Here))
	if len(o.Clusters) != 2 || len(o.Regions) != 2 || o.Regions[0].ShardsUp != 1 || o.Regions[1].ShardsUp != 0 || *o.Totals.Guilds != 30 {
		t.Errorf("%+v %+v", o.Regions, o.Totals)
	}
}

// TestRestart: what a restart costs, from what Discord allows.
func TestRestart(t *testing.T) {
	p := picture{concurrent: map[bot]float64{{"music", ""}: 16}, remaining: map[bot]float64{{"music", ""}: 8412}}
	for shards, seconds := range map[int]float64{1600: 500, 1: 5, 16: 5, 17: 10} {
		if r := p.restart(bot{"music", ""}, shards); r.Identifies != shards || r.Seconds != seconds || *r.LeftAfter != 8412-float64(shards) {
			t.Errorf("%d shards: %+v", shards, r)
		}
	}
	if r := p.restart(bot{"mod", ""}, 1); r != nil {
		t.Errorf("without knowing what Discord allows: %+v", r)
	}
}

// TestExpected: the setting counts, whatever was seen.
func TestExpected(t *testing.T) {
	in := Input{Querier: fake{}, Members: []members.Member{member("", "0", 1, members.Here)}, At: now, Expect: func(job, _ string) (int, int, bool) { return 100, 1600, job == "music" }}
	o, err := MakeOverview(t.Context(), in, Wanted{})
	if err != nil || *o.Bots[0].Expected.Clusters != 100 || *o.Bots[0].Expected.Shards != 1600 || o.Bots[0].Expected.By != "setting" || *o.Totals.Clusters.Expected != 100 {
		t.Errorf("%+v, %v", o.Bots[0].Expected, err)
	}
	other := "mod"
	if o, err = MakeOverview(t.Context(), in, Wanted{Job: &other}); err != nil || len(o.Bots) != 1 || len(o.Clusters) != 0 || *o.Totals.Clusters.Expected != 0 {
		t.Errorf("of another bot: %+v, %v", o, err)
	}
}

// TestGrid: values lie on multiples of the step, and what is not known is nil.
func TestGrid(t *testing.T) {
	g := NewGrid(time.Hour, now.Add(7*time.Second))
	if g.Step != 15*time.Second || !g.to().Equal(now) || g.N != 241 {
		t.Errorf("%+v", g)
	}
	values := g.values(evidence.Series{Points: []evidence.Point{{At: g.From, Number: 1}, {At: now, Number: 2}, {At: now.Add(time.Hour), Number: 3}}})
	if len(values) != g.N || *values[0] != 1 || values[1] != nil || *values[g.N-1] != 2 {
		t.Errorf("%v", values)
	}
	if day := NewGrid(24*time.Hour, now); day.N > points+2 || day.Step != 6*time.Minute {
		t.Errorf("a day: %+v", day)
	}
}

func TestIDs(t *testing.T) {
	for want, list := range map[string][]int{"": nil, "3": {3}, "0-15": {15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, "1, 3-4, 9": {9, 4, 3, 1, 3}} {
		if got := ids(list); got != want {
			t.Errorf("%v: %q, want %q", list, got, want)
		}
	}
}

// failing fails.
type failing struct{ fake }

var errFailing = errors.New("failing")

func (f failing) Query(ctx context.Context, expr string, at time.Time) ([]evidence.Series, error) {
	if strings.Contains(expr, guilds) {
		return nil, errFailing
	}
	return f.fake.Query(ctx, expr, at)
}

// TestFailure: a query that fails is the document's error, and not the context that it
// canceled.
func TestFailure(t *testing.T) {
	_, err := MakeOverview(t.Context(), Input{Querier: failing{fake{}}, Members: []members.Member{member("", "0", 1, members.Here)}, At: now}, Wanted{})
	if !errors.Is(err, errFailing) {
		t.Errorf("%v", err)
	}
}
