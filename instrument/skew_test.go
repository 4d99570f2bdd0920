package instrument

import (
	"testing"
	"time"
)

// asked has a request sent and answered, by our clock, where Discord's is behind
// by the offset.
func (s *skew) asked(sent time.Time, offset, took time.Duration) {
	discord := sent.Add(took / 2).Add(-offset)
	s.response(discord.Truncate(time.Second), sent, sent.Add(took))
}

func TestClockThatIsRight(t *testing.T) {
	var s skew
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for n := range 500 {
		at := now.Add(time.Duration(n) * 137 * time.Millisecond)
		s.asked(at, 0, time.Duration(n%200)*time.Millisecond)
		if got := s.correction(); got != 0 {
			t.Fatalf("after %d responses the clock is set right by %v", n+1, got)
		}
	}
	// That everything is late does not show that the clock is wrong.
	for range 10 {
		s.receipt(8*time.Second, now)
	}
	if got := s.correction(); got != 0 {
		t.Errorf("the clock is set right by %v because interactions are late", got)
	}
	if least, known := s.least(now); !known || least != 8*time.Second {
		t.Errorf("the smallest age is %v, %t", least, known)
	}
}

func TestClockThatIsOff(t *testing.T) {
	for _, offset := range []time.Duration{5 * time.Second, -5 * time.Second, time.Hour, -40 * time.Hour, 1300 * time.Millisecond, -1300 * time.Millisecond} {
		var s skew
		now := time.Date(2026, 1, 2, 3, 4, 5, 900_000_000, time.UTC)
		for n := range 20 {
			s.asked(now.Add(time.Duration(n)*317*time.Millisecond), offset, 40*time.Millisecond)
		}
		if got := s.correction(); got < offset-50*time.Millisecond || got > offset+300*time.Millisecond {
			t.Errorf("offset %v: set right by %v", offset, got)
		}
		// An interaction narrows it.
		s.receipt(offset+30*time.Millisecond, now)
		if got := s.correction(); got < offset-50*time.Millisecond || got > offset+50*time.Millisecond {
			t.Errorf("offset %v, with an interaction: set right by %v", offset, got)
		}
	}
}

// TestClockIsSet: what was learnt before does not count any more.
func TestClockIsSet(t *testing.T) {
	var s skew
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.asked(now, 5*time.Second, 0)
	s.asked(now.Add(time.Second), 0, 0)
	if got := s.correction(); got != 0 {
		t.Errorf("a clock that was set is set right by %v", got)
	}
	s.asked(now.Add(2*time.Second), -7*time.Second, 0)
	if got := s.correction(); got > -6*time.Second {
		t.Errorf("a clock that was set wrong is set right by %v", got)
	}
	// Bounds begin anew after a while, so that a drift is followed.
	for n := range 100 {
		s.asked(now.Add(3*time.Second+time.Duration(n)*time.Minute), time.Duration(n)*100*time.Millisecond, 0)
	}
	if got := s.correction(); got < 8*time.Second || got > 11*time.Second {
		t.Errorf("a drift of 9.9 s is set right by %v", got)
	}
}

// TestSmallestAgeIsOfLately: it follows, and is absent when nothing comes.
func TestSmallestAgeIsOfLately(t *testing.T) {
	var s skew
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if _, known := s.least(now); known {
		t.Fatal("there is an age before the first interaction")
	}
	s.receipt(-3*time.Second, now)
	s.receipt(time.Second, now)
	now = now.Add(offsetWindow)
	s.receipt(2*time.Second, now)
	if least, _ := s.least(now); least != -3*time.Second {
		t.Errorf("after one window the smallest age is %v, want -3s", least)
	}
	now = now.Add(offsetWindow)
	if least, _ := s.least(now); least != 2*time.Second {
		t.Errorf("after two windows the smallest age is %v, want 2s", least)
	}
	now = now.Add(2 * offsetWindow)
	if least, known := s.least(now); known {
		t.Errorf("the smallest age is %v although none came", least)
	}
}

