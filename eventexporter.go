package argus

import (
	"context"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/argus-dgo/argus/internal/catalog"
)

// An EventExporter takes events to where they are kept. An Exporter of the package
// github.com/argus-dgo/argus/analytics/clickhouselog is one: it writes to ClickHouse.
// Its methods must be safe for concurrent use, and none but ForceFlush and Shutdown may wait.
type EventExporter interface {
	// Processor takes the log records, has them written by ForceFlush, and is for one LoggerProvider.
	Processor() sdklog.Processor
	// Endpoint is the host and port of the server.
	Endpoint() string
	// Up reports whether the last attempt succeeded. known is false until the first one ends.
	Up() (up, known bool)
	// Losses counts the events that were dropped since the start: because the queue was full, because the server refused them, and
	// because they came too late for Shutdown.
	Losses() (queueFull, rejected, shutdown uint64)
	// Follow has failures told to the first function, and changes of Up to the second.
	Follow(failed func(error), changed func(up bool))
	// Shutdown writes what is left and closes the connection, within ctx. It is idempotent.
	Shutdown(ctx context.Context) error
}

// abandonEvents shuts the exporter of the program down, which is not used.
func (o *options) abandonEvents() {
	if o.events == nil {
		return
	}
	abandoned, cancel := context.WithCancel(context.Background())
	cancel()
	_ = o.events.Shutdown(abandoned)
}

// makeEvents makes the outlet of the exporter of the program.
func (p *pipeline) makeEvents(e EventExporter) {
	o := &outlet{signal: catalog.SignalLogs, subsystem: catalog.SubsystemClickHouse, to: "ClickHouse", takes: "events", log: p.log}
	e.Follow(p.report, o.changed)
	o.exporter, o.provider = e, e.Processor()
	o.dropped = func() (queueFull, rejected uint64) {
		queueFull, rejected, _ = e.Losses()
		return queueFull, rejected
	}
	p.outlets, p.queues = append(p.outlets, o), append(p.queues, o)
}

// makeLoggers makes the LoggerProvider of all outlets of log records, unless the program has its own or there is none.
func (p *pipeline) makeLoggers(c resolved) {
	opts := []sdklog.LoggerProviderOption{sdklog.WithResource(c.resource)}
	for _, o := range p.queues {
		if processor, is := o.provider.(sdklog.Processor); is {
			opts = append(opts, sdklog.WithProcessor(processor))
		}
	}
	if len(opts) == 1 {
		return
	}
	loggers := sdklog.NewLoggerProvider(opts...)
	p.loggers, p.endLoggers = loggers, loggers.Shutdown
}
