package documents

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/expr"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

// ErrNoCluster is the error for a place that is not there.
var ErrNoCluster = errors.New("the fleet has no such cluster")

// Detail is the page of one cluster.
type Detail struct {
	Head
	Cluster Cluster      `json:"cluster"`
	Rank    *int         `json:"rank"`
	Of      int          `json:"of"`
	Verdict string       `json:"verdict"`
	Report  Report       `json:"report"`
	Gone    float64      `json:"gone_after_seconds"`
	Series  DetailSeries `json:"series"`
	// ShardsAt is the time that the shards are about: of a cluster that is gone or has left, that of its
	// last report.
	ShardsAt     time.Time     `json:"shards_at"`
	Shards       []Shard       `json:"shards"`
	Incarnations []Incarnation `json:"incarnations"`
	Peers        *Peers        `json:"peers"`
	// Slow are the last interactions that took longer than SlowAfter and have a trace. It is
	// null where exemplars are not to be had.
	Slow      []SlowTrace `json:"slow_traces"`
	SlowAfter float64     `json:"slow_after_seconds"`
}

// DetailSeries are the charts of a cluster, beside the median of those with its version.
type DetailSeries struct {
	Step              float64    `json:"step_seconds"`
	From              time.Time  `json:"from"`
	FailureRatio      []*float64 `json:"failure_ratio"`
	PeersFailureRatio []*float64 `json:"peers_failure_ratio"`
	P95               []*float64 `json:"answer_p95_seconds"`
	PeersP95          []*float64 `json:"peers_answer_p95_seconds"`
	ShardsUp          []*float64 `json:"shards_up"`
	Marks             []Mark     `json:"marks"`
}

// An Incarnation is a process that was the cluster.
type Incarnation struct {
	Instance      string     `json:"instance"`
	Version       *string    `json:"version"`
	From          time.Time  `json:"from"`
	To            *time.Time `json:"to"`
	EndedBy       string     `json:"ended_by"`
	SessionStarts *int       `json:"session_starts"`
}

// Peers are the clusters with the same version.
type Peers struct {
	Of   string    `json:"of"`
	Rows []Compare `json:"rows"`
}

// A Compare is a number of a cluster beside the median of its peers.
type Compare struct {
	What   string   `json:"what"`
	Value  *float64 `json:"value"`
	Median *float64 `json:"median"`
	Unit   string   `json:"unit"`
	Odd    bool     `json:"odd"`
}

// MakeDetail makes the page of a place, which has its row in an overview of all bots.
func MakeDetail(ctx context.Context, in Input, overview *Overview, place members.Place, length time.Duration, marks []Mark) (*Detail, error) {
	at := slices.IndexFunc(in.Members, func(m members.Member) bool { return m.Place == place })
	row := overview.row(place)
	if at < 0 || row < 0 {
		return nil, ErrNoCluster
	}
	member := in.Members[at]
	d := &Detail{
		Head: in.head(), Of: len(overview.Clusters), Gone: member.Incarnations[0].Deadline().Seconds(), SlowAfter: catalog.SlowAfter.Seconds(),
	}
	d.Cluster = overview.Clusters[row]
	if d.Cluster.State != stateLeft {
		rank := row + 1
		d.Rank = &rank
	}
	d.report(in, place, overview.Report)
	if err := d.incarnations(ctx, in, member); err != nil {
		return nil, err
	}
	g := NewGrid(length, in.At)
	d.Series = DetailSeries{Step: g.Step.Seconds(), From: g.From.UTC(), Marks: marks}
	if err := d.series(ctx, in, place, g); err != nil {
		return nil, err
	}
	then := in
	if !d.Cluster.reports() {
		then.At, then.Reports = lastPoint(member.Incarnations[0], in.At), nil
	}
	d.ShardsAt = then.At.UTC()
	var err error
	if d.Shards, err = shardsOf(ctx, then, place); err != nil {
		return nil, err
	}
	if d.Slow, err = slowOf(ctx, in, place); err != nil {
		return nil, err
	}
	d.Peers, err = peersOf(ctx, in, overview, d.Cluster)
	return d, err
}

