package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// A panelQuery is one query of a dashboard's panel, as it stands there.
type panelQuery struct {
	dashboard string // its uid
	panel     string // "Overview: What is down?: Shards down", or "Overview: annotation Restarts"
	ref, expr string
	instant   bool
	kind      string // of the panel
	unit      string // of its values
	legend    string
}

// title is the panel's own.
func (q panelQuery) title() string { return q.panel[strings.LastIndex(q.panel, ": ")+2:] }

// A chooser is a variable that asks Prometheus for its values.
type chooser struct{ name, query string }

// boards reads all dashboards: the queries of their panels, and of their annotations, and the choosers of each.
func boards(t *testing.T) (queries []panelQuery, choosers map[string][]chooser) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(toolSet(t).Root(), "dashboards", "json", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	choosers = map[string][]chooser{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			UID, Title string
			Panels     []struct {
				Type, Title string
				FieldConfig struct{ Defaults struct{ Unit string } }
				Targets     []struct {
					RefID, Expr, LegendFormat string
					Instant                   bool
				}
			}
			Annotations struct{ List []struct{ Name, Expr string } }
			Templating  struct {
				List []struct{ Type, Name, Definition string }
			}
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		title, section := strings.TrimPrefix(d.Title, "Argus / "), ""
		for _, p := range d.Panels {
			if p.Type == "row" {
				section = p.Title
				continue
			}
			for _, q := range p.Targets {
				queries = append(queries, panelQuery{
					d.UID, title + ": " + section + ": " + p.Title, q.RefID, q.Expr, q.Instant, p.Type, p.FieldConfig.Defaults.Unit, q.LegendFormat,
				})
			}
		}
		for _, a := range d.Annotations.List {
			queries = append(queries, panelQuery{dashboard: d.UID, panel: title + ": annotation " + a.Name, expr: a.Expr})
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				choosers[d.UID] = append(choosers[d.UID], chooser{v.Name, v.Definition})
			}
		}
	}
	return queries, choosers
}

// A choice is what is chosen of the variables: their values, as matchers have them.
type choice map[string]string

const all = ".*" // as the dashboards have it

// fill is the query as Grafana sends it. What is not chosen is all.
func (q panelQuery) fill(c choice, rateInterval, timeRange string) string {
	window, _ := time.ParseDuration(rateInterval) // a query for a variable has none
	replace := []string{"$__rate_interval_ms", fmt.Sprint(window.Milliseconds()), "$__rate_interval", rateInterval, "$__range", timeRange}
	for _, name := range []string{"job", "bot", "region", "cluster", "shard", "type", "command", "route"} {
		value, ok := c[name]
		if !ok {
			value = all
		}
		replace = append(replace, "$"+name, value)
	}
	return strings.NewReplacer(replace...).Replace(q.expr)
}

// filled is the query with everything chosen, for a time range of an hour.
func (q panelQuery) filled() string { return q.fill(nil, "5m", "1h") }

// marshal writes a YAML file.
func marshal(t *testing.T, file string, v any) string {
	t.Helper()
	text, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), file)
	write(t, path, text)
	return path
}

