package engine

import (
	"context"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
)

// Exemplars returns the exemplars of series that are above a number, in no order. selector
// selects series, such as a_bucket{job="music"}; a histogram's are with its buckets.
//
// They are those that were pushed: what sources keep is not asked for.
func (e *Engine) Exemplars(ctx context.Context, selector string, above float64, from, to time.Time) ([]evidence.Exemplar, error) {
	matchers, err := e.parser.ParseMetricSelector(selector)
	if err != nil {
		return nil, err
	}
	querier, err := e.db.ExemplarQuerier(ctx)
	if err != nil {
		return nil, err
	}
	found, err := querier.Select(from.UnixMilli(), to.UnixMilli(), matchers)
	if err != nil {
		return nil, err
	}
	var list []evidence.Exemplar
	for _, series := range found {
		var of evidence.Labels // of those that have one
		for _, x := range series.Exemplars {
			if !(x.Value > above) { // nor is NaN
				continue
			}
			if of == nil {
				of = series.SeriesLabels.Map()
			}
			list = append(list, evidence.Exemplar{Series: of, Labels: x.Labels.Map(), Point: evidence.Point{At: time.UnixMilli(x.Ts), Number: x.Value}})
		}
	}
	return list, nil
}
