package findings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// upPerBot returns by bot and shard how many processes have the shard up.
func upPerBot(v *view) map[string]map[string][]string {
	bots := map[string]map[string][]string{}
	for _, value := range v.ask(up) {
		k := value.Labels.Key(bot...)
		if bots[k] == nil {
			bots[k] = map[string][]string{}
		}
		if value.Number == 1 {
			s := value.Labels["shard"]
			bots[k][s] = append(bots[k][s], value.Labels["cluster"])
		}
	}
	return bots
}

// shardsMissing finds bots with shards that no process owns.
func shardsMissing(v *view) (found []Finding) {
	recently := evidence.Question{Form: evidence.Highest, Of: catalog.ShardUp, By: shard, Over: missingAfter}
	seen := map[string]map[string]bool{}
	for _, value := range v.ask(recently) {
		k := value.Labels.Key(bot...)
		if seen[k] == nil {
			seen[k] = map[string]bool{}
		}
		if value.Number == 1 {
			seen[k][value.Labels["shard"]] = true
		}
	}
	owned := map[string]map[string]bool{}
	for _, value := range v.ask(up) {
		k := value.Labels.Key(bot...)
		if owned[k] == nil {
			owned[k] = map[string]bool{}
		}
		owned[k][value.Labels["shard"]] = true
	}
	for _, value := range ofBot(v.ask(botShards), greatest) {
		k := value.Labels.Key(bot...)
		var nowhere []string
		for id := range int(value.Number) {
			if s := fmt.Sprint(id); !owned[k][s] && !seen[k][s] {
				nowhere = append(nowhere, s)
			}
		}
		if len(nowhere) == 0 {
			continue
		}
		f := v.make("DiscordShardsMissing", value.Labels, float64(len(nowhere)))
		f.Affects, f.Blame = true, Operation
		f.Sentence = fmt.Sprintf("%d of %s shards are up in no process", len(nowhere), count(value.Number))
		f.Cause = "No process owns them: " + list(nowhere) + "."
		f.Evidence = []Evidence{{Says: "shards of the bot", question: of(botShards, value.Labels), Value: value.Number}}
		f.Do = "Start the processes that these shards belong to. Every guild on them sees the bot offline."
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
	for _, value := range ofBot(v.ask(botShards), greatest) {
		for s, clusters := range bots[value.Labels.Key(bot...)] {
			if len(clusters) < 2 {
				continue
			}
			labels := evidence.Labels{"shard": s}
			maps.Copy(labels, value.Labels)
			q := evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, By: shard, Combine: evidence.Min, Where: []evidence.Match{evidence.Is("cluster", clusters...)}}
			since, before := time.Time{}, false
			for _, cluster := range clusters {
				one := evidence.Labels{"cluster": cluster}
				maps.Copy(one, labels)
				if at, earlier := v.holding(up, one, is(1)); at.After(since) {
					since, before = at, earlier
				}
			}
			if !before && v.at.Sub(since) < overlap {
				continue // a restart
			}
			slices.Sort(clusters)
			f := v.make("DiscordShardOwnedTwice", labels, float64(len(clusters)))
			f.Affects, f.Blame = true, Operation
			f.Since, f.Before = since, before
			f.Cause = "The clusters are " + strings.Join(clusters, " and ") + "."
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
	connected := by(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.ShardsConnected}), evidence.Identity()...)
	counts := map[string][]string{}
	labels := map[string]evidence.Labels{}
	for _, value := range v.ask(botShards) {
		if connected[value.Labels.Key(evidence.Identity()...)] <= 0 {
			continue
		}
		k := value.Labels.Key(bot...)
		if n := count(value.Number); !slices.Contains(counts[k], n) {
			counts[k] = append(counts[k], n)
		}
		labels[k] = value.Labels.Only(bot...)
	}
	for k, different := range counts {
		if len(different) < 2 {
			continue
		}
		slices.Sort(different)
		f := v.make("DiscordShardCountMismatch", labels[k], float64(len(different)))
		f.Affects, f.Blame = true, Operation
		f.Cause = "The counts are " + strings.Join(different, " and ") + "."
		f.Evidence = []Evidence{{Says: "shards of the bot, by process", question: of(botShards, labels[k]), Value: float64(len(different))}}
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
	owned := v.ask(evidence.Question{Form: evidence.Highest, Of: catalog.ShardUp, By: shard, Over: rules.Window("Memory")})
	bots := upPerBot(v)
	for _, value := range v.ask(day) {
		k := value.Labels.Key(evidence.Identity()...)
		if _, reporting := reports[k]; reporting {
			continue
		}
		var missing []string
		for _, o := range owned {
			if o.Labels.Key(evidence.Identity()...) == k && len(bots[o.Labels.Key(bot...)][o.Labels["shard"]]) == 0 {
				missing = append(missing, o.Labels["shard"])
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
	q := evidence.Question{Form: evidence.Last, Of: scraped, By: instance}
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
