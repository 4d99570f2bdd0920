package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Promoted are the resource attributes that become labels of each series.
func Promoted() []string { return []string{"bot", "cluster", "region"} }

// What a label may have is what deploy/prometheus allows in a scrape. target_info has what
// detectors of resources find, such as a command line.
const (
	maxLabels          = 64
	maxLabelBytes      = 1024
	maxTargetInfoBytes = 16 << 10
)

// The reasons for which a point is refused.
var (
	ErrOld       = fmt.Errorf("it is more than %v old", outOfOrder)
	ErrFuture    = fmt.Errorf("it is more than %v in the future: a clock is wrong", ahead)
	ErrDuplicate = errors.New("there is another value for the same time: two processes use the same service.instance.id")
	ErrDelta     = errors.New("it has delta temporality: set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative")
	ErrSeries    = errors.New("the process, or all of its cluster, has too many series")
	ErrLabels    = fmt.Errorf("it has more than %d labels, or one of more than %d bytes: an attribute is no place for texts", maxLabels, maxLabelBytes)
	ErrInvalid   = errors.New("it is not valid")
)

// A Batch is written by [Batch.Commit], whole but for the points that are refused.
type Batch struct {
	appender  tolerant
	converter *prometheusremotewrite.PrometheusConverter
	settings  prometheusremotewrite.Settings
	added     bool
}

// Begin begins a batch. It must end with [Batch.Commit] or [Batch.Rollback].
func (e *Engine) Begin(ctx context.Context) *Batch {
	now := e.now()
	b := &Batch{
		appender: tolerant{of: e.appends.AppenderV2(ctx), oldest: now.Add(-outOfOrder).UnixMilli(), newest: now.Add(ahead).UnixMilli()},
		settings: prometheusremotewrite.Settings{
			AddMetricSuffixes:         true,
			PromoteResourceAttributes: prometheusremotewrite.NewPromoteResourceAttributes(config.OTLPConfig{PromoteResourceAttributes: Promoted()}),
			AllowDeltaTemporality:     false,
			LookbackDelta:             lookback,
		},
	}
	b.converter = prometheusremotewrite.NewPrometheusConverter(&b.appender)
	return b
}

// An Outcome is what became of the metrics of one resource.
type Outcome struct {
	// Points is the number of points that were taken, and Refused of those that were not.
	Points, Refused int
	// Reason is the first reason for which a point was refused, with the metric's name.
	Reason error
	// Created is the number of series that are new.
	Created int
	// Newest is the greatest time of a point that was taken, or refused for its time.
	Newest time.Time
}

// Add adds the metrics of a resource, which it changes. Of series that are new it takes
// so many at most.
func (b *Batch) Add(ctx context.Context, metrics pmetric.ResourceMetrics, newSeries int) Outcome {
	b.added = true
	t := &b.appender
	t.outcome, t.mayCreate, t.taken, t.newestSeen = Outcome{}, newSeries, 0, 0
	refuseDelta(metrics, t)
	one := pmetric.NewMetrics()
	metrics.MoveTo(one.ResourceMetrics().AppendEmpty())
	if _, err := b.converter.FromMetrics(ctx, one, b.settings); err != nil && t.outcome.Reason == nil {
		t.outcome.Refused++
		t.outcome.Reason = fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	t.outcome.Points = t.taken
	if t.newestSeen != 0 {
		t.outcome.Newest = time.UnixMilli(t.newestSeen)
	}
	return t.outcome
}

// Commit writes the batch to the disk. After an error nothing of it is there.
func (b *Batch) Commit() error { return b.appender.of.Commit() }

// Rollback drops the batch.
func (b *Batch) Rollback() error { return b.appender.of.Rollback() }

// refuseDelta removes the metrics that have delta temporality.
func refuseDelta(metrics pmetric.ResourceMetrics, t *tolerant) {
	for i := range metrics.ScopeMetrics().Len() {
		metrics.ScopeMetrics().At(i).Metrics().RemoveIf(func(m pmetric.Metric) bool {
			temporality, points := temporalityOf(m)
			if temporality != pmetric.AggregationTemporalityDelta {
				return false
			}
			t.refuse(m.Name(), points, ErrDelta)
			return true
		})
	}
}

func temporalityOf(m pmetric.Metric) (of pmetric.AggregationTemporality, points int) {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality(), m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality(), m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality(), m.ExponentialHistogram().DataPoints().Len()
	default:
		return pmetric.AggregationTemporalityUnspecified, 0
	}
}

