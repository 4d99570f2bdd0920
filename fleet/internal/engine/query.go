package engine

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"github.com/argus-dgo/argus/internal/evidence"
)

// Query implements promql.Querier. A zero time is now.
func (e *Engine) Query(ctx context.Context, expr string, at time.Time) ([]evidence.Series, error) {
	if at.IsZero() {
		at = e.now()
	}
	query, err := e.promql.NewInstantQuery(ctx, e.db, nil, expr, at)
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

// QueryRange implements promql.Querier.
func (e *Engine) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]evidence.Series, error) {
	query, err := e.promql.NewRangeQuery(ctx, e.db, nil, expr, from, to, step)
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
