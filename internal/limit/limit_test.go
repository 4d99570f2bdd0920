package limit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/limit"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(0, 0)
	l := limit.Limiter{Now: func() time.Time { return now }}
	steps := []struct {
		after          time.Duration
		reset          bool
		wantSuppressed int
		wantOK         bool
	}{
		{0, false, 0, true},
		{0, false, 0, false},
		{limit.Period - 1, false, 0, false},
		{1, false, 2, true},
		{time.Second, false, 0, false},
		{time.Second, true, 0, true},
		{limit.Period, false, 0, true},
	}
	for i, s := range steps {
		now = now.Add(s.after)
		if s.reset {
			l.Reset()
		}
		suppressed, ok := l.Allow()
		if suppressed != s.wantSuppressed || ok != s.wantOK {
			t.Errorf("step %d: Allow = %d, %v, want %d, %v", i, suppressed, ok, s.wantSuppressed, s.wantOK)
		}
	}
}

func TestLimiterConcurrent(t *testing.T) {
	var (
		l      limit.Limiter
		passed atomic.Int32
		wg     sync.WaitGroup
	)
	for range 16 {
		wg.Go(func() {
			for range 100 {
				if _, ok := l.Allow(); ok {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := passed.Load(); n != 1 {
		t.Errorf("%d reports passed within a period, want 1", n)
	}
}
