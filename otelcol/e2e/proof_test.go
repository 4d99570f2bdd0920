package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// A shape is what the result of a query has to have at one moment of a play at least: a value between two bounds, which do not count
// themselves.
type shape struct {
	over, under  float64
	label, value string        // of the series; any where the label is ""
	after        time.Duration // from the play's begin
}

// there is any value, 0 as well; above and below are values beside 0.
func there() shape { return shape{over: math.Inf(-1), under: math.Inf(1)} }
func above() shape { return shape{under: math.Inf(1)} }
func below() shape { return shape{over: math.Inf(-1)} }

func (s shape) String() string {
	text := fmt.Sprintf("a value over %v and under %v", s.over, s.under)
	if s.label != "" {
		text += fmt.Sprintf(" with %s=%q", s.label, s.value)
	}
	if s.after != 0 {
		text += fmt.Sprintf(" after %v", s.after)
	}
	return text
}

// fits says whether the result of a play that began then has the shape.
func (s shape) fits(m model.Matrix, began time.Time) bool {
	for _, series := range m {
		if s.label != "" && string(series.Metric[model.LabelName(s.label)]) != s.value {
			continue
		}
		for _, v := range series.Values {
			if at := v.Timestamp.Time(); float64(v.Value) > s.over && float64(v.Value) < s.under && at.Sub(began) >= s.after {
				return true
			}
		}
	}
	return false
}

// What a query gives on a calm day, at any moment.
type calmness int

const (
	anything calmness = iota
	zero              // values, and none but 0
	empty             // nothing at all
)

// A promise is that a query gives data in a play.
type promise struct {
	in    string // the play
	shape shape
	// alone is the shape with one cluster chosen, where it takes several to have the other; else nil.
	alone *shape
	calm  calmness
}

func in(play string) promise                    { return promise{in: play, shape: above()} }
func (p promise) zero() promise                 { p.calm = zero; return p }
func (p promise) empty() promise                { p.calm = empty; return p }
func (p promise) together() promise             { p.alone = new(there()); return p }
func (p promise) negative() promise             { p.shape = below(); return p }
func (p promise) over(x float64) promise        { p.shape.over = x; return p }
func (p promise) under(x float64) promise       { p.shape.under = x; return p }
func (p promise) with(l, v string) promise      { p.shape.label, p.shape.value = l, v; return p }
func (p promise) after(d time.Duration) promise { p.shape.after = d; return p }

