package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// A reading is what queries of panels have to show of written series.
type reading struct {
	what   string
	every  string            // time between two samples
	series map[string]string // with their values, as promtool has them
	shows  []shown
}

// shown is what a query shows at a moment: its values, by labels.
type shown struct {
	panel, ref string
	at         string
	want       map[string]float64
}

// pushed are the values of a series every 15 s for minutes, where Prometheus scrapes a Collector and the bot pushes to it once a minute:
// each stays until the next push. value is the bot's own at a second.
func pushed(minutes int, value func(second float64) float64) string {
	var all []string
	for minute := range minutes {
		for range 4 {
			all = append(all, fmt.Sprint(value(float64(60*minute))))
		}
	}
	return strings.Join(all, " ")
}

// everyQuarter are the same values of a query at every scrape of some minutes.
func everyQuarter(panel, ref string, from, minutes int, want map[string]float64) []shown {
	var all []shown
	for i := range 4 * minutes {
		all = append(all, shown{panel, ref, fmt.Sprintf("%ds", 60*from+15*i), want})
	}
	return all
}

// disconnects is the prefix of the panels about disconnects.
const disconnects = "Gateway and shards: Disconnects and reconnects: "

// readings are cases that a play has not, or not for certain.
func readings() []reading {
	return []reading{
		{
			what: "all shards of the bot are down", every: "15s",
			series: map[string]string{
				`argus_up{cluster="a"}`: "1x99", `discord_bot_shards{cluster="a"}`: "4x99",
				`discord_shard_up{cluster="a",shard="0"}`: "0x99", `discord_shard_up{cluster="a",shard="1"}`: "0x99",
				`discord_shard_up{cluster="a",shard="2"}`: "0x99", `discord_shard_up{cluster="a",shard="3"}`: "0x99",
			},
			shows: []shown{
				{"Overview: What is down?: Shards missing", "A", "20m", map[string]float64{"{}": 4}},
				{"Fleet: Clusters compared: Shards up, whole bot", "A", "20m", map[string]float64{"{}": 0}},
				{"Fleet: Clusters compared: Shards up, whole bot", "B", "20m", map[string]float64{"{}": 4}},
				{"Fleet: Clusters compared: Shards owned twice", "A", "20m", map[string]float64{"{}": 0}},
			},
		},
		{
			what: "two bots: one with all of its shards, and one with none of two", every: "15s",
			series: map[string]string{
				`argus_up{job="music",cluster="0"}`: "1x99", `argus_up{job="mod",cluster="0"}`: "1x99",
				`discord_bot_shards{job="music",cluster="0"}`: "2x99", `discord_bot_shards{job="mod",cluster="0"}`: "2x99",
				`discord_shard_up{job="music",cluster="0",shard="0"}`: "1x99", `discord_shard_up{job="music",cluster="0",shard="1"}`: "1x99",
				`discord_shard_up{job="mod",cluster="0",shard="0"}`: "0x99", `discord_shard_up{job="mod",cluster="0",shard="1"}`: "0x99",
				`discord_gateway_session_start_remaining{job="music",cluster="0"}`: "900x99", `discord_gateway_session_start_remaining{job="mod",cluster="0"}`: "6x99",
				`discord_rest_invalid_requests_total{job="music",cluster="0",status="403"}`: "0+75x99", `discord_rest_invalid_requests_total{job="mod",cluster="0",status="403"}`: "0+15x99",
			},
			shows: []shown{
				{"Overview: What is down?: Shards missing", "A", "20m", map[string]float64{"{}": 2}},
				{"Overview: Which budget runs out first?: Full restarts left", "A", "20m", map[string]float64{"{}": 3}},
				{"Fleet: Clusters compared: Shards owned twice", "A", "20m", map[string]float64{"{}": 0}},
				{"Fleet: Clusters compared: Shard counts in use", "A", "20m", map[string]float64{`{job="music",shards="2"}`: 1, `{job="mod",shards="2"}`: 1}},
				{"Fleet: Which clusters are in trouble?: In trouble", "A", "20m", map[string]float64{"{}": 2}},
				{"REST and rate limits: How close are the limits?: Invalid requests in 10 minutes", "A", "20m", map[string]float64{"{}": 3000}},
			},
		},
		{
			what: "clusters that disagree on the number of shards", every: "15s",
			series: map[string]string{
				`discord_bot_shards{job="music",cluster="0"}`: "16x99", `discord_bot_shards{job="music",cluster="1"}`: "16x99", `discord_bot_shards{job="music",cluster="2"}`: "32x99",
			},
			shows: []shown{
				{"Fleet: Clusters compared: Shard counts in use", "A", "20m", map[string]float64{`{job="music",shards="16"}`: 2, `{job="music",shards="32"}`: 1}},
			},
		},
		{
			what: "the only process of a bot is gone", every: "15s",
			series: map[string]string{
				`argus_up{cluster="a"}`: "1x40 stale", `discord_bot_shards{cluster="a"}`: "1x40 stale",
				`discord_shard_up{cluster="a",shard="0"}`: "1x40 stale",
			},
			shows: []shown{
				{"Overview: What is down?: Shards missing", "A", "9m", map[string]float64{"{}": 0}},
				{"Overview: What is down?: Shards missing", "A", "20m", map[string]float64{"{}": 1}},
				{"Fleet: Clusters compared: Shards up, whole bot", "A", "20m", map[string]float64{"{}": 0}},
				{"Fleet: Clusters compared: Shards up, whole bot", "B", "20m", map[string]float64{"{}": 1}},
				{"Fleet: Which clusters are in trouble?: Clusters", "A", "20m", map[string]float64{"{}": 0}},
				{"Fleet: Which clusters are in trouble?: In trouble", "A", "20m", map[string]float64{"{}": 1}},
				{"Fleet: Which clusters are in trouble?: Lost", "A", "20m", map[string]float64{"{}": 1}},
			},
		},
		{
			what: "healthy shards of a bot that pushes once a minute", every: "15s",
			series: pushedHeartbeats(-1),
			// In eleven minutes every phase of the heartbeats to the pushes was there.
			shows: everyQuarter("Fleet: Which clusters are in trouble?: In trouble", "A", 10, 11, map[string]float64{"{}": 0}),
		},
		{
			what: "one of them is not acknowledged any more from the tenth minute on", every: "15s",
			series: pushedHeartbeats(600),
			shows:  everyQuarter("Fleet: Which clusters are in trouble?: Signs of trouble", "A", 13, 1, map[string]float64{`{cluster="a",process="  a",sign="zombie"}`: 20}),
		},
		{
			// The pushed series of a stay in the Collector for five minutes after their end.
			what: "processes that start every two minutes, for 20", every: "15s",
			series: starts(map[string]string{"pushed": "a", "scraped": "b", "scraped and pushed": "c", "calm": "d"}),
			shows: []shown{
				{"Overview: What changed?: Last restarts", "B", "19m", map[string]float64{
					`{job="bot",cluster="a"}`: 9, `{job="discord-bot",cluster="b"}`: 9, `{job="bot",cluster="c"}`: 9, `{job="discord-bot",cluster="c"}`: 9, `{job="discord-bot",cluster="d"}`: 0,
				}},
				{"Overview: annotation Restarts", "", "14m", map[string]float64{
					`{job="bot",cluster="a"}`: 1, `{job="discord-bot",cluster="b"}`: 1, `{job="bot",cluster="c"}`: 1, `{job="discord-bot",cluster="c"}`: 1,
				}},
			},
		},
		{
			// Each window begins and ends in the middle of a push, so that it is not 1.
			what: "an interaction a second, of a bot that pushes once a minute", every: "15s",
			series: map[string]string{
				`discord_interactions_total{cluster="a",type="application_command",status="received"}`: pushed(40, func(second float64) float64 { return second }),
			},
			shows: []shown{
				{"Interactions: By type: Interactions received", "A", "1800s", map[string]float64{`{type="application_command"}`: 16.0 / 15}},
				{"Interactions: By type: Interactions received", "A", "1815s", map[string]float64{`{type="application_command"}`: 16.0 / 15}},
				{"Interactions: By type: Interactions received", "A", "1830s", map[string]float64{`{type="application_command"}`: 16.0 / 15}},
				{"Interactions: By type: Interactions received", "A", "1845s", map[string]float64{`{type="application_command"}`: 12.0 / 15}},
			},
		},
		{
			what: "the same, pushed to Prometheus itself", every: "1m",
			series: map[string]string{`discord_interactions_total{cluster="a",type="application_command",status="received"}`: "0+60x40"},
			shows: []shown{
				{"Interactions: By type: Interactions received", "A", "1800s", map[string]float64{`{type="application_command"}`: 1}},
				{"Interactions: By type: Interactions received", "A", "1845s", map[string]float64{`{type="application_command"}`: 1}},
			},
		},
		{
			// 4009 has no series before the tenth minute. Prometheus is down from minute 20 to 35, and the first 4000 falls into that gap.
			what: "the first closes with a code", every: "15s",
			series: map[string]string{
				`discord_uptime_seconds{cluster="a"}`:                                                           "9000+15x79 _x60 11100+15x40",
				`discord_shard_disconnects_total{cluster="a",shard="0",code="none",initiator="network"}`:        "40x79 _x60 90x40",
				`discord_shard_disconnects_total{cluster="a",shard="0",code="4009",initiator="client"}`:         "_x40 1x39 _x60 7x40",
				`discord_shard_disconnects_total{cluster="a",shard="1",code="4009",initiator="client"}`:         "_x44 2x3 3x31 _x60 3x40",
				`discord_shard_disconnects_total{cluster="a",shard="0",code="4000",initiator="discord"}`:        "_x140 5x40",
				`discord_shard_connection_attempts_total{cluster="a",shard="0",outcome="refused",status="502"}`: "_x40 1x39",
				`discord_voice_disconnects_total{cluster="a",code="4017",initiator="discord"}`:                  "0x39 2x40",
				`discord_voice_disconnects_total{cluster="a",code="4015",initiator="discord"}`:                  "_x40 1x39",
				// A young process, whose first sample already includes three.
				`discord_uptime_seconds{cluster="b"}`:                                                    "_x40 20+15x39",
				`discord_shard_disconnects_total{cluster="b",shard="4",code="4014",initiator="discord"}`: "_x40 3x39",
			},
			shows: []shown{
				{disconnects + "Closes by code", "A", "9m", nil},
				{disconnects + "Closes by code", "A", "10m", map[string]float64{`{code="4009",initiator="client"}`: 1, `{code="4014",initiator="discord"}`: 3}},
				{disconnects + "Closes by code", "A", "13m", map[string]float64{`{code="4009",initiator="client"}`: 4, `{code="4014",initiator="discord"}`: 3}},
				{disconnects + "Closes by code", "A", "17m", nil},
				{disconnects + "Closes by code", "A", "36m", nil},
				{disconnects + "Closes by initiator", "A", "13m", map[string]float64{`{initiator="client"}`: 4, `{initiator="discord"}`: 3, `{initiator="network"}`: 0}},
				{disconnects + "Connection attempts", "A", "12m", map[string]float64{`{outcome="refused",status="502"}`: 1}},
				{disconnects + "Voice closes by code", "A", "13m", map[string]float64{`{code="4015",initiator="discord"}`: 1, `{code="4017",initiator="discord"}`: 2}},
			},
		},
		{
			what: "a bot that is scraped, and pushes into the same Prometheus under the same job", every: "15s",
			series: twice(map[string]string{
				`argus_up{cluster="a"`: "1x100",
				`discord_rest_invalid_requests_total{cluster="a",status="403"`:                                     "0+75x100",
				`discord_rest_invalid_requests_total{cluster="a",status="429"`:                                     "0+15x100",
				`discord_shard_sent_total{cluster="a",shard="0",op="heartbeat"`:                                    "0+3x100",
				`discord_shard_sent_total{cluster="a",shard="0",op="presence_update"`:                              "0+12x100",
				`discord_rest_request_duration_seconds_count{cluster="a",method="GET",route="other",status="200"`:  "0+300x100",
				`discord_rest_request_duration_seconds_count{cluster="a",method="POST",route="other",status="200"`: "0+75x100",
				`discord_shards_configured{cluster="a"`:                                                            "5x100",
				`discord_shards_connected{cluster="a"`:                                                             "4x100",
				`discord_shard_state{cluster="a",shard="0",state="ready"`:                                          "1x100",
				`discord_shard_state{cluster="a",shard="1",state="ready"`:                                          "1x100",
				`discord_guilds{cluster="a"`:                                                                       "90x100",
				`discord_guilds_unavailable{cluster="a"`:                                                           "10x100",
				`discord_members{cluster="a"`:                                                                      "1000x100",
				`discord_channels{cluster="a"`:                                                                     "70x100",
				`discord_rest_requests_in_flight{cluster="a"`:                                                      "7x100",
			}),
			shows: []shown{
				{"Overview: Which budget runs out first?: Budgets used", "B", "20m", map[string]float64{"{}": 0.36}},
				{"Overview: Which budget runs out first?: Budgets used", "C", "20m", map[string]float64{"{}": 0.5}},
				{"Overview: Which budget runs out first?: Budgets used", "D", "20m", map[string]float64{"{}": 0.5}},
				{"Overview: What changed?: Guilds", "A", "20m", map[string]float64{"{}": 90}},
				{"Overview: What changed?: Guilds", "B", "20m", map[string]float64{"{}": 10}},
				{"Overview: What changed?: Members", "A", "20m", map[string]float64{"{}": 1000}},
				{"Gateway and shards: State of the shards: Connected", "A", "20m", map[string]float64{"{}": 4}},
				{"Gateway and shards: State of the shards: Not connected", "A", "20m", map[string]float64{"{}": 1}},
				{"Gateway and shards: State of the shards: Shards by state", "A", "20m", map[string]float64{`{state="ready"}`: 2}},
				{"Gateway and shards: Traffic: Sends in 60 s, busiest shards", "A", "20m", map[string]float64{`{job="bot",cluster="a",shard="0"}`: 60}},
				{"Gateway and shards: Guilds, voice and discordgo's cache: Unavailable guilds", "A", "20m", map[string]float64{`{job="bot",cluster="a"}`: 0.1}},
				{"Gateway and shards: Guilds, voice and discordgo's cache: Entries in discordgo's cache", "B", "20m", map[string]float64{"{}": 70}},
				{"REST and rate limits: How close are the limits?: Invalid requests in 10 minutes", "A", "20m", map[string]float64{"{}": 3600}},
				{"REST and rate limits: How close are the limits?: Requests in flight", "A", "20m", map[string]float64{"{}": 7}},
				{"REST and rate limits: How close are the limits?: Limits used", "A", "20m", map[string]float64{`{status="403"}`: 0.3, `{status="429"}`: 0.06}},
				{"REST and rate limits: How close are the limits?: Limits used", "B", "20m", map[string]float64{"{}": 0.5}},
				{"Fleet: Which clusters are in trouble?: Shards up", "A", "20m", map[string]float64{"{}": 0.8}},
				{"Fleet: Which clusters are in trouble?: Guilds", "A", "20m", map[string]float64{"{}": 90}},
			},
		},
		{
			what: "a bot near nothing, as its two ways together would be near a ban", every: "15s",
			series: twice(map[string]string{
				`argus_up{cluster="a"`: "1x100", `discord_rest_invalid_requests_total{cluster="a",status="429"`: "0+20x100",
			}),
			shows: []shown{{"Fleet: Which clusters are in trouble?: In trouble", "A", "20m", map[string]float64{"{}": 0}}},
		},
		{
			what: "a command that has never failed, because commands counted as other have no such series", every: "1m",
			series: map[string]string{`discord_app_commands_total{cluster="a",command="other",status="success"}`: "0+5x30"},
			shows: []shown{
				{"Interactions: By command: Commands, slowest first", "F", "20m", map[string]float64{`{command="other"}`: 0}},
			},
		},
	}
}

