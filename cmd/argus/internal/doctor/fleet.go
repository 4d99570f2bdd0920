package doctor

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/internal/cli"
)

func shardIDs(p scrape.Process) []int { return slices.Sorted(maps.Keys(p.Shards)) }

// mostFindings is how many of one kind are told one by one.
const mostFindings = 10

// several tells findings of one kind, no more than somebody reads.
func several(check string, findings []finding) []finding {
	if more := len(findings) - mostFindings; more > 0 {
		last := finding{check, findings[mostFindings].State, fmt.Sprintf("and %d more like these", more), ""}
		return append(findings[:mostFindings:mostFindings], last)
	}
	return findings
}

// fleet compares the targets with each other. own is the bot beside, or nil.
func (d *doctor) fleet(results []scrape.Result, own *scrape.Result) []finding {
	if len(results) == 0 {
		return []finding{{"targets", skipped, "no targets given", ""}}
	}
	var away []finding
	for _, r := range results {
		if r.Err == nil {
			continue
		}
		do := "check that the bot runs there, and that its port is reachable from here"
		switch {
		case errors.Is(r.Err, scrape.ErrNeedsToken), errors.Is(r.Err, scrape.ErrWrongToken):
			do = "pass the token of the targets with --token-file"
		case errors.Is(r.Err, scrape.ErrNeedsPassword), errors.Is(r.Err, scrape.ErrWrongPassword), errors.Is(r.Err, scrape.ErrNeedsTLS):
			do = "run argus doctor with the flags that the targets need: see argus doctor --help"
		case errors.Is(r.Err, scrape.ErrNotAsked):
			do = "increase --timeout"
		}
		away = append(away, finding{"targets", failure, fmt.Sprintf("%s: %v", r.Address, r.Err), do})
	}
	var findings []finding
	if len(away) == 0 {
		findings = append(findings, finding{"targets", ok, fmt.Sprintf("%d of %s answered", len(results), cli.Count(len(results), "target")), ""})
	} else {
		findings = several("targets", away)
	}
	if len(away) == len(results) {
		return append(findings, finding{"fleet", skipped, "no target answered", ""})
	}
	findings = append(findings, labels(results)...)
	bots := scrape.ByBot(results)
	for _, bot := range bots {
		of := d.names(bot, own)
		of = append(of, shards(bot, len(away))...)
		findings = append(findings, about(bots, bot, append(of, versions(bot.Results))...)...)
	}
	return findings
}

// about says which bot findings are about, where there are several.
func about(bots []scrape.Group, bot scrape.Group, findings ...finding) []finding {
	if len(bots) > 1 {
		for i := range findings {
			findings[i].Text = bot.Bot.String() + ": " + findings[i].Text
		}
	}
	return findings
}

// severalBots ends the advice on what two bots do that look like one.
func severalBots(b scrape.Bot) string {
	if b.Name != "" {
		return ""
	}
	return "; if these are different bots, set ARGUS_BOT for each"
}

// labels looks for labels of the targets that are the bots'.
func labels(results []scrape.Result) []finding {
	var findings []finding
	for _, r := range results {
		if r.Page == nil {
			continue
		}
		for _, p := range r.Page.Processes {
			for _, l := range []struct{ name, own string }{{"cluster", p.Cluster}, {"bot", p.Bot}, {"region", p.Region}} {
				if target := r.Labels[l.name]; target != "" && l.own != "" {
					findings = append(findings, finding{
						"labels", failure, fmt.Sprintf("%s has the target label %[2]s=%q, which overrides the process's own %[2]s=%[4]q in Prometheus (renamed to exported_%[2]s)", r.Address, l.name, target, l.own),
						"remove the label from the target; otelcol/README.md describes other solutions",
					})
				}
			}
		}
	}
	return several("labels", findings)
}

