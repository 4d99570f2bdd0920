package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// server makes an engine a source.
type server struct {
	*Engine
	asked *[]string // nil remembers nothing
}

func (s server) Query(ctx context.Context, expr string, at time.Time) ([]evidence.Series, error) {
	if s.asked != nil {
		*s.asked = append(*s.asked, expr)
	}
	return s.Engine.Query(ctx, expr, at)
}

func (server) LabelNames(context.Context, time.Time, time.Time, string) ([]string, error) {
	return []string{"cluster", "job"}, nil
}

func (server) LabelValues(context.Context, string, time.Time, time.Time, string) ([]string, error) {
	return nil, nil
}

func (s server) Series(ctx context.Context, _, to time.Time, selector string) ([]evidence.Labels, error) {
	series, err := s.Engine.Query(ctx, selector, to)
	list := make([]evidence.Labels, len(series))
	for i, one := range series {
		list[i] = one.Labels
	}
	return list, err
}

func source(region string, e *Engine) Source {
	return Source{Region: region, Server: server{Engine: e}, Away: func() bool { return false }, Failed: func(error) {}}
}

// A world is the same fleet in one engine, and divided among the sources of another.
type world struct {
	whole, divided *Engine
	at             time.Time
	shipped        map[string]string
}

// minutes is how much the world has of the past.
const minutes = 40

// newWorld makes a bot with two clusters in each region.
func newWorld(t *testing.T, regions ...string) world {
	t.Helper()
	files, err := rules.Files()
	if err != nil {
		t.Fatal(err)
	}
	shipped := map[string]string{}
	for name, text := range files {
		if base, is := strings.CutPrefix(name, "dashboards/rules/prometheus/"); is {
			shipped[base] = text
		}
	}
	now := time.Now().Truncate(time.Minute)
	never := func(o *Options) {
		o.Every, o.Rules = 24*time.Hour, shipped
		o.Now = func() time.Time { return now }
	}
	w := world{whole: open(t, t.TempDir(), never), at: now, shipped: shipped}
	var sources []Source
	for n, region := range regions {
		one := open(t, t.TempDir(), never)
		for cluster := range 2 {
			samples := history(now, 2*n+cluster, len(regions)*2)
			write(t, one, samples)
			for i := range samples {
				samples[i].Labels = maps.Clone(samples[i].Labels)
				samples[i].Labels["region"] = region
			}
			write(t, w.whole, samples)
		}
		sources = append(sources, source(region, one))
	}
	w.divided = open(t, t.TempDir(), never, func(o *Options) { o.Sources = sources })
	if err := w.divided.Rule(true); err != nil {
		t.Fatal(err)
	}
	return w
}

func write(t *testing.T, e *Engine, samples []Sample) {
	t.Helper()
	if err := e.Write(t.Context(), samples...); err != nil {
		t.Fatal(err)
	}
}

// history is what a cluster reported: every instrument of the catalog, with numbers that
// differ by cluster and shard and of which some are unhealthy.
func history(now time.Time, cluster, clusters int) []Sample {
	var list []Sample
	for minute := range minutes {
		at := now.Add(time.Duration(minute+1-minutes) * time.Minute)
		add := func(name string, number float64, names ...string) {
			l := evidence.Labels{"job": "music", "instance": fmt.Sprint("i", cluster), "cluster": fmt.Sprint(cluster)}
			for i := 0; i < len(names); i += 2 {
				l[names[i]] = names[i+1]
			}
			list = append(list, Sample{Name: name, Labels: l, At: at, Number: number})
		}
		list = append(list, Sample{
			Name: "up", Labels: evidence.Labels{"job": "music", "instance": fmt.Sprint("i", cluster)}, At: at, Number: float64((cluster + 1) % 2),
		})
		for _, i := range catalog.All() {
			name := i.PrometheusName()
			for shard := range 2 {
				var names []string
				for _, label := range i.LabelNames() {
					names = append(names, label, valueOf(label, 2*cluster+shard))
				}
				grown := float64((minute + 1) * (1 + cluster + 2*shard))
				switch {
				case i.Kind == catalog.Histogram:
					add(name+"_bucket", grown/2, append(names, "le", "0.5")...)
					add(name+"_bucket", grown, append(names, "le", "+Inf")...)
					add(name+"_count", grown, names...)
				case i.Kind == catalog.Counter:
					add(name, grown, names...)
				case name == catalog.BotShards.PrometheusName():
					add(name, float64(2*clusters+cluster%2), names...)
				case strings.HasSuffix(name, "_up"):
					add(name, float64((cluster+shard)%2), names...)
				default:
					add(name, float64(cluster+shard), names...)
				}
				if len(names) == 0 {
					break
				}
			}
		}
	}
	return list
}