// fed says which play feeds which panel of which dashboard. A key is a panel, or one of its queries where they differ.
var fed = map[string]promise{
	"Overview: Are users answered?: Answered in time":        in("calm"),
	"Overview: Are users answered?: Unanswered per minute":   in("slow-handlers").zero(),
	"Overview: Are users answered?: Time to answer, p95":     in("calm"),
	"Overview: Are users answered?: Interactions by outcome": in("slow-handlers").with("outcome", "late"),

	"Overview: What is down?: Shards down":      in("fatal-close").zero(),
	"Overview: What is down?: Processes lost":   in("fleet").zero(),
	"Overview: What is down?: Shards missing":   in("fatal-close").zero(),
	"Overview: What is down?: Shards not ready": in("stuck-open").empty(),

	"Overview: Is it Discord or us?: Errors on Discord's side":              in("outage").zero(),
	"Overview: Is it Discord or us?: Errors on Discord's side/C":            in("storm").empty(),
	"Overview: Is it Discord or us?: Errors on the bot's side":              in("rate-limited").zero(),
	"Overview: Is it Discord or us?: Errors on the bot's side/A":            in("slow-handlers").zero(),
	"Overview: Is it Discord or us?: Latency at Discord and on the network": in("calm"),
	"Overview: Is it Discord or us?: Latency in the bot":                    in("calm"),

	"Overview: Which budget runs out first?: Budgets used":            in("runaway").over(0.2),
	"Overview: Which budget runs out first?: Budgets used/A":          in("identify-budget").over(0.9),
	"Overview: Which budget runs out first?: Budgets used/E":          in("calm"),
	"Overview: Which budget runs out first?: Session starts left":     in("identify-budget").under(20),
	"Overview: Which budget runs out first?: Full restarts left":      in("identify-budget").under(3),
	"Overview: Which budget runs out first?: Session starts reset in": in("identify-budget"),

	"Overview: What changed?: Versions":        in("calm"),
	"Overview: What changed?: Last restarts":   in("calm"),
	"Overview: What changed?: Last restarts/B": in("fleet").zero(),
	"Overview: What changed?: Guilds":          in("calm"),
	"Overview: What changed?: Guilds/B":        in("outage").zero(),
	"Overview: What changed?: Members":         in("calm"),

	"Interactions: Are interactions answered?: Answered in time":   in("calm"),
	"Interactions: Are interactions answered?: Missed":             in("slow-handlers").zero(),
	"Interactions: Are interactions answered?: Expired on arrival": in("zombie").zero(),
	"Interactions: Are interactions answered?: Outcomes":           in("slow-handlers").with("outcome", "missed"),

	"Interactions: Where do the three seconds go?: Mean time per stage":      in("slow-handlers"),
	"Interactions: Where do the three seconds go?: Mean time per stage/C":    in("slow-handlers").over(0.2),
	"Interactions: Where do the three seconds go?: p95 time per stage":       in("slow-handlers"),
	"Interactions: Where do the three seconds go?: p95 time per stage/C":     in("slow-handlers").over(1),
	"Interactions: Where do the three seconds go?: p95 time per stage/D":     in("slow-handlers").over(1),
	"Interactions: Where do the three seconds go?: p95 time per stage/E":     in("slow-handlers").over(2),
	"Interactions: Where do the three seconds go?: Receipt to answer":        in("calm"),
	"Interactions: Where do the three seconds go?: Receipt to first attempt": in("calm"),
	"Interactions: Where do the three seconds go?: Age at receipt":           in("calm"),

	"Interactions: By type: Interactions received":         in("calm"),
	"Interactions: By type: Answered in time, by type":     in("calm"),
	"Interactions: By type: Time to answer by type, p95":   in("calm"),
	"Interactions: By type: Not answered in time, by type": in("slow-handlers").zero(),
	"Interactions: By type: Clock":                         in("clock-skew").negative(),

	"Interactions: By command: Commands, slowest first":               in("calm"),
	"Interactions: By command: Commands, slowest first/F":             in("slow-handlers").zero(),
	"Interactions: By command: Time to answer by command, p95":        in("calm"),
	"Interactions: By command: Time to first attempt by command, p95": in("calm"),
	"Interactions: By command: Handler duration by command, p95":      in("calm"),
	"Interactions: By command: Commands finished":                     in("calm"),
	"Interactions: By command: Handler errors":                        in("slow-handlers").empty(),
	"Interactions: By command: Named commands":                        in("calm"),

	"Interactions: Prefix commands: Prefix commands finished": in("calm"),
	"Interactions: Prefix commands: Prefix command duration":  in("calm"),

	"Interactions: Tasks: Tasks run":          in("calm"),
	"Interactions: Tasks: Task duration, p95": in("calm"),
	"Interactions: Tasks: Task errors":        in("outage").empty(),

	"Gateway and shards: State of the shards: Connected":              in("calm"),
	"Gateway and shards: State of the shards: Not connected":          in("fatal-close").zero(),
	"Gateway and shards: State of the shards: Fatal closes":           in("fatal-close").zero(),
	"Gateway and shards: State of the shards: Resumes that succeeded": in("storm").empty(),
	"Gateway and shards: State of the shards: Oldest heartbeat":       in("zombie").over(3),
	"Gateway and shards: State of the shards: Longest lock":           in("stuck-open").over(10),
	"Gateway and shards: State of the shards: Attached after Open":    in("calm").over(-1).zero(), // the demo attaches before
	"Gateway and shards: State of the shards: State of each shard":    in("calm"),
	"Gateway and shards: State of the shards: Shards by state":        in("calm"),
	"Gateway and shards: State of the shards: Shards, worst first":    in("calm"),
	"Gateway and shards: State of the shards: Shards, worst first/F":  in("stuck-open").over(10),

	"Gateway and shards: Disconnects and reconnects: Closes by code":             in("storm").empty(),
	"Gateway and shards: Disconnects and reconnects: Closes by initiator":        in("storm").zero(),
	"Gateway and shards: Disconnects and reconnects: Handshakes by outcome":      in("storm").empty(),
	"Gateway and shards: Disconnects and reconnects: Reconnects":                 in("storm").zero(),
	"Gateway and shards: Disconnects and reconnects: Connection attempts":        in("identify-budget").with("outcome", "refused"),
	"Gateway and shards: Disconnects and reconnects: Voice closes by code":       in("clock-skew").with("code", "4017"),
	"Gateway and shards: Disconnects and reconnects: Identify budget":            in("identify-budget"),
	"Gateway and shards: Disconnects and reconnects: Identify budget/A":          in("identify-budget").under(20),
	"Gateway and shards: Disconnects and reconnects: Identify concurrency":       in("identify-budget"),
	"Gateway and shards: Disconnects and reconnects: Session starts reset in":    in("identify-budget"),
	"Gateway and shards: Disconnects and reconnects: Reconnects, busiest shards": in("flapping").over(3).empty(),

	"Gateway and shards: Heartbeats and silent shards: Heartbeat round trip":                     in("calm"),
	"Gateway and shards: Heartbeats and silent shards: Heartbeat round trip distribution":        in("calm"),
	"Gateway and shards: Heartbeats and silent shards: Intervals since the last acknowledgement": in("zombie").over(3),
	"Gateway and shards: Heartbeats and silent shards: Time since the last event":                in("zombie").over(15),
	"Gateway and shards: Heartbeats and silent shards: Session lock unavailable":                 in("stuck-open").over(10),
	"Gateway and shards: Heartbeats and silent shards: Heartbeat interval":                       in("calm"),

	"Gateway and shards: Traffic: Events by type":                in("calm"),
	"Gateway and shards: Traffic: Events, busiest shards":        in("calm"),
	"Gateway and shards: Traffic: Sends in 60 s, busiest shards": in("runaway").over(90),
	"Gateway and shards: Traffic: Sends by operation":            in("runaway").with("op", "presence_update").over(1),
	"Gateway and shards: Traffic: Bytes":                         in("calm"),
	"Gateway and shards: Traffic: Member requests refused":       in("rate-limited").zero(),

	"Gateway and shards: Guilds, voice and discordgo's cache: Unavailable guilds":           in("outage").zero(),
	"Gateway and shards: Guilds, voice and discordgo's cache: Voice connections":            in("calm"),
	"Gateway and shards: Guilds, voice and discordgo's cache: Entries in discordgo's cache": in("calm"),

	"REST and rate limits: How close are the limits?: Invalid requests in 10 minutes": in("runaway").zero(),
	"REST and rate limits: How close are the limits?: Rate limited":                   in("rate-limited").zero(),
	"REST and rate limits: How close are the limits?: Global 429s":                    in("rate-limited").zero(),
	"REST and rate limits: How close are the limits?: Requests in flight":             in("rate-limited"),
	"REST and rate limits: How close are the limits?: Limits used":                    in("runaway").over(0.2),
	"REST and rate limits: How close are the limits?: Limits used/A":                  in("runaway").with("status", "403").over(0.5),
	"REST and rate limits: How close are the limits?: Invalid requests":               in("runaway").zero(),

	"REST and rate limits: Rate limits: 429s by scope":                         in("rate-limited").zero(),
	"REST and rate limits: Rate limits: 429s by route":                         in("rate-limited").empty(),
	"REST and rate limits: Rate limits: Wait in discordgo's rate limiter, p95": in("rate-limited").over(1),

	"REST and rate limits: Is Discord slow or failing?: Requests by status":            in("calm"),
	"REST and rate limits: Is Discord slow or failing?: Failures":                      in("outage").zero(),
	"REST and rate limits: Is Discord slow or failing?: Failures/B":                    in("rate-limited").zero(),
	"REST and rate limits: Is Discord slow or failing?: REST proxy responses":          in("calm").over(-1).zero(), // there is none
	"REST and rate limits: Is Discord slow or failing?: Request duration":              in("calm"),
	"REST and rate limits: Is Discord slow or failing?: Request duration distribution": in("calm"),
	"REST and rate limits: Is Discord slow or failing?: Discord error codes":           in("runaway").empty(),
	"REST and rate limits: Is Discord slow or failing?: Requests by method":            in("calm"),

	"REST and rate limits: By route: Routes, busiest first":   in("calm"),
	"REST and rate limits: By route: Routes, busiest first/D": in("outage").zero(),
	"REST and rate limits: By route: Routes, busiest first/E": in("rate-limited").zero(),
	"REST and rate limits: By route: Routes, busiest first/F": in("rate-limited").zero(),
	"REST and rate limits: By route: Routes, busiest first/G": in("rate-limited").over(1),

	"Fleet: Which clusters are in trouble?: Clusters":                in("calm"),
	"Fleet: Which clusters are in trouble?: In trouble":              in("fleet").zero(),
	"Fleet: Which clusters are in trouble?: Lost":                    in("fleet").zero(),
	"Fleet: Which clusters are in trouble?: Shards up":               in("calm"),
	"Fleet: Which clusters are in trouble?: Answered in time":        in("calm"),
	"Fleet: Which clusters are in trouble?: Guilds":                  in("calm"),
	"Fleet: Which clusters are in trouble?: Clusters, worst first":   in("calm"),
	"Fleet: Which clusters are in trouble?: Clusters, worst first/A": in("fleet").zero(),
	"Fleet: Which clusters are in trouble?: Clusters, worst first/F": in("rate-limited").zero(),
	"Fleet: Which clusters are in trouble?: Clusters, worst first/G": in("clock-skew").negative(),
	"Fleet: Which clusters are in trouble?: Clusters, worst first/I": in("outage").zero(),
	"Fleet: Which clusters are in trouble?: Signs of trouble":        in("fleet").empty(),
	"Fleet: Which clusters are in trouble?: Trouble over time":       in("fleet").zero(),

	"Fleet: Clusters compared: Shards up":            in("calm"),
	"Fleet: Clusters compared: Answered in time":     in("calm"),
	"Fleet: Clusters compared: Interactions":         in("calm"),
	"Fleet: Clusters compared: Guilds":               in("calm"),
	"Fleet: Clusters compared: Shards owned twice":   in("fleet").zero().together(),
	"Fleet: Clusters compared: Shard counts in use":  in("mixed-counts").with("shards", "8"),
	"Fleet: Clusters compared: Shards up, whole bot": in("calm"),

	"Fleet: Processes: CPU":        in("calm"),
	"Fleet: Processes: Memory":     in("calm"),
	"Fleet: Processes: Goroutines": in("calm"),

	"Fleet: Can the telemetry be trusted?: Argus subsystems":         in("unpushed").with("subsystem", "otlp").over(-1).under(1),
	"Fleet: Can the telemetry be trusted?: Instrumentation faults":   in("storm").zero(),
	"Fleet: Can the telemetry be trusted?: Instrumentation faults/B": in("raid").zero(),
	"Fleet: Can the telemetry be trusted?: Instrumentation faults/C": in("unpushed").over(-1).empty(),
	"Fleet: Can the telemetry be trusted?: Instrumentation faults/D": in("unpushed").with("reason", "queue_full").empty(),
	"Fleet: Can the telemetry be trusted?: discordgo's log":          in("storm").with("level", "warning"),

	"Overview: annotation Restarts":             in("fleet").after(time.Minute),
	"Interactions: annotation Restarts":         in("fleet").after(time.Minute),
	"Gateway and shards: annotation Restarts":   in("fleet").after(time.Minute),
	"REST and rate limits: annotation Restarts": in("fleet").after(time.Minute),
	"Fleet: annotation Restarts":                in("fleet").after(time.Minute),
	"Overview: annotation Versions":             in("fleet").empty(),
	"Interactions: annotation Versions":         in("fleet").empty(),
	"Gateway and shards: annotation Versions":   in("fleet").empty(),
	"REST and rate limits: annotation Versions": in("fleet").empty(),
	"Fleet: annotation Versions":                in("fleet").empty(),
}

