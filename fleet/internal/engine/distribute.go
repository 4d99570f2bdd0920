package engine

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/argus-dgo/argus/internal/evidence"
	querier "github.com/argus-dgo/argus/internal/evidence/promql"
)

const regionLabel = "region"

// A Source is a server that evaluates PromQL over the series of some processes. All series
// of a cluster are in one source.
type Source struct {
	// Region becomes the label region of its series that have none. Empty adds none.
	Region string
	Server Server
	// Away reports that it does not answer at present, and Failed is told when it does not.
	Away   func() bool
	Failed func(error)
}

// placed are the labels of one of its series, with the region.
func (s Source) placed(of evidence.Labels) labels.Labels {
	if s.Region == "" || of[regionLabel] != "" {
		return labels.FromMap(of)
	}
	b := labels.NewBuilder(labels.FromMap(of))
	b.Set(regionLabel, s.Region)
	return b.Labels()
}

// A Server answers queries. It is safe for concurrent use.
type Server interface {
	querier.Querier
	LabelNames(ctx context.Context, from, to time.Time, selector string) ([]string, error)
	LabelValues(ctx context.Context, name string, from, to time.Time, selector string) ([]string, error)
	Series(ctx context.Context, from, to time.Time, selector string) ([]evidence.Labels, error)
}

// A distributor evaluates expressions over sources: what each can evaluate by itself it is
// asked for, and the rest is evaluated here, over the answers and the series that rules
// have recorded. It implements [promql.QueryEngine].
type distributor struct {
	engine   *promql.Engine
	parser   parser.Parser
	recorded func(name string) bool
	sources  []Source
	// present says to do without sources that do not answer.
	present bool
	// step is that of a subquery without one.
	step time.Duration
}

// NewInstantQuery implements [promql.QueryEngine].
func (d *distributor) NewInstantQuery(ctx context.Context, kept storage.Queryable, opts promql.QueryOpts, text string, at time.Time) (promql.Query, error) {
	rest, answers, err := d.split(kept, text, window{from: at, to: at})
	if err != nil {
		return nil, err
	}
	query, err := d.engine.NewInstantQuery(ctx, answers, opts, rest, at)
	return &distributed{query, text, d, answers}, err
}

// NewRangeQuery implements [promql.QueryEngine].
func (d *distributor) NewRangeQuery(ctx context.Context, kept storage.Queryable, opts promql.QueryOpts, text string, from, to time.Time, step time.Duration) (promql.Query, error) {
	rest, answers, err := d.split(kept, text, window{from, to, step})
	if err != nil {
		return nil, err
	}
	query, err := d.engine.NewRangeQuery(ctx, answers, opts, rest, from, to, step)
	return &distributed{query, text, d, answers}, err
}

func (d *distributor) split(kept storage.Queryable, text string, w window) (rest string, a *answers, err error) {
	expr, err := d.parser.ParseExpr(text)
	if err != nil {
		return "", nil, err
	}
	s := splitter{recorded: d.recorded, alone: len(d.sources) == 1, step: d.step}
	if expr, err = s.split(expr, w); err != nil {
		return "", nil, err
	}
	return expr.String(), &answers{Queryable: kept, parts: s.parts}, nil
}

// distributed is a query whose parts are answered before it is evaluated.
type distributed struct {
	promql.Query
	text    string
	of      *distributor
	answers *answers
}

// Exec implements [promql.Query].
func (q *distributed) Exec(ctx context.Context) *promql.Result {
	if err := q.of.ask(ctx, q.answers); err != nil {
		return &promql.Result{Err: err}
	}
	return q.Query.Exec(ctx)
}

// String implements [promql.Query].
func (q *distributed) String() string { return q.text }