func valueOf(label string, n int) string {
	of := map[string][]string{
		"shard": {"0", "1", "2", "3", "4", "5", "6", "7"}, "outcome": {"late", "in_time", "refused"}, "type": {"application_command"}, "status": {"error", "429"},
		"scope": {"global", "user"}, "code": {"4004", "1006"}, "kind": {"resume", "identify"}, "event": {"RATE_LIMITED", "READY"},
	}
	if list := of[label]; list != nil {
		return list[n%len(list)]
	}
	return fmt.Sprint(label, n%2)
}

// record evaluates the recording rules for the last minutes, and keeps what they make.
func (w world) record(t *testing.T, exprs []string) {
	t.Helper()
	for minute := range 12 {
		at := w.at.Add(time.Duration(minute-11) * time.Minute)
		for _, pair := range exprs {
			name, expr, _ := strings.Cut(pair, " ")
			for _, e := range []*Engine{w.whole, w.divided} {
				series, err := e.Query(t.Context(), expr, at)
				if err != nil {
					t.Fatalf("%s at %v: %v", expr, at, err)
				}
				for _, s := range series {
					delete(s.Labels, model.MetricNameLabel)
					write(t, e, []Sample{{Name: name, Labels: s.Labels, At: at, Number: s.Points[0].Number}})
				}
			}
		}
	}
}

// rules returns the recording rules, "name expression", and the alerts' expressions.
func (w world) rules(t *testing.T) (recorded, alerts []string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(w.shipped)) {
		groups, errs := loader{w.shipped, w.whole.parser, w.whole.opts.Logger}.Load(name, false, model.UTF8Validation)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				if r.Record != "" {
					recorded = append(recorded, r.Record+" "+r.Expr)
				} else {
					alerts = append(alerts, r.Expr)
				}
			}
		}
	}
	return recorded, alerts
}

// answer writes series as sorted lines. What the sources alone know as a region is left
// out where the whole does not have it.
func answer(series []evidence.Series, regions bool) []string {
	lines := make([]string, len(series))
	for i, s := range series {
		if !regions {
			delete(s.Labels, regionLabel)
		}
		var points []string
		for _, p := range s.Points {
			points = append(points, fmt.Sprintf("%d:%.9g", p.At.UnixMilli(), p.Number))
		}
		lines[i] = fmt.Sprint(s.Labels, points)
	}
	slices.Sort(lines)
	return lines
}

func (w world) compare(t *testing.T, expr string) (series int) {
	t.Helper()
	want, err := w.whole.Query(t.Context(), expr, w.at)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	got, err := w.divided.Query(t.Context(), expr, w.at)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	regions := slices.ContainsFunc(want, func(s evidence.Series) bool { return s.Labels[regionLabel] != "" })
	if a, b := answer(got, regions), answer(want, regions); !slices.Equal(a, b) {
		t.Errorf("%s\ndivided: %v\nwhole:   %v", expr, a, b)
	}
	from := w.at.Add(-10 * time.Minute)
	wantRange, err := w.whole.QueryRange(t.Context(), expr, from, w.at, time.Minute)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	gotRange, err := w.divided.QueryRange(t.Context(), expr, from, w.at, time.Minute)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	if a, b := answer(gotRange, regions), answer(wantRange, regions); !slices.Equal(a, b) {
		t.Errorf("%s over ten minutes\ndivided: %v\nwhole:   %v", expr, a, b)
	}
	return len(want)
}