// pushedHeartbeats are those of eight shards, as pushed once a minute; until is the second from which the first of them has no more.
func pushedHeartbeats(until float64) map[string]string {
	const interval, minutes = 41.25, 21
	series := map[string]string{`argus_up{cluster="a"}`: "1x99"}
	for shard := range 8 {
		labels := fmt.Sprintf(`{cluster="a",shard="%d"}`, shard)
		series["discord_shard_up"+labels] = "1x99"
		series["discord_shard_heartbeat_interval_seconds"+labels] = "41.25x99"
		series["discord_shard_heartbeat_ack_timestamp_seconds"+labels] = pushed(minutes, func(second float64) float64 {
			if shard == 0 && until >= 0 {
				second = min(second, until)
			}
			phase := interval * float64(shard) / 8
			return phase + interval*math.Floor((second-phase)/interval)
		})
	}
	return series
}

// starts are the uptimes of processes that start every two minutes for 20, by how they are seen; and of one that does not.
func starts(clusters map[string]string) map[string]string {
	series := map[string]string{}
	for how, cluster := range clusters {
		add := func(job, instance, values string) {
			series[fmt.Sprintf("discord_uptime_seconds{cluster=%q,job=%q,instance=%q}", cluster, job, instance)] = values
		}
		if how == "calm" {
			add("discord-bot", "d:9191", "3600+15x99")
		}
		if strings.Contains(how, "scraped") {
			add("discord-bot", cluster+":9191", strings.Repeat("0+15x7 ", 10))
		}
		if strings.Contains(how, "pushed") {
			// At its start alone, for it does not live a minute.
			for i := range 10 {
				add("bot", fmt.Sprint(i), fmt.Sprintf("_x%d 0x22 stale", 8*i))
			}
		}
	}
	return series
}

