package instrument

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// offsetWindow is for how long the smallest age of an interaction counts at
	// least, and half of how long it counts at most.
	offsetWindow = 5 * time.Minute
	// dateEvery is how often a response's Date is looked at: it has seconds.
	dateEvery = time.Second
	// boundsLife is for how long the bounds narrow before they begin anew, so
	// that a clock that drifts, or was set, is followed.
	boundsLife = 10 * time.Minute
	// farthest is how wrong a clock may be: one that was never set says 1970. What
	// is farther is not a time, and may not even fit.
	farthest = 100 * 365 * 24 * time.Hour
	// setBy is how far the bounds have to move for the clock to have been set: more
	// than the clocks of Discord's servers differ by, or than a clock drifts.
	setBy = time.Second
)

// A skew compares this machine's clock with Discord's. An offset is our time
// less theirs: above 0 our clock is ahead.
type skew struct {
	nextDate atomic.Int64 // by clock; no Date is looked at before

	mu sync.Mutex
	// The offset lies between these, by the Dates of REST responses.
	bounded   bool
	low, high time.Duration
	since     time.Time
	// The smallest ages of interactions: in this window and in the one before, by
	// the clock as it is now.
	current, previous minimum
}

// A minimum is the smallest of the durations seen since it began.
type minimum struct {
	began time.Time
	least time.Duration
	known bool
}

func (m *minimum) add(d time.Duration) {
	if !m.known || d < m.least {
		m.least, m.known = d, true
	}
}

// receipt takes the age of an interaction, as the clocks say.
func (s *skew) receipt(age time.Duration, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	s.current.add(age)
}

// turn begins a new window when the time of the old one is over.
func (s *skew) turn(now time.Time) {
	switch passed := now.Sub(s.current.began); {
	case s.current.began.IsZero(), passed >= 2*offsetWindow:
		s.previous, s.current = minimum{}, minimum{began: now}
	case passed >= offsetWindow:
		s.previous, s.current = s.current, minimum{began: now}
	}
}

// least returns the smallest age seen lately.
func (s *skew) least(now time.Time) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	return s.leastLocked()
}

func (s *skew) leastLocked() (time.Duration, bool) {
	least := s.current
	if s.previous.known {
		least.add(s.previous.least)
	}
	return least.least, least.known
}

// dateDue reports whether the next response's Date is of interest.
func (s *skew) dateDue() bool {
	now, due := clock(), s.nextDate.Load()
	return now >= due && s.nextDate.CompareAndSwap(due, now+int64(dateEvery))
}

// response takes the Date of a response to a request that was sent and answered
// at these times. Discord made it in between, and cut off the fraction.
func (s *skew) response(date, sent, received time.Time) {
	if received.Sub(date).Abs() > farthest {
		return
	}
	low, high := sent.Sub(date)-time.Second, received.Sub(date)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bounded && max(low-s.high, s.low-high) > setBy {
		// The clock was set. The ages from before were measured with another one, and
		// the smallest of them would hide for minutes that it is ahead now.
		s.previous, s.current = minimum{}, minimum{}
	}
	if s.bounded && received.Sub(s.since) < boundsLife {
		low, high = max(low, s.low), min(high, s.high)
	}
	if !s.bounded || low > high || received.Sub(s.since) >= boundsLife {
		// They begin anew, also when a clock was set meanwhile.
		low, high = sent.Sub(date)-time.Second, received.Sub(date)
		s.since = received
	}
	s.bounded, s.low, s.high = true, low, high
}

// correction is what our clock must be set back by to be Discord's: 0 unless it
// is shown to be off. Interactions that all come late do not show that.
func (s *skew) correction() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.bounded || s.low <= 0 && s.high >= 0 {
		return 0
	}
	// No interaction is younger than 0.
	if least, known := s.leastLocked(); known {
		return min(s.high, max(s.low, least))
	}
	return s.high
}