// TestDivided: whatever is asked, and each of the shipped rules, has the same answer over
// sources as over one database with everything.
func TestDivided(t *testing.T) {
	for _, regions := range [][]string{{"eu"}, {"eu", "us"}} {
		t.Run(strings.Join(regions, "+"), func(t *testing.T) {
			w := newWorld(t, regions...)
			recorded, alerts := w.rules(t)
			w.record(t, recorded)
			some := 0
			for _, expr := range alerts {
				if w.compare(t, expr) > 0 {
					some++
				}
			}
			if some < len(alerts)/3 {
				t.Errorf("%d of %d alerts have a series: the world has too little to tell them apart", some, len(alerts))
			}
			for _, pair := range recorded {
				_, expr, _ := strings.Cut(pair, " ")
				w.compare(t, expr)
			}
			for _, expr := range []string{
				`discord_shard_up`,
				`sum(discord_shard_up)`,
				`sum by (job) (rate(discord_gateway_events_total[5m]))`,
				`sum by (region) (discord_guilds)`,
				`discord_guilds{region="eu"}`,
				`discord_guilds{region=~"e.*"}`,
				`discord_guilds{region!="eu"}`,
				`discord_guilds{region!=""}`,
				`discord_guilds{region=""}`,
				`count by (cluster, region) ({__name__=~"discord_shard_.*", region="eu"})`,
				`topk(1, sum by (cluster) (discord_guilds))`,
				`quantile(0.5, discord_guilds)`,
				`histogram_quantile(0.9, sum by (le) (rate(discord_interaction_ack_duration_seconds_bucket[5m])))`,
				`histogram_quantile(0.9, sum by (cluster, le) (rate(discord_interaction_ack_duration_seconds_bucket[5m])))`,
				`max_over_time(sum(discord_guilds)[10m:1m])`,
				`max_over_time(sum(discord_guilds)[10m:1m] offset 5m)`,
				`avg_over_time(cluster:discord_shard_up:sum[5m]) + on (job, cluster) sum by (job, cluster) (discord_guilds)`,
				`max_over_time((sum by (job) (discord_guilds) + on (job) sum by (job) (cluster:discord_shard_up:sum))[5m:1m])`,
				`discord_guilds offset 3m`,
				`sum(discord_guilds offset 3m) - sum(discord_guilds)`,
				`absent(discord_guilds)`,
				`absent(discord_nothing{job="x"})`,
				`absent_over_time(sum(discord_nothing)[5m:1m])`,
				`vector(1) + on () sum(discord_guilds)`,
				`scalar(sum(discord_guilds)) * discord_guilds`,
				`time() - max by (cluster) (timestamp(discord_guilds))`,
				`count_values by (job) ("n", discord_bot_shards)`,
				`discord_guilds * on (cluster) group_left (version) max by (cluster, version) (discord_bot_info{version="version0"})`,
				`sum(discord_guilds) / on () group_right () count by (job) (discord_guilds)`,
				`label_replace(discord_guilds, "cluster", "x$1", "cluster", "(.*)")`,
				`sum by (cluster) (label_replace(discord_guilds, "cluster", "x", "cluster", ".*"))`,
				`sum without (instance, cluster) (discord_guilds)`,
				`sum without (instance) (discord_guilds)`,
				`discord_guilds or discord_shard_up`,
				`sum by (job) (discord_guilds) or sum by (job) (discord_shard_up)`,
				`discord_guilds unless on (job) discord_shard_up == 1`,
				`up == 0 and on (job, instance) argus_up`,
				`-sum(discord_guilds)`,
				`1 + 1`,
				`discord_guilds > bool 1`,
			} {
				w.compare(t, expr)
			}
		})
	}
}

