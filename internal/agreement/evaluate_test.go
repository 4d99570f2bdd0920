package agreement

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/template"
)

// epoch is when each test begins.
var epoch = time.Unix(0, 0).UTC()

// A history is a test whose rules have been evaluated.
type history struct {
	file   *testFile
	test   *testCase
	store  *store
	engine *promql.Engine
	steps  []time.Duration
	alerts [][]alert // by step: those that are pending or firing
}

// An alert is an alert as of one evaluation.
type alert struct {
	rule   *rule
	labels labels.Labels // with alertname and the rule's own labels
	sample promql.Sample // of the last result of the expression
	since  time.Duration // of the first of its results in a row
	firing bool
	// holds says whether the expression has this result now. An alert that keeps
	// firing may lack it.
	holds bool
	ended *time.Duration // since when it lacks it
}

// evaluator evaluates the rules of a test.
type evaluator struct {
	*history
	active   map[*rule]map[string]*alert
	recorded map[*rule]map[string]labels.Labels // series of the evaluation before
}

// newEngine returns an engine with promtool's options, except that it may read more
// samples: promtool asks for a few at a time, and a finding looks back for six hours.
func newEngine(interval time.Duration) *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1_000_000, Timeout: time.Minute, EnableAtModifier: true, EnableNegativeOffset: true, Parser: promqlParser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return interval.Milliseconds() },
	})
}

var promqlParser = parser.NewParser(parser.Options{})

// evaluate replays a test.
func evaluate(ctx context.Context, file *testFile, test *testCase) (*history, error) {
	interval := time.Duration(file.Interval)
	h := &history{file: file, test: test, store: newStore(), engine: newEngine(interval), steps: test.steps(interval)}
	if len(h.steps) == 0 {
		return nil, errors.New("the test looks at nothing")
	}
	if err := test.load(promqlParser, h.store, h.steps[len(h.steps)-1]); err != nil {
		return nil, err
	}
	e := evaluator{h, map[*rule]map[string]*alert{}, map[*rule]map[string]labels.Labels{}}
	for _, at := range h.steps {
		var now []alert
		for g := range file.groups {
			for r := range file.groups[g].Rules {
				rule := &file.groups[g].Rules[r]
				samples, err := e.rule(ctx, rule, at)
				if err == nil {
					err = e.write(rule, at, samples)
				}
				if err != nil {
					return nil, fmt.Errorf("%s%s at %v: %w", rule.Record, rule.Alert, at, err)
				}
				for _, a := range e.active[rule] {
					now = append(now, *a)
				}
			}
		}
		h.alerts = append(h.alerts, now)
	}
	return h, nil
}

// rule evaluates a rule and returns what it records.
func (e *evaluator) rule(ctx context.Context, r *rule, at time.Duration) ([]promql.Sample, error) {
	var result promql.Vector
	if r.reads == nil || slices.ContainsFunc(r.reads, e.store.has) { // else there is no result: most rules read nothing here
		var err error
		if result, err = e.query(ctx, r.Expr, at); err != nil {
			return nil, err
		}
	}
	if r.Alert != "" {
		return e.alert(r, at, result)
	}
	for i := range result {
		b := labels.NewBuilder(result[i].Metric)
		b.Set(model.MetricNameLabel, r.Record)
		for name, v := range r.Labels {
			b.Set(name, v)
		}
		result[i].Metric = b.Labels()
	}
	if result.ContainsSameLabelset() {
		return nil, errors.New("two results with the same labels")
	}
	return result, nil
}