// TestDashboardQueries: Prometheus can parse every query of every dashboard.
func TestDashboardQueries(t *testing.T) {
	t.Parallel()
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	queries, _ := boards(t)
	for i, q := range queries {
		rules = append(rules, rule{fmt.Sprintf("query:%d", i), q.filled()})
	}
	if len(rules) < 150 {
		t.Errorf("only %d queries", len(rules))
	}
	file := marshal(t, "rules.yaml", map[string]any{"groups": []map[string]any{{"name": "dashboards", "rules": rules}}})
	if out, err := output(t, tool(t, tools.Promtool), nil, "check", "rules", file); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFleetRanking: with one of ten clusters dead, one stuck in identify, one
// rate limited and one with a clock that is wrong, the dashboard Fleet has exactly
// these on top. On a calm day it has nobody.
func TestFleetRanking(t *testing.T) {
	t.Parallel()
	var trouble string
	queries, _ := boards(t)
	for _, q := range queries {
		if q.dashboard == "argus-fleet" && q.title() == "Clusters, worst first" && q.ref == "A" {
			trouble = q.filled()
		}
	}
	if trouble == "" {
		t.Fatal("the dashboard Fleet has no such query")
	}
	type input struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	}
	type sample struct {
		Labels string  `yaml:"labels"`
		Value  float64 `yaml:"value"`
	}
	type check struct {
		Expr string   `yaml:"expr"`
		At   string   `yaml:"eval_time"`
		Want []sample `yaml:"exp_samples"`
	}
	const (
		dead, identifying, limited, skewed = "c3", "c5", "c8", "c2"
		healthy                            = 10
	)
	// series are those of ten clusters for an hour, a sample a minute: value by
	// cluster where it is not that of a healthy one. Healthy bots have a few 429s
	// and late answers, and a guild that is always missing.
	series := func(bad bool) []input {
		var all []input
		for c := range healthy {
			cluster := fmt.Sprintf("c%d", c)
			add := func(name, labels, usual, who, theirs string) {
				values := usual
				if bad && cluster == who {
					values = theirs
				}
				values += "x60"
				if bad && cluster == dead {
					values = strings.TrimSuffix(values, "60") + "20 stale"
				}
				all = append(all, input{fmt.Sprintf(`%s{cluster=%q,job="bot",instance=%q%s}`, name, cluster, cluster, labels), values})
			}
			add("argus_up", "", "1+0", "", "")
			add("argus_subsystem_up", `,subsystem="server"`, "1+0", "", "")
			add("argus_instrumentation_errors_total", `,hook="tap"`, "0+0", "", "")
			for shard := range 4 {
				label := fmt.Sprintf(`,shard="%d"`, c*4+shard)
				add("discord_shard_up", label, "1+0", identifying, "0+0")
				add("discord_shard_heartbeat_ack_timestamp_seconds", label, "-30+60", identifying, "0+0")
				add("discord_shard_heartbeat_interval_seconds", label, "41.25+0", "", "")
				add("discord_shard_lock_unavailable_seconds", label, "0+0", "", "")
				add("discord_shard_disconnects_total", label+`,code="4004",initiator="discord"`, "0+0", "", "")
			}
			add("discord_guilds", "", "200+0", "", "")
			add("discord_guilds_unavailable", "", "1+0", "", "")
			add("discord_clock_offset_seconds", "", "0.04+0", skewed, "-1.5+0")
			add("discord_interaction_acks_total", `,type="application_command",outcome="in_time"`, "0+300", "", "")
			add("discord_interaction_acks_total", `,type="application_command",outcome="late"`, "0+1", "", "")
			add("discord_rest_request_duration_seconds_count", `,method="POST",route="other",status="200"`, "0+400", "", "")
			add("discord_ratelimits_total", `,scope="user",route="other"`, "0+2", limited, "0+100")
			add("discord_ratelimits_total", `,scope="shared",route="other"`, "0+50", "", "")
			add("discord_rest_invalid_requests_total", `,status="429"`, "0+2", limited, "0+80")
		}
		return all
	}
	points := func(value float64, clusters ...string) []sample {
		var all []sample
		for _, c := range clusters {
			all = append(all, sample{fmt.Sprintf(`{job="bot",cluster=%q}`, c), value})
		}
		return all
	}
	everybody := func(but ...string) []string {
		var all []string
		for c := range healthy {
			if name := fmt.Sprintf("c%d", c); !slices.Contains(but, name) {
				all = append(all, name)
			}
		}
		return all
	}
	bad := []string{dead, identifying, limited, skewed}
	top := func(n int) string { return fmt.Sprintf("topk(%d, %s) > bool 0", n, trouble) }
	file := marshal(t, "ranking.yaml", map[string]any{
		"evaluation_interval": "1m",
		"tests": []map[string]any{
			{"interval": "1m", "input_series": series(true), "promql_expr_test": []check{
				{trouble + " == 0", "50m", points(0, everybody(bad...)...)},
				{top(4), "50m", points(1, bad...)},
				{top(2), "50m", points(1, dead, identifying)},
				{top(1), "50m", points(1, dead)},
				// Not lost yet.
				{top(3), "15m", points(1, identifying, limited, skewed)},
			}},
			{"interval": "1m", "input_series": series(false), "promql_expr_test": []check{
				{trouble, "50m", points(0, everybody()...)},
			}},
		},
	})
	if out, err := output(t, tool(t, tools.Promtool), nil, "test", "rules", file); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
