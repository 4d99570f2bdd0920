package queue

import (
	"sync"
	"time"
)

// A Queue is a bounded queue of functions, with the goroutine that calls them.
// Its methods are safe for concurrent use.
type Queue struct {
	panicked func(any)
	done     chan struct{}

	mu     sync.Mutex
	tasks  chan func()
	closed bool
}

// New makes a queue that holds at most limit functions, and starts its goroutine,
// which ends with [Queue.Close]. A panic of a function is passed to panicked.
func New(limit int, panicked func(any)) *Queue {
	q := &Queue{panicked: panicked, done: make(chan struct{}), tasks: make(chan func(), limit)}
	go q.run()
	return q
}

// Push adds a function. It never waits: it reports whether there was room.
// A closed queue has none.
func (q *Queue) Push(f func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	select {
	case q.tasks <- f:
		return true
	default:
		return false
	}
}

// Close takes no more functions, and waits until those in the queue have been
// called, but no longer than patience. It reports whether they were. Those that
// remain are still called once the one that blocks returns.
func (q *Queue) Close(patience time.Duration) bool {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.tasks)
	}
	q.mu.Unlock()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-q.done:
		return true
	case <-timeout.C:
		return false
	}
}

func (q *Queue) run() {
	defer close(q.done)
	for f := range q.tasks {
		q.call(f)
	}
}

func (q *Queue) call(f func()) {
	defer func() {
		if r := recover(); r != nil {
			q.panicked(r)
		}
	}()
	f()
}
