package doctor

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/cmd/argus/internal/cli"
	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
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
		return []finding{{"targets", skipped, "none are given", ""}}
	}
	var away []finding
	for _, r := range results {
		if r.Err == nil {
			continue
		}
		do := "see whether the bot runs there, and whether its port can be reached from here"
		switch {
		case errors.Is(r.Err, scrape.ErrNeedsToken), errors.Is(r.Err, scrape.ErrWrongToken):
			do = "give the token of the targets with --token-file"
		case errors.Is(r.Err, scrape.ErrNotAsked):
			do = "give it more time with --timeout"
		}
		away = append(away, finding{"targets", failure, fmt.Sprintf("%s: %v", r.Address, r.Err), do})
	}
	var findings []finding
	if len(away) == 0 {
		findings = append(findings, finding{"targets", ok, fmt.Sprintf("%s, and each answers", cli.Count(len(results), "target")), ""})
	} else {
		findings = several("targets", away)
	}
	if len(away) == len(results) {
		return append(findings, finding{"fleet", skipped, "no target answers", ""})
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
	return "; if these are several bots, name each with ARGUS_BOT"
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
						"labels", failure, fmt.Sprintf("%s has the target label %s=%q, which Prometheus takes for that of the process, %q; this becomes exported_%s", r.Address, l.name, target, l.own, l.name),
						"take the label off the target: otelcol/README.md tells what else can be done",
					})
				}
			}
		}
	}
	return several("labels", findings)
}

// names looks for cluster ids of one bot that are there twice.
func (d *doctor) names(bot scrape.Group, own *scrape.Result) []finding {
	const do = "give each process a name of its own, with ARGUS_CLUSTER_ID or CLUSTER_ID: their series overwrite each other, or add up to what no process has"
	var findings []finding
	shared, at := bot.Shared()
	for _, cluster := range shared {
		findings = append(findings, finding{"clusters", failure, fmt.Sprintf("%v is the name of %s", cluster, cli.List(at[cluster])), do + severalBots(bot.Bot)})
	}
	// The bot beside may be one of the targets; one that does not run is not.
	if there, ok := d.taken(bot); ok && own == nil && d.config.ClusterID != "" && !d.config.Disabled {
		findings = append(findings, finding{
			"clusters", warning, fmt.Sprintf("%s is cluster %q, which a bot started in this environment would be too", there, d.config.ClusterID),
			"start it only if that is the process which it replaces",
		})
	}
	if findings == nil {
		findings = []finding{{"clusters", ok, fmt.Sprintf("%s, each once", cli.Count(len(bot.Clusters()), "cluster id")), ""}}
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
			said = append(said, fmt.Sprintf("%d say %d, such as %s", len(counts[count]), count, counts[count][0]))
		}
		findings = append(findings, finding{"shards", failure, "processes differ in how many shards the bot has: " + cli.List(said), "give all of them the same SHARD_COUNT: guilds are dealt to shards by it" + severalBots(bot.Bot)})
	}
	var twice []finding
	for _, id := range slices.Sorted(maps.Keys(owners)) {
		if len(owners[id]) > 1 {
			twice = append(twice, finding{
				"shards", failure, fmt.Sprintf("shard %d is that of %s", id, cli.List(owners[id])),
				"each event of its guilds is handled more than once: correct SHARD_IDS or SHARDS_PER_CLUSTER, or end one of the processes" + severalBots(bot.Bot),
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
			f := finding{"shards", failure, fmt.Sprintf("nobody has shard %s of %d", scrape.ShownIDs(missing), count), "start the processes that have them, or give all targets"}
			switch {
			case len(missing) <= waiting:
				f.State, f.Do = warning, "just after a start that is normal; else see whether the bots open all of their sessions"
				f.Text += "; " + unopened(waiting)
			case away > 0:
				f.Text += fmt.Sprintf("; they may be those of the %s that did not answer", cli.Count(away, "target"))
			}
			findings = append(findings, f)
		}
	}
	if len(down) > 0 {
		slices.Sort(down)
		down = slices.Compact(down)
		findings = append(findings, finding{"shards", warning, fmt.Sprintf("%s down: %s", cli.Count(len(down), "shard"), scrape.ShownIDs(down)), "just after a start that is normal; else see docs/runbooks/DiscordShardDown.md"})
	}
	switch {
	case findings != nil:
	case len(owners) == 0:
		findings = []finding{{"shards", skipped, "no session has been opened, so none is a shard", ""}}
	default:
		findings = []finding{{"shards", ok, fmt.Sprintf("%s, each once and up", cli.Count(len(owners), "shard")), ""}}
	}
	return findings
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
		said = append(said, version+" in "+strconv.Itoa(built[version]))
	}
	if len(said) > 1 {
		return finding{"versions", warning, "processes differ: " + cli.List(said), "bring all to one version; in the midst of a rolling restart that is normal"}
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
		return finding{"identifies", skipped, "no process here says of how many shards the bot is", ""}
	}
	if last == nil {
		return finding{"identifies", skipped, "no process here has read the budget of session starts: set ARGUS_SESSION_START_POLL on one of them", ""}
	}
	left := last.Remaining / count
	f := finding{"identifies", ok, fmt.Sprintf("when %s last read the budget, which may be as long ago as its start unless ARGUS_SESSION_START_POLL is set there, the bot could identify %s more before %s (of %d): enough for %s of all %s",
		from, cli.Count(last.Remaining, "time"), last.Reset.UTC().Format("2006-01-02 15:04 MST"), last.Total, cli.Count(left, "start"), cli.Count(count, "shard")), ""}
	switch {
	case left < 1:
		f.State, f.Do = failure, "do not restart the fleet before the reset: when the budget is spent, Discord resets the token"
	case left < 2:
		f.State, f.Do = warning, "restart the fleet only if you must: there is no second try before the reset"
	}
	return f
}
