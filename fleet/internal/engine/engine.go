package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/fileutil"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/argus-dgo/argus/fleet/internal/disk"
)

const (
	outOfOrder   = 2 * time.Hour
	ahead        = 10 * time.Minute
	lookback     = 5 * time.Minute // Prometheus' default
	queryTimeout = 2 * time.Minute
	maxSamples   = 50_000_000
	maxExemplars = 100_000
)

// LeastSize is the least retention by size, in bytes.
const LeastSize = 1 << 30

// Options configure [Open]. Dir, Logger and Registry are required.
type Options struct {
	// Dir is the folder of the data. It is made if it is not there.
	Dir string
	// Retention is how long samples are kept, and Size the most bytes of the folder; 0 is
	// no limit.
	Retention time.Duration
	Size      int64
	// Every is the interval of the rules' evaluation.
	Every time.Duration
	// Rules are rule files in Prometheus' format, by name.
	Rules map[string]string
	// Sources have the series of the fleet. Without any the engine has them itself. With
	// sources it keeps only what rules record, and evaluates rules after [Engine.Rule].
	Sources []Source
	// RemoteWrite is a file in the format of Prometheus' configuration, whose section
	// remote_write names servers that get what is written, too. Empty: there are none.
	RemoteWrite string
	// URL is the address of the pages, for links in alerts.
	URL string
	// Notify is called with alerts after each evaluation of a rule that has some to send.
	Notify func(alerts []Notification)
	// Now is the clock. nil is that of the system.
	Now func() time.Time
	// Free is how many bytes of a folder's disk are free. nil asks the system.
	Free func(dir string) (uint64, error)

	Logger *slog.Logger
	// Registry gets the metrics of the engine.
	Registry *prometheus.Registry
}

// An Engine is open until [Engine.Close]. It is safe for concurrent use.
type Engine struct {
	db      *tsdb.DB
	promql  promql.QueryEngine // all that is here, or all sources
	present promql.QueryEngine // the same, without the sources that are away
	local   *promql.Engine
	remote  *remote.Storage      // nil without remote write
	appends storage.AppendableV2 // db, and remote if it is there
	parser  parser.Parser
	rules   *rules.Manager
	every   time.Duration
	now     func() time.Time
	free    func(dir string) (uint64, error)
	slots   chan struct{} // of requests that are served
	stop    context.CancelFunc
	ruling  chan struct{} // closed when the rules' manager has stopped
	opts    Options
	closing sync.Once
	closed  error

	recorded map[string]bool // names of series that rules record
	ruled    atomic.Bool     // rules are evaluated here
}

// ErrInUse is the error of [Open] if another process has the folder.
var ErrInUse = errors.New("another process uses it")

// Open opens the folder and begins to evaluate the rules. A write-ahead log that is
// damaged is repaired: what follows the damage is lost.
func Open(opts Options) (*Engine, error) {
	if opts.Size != 0 && opts.Size < LeastSize {
		return nil, fmt.Errorf("the retention size %d is below %d bytes", opts.Size, LeastSize)
	}
	if err := os.MkdirAll(opts.Dir, 0o750); err != nil {
		return nil, err
	}
	e := &Engine{
		every: opts.Every, now: opts.Now, free: opts.Free, opts: opts, slots: make(chan struct{}, concurrentQueries), ruling: make(chan struct{}),
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.free == nil {
		e.free = disk.Free
	}
	settings := tsdb.DefaultOptions()
	settings.RetentionDuration = opts.Retention.Milliseconds()
	settings.MaxBytes = opts.Size
	settings.WALCompression = compression.Snappy
	settings.OutOfOrderTimeWindow = outOfOrder.Milliseconds()
	settings.EnableExemplarStorage = true
	settings.MaxExemplars = maxExemplars
	logger := opts.Logger
	db, err := tsdb.Open(opts.Dir, logger.With("part", "tsdb"), opts.Registry, settings, nil)
	if err != nil {
		return nil, openError(opts.Dir, err)
	}
	e.db = db
	e.parser = parser.NewParser(parser.Options{})
	e.local = promql.NewEngine(promql.EngineOpts{
		Logger: logger.With("part", "promql"), Reg: opts.Registry, MaxSamples: maxSamples, Timeout: queryTimeout, LookbackDelta: lookback,
		EnableAtModifier: true, EnableNegativeOffset: true, Parser: e.parser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return opts.Every.Milliseconds() },
	})
	e.promql, e.present = e.local, e.local
	if len(opts.Sources) > 0 {
		e.promql, e.present = e.over(false), e.over(true)
	}
	if err := e.startRemoteWrite(); err != nil {
		return nil, errors.Join(fmt.Errorf("remote write: %w", err), db.Close(), e.stopRemoteWrite())
	}
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	if err := e.startRules(ctx); err != nil {
		stop()
		return nil, errors.Join(err, db.Close(), e.stopRemoteWrite())
	}
	return e, nil
}

// over evaluates over the sources: all, or those that answer.
func (e *Engine) over(present bool) *distributor {
	return &distributor{
		engine: e.local, parser: e.parser, sources: e.opts.Sources, present: present, step: e.every,
		recorded: func(name string) bool { return e.ruled.Load() && e.recorded[name] },
	}
}

// openError says which folder cannot be opened, and whether another process has it.
func openError(dir string, err error) error {
	if free, _, lockErr := fileutil.Flock(filepath.Join(dir, "lock")); lockErr != nil {
		err = ErrInUse
	} else if releaseErr := free.Release(); releaseErr != nil {
		err = errors.Join(err, releaseErr)
	}
	return fmt.Errorf("the data folder %s: %w", dir, err)
}

// Close stops the rules and closes the folder. Queries in progress fail.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		e.rules.Stop()
		<-e.ruling
		e.stop()
		e.closed = errors.Join(e.local.Close(), e.db.Close(), e.stopRemoteWrite())
	})
	return e.closed
}

// Series returns the number of series of the last hours.
func (e *Engine) Series() uint64 { return e.db.Head().NumSeries() }

// Snapshot writes a copy of the data, which another engine can open, into an empty
// folder.
func (e *Engine) Snapshot(dir string) error { return e.db.Snapshot(dir, true) }
