package documents

import (
	"context"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/expr"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/promql"
	"github.com/argus-dgo/argus/internal/findings"
)

// An Input is what documents are made from.
type Input struct {
	Querier promql.Querier
	// Exemplars is nil where they are not to be had.
	Exemplars Exemplars
	Members   []members.Member
	// Reports are the findings of each bot.
	Reports map[evidence.Bot]findings.Report
	Expect  func(job, bot string) (clusters, shards int, set bool)
	At      time.Time
	Sources []Source
	// TraceURL is the template of links to a trace, or empty.
	TraceURL string
}

func (in Input) head() Head { return Head{Version: Version, At: in.At.UTC(), Sources: in.Sources} }

// A picture is what is known of all places at one time.
type picture struct {
	shards     map[members.Place]map[int]bool // by id: whether it is up
	total      map[members.Place]float64      // the bot's shards, as the process has it
	failures   map[members.Place]float64      // a second
	answers    map[members.Place]float64      // a second
	p95        map[members.Place]float64
	limits     map[members.Place]float64 // a minute
	guilds     map[members.Place]float64
	uptime     map[members.Place]float64
	clock      map[members.Place]float64
	version    map[members.Place]string
	library    map[members.Place]string
	remaining  map[bot]float64
	limit      map[bot]float64
	reset      map[bot]float64
	concurrent map[bot]float64
}

// look asks for a picture.
func look(ctx context.Context, in Input) (*picture, error) {
	p := &picture{shards: map[members.Place]map[int]bool{}, version: map[members.Place]string{}, library: map[members.Place]string{}}
	b := batch{ctx: ctx, querier: in.Querier, at: in.At}
	b.add(func(series []evidence.Series) {
		for _, s := range series {
			id, err := strconv.Atoi(s.Labels["shard"])
			if err != nil {
				continue // those above the limit of shards share a label
			}
			place := placeOf(s.Labels)
			if p.shards[place] == nil {
				p.shards[place] = map[int]bool{}
			}
			p.shards[place][id] = s.Points[0].Number == 1
		}
	}, "max by (%s, shard) (%s)", expr.Identity, expr.Name(catalog.ShardUp))
	b.places(&p.total, "max by (%s) (%s)", expr.Identity, expr.Name(catalog.BotShards))
	b.places(&p.failures, "%s", expr.Answers("", true))
	b.places(&p.answers, "%s", expr.Answers("", false))
	b.places(&p.p95, "histogram_quantile(0.95, sum by (%s, le) (rate(%s_bucket[%s])))", expr.Identity, expr.Name(catalog.AckDuration), expr.Window)
	b.places(&p.limits, "60 * sum by (%s) (rate(%s[%s]))", expr.Identity, expr.Name(catalog.RateLimits), expr.Window)
	b.places(&p.guilds, "max by (%s) (%s)", expr.Identity, expr.Name(catalog.Guilds))
	b.places(&p.uptime, "min by (%s) (%s)", expr.Identity, expr.Name(catalog.Uptime))
	b.places(&p.clock, "min by (%s) (%s)", expr.Identity, expr.Name(catalog.ClockOffset))
	b.add(func(series []evidence.Series) {
		for _, s := range series {
			place := placeOf(s.Labels)
			p.version[place], p.library[place] = s.Labels["version"], s.Labels["discordgo_version"]
		}
	}, "group by (%s, version, discordgo_version) (%s)", expr.Identity, expr.Name(catalog.BotInfo))
	for into, q := range map[*map[bot]float64]string{
		&p.remaining:  "min by (job, bot) (" + expr.Name(catalog.SessionStartRemaining) + ")",
		&p.limit:      "max by (job, bot) (" + expr.Name(catalog.SessionStartLimit) + ")",
		&p.reset:      "max by (job, bot) (" + expr.Name(catalog.SessionStartReset) + ")",
		&p.concurrent: "min by (job, bot) (" + expr.Name(catalog.SessionStartConcurrency) + ")",
	} {
		b.add(func(series []evidence.Series) {
			*into = map[bot]float64{}
			for _, s := range series {
				(*into)[bot{s.Labels["job"], s.Labels["bot"]}] = s.Points[0].Number
			}
		}, "%s", q)
	}
	return p, b.run()
}
