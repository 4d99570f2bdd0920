package otlp

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/limit"
)

// queue keeps spans or log records until the collector has them. OpenTelemetry's
// batch processors drop a batch when its export fails, and count silently what does
// not fit. Here a batch stays at the head of the queue, and is sent again, until it
// is accepted or refused for good.
//
// One goroutine makes the exports. add takes a lock that is never held during one.
type queue[T any] struct {
	*push
	limits
	export   func(context.Context, []T) error
	close    func(context.Context) error
	pace     time.Duration // between two attempts at most
	patience time.Duration // without success, after which Shutdown gives up

	full   chan struct{} // a batch is complete
	hurry  chan struct{} // ForceFlush or Shutdown waits
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended

	shutdown sync.Once
	err      error

	mu       sync.Mutex // also guards everything below
	items    []item[T]
	bytes    int
	added    uint64 // items that were ever added
	removed  uint64 // of these, those that are no longer in the queue
	flushes  []flush
	closed   bool
	progress time.Time // of the last success, or the begin of Shutdown
	losses   Losses
	untold   int          // lost because the queue was full, since the last report
	last     *ExportError // of the last attempt; nil if it succeeded
	tell     limit.Limiter
	partly   limit.Limiter
}

type item[T any] struct {
	value T
	size  int
}

// flush is a ForceFlush that waits until all items before upTo are out of the queue.
type flush struct {
	upTo  uint64
	ended chan error
}

func newQueue[T any](ctx context.Context, c *config, p *push, export func(context.Context, []T) error, shut func(context.Context) error) (*queue[T], error) {
	l, err := queueLimits(c.signal)
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	q := &queue[T]{
		push:     p,
		limits:   l,
		export:   export,
		close:    shut,
		pace:     min(maxPause, c.reconnect),
		patience: cmp.Or(c.exportTimeout(), l.timeLimit),
		full:     make(chan struct{}, 1),
		hurry:    make(chan struct{}, 1),
		done:     make(chan struct{}),
	}
	// It outlives ctx, which applies to the constructor only; Shutdown ends it.
	var run context.Context
	run, q.cancel = context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // end calls it
	go q.run(run)
	return q, nil
}

// Endpoint returns the host and port of the collector, safe for a log line.
func (q *queue[T]) Endpoint() string { return q.endpoint }

// Protocol returns the protocol of the exports.
func (q *queue[T]) Protocol() Protocol { return q.protocol }

// Insecure reports whether exports are sent in plain text.
func (q *queue[T]) Insecure() bool { return q.insecure }

// Up reports whether the last export succeeded. known is false until the first
// export ends.
func (q *queue[T]) Up() (up, known bool) { return q.up() }

// Losses returns what was dropped since the start.
func (q *queue[T]) Losses() Losses {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.losses
}

// add takes an item, or drops it if the queue is full or closed. It does not block.
func (q *queue[T]) add(value T, size int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		q.losses.add(LossShutdown, 1)
		return
	case len(q.items) >= q.capacity || q.bytes+size > MaxQueueBytes:
		q.losses.add(LossQueueFull, 1)
		q.untold++
		raise(q.full) // it is reported by the goroutine, since a handler may block
		return
	}
	q.items = append(q.items, item[T]{value, size})
	q.bytes += size
	q.added++
	if len(q.items) == q.most {
		raise(q.full)
	}
}

// raise sets a flag that a goroutine waits for.
func raise(flag chan<- struct{}) {
	select {
	case flag <- struct{}{}:
	default:
	}
}

// run exports when a batch is complete, when the delay is over, and when somebody waits.
func (q *queue[T]) run(ctx context.Context) {
	defer close(q.done)
	ticker := time.NewTicker(q.delay)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-q.full:
		case <-q.hurry:
		}
		if !q.drain(ctx) {
			return
		}
		if q.isClosed() {
			q.drain(ctx) // of what was added after the last look, and before Shutdown
			return
		}
	}
}

// drain exports until the queue is empty. It returns false if Shutdown has to give up.
func (q *queue[T]) drain(ctx context.Context) bool {
	var values []T
	pause := min(firstPause, q.pace)
	for {
		q.tellLosses()
		values = q.head(values[:0])
		if len(values) == 0 {
			q.settle(nil)
			return ctx.Err() == nil
		}
		switch e := q.attempt(ctx, values); {
		case e == nil:
			pause = min(firstPause, q.pace)
			q.remove(len(values), nil)
		case !e.retryable():
			e.Dropped = len(values)
			q.failed(e)
			q.remove(len(values), e)
		case ctx.Err() != nil:
			return false // Shutdown drops what is left
		case q.isClosed():
			q.settle(e) // Shutdown returns it
			if q.isHopeless() {
				return false
			}
			q.wait(ctx, spread(pause))
			pause = min(2*pause, q.pace)
		default:
			q.failed(e)
			q.settle(e)
			q.wait(ctx, max(spread(pause), q.pause()))
			pause = min(2*pause, q.pace)
		}
	}
}

