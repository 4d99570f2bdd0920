package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/annotations"
)

// federated is what the API reads: the series that are kept here and, where it asks which
// there are, those of the sources.
type federated struct {
	*tsdb.DB
	sources []Source
}

// Querier implements [storage.Queryable].
func (f federated) Querier(from, to int64) (storage.Querier, error) {
	kept, err := f.DB.Querier(from, to)
	return &naming{kept, f.sources, time.UnixMilli(from), time.UnixMilli(to)}, err
}

type naming struct {
	storage.Querier
	sources  []Source
	from, to time.Time
}

// LabelNames implements [storage.LabelQuerier].
func (n *naming) LabelNames(ctx context.Context, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	names, notes, err := n.Querier.LabelNames(ctx, hints, matchers...)
	return n.with(names, notes, err, func(s Source) ([]string, error) {
		return s.Server.LabelNames(ctx, n.from, n.to, selector(matchers))
	})
}

// LabelValues implements [storage.LabelQuerier].
func (n *naming) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	values, notes, err := n.Querier.LabelValues(ctx, name, hints, matchers...)
	return n.with(values, notes, err, func(s Source) ([]string, error) {
		values, err := s.Server.LabelValues(ctx, name, n.from, n.to, selector(matchers))
		if name == regionLabel && s.Region != "" {
			values = append(values, s.Region)
		}
		return values, err
	})
}

// with adds what sources have to what is here.
func (n *naming) with(here []string, notes annotations.Annotations, err error, ask func(Source) ([]string, error)) ([]string, annotations.Annotations, error) {
	all := slices.Clone(here)
	for _, s := range n.sources {
		if err != nil {
			return nil, nil, err
		}
		var theirs []string
		theirs, err = ask(s)
		all = append(all, theirs...)
	}
	slices.Sort(all)
	return slices.Compact(all), notes, err
}

// Select implements [storage.Querier].
func (n *naming) Select(ctx context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	kept := n.Querier.Select(ctx, true, hints, matchers...)
	if hints == nil || hints.Func != "series" { // the API's own name for this
		return kept
	}
	sets := []storage.SeriesSet{kept}
	for _, s := range n.sources {
		series, err := s.Server.Series(ctx, n.from, n.to, selector(matchers))
		if err != nil {
			return storage.ErrSeriesSet(err)
		}
		l := &list{at: -1}
		for _, one := range series {
			l.all = append(l.all, storage.NewListSeries(s.placed(one), nil))
		}
		slices.SortFunc(l.all, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
		sets = append(sets, l)
	}
	return storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
}

// selector writes matchers as PromQL does. None select all.
func selector(matchers []*labels.Matcher) string {
	if len(matchers) == 0 {
		return ""
	}
	texts := make([]string, len(matchers))
	for i, m := range matchers {
		texts[i] = m.String()
	}
	return "{" + strings.Join(texts, ",") + "}"
}
