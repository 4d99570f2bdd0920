package agreement

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// A store holds series in memory, for the query engine. It is for one goroutine.
type store struct {
	names map[string][]*series // by metric
	index map[uint64][]*series // by the hash of the labels
}

type series struct {
	labels  labels.Labels
	samples samples // by time
}

// A sample is a number at a time in milliseconds.
type sample struct {
	at     int64
	number float64
}

func newStore() *store {
	return &store{names: map[string][]*series{}, index: map[uint64][]*series{}}
}

// append adds a sample. Like Prometheus, it refuses one that is older than the newest,
// and another value for the same time.
func (s *store) append(of labels.Labels, at int64, number float64) error {
	to := s.get(of)
	if n := len(to.samples); n > 0 && to.samples[n-1].at >= at {
		newest := to.samples[n-1]
		if newest.at == at && math.Float64bits(newest.number) == math.Float64bits(number) {
			return nil
		}
		return fmt.Errorf("%s at %d ms: there is %v at %d ms already", of, at, newest.number, newest.at)
	}
	to.samples = append(to.samples, sample{at, number})
	return nil
}

func (s *store) get(of labels.Labels) *series {
	hash := of.Hash()
	for _, one := range s.index[hash] {
		if labels.Equal(one.labels, of) {
			return one
		}
	}
	one := &series{labels: of}
	s.index[hash] = append(s.index[hash], one)
	name := of.Get(model.MetricNameLabel)
	s.names[name] = append(s.names[name], one)
	return one
}

// hasAt reports whether a series has a sample of this very time.
func (s *store) hasAt(of labels.Labels, at int64) bool {
	samples := s.get(of).samples
	return len(samples) > 0 && samples[len(samples)-1].at == at
}

// has reports whether a metric has series.
func (s *store) has(metric string) bool { return len(s.names[metric]) > 0 }

// Querier implements [storage.Queryable].
func (s *store) Querier(from, to int64) (storage.Querier, error) {
	return &querier{s, from, to}, nil
}

type querier struct {
	*store
	from, to int64
}

func (q *querier) Select(_ context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	from, to := q.from, q.to
	if hints != nil {
		from, to = hints.Start, hints.End
	}
	set := &seriesSet{at: -1}
	for _, one := range q.candidates(matchers) {
		if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(one.labels.Get(m.Name)) }) {
			continue
		}
		i := sort.Search(len(one.samples), func(i int) bool { return one.samples[i].at >= from })
		j := sort.Search(len(one.samples), func(i int) bool { return one.samples[i].at > to })
		if i < j {
			set.series = append(set.series, &series{one.labels, one.samples[i:j]})
		}
	}
	if sorted {
		slices.SortFunc(set.series, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
	}
	return set
}

// candidates are the series of the metric that the matchers name, or all.
func (q *querier) candidates(matchers []*labels.Matcher) []*series {
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return q.names[m.Value]
		}
	}
	var all []*series
	for _, list := range q.names {
		all = append(all, list...)
	}
	return all
}

func (q *querier) Close() error { return nil }

// LabelValues is part of [storage.Querier]. No expression needs it.
func (q *querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, fmt.Errorf("the values of labels are not indexed")
}

// LabelNames is part of [storage.Querier]. No expression needs it.
func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, fmt.Errorf("the names of labels are not indexed")
}

type seriesSet struct {
	series []*series
	at     int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

func (s *series) Labels() labels.Labels { return s.labels }

func (s *series) Iterator(chunkenc.Iterator) chunkenc.Iterator {
	return storage.NewListSeriesIterator(s.samples)
}

// samples implements [storage.Samples].
type samples []sample

func (s samples) Len() int                { return len(s) }
func (s samples) Get(i int) chunks.Sample { return &s[i] }

func (s *sample) T() int64                      { return s.at }
func (s *sample) ST() int64                     { return 0 }
func (s *sample) F() float64                    { return s.number }
func (s *sample) H() *histogram.Histogram       { return nil }
func (s *sample) FH() *histogram.FloatHistogram { return nil }
func (s *sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s *sample) Copy() chunks.Sample           { return &sample{s.at, s.number} }
