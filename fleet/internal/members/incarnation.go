package members

import (
	"slices"
	"time"
)

// heard takes a report.
func (i *Incarnation) heard(report Report) {
	if i.Reports > 0 && !report.Final {
		i.gap(i.since(report))
	}
	i.Reports++
	i.Last = report.At
	if report.Version != "" {
		i.Version = report.Version
	}
	if report.Host != "" {
		i.Host = report.Host
	}
	i.Scrape = report.Scrape
	if report.Refused > 0 {
		i.Refused += int64(report.Refused)
		i.LastRefusal = report.Reason
	}
	if !report.Began.IsZero() {
		i.Began = report.Began
	}
	if !report.Newest.IsZero() {
		if !report.Polled {
			offset := report.Newest.Sub(report.At)
			i.ClockOffset = &offset
		}
		i.Newest = later(i.Newest, report.Newest)
	}
	i.created.add(report.Created, report.At)
}

// beganSlack is how far the times may be apart at which one process began: they are made
// from its age.
const beganSlack = 10 * time.Second

// before reports whether the incarnation is another process than the report's, which has
// begun later.
func (i *Incarnation) before(report Report) bool {
	return !i.Began.IsZero() && report.Began.Sub(i.Began) > beganSlack
}

// since is the time between a report and the one before, by the clock of the process: what
// a Collector kept arrives at once.
func (i *Incarnation) since(report Report) time.Duration {
	if report.Newest.IsZero() || i.Newest.IsZero() {
		return report.At.Sub(i.Last)
	}
	return report.Newest.Sub(i.Newest)
}

// gap learns the interval from the time between two reports: the median of the last ones,
// because a report at a start or an end is out of turn.
func (i *Incarnation) gap(since time.Duration) {
	if since <= 0 {
		return
	}
	i.gaps = append(i.gaps, min(max(since, leastInterval), mostInterval))
	if len(i.gaps) > keptGaps {
		i.gaps = slices.Delete(i.gaps, 0, 1)
	}
	sorted := slices.Sorted(slices.Values(i.gaps))
	i.Interval = sorted[len(sorted)/2]
}

func (i *Incarnation) ending(at Place) *Ending {
	return &Ending{at, i.Instance, i.EndedBy, later(i.Ended, i.Newest).Add(time.Millisecond)}
}

func (i *Incarnation) interval() time.Duration {
	if i.Interval == 0 {
		return usualInterval
	}
	return i.Interval
}

// Deadline is how long the incarnation may be silent before it is taken for ended.
func (i *Incarnation) Deadline() time.Duration {
	return time.Duration(deadlineFactor * float64(i.interval()))
}

// lateFactor is how many of its intervals a process may be silent before it is late.
const lateFactor = 1.5

// Late reports whether a report is overdue.
func (i *Incarnation) Late() bool {
	return i.EndedBy == Here && i.silent > time.Duration(lateFactor*float64(i.interval()))
}

// budget counts what was made in the last two hours, after which the engine's memory
// forgets a series that ended, in steps of half an hour.
type budget struct {
	steps [4]int
	last  int64 // the number of the newest step
}

const budgetStep = 30 * time.Minute

func (b *budget) add(n int, now time.Time) {
	b.advance(now)
	b.steps[b.last%int64(len(b.steps))] += n
}

func (b *budget) of(now time.Time) int {
	b.advance(now)
	sum := 0
	for _, n := range b.steps {
		sum += n
	}
	return sum
}

func (b *budget) advance(now time.Time) {
	at := now.UnixNano() / int64(budgetStep)
	for n := max(b.last+1, at-int64(len(b.steps))+1); n <= at; n++ {
		b.steps[n%int64(len(b.steps))] = 0
	}
	b.last = max(b.last, at)
}
