package findings

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
)

// A view is what the checks see. A check asks it as if every answer were known, and
// gets nothing for a question that is new. The checks run again until none asks
// anything new, so all questions of a round go to the source together.
type view struct {
	at     time.Time
	fleet  bool // whether all processes are seen
	answer map[string][]evidence.Value
	trace  map[string][]evidence.Series

	questions []evidence.Question
	traces    []traceQuestion
	asked     map[string]bool

	check string           // the one that asks
	spent map[string]spent // by check
}

// spent counts what a check has asked about single subjects.
type spent struct{ details, traces int }

// The limits of what a check asks about single subjects, of which a fleet has
// thousands. Those with the highest numbers come first. A subject of the check with the
// most questions, unanswered interactions, takes 24, and each takes at most four traces.
const (
	mostDetails = 8 * 24
	mostTraces  = 8 * 4
)

type traceQuestion struct {
	evidence.Question
	back time.Duration
}

// rounds is the number of times that checks ask for more: values, where something is
// wrong its beginning, and what was before it.
const rounds = 4

func newView(at time.Time) *view {
	return &view{at: at, answer: map[string][]evidence.Value{}, trace: map[string][]evidence.Series{}, asked: map[string]bool{}, spent: map[string]spent{}}
}

func key(q evidence.Question, back time.Duration) string {
	return fmt.Sprintf("%s %v", q.PromQL(evidence.Scope{}), back)
}

// ask returns the answers to a question, or nothing while they are not known.
func (v *view) ask(q evidence.Question) []evidence.Value {
	k := key(q, 0)
	if !v.asked[k] {
		v.asked[k] = true
		v.questions = append(v.questions, q)
	}
	return v.answer[k]
}

// detail is ask for a question about a single subject.
func (v *view) detail(q evidence.Question) []evidence.Value {
	if !v.asked[key(q, 0)] {
		s := v.spent[v.check]
		if s.details++; s.details > mostDetails {
			return nil
		}
		v.spent[v.check] = s
	}
	return v.ask(q)
}

// past returns the answers to a question over the time until now.
func (v *view) past(q evidence.Question, back time.Duration) []evidence.Series {
	k := key(q, back)
	if !v.asked[k] {
		s := v.spent[v.check]
		if s.traces++; s.traces > mostTraces {
			return nil
		}
		v.spent[v.check] = s
		v.asked[k] = true
		v.traces = append(v.traces, traceQuestion{q, back})
	}
	return v.trace[k]
}

// learn asks the source what is not known yet. It reports whether anything was.
func (v *view) learn(ctx context.Context, source evidence.Source) (bool, error) {
	questions, traces := v.questions, v.traces
	v.questions, v.traces = nil, nil
	if len(questions) == 0 && len(traces) == 0 {
		return false, nil
	}
	answers, err := source.Ask(ctx, v.at, questions...)
	if err != nil {
		return false, err
	}
	for i, q := range questions {
		slices.SortStableFunc(answers[i], func(a, b evidence.Value) int { return cmp.Compare(b.Number, a.Number) })
		v.answer[key(q, 0)] = answers[i]
	}
	for _, q := range traces {
		series, err := source.Trace(ctx, v.at.Add(-q.back), v.at, q.Question)
		if err != nil {
			return false, err
		}
		v.trace[key(q.Question, q.back)] = series
	}
	return true, nil
}

// ago returns the time a number of seconds ago.
func (v *view) ago(seconds float64) time.Time {
	return v.at.Add(-time.Duration(seconds * float64(time.Second)))
}

// by indexes answers by labels.
func by(values []evidence.Value, names ...string) map[string]float64 {
	index := make(map[string]float64, len(values))
	for _, value := range values {
		index[value.Labels.Key(names...)] = value.Number
	}
	return index
}
