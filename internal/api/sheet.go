package api

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/history"
)

// A sheet has the questions of a document, which are asked together.
type sheet struct {
	questions []evidence.Question
	answers   []*answers
}

// answers are those to a question, once it has been asked.
type answers []evidence.Value

// ask puts a question on the sheet.
func (s *sheet) ask(q evidence.Question) *answers {
	a := &answers{}
	s.questions, s.answers = append(s.questions, q), append(s.answers, a)
	return a
}

// learn asks the questions as of a time.
func (s *sheet) learn(ctx context.Context, source evidence.Source, at time.Time) error {
	all, err := source.Ask(ctx, at, s.questions...)
	if err != nil {
		return err
	}
	for i, values := range all {
		*s.answers[i] = values
	}
	return nil
}

// by indexes the answers by labels.
func (a answers) by(names ...string) numbers {
	index := make(numbers, len(a))
	for _, value := range a {
		index[value.Labels.Key(names...)] = value.Number
	}
	return index
}

// counts yields those answers that are above 0.
func (a answers) counts() iter.Seq2[evidence.Labels, float64] {
	return func(yield func(evidence.Labels, float64) bool) {
		for _, value := range a {
			if n := number(value.Number); n != nil && *n > 0 && !yield(value.Labels, *n) {
				return
			}
		}
	}
}

// one returns the answer to a question without labels, or nil.
func (a answers) one() *float64 {
	if len(a) == 0 {
		return nil
	}
	return number(a[0].Number)
}

// each returns the answers by a label, or nil if there are none.
func (a answers) each(label string) map[string]float64 {
	if len(a) == 0 {
		return nil
	}
	each := make(map[string]float64, len(a))
	for _, value := range a {
		if n := number(value.Number); n != nil {
			each[value.Labels[label]] = *n
		}
	}
	return each
}

// numbers are answers by the values of labels.
type numbers map[string]float64

// of returns a number, or nil if it is unknown.
func (n numbers) of(key string) *float64 {
	v, known := n[key]
	if !known {
		return nil
	}
	return number(v)
}

// number returns a number as JSON has it: none that is not finite, and to a millionth.
func number(v float64) *float64 {
	if !evidence.Known(v) {
		return nil
	}
	if rounded := math.Round(v*1e6) / 1e6; !math.IsInf(rounded, 0) {
		v = rounded
	}
	return &v
}

// instantOf returns the time that a number of seconds since 1970 is, or nil.
func instantOf(seconds *float64) *time.Time {
	if seconds == nil || *seconds <= 0 || *seconds > 1e11 {
		return nil
	}
	at := time.UnixMilli(int64(math.Round(*seconds * 1e3))).UTC()
	return &at
}

// covered returns how much of a window until a time the history covers, in seconds: it
// begins with the process, and has gaps where the process was paused.
func covered(m Member, at time.Time, over time.Duration) *float64 {
	from, total := at.Add(-over), time.Duration(0)
	steps := m.Source.Steps(from.Add(-history.CoarseGap), at)
	if len(steps) == 0 {
		return nil
	}
	for i, step := range steps {
		next, gap := at, history.FineGap
		if i+1 < len(steps) {
			next = steps[i+1]
			if at.Sub(step) > history.FineSpan {
				gap = history.CoarseGap
			}
		}
		if next.Sub(step) <= gap && next.After(from) {
			total += next.Sub(later(step, from))
		}
	}
	return number(total.Seconds())
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