// report leaves of a report what is about the place, or about all of its bot.
func (d *Detail) report(in Input, place members.Place, all Report) {
	d.Report = Report{Report: findings.Report{At: all.At, Gaps: all.Gaps}}
	own := in.Reports[evidence.Bot{Job: place.Job, Name: place.Bot}]
	d.Report.Checked, d.Report.All, d.Report.Processes = own.Checked, own.All, 1
	for _, f := range all.Findings {
		if applies(f.Finding, place) {
			d.Report.Findings = append(d.Report.Findings, f)
			d.Report.Report.Findings = append(d.Report.Report.Findings, f.Finding)
		}
	}
	d.Verdict = d.Report.Verdict().String()
}

// lastPoint is when a process had all of its series last.
func lastPoint(i members.Incarnation, now time.Time) time.Time {
	switch {
	case i.EndedBy == members.Here:
		return now
	case i.Newest.IsZero() || i.Newest.After(i.Last): // its clock is ahead
		return i.Last
	}
	return i.Newest
}

// incarnations lists the processes, with how many sessions each has started.
func (d *Detail) incarnations(ctx context.Context, in Input, m members.Member) error {
	d.Incarnations = []Incarnation{}
	own := selectorOf(m.Place)
	for _, i := range m.Incarnations {
		one := Incarnation{Instance: i.Instance, Version: known(i.Version), From: i.First.UTC(), EndedBy: string(i.EndedBy)}
		if i.EndedBy == members.Here {
			one.EndedBy = "here"
		} else {
			one.To = at(i.Last)
		}
		series, err := in.Querier.Query(ctx, fmt.Sprintf(`sum(%s{%s,instance=%q,kind=%q})`, expr.Name(catalog.Handshakes), own, i.Instance, catalog.KindIdentify), lastPoint(i, in.At))
		if err != nil {
			return err
		}
		if len(series) > 0 {
			one.SessionStarts = whole(&series[0].Points[0].Number)
		}
		d.Incarnations = append(d.Incarnations, one)
	}
	return nil
}

func (d *Detail) series(ctx context.Context, in Input, place members.Place, g Grid) (err error) {
	own := selectorOf(place)
	others := fmt.Sprintf("job=%q,bot=%q", place.Job, place.Bot)
	p95 := "histogram_quantile(0.95, sum by (%s, le) (rate(" + expr.Name(catalog.AckDuration) + "_bucket{%s}[5m])))"
	peers := "quantile(0.5, (%s) and on (" + expr.Identity + ") " + peersWith(d.Cluster) + ")"
	for _, chart := range []struct {
		into *[]*float64
		expr string
	}{
		{&d.Series.FailureRatio, expr.FailureRatio(own)},
		{&d.Series.P95, fmt.Sprintf(p95, expr.Identity, own)},
		{&d.Series.ShardsUp, fmt.Sprintf("sum(max by (shard) (%s{%s}))", expr.Name(catalog.ShardUp), own)},
		{&d.Series.PeersFailureRatio, fmt.Sprintf(peers, expr.FailureRatio(others))},
		{&d.Series.PeersP95, fmt.Sprintf(peers, fmt.Sprintf(p95, expr.Identity, others))},
	} {
		if *chart.into, err = g.one(ctx, in, "%s", chart.expr); err != nil {
			return err
		}
	}
	return nil
}

// peersWith selects the other clusters with the version of one.
func peersWith(c Cluster) string {
	return fmt.Sprintf("(group by (%s) (%s{job=%q,bot=%q,version=%q,cluster!=%q}))", expr.Identity, expr.Name(catalog.BotInfo), c.Job, text(c.Bot), text(c.BotVersion), c.Cluster)
}

// odd is how many times a number is above the median of its peers, or more, to be odd.
const odd = 3

