package documents

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/api"
)

// A Bot is what is expected of a bot, and what was found.
type Bot struct {
	Job      string  `json:"job"`
	Bot      *string `json:"bot"`
	Expected struct {
		Clusters *int   `json:"clusters"`
		Shards   *int   `json:"shards"`
		By       string `json:"by"`
	} `json:"expected"`
	Clusters struct {
		Reporting int `json:"reporting"`
		Gone      int `json:"gone"`
		Left      int `json:"left"`
	} `json:"clusters"`
	Shards struct {
		Total   *int    `json:"total"`
		Up      int     `json:"up"`
		Down    int     `json:"down"`
		Missing [][]int `json:"missing"`
		Twice   []Twice `json:"twice"`
	} `json:"shards"`
	ShardCounts   []ShardCount       `json:"shard_counts"`
	Versions      []BotVersion       `json:"versions"`
	Libraries     []Library          `json:"library_versions"`
	Clock         *Range             `json:"clock_offset_seconds"`
	SessionStarts *api.SessionStarts `json:"session_starts"`
	Restart       *Restart           `json:"restart"`
}

// Twice is a shard that several clusters have up.
type Twice struct {
	Shard    string   `json:"shard"`
	Clusters []string `json:"clusters"`
}

// A ShardCount is one that clusters report, with some of them.
type ShardCount struct {
	Shards   int      `json:"shards"`
	N        int      `json:"n"`
	Clusters []string `json:"clusters"`
}

// A BotVersion is a version of the bot.
type BotVersion struct {
	Version      *string    `json:"version"`
	Clusters     int        `json:"clusters"`
	Shards       int        `json:"shards"`
	Answers      *float64   `json:"answers_per_second"`
	FailureRatio *float64   `json:"failure_ratio"`
	FirstSeen    *time.Time `json:"first_seen"`
	Restart      *Restart   `json:"restart"`
}

// A Library is a version of discordgo.
type Library struct {
	Version  *string `json:"version"`
	Clusters int     `json:"clusters"`
}

// A Range is the least and the greatest of some numbers.
type Range struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// A Restart is what it costs to restart clusters.
type Restart struct {
	Identifies int      `json:"identifies"`
	Seconds    float64  `json:"seconds"`
	LeftAfter  *float64 `json:"left_after"`
}

// identifyEvery is the time between two batches of max_concurrency identifies
// (https://discord.com/developers/docs/events/gateway#rate-limiting).
const identifyEvery = 5

// restart is what it costs to identify so many shards, or nil if it is not known how many
// Discord allows at a time.
func (p *picture) restart(of bot, shards int) *Restart {
	at, there := p.concurrent[of]
	if !there || at < 1 {
		return nil
	}
	r := &Restart{Identifies: shards, Seconds: identifyEvery * math.Ceil(float64(shards)/at)}
	if remaining, there := p.remaining[of]; there {
		left := remaining - float64(shards)
		r.LeftAfter = &left
	}
	return r
}

// someClusters is the number of clusters that a list names.
const someClusters = 5

func (o *Overview) bots(in Input, p *picture, owners map[bot]map[int][]members.Place) {
	rows := map[bot][]Cluster{}
	for _, c := range o.Clusters {
		rows[botOf(c.place)] = append(rows[botOf(c.place)], c)
	}
	o.Bots = []Bot{}
	first := firstSeen(in.Members)
	for of, clusters := range rows {
		b := Bot{Job: of.Job, Bot: known(of.Bot)}
		b.count(p, of, clusters, owners[of])
		b.expect(in, of)
		b.versions(p, of, clusters, first)
		o.Bots = append(o.Bots, b)
	}
	slices.SortFunc(o.Bots, func(a, b Bot) int { return compareBots(bot{a.Job, text(a.Bot)}, bot{b.Job, text(b.Bot)}) })
}