// signs says which play has which of the signs of trouble that Fleet adds up.
var signs = map[string]promise{
	"lost":         in("fleet"),
	"not ready":    in("fatal-close"),
	"refused":      in("fatal-close"),
	"unanswered":   in("slow-handlers"),
	"zombie":       in("zombie"),
	"rate limited": in("rate-limited"),
	"near a ban":   in("runaway"),
	"clock":        in("clock-skew"),
	"stuck":        in("stuck-open"),
	"guilds lost":  in("outage"),
	"telemetry":    in("unpushed"),
	"faults":       in("storm"),
}

// A warning is that an alert fires in a play, with these labels at least: where one is "", any value.
type warning struct {
	in     string
	labels map[string]string
}

func cluster(play string) warning { return warning{in: play, labels: map[string]string{"cluster": ""}} }

func shard(play string) warning {
	return warning{in: play, labels: map[string]string{"cluster": "", "shard": ""}}
}

// raised says which play raises which alert.
var raised = map[string]warning{
	"DiscordAckBudgetBurnsFast":        cluster("slow-handlers"),
	"DiscordAckBudgetBurnsSlowly":      cluster("slow-handlers"),
	"DiscordCommandFails":              {in: "slow-handlers", labels: map[string]string{"cluster": "default", "command": "digest"}},
	"DiscordShardsMissing":             {in: "fleet"},
	"DiscordShardDown":                 shard("fatal-close"),
	"DiscordClusterGone":               cluster("fleet"),
	"DiscordShardOwnedTwice":           {in: "fleet", labels: map[string]string{"shard": ""}},
	"DiscordFatalClose":                {in: "fatal-close", labels: map[string]string{"cluster": "", "code": ""}},
	"DiscordShardZombie":               shard("zombie"),
	"DiscordShardSilent":               shard("zombie"),
	"DiscordResumesFail":               cluster("outage"),
	"DiscordSessionLockStuck":          shard("stuck-open"),
	"DiscordIdentifyBudgetLow":         {in: "identify-budget"},
	"DiscordIdentifyBudgetNearlySpent": {in: "identify-budget"},
	"DiscordInvalidRequestsHigh":       cluster("runaway"),
	"DiscordInvalidRequestsNearBan":    {in: "runaway"},
	"DiscordSendsNearLimit":            shard("runaway"),
	"DiscordGuildOutage":               cluster("outage"),
	"DiscordClockSkewed":               cluster("clock-skew"),
	"DiscordShardCountMismatch":        {in: "mixed-counts"},
	"DiscordShardFlapping":             shard("flapping"),
	"DiscordCrashLoop":                 cluster("crash-loop"),
	"DiscordGlobalRateLimit":           {in: "global-limit"},
	"DiscordGatewayRefused":            {in: "identify-budget", labels: map[string]string{"cluster": "", "outcome": "refused", "status": ""}},
	"DiscordVoiceEncryptionRequired":   cluster("clock-skew"),
	"DiscordMemberRequestsRefused":     cluster("rate-limited"),
	"ArgusTelemetryAbsent":             {in: "fleet"},
	"ArgusScrapeFails":                 {in: "fleet", labels: map[string]string{"job": "bots", "instance": ""}},
	"ArgusSubsystemDown":               {in: "unpushed", labels: map[string]string{"cluster": "", "subsystem": "otlp"}},
	"ArgusInstrumentationErrors":       {in: "storm", labels: map[string]string{"cluster": "", "hook": "tap"}},
	"ArgusTimersEvicted":               {in: "raid", labels: map[string]string{"cluster": "", "timer": ""}},
}