func peersOf(ctx context.Context, in Input, o *Overview, c Cluster) (*Peers, error) {
	var rows []Cluster
	for _, other := range o.Clusters {
		if other.place != c.place && botOf(other.place) == botOf(c.place) && other.reports() && text(other.BotVersion) == text(c.BotVersion) {
			rows = append(rows, other)
		}
	}
	if len(rows) == 0 || !c.reports() {
		return nil, nil //nolint:nilnil // nobody to compare with
	}
	var closes, sends, cpu map[members.Place]float64
	b := batch{ctx: ctx, querier: in.Querier, at: in.At}
	b.places(&closes, "sum by (%s) (increase(%s[1h]))", expr.Identity, expr.Name(catalog.ShardDisconnects))
	b.places(&sends, "60 * max by (%s) (sum by (%s, shard) (rate(%s[5m])))", expr.Identity, expr.Identity, expr.Name(catalog.ShardSent))
	b.places(&cpu, "max by (%s) (rate(process_cpu_seconds_total[5m]))", expr.Identity)
	if err := b.run(); err != nil {
		return nil, err
	}
	p := &Peers{Of: fmt.Sprintf("%d other clusters on %s", len(rows), cmp.Or(text(c.BotVersion), "the same version"))}
	add := func(what, unit string, of func(Cluster) *float64) {
		var list []float64
		for _, other := range rows {
			if n := of(other); n != nil {
				list = append(list, *n)
			}
		}
		value := of(c)
		if value == nil && len(list) == 0 {
			return
		}
		row := Compare{What: what, Value: value, Unit: unit}
		if len(list) > 0 {
			slices.Sort(list)
			median := list[len(list)/2]
			row.Median = &median
			row.Odd = value != nil && *value > 0 && *value >= odd*median && *value-median >= 1e-3
		}
		p.Rows = append(p.Rows, row)
	}
	p.Rows = []Compare{}
	add("Not answered in time", "1", func(c Cluster) *float64 { return c.FailureRatio })
	add("Answers, p95", "s", func(c Cluster) *float64 { return c.P95 })
	add("Disconnects, 1 h", "", func(c Cluster) *float64 { return rounded(number(closes, c.place)) })
	add("Sends a minute, worst shard", "", func(c Cluster) *float64 { return number(sends, c.place) })
	add("CPU", "1", func(c Cluster) *float64 { return number(cpu, c.place) })
	add("Guilds", "", func(c Cluster) *float64 {
		if c.Guilds == nil {
			return nil
		}
		n := float64(*c.Guilds)
		return &n
	})
	return p, nil
}

func rounded(n *float64) *float64 {
	if n == nil {
		return nil
	}
	r := math.Round(*n)
	return &r
}

// A Shard is a line of the table of shards: what a process tells of it, and what it has
// been like.
type Shard struct {
	api.Shard

	Busy  []*bool    `json:"busy_minutes"`
	Sends *float64   `json:"sends_per_minute"`
	Spark []*float64 `json:"latency_spark"`
}

