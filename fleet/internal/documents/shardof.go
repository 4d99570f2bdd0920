package documents

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/expr"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/guild"
)

// ShardOf says where a guild is.
type ShardOf struct {
	Head
	Guild string       `json:"guild"`
	Bots  []ShardOfBot `json:"bots"`
}

// ShardOfBot is the shard of a guild in a bot.
type ShardOfBot struct {
	Job    string  `json:"job"`
	Bot    *string `json:"bot"`
	Shard  *string `json:"shard"`
	Shards *int    `json:"shards"`
	Owners []Owner `json:"owners"`
}

// An Owner is a cluster that has a shard, or had it last.
type Owner struct {
	Region  *string    `json:"region"`
	Cluster string     `json:"cluster"`
	State   *string    `json:"state"`
	Up      *bool      `json:"up"`
	Since   *time.Time `json:"since"`
	Gone    bool       `json:"gone"`
}

// MakeShardOf looks a guild up. Of a shard that nothing has, it says who had it last
// within a day.
func MakeShardOf(ctx context.Context, in Input, id string, wanted Wanted) (*ShardOf, error) {
	number, err := guild.Parse(id)
	if err != nil {
		return nil, ParameterError{"guild", fmt.Errorf("%q %w", id, err)}
	}
	document := &ShardOf{Head: in.head(), Guild: id, Bots: []ShardOfBot{}}
	counts := map[bot]float64{}
	b := batch{ctx: ctx, querier: in.Querier, at: in.At}
	b.add(func(series []evidence.Series) {
		for _, s := range series {
			counts[bot{s.Labels["job"], s.Labels["bot"]}] = s.Points[0].Number
		}
	}, "max by (job, bot) (last_over_time(%s{%s}[1d]))", expr.Name(catalog.BotShards), wanted.selector())
	if err := b.run(); err != nil {
		return nil, err
	}
	bots := make([]bot, 0, len(counts))
	for of := range counts {
		bots = append(bots, of)
	}
	slices.SortFunc(bots, compareBots)
	for _, of := range bots {
		total := int(counts[of])
		one := ShardOfBot{Job: of.Job, Bot: known(of.Bot), Shards: &total, Owners: []Owner{}}
		if total > 0 {
			shard := strconv.Itoa(guild.Shard(number, total))
			one.Shard = &shard
			if one.Owners, err = ownersOf(ctx, in, of, shard); err != nil {
				return nil, err
			}
		}
		document.Bots = append(document.Bots, one)
	}
	return document, nil
}

func ownersOf(ctx context.Context, in Input, of bot, shard string) ([]Owner, error) {
	selector := fmt.Sprintf("job=%q,bot=%q,shard=%q", of.Job, of.Bot, shard)
	owners := []Owner{}
	find := func(series []evidence.Series, f func(*Owner, evidence.Series)) {
		for _, s := range series {
			for i := range owners {
				if owners[i].Cluster == s.Labels["cluster"] && text(owners[i].Region) == s.Labels["region"] {
					f(&owners[i], s)
				}
			}
		}
	}
	b := batch{ctx: ctx, querier: in.Querier, at: in.At}
	b.add(func(series []evidence.Series) {
		for _, s := range series {
			up := s.Points[0].Number == 1
			owners = append(owners, Owner{Region: known(s.Labels["region"]), Cluster: s.Labels["cluster"], Up: &up})
		}
	}, "max by (region, cluster) (%s{%s})", expr.Name(catalog.ShardUp), selector)
	b.add(func(series []evidence.Series) {
		find(series, func(o *Owner, s evidence.Series) { o.State = known(s.Labels["state"]) })
	}, "max by (region, cluster, state) (%s{%s}) == 1", expr.Name(catalog.ShardState), selector)
	b.add(func(series []evidence.Series) {
		find(series, func(o *Owner, s evidence.Series) { o.Since = at(time.UnixMilli(int64(1000 * s.Points[0].Number))) })
	}, "max by (region, cluster) (%s{%s})", expr.Name(catalog.ShardStateChange), selector)
	if err := b.run(); err != nil || len(owners) > 0 {
		return owners, err
	}
	last := batch{ctx: ctx, querier: in.Querier, at: in.At}
	last.add(func(series []evidence.Series) {
		for _, s := range series {
			owners = append(owners, Owner{Region: known(s.Labels["region"]), Cluster: s.Labels["cluster"], Gone: true, Since: at(time.Unix(int64(s.Points[0].Number), 0))})
		}
	}, "max by (region, cluster) (max_over_time(timestamp(%s{%s})[1d:1m]))", expr.Name(catalog.ShardUp), selector)
	err := last.run()
	slices.SortFunc(owners, func(a, b Owner) int { return cmp.Or(b.Since.Compare(*a.Since), cmp.Compare(a.Cluster, b.Cluster)) })
	return owners[:min(1, len(owners))], err
}