// attempt makes one export.
func (q *queue[T]) attempt(ctx context.Context, values []T) *ExportError {
	ctx, cancel := context.WithTimeout(ctx, q.timeLimit)
	defer cancel()
	e, partly := q.send(ctx, func(ctx context.Context) error { return q.export(ctx, values) })
	if partly != nil {
		q.rejectedPart(partly, len(values))
	}
	return e
}

func (q *queue[T]) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// isHopeless reports whether Shutdown gives up before its context ends.
func (q *queue[T]) isHopeless() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return time.Since(q.progress) >= q.patience
}

// wait pauses after a failed attempt. ForceFlush and Shutdown do not wait for it.
func (q *queue[T]) wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.hurry:
			return
		case <-q.full:
			q.tellLosses()
		case <-timer.C:
			return
		}
	}
}

// head appends the first items of the queue, which stay in it, to values.
func (q *queue[T]) head(values []T) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := 0
	for _, item := range q.items {
		if size += item.size; len(values) == q.most || size > maxBatchBytes && len(values) > 0 {
			break
		}
		values = append(values, item.value)
	}
	return values
}

// remove takes n items off the queue; e is why they were refused, or nil.
func (q *queue[T]) remove(n int, e *ExportError) {
	q.mu.Lock()
	for _, item := range q.items[:n] {
		q.bytes -= item.size
	}
	clear(q.items[:n]) // for the garbage collector
	if q.items = q.items[n:]; len(q.items) == 0 {
		q.items = nil
	}
	q.removed += uint64(n) //nolint:gosec // a length
	q.progress = time.Now()
	if e != nil {
		q.losses.add(LossRejected, n)
	}
	q.mu.Unlock()
	q.settle(e)
}

// settle ends the flushes whose items are out of the queue, and with an error all of them.
func (q *queue[T]) settle(e *ExportError) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = e
	waiting := q.flushes[:0]
	for _, f := range q.flushes {
		switch {
		case e != nil:
			f.ended <- e
		case f.upTo <= q.removed:
			f.ended <- nil
		default:
			waiting = append(waiting, f)
		}
	}
	clear(q.flushes[len(waiting):])
	q.flushes = waiting
}

// tellLosses reports items that found the queue full, at a limited rate.
func (q *queue[T]) tellLosses() {
	q.mu.Lock()
	n := q.untold
	if n > 0 {
		if _, ok := q.tell.Allow(); ok {
			q.untold = 0
		} else {
			n = 0
		}
	}
	q.mu.Unlock()
	if n > 0 {
		q.report(&LossError{Signal: q.signal, Endpoint: q.endpoint, Reason: LossQueueFull, Count: n})
	}
}

// rejectedPart counts and reports what the collector rejected of a batch that it accepted.
func (q *queue[T]) rejectedPart(p *partial, of int) {
	n := int(min(max(p.rejected, 0), int64(of)))
	q.mu.Lock()
	q.losses.add(LossRejected, n)
	q.mu.Unlock()
	if _, ok := q.partly.Allow(); ok {
		q.report(&LossError{Signal: q.signal, Endpoint: q.endpoint, Reason: LossRejected, Count: n, Message: q.scrub(p.message)})
	}
}

// ForceFlush exports what is in the queue now, and returns the error of an export
// that fails; what was not refused for good stays in the queue.
func (q *queue[T]) ForceFlush(ctx context.Context) error {
	f := flush{ended: make(chan error, 1)}
	q.mu.Lock()
	if f.upTo = q.added; f.upTo == q.removed || q.closed {
		q.mu.Unlock()
		return nil
	}
	q.flushes = append(q.flushes, f)
	q.mu.Unlock()
	raise(q.hurry)
	select {
	case err := <-f.ended:
		return err
	case <-q.done:
		return nil // Shutdown returns the error
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Shutdown exports what is in the queue and closes the connection. Both end with
// ctx, or after the time limit of an export if ctx has no deadline. It gives up
// earlier if all exports fail for as long as WithTimeout says, and returns an error
// that says how much is lost. It is idempotent and returns the same error each time.
func (q *queue[T]) Shutdown(ctx context.Context) error {
	q.shutdown.Do(func() { q.err = q.end(ctx) })
	return q.err
}

func (q *queue[T]) end(ctx context.Context) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, q.timeLimit)
		defer cancel()
	}
	q.mu.Lock()
	q.closed, q.progress = true, time.Now()
	q.mu.Unlock()
	raise(q.hurry)
	select {
	case <-q.done:
	case <-ctx.Done():
	}
	q.cancel()
	err := q.lost()
	if closed := q.close(ctx); err == nil {
		err = closed
	}
	q.disconnect()
	return err
}

// lost drops what is left at Shutdown.
func (q *queue[T]) lost() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.items)
	if n == 0 {
		return nil
	}
	q.losses.add(LossShutdown, n)
	if q.last != nil {
		e := *q.last
		e.Final, e.Dropped = true, n
		return &e
	}
	return &LossError{Signal: q.signal, Endpoint: q.endpoint, Reason: LossShutdown, Count: n}
}