// rateWindows are what Grafana makes of $__rate_interval on short ranges, by dashboard and expression: four times the least step of the query, or, where it
// has none, of the data source's scrape interval, which is 15 s if nobody says otherwise.
func rateWindows(t *testing.T) map[[2]string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(toolSet(t).Root(), "dashboards", "json", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	windows := map[[2]string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			UID    string
			Panels []struct {
				Targets []struct{ Expr, Interval string }
			}
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				step := 15 * time.Second
				if q.Interval != "" {
					if step, err = time.ParseDuration(q.Interval); err != nil {
						t.Fatalf("%s: %s: %v", file, q.Expr, err)
					}
				}
				windows[[2]string{d.UID, q.Expr}] = fmt.Sprintf("%ds", 4*int(step.Seconds()))
			}
		}
	}
	return windows
}

// twice are series as a bot has them that is scraped and pushes.
func twice(series map[string]string) map[string]string {
	both := map[string]string{}
	for name, values := range series {
		both[name+`,job="bot",instance="bot:9191"}`] = values
		both[name+`,job="bot",instance="5f1c"}`] = values
	}
	return both
}

// asked are the queries of all panels, by panel and reference.
func asked(t *testing.T) map[[2]string]panelQuery {
	t.Helper()
	queries, _ := boards(t)
	all := map[[2]string]panelQuery{}
	for _, q := range queries {
		all[[2]string{q.panel, q.ref}] = q
	}
	return all
}

