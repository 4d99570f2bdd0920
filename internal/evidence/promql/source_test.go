package promql

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

func TestStep(t *testing.T) {
	for length, want := range map[time.Duration]time.Duration{
		0:                                     5 * time.Second,
		6 * time.Hour:                         5 * time.Second,
		MaxPoints * 5 * time.Second:           5 * time.Second,
		MaxPoints*5*time.Second + time.Second: 6 * time.Second,
		24 * time.Hour:                        8 * time.Second,
		30 * 24 * time.Hour:                   236 * time.Second,
	} {
		got := step(length)
		if got != want || length/got > MaxPoints {
			t.Errorf("%v: %v, want %v", length, got, want)
		}
	}
}

type querier func(ctx context.Context, expr string) ([]evidence.Series, error)

func (q querier) Query(ctx context.Context, expr string, _ time.Time) ([]evidence.Series, error) {
	return q(ctx, expr)
}

func (q querier) QueryRange(ctx context.Context, expr string, _, _ time.Time, _ time.Duration) ([]evidence.Series, error) {
	return q(ctx, expr)
}

// TestAsk: answers are in the order of the questions, whichever comes first, and a query
// that fails ends the others.
func TestAsk(t *testing.T) {
	questions := []evidence.Question{{Form: evidence.Last, Of: catalog.Guilds}, {Form: evidence.Last, Of: catalog.Up}, {Form: evidence.Last, Of: catalog.BotShards}}
	scope := evidence.Scope{Where: []evidence.Match{evidence.Is("job", "music")}}
	second := make(chan struct{})
	answers, err := New(querier(func(_ context.Context, expr string) ([]evidence.Series, error) {
		if expr == questions[1].PromQL(scope) {
			close(second)
		} else {
			<-second
		}
		return []evidence.Series{{Labels: evidence.Labels{"expr": expr}, Points: []evidence.Point{{Number: 1}}}}, nil
	}), scope, len(questions)).Ask(t.Context(), time.Time{}, questions...)
	if err != nil || len(answers) != len(questions) {
		t.Fatalf("%v, %v", answers, err)
	}
	for i, q := range questions {
		if len(answers[i]) != 1 || answers[i][0].Labels["expr"] != q.PromQL(scope) {
			t.Errorf("the answer to question %d is %v", i, answers[i])
		}
	}
	failed := errors.New("failed")
	_, err = New(querier(func(ctx context.Context, expr string) ([]evidence.Series, error) {
		if expr == questions[0].PromQL(scope) {
			return nil, failed
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}), scope, len(questions)).Ask(t.Context(), time.Time{}, questions...)
	if !errors.Is(err, failed) {
		t.Errorf("%v, want the error of the query that failed", err)
	}
}