// explained says what argus explain says first of a play, by its Prometheus alone, at some time of it.
var explained = map[string]string{
	"storm":           "DiscordShardFlapping",
	"outage":          "DiscordGuildOutage",
	"slow-handlers":   "DiscordAckBudgetBurnsFast",
	"global-limit":    "DiscordGlobalRateLimit",
	"flapping":        "DiscordShardFlapping",
	"zombie":          "DiscordShardZombie",
	"fatal-close":     "DiscordFatalClose",
	"identify-budget": "DiscordShardFlapping",
	"stuck-open":      "DiscordSessionLockStuck",
	"runaway":         "DiscordInvalidRequestsNearBan",
	"raid":            "DiscordAckBudgetBurnsFast",
	"mixed-counts":    "DiscordShardCountMismatch",
}

const (
	// step is the time between two points that a query is asked for: what Grafana would ask for in a panel of some 30 points. A
	// query for now is asked for at each of them, for now is any moment.
	step = 4 * time.Second
	// As Grafana calculates it from the step and the scrape interval of 1 s.
	rateInterval = "5s"
	// askAgain is how long what was not there yet is given.
	askAgain = 8 * time.Second
	// curtain is when a play must have kept all that it promises.
	curtain = 8 * time.Minute
)

// run is the time of the play so far, as Grafana fills it in for $__range.
func (p *play) run() string { return fmt.Sprintf("%ds", int(time.Since(p.began).Seconds())+1) }

