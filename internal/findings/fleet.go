package findings

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// process are the labels of a process within its bot.
var process = []string{"region", "cluster"}

// nameOf names a process within its bot.
func nameOf(process evidence.Labels) string {
	if region := process["region"]; region != "" {
		return process["cluster"] + " in " + region
	}
	return process["cluster"]
}

// upPerBot returns by bot and shard which processes have the shard up.
func upPerBot(v *view) map[string]map[string][]evidence.Labels {
	bots := map[string]map[string][]evidence.Labels{}
	for _, value := range v.ask(up) {
		k := value.Labels.Key(bot...)
		if bots[k] == nil {
			bots[k] = map[string][]evidence.Labels{}
		}
		if value.Number == 1 {
			s := value.Labels["shard"]
			bots[k][s] = append(bots[k][s], value.Labels.Only(process...))
		}
	}
	return bots
}

// shardCount returns the shard count of each bot, as of a time ago: the greatest that a
// process reports or, while none does, reported last.
func shardCount(v *view, ago time.Duration) []evidence.Value {
	now, last := botShards, evidence.Question{Form: evidence.Latest, Of: catalog.BotShards, Over: rules.Window("Memory")}
	now.Ago, last.Ago = ago, ago
	counts := ofBot(v.ask(now), greatest)
	known := by(counts, bot...)
	for _, value := range ofBot(v.ask(last), greatest) {
		if _, reports := known[value.Labels.Key(bot...)]; !reports {
			counts = append(counts, value)
		}
	}
	return counts
}

// wereUp returns by bot and shard whether a process has had the shard up within a time.
func wereUp(v *view, within time.Duration) map[string]map[string]bool {
	seen := map[string]map[string]bool{}
	for _, value := range v.ask(evidence.Question{Form: evidence.Highest, Of: catalog.ShardUp, By: shard, Over: within}) {
		k := value.Labels.Key(bot...)
		if seen[k] == nil {
			seen[k] = map[string]bool{}
		}
		if value.Number == 1 {
			seen[k][value.Labels["shard"]] = true
		}
	}
	return seen
}

// shardsMissing finds bots with shards that no process owns, or that have been down for
// long in those that do.
func shardsMissing(v *view) (found []Finding) {
	window := rules.Window("MissingWindow")
	lately, long := wereUp(v, missingAfter), wereUp(v, window)
	before, longBefore := by(shardCount(v, missingAfter), bot...), by(shardCount(v, window), bot...)
	owned := map[string]map[string]bool{}
	for _, value := range v.ask(up) {
		k := value.Labels.Key(bot...)
		if owned[k] == nil {
			owned[k] = map[string]bool{}
		}
		owned[k][value.Labels["shard"]] = true
	}
	for _, value := range shardCount(v, 0) {
		k := value.Labels.Key(bot...)
		var nowhere, down []string
		for id := range int(value.Number) {
			switch s := fmt.Sprint(id); {
			// A count that is new has shards that have not had the time to start.
			case !owned[k][s] && !lately[k][s] && float64(id) < before[k]:
				nowhere = append(nowhere, s)
			case owned[k][s] && !long[k][s] && float64(id) < longBefore[k]:
				down = append(down, s)
			}
		}
		n := len(nowhere) + len(down)
		if n == 0 {
			continue
		}
		f := v.make("DiscordShardsMissing", value.Labels, float64(n))
		f.Affects, f.Blame = true, Operation
		f.Sentence = fmt.Sprintf("%d of %s shards are up in no process", n, count(value.Number))
		f.Do = "Start the processes that these shards belong to. Every guild on them sees the bot offline."
		var causes []string
		if len(nowhere) > 0 {
			causes = append(causes, "No process owns them: "+list(nowhere)+".")
		} else {
			f.Blame, f.Do = Unknown, "See why they are down. Every guild on them sees the bot offline."
		}
		if len(down) > 0 {
			causes = append(causes, fmt.Sprintf("Down for more than %.0f min in the process that owns them: %s.", window.Minutes(), list(down)))
		}
		f.Cause = strings.Join(causes, " ")
		f.Evidence = []Evidence{{Says: "shards of the bot", question: of(botShards, value.Labels), Value: value.Number}}
		found = append(found, f)
	}
	return found
}

