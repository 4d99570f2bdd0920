package clickhouselog

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/limit"
)

// Pauses after failed attempts, each twice as long as the one before it.
const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
	// patience is how long Shutdown goes on without success.
	patience = 5 * time.Second
)

// run writes when a batch is complete, when the interval is over, and when somebody waits.
func (e *Exporter) run(ctx context.Context) {
	defer close(e.done)
	defer e.disconnect()
	ticker := time.NewTicker(e.interval)
	defer ticker.Stop()
	for {
		least := 1
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-e.hurry:
		case <-e.queue.full:
			least = batchRows
		}
		closed := e.queue.isClosed()
		if closed {
			least = 1
		}
		if !e.drain(ctx, least) || closed {
			return
		}
	}
}

// drain writes batches while there are so many events. It returns false if Shutdown has to
// give up.
func (e *Exporter) drain(ctx context.Context, least int) bool {
	pause := firstPause
	for {
		e.tellLosses()
		b := e.queue.cut(least)
		if b == nil {
			e.settle(nil)
			return ctx.Err() == nil
		}
		rows := e.rows(b)
		if len(rows) == 0 { // none of the events can be stored
			e.queue.finish(true)
			e.settle(nil)
			continue
		}
		err := e.attempt(ctx, rows, b.token)
		switch {
		case err == nil:
			pause = firstPause
			e.queue.finish(true)
			e.failing.Reset()
			e.last.Store(nil)
			e.become(up)
			e.settle(nil)
			e.writeDrops(ctx)
		case ctx.Err() != nil:
			return false // Shutdown drops what is left
		case !retryable(err):
			e.queue.finish(false)
			e.failed(err, b.rows)
			e.settle(e.failure(err, b.rows))
		default:
			e.queue.keep()
			e.failed(err, 0)
			e.settle(e.failure(err, 0))
			if e.queue.idle() >= patience {
				return false
			}
			if e.queue.isClosed() {
				pause = firstPause
			}
			if e.wait(ctx, spread(pause)); ctx.Err() != nil {
				return false
			}
			pause = min(2*pause, maxPause)
		}
	}
}

// rows returns those of a batch. They are made anew for each attempt, since a batch may wait
// for long.
func (e *Exporter) rows(b *batch) []event.Row {
	rows, unfit, why := b.decode()
	if len(rows) < b.rows { // at the first attempt
		e.queue.discount(unfit, why)
	}
	return rows
}

// attempt writes a batch once. Whatever went wrong, the next attempt connects anew: it reads
// the files of the password and of the certificates, too.
func (e *Exporter) attempt(ctx context.Context, rows []event.Row, token string) error {
	return e.connected(ctx, func(ctx context.Context, to inserter) error {
		return to.Insert(ctx, rows, token)
	})
}

func (e *Exporter) connected(ctx context.Context, do func(context.Context, inserter) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = errPanic
		}
		if err != nil {
			e.disconnect()
		}
	}()
	if e.conn == nil {
		if e.conn, err = e.open(); err != nil {
			return &settingError{err}
		}
	}
	return do(ctx, e.conn)
}

func (e *Exporter) disconnect() {
	if e.conn != nil {
		_ = e.conn.Close() // nothing is left to be lost
		e.conn = nil
	}
}

// failed reports a failed attempt.
func (e *Exporter) failed(err error, dropped int) {
	e.last.Store(e.failure(err, dropped))
	e.become(down)
	if suppressed, ok := e.failing.Allow(); ok {
		failure := e.failure(err, dropped)
		failure.Suppressed = suppressed
		e.report(failure)
	}
}

// tellLosses reports what was dropped without a failed attempt, at a limited rate.
func (e *Exporter) tellLosses() {
	take := func(n *int, rate *limit.Limiter) (count int, why error) {
		e.queue.mu.Lock()
		defer e.queue.mu.Unlock()
		if *n == 0 {
			return 0, nil
		}
		if _, ok := rate.Allow(); ok {
			count, *n = *n, 0
		}
		return count, e.queue.losses.why
	}
	if n, _ := take(&e.queue.losses.untold, &e.losing); n > 0 {
		e.report(&LossError{Endpoint: e.endpoint, Reason: LossQueueFull, Count: n})
	}
	if n, why := take(&e.queue.losses.unfit, &e.unfit); n > 0 {
		e.report(&LossError{Endpoint: e.endpoint, Reason: LossRejected, Count: n, Cause: why})
	}
}

// wait pauses after a failed attempt. ForceFlush and Shutdown do not wait for it.
func (e *Exporter) wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.hurry:
			return
		case <-e.queue.full:
			e.tellLosses()
		case <-timer.C:
			return
		}
	}
}

func spread(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // a spread in time is no secret
}
