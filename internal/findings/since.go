package findings

import (
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
)

// pasts are how far back the beginning of something is looked for: the resolution of
// the data falls with it, so the near past comes first.
var pasts = []time.Duration{15 * time.Minute, 6 * time.Hour}

// of restricts a question to what an answer is about.
func of(q evidence.Question, labels evidence.Labels) evidence.Question {
	q.Where = slices.Clone(q.Where)
	for _, name := range append(evidence.Identity(), q.By...) {
		if value, there := labels[name]; there {
			q.Where = append(q.Where, evidence.Is(name, value))
		}
	}
	return q
}

// holding returns since when the answer to a question has been one for which holds is
// true. before says that the data begins with it.
func (v *view) holding(q evidence.Question, labels evidence.Labels, holds func(float64) bool) (since time.Time, before bool) {
	for _, back := range pasts {
		points := v.points(of(q, labels), back)
		i := len(points)
		for i > 0 && holds(points[i-1].Number) {
			i--
		}
		switch {
		case i == len(points):
			return since, before
		case i > 0:
			return points[i].At, false
		}
		since, before = points[0].At, v.reaches(points[0].At, back)
		if !before {
			break // the series begins there
		}
	}
	return since, before
}

// reaches reports whether data from this time on fills the time that was asked about,
// so that what was before is not known.
func (v *view) reaches(first time.Time, back time.Duration) bool {
	return first.Sub(v.at.Add(-back)) < 2*time.Minute
}

// lastSeen returns when a series was there last.
func (v *view) lastSeen(q evidence.Question, labels evidence.Labels) time.Time {
	for _, back := range pasts {
		if points := v.points(of(q, labels), back); len(points) > 0 {
			return points[len(points)-1].At
		}
	}
	return time.Time{}
}

// rising returns since when a counter has been rising without a pause that is longer
// than quiet.
func (v *view) rising(q evidence.Question, labels evidence.Labels, quiet time.Duration) (since time.Time, before bool) {
	q.Form, q.Over = evidence.Last, 0
	for _, back := range pasts {
		points := v.points(of(q, labels), back)
		var first time.Time
		reached := false
		for i := len(points) - 1; i > 0; i-- {
			rose := points[i].Number > points[i-1].Number || points[i].Number < points[i-1].Number && points[i].Number > 0
			if !rose {
				continue
			}
			if !first.IsZero() && first.Sub(points[i].At) > quiet {
				reached = true
				break
			}
			first = points[i].At
		}
		if first.IsZero() {
			return since, before
		}
		since = first
		before = !reached && first.Sub(points[0].At) <= quiet && v.reaches(points[0].At, back)
		if !before {
			return since, false
		}
	}
	return since, before
}

// points returns the one series of a question about one subject.
func (v *view) points(q evidence.Question, back time.Duration) []evidence.Point {
	series := v.past(q, back)
	if len(series) == 0 {
		return nil
	}
	return series[0].Points
}
