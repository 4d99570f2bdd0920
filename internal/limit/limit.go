// Package limit keeps a fault that repeats at every scrape or export from
// filling the log: the first report passes at once, then at most one a period,
// with the number of those that were held back.
package limit

import (
	"sync"
	"time"
)

// Period is the shortest time between two reports of a fault that lasts.
const Period = time.Minute

// Limiter decides which reports pass. The zero value is ready, uses [Period]
// and the wall clock, and is safe for concurrent use.
type Limiter struct {
	// Now is the clock; nil means time.Now. Set it before the first use.
	Now func() time.Time

	mu         sync.Mutex
	passed     bool
	last       time.Time
	suppressed int
}

// Allow says whether a report may pass now and how many were held back since
// the last one that did.
func (l *Limiter) Allow() (suppressed int, ok bool) {
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := now()
	if l.passed && t.Sub(l.last) < Period {
		l.suppressed++
		return 0, false
	}
	suppressed = l.suppressed
	l.passed, l.last, l.suppressed = true, t, 0
	return suppressed, true
}

// Reset makes the next report pass at once: what was wrong is over.
func (l *Limiter) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed, l.suppressed = false, 0
}