// shardsOf are the shards of a place, in the order of their numbers.
func shardsOf(ctx context.Context, in Input, place members.Place) ([]Shard, error) {
	own := selectorOf(place)
	rows := map[string]*Shard{}
	b := batch{ctx: ctx, querier: in.Querier, at: in.At}
	each := func(take func(*Shard, evidence.Series), format string, args ...any) {
		b.add(func(series []evidence.Series) {
			for _, s := range series {
				if row := rows[s.Labels["shard"]]; row != nil {
					take(row, s)
				}
			}
		}, format, args...)
	}
	b.add(func(series []evidence.Series) { // first: it makes the rows
		for _, s := range series {
			up := s.Points[0].Number == 1
			rows[s.Labels["shard"]] = &Shard{Shard: api.Shard{Shard: s.Labels["shard"], Up: &up, Findings: []string{}}, Busy: []*bool{}, Spark: []*float64{}}
		}
	}, "max by (shard) (%s{%s})", expr.Name(catalog.ShardUp), own)
	each(func(r *Shard, s evidence.Series) { r.State = known(s.Labels["state"]) }, "max by (shard, state) (%s{%s}) == 1", expr.Name(catalog.ShardState), own)
	value := func(into func(*Shard) **float64, format string, of catalog.Instrument) {
		each(func(r *Shard, s evidence.Series) { *into(r) = &s.Points[0].Number }, format, expr.Name(of), own)
	}
	each(func(r *Shard, s evidence.Series) { r.Since = at(time.UnixMilli(int64(1000 * s.Points[0].Number))) }, "max by (shard) (%s{%s})", expr.Name(catalog.ShardStateChange), own)
	value(func(r *Shard) **float64 { return &r.Latency }, "max by (shard) (%s{%s})", catalog.ShardLatency)
	value(func(r *Shard) **float64 { return &r.HeartbeatAge }, "time() - max by (shard) (%s{%s})", catalog.HeartbeatAck)
	value(func(r *Shard) **float64 { return &r.HeartbeatInterval }, "max by (shard) (%s{%s})", catalog.HeartbeatInterval)
	value(func(r *Shard) **float64 { return &r.EventAge }, "time() - max by (shard) (%s{%s})", catalog.LastEvent)
	value(func(r *Shard) **float64 { return &r.Events }, "max by (shard) (rate(%s{%s}[1m]))", catalog.ShardEvents)
	value(func(r *Shard) **float64 { return &r.Lock }, "max by (shard) (%s{%s})", catalog.LockUnavailable)
	value(func(r *Shard) **float64 { return &r.Closes }, "round(sum by (shard) (increase(%s{%s}[1h])))", catalog.ShardDisconnects)
	value(func(r *Shard) **float64 { return &r.Sends }, "60 * sum by (shard) (rate(%s{%s}[1m]))", catalog.ShardSent)
	each(func(r *Shard, s evidence.Series) { r.Resumes = &s.Points[0].Number }, `round(sum by (shard) (increase(%s{%s,kind="resume",outcome="resumed"}[1h])))`, expr.Name(catalog.Handshakes), own)
	each(func(r *Shard, s evidence.Series) { r.NewSessions = &s.Points[0].Number }, `round(sum by (shard) (increase(%s{%s,kind="identify",outcome="ready"}[1h])))`, expr.Name(catalog.Handshakes), own)
	// The minute in which each way of closing was counted last.
	each(func(r *Shard, s evidence.Series) {
		when := time.Unix(int64(s.Points[0].Number), 0)
		if r.LastClose == nil || r.LastClose.At.Before(when) {
			r.LastClose = &api.LastClose{At: when.UTC(), Code: s.Labels["code"], Initiator: s.Labels["initiator"]}
		}
	}, "max_over_time(timestamp((max by (shard, code, initiator) (%[1]s{%[2]s}) - max by (shard, code, initiator) (%[1]s{%[2]s} offset 1m)) > 0)[1h:1m])",
		expr.Name(catalog.ShardDisconnects), own)
	if err := b.run(); err != nil {
		return nil, err
	}
	about(in.Reports[evidence.Bot{Job: place.Job, Name: place.Bot}].Findings, place, func(f findings.Finding) {
		if row := rows[f.Subject["shard"]]; row != nil && !slices.Contains(row.Findings, f.ID) {
			row.Findings = append(row.Findings, f.ID)
		}
	})
	if err := shardLines(ctx, in, own, rows); err != nil {
		return nil, err
	}
	list := []Shard{}
	for _, row := range rows {
		if row.Events != nil {
			window := 60.0
			row.EventsOver = &window
		}
		list = append(list, *row)
	}
	slices.SortFunc(list, func(a, b Shard) int {
		x, errX := strconv.Atoi(a.Shard.Shard)
		y, errY := strconv.Atoi(b.Shard.Shard)
		if errX != nil || errY != nil {
			return cmp.Compare(a.Shard.Shard, b.Shard.Shard)
		}
		return x - y
	})
	return list, nil
}

// shardLines fills in what the table shows over time.
func shardLines(ctx context.Context, in Input, own string, rows map[string]*Shard) error {
	hour := Grid{in.At.Truncate(time.Minute).Add(-59 * time.Minute), time.Minute, 60}
	latency, err := hour.ask(ctx, in, "max by (shard) (%s{%s})", expr.Name(catalog.ShardLatency), own)
	if err != nil {
		return err
	}
	for _, s := range latency {
		if row := rows[s.Labels["shard"]]; row != nil {
			row.Spark = hour.values(s)
		}
	}
	minutes := Grid{in.At.Truncate(time.Minute).Add(-9 * time.Minute), time.Minute, 10}
	events, err := minutes.ask(ctx, in, "max by (shard) (changes(%s{%s}[1m]))", expr.Name(catalog.LastEvent), own)
	if err != nil {
		return err
	}
	for _, s := range events {
		row := rows[s.Labels["shard"]]
		if row == nil {
			continue
		}
		for _, n := range minutes.values(s) {
			var busy *bool
			if n != nil {
				is := *n > 0
				busy = &is
			}
			row.Busy = append(row.Busy, busy)
		}
	}
	return nil
}
