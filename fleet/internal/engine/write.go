package engine

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/argus-dgo/argus/internal/evidence"
)

// A Sample is a number of a series at a time.
type Sample struct {
	Name   string
	Labels evidence.Labels
	At     time.Time
	Number float64
}

// Write writes samples of the fleet's own. One that is older than its series' newest by
// less than [Engine] allows is taken.
func (e *Engine) Write(ctx context.Context, samples ...Sample) error {
	appender := e.appends.AppenderV2(ctx)
	var errs []error
	b := labels.NewBuilder(labels.EmptyLabels())
	for _, s := range samples {
		b.Reset(labels.EmptyLabels())
		for name, of := range s.Labels {
			b.Set(name, of)
		}
		b.Set(model.MetricNameLabel, s.Name)
		if _, err := appender.Append(0, b.Labels(), 0, s.At.UnixMilli(), s.Number, nil, nil, storage.AOptions{}); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, appender.Commit())...)
}

// End marks all series of a process as ended, as Prometheus does when it scrapes a target
// no longer, and returns their number. What is kept is named by metrics: the fleet's own
// series about the process. Points that come later begin the series again.
func (e *Engine) End(ctx context.Context, job, instance string, at time.Time, kept ...string) (int, error) {
	querier, err := e.db.Querier(at.Add(-lookback).UnixMilli(), at.UnixMilli())
	if err != nil {
		return 0, err
	}
	defer querier.Close()
	matchers := []*labels.Matcher{
		labels.MustNewMatcher(labels.MatchEqual, "instance", instance),
		labels.MustNewMatcher(labels.MatchEqual, "job", job),
	}
	for _, name := range kept {
		matchers = append(matchers, labels.MustNewMatcher(labels.MatchNotEqual, model.MetricNameLabel, name))
	}
	appender := e.appends.AppenderV2(ctx)
	n := 0
	var errs []error
	found := querier.Select(ctx, false, nil, matchers...)
	for found.Next() {
		_, err := appender.Append(0, found.At().Labels(), 0, at.UnixMilli(), math.Float64frombits(value.StaleNaN), nil, nil, storage.AOptions{})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		n++
	}
	errs = append(errs, found.Err(), appender.Commit())
	return n, errors.Join(errs...)
}