// TestDashboardReadings: queries of panels show what written series say.
func TestDashboardReadings(t *testing.T) {
	t.Parallel()
	queries, windows := asked(t), rateWindows(t)
	var tests []map[string]any
	for _, r := range readings() {
		var input, checks []map[string]any
		for _, series := range slices.Sorted(maps.Keys(r.series)) {
			input = append(input, map[string]any{"series": series, "values": r.series[series]})
		}
		for _, s := range r.shows {
			q, ok := queries[[2]string{s.panel, s.ref}]
			if !ok {
				t.Errorf("%s: there is no query %s of %s", r.what, s.ref, s.panel)
				continue
			}
			samples := []map[string]any{}
			for _, labels := range slices.Sorted(maps.Keys(s.want)) {
				samples = append(samples, map[string]any{"labels": labels, "value": s.want[labels]})
			}
			checks = append(checks, map[string]any{"expr": q.fill(nil, windows[[2]string{q.dashboard, q.expr}], "1h"), "eval_time": s.at, "exp_samples": samples})
		}
		tests = append(tests, map[string]any{"name": r.what, "interval": r.every, "input_series": input, "promql_expr_test": checks})
	}
	file := marshal(t, "readings.yaml", map[string]any{"evaluation_interval": "15s", "fuzzy_compare": true, "tests": tests})
	if out, err := output(t, tool(t, tools.Promtool), nil, "test", "rules", file); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDashboardWithoutData: where nothing is known, as with a wrong data source, no query says that something is 0.
func TestDashboardWithoutData(t *testing.T) {
	t.Parallel()
	queries, _ := boards(t)
	var checks []map[string]any
	for _, q := range queries {
		checks = append(checks, map[string]any{"expr": q.filled(), "eval_time": "10m", "exp_samples": []any{}})
	}
	series := []map[string]any{{"series": "another_up", "values": "1x20"}}
	file := marshal(t, "nothing.yaml", map[string]any{"tests": []map[string]any{{"interval": "1m", "input_series": series, "promql_expr_test": checks}}})
	if out, err := output(t, tool(t, tools.Promtool), nil, "test", "rules", file); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
