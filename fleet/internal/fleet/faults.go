package fleet

import (
	"log/slog"
	"sync"
	"time"
)

// faultEvery is how often the same fault is logged again.
const faultEvery = time.Minute

// maxFaults is the number of faults that are remembered.
const maxFaults = 64

// faults logs faults, each once a minute at most.
type faults struct {
	log *slog.Logger

	mu   sync.Mutex
	last map[string]time.Time
	n    uint64
}

func (f *faults) report(err error) {
	text := err.Error()
	f.mu.Lock()
	now := time.Now()
	f.n++
	last, known := f.last[text]
	if known && now.Sub(last) < faultEvery {
		f.mu.Unlock()
		return
	}
	if f.last == nil || len(f.last) >= maxFaults {
		f.last = map[string]time.Time{}
	}
	f.last[text] = now
	f.mu.Unlock()
	f.log.Error(text)
}

func (f *Fleet) report(err error) { f.faults.report(err) }

func (f *faults) count() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}
