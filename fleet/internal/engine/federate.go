package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/httputil"
)

const maxSelectors = 64

// A latest is the newest sample of a series.
type latest struct {
	of     labels.Labels
	at     int64 // ms
	number float64
}

// Federation returns the handler of /federate, which has the newest sample of each series
// that one of the parameters match[] selects, as Prometheus' own has it: with its
// timestamp, without series that have ended, and without external labels. A series without
// a label instance has an empty one, so that whoever scrapes with honor_labels adds none.
//
// The formats are those of Prometheus and OpenMetrics as text, which native histograms are
// not in.
func (e *Engine) Federation() http.Handler {
	return e.limited(httputil.CompressionHandler{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the path has the method GET", http.StatusMethodNotAllowed)
			return
		}
		selectors, err := e.selectors(r.URL.Query()["match[]"])
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
		defer cancel()
		samples, err := e.latest(ctx, selectors, e.now())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		format := expfmt.NegotiateAccept(r.Header, expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1)
		w.Header().Set("Content-Type", string(format))
		_ = expose(w, format, samples) // it is gone
	})})
}

// selectors reads the parameters match[].
func (e *Engine) selectors(texts []string) ([][]*labels.Matcher, error) {
	switch {
	case len(texts) == 0:
		return nil, errors.New(`match[] is needed, such as match[]={__name__=~"cluster:.*"}`)
	case len(texts) > maxSelectors:
		return nil, fmt.Errorf("there are %d parameters match[], and at most %d", len(texts), maxSelectors)
	}
	return e.parser.ParseMetricSelectors(texts)
}

// latest returns the newest samples as of a time, sorted by name.
func (e *Engine) latest(ctx context.Context, selectors [][]*labels.Matcher, now time.Time) ([]latest, error) {
	to := now.UnixMilli()
	from := now.Add(-lookback).UnixMilli() + 1
	querier, err := e.db.Querier(from, to)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	hints := &storage.SelectHints{Start: from, End: to}
	sets := make([]storage.SeriesSet, len(selectors))
	for i, s := range selectors {
		sets[i] = querier.Select(ctx, true, hints, s...)
	}
	set := storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
	var samples []latest
	var chunks chunkenc.Iterator
	it := storage.NewMemoizedEmptyIterator(lookback.Milliseconds())
	for set.Next() {
		series := set.At()
		chunks = series.Iterator(chunks)
		it.Reset(chunks)
		at, number, is := newest(it, from, to)
		if err := it.Err(); err != nil {
			return nil, err
		}
		if is && series.Labels().Get(model.MetricNameLabel) != "" {
			samples = append(samples, latest{series.Labels(), at, number})
		}
	}
	if err := set.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(samples, func(a, b latest) int {
		return strings.Compare(a.of.Get(model.MetricNameLabel), b.of.Get(model.MetricNameLabel))
	})
	return samples, nil
}

// newest returns the newest number of a series in a time range, if its newest sample is one
// and does not end it.
func newest(it *storage.MemoizedSeriesIterator, from, to int64) (at int64, number float64, is bool) {
	kind := it.Seek(to)
	if kind == chunkenc.ValFloat {
		at, number = it.At()
	}
	if kind == chunkenc.ValNone || it.AtT() > to {
		_, t, f, histogram, there := it.PeekPrev()
		if !there || histogram != nil {
			return 0, 0, false
		}
		at, number, kind = t, f, chunkenc.ValFloat
	}
	return at, number, kind == chunkenc.ValFloat && at >= from && !value.IsStaleNaN(number)
}

// expose writes samples that are sorted by name. What each name is, is not known.
func expose(w io.Writer, format expfmt.Format, samples []latest) error {
	encoder := expfmt.NewEncoder(w, format)
	for len(samples) > 0 {
		name := samples[0].of.Get(model.MetricNameLabel)
		family := &dto.MetricFamily{Name: &name, Type: dto.MetricType_UNTYPED.Enum()}
		for len(samples) > 0 && samples[0].of.Get(model.MetricNameLabel) == name {
			family.Metric = append(family.Metric, exposed(samples[0]))
			samples = samples[1:]
		}
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	if closer, is := encoder.(expfmt.Closer); is {
		return closer.Close()
	}
	return nil
}

func exposed(s latest) *dto.Metric {
	m := &dto.Metric{TimestampMs: &s.at, Untyped: &dto.Untyped{Value: &s.number}}
	instance := false
	s.of.Range(func(l labels.Label) {
		if l.Name == model.MetricNameLabel {
			return
		}
		instance = instance || l.Name == model.InstanceLabel
		m.Label = append(m.Label, &dto.LabelPair{Name: new(l.Name), Value: new(l.Value)})
	})
	if !instance {
		m.Label = append(m.Label, &dto.LabelPair{Name: new(string(model.InstanceLabel)), Value: new("")})
	}
	return m
}