// names looks for cluster ids of one bot that are there twice.
func (d *doctor) names(bot scrape.Group, own *scrape.Result) []finding {
	const do = "set a unique ARGUS_CLUSTER_ID or CLUSTER_ID for each process: otherwise their series overwrite each other, or are added up"
	var findings []finding
	shared, at := bot.Shared()
	for _, cluster := range shared {
		findings = append(findings, finding{"clusters", failure, fmt.Sprintf("cluster id %v is used by %s", cluster, cli.List(at[cluster])), do + severalBots(bot.Bot)})
	}
	// The bot beside may be one of the targets; one that does not run is not.
	if there, ok := d.taken(bot); ok && own == nil && d.config.ClusterID != "" && !d.config.Disabled {
		findings = append(findings, finding{
			"clusters", warning, fmt.Sprintf("%s already uses the cluster id of this environment, %q", there, d.config.ClusterID),
			"start a bot with this environment only to replace that process",
		})
	}
	if findings == nil {
		findings = []finding{{"clusters", ok, fmt.Sprintf("%s, no duplicates", cli.Count(len(bot.Clusters()), "cluster id")), ""}}
	}
	return several("clusters", findings)
}

// taken is the last target that has the name which this environment gives.
func (d *doctor) taken(bot scrape.Group) (address string, taken bool) {
	for _, r := range bot.Results {
		for _, p := range r.Page.Processes {
			if p.Cluster == d.config.ClusterID && p.Bot == d.config.Bot && p.Region == d.config.Region && (p.Service == "" || d.service == "" || p.Service == d.service) {
				address, taken = r.Address, true
			}
		}
	}
	return address, taken
}

// shards looks for shards of one bot that are there twice or not at all. away is how
// many targets did not answer.
func shards(bot scrape.Group, away int) []finding {
	owners, counts := map[int][]string{}, map[int][]string{}
	var down []int
	waiting := 0 // sessions that may be those of shards which nobody has
	for _, r := range bot.Results {
		for _, p := range r.Page.Processes {
			who := fmt.Sprintf("%s (cluster %q)", r.Address, p.Cluster)
			for id, up := range p.Shards {
				owners[id] = append(owners[id], who)
				if !up {
					down = append(down, id)
				}
			}
			if p.ShardCount > 0 {
				counts[p.ShardCount] = append(counts[p.ShardCount], r.Address)
				waiting += p.Unopened
			}
		}
	}
	var findings []finding
	if len(counts) > 1 {
		var said []string
		for _, count := range slices.Sorted(maps.Keys(counts)) {
			said = append(said, fmt.Sprintf("%d (%s, such as %s)", count, processes(len(counts[count])), counts[count][0]))
		}
		findings = append(findings, finding{"shards", failure, "processes have different shard counts: " + cli.List(said), "set the same SHARD_COUNT for all: it assigns guilds to shards" + severalBots(bot.Bot)})
	}
	var twice []finding
	for _, id := range slices.Sorted(maps.Keys(owners)) {
		if len(owners[id]) > 1 {
			twice = append(twice, finding{
				"shards", failure, fmt.Sprintf("shard %d runs in several processes: %s", id, cli.List(owners[id])),
				"each event of its guilds is handled more than once: correct SHARD_IDS or SHARDS_PER_CLUSTER, or stop one of the processes" + severalBots(bot.Bot),
			})
		}
	}
	findings = append(findings, several("shards", twice)...)
	if len(counts) == 1 {
		count := slices.Collect(maps.Keys(counts))[0]
		var missing []int
		for id := range count {
			if owners[id] == nil {
				missing = append(missing, id)
			}
		}
		if len(missing) > 0 {
			f := finding{"shards", failure, fmt.Sprintf("no process runs shard %s of %d", scrape.ShownIDs(missing), count), "start the processes that run them, or pass all targets"}
			switch {
			case len(missing) <= waiting:
				f.State, f.Do = warning, "normal just after a start; otherwise check that the bots open all of their sessions"
				f.Text += "; " + unopened(waiting)
			case away > 0:
				f.Text += fmt.Sprintf("; they may run in the %s that did not answer", cli.Count(away, "target"))
			}
			findings = append(findings, f)
		}
	}
	if len(down) > 0 {
		slices.Sort(down)
		down = slices.Compact(down)
		findings = append(findings, finding{"shards", warning, fmt.Sprintf("%s down: %s", cli.Count(len(down), "shard"), scrape.ShownIDs(down)), "normal just after a start; otherwise see docs/runbooks/DiscordShardDown.md"})
	}
	switch {
	case findings != nil:
	case len(owners) == 0:
		findings = []finding{{"shards", skipped, "no session has been opened, so there are no shards", ""}}
	default:
		findings = []finding{{"shards", ok, fmt.Sprintf("%s, all up, no duplicates", cli.Count(len(owners), "shard")), ""}}
	}
	return findings
}