// ask asks the sources for all parts. An error of one ends it, unless it is done without.
func (d *distributor) ask(ctx context.Context, a *answers) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sources := d.sources
	if d.present {
		sources = slices.DeleteFunc(slices.Clone(sources), func(s Source) bool { return s.Away() })
	}
	given := make([][][]evidence.Series, len(a.parts))
	var wait sync.WaitGroup
	for i, p := range a.parts {
		given[i] = make([][]evidence.Series, len(sources))
		for n, s := range sources {
			wait.Go(func() {
				var err error
				given[i][n], err = d.of(ctx, s, p)
				switch {
				case err == nil:
				case d.present && ctx.Err() == nil:
					s.Failed(err)
				default:
					cancel(err)
				}
			})
		}
	}
	wait.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	a.series = make(map[string][]storage.Series, len(a.parts))
	for i, p := range a.parts {
		a.series[p.name] = p.join(sources, given[i])
	}
	return nil
}

// of asks a source for a part.
func (d *distributor) of(ctx context.Context, s Source, p part) ([]evidence.Series, error) {
	text := p.expr
	if s.Region != "" && strings.Contains(text, regionLabel) {
		expr, err := d.parser.ParseExpr(text)
		if err != nil {
			return nil, err
		}
		if err := selectRegion(expr, s.Region); err != nil {
			return nil, err
		}
		text = expr.String()
	}
	if p.step == 0 {
		return s.Server.Query(ctx, text, p.from)
	}
	return s.Server.QueryRange(ctx, text, p.from, p.to, p.step)
}

// join puts the answers of sources together, sorted. Of series that two have with equal
// labels it has one.
func (p part) join(sources []Source, given [][]evidence.Series) []storage.Series {
	var list []storage.Series
	seen := map[string]bool{}
	for n, answer := range given {
		for _, s := range answer {
			ls := labels.FromMap(s.Labels)
			if p.placed {
				ls = sources[n].placed(s.Labels)
			}
			if key := ls.String(); !seen[key] {
				seen[key] = true
				list = append(list, storage.NewListSeries(ls, p.samples(s.Points)))
			}
		}
	}
	slices.SortFunc(list, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return list
}

// samples are the points of a series at the steps of a window. Where there is none, it is
// stale, or the value before would be taken.
func (w window) samples(points []evidence.Point) []chunks.Sample {
	if w.step == 0 {
		return []chunks.Sample{sample{w.from.UnixMilli(), points[0].Number}}
	}
	list := make([]chunks.Sample, 0, len(points))
	step := w.step.Milliseconds()
	next := points[0].At.UnixMilli()
	for _, p := range points {
		at := p.At.UnixMilli()
		if at > next {
			list = append(list, sample{next, math.Float64frombits(value.StaleNaN)})
		}
		list = append(list, sample{at, p.Number})
		next = at + step
	}
	return append(list, sample{next, math.Float64frombits(value.StaleNaN)})
}

// answers are the values of parts, beside the series that are kept here.
type answers struct {
	storage.Queryable
	parts  []part
	series map[string][]storage.Series
}

// Querier implements [storage.Queryable].
func (a *answers) Querier(from, to int64) (storage.Querier, error) {
	kept, err := a.Queryable.Querier(from, to)
	return &answering{kept, a.series}, err
}

type answering struct {
	storage.Querier
	series map[string][]storage.Series
}

// Select implements [storage.Querier].
func (a *answering) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel && strings.HasPrefix(m.Value, partPrefix) {
			return &list{all: a.series[m.Value], at: -1}
		}
	}
	return a.Querier.Select(ctx, sorted, hints, matchers...)
}

// A list is a [storage.SeriesSet].
type list struct {
	all []storage.Series
	at  int
}

func (l *list) Next() bool {
	l.at++
	return l.at < len(l.all)
}
func (l *list) At() storage.Series              { return l.all[l.at] }
func (*list) Err() error                        { return nil }
func (*list) Warnings() annotations.Annotations { return nil }

// A sample is a [chunks.Sample] with a number.
type sample struct {
	at     int64
	number float64
}

func (s sample) T() int64                    { return s.at }
func (sample) ST() int64                     { return 0 }
func (s sample) F() float64                  { return s.number }
func (sample) H() *histogram.Histogram       { return nil }
func (sample) FH() *histogram.FloatHistogram { return nil }
func (sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample         { return s }
