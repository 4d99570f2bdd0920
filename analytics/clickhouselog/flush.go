package clickhouselog

import (
	"context"
	"sync"
)

// flushes are the calls of ForceFlush that wait.
type flushes struct {
	mu      sync.Mutex
	waiting []flush
}

// A flush waits until so many events are out of the queue.
type flush struct {
	upTo  uint64
	ended chan error
}

// settle ends the flushes whose events are out of the queue, and with an error all of them.
func (e *Exporter) settle(failure *ExportError) {
	_, removed := e.queue.position()
	f := &e.flushes
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := f.waiting[:0]
	for _, w := range f.waiting {
		switch {
		case failure != nil:
			w.ended <- failure
		case w.upTo <= removed:
			w.ended <- nil
		default:
			rest = append(rest, w)
		}
	}
	clear(f.waiting[len(rest):])
	f.waiting = rest
}

// ForceFlush writes what is in the queue now, and returns the error of an attempt that fails.
// What was not refused for good stays in the queue.
func (e *Exporter) ForceFlush(ctx context.Context) error {
	added, removed := e.queue.position()
	if added == removed || e.queue.isClosed() {
		return nil
	}
	f := flush{upTo: added, ended: make(chan error, 1)}
	e.flushes.mu.Lock()
	e.flushes.waiting = append(e.flushes.waiting, f)
	e.flushes.mu.Unlock()
	raise(e.hurry)
	select {
	case err := <-f.ended:
		return err
	case <-e.done:
		return nil // Shutdown returns the error
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Shutdown writes what is in the queue and closes the connection. Both end with ctx, or
// after the time limit of an attempt if ctx has no deadline. It gives up earlier if all
// attempts fail for 5 s, and returns an error that says how much is lost. It is idempotent
// and returns the same error each time.
func (e *Exporter) Shutdown(ctx context.Context) error {
	e.shutdown.Do(func() { e.err = e.end(ctx) })
	return e.err
}

func (e *Exporter) end(ctx context.Context) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.timeout)
		defer cancel()
	}
	e.queue.close()
	raise(e.hurry)
	select {
	case <-e.done:
	case <-ctx.Done():
	}
	e.cancel()
	n := e.queue.abandon()
	if n == 0 {
		return nil
	}
	if last := e.last.Load(); last != nil {
		failure := *last
		failure.Final, failure.Dropped = true, n
		return &failure
	}
	return &LossError{Endpoint: e.endpoint, Reason: LossShutdown, Count: n}
}