func processes(n int) string {
	if n == 1 {
		return "1 process"
	}
	return strconv.Itoa(n) + " processes"
}

// versions looks for processes of one bot that are built from others.
func versions(results []scrape.Result) finding {
	built := map[string]int{}
	for _, r := range results {
		for _, p := range r.Page.Processes {
			built["argus "+p.Argus+" and discordgo "+p.Discordgo]++
		}
	}
	var said []string
	for _, version := range slices.Sorted(maps.Keys(built)) {
		said = append(said, version+" in "+processes(built[version]))
	}
	if len(said) > 1 {
		return finding{"versions", warning, "processes run different versions: " + cli.List(said), "normal during a rolling restart; otherwise deploy one version everywhere"}
	}
	return finding{"versions", ok, cli.List(said), ""}
}

// budgets says it of each bot: every one has a token of its own.
func budgets(results []scrape.Result, now time.Time) []finding {
	bots := scrape.ByBot(results)
	if len(bots) == 0 {
		return []finding{budget(nil, now)}
	}
	var findings []finding
	for _, bot := range bots {
		findings = append(findings, about(bots, bot, budget(bot.Results, now))...)
	}
	return several("identifies", findings)
}

// budget says how often all of one bot can still be started. The budget is the
// token's, so of what processes have read, the last before the next reset counts. When
// that was is on no page, and what was spent since is only in part: a process that
// ended has taken its count of handshakes with it.
func budget(results []scrape.Result, now time.Time) finding {
	var last *scrape.Budget
	from, count := "", 0
	for _, r := range results {
		for _, p := range r.Page.Processes {
			count = max(count, p.ShardCount)
			b := p.Budget
			if b == nil || !b.Reset.After(now) {
				continue
			}
			// Within a period it only becomes less. A later reset is a later period.
			const sameReset = time.Minute
			if last == nil || b.Reset.Sub(last.Reset) > sameReset || last.Reset.Sub(b.Reset) <= sameReset && b.Remaining < last.Remaining {
				last, from = b, r.Address
			}
		}
	}
	if last != nil && count == 0 {
		return finding{"identifies", skipped, "no process reports the shard count of the bot", ""}
	}
	if last == nil {
		return finding{"identifies", skipped, "no process has read the session start budget: set ARGUS_SESSION_START_POLL in one of them", ""}
	}
	left := last.Remaining / count
	f := finding{"identifies", ok, fmt.Sprintf("%d of %s left until %s: enough for %s of all %s (read by %s; may be outdated unless ARGUS_SESSION_START_POLL is set there)",
		last.Remaining, cli.Count(last.Total, "session start"), last.Reset.UTC().Format("2006-01-02 15:04 MST"), cli.Count(left, "start"), cli.Count(count, "shard"), from), ""}
	switch {
	case left < 1:
		f.State, f.Do = failure, "do not restart all shards before the reset: at 0 Discord resets the token"
	case left < 2:
		f.State, f.Do = warning, "restart all shards only if necessary: a second restart before the reset is not possible"
	}
	return f
}
