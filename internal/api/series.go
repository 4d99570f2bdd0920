package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/history"
)

// The limits of the document at [SeriesPath].
const (
	mostPoints  = 720 // of a series
	usualPoints = 360
	mostSeries  = 64
	usualSeries = 32
	usualWindow = 5 * time.Minute
	mostMatches = 8
	mostValues  = 32 // of a match
)

// A SeriesList is the document at [SeriesPath].
type SeriesList struct {
	Head
	// Query is the question as PromQL.
	Query string `json:"query"`
	Unit  string `json:"unit"`
	// Step is the time between two points.
	Step float64 `json:"step_seconds"`
	// Times are the Unix times of the points.
	Times []float64 `json:"times"`
	// Series are in the order of their labels.
	Series []Series `json:"series"`
	// LeftOut is the number of series above the limit. Some may have no values in the
	// range.
	LeftOut int `json:"left_out"`
}

// Series has a value, or null, for each time.
type Series struct {
	Labels evidence.Labels `json:"labels"`
	Values []*float64      `json:"values"`
}

func seriesTask(m Member, p *parameters) task {
	q := p.question()
	span := p.duration("range", time.Hour, history.FineStep)
	usual := max((span / usualPoints).Round(history.FineStep), history.FineStep)
	step := p.duration("step", usual, history.FineStep)
	switch {
	case step%time.Second != 0:
		p.fail("step", "is not a whole number of seconds")
	case span/step > mostPoints:
		p.fail("step", "is too short: %s in steps of %s are more than %d points", short(span), short(step), mostPoints)
	}
	limit := p.number("limit", usualSeries, 1, mostSeries)
	var end time.Time
	if text, given := p.text("end"); given {
		var err error
		if end, err = instant(text); err != nil {
			p.fail("end", "is no time: give seconds since 1970, or 2026-01-02T15:04:05Z")
		}
	}
	if p.err == nil {
		if err := m.Source.Check(q); err != nil {
			p.err = fmt.Errorf("name: %s cannot be answered so: %w", quote(p.values.Get("name")), err)
		}
	}
	return task{key: p.key(), make: func(ctx context.Context, _ *API, m Member, at time.Time) (any, error) {
		to := at
		if !end.IsZero() {
			to = end
		}
		times := grid(to, span, step)
		found, left, err := m.Source.Range(ctx, times, limit, q)
		if err != nil {
			return nil, err
		}
		d := SeriesList{
			Head: head(m, at), Query: q.PromQL(evidence.Scope{Namespace: m.Source.Namespace()}), Unit: unit(q), Step: step.Seconds(),
			Times: make([]float64, len(times)), Series: []Series{}, LeftOut: left,
		}
		for i, t := range times {
			d.Times[i] = float64(t.UnixMilli()) / 1e3
		}
		for _, series := range found {
			d.Series = append(d.Series, Series{series.Labels.Only(q.By...), spread(series.Points, times)})
		}
		return d, nil
	}}
}

// grid returns the multiples of a step in a range of time, so that requests that follow
// one another ask about the same times.
func grid(end time.Time, span, step time.Duration) []time.Time {
	last := end.UnixMilli() / step.Milliseconds() * step.Milliseconds()
	n := max(int(span/step), 1)
	times := make([]time.Time, n)
	for i := range times {
		times[i] = time.UnixMilli(last - int64(n-1-i)*step.Milliseconds()).UTC()
	}
	return times
}

// spread puts points at their times, with nil where there is none.
func spread(points []evidence.Point, times []time.Time) []*float64 {
	values := make([]*float64, len(times))
	for i, at := range times {
		if len(points) > 0 && points[0].At.Equal(at) {
			values[i], points = number(points[0].Number), points[1:]
		}
	}
	return values
}

// unit is that of the answers to a question, as in UCUM.
func unit(q evidence.Question) string {
	unit := q.Of.Unit
	if q.Of.Kind == catalog.Histogram && (q.Form == evidence.Increase || q.Form == evidence.Rate || q.Form == evidence.Above) {
		unit = "{observation}"
	}
	switch q.Form {
	case evidence.Age:
		return "s"
	case evidence.Changes:
		return "{change}"
	case evidence.Rate:
		return unit + "/s"
	}
	return unit
}

