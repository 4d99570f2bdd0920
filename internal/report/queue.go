package report

import (
	"context"
	"sync"
)

// Capacity is how many messages wait for a function that is slow. Reports are
// rate limited where they are made, so that this many is minutes of trouble.
const Capacity = 64

// A Queue calls functions one after the other, each in the order in which it came,
// on a goroutine that lives while there is something to call. The zero value is
// ready. All methods may be called from any goroutine.
type Queue struct {
	mu      sync.Mutex
	waiting []func()
	idle    chan struct{} // closed when the last one has returned; nil while none is there
	dropped int
}

// Do has f called soon, and does not wait for that. With Capacity functions
// waiting f is dropped and counted.
func (q *Queue) Do(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= Capacity {
		q.dropped++
		return
	}
	q.waiting = append(q.waiting, f)
	if q.idle == nil {
		q.idle = make(chan struct{})
		go q.run()
	}
}

// Dropped returns how many functions were dropped since it was last called.
func (q *Queue) Dropped() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.dropped
	q.dropped = 0
	return n
}

// Flush waits until all functions have returned, or until ctx is done.
func (q *Queue) Flush(ctx context.Context) error {
	q.mu.Lock()
	idle := q.idle
	q.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *Queue) run() {
	ended := false
	defer func() {
		if !ended { // a function ended the goroutine (runtime.Goexit)
			go q.run()
		}
	}()
	for f := q.next(); f != nil; f = q.next() {
		guarded(f)
	}
	ended = true
}

// next takes the oldest function. It returns nil when there is none, and the
// goroutine has to end.
func (q *Queue) next() func() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.waiting = nil
		close(q.idle)
		q.idle = nil
		return nil
	}
	f := q.waiting[0]
	q.waiting[0] = nil // what has been said is not kept
	q.waiting = q.waiting[1:]
	return f
}

func guarded(f func()) {
	defer func() { _ = recover() }() // nobody is left to be told: the reporter itself is at fault
	f()
}

// Guard returns a function that calls f where it stands, and whose panics go no
// further.
func Guard[T any](f func(T)) func(T) {
	return func(v T) { guarded(func() { f(v) }) }
}
