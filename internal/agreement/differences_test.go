package agreement

import (
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/findings"
)

// classes are the ways in which alerts and findings differ. Each proves itself: is
// reports whether a difference belongs to it, and for which reason. A class or a reason
// without a difference fails the test.
var classes = []struct {
	name string // as docs/EXPLAIN.md has it
	is   func(d *difference) (reason string, is bool)
}{
	{"not yet", func(d *difference) (string, bool) {
		// The expression has this result, but not for as long as `for` says.
		return "for", d.finding != nil && d.alert != nil && !d.alert.firing && d.alert.holds
	}},
	{"early", func(d *difference) (string, bool) {
		// The expression needs longer than the finding has been there.
		takes, is := windows[d.name]
		return "early " + d.name, is && d.finding != nil && d.alert == nil && d.at-d.lacked <= takes.time
	}},
	{"a moment ago", func(d *difference) (string, bool) {
		// The expression had this result within the time that the finding covers.
		covers, is := memories[d.name]
		return "memory of " + d.name, is && d.finding != nil && d.alert == nil && d.heldWithin(covers.time)
	}},
	{"at present", func(d *difference) (string, bool) {
		// The last 5 min are bad enough; the six hours or the half hour of the alert are not.
		return "at present " + d.name, d.name == atPresent && d.finding != nil && d.finding.Affects && d.alert == nil
	}},
	{"no longer", func(d *difference) (string, bool) {
		// The expression has no result any more, and keep_firing_for has not passed.
		return "keep_firing_for", d.finding == nil && d.alert.firing && !d.alert.holds
	}},
	{"one for two", func(d *difference) (string, bool) {
		worse, is := heldBack[d.name]
		return "one for " + d.name, is && d.finding == nil && slices.ContainsFunc(d.others, func(f findings.Finding) bool {
			return f.ID == worse && concern(d.alert.labels, f.Subject)
		})
	}},
	{"no bot", func(d *difference) (string, bool) {
		// Nobody has metrics of Argus with this job: neither a bot to ask about, nor a
		// memory of one.
		if d.finding != nil || d.name != "ArgusTelemetryAbsent" && d.name != "ArgusScrapeFails" {
			return "", false
		}
		for _, s := range d.store.names["argus_up"] {
			if s.labels.Get("job") == d.alert.labels.Get("job") {
				return "", false
			}
		}
		return "no bot " + d.name, true
	}},
	{"lacking input", func(d *difference) (string, bool) {
		metric, is := needed[d.name]
		return "lacks " + metric, is && d.finding == nil && !d.store.has(metric)
	}},
}

// windows are how long the expressions of some alerts take, before `for` begins.
var windows = map[string]struct {
	time time.Duration
	why  string
}{
	"DiscordShardsMissing":       {8 * time.Minute, "the alert looks at the last 8 min of a shard, and at the shard count of 8 min ago; the finding at one minute"},
	"DiscordAckBudgetBurnsFast":  {time.Hour, "the alert needs an hour's share of failures; the finding reports when the last 2 min are as bad"},
	"DiscordSendsNearLimit":      {5 * time.Minute, "the alert averages over 5 min; the finding over 2 min"},
	"DiscordSessionLockStuck":    {5 * time.Minute, "the alert needs 300 s without the lock; the finding a minute in which Open hangs"},
	"DiscordGatewayRefused":      {5 * time.Minute, "the alert needs 5 min without a connection; the finding none since the shard went down"},
	"DiscordInvalidRequestsHigh": {10 * time.Minute, "the alert counts 10 min; the finding reports when the last minute's rate would reach Discord's limit in ten"},
	"DiscordClockSkewed":         {10 * time.Minute, "the alert needs 8 min in which the clock is off, and samples of 8 min before; the finding reports what is so now"},
	"DiscordResumesFail":         {5 * time.Minute, "the finding rounds the number of RESUMEs, which Prometheus extrapolates; the alert does not"},
}

// memories are how long some findings cover what has ended.
var memories = map[string]struct {
	time time.Duration
	why  string
}{
	"DiscordGuildOutage": {5 * time.Minute, "guilds return in waves, and what followed from the outage lasts longer"},
}

// heldWithin reports whether the expression of the finding's alert had its result within
// a time.
func (d *difference) heldWithin(time time.Duration) bool {
	for i, step := range d.steps {
		if step <= d.at && step >= d.at-time && slices.ContainsFunc(d.alerts[i], func(a alert) bool {
			return a.rule.Alert == d.name && concern(a.labels, d.finding.Subject)
		}) {
			return true
		}
	}
	return false
}

// atPresent is the alert whose finding also reports a share of failures that it has had
// for less long.
const atPresent = "DiscordAckBudgetBurnsSlowly"

// heldBack are the alerts that the example for Alertmanager holds back while another one
// fires. A finding stands for both.
var heldBack = map[string]string{
	"DiscordIdentifyBudgetLow":    "DiscordIdentifyBudgetNearlySpent",
	"DiscordAckBudgetBurnsSlowly": "DiscordAckBudgetBurnsFast",
}

// needed are metrics that each bot has and without which a check finds nothing. Tests
// that lack them show the alert alone.
var needed = map[string]string{
	"DiscordShardSilent": "discord_shard_events_total", // how many events are usual
}

// reasons are all reasons that need a difference.
func reasons() []string {
	list := []string{"for", "keep_firing_for", "no bot ArgusTelemetryAbsent", "no bot ArgusScrapeFails", "at present " + atPresent}
	for name := range windows {
		list = append(list, "early "+name)
	}
	for name := range memories {
		list = append(list, "memory of "+name)
	}
	for name := range heldBack {
		list = append(list, "one for "+name)
	}
	for _, metric := range needed {
		list = append(list, "lacks "+metric)
	}
	return list
}
