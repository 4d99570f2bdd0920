// Package expect is for tests that wait for something.
package expect

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"
)

// Patience is how long a test waits: a machine that is busy is no fault.
const Patience = 2 * time.Minute

// Eventually waits until a condition holds.
func Eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %v for: %s", Patience, what)
		case <-tick.C:
		}
	}
}

// A Log is what a program writes, for a test to read meanwhile.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns what was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
