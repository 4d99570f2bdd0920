package page

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/argus-dgo/argus/internal/evidence"
)

// lookback is how long a value stands for what comes after it, as in Prometheus.
const lookback = 5 * time.Minute

// Ask implements [evidence.Source]. The time that a question is about has to be that
// of the page, or less than 5 minutes later; otherwise it has no answer. Answers are
// as of the time of the page.
func (p *Page) Ask(ctx context.Context, at time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	answers := make([][]evidence.Value, len(questions))
	for i, q := range questions {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if q.PromQL(evidence.Scope{}) == "" {
			return nil, fmt.Errorf("the question about %s has no form", q.Of.Name)
		}
		if late := at.Add(-q.Ago).Sub(p.made); late >= 0 && late < lookback {
			answers[i] = p.answer(q)
		}
	}
	return answers, nil
}

// Trace implements [evidence.Source]. It returns one point, if the page was made in
// that range.
func (p *Page) Trace(ctx context.Context, from, to time.Time, q evidence.Question) ([]evidence.Series, error) {
	at := p.made.Add(q.Ago)
	answers, err := p.Ask(ctx, at, q)
	if err != nil || at.Before(from) || at.After(to) {
		return nil, err
	}
	var series []evidence.Series
	for _, v := range answers[0] {
		series = append(series, evidence.Series{Labels: v.Labels, Points: []evidence.Point{{At: at, Number: v.Number}}})
	}
	return series, nil
}

// A sample is a series with the number that a form takes from it.
type sample struct {
	labels evidence.Labels
	number float64
	// unknown says that the number is not known, nor that of any group it is part of.
	unknown bool
}

// answer is what [evidence.Question.PromQL] is in PromQL.
func (p *Page) answer(q evidence.Question) []evidence.Value {
	groups, series := q.Groups(), q.SeriesLabels()
	combine := q.Combination()
	var samples []sample
	switch q.Form {
	case evidence.Last:
		samples = combined(p.values(q), groups, series, combine)
	case evidence.Age:
		// The oldest time is the greatest age.
		switch combine {
		case evidence.Max:
			combine = evidence.Min
		case evidence.Min:
			combine = evidence.Max
		}
		samples = combined(p.values(q), groups, series, combine)
		now := float64(p.made.UnixMilli()) / 1000
		for i := range samples {
			samples[i].number = now - samples[i].number
		}
	case evidence.Increase, evidence.Rate:
		values := p.values(q)
		if len(q.Of.Buckets) > 0 {
			values = p.counts(q)
		}
		p.limit(values, q.Over)
		samples = combined(values, groups, series, combine)
		if q.Form == evidence.Rate {
			for i := range samples {
				samples[i].number /= q.Over.Seconds()
			}
		}
	case evidence.Quantile:
		buckets := p.buckets(q)
		p.limit(buckets, q.Over)
		samples = quantiles(combined(buckets, append(groups, "le"), append(series, "le"), combine), groups, q.At)
	case evidence.Above:
		samples = p.above(q, groups, series, combine)
	}
	var values []evidence.Value
	for _, s := range samples {
		if !s.unknown && evidence.Known(s.number) {
			values = append(values, evidence.Value{Labels: s.labels, Number: s.number})
		}
	}
	q.Sort(values)
	return values
}

// metrics calls f for each series of the question's instrument that is selected.
func (p *Page) metrics(q evidence.Question, f func(l evidence.Labels, m *dto.Metric)) {
	for _, m := range p.families[q.Of.In(p.namespace).PrometheusName()].GetMetric() {
		if l := labels(m); p.selects(l) && accepted(q.Where, l) {
			f(l, m)
		}
	}
}

func (p *Page) values(q evidence.Question) (samples []sample) {
	p.metrics(q, func(l evidence.Labels, m *dto.Metric) {
		if v, ok := number(m); ok {
			samples = append(samples, sample{labels: l, number: v})
		}
	})
	return samples
}

func (p *Page) counts(q evidence.Question) (samples []sample) {
	p.metrics(q, func(l evidence.Labels, m *dto.Metric) {
		if h := m.GetHistogram(); h != nil {
			if v := max(h.GetSampleCountFloat(), float64(h.GetSampleCount())); evidence.Known(v) {
				samples = append(samples, sample{labels: l, number: v})
			}
		}
	})
	return samples
}

// buckets have the label le, all written in the same way.
func (p *Page) buckets(q evidence.Question) (samples []sample) {
	p.metrics(q, func(l evidence.Labels, m *dto.Metric) {
		for _, b := range m.GetHistogram().GetBucket() {
			if v := max(b.GetCumulativeCountFloat(), float64(b.GetCumulativeCount())); evidence.Known(v) && !math.IsNaN(b.GetUpperBound()) {
				with := maps.Clone(l)
				with["le"] = bound(b.GetUpperBound())
				samples = append(samples, sample{labels: with, number: v})
			}
		}
	})
	return samples
}

func bound(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// limit makes totals unknown that reach back further than the window.
func (p *Page) limit(totals []sample, window time.Duration) {
	for i, s := range totals {
		uptime, known := p.uptimes[processOf(s.labels)]
		totals[i].unknown = !known || window <= 0 || uptime > window
	}
}

func (p *Page) above(q evidence.Question, groups, series []string, combine evidence.Combination) []sample {
	all := p.counts(q)
	p.limit(all, q.Over)
	within := slices.DeleteFunc(p.buckets(q), func(s sample) bool { return s.labels["le"] != bound(q.At) })
	p.limit(within, q.Over)
	below := map[string]sample{}
	for _, s := range combined(within, groups, series, combine) {
		below[s.labels.Key(groups...)] = s
	}
	samples := combined(all, groups, series, combine)
	for i, s := range samples {
		b, ok := below[s.labels.Key(groups...)]
		samples[i].unknown = s.unknown || !ok || b.unknown
		samples[i].number -= b.number
	}
	return samples
}

// combined makes one number of the samples of each group. A series that is there more
// than once counts once, with its highest number.
func combined(samples []sample, groups, series []string, combine evidence.Combination) []sample {
	if combine == evidence.Max || len(groups) == len(series) {
		return grouped(samples, groups, evidence.Max)
	}
	return grouped(grouped(samples, series, evidence.Max), groups, combine)
}

func grouped(samples []sample, by []string, combine evidence.Combination) []sample {
	index := map[string]int{}
	var groups []sample
	for _, s := range samples {
		key := s.labels.Key(by...)
		i, ok := index[key]
		if !ok {
			index[key] = len(groups)
			l := evidence.Labels{}
			for _, name := range by {
				if v := s.labels[name]; v != "" {
					l[name] = v
				}
			}
			groups = append(groups, sample{labels: l, number: s.number, unknown: s.unknown})
			continue
		}
		g := &groups[i]
		g.unknown = g.unknown || s.unknown
		switch combine {
		case evidence.Sum:
			g.number += s.number
		case evidence.Min:
			g.number = min(g.number, s.number)
		default:
			g.number = max(g.number, s.number)
		}
	}
	return groups
}

// Fleet reports false: a page is that of one process.
func (*Page) Fleet() bool { return false }

// Namespace implements [evidence.Source].
func (p *Page) Namespace() string { return p.namespace }
