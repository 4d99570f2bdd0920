package findings

import (
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
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
// true. before says that what was before is not known: the data begins there, or after a
// gap.
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
			return finer(since, points[i].At), points[i].At.Sub(points[i-1].At) > gap
		}
		since = finer(since, points[0].At)
		if !v.reaches(points[0].At, back) {
			return since, v.unwatched(labels, points[0].At, back) // the series begins there
		}
		before = true
	}
	return since, before
}

// gap is the time between two points in which nobody looked. Scrapes and pushes are at
// most a minute apart.
const gap = 2 * time.Minute

// atOnce is how soon after the first sample is at the same time as that.
const atOnce = 30 * time.Second

// finer returns what is known better of two times of the same beginning: the one from the
// near past, unless the far past, whose points are a minute apart, shows an earlier one.
func finer(near, far time.Time) time.Time {
	if near.IsZero() || near.Sub(far) > time.Minute {
		return far
	}
	return near
}

// reaches reports whether data from this time on fills the time that was asked about,
// so that what was before is not known.
func (v *view) reaches(first time.Time, back time.Duration) bool {
	return first.Sub(v.at.Add(-back)) < gap
}

// unwatched reports whether a series begins because somebody began to look at a process
// that had been up for longer than a gap: Prometheus was started, or lost its data.
func (v *view) unwatched(labels evidence.Labels, first time.Time, back time.Duration) bool {
	points := v.points(of(evidence.Question{Form: evidence.Last, Of: catalog.Uptime}, labels.Only(evidence.Identity()...)), back)
	return len(points) > 0 && points[0].Number > gap.Seconds() && first.Sub(points[0].At) < atOnce
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
// than quiet. A gap in the data is no pause if the counter rose meanwhile. before says
// that what was before is not known: the data begins there, or after a gap.
func (v *view) rising(q evidence.Question, labels evidence.Labels, quiet time.Duration) (since time.Time, before bool) {
	q.Form, q.Over = evidence.Last, 0
	for _, back := range pasts {
		points := v.points(of(q, labels), back)
		var first time.Time
		var idle time.Duration
		paused := false
		for i := len(points) - 1; i > 0 && !paused; i-- {
			between := points[i].At.Sub(points[i-1].At)
			rose := points[i].Number > points[i-1].Number || points[i].Number < points[i-1].Number && points[i].Number > 0
			switch {
			case rose:
				first, before, idle = points[i].At, between > gap, 0
			case !first.IsZero():
				idle += between
				paused = idle > quiet
			}
		}
		switch {
		case first.IsZero():
			return since, false
		case paused:
			return finer(since, first), before
		}
		since = finer(since, first)
		if !v.reaches(points[0].At, back) { // the series begins there
			if v.unwatched(labels, points[0].At, back) {
				return since, before || idle < atOnce
			}
			if points[0].Number > 0 { // what was counted before the first sample
				since = points[0].At
			}
			return since, before
		}
		before = true
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