// TestAlone: one source evaluates whatever needs nothing from here, and several what each
// can evaluate by itself.
func TestAlone(t *testing.T) {
	for _, test := range []struct {
		expr  string
		alone bool
		want  []string
	}{
		{"sum(discord_guilds)", true, []string{"sum(discord_guilds)"}},
		{"sum(discord_guilds)", false, []string{"discord_guilds"}},
		{"sum by (job, cluster) (rate(x[5m])) / sum by (job, cluster) (rate(y[5m]))", false, []string{"sum by (job, cluster) (rate(x[5m])) / sum by (job, cluster) (rate(y[5m]))"}},
		{"sum(sum by (cluster) (x))", false, []string{"sum by (cluster) (x)"}},
		{"kept > 1 and on (cluster) sum by (cluster) (x)", true, []string{"sum by (cluster) (x)"}},
		{"sum(x) + sum(x)", false, []string{"x"}},
		{"max by (instance) (x)", false, []string{"max by (instance) (x)"}},
		{"sum by (cluster) (max by (instance) (x))", false, []string{"max by (instance) (x)"}},
		{"kept", true, nil},
		{"1 + time()", true, nil},
	} {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(test.expr)
		if err != nil {
			t.Fatal(err)
		}
		s := splitter{recorded: func(name string) bool { return name == "kept" }, alone: test.alone, step: time.Minute}
		if _, err := s.split(expr, window{}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range s.parts {
			got = append(got, p.expr)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: sources are asked %q, want %q", test.expr, got, test.want)
		}
	}
}

// TestFederated: the API tells of the series of all sources, with their regions.
func TestFederated(t *testing.T) {
	w := newWorld(t, "eu", "us")
	api := w.divided.API("test", nil)
	for path, want := range map[string][]string{
		"/label/region/values": {`"data":["eu","us"]`},
		"/labels":              {`"cluster"`, `"job"`},
		fmt.Sprintf("/series?match[]=discord_guilds&start=%[1]d&end=%[1]d", w.at.Unix()): {`"region":"us"`, `"region":"eu"`, `"cluster":"3"`},
		"/query?query=sum(discord_guilds)":                                               {`"value":[`},
		"/query?query=sum(discord_guilds[5m])":                                           {"bad_data"},
		"/query?query=discord_guilds[5m]":                                                {"a source does not hand out the samples of a range"},
		"/query?query=count(discord_guilds%20offset%201m)":                               {`"4"`},
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/v1"+path, http.NoBody)
		answered := httptest.NewRecorder()
		api.ServeHTTP(answered, r)
		for _, text := range want {
			if !strings.Contains(answered.Body.String(), text) {
				t.Errorf("%s: %s lacks %s", path, answered.Body, text)
			}
		}
	}
}

// TestWithoutAway: what is present is asked alone where others do not answer, and a query
// that needs all fails.
func TestWithoutAway(t *testing.T) {
	w := newWorld(t, "eu", "us")
	broken := errors.New("broken")
	var told []error
	away := false
	w.divided.opts.Sources[1] = Source{Region: "us", Server: failing{broken}, Away: func() bool { return away }, Failed: func(err error) { told = append(told, err) }}
	for range 2 {
		series, err := w.divided.Present().Query(t.Context(), "count by (region) (discord_guilds)", w.at)
		if err != nil || len(series) != 1 || series[0].Labels["region"] != "eu" {
			t.Errorf("%v, %v", series, err)
		}
		away = true
	}
	if len(told) != 1 || !errors.Is(told[0], broken) {
		t.Errorf("told is %v", told)
	}
	if _, err := w.divided.Query(t.Context(), "count(discord_guilds)", w.at); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

type failing struct{ error }

func (f failing) Query(context.Context, string, time.Time) ([]evidence.Series, error) {
	return nil, f.error
}

func (f failing) QueryRange(context.Context, string, time.Time, time.Time, time.Duration) ([]evidence.Series, error) {
	return nil, f.error
}

func (f failing) LabelNames(context.Context, time.Time, time.Time, string) ([]string, error) {
	return nil, f.error
}

func (f failing) LabelValues(context.Context, string, time.Time, time.Time, string) ([]string, error) {
	return nil, f.error
}

func (f failing) Series(context.Context, time.Time, time.Time, string) ([]evidence.Labels, error) {
	return nil, f.error
}
