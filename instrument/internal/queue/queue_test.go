package queue_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/instrument/internal/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestOrder: everything that was pushed is called once, in order, before Close
// returns.
func TestOrder(t *testing.T) {
	const n = 1000
	q := queue.New(n, func(r any) { t.Errorf("panic: %v", r) })
	var called []int
	for k := range n {
		if !q.Push(func() { called = append(called, k) }) {
			t.Fatalf("no room for %d of %d", k, n)
		}
	}
	if !q.Close(time.Minute) {
		t.Fatal("not all were called")
	}
	for k := range n {
		if called[k] != k {
			t.Fatalf("%d was called as number %d", called[k], k)
		}
	}
	if len(called) != n {
		t.Errorf("%d calls, want %d", len(called), n)
	}
	if q.Push(func() { t.Error("called after Close") }) {
		t.Error("a closed queue took a function")
	}
	if !q.Close(time.Minute) {
		t.Error("the second Close found functions")
	}
}

// TestBounded: while a function blocks there is room for as many as the limit,
// nothing waits, and Close gives up after its patience. What remains is called
// later.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 3
		q := queue.New(limit, func(any) {})
		release, later := make(chan struct{}), 0
		q.Push(func() { <-release })
		synctest.Wait() // it has left the queue, and blocks
		for n := range limit + 2 {
			if got, want := q.Push(func() { later++ }), n < limit; got != want {
				t.Errorf("push %d: room is %t, want %t", n, got, want)
			}
		}
		began := time.Now()
		if q.Close(2 * time.Second) {
			t.Error("Close says that all were called")
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("Close waited for %v, want 2s", took)
		}
		close(release)
		if !q.Close(time.Second) || later != limit {
			t.Errorf("%d of %d were called afterwards", later, limit)
		}
	})
}

// TestPanic: the goroutine survives, and says what happened.
func TestPanic(t *testing.T) {
	var panics []any
	q := queue.New(2, func(r any) { panics = append(panics, r) })
	called := false
	q.Push(func() { panic("first") })
	q.Push(func() { called = true })
	q.Close(time.Minute)
	if len(panics) != 1 || panics[0] != "first" || !called {
		t.Errorf("panics %v, the next called: %t", panics, called)
	}
}

// TestRacing: pushes beside Close are either called or refused.
func TestRacing(t *testing.T) {
	q := queue.New(64, func(any) {})
	var taken, called atomic.Int64
	var pushing sync.WaitGroup
	for range 8 {
		pushing.Go(func() {
			for range 1000 {
				if q.Push(func() { called.Add(1) }) {
					taken.Add(1)
				}
			}
		})
	}
	q.Close(time.Minute)
	pushing.Wait()
	if taken.Load() != called.Load() {
		t.Errorf("%d taken, %d called", taken.Load(), called.Load())
	}
}