// ask asks for the query's result over the play so far.
func (p *play) ask(ctx context.Context, q panelQuery, c choice) (model.Matrix, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	expr := q.fill(c, rateInterval, p.run())
	v, _, _, err := p.prom.api.QueryRange(ctx, expr, promv1.Range{Start: p.began, End: time.Now(), Step: step})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	m, ok := v.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("%s: it gives a %v", expr, v.Type())
	}
	return m, nil
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// escaped is a value as Grafana puts it into a matcher: a regular expression in a string.
func escaped(value string) string { return strings.ReplaceAll(regexp.QuoteMeta(value), `\`, `\\`) }

// choose finds values for the variables of a query, one for each, with which it keeps its promise. It returns nil when there are none.
func (p *play) choose(ctx context.Context, q panelQuery, choosers []chooser, want shape) (choice, error) {
	chosen := choice{}
next:
	for _, v := range choosers {
		m := labelValues.FindStringSubmatch(v.query)
		if m == nil {
			return nil, fmt.Errorf("the variable %s asks %q", v.name, v.query)
		}
		selector := panelQuery{expr: m[1]}.fill(chosen, "", "")
		values, _, _, err := p.prom.api.LabelValues(ctx, m[2], []string{selector}, p.began, time.Now())
		switch {
		case err != nil:
			return nil, fmt.Errorf("the variable %s: %s: %w", v.name, selector, err)
		case len(values) == 0 && (v.name == "bot" || v.name == "region"):
			continue // they are absent unless they are set
		case len(values) == 0:
			return nil, fmt.Errorf("the variable %s has no value: %s", v.name, selector)
		case !strings.Contains(q.expr, "$"+v.name):
			continue // its query was run, and it is not of this panel
		}
		for _, value := range values {
			with := maps.Clone(chosen)
			with[v.name] = escaped(string(value))
			m, err := p.ask(ctx, q, with)
			if err != nil {
				return nil, err
			}
			if want.fits(m, p.began) {
				chosen = with
				continue next
			}
		}
		return nil, nil
	}
	return chosen, nil
}

// promised is what the table says of a query.
func promised(q panelQuery) (promise, bool) {
	if p, ok := fed[q.panel+"/"+q.ref]; ok {
		return p, true
	}
	p, ok := fed[q.panel]
	return p, ok
}

// TestTablesAreWhole: the tables have each panel, each query and each alert, and none that does not exist.
func TestTablesAreWhole(t *testing.T) {
	queries, _ := boards(t)
	plays := map[string]bool{}
	for _, p := range stage() {
		plays[p.name] = true
	}
	check := func(what string, p promise) {
		t.Helper()
		if !plays[p.in] {
			t.Errorf("%s: there is no play %q", what, p.in)
		}
	}
	used, panels := map[string]bool{}, map[string]bool{}
	for _, q := range queries {
		p, ok := promised(q)
		if !ok {
			t.Errorf("%s, query %s: nothing feeds it", q.panel, q.ref)
		}
		check(q.panel, p)
		if _, own := fed[q.panel+"/"+q.ref]; own {
			used[q.panel+"/"+q.ref] = true
		} else {
			used[q.panel] = true
		}
		panels[q.panel] = true
	}
	if len(panels) < 100 {
		t.Errorf("only %d panels: does the test still read the dashboards right?", len(panels))
	}
	for key := range fed {
		if !used[key] {
			t.Errorf("there is no panel or query %s", key)
		}
	}
	shown := map[string]bool{}
	for _, q := range queries {
		if q.title() == "Signs of trouble" {
			for _, m := range regexp.MustCompile(`"sign", "([^"]+)"`).FindAllStringSubmatch(q.expr, -1) {
				shown[m[1]] = true
			}
		}
	}
	for _, both := range []struct{ has, wants map[string]bool }{{shown, keys(signs)}, {keys(signs), shown}} {
		for name := range both.wants {
			if !both.has[name] {
				t.Errorf("the sign %s is not both on the dashboard and in the table", name)
			}
		}
	}
	for name, s := range signs {
		check("the sign "+name, s)
	}
	_, alerts := plainRules(t)
	exist := map[string]bool{}
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			exist[r.Alert] = true
			if _, ok := raised[r.Alert]; !ok {
				t.Errorf("nothing raises %s", r.Alert)
			}
		}
	}
	for name, w := range raised {
		switch {
		case !exist[name]:
			t.Errorf("there is no alert %s", name)
		case !plays[w.in]:
			t.Errorf("%s: there is no play %q", name, w.in)
		}
	}
}