// TestSmallestAgeAfterTheClockIsSet: it is that of the new clock, as soon as a response has shown that there is one.
func TestSmallestAgeAfterTheClockIsSet(t *testing.T) {
	for _, jump := range []time.Duration{10 * time.Second, -10 * time.Second, 2500 * time.Millisecond, time.Hour} {
		for _, quiet := range []time.Duration{time.Second, boundsLife - time.Minute, 2 * boundsLife} {
			var s skew
			now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			tick := func(offset time.Duration) {
				now = now.Add(time.Second)
				s.receipt(offset+40*time.Millisecond, now)
				s.asked(now, offset, 30*time.Millisecond)
			}
			for range 60 {
				tick(0)
			}
			now = now.Add(quiet + jump)
			tick(jump) // its answer shows the jump
			tick(jump) // the next interaction has its age
			if least, known := s.least(now); !known || least != jump+40*time.Millisecond {
				t.Errorf("%v after the last interaction the clock jumps by %v: the smallest age is %v, %t", quiet, jump, least, known)
			}
			// And back.
			now = now.Add(-jump)
			tick(0)
			tick(0)
			if least, known := s.least(now); !known || least != 40*time.Millisecond {
				t.Errorf("the clock jumps back by %v: the smallest age is %v, %t", jump, least, known)
			}
		}
	}
}

// TestSmallestAgeOfAClockThatIsLeftAlone: servers of Discord's whose clocks differ a little, and a drift, do not make it begin anew.
func TestSmallestAgeOfAClockThatIsLeftAlone(t *testing.T) {
	var s skew
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.receipt(10*time.Millisecond, now)
	for n := range 280 {
		now = now.Add(1003 * time.Millisecond)
		server := time.Duration(n%7-3) * 100 * time.Millisecond
		s.asked(now, server+time.Duration(n)*time.Millisecond, time.Duration(n%50)*time.Millisecond)
		s.receipt(500*time.Millisecond, now)
	}
	if least, known := s.least(now); !known || least != 10*time.Millisecond {
		t.Errorf("the smallest age is %v, %t, want 10ms", least, known)
	}
}

// TestDatesAreLookedAtNowAndThen: they have seconds.
func TestDatesAreLookedAtNowAndThen(t *testing.T) {
	var s skew
	due := 0
	for range 1000 {
		if s.dateDue() {
			due++
		}
	}
	if due != 1 {
		t.Errorf("%d of 1000 responses at once were looked at, want 1", due)
	}
}

// TestHandshakeThatTakesTooLong has one outcome, whoever looks first.
func TestHandshakeThatTakesTooLong(t *testing.T) {
	s := newShard("0")
	count := func(kind, outcome int) uint64 { return s.handshake(kind, outcome).n.Load() }
	long := time.Now().Add(-time.Minute)
	for _, look := range []func(h *handshake){
		func(h *handshake) { h.expire(s) },                   // a collection
		func(h *handshake) { h.resolve(s, handshakeReady) },  // READY comes after all
		func(h *handshake) { h.resolve(s, handshakeClosed) }, // or the end
		func(h *handshake) { h.begin(s, kindIdentify) },      // or another handshake
	} {
		before := count(kindResume, handshakeTimeout)
		h := &handshake{pulse: &pulse{needed: func() bool { return false }}}
		h.begin(s, kindResume)
		h.expire(s)
		if got := count(kindResume, handshakeTimeout); got != before {
			t.Fatalf("one that has just begun has timed out")
		}
		h.began = long
		look(h)
		h.expire(s)
		h.resolve(s, handshakeClosed)
		if got := count(kindResume, handshakeTimeout); got != before+1 {
			t.Errorf("%d time-outs, want %d", got, before+1)
		}
	}
	if ready, closed := count(kindResume, handshakeReady), count(kindResume, handshakeClosed); ready != 0 || closed != 0 {
		t.Errorf("%d ready and %d closed, want none: each has one outcome", ready, closed)
	}
}