// tolerant is an appender that refuses single samples. Prometheus' converter gives up the
// rest of a metric, and its handler the whole push, after the first error.
type tolerant struct {
	of             storage.AppenderV2
	oldest, newest int64

	outcome    Outcome
	mayCreate  int
	taken      int
	newestSeen int64
}

// Append implements [storage.AppenderV2].
func (t *tolerant) Append(ref storage.SeriesRef, ls labels.Labels, st, at int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	t.newestSeen = max(t.newestSeen, at)
	name := ls.Get(model.MetricNameLabel)
	point := isPoint(name, opts)
	var err error
	switch {
	case at > t.newest:
		err = ErrFuture
	case at < t.oldest:
		err = ErrOld
	default:
		ref, err = t.append(ref, ls, st, at, v, h, fh, opts)
	}
	switch {
	case err == nil && point:
		t.taken++
	case err != nil && point:
		t.refuse(opts.MetricFamilyName, 1, err)
	}
	if err != nil && opts.MetricFamilyName == targetInfo {
		return 0, err // or the converter fills the time since the oldest point, however long that is
	}
	return ref, nil
}

const targetInfo = "target_info"

// isPoint reports whether a sample stands for a point: of a histogram's and a summary's
// samples that is the count.
func isPoint(name string, opts storage.AOptions) bool {
	switch {
	case name == targetInfo:
		return false
	case opts.Metadata.Type == model.MetricTypeHistogram || opts.Metadata.Type == model.MetricTypeSummary:
		return name == opts.MetricFamilyName || strings.HasSuffix(name, "_count")
	}
	return true
}

func (t *tolerant) append(ref storage.SeriesRef, ls labels.Labels, st, at int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	created := false
	if ref == 0 {
		known, same := t.find(ls)
		if created = known == 0; created {
			if !fits(ls) {
				return 0, ErrLabels
			}
			if t.outcome.Created >= t.mayCreate {
				return 0, ErrSeries
			}
		} else {
			ref, ls = known, same
		}
	}
	got, err := t.of.Append(ref, ls, st, at, v, h, fh, opts)
	switch {
	case err == nil:
	case errors.Is(err, storage.ErrOutOfOrderSample), errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds):
		return 0, ErrOld
	case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		return 0, ErrDuplicate
	case isPartial(err):
		// Only exemplars were refused.
	default:
		return 0, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if created {
		t.outcome.Created++
	}
	return got, nil
}

// fits reports whether the labels are within the limits.
func fits(ls labels.Labels) bool {
	longest := maxLabelBytes
	if ls.Get(model.MetricNameLabel) == targetInfo {
		longest = maxTargetInfoBytes
	}
	return ls.Len() <= maxLabels && ls.Validate(func(l labels.Label) error {
		if len(l.Name) > maxLabelBytes || len(l.Value) > longest {
			return ErrLabels
		}
		return nil
	}) == nil
}

// find returns a series that is there, or 0.
func (t *tolerant) find(ls labels.Labels) (storage.SeriesRef, labels.Labels) {
	if finder, is := t.of.(storage.GetRef); is {
		return finder.GetRef(ls, ls.Hash())
	}
	return 0, ls
}

func isPartial(err error) bool {
	_, partial := errors.AsType[*storage.AppendPartialError](err)
	return partial || errors.Is(err, storage.ErrOutOfOrderExemplar) || errors.Is(err, storage.ErrDuplicateExemplar)
}

func (t *tolerant) refuse(metric string, points int, reason error) {
	t.outcome.Refused += points
	if t.outcome.Reason == nil {
		t.outcome.Reason = fmt.Errorf("%s: %w", metric, reason)
	}
}

// Commit implements [storage.AppenderV2].
func (t *tolerant) Commit() error { return t.of.Commit() }

// Rollback implements [storage.AppenderV2].
func (t *tolerant) Rollback() error { return t.of.Rollback() }