func keys(m map[string]promise) map[string]bool {
	names := map[string]bool{}
	for name := range m {
		names[name] = true
	}
	return names
}

// A claim is one thing that a play has to show; see looks whether it does, and says what is missing otherwise.
type claim struct {
	what string
	play *play
	see  func(ctx context.Context) (missing string, err error)
}

// TestScenarios: in the demo's scenarios, which a real Prometheus scrapes with the rules loaded, each query of each panel gives what is
// promised, with everything chosen and with one cluster, shard, type, command or route; each alert fires, and each query of its runbook finds something
// then; and on a calm day nothing does.
//
// It does not run beside others: it would take the processor from those that measure time.
func TestScenarios(t *testing.T) {
	plays := stage()
	byName := map[string]*play{}
	rules, argus := shortRules(t, faster), goBuild(t, toolSet(t).Root(), "./cmd/argus")
	upgraded := buildWith(t, toolSet(t).Root(), "./cmd/argus", olderDiscordgo)
	for _, p := range plays {
		byName[p.name], p.next = p, upgraded
		p.perform(t, argus)
	}
	for _, p := range plays {
		p.watch(t)
	}
	for _, p := range plays {
		p.begin(t, rules)
	}
	queries, choosers := boards(t)
	var claims []claim
	for _, q := range queries {
		want, _ := promised(q)
		p := byName[want.in]
		claims = append(claims, claim{fmt.Sprintf("%s, query %s", q.panel, q.ref), p, func(ctx context.Context) (string, error) {
			m, err := p.ask(ctx, q, nil)
			if err != nil || !want.shape.fits(m, p.began) {
				return fmt.Sprintf("want %v: %v", want.shape, m), err
			}
			shape := want.shape
			if want.alone != nil {
				shape = *want.alone
			}
			if c, err := p.choose(ctx, q, choosers[q.dashboard], shape); err != nil || c == nil {
				return fmt.Sprintf("no choice of the variables gives %v", shape), err
			}
			return "", nil
		}})
		if q.title() != "Signs of trouble" {
			continue
		}
		for sign, s := range signs {
			p := byName[s.in]
			claims = append(claims, claim{"the sign " + sign, p, func(ctx context.Context) (string, error) {
				m, err := p.ask(ctx, q, nil)
				for _, series := range m {
					if series.Metric["sign"] == model.LabelValue(sign) {
						return "", err
					}
				}
				return fmt.Sprint(m), err
			}})
		}
	}
	claims = append(claims, guidance(t, byName)...)
	for name, w := range raised {
		p := byName[w.in]
		claims = append(claims, claim{"the alert " + name, p, func(context.Context) (string, error) {
			for _, a := range p.named(name) {
				fits := a.Labels["job"] != ""
				for label, value := range w.labels {
					got := string(a.Labels[model.LabelName(label)])
					fits = fits && got != "" && (value == "" || got == value)
				}
				if fits {
					return "", nil
				}
			}
			return fmt.Sprintf("want the labels %v; fired have %v", w.labels, slices.Sorted(maps.Keys(p.alerts))), nil
		}})
	}
	for name, first := range explained {
		p := byName[name]
		claims = append(claims, claim{"that argus explain says first " + first, p, func(ctx context.Context) (string, error) {
			r, err := p.examine(ctx)
			if err != nil || len(r.Findings) > 0 && r.Findings[0].ID == first {
				return "", err
			}
			var found []string
			for _, f := range r.Findings {
				found = append(found, f.ID)
			}
			return fmt.Sprintf("it says %v", found), nil
		}})
	}
	results := os.Getenv("E2E_RESULTS") // the folder for them, or ""
	t.Logf("%d plays, %d claims", len(plays), len(claims))
	var missing []string
	looked, asked := time.Time{}, time.Now()
	took := eventually(t, "all claims are kept", curtain, func() (bool, string) {
		if now := time.Now(); now.Sub(looked) >= time.Second {
			looked = now
			directed := true
			for _, p := range plays {
				if p.over {
					continue
				}
				p.look(t)
				if p.direct != nil && !p.settled {
					p.settled = !p.direct(p)
					directed = directed && p.settled
				}
			}
			// To ask for everything all the time would take the processor from the plays.
			if now.Sub(asked) >= askAgain && directed {
				claims, missing = outstanding(t, claims)
				asked = time.Now()
				if results == "" { // which are of the whole time
					spare(t, plays, claims)
				}
			}
		}
		return len(claims) == 0, strings.Join(missing, "\n")
	})
	t.Logf("all of them were kept after %v", took.Round(time.Second))

	for _, p := range plays {
		if !p.over {
			p.sum(t)
		}
		for _, a := range p.alerts {
			checkTexts(t, a.Labels, a.Annotations)
		}
	}
	if results != "" {
		dump(t, results, byName, queries)
	}
	checkCalm(t, plays, argus, rules, queries)
}

