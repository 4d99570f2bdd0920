package clickhouselog

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.opentelemetry.io/otel"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/limit"
	"github.com/argus-dgo/argus/internal/report"
)

// An inserter is a connection to ClickHouse.
type inserter interface {
	Insert(ctx context.Context, rows []event.Row, token string) error
	InsertDrops(ctx context.Context, drops []analytics.Drop, token string) error
	Close() error
}

// An Exporter writes events to ClickHouse. Make it with [New] and close it with
// [Exporter.Shutdown]. Its methods are safe for concurrent use.
type Exporter struct {
	endpoint          string
	interval, timeout time.Duration
	open              func() (inserter, error)

	identities identities
	queue      *queue

	hurry  chan struct{} // ForceFlush or Shutdown waits
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended

	shutdown sync.Once
	err      error

	state   atomic.Int32
	last    atomic.Pointer[ExportError] // of the last attempt; nil if it succeeded
	flushes flushes

	mu       sync.Mutex // guards these
	handlers []func(error)
	changed  []func(up bool)

	// Of the goroutine alone.
	conn    inserter // nil without one
	drops   *drops   // that wait to be written
	failing limit.Limiter
	losing  limit.Limiter
	unfit   limit.Limiter
	ingest  limit.Limiter
}

// The states of the connection.
const (
	unknown int32 = iota
	up
	down
)

// New makes an exporter of these options and the variables ARGUS_CLICKHOUSE_…. It does not
// connect: a server that is away is no error. ctx applies to New alone.
func New(ctx context.Context, opts ...Option) (*Exporter, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, fmt.Errorf("clickhouselog: %w", err)
	}
	server, err := c.connection.Server()
	if err != nil {
		return nil, fmt.Errorf("clickhouselog: %w", err)
	}
	return begin(ctx, c, server.Addr, func() (inserter, error) {
		conn, err := connection.Open(c.connection, c.timeout)
		if err != nil {
			return nil, err
		}
		store, err := analytics.New(conn)
		if err != nil {
			return nil, err
		}
		return connected{store, conn}, nil
	}), nil
}

// connected is a store with its connection.
type connected struct {
	*analytics.Store
	conn driver.Conn
}

func (c connected) Close() error { return c.conn.Close() }

func begin(ctx context.Context, c *config, endpoint string, open func() (inserter, error)) *Exporter {
	e := &Exporter{
		endpoint: endpoint, interval: c.interval, timeout: c.timeout, open: open,
		queue: newQueue(c.rows, c.bytes),
		hurry: make(chan struct{}, 1), done: make(chan struct{}),
		handlers: c.handlers,
	}
	// It outlives ctx; Shutdown ends it.
	var run context.Context
	run, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go e.run(run)
	return e
}

// Endpoint returns the host and port of the server, safe for a log line.
func (e *Exporter) Endpoint() string { return e.endpoint }

// Up reports whether the last batch was accepted. known is false until the first attempt
// ends.
func (e *Exporter) Up() (isUp, known bool) {
	state := e.state.Load()
	return state == up, state != unknown
}

// Losses returns how many events were dropped since the start: because the queue was full,
// because they were refused or cannot be stored, and because of Shutdown. If ClickHouse goes
// away before it has answered, a batch that is then dropped may have arrived.
func (e *Exporter) Losses() (queueFull, rejected, shutdown uint64) {
	e.queue.mu.Lock()
	defer e.queue.mu.Unlock()
	total := e.queue.losses.total
	return total[LossQueueFull], total[LossRejected], total[LossShutdown]
}

// Processor returns the processor for a LoggerProvider. One that is shut down shuts the
// exporter down. Give it to one LoggerProvider.
func (e *Exporter) Processor() sdklog.Processor { return processor{e} }

// Follow adds a handler of failures, as [WithErrorHandler] does, and a function that is
// called once per change with whether batches are accepted. Both may be nil. They must be
// safe for concurrent use and must not call Shutdown.
func (e *Exporter) Follow(failed func(error), changed func(up bool)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if failed != nil {
		e.handlers = append(e.handlers, report.Guard(failed))
	}
	if changed != nil {
		e.changed = append(e.changed, report.Guard(changed))
	}
}

// report hands an error to the handlers.
func (e *Exporter) report(err error) {
	e.mu.Lock()
	handlers := e.handlers
	e.mu.Unlock()
	if len(handlers) == 0 {
		handlers = []func(error){report.Guard(otel.Handle)}
	}
	for _, h := range handlers {
		h(err)
	}
}

func (e *Exporter) become(state int32) {
	if e.state.Swap(state) == state {
		return
	}
	e.mu.Lock()
	changed := e.changed
	e.mu.Unlock()
	for _, c := range changed {
		c(state == up)
	}
}
