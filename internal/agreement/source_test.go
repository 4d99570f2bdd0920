package agreement

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql"

	"github.com/argus-dgo/argus/internal/evidence"
)

// A source answers questions about one bot from a history, as a Prometheus server that
// has these samples does.
type source struct {
	*history
	scope evidence.Scope
	reads map[string][]string // metrics by expression
}

// newSource returns a source. A label that the bot lacks is matched as empty, so that a
// bot without a name is not mixed with those that have one.
func newSource(h *history, bot evidence.Bot) *source {
	scope := evidence.Scope{Where: []evidence.Match{evidence.Is("job", bot.Job), evidence.Is("bot", bot.Name)}}
	return &source{h, scope, map[string][]string{}}
}

// Fleet implements [evidence.Source].
func (s *source) Fleet() bool { return true }

// Namespace implements [evidence.Source].
func (s *source) Namespace() string { return "" }

// Ask implements [evidence.Source].
func (s *source) Ask(ctx context.Context, at time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	answers := make([][]evidence.Value, len(questions))
	for i, q := range questions {
		expr := q.PromQL(s.scope)
		if !s.known(expr) {
			continue
		}
		result, err := s.query(ctx, expr, at.Sub(epoch))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", expr, err)
		}
		for _, one := range result {
			if evidence.Known(one.F) {
				answers[i] = append(answers[i], evidence.Value{Labels: evidence.LabelsOf(one.Metric.Map()), Number: one.F})
			}
		}
		q.Sort(answers[i])
	}
	return answers, nil
}

// traceStep is the time between two points, as package promapi asks for.
const traceStep = 5 * time.Second

// Trace implements [evidence.Source].
func (s *source) Trace(ctx context.Context, from, to time.Time, q evidence.Question) ([]evidence.Series, error) {
	expr := q.PromQL(s.scope)
	if !s.known(expr) {
		return nil, nil
	}
	query, err := s.engine.NewRangeQuery(ctx, s.store, nil, expr, from, to, traceStep)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	defer query.Close()
	matrix, err := query.Exec(ctx).Matrix()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	var list []evidence.Series
	for _, one := range matrix {
		if series := traced(one); len(series.Points) > 0 {
			list = append(list, series)
		}
	}
	q.SortSeries(list)
	return list, nil
}

func traced(from promql.Series) evidence.Series {
	series := evidence.Series{Labels: evidence.LabelsOf(from.Metric.Map())}
	for _, p := range from.Floats {
		if evidence.Known(p.F) {
			series.Points = append(series.Points, evidence.Point{At: time.UnixMilli(p.T), Number: p.F})
		}
	}
	return series
}

// known reports whether there may be an answer: most questions are about metrics that a
// test lacks.
func (s *source) known(expr string) bool {
	metrics, parsed := s.reads[expr]
	if !parsed {
		if e, err := promqlParser.ParseExpr(expr); err == nil {
			metrics = needs(e)
		}
		s.reads[expr] = metrics
	}
	return metrics == nil || slices.ContainsFunc(metrics, s.store.has)
}