// count counts clusters and shards.
func (b *Bot) count(p *picture, of bot, clusters []Cluster, owners map[int][]members.Place) {
	owned := map[int]bool{}
	counts := map[int][]string{}
	for _, c := range clusters {
		switch c.State {
		case stateGone:
			b.Clusters.Gone++
		case stateLeft:
			b.Clusters.Left++
		default:
			b.Clusters.Reporting++
			for id := range p.shards[c.place] {
				owned[id] = true
			}
			if n := whole(number(p.total, c.place)); n != nil {
				counts[*n] = append(counts[*n], c.Cluster)
			}
			if offset := number(p.clock, c.place); offset != nil {
				if b.Clock == nil {
					b.Clock = &Range{*offset, *offset}
				}
				b.Clock.Min, b.Clock.Max = min(b.Clock.Min, *offset), max(b.Clock.Max, *offset)
			}
		}
	}
	b.ShardCounts = []ShardCount{}
	for n, of := range counts {
		slices.Sort(of)
		b.ShardCounts = append(b.ShardCounts, ShardCount{n, len(of), of[:min(len(of), someClusters)]})
	}
	slices.SortFunc(b.ShardCounts, func(x, y ShardCount) int { return cmp.Or(y.N-x.N, y.Shards-x.Shards) })
	if len(b.ShardCounts) > 0 {
		b.Shards.Total = &b.ShardCounts[0].Shards
		b.SessionStarts = p.sessionStarts(of)
		b.Restart = p.restart(of, len(owned))
	}
	b.Shards.Missing, b.Shards.Twice = [][]int{}, []Twice{}
	var missing []int
	if b.Shards.Total != nil {
		for id := range *b.Shards.Total {
			if !owned[id] {
				missing = append(missing, id)
			}
		}
	}
	b.Shards.Missing = ranges(missing)
	for id := range owned {
		places := owners[id]
		if len(places) == 0 {
			b.Shards.Down++
			continue
		}
		b.Shards.Up++
		if len(places) > 1 {
			t := Twice{Shard: strconv.Itoa(id)}
			for _, place := range places {
				t.Clusters = append(t.Clusters, place.Cluster)
			}
			slices.Sort(t.Clusters)
			b.Shards.Twice = append(b.Shards.Twice, t)
		}
	}
	slices.SortFunc(b.Shards.Twice, func(x, y Twice) int { return cmp.Or(len(x.Shard)-len(y.Shard), cmp.Compare(x.Shard, y.Shard)) })
}

func (p *picture) sessionStarts(of bot) *api.SessionStarts {
	remaining, there := p.remaining[of]
	if !there {
		return nil
	}
	s := &api.SessionStarts{Remaining: remaining, Limit: number(p.limit, of), Concurrency: number(p.concurrent, of)}
	if reset := number(p.reset, of); reset != nil {
		s.ResetsAt = at(time.Unix(int64(*reset), 0))
	}
	return s
}

// expect says how many clusters and shards there should be: as set, or as was seen.
func (b *Bot) expect(in Input, of bot) {
	if in.Expect != nil {
		if clusters, shards, set := in.Expect(of.Job, of.Bot); set {
			b.Expected.Clusters, b.Expected.Shards, b.Expected.By = &clusters, &shards, "setting"
			return
		}
	}
	seen := b.Clusters.Reporting + b.Clusters.Gone
	b.Expected.Clusters, b.Expected.Shards, b.Expected.By = &seen, b.Shards.Total, "seen"
}

// versioned is a version of a bot.
type versioned struct {
	bot
	version string
}

// firstSeen is when a version was seen first.
func firstSeen(list []members.Member) map[versioned]time.Time {
	first := map[versioned]time.Time{}
	for _, m := range list {
		for _, i := range m.Incarnations {
			key := versioned{botOf(m.Place), i.Version}
			if t, seen := first[key]; !seen || i.First.Before(t) {
				first[key] = i.First
			}
		}
	}
	return first
}

func (b *Bot) versions(p *picture, of bot, clusters []Cluster, first map[versioned]time.Time) {
	rates, libraries := map[string]*rate{}, map[string]int{}
	byVersion := map[string]*BotVersion{}
	for _, c := range clusters {
		if !c.reports() {
			continue
		}
		version := text(c.BotVersion)
		v := byVersion[version]
		if v == nil {
			v = &BotVersion{Version: c.BotVersion, FirstSeen: at(first[versioned{of, version}])}
			byVersion[version], rates[version] = v, &rate{}
		}
		v.Clusters++
		v.Shards += len(p.shards[c.place])
		rates[version].add(p, c.place)
		libraries[p.library[c.place]]++
	}
	b.Versions, b.Libraries = []BotVersion{}, []Library{}
	for version, v := range byVersion {
		if r := rates[version]; r.known {
			v.Answers, v.FailureRatio = &r.answers, share(r.failures, r.answers)
		}
		v.Restart = p.restart(of, v.Shards)
		b.Versions = append(b.Versions, *v)
	}
	slices.SortFunc(b.Versions, func(x, y BotVersion) int {
		return cmp.Or(y.Clusters-x.Clusters, cmp.Compare(text(x.Version), text(y.Version)))
	})
	for version, n := range libraries {
		b.Libraries = append(b.Libraries, Library{known(version), n})
	}
	slices.SortFunc(b.Libraries, func(x, y Library) int {
		return cmp.Or(y.Clusters-x.Clusters, cmp.Compare(text(x.Version), text(y.Version)))
	})
}
