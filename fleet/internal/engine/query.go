package engine

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"github.com/argus-dgo/argus/internal/evidence"
	querier "github.com/argus-dgo/argus/internal/evidence/promql"
)

// Query implements promql.Querier. A zero time is now. With sources, all of them must
// answer.
func (e *Engine) Query(ctx context.Context, expr string, at time.Time) ([]evidence.Series, error) {
	return e.query(ctx, e.promql, expr, at)
}

// QueryRange implements promql.Querier.
func (e *Engine) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]evidence.Series, error) {
	return e.queryRange(ctx, e.promql, expr, from, to, step)
}

// Present returns a querier that does not ask sources which are away: their series are
// missing in its answers.
func (e *Engine) Present() querier.Querier { return present{e} }

type present struct{ of *Engine }

// Query implements promql.Querier.
func (p present) Query(ctx context.Context, expr string, at time.Time) ([]evidence.Series, error) {
	return p.of.query(ctx, p.of.present, expr, at)
}

// QueryRange implements promql.Querier.
func (p present) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]evidence.Series, error) {
	return p.of.queryRange(ctx, p.of.present, expr, from, to, step)
}

func (e *Engine) query(ctx context.Context, over promql.QueryEngine, expr string, at time.Time) ([]evidence.Series, error) {
	if at.IsZero() {
		at = e.now()
	}
	query, err := over.NewInstantQuery(ctx, e.db, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return nil, result.Err
	}
	if scalar, is := result.Value.(promql.Scalar); is {
		return series(labels.EmptyLabels(), []promql.FPoint{{T: scalar.T, F: scalar.V}}, nil), nil
	}
	vector, err := result.Vector()
	if err != nil {
		return nil, err
	}
	list := make([]evidence.Series, 0, len(vector))
	for _, s := range vector {
		if s.H == nil {
			list = series(s.Metric, []promql.FPoint{{T: s.T, F: s.F}}, list)
		}
	}
	return list, nil
}

func (e *Engine) queryRange(ctx context.Context, over promql.QueryEngine, expr string, from, to time.Time, step time.Duration) ([]evidence.Series, error) {
	query, err := over.NewRangeQuery(ctx, e.db, nil, expr, from, to, step)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	matrix, err := query.Exec(ctx).Matrix()
	if err != nil {
		return nil, err
	}
	list := make([]evidence.Series, 0, len(matrix))
	for _, s := range matrix {
		list = series(s.Metric, s.Floats, list)
	}
	return list, nil
}

// series adds a series to a list, if it has a number.
func series(of labels.Labels, points []promql.FPoint, list []evidence.Series) []evidence.Series {
	s := evidence.Series{Labels: evidence.Labels{}}
	for _, p := range points {
		if evidence.Known(p.F) {
			s.Points = append(s.Points, evidence.Point{At: time.UnixMilli(p.T), Number: p.F})
		}
	}
	if len(s.Points) == 0 {
		return list
	}
	of.Range(func(l labels.Label) {
		if l.Value != "" {
			s.Labels[l.Name] = l.Value
		}
	})
	return append(list, s)
}