// spare ends the plays that have shown all that they have to, so that the others have the processor: a raid has to be quick, and a shard
// that falls silent must not have been missed by Prometheus before. The calm day, which is the first, goes on to the end.
func spare(t *testing.T, plays []*play, claims []claim) {
	t.Helper()
	for _, p := range plays[1:] {
		if !p.over && (p.direct == nil || p.settled) && !slices.ContainsFunc(claims, func(c claim) bool { return c.play == p }) {
			p.sum(t)
			p.end()
		}
	}
}

// sum says what has come of a play.
func (p *play) sum(t *testing.T) {
	t.Helper()
	_, cpu := p.prom.used()
	t.Logf("%s: fired have %v; Prometheus used %v of a processor", p.name, p.fired(t), cpu)
}

// checkCalm: on a day on which nothing happens no alert fires, and what counts trouble counts none. A machine that stands still for seconds
// is trouble too, which is not to be told from a bot's: then the other plays end, and there is another day.
func checkCalm(t *testing.T, plays []*play, argus string, rules []string, queries []panelQuery) {
	t.Helper()
	// One scrape a second may be missed, not two one after the other.
	const tolerable, days = 2500 * time.Millisecond, 4
	for n := 1; ; n++ {
		p := plays[0]
		gap, trouble := p.gap(t), p.trouble(t, queries)
		t.Logf("%s: Prometheus did not reach the bot for %v at most", p.name, gap)
		switch {
		case len(trouble) == 0:
			return
		case gap <= tolerable || n == days:
			t.Fatalf("on a calm day:\n%s", strings.Join(trouble, "\n"))
		}
		t.Logf("the calm day has to be done again, for the machine stood still:\n%s", tail(strings.Join(trouble, "\n"), 3))
		for _, p := range plays {
			p.end()
		}
		p = &play{name: fmt.Sprintf("calm-%d", n+1), actors: p.actors}
		plays = []*play{p}
		p.perform(t, argus)
		p.watch(t)
		p.begin(t, rules)
		pass(t, either(75*time.Second, 3*time.Minute))
	}
}

