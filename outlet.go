package argus

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// An outlet pushes one signal to the collector, or to ClickHouse.
type outlet struct {
	signal    string // metrics, traces or logs
	subsystem string // value of the label subsystem
	to, takes string // for the log: the collector, and what it accepts
	log       *userLog
	lost      atomic.Bool // since the last time that it worked

	exporter exporter
	provider provider // puts items into the queue of the exporter: a TracerProvider, or a processor of log records; nil for metrics
	dropped  func() (queueFull, rejected uint64)
}

// exporter is what the exporters of all signals have.
type exporter interface {
	Endpoint() string
	Up() (up, known bool)
	Shutdown(context.Context) error
}

type provider interface {
	ForceFlush(context.Context) error
	Shutdown(context.Context) error
}

// changed is told by the exporter. Why it fails is told to report.
func (o *outlet) changed(up bool) {
	if !up {
		o.lost.Store(true)
	} else if o.lost.Swap(false) {
		o.log.info("argus: "+o.to+" accepts "+o.takes, "endpoint", o.exporter.Endpoint())
	}
}

// end exports what is left in the queue and closes the connection.
func (o *outlet) end(ctx context.Context) error {
	_ = o.provider.Shutdown(ctx) // ends without its processors if ctx is done; otherwise its error is the exporter's
	return o.exporter.Shutdown(ctx)
}

// flushQueues exports the spans and log records that wait. Its errors come again at the end.
func (p *pipeline) flushQueues(ctx context.Context) {
	var wait sync.WaitGroup
	for _, o := range p.queues {
		wait.Go(func() { _ = o.provider.ForceFlush(ctx) })
	}
	wait.Wait()
}

// endQueues exports the last spans and log records, and closes the connections. A provider of the program is left alone.
func (p *pipeline) endQueues(ctx context.Context) error {
	var wait sync.WaitGroup
	errs := make([]error, len(p.queues))
	for i, o := range p.queues {
		wait.Go(func() { errs[i] = o.end(ctx) })
	}
	wait.Wait()
	if p.endLoggers != nil {
		_ = p.endLoggers(ctx) // its processors are shut down already
	}
	return errors.Join(errs...)
}
