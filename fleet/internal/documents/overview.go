package documents

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/expr"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/catalog"
)

// An Overview is the first page.
type Overview struct {
	Head
	Verdict  string      `json:"verdict"`
	Report   Report      `json:"report"`
	Bots     []Bot       `json:"bots"`
	Totals   Totals      `json:"totals"`
	Regions  []Region    `json:"regions"`
	Clusters []Cluster   `json:"clusters"`
	Alerts   AlertCounts `json:"alerts"`
	Gone     float64     `json:"gone_after_seconds"`
}

// AlertCounts are numbers of alerts by state.
type AlertCounts struct {
	Firing    int `json:"firing"`
	Pending   int `json:"pending"`
	Inhibited int `json:"inhibited"`
	Muted     int `json:"muted"`
}

// Totals are sums over all clusters that report.
type Totals struct {
	Clusters struct {
		Reporting int  `json:"reporting"`
		Expected  *int `json:"expected"`
		Gone      int  `json:"gone"`
	} `json:"clusters"`
	Shards struct {
		Up       int  `json:"up"`
		Expected *int `json:"expected"`
	} `json:"shards"`
	Answered struct {
		InTime   *float64 `json:"in_time_ratio"`
		Rate     *float64 `json:"per_second"`
		Failures *float64 `json:"failures_per_minute"`
	} `json:"answered"`
	Guilds  *int `json:"guilds"`
	LeftOut *int `json:"guilds_left_out"`
}

// A Region is a line of the table of regions.
type Region struct {
	Region       *string  `json:"region"`
	Clusters     int      `json:"clusters"`
	Reporting    int      `json:"reporting"`
	ShardsUp     int      `json:"shards_up"`
	Shards       *int     `json:"shards"`
	FailureRatio *float64 `json:"failure_ratio"`
}

// A rate is what is not answered in time, of all, a second.
type rate struct {
	failures, answers float64
	known             bool
}

func (r *rate) add(p *picture, place members.Place) {
	answers, there := p.answers[place]
	if !there {
		return
	}
	r.known = true
	r.answers += answers
	r.failures += p.failures[place]
}

// MakeOverview makes the overview of the bots that are wanted. It lists all bots.
func MakeOverview(ctx context.Context, in Input, wanted Wanted) (*Overview, error) {
	p, err := look(ctx, in)
	if err != nil {
		return nil, err
	}
	o := &Overview{Head: in.head(), Report: merge(in, p, wanted), Clusters: []Cluster{}}
	o.Verdict = o.Report.Verdict().String()
	owners := p.owners(in)
	twice := map[members.Place]bool{}
	for _, shards := range owners {
		for _, places := range shards {
			if len(places) > 1 {
				for _, place := range places {
					twice[place] = true
				}
			}
		}
	}
	for _, m := range in.Members {
		o.Clusters = append(o.Clusters, p.row(in, m, twice))
		for _, i := range m.Reporting() {
			o.Gone = max(o.Gone, i.Deadline().Seconds())
		}
	}
	if err := remember(ctx, in, o.Clusters); err != nil {
		return nil, err
	}
	o.sort()
	o.bots(in, p, owners)
	o.Clusters = slices.DeleteFunc(o.Clusters, func(c Cluster) bool { return !wanted.Is(c.place.Job, c.place.Bot) })
	o.regions(p)
	o.totals(p, wanted)
	return o, nil
}

// Has reports whether a place has a row.
func (o *Overview) Has(place members.Place) bool { return o.row(place) >= 0 }

func (o *Overview) row(place members.Place) int {
	return slices.IndexFunc(o.Clusters, func(c Cluster) bool { return c.place == place })
}

// sort sorts clusters, worst first.
func (o *Overview) sort() {
	rank := func(c Cluster) int {
		switch {
		case c.State == stateLeft:
			return -1
		case c.Severity == nil && c.State != stateGone:
			return 0
		case c.Severity != nil && *c.Severity == "warning":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(o.Clusters, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(orZero(b.Failures), orZero(a.Failures)), rank(b)-rank(a))
	})
}

// owners are the places that have each shard of a bot up.
func (p *picture) owners(in Input) map[bot]map[int][]members.Place {
	owners := map[bot]map[int][]members.Place{}
	for _, m := range in.Members {
		of := owners[botOf(m.Place)]
		if of == nil {
			of = map[int][]members.Place{}
			owners[botOf(m.Place)] = of
		}
		if len(m.Reporting()) == 0 {
			continue
		}
		for id, up := range p.shards[m.Place] {
			if up {
				of[id] = append(of[id], m.Place)
			}
		}
	}
	return owners
}