// missingAfter is how long a shard may be in no process, such as in a rolling restart.
const missingAfter = time.Minute

// others says what one process cannot tell.
func others(v *view) (what, how string) {
	if processes(v) == 0 || v.fleet {
		return "", ""
	}
	shards, owned := ofBot(v.ask(botShards), greatest), ofBot(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.ShardsConfigured}), add)
	if len(shards) == 1 && len(owned) == 1 && shards[0].Number == owned[0].Number {
		return "", "" // the process is the whole bot
	}
	return "how the other processes of the bot are", "Ask the Prometheus server: argus explain --prometheus."
}

// ownedTwice finds shards that several processes have up.
func ownedTwice(v *view) (found []Finding) {
	bots := upPerBot(v)
	for _, value := range ofBot(v.ask(up), greatest) {
		for s, owners := range bots[value.Labels.Key(bot...)] {
			if len(owners) < 2 {
				continue
			}
			labels := evidence.Labels{"shard": s}
			maps.Copy(labels, value.Labels)
			var clusters, names []string
			since, before := time.Time{}, false
			for _, one := range owners {
				clusters, names = append(clusters, one["cluster"]), append(names, nameOf(one))
				maps.Copy(one, labels)
				if at, earlier := v.holding(up, one, is(1)); at.After(since) {
					since, before = at, earlier
				}
			}
			if !before && v.at.Sub(since) < overlap {
				continue // a restart
			}
			slices.Sort(names)
			q := evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, By: shard, Combine: evidence.Min, Where: []evidence.Match{evidence.Is("cluster", clusters...)}}
			f := v.make("DiscordShardOwnedTwice", labels, float64(len(owners)))
			f.Affects, f.Blame = true, Operation
			f.Since, f.Before = since, before
			f.Cause = "The clusters are " + strings.Join(names, " and ") + "."
			f.Evidence = []Evidence{{Says: "whether it is up in all of them", question: of(q, labels), Value: 1}}
			f.Do = "Stop one of the processes. Users get each answer twice until then."
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.Subject["shard"], b.Subject["shard"]) })
	return found
}

// overlap is how long two processes may have a shard while one replaces the other.
const overlap = 90 * time.Second

// countsDiffer finds bots whose processes use different shard counts.
func countsDiffer(v *view) (found []Finding) {
	// A process without a shard serves no guild, whatever its count is.
	serves := by(v.ask(evidence.Question{Form: evidence.Highest, Of: catalog.ShardUp, Over: rules.Window("MissingWindow")}), evidence.Identity()...)
	counts := map[string][]string{}
	for _, value := range v.ask(botShards) {
		if serves[value.Labels.Key(evidence.Identity()...)] <= 0 {
			continue
		}
		k := value.Labels.Key(bot...)
		if n := count(value.Number); !slices.Contains(counts[k], n) {
			counts[k] = append(counts[k], n)
		}
	}
	for _, value := range ofBot(v.ask(botShards), greatest) {
		different := counts[value.Labels.Key(bot...)]
		if len(different) < 2 {
			continue
		}
		slices.Sort(different)
		f := v.make("DiscordShardCountMismatch", value.Labels, float64(len(different)))
		f.Affects, f.Blame = true, Operation
		f.Cause = "The counts are " + strings.Join(different, " and ") + "."
		f.Evidence = []Evidence{{Says: "shards of the bot, by process", question: of(botShards, value.Labels), Value: float64(len(different))}}
		f.Do = "If the count is being changed, finish the change. Otherwise set the same count everywhere."
		found = append(found, f)
	}
	return found
}

var alive = evidence.Question{Form: evidence.Last, Of: catalog.Up}

