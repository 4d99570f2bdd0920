package clickhouselog

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// segmentBytes is what is dropped at once when the queue is full: 300 events with many
// attributes, or some thousands with few.
const segmentBytes = 64 << 10

// A queue keeps events until ClickHouse has them. Its lock is held for moments only, and
// never during I/O: the bot waits for it.
type queue struct {
	maxRows, maxBytes int
	full              chan struct{} // a batch is complete, or something was dropped

	mu       sync.Mutex // also guards everything below
	segments []segment  // the oldest first; the last one takes what comes next
	waiting  int        // events in segments
	head     *batch     // the oldest of all events; nil without one
	sending  bool       // head is on its way, so nobody knows whether it arrives
	rows     int        // events in segments and head
	bytes    int        // of these, encoded
	added    uint64     // events that were ever added
	removed  uint64     // of these, those that are no longer in the queue
	closed   bool
	progress time.Time // of the last batch that ended, or of close
	losses   losses
}

func newQueue(maxRows, maxBytes int) *queue {
	return &queue{maxRows: maxRows, maxBytes: maxBytes, full: make(chan struct{}, 1)}
}

// add takes an encoded event. If the queue is full, it drops the oldest ones for it.
func (q *queue) add(who *identity, data []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		q.lose(LossShutdown, 1)
		return
	}
	for q.rows >= q.maxRows || q.bytes+len(data) > q.maxBytes {
		if !q.dropOldest() {
			q.lose(LossQueueFull, 1)
			return
		}
	}
	last := len(q.segments) - 1
	if last < 0 || q.segments[last].who != who || len(q.segments[last].data)+len(data) > segmentBytes {
		next := segment{who: who}
		if last >= 0 { // there are many events
			next.data = make([]byte, 0, segmentBytes)
		}
		q.segments = append(q.segments, next)
		last++
	}
	s := &q.segments[last]
	s.data = append(s.data, data...)
	s.rows++
	q.bytes += len(data)
	q.rows++
	q.added++
	if q.waiting++; q.waiting == batchRows {
		raise(q.full)
	}
}

// dropOldest returns false if all that is left is on its way.
func (q *queue) dropOldest() bool {
	switch {
	case q.head != nil && !q.sending:
		q.lose(LossQueueFull, q.head.rows)
		q.remove(q.head.rows, q.head.bytes)
		q.head = nil
	case len(q.segments) > 0:
		s := q.segments[0]
		q.lose(LossQueueFull, s.rows)
		q.remove(s.rows, len(s.data))
		q.pop(1)
	default:
		return false
	}
	return true
}

// pop takes the first n segments off. Their events stay counted.
func (q *queue) pop(n int) {
	for _, s := range q.segments[:n] {
		q.waiting -= s.rows
	}
	clear(q.segments[:n]) // for the garbage collector
	if q.segments = q.segments[n:]; len(q.segments) == 0 {
		q.segments = nil
	}
}

func (q *queue) remove(rows, bytes int) {
	q.rows -= rows
	q.bytes -= bytes
	q.removed += uint64(rows) //nolint:gosec // a length
}

// lose counts events that are dropped.
func (q *queue) lose(reason LossReason, n int) {
	q.losses.add(reason, n, time.Now())
	raise(q.full) // the goroutine reports it, since a handler may block
}

// reject counts an event that cannot be stored, before it is added.
func (q *queue) reject(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unfit(1, why)
}

func (q *queue) unfit(n int, why error) {
	q.losses.unfit += n
	q.losses.why = why
	q.lose(LossRejected, n)
}

// discount counts events that cannot be stored, of the batch that is on its way.
func (q *queue) discount(n int, why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == nil {
		return // as in finish
	}
	q.unfit(n, why)
	q.head.rows -= n
	q.remove(n, 0)
}

// cut returns the batch that is sent next, or nil if fewer events wait than are worth one.
// It is on its way until keep or finish.
func (q *queue) cut(least int) *batch {
	token := uuid.NewString()
	q.mu.Lock()
	if q.head != nil {
		q.sending = true
		q.mu.Unlock()
		return q.head
	}
	if q.waiting < max(least, 1) {
		q.mu.Unlock()
		return nil
	}
	b := &batch{token: token}
	for _, s := range q.segments {
		if b.rows >= batchRows {
			break
		}
		b.segments = append(b.segments, s)
		b.rows += s.rows
		b.bytes += len(s.data)
	}
	q.pop(len(b.segments))
	q.head, q.sending = b, true
	q.mu.Unlock()
	return b
}

// keep has the batch wait for another attempt. It may be dropped until then.
func (q *queue) keep() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sending = false
}

// finish ends the batch that is on its way.
func (q *queue) finish(accepted bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == nil {
		return // Shutdown did not wait, and counted it as lost
	}
	if !accepted {
		q.lose(LossRejected, q.head.rows)
	}
	q.remove(q.head.rows, q.head.bytes)
	q.head, q.sending, q.progress = nil, false, time.Now()
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.progress = true, time.Now()
}

// idle is how long no batch has ended since close, and 0 before.
func (q *queue) idle() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		return 0
	}
	return time.Since(q.progress)
}

// position returns how many events were ever added, and how many of these are gone.
func (q *queue) position() (added, removed uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.added, q.removed
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// abandon drops what is left, and returns how many events that are.
func (q *queue) abandon() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.rows
	if n > 0 {
		q.lose(LossShutdown, n)
		q.remove(n, q.bytes)
	}
	q.segments, q.head, q.waiting = nil, nil, 0
	return n
}

// raise sets a flag that a goroutine waits for.
func raise(flag chan<- struct{}) {
	select {
	case flag <- struct{}{}:
	default:
	}
}