// alert follows the alerts of a rule and returns the series ALERTS and ALERTS_FOR_STATE.
func (e *evaluator) alert(r *rule, at time.Duration, result promql.Vector) ([]promql.Sample, error) {
	active := e.active[r]
	if active == nil {
		active = map[string]*alert{}
		e.active[r] = active
	}
	seen := map[string]bool{}
	for _, sample := range result {
		b := labels.NewBuilder(sample.Metric)
		b.Del(model.MetricNameLabel)
		for name, text := range r.Labels {
			v, err := expand(text, sample, at)
			if err != nil {
				return nil, err
			}
			b.Set(name, v)
		}
		b.Set(labels.AlertName, r.Alert)
		own := b.Labels()
		k := own.String()
		if seen[k] {
			return nil, errors.New("two alerts with the same labels")
		}
		seen[k] = true
		if active[k] == nil {
			active[k] = &alert{rule: r, labels: own, since: at}
		}
		active[k].sample, active[k].holds, active[k].ended = sample, true, nil
	}
	var samples []promql.Sample
	for k, a := range active {
		if !seen[k] {
			if a.holds {
				a.holds, a.ended = false, &at
			}
			if !a.firing || at-*a.ended >= time.Duration(r.Keep) {
				delete(active, k)
				continue
			}
		}
		a.firing = a.firing || at-a.since >= time.Duration(r.For)
		b := labels.NewBuilder(a.labels)
		b.Set(model.MetricNameLabel, "ALERTS_FOR_STATE")
		samples = append(samples, promql.Sample{Metric: b.Labels(), F: float64(epoch.Add(a.since).Unix())})
		b.Set(model.MetricNameLabel, "ALERTS")
		b.Set("alertstate", map[bool]string{false: "pending", true: "firing"}[a.firing])
		samples = append(samples, promql.Sample{Metric: b.Labels(), F: 1})
	}
	return samples, nil
}

// write stores the results of a rule, and markers for the series that it no longer has.
func (e *evaluator) write(r *rule, at time.Duration, samples []promql.Sample) error {
	has := make(map[string]labels.Labels, len(samples))
	for _, s := range samples {
		if err := e.store.append(s.Metric, at.Milliseconds(), s.F); err != nil {
			return err
		}
		has[s.Metric.String()] = s.Metric
	}
	for k, of := range e.recorded[r] {
		if has[k].IsEmpty() && !e.store.hasAt(of, at.Milliseconds()) { // another rule may record it now
			if err := e.store.append(of, at.Milliseconds(), math.Float64frombits(value.StaleNaN)); err != nil {
				return err
			}
		}
	}
	e.recorded[r] = has
	return nil
}

// query runs an instant query.
func (h *history) query(ctx context.Context, expr string, at time.Duration) (promql.Vector, error) {
	q, err := h.engine.NewInstantQuery(ctx, h.store, nil, expr, epoch.Add(at))
	if err != nil {
		return nil, err
	}
	defer q.Close()
	result := q.Exec(ctx)
	if result.Err != nil {
		return nil, result.Err
	}
	switch v := result.Value.(type) {
	case promql.Vector:
		return append(promql.Vector{}, v...), nil // the engine uses its own again
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V, Metric: labels.EmptyLabels()}}, nil
	}
	return nil, fmt.Errorf("%s is a %s", expr, result.Value.Type())
}

// expand renders a text of an alert.
func expand(text string, sample promql.Sample, at time.Duration) (string, error) {
	const variables = "{{$labels := .Labels}}{{$value := .Value}}"
	data := template.AlertTemplateData(sample.Metric.Map(), nil, "", sample)
	return template.NewTemplateExpander(context.Background(), variables+text, "alert", data, model.TimeFromUnixNano(epoch.Add(at).UnixNano()), nil, nil, nil).Expand()
}

// annotations renders the texts of an alert.
func (a alert) annotations(at time.Duration) (map[string]string, error) {
	texts := maps.Clone(a.rule.Annotations)
	for name, text := range texts {
		var err error
		if texts[name], err = expand(text, a.sample, at); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// alertsAt are the alerts as of the last evaluation until a time.
func (h *history) alertsAt(at time.Duration) []alert {
	var now []alert
	for i, step := range h.steps {
		if step > at {
			break
		}
		now = h.alerts[i]
	}
	return now
}
