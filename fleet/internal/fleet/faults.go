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
	if text := err.Error(); f.isNew(text) {
		f.log.Error(text)
	}
}

// isNew counts a fault, and reports whether it was not there within the last minute.
func (f *faults) isNew(text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.n++
	if last, known := f.last[text]; known && now.Sub(last) < faultEvery {
		return false
	}
	if f.last == nil || len(f.last) >= maxFaults {
		f.last = map[string]time.Time{}
	}
	f.last[text] = now
	return true
}

func (f *Fleet) report(err error) { f.faults.report(err) }

func (f *faults) count() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}