// remember fills in what clusters that are gone reported last.
func remember(ctx context.Context, in Input, rows []Cluster) error {
	var gone []int
	last := map[time.Time]bool{}
	for i := range rows {
		if rows[i].State == stateGone && in.At.Sub(*rows[i].LastReport) < 24*time.Hour {
			gone = append(gone, i)
			last[rows[i].LastReport.Truncate(time.Minute)] = true
		}
	}
	// Those that ended in one incident did so within minutes.
	times := make([]time.Time, 0, len(last))
	for t := range last {
		times = append(times, t)
	}
	slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
	for _, t := range times[:min(len(times), mostEnds)] {
		var rates, guilds, total map[members.Place]float64
		b := batch{ctx: ctx, querier: in.Querier, at: t.Add(time.Minute)}
		b.places(&rates, "60 * sum by (%s) (rate(%s{%s}[1h]))", expr.Identity, expr.Name(catalog.Acks), expr.Awaited)
		b.places(&guilds, "max by (%s) (last_over_time(%s[10m]))", expr.Identity, expr.Name(catalog.Guilds))
		b.places(&total, "count by (%s) (max by (%s, shard) (last_over_time(%s[10m])))", expr.Identity, expr.Identity, expr.Name(catalog.ShardUp))
		if err := b.run(); err != nil {
			return err
		}
		for _, i := range gone {
			c := &rows[i]
			if c.LastReport.Truncate(time.Minute).Equal(t) {
				c.Failures, c.Guilds, c.Shards.Total = number(rates, c.place), whole(number(guilds, c.place)), whole(number(total, c.place))
			}
		}
	}
	return nil
}

// mostEnds is the number of minutes in which clusters ended whose last numbers are asked
// for.
const mostEnds = 10

func (o *Overview) regions(p *picture) {
	type sums struct {
		Region
		rate   rate
		shards int
	}
	var list []*sums
	for _, c := range o.Clusters {
		if c.State == stateLeft {
			continue
		}
		i := slices.IndexFunc(list, func(s *sums) bool { return cmp.Compare(text(s.Region.Region), text(c.Region)) == 0 })
		if i < 0 {
			i = len(list)
			list = append(list, &sums{Region: Region{Region: c.Region}})
		}
		s := list[i]
		s.Clusters++
		if c.Shards.Total != nil {
			s.shards += *c.Shards.Total
		}
		if !c.reports() {
			continue
		}
		s.Reporting++
		if c.Shards.Up != nil {
			s.ShardsUp += *c.Shards.Up
		}
		s.rate.add(p, c.place)
	}
	o.Regions = []Region{}
	for _, s := range list {
		if s.shards > 0 {
			s.Shards = &s.shards
		}
		s.FailureRatio = share(s.rate.failures, s.rate.answers)
		o.Regions = append(o.Regions, s.Region)
	}
	slices.SortFunc(o.Regions, func(a, b Region) int { return cmp.Compare(text(a.Region), text(b.Region)) })
}

func text(of *string) string {
	if of == nil {
		return ""
	}
	return *of
}

func (o *Overview) totals(p *picture, wanted Wanted) {
	t := &o.Totals
	var all rate
	guilds, left := 0, 0
	guildsKnown, leftKnown := false, true
	for _, c := range o.Clusters {
		switch {
		case c.State == stateGone:
			t.Clusters.Gone++
			if c.Guilds == nil {
				leftKnown = false
			} else {
				left += *c.Guilds
			}
		case c.reports():
			t.Clusters.Reporting++
			if c.Guilds != nil {
				guilds, guildsKnown = guilds+*c.Guilds, true
			}
			all.add(p, c.place)
		}
	}
	if guildsKnown {
		t.Guilds = &guilds
	}
	if leftKnown {
		t.LeftOut = &left
	}
	if all.known {
		failures := 60 * all.failures
		t.Answered.Rate, t.Answered.Failures = &all.answers, &failures
		if lost := share(all.failures, all.answers); lost != nil {
			inTime := 1 - *lost
			t.Answered.InTime = &inTime
		}
	}
	t.Clusters.Expected, t.Shards.Expected = new(int), new(int)
	for _, b := range o.Bots {
		if !wanted.Is(b.Job, text(b.Bot)) {
			continue
		}
		t.Shards.Up += b.Shards.Up // each once, also if several clusters have it
		t.Clusters.Expected = plus(t.Clusters.Expected, b.Expected.Clusters)
		t.Shards.Expected = plus(t.Shards.Expected, b.Expected.Shards)
	}
}

// plus is the sum of two numbers, if both are known.
func plus(a, b *int) *int {
	if a == nil || b == nil {
		return nil
	}
	sum := *a + *b
	return &sum
}
