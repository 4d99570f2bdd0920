package instrument

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// The smallest age of an interaction is used for at least offsetWindow, and
	// for at most twice as long.
	offsetWindow = 5 * time.Minute
	// dateEvery is the minimum interval between Dates that are used. A Date has a
	// resolution of a second.
	dateEvery = time.Second
	// boundsLife is how long the bounds narrow before they start again, in order
	// to follow a clock that drifts or was set.
	boundsLife = 10 * time.Minute
	// farthest is the largest plausible clock error: a clock that was never set
	// is in 1970. Anything beyond is not a time and could overflow.
	farthest = 100 * 365 * 24 * time.Hour
	// If the bounds move by more than setBy, the clock was set. Discord's servers
	// differ by less, and a clock drifts by less.
	setBy = time.Second
)

// A skew compares this machine's clock with Discord's. An offset is our time
// minus Discord's: above 0 our clock is ahead.
type skew struct {
	nextDate atomic.Int64 // when the next Date is due, by clock

	mu sync.Mutex
	// The Dates of REST responses bound the offset to low..high.
	bounded   bool
	low, high time.Duration
	since     time.Time
	// The smallest ages of interactions in this window and in the previous one,
	// by the current setting of the clock.
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

// receipt takes the age of an interaction, by both clocks.
func (s *skew) receipt(age time.Duration, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	s.current.add(age)
}

// turn starts a new window when the current one has ended.
func (s *skew) turn(now time.Time) {
	switch passed := now.Sub(s.current.began); {
	case s.current.began.IsZero(), passed >= 2*offsetWindow:
		s.previous, s.current = minimum{}, minimum{began: now}
	case passed >= offsetWindow:
		s.previous, s.current = s.current, minimum{began: now}
	}
}

// least returns the smallest recent age.
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

// dateDue reports whether the next Date is to be used.
func (s *skew) dateDue() bool {
	now, due := clock(), s.nextDate.Load()
	return now >= due && s.nextDate.CompareAndSwap(due, now+int64(dateEvery))
}

// response takes the Date of a response. The request was sent at sent, and the
// response received at received. Discord made the Date in between and truncated
// it to seconds.
func (s *skew) response(date, sent, received time.Time) {
	if received.Sub(date).Abs() > farthest {
		return
	}
	low, high := sent.Sub(date)-time.Second, received.Sub(date)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bounded && max(low-s.high, s.low-high) > setBy {
		// The clock was set. The old ages were measured with another setting, and
		// the smallest of them would hide for minutes that the clock is ahead
		// now.
		s.previous, s.current = minimum{}, minimum{}
	}
	if s.bounded && received.Sub(s.since) < boundsLife {
		low, high = max(low, s.low), min(high, s.high)
	}
	if !s.bounded || low > high || received.Sub(s.since) >= boundsLife {
		// The bounds start again, also after the clock was set.
		low, high = sent.Sub(date)-time.Second, received.Sub(date)
		s.since = received
	}
	s.bounded, s.low, s.high = true, low, high
}

// correction returns the time to subtract from our clock to get Discord's. It is
// 0 unless the clock is proven wrong. Late interactions alone are not a proof.
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