// clustersGone finds processes that have stopped reporting and whose shards are up
// nowhere.
func clustersGone(v *view) (found []Finding) {
	day := evidence.Question{Form: evidence.Highest, Of: catalog.Up, Over: rules.Window("Memory")}
	reports := by(v.ask(alive), evidence.Identity()...)
	bots := upPerBot(v)
	counts := by(shardCount(v, 0), bot...)
	for _, value := range v.ask(day) {
		k := value.Labels.Key(evidence.Identity()...)
		if _, reporting := reports[k]; reporting {
			continue
		}
		// Asked only now: a day of all shards is a lot.
		owned := v.ask(evidence.Question{Form: evidence.Highest, Of: catalog.ShardUp, By: shard, Over: rules.Window("Memory")})
		var missing []string
		for _, o := range owned {
			ofBot, s := o.Labels.Key(bot...), o.Labels["shard"]
			if o.Labels.Key(evidence.Identity()...) == k && len(bots[ofBot][s]) == 0 && below(s, counts[ofBot]) {
				missing = append(missing, s)
			}
		}
		if len(missing) == 0 {
			continue
		}
		f := v.make("DiscordClusterGone", value.Labels, float64(len(missing)))
		f.Affects, f.Blame = true, Operation
		f.Cause = "Its shards are up nowhere else: " + list(missing) + "."
		f.Evidence = []Evidence{{Says: "whether it reported within a day", question: of(day, value.Labels), Value: 1}}
		f.Since = v.lastSeen(alive, value.Labels)
		f.Do = "See whether its process runs. If it does, its metrics do not arrive: argus doctor checks why."
		found = append(found, f)
	}
	return found
}

// below reports whether a shard is one of so many: after the count has fallen, those
// above it are needed no more.
func below(shard string, count float64) bool {
	id, err := strconv.Atoi(shard)
	return err == nil && float64(id) < count
}

// nothingReports finds bots of which no process reports.
func nothingReports(v *view) (found []Finding) {
	day := evidence.Question{Form: evidence.Highest, Of: catalog.Up, Over: rules.Window("Memory")}
	reports := by(ofBot(v.ask(alive), greatest), bot...)
	for _, value := range ofBot(v.ask(day), greatest) {
		if _, reporting := reports[value.Labels.Key(bot...)]; reporting {
			continue
		}
		f := v.make("ArgusTelemetryAbsent", value.Labels, 0)
		f.Affects, f.Blame = true, Operation
		f.Evidence = []Evidence{{Says: "whether a process reported within a day", question: of(day, value.Labels), Value: 1}}
		f.Since = v.lastSeen(alive, value.Labels)
		f.Do = "See whether the processes, the Collector and Prometheus run."
		found = append(found, f)
	}
	return found
}

// scraped is Prometheus' own series about each target.
var scraped = catalog.Instrument{Name: "up", Kind: catalog.Gauge, Labels: []catalog.Label{{Name: "instance"}}}

// scrapesFail finds targets of the bot that Prometheus cannot reach.
func scrapesFail(v *view) (found []Finding) {
	instance := []string{"instance"}
	q := evidence.Question{Form: evidence.Last, Of: scraped, By: instance, OfTarget: true}
	ours := by(v.ask(evidence.Question{Form: evidence.Highest, Of: catalog.Up, By: instance, Over: rules.Window("Memory")}), "job", "instance")
	for _, value := range v.ask(q) {
		if _, is := ours[value.Labels.Key("job", "instance")]; !is || value.Number != 0 {
			continue
		}
		f := v.make("ArgusScrapeFails", value.Labels, 0)
		f.Blame = Telemetry
		f.Evidence = []Evidence{{Says: "whether Prometheus reaches it", question: of(q, value.Labels), Value: 0}}
		f.Since, f.Before = v.holding(q, value.Labels, is(0))
		f.Do = "See whether the process runs and its port is open; argus doctor checks it."
		found = append(found, f)
	}
	return found
}