// question reads what is asked for.
func (p *parameters) question() (q evidence.Question) {
	name := p.required("name", "the name of a metric, as in docs/METRICS.md")
	for _, i := range catalog.All() {
		if i.PrometheusName() == name {
			q.Of = i
		}
	}
	if q.Of.Name == "" {
		p.fail("name", "is not the name of a metric, as in docs/METRICS.md")
	}
	form := p.required("form", "one of "+strings.Join(evidence.Forms(), ", "))
	if q.Form = evidence.FormOf(form); q.Form == 0 {
		p.fail("form", "is not one of %s", strings.Join(evidence.Forms(), ", "))
	}
	labels := q.Of.LabelNames()
	if by, given := p.text("by"); given {
		q.By = strings.Split(by, ",")
		for _, label := range q.By {
			if !slices.Contains(labels, label) {
				p.fail("by", "has %s, which is not a label of the metric: %s", quote(label), listed(labels))
				break
			}
		}
		if sorted := slices.Sorted(slices.Values(q.By)); len(slices.Compact(sorted)) < len(q.By) {
			p.fail("by", "names a label twice")
		}
	}
	if text, given := p.text("match"); given {
		var err error
		if q.Where, err = matches(text, labels); err != nil {
			p.fail("match", "%v", err)
		}
	}
	q.Combine = evidence.CombinationOf(p.choice("combine", "", evidence.Combinations()))
	q.Over = p.duration("over", usualWindow, history.FineStep)
	if _, given := p.values["over"]; given && !q.Form.Windowed() {
		p.fail("over", "is a window, and the form %s has none", q.Form)
	}
	if !q.Form.Windowed() {
		q.Over = 0
	}
	p.argument("quantile", evidence.Quantile, &q)
	p.argument("bound", evidence.Above, &q)
	return q
}

// argument reads the number that a form needs.
func (p *parameters) argument(name string, form evidence.Form, q *evidence.Question) {
	text, given := p.text(name)
	switch {
	case given && q.Form != form:
		p.fail(name, "goes with the form %s alone", form)
	case !given && q.Form == form && p.err == nil:
		p.err = fmt.Errorf("%s: the parameter is missing; the form %s needs it", name, form)
	case given:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || form == evidence.Quantile && !(n >= 0 && n <= 1) || form == evidence.Above && !slices.Contains(q.Of.Buckets, n) {
			p.fail(name, "is not %s", map[evidence.Form]string{evidence.Quantile: "a number from 0 to 1", evidence.Above: "the bound of a bucket in seconds, such as 1 or 3"}[form])
			return
		}
		q.At = n
	}
}

func listed(labels []string) string {
	if len(labels) == 0 {
		return "it has none"
	}
	return "it has " + strings.Join(labels, ", ")
}

// matches reads matchers such as outcome=late|missed,type!=ping. A backslash takes the
// character after it as it is.
func matches(text string, labels []string) (list []evidence.Match, err error) {
	for _, part := range cut(text, ',') {
		name, rest, found := strings.Cut(part, "=")
		not := strings.HasSuffix(name, "!")
		name = strings.TrimSuffix(name, "!")
		switch {
		case !found:
			return nil, errors.New("is not label=value|value or label!=value, separated by commas")
		case !slices.Contains(labels, name):
			return nil, fmt.Errorf("has %s, which is not a label of the metric: %s", quote(name), listed(labels))
		case len(list) == mostMatches:
			return nil, fmt.Errorf("has more than %d matchers", mostMatches)
		}
		values := cut(rest, '|')
		if len(values) > mostValues {
			return nil, fmt.Errorf("has more than %d values of %s", mostValues, name)
		}
		for i, v := range values {
			values[i] = unescaped(v)
		}
		list = append(list, evidence.Match{Label: name, Values: values, Not: not})
	}
	return list, nil
}

// cut splits a text at a character that no backslash stands before.
func cut(text string, at byte) (parts []string) {
	begin := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case at:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}

func unescaped(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