// trouble is what a calm day does not have: alerts that have fired, and queries that give what they do not promise for it, at a moment at
// which Prometheus had just reached the bot.
func (p *play) trouble(t *testing.T, queries []panelQuery) (list []string) {
	t.Helper()
	report, err := p.examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		list = append(list, "argus explain says: "+f.Sentence)
	}
	if fired := p.fired(t); len(fired) > 0 {
		list = append(list, fmt.Sprintf("these fired: %v", fired))
	}
	up, err := p.ask(t.Context(), panelQuery{expr: "min(up) == 1"}, nil)
	if err != nil || len(up) != 1 {
		return append(list, fmt.Sprintf("the bot was never reached: %v %v", up, err))
	}
	reached := map[model.Time]bool{}
	for _, v := range up[0].Values {
		reached[v.Timestamp] = true
	}
	for _, q := range queries {
		want, _ := promised(q)
		m, err := p.ask(t.Context(), q, nil)
		for _, series := range m {
			series.Values = slices.DeleteFunc(series.Values, func(v model.SamplePair) bool { return !reached[v.Timestamp] })
		}
		switch {
		case err != nil:
			list = append(list, err.Error())
		case want.calm == empty && there().fits(m, p.began),
			want.calm == zero && !there().fits(m, p.began),
			want.calm == zero && (above().fits(m, p.began) || below().fits(m, p.began)):
			list = append(list, fmt.Sprintf("%s, query %s gives %v", q.panel, q.ref, strings.Join(strings.Fields(m.String()), " ")))
		}
	}
	return list
}

// outstanding are the claims that are not kept yet, a few asked for at a time.
func outstanding(t *testing.T, claims []claim) (left []claim, missing []string) {
	t.Helper()
	type answer struct {
		missing string
		err     error
	}
	answers := make([]answer, len(claims))
	var wait sync.WaitGroup
	slots := make(chan struct{}, 4)
	for n, c := range claims {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answers[n].missing, answers[n].err = c.see(t.Context())
		})
	}
	wait.Wait()
	for n, a := range answers {
		if a.missing != "" || a.err != nil {
			left = append(left, claims[n])
			missing = append(missing, fmt.Sprintf("%s, in %s: %s %v", claims[n].what, claims[n].play.name, tail(a.missing, 1), a.err))
		}
	}
	return left, missing
}

var unrendered = regexp.MustCompile(`<no value>|\{\{|error expanding|%!|NaN|[+-]Inf`)

// checkTexts: what people read of an alert is whole, and says where it is.
func checkTexts(t *testing.T, labels, texts model.LabelSet) {
	t.Helper()
	name := labels["alertname"]
	summary, description := string(texts["summary"]), string(texts["description"])
	if summary == "" || description == "" || unrendered.MatchString(summary+description) {
		t.Errorf("%s: the summary is %q and the description %q", name, summary, description)
	}
	for label, value := range labels {
		if label != "alertname" && label != "severity" && !strings.Contains(summary+description, string(value)) {
			t.Errorf("%s: neither the summary %q nor the description names the %s %s", name, summary, label, value)
		}
	}
	page, ok := strings.CutPrefix(string(texts["runbook_url"]), "https://github.com/argus-dgo/argus/blob/main/")
	if _, err := os.Stat(filepath.Join(toolSet(t).Root(), filepath.FromSlash(page))); !ok || err != nil {
		t.Errorf("%s: the runbook %q: %v", name, texts["runbook_url"], err)
	}
}

// A result is what a query gave, to draw it.
type result struct {
	Dashboard string       `json:"dashboard"`
	Panel     string       `json:"panel"`
	Ref       string       `json:"ref"`
	Kind      string       `json:"kind"`
	Unit      string       `json:"unit"`
	Legend    string       `json:"legend"`
	Query     string       `json:"query"`
	Play      string       `json:"play"`
	Demo      string       `json:"demo"` // the command
	Series    model.Matrix `json:"series"`
}

// dump writes each query's result into a folder, which is made. docs/pictures are drawn from it.
func dump(t *testing.T, dir string, plays map[string]*play, queries []panelQuery) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	for n, q := range queries {
		want, _ := promised(q)
		p := plays[want.in]
		if p == nil {
			continue
		}
		m, err := p.ask(t.Context(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		demo := "argus " + strings.Join(p.actors[0].args, " ")
		if n := len(p.actors); n > 1 {
			demo += fmt.Sprintf(" (one of %d such processes, which are killed)", n)
		}
		text, err := json.MarshalIndent(result{
			q.dashboard, q.panel, q.ref, q.kind, q.unit, q.legend, q.expr, p.name, demo, m,
		}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%03d.json", n)), text)
	}
}
