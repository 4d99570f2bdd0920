package promql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

const (
	// MaxPoints is the greatest number of points of a series that a server answers with:
	// Prometheus refuses more.
	MaxPoints = 11_000

	minStep = 5 * time.Second
)

// A Querier evaluates expressions. It is safe for concurrent use. Values that are not
// numbers are left out, and so are series without any other.
type Querier interface {
	// Query evaluates an expression as of a time. Each series has one point.
	Query(ctx context.Context, expr string, at time.Time) ([]evidence.Series, error)
	// QueryRange evaluates an expression at each step from one time to another.
	QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]evidence.Series, error)
}

// A Source answers questions about the series of a scope.
type Source struct {
	querier    Querier
	scope      evidence.Scope
	concurrent int
}

var _ evidence.Source = (*Source)(nil)

// New returns a source that runs so many queries at a time.
func New(querier Querier, scope evidence.Scope, concurrent int) *Source {
	return &Source{querier, scope, max(concurrent, 1)}
}

// Ask implements [evidence.Source]. If one of the queries fails, the others are
// canceled, and its error is returned.
func (s *Source) Ask(ctx context.Context, at time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answers := make([][]evidence.Value, len(questions))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(s.concurrent, len(questions)) {
		wait.Go(func() {
			for i := range next {
				var err error
				if answers[i], err = s.ask(ctx, at, questions[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range questions {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wait.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return answers, nil
}

func (s *Source) ask(ctx context.Context, at time.Time, q evidence.Question) ([]evidence.Value, error) {
	expr, err := s.expression(q)
	if err != nil {
		return nil, err
	}
	series, err := s.querier.Query(ctx, expr, at)
	if err != nil {
		return nil, err
	}
	values := make([]evidence.Value, len(series))
	for i, one := range series {
		values[i] = evidence.Value{Labels: one.Labels, Number: one.Points[0].Number}
	}
	q.Sort(values)
	return values, nil
}

// Trace implements [evidence.Source]. Points are at least 5 seconds apart, and further
// where a series would have more than [MaxPoints].
func (s *Source) Trace(ctx context.Context, from, to time.Time, q evidence.Question) ([]evidence.Series, error) {
	expr, err := s.expression(q)
	if err != nil {
		return nil, err
	}
	if to.Before(from) {
		return nil, fmt.Errorf("the range ends at %s, before it begins at %s", to.UTC().Format(time.RFC3339), from.UTC().Format(time.RFC3339))
	}
	series, err := s.querier.QueryRange(ctx, expr, from, to, step(to.Sub(from)))
	if err != nil {
		return nil, err
	}
	q.SortSeries(series)
	return series, nil
}

// step is the time between two points, in whole seconds.
func step(length time.Duration) time.Duration {
	return max(minStep, (length/MaxPoints + time.Second - 1).Truncate(time.Second))
}

func (s *Source) expression(q evidence.Question) (string, error) {
	expr := q.PromQL(s.scope)
	if expr == "" {
		return "", fmt.Errorf("the question about %s has no form", q.Of.Name)
	}
	return expr, nil
}

// Fleet reports true: a server has all processes that report to it.
func (*Source) Fleet() bool { return true }

// Namespace implements [evidence.Source].
func (s *Source) Namespace() string { return s.scope.Namespace }

// Window is how long ago a bot may have been seen last.
const Window = "1d"

// Bots returns the bots that had the metrics of Argus within the last day.
func Bots(ctx context.Context, querier Querier, at time.Time) ([]evidence.Bot, error) {
	series, err := querier.Query(ctx, "group by (job, bot) (last_over_time("+catalog.Up.PrometheusName()+"["+Window+"]))", at)
	if err != nil {
		return nil, err
	}
	bots := make([]evidence.Bot, len(series))
	for i, s := range series {
		bots[i] = evidence.Bot{Job: s.Labels["job"], Name: s.Labels["bot"]}
	}
	slices.SortFunc(bots, func(a, b evidence.Bot) int { return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Name, b.Name)) })
	return bots, nil
}
