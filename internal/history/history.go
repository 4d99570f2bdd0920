package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/internal/evidence"
)

// The resolutions, and for how long they are kept.
const (
	FineStep   = 5 * time.Second
	FineSpan   = 15 * time.Minute
	CoarseStep = time.Minute
	CoarseSpan = 6 * time.Hour
	// FineGap and CoarseGap are the times for which the values of a step stand. Between
	// two steps that are further apart nothing is known.
	FineGap   = 3 * FineStep
	CoarseGap = 5 * CoarseStep / 2
)

const (
	fineBlock   = 18 // steps
	coarseBlock = 30
	// sparseSteps is the number of coarse steps between two values of a shard that is
	// not kept in full.
	sparseSteps = 5
	// maxPoints is the size of a collection whose memory is kept for the next one.
	maxPoints = 2048
)

// The limits of the logs, in bytes. What does not fit shortens the coarse span.
const (
	maxLog         = 1536 << 10
	maxLogPerFull  = 40 << 10 // for each shard above 16 that is kept in full
	maxLogPerOther = 1800     // for each shard that is not
	fullIncluded   = 16
)

// Options are the settings of a [History]. The zero value is valid.
type Options struct {
	// Namespace is the prefix of the bot's metrics instead of "discord".
	Namespace string
	// Report is called with the error of a step that was lost, once until a step
	// succeeds. It may be nil.
	Report func(error)
	// Now tells the time of a step. nil means time.Now. Tests play a past with it.
	Now func() time.Time
}

// A History keeps the recent past of a process. It is an [evidence.Source].
type History struct {
	reader *sdkmetric.ManualReader
	report func(error)
	clock  func() time.Time

	ctx    context.Context //nolint:containedctx // ends with the history
	cancel context.CancelFunc
	once   sync.Once
	wait   sync.WaitGroup

	namespace string

	// Used by one step at a time.
	stepping sync.Mutex
	metrics  *metricdata.ResourceMetrics
	failing  bool

	mu           sync.RWMutex
	store        *store
	fine, coarse tier
	identity     evidence.Labels
	last         time.Time // of the last step, with the monotonic clock
	now          int64     // of the last step, in the history's own time
	offset       int64     // Unix time minus the history's own time
	steps        int       // coarse ones
	next         chan struct{}
}

var _ evidence.Source = (*History)(nil)

// New makes a history and starts nothing: register [History.Reader] with a
// MeterProvider, then call [History.Start].
func New(o Options) *History {
	h := &History{
		namespace: o.Namespace,
		reader:    sdkmetric.NewManualReader(),
		report:    o.Report,
		clock:     o.Now,
		fine:      tier{keep: FineSpan, perBlock: fineBlock},
		coarse:    tier{keep: CoarseSpan, perBlock: coarseBlock, sparse: true},
		next:      make(chan struct{}),
		store:     newStore(o.Namespace, (CoarseSpan + coarseBlock*CoarseStep + CoarseStep).Milliseconds()),
	}
	if h.clock == nil {
		h.clock = time.Now
	}
	h.store.tiers = []*tier{&h.fine, &h.coarse}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Reader returns the reader that the history collects with.
func (h *History) Reader() sdkmetric.Reader { return h.reader }

// Start takes the first step and one every [FineStep] from then on, until
// [History.Close]. Further calls have no effect.
func (h *History) Start() {
	h.once.Do(func() {
		h.wait.Go(func() {
			ticker := time.NewTicker(FineStep)
			defer ticker.Stop()
			for h.ctx.Err() == nil {
				h.Step()
				select {
				case <-ticker.C:
				case <-h.ctx.Done():
				}
			}
		})
	})
}

// Close ends the steps and waits for one that is under way. What has been kept can
// still be asked for. A history that was closed cannot be started.
func (h *History) Close() {
	h.once.Do(func() {})
	h.cancel()
	h.wait.Wait()
}

// Next returns a channel that is closed at the next step.
func (h *History) Next() <-chan struct{} {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.next
}

// Begin returns the time of the first step, which is about that of the start of the
// process. It is zero before.
func (h *History) Begin() time.Time {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if !h.store.begun {
		return time.Time{}
	}
	return time.UnixMilli(h.offset)
}

// Step collects, and keeps what it has collected. [History.Start] calls it; tests may
// as well.
func (h *History) Step() {
	h.stepping.Lock()
	defer h.stepping.Unlock()
	err := h.step()
	if err != nil && !h.failing && h.report != nil && h.ctx.Err() == nil {
		h.report(fmt.Errorf("history: a step is lost: %w", err))
	}
	h.failing = err != nil
}

func (h *History) step() (err error) {
	defer func() {
		if p := recover(); p != nil { // in a callback of the program
			h.metrics = nil
			err = fmt.Errorf("an instrument's callback panicked: %v", p)
		}
	}()
	metrics := h.metrics
	if metrics == nil {
		metrics = &metricdata.ResourceMetrics{}
	}
	h.metrics = nil
	metrics.Resource, metrics.ScopeMetrics = nil, metrics.ScopeMetrics[:0]
	err = h.reader.Collect(h.ctx, metrics)
	// With an error of one of the program's callbacks, the others' values are there.
	points, own := size(metrics)
	switch {
	case metrics.Resource != nil && own:
	case err != nil:
		return err
	default:
		return errNothing
	}
	h.keep(h.clock(), metrics)
	if points <= maxPoints {
		h.metrics = metrics
	}
	return nil
}

var errNothing = errors.New("the collection has no metrics of Argus")

// size returns the number of points, and whether Argus' own are among them.
func size(metrics *metricdata.ResourceMetrics) (points int, own bool) {
	for _, scope := range metrics.ScopeMetrics {
		own = own || isArgus(scope.Scope.Name) && len(scope.Metrics) > 0
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				points += len(data.DataPoints)
			case metricdata.Gauge[float64]:
				points += len(data.DataPoints)
			case metricdata.Sum[int64]:
				points += len(data.DataPoints)
			case metricdata.Sum[float64]:
				points += len(data.DataPoints)
			case metricdata.Histogram[int64]:
				points += 4 * len(data.DataPoints)
			case metricdata.Histogram[float64]:
				points += 4 * len(data.DataPoints)
			}
		}
	}
	return points, own
}

// keep stores a collection.
func (h *History) keep(at time.Time, metrics *metricdata.ResourceMetrics) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.store.begun {
		h.offset, h.identity = at.UnixMilli(), identity(metrics)
	} else {
		h.advance(at)
	}
	h.last = at
	h.store.reduce(h.now, h.now+h.offset, metrics)

	due := len(h.coarse.blocks) == 0
	if !due {
		times := h.coarse.blocks[len(h.coarse.blocks)-1].times
		due = h.now-times[len(times)-1] >= (CoarseStep - FineStep/2).Milliseconds()
	}
	if due {
		h.store.rebalance()
	}
	h.fine.add(h.now, &h.store.frame, true)
	if due {
		h.coarse.add(h.now, &h.store.frame, h.steps%sparseSteps == 0)
		h.steps++
		h.store.purge()
		h.limit()
	}
	close(h.next)
	h.next = make(chan struct{})
}

// advance sets the history's own time. It follows the wall clock, so that a process
// that was paused has a gap. Where the wall clock has been set back, what came before
// moves back with it, so that the history's time always grows.
func (h *History) advance(at time.Time) {
	elapsed := at.UnixMilli() - (h.now + h.offset)
	if elapsed <= 0 {
		monotonic := max(at.Sub(h.last).Milliseconds(), 1)
		h.offset += elapsed - monotonic
		elapsed = monotonic
	}
	h.now += elapsed
}

// limit drops the oldest blocks where the logs are larger than they may be.
func (h *History) limit() {
	most := logLimit(h.store.shards.counts())
	for h.fine.size()+h.coarse.size() > most {
		t := &h.coarse
		if len(t.blocks) <= 2 {
			t = &h.fine
		}
		if len(t.blocks) <= 2 {
			return
		}
		t.blocks = append([]*block(nil), t.blocks[1:]...)
	}
}

func logLimit(full, others int) int {
	return maxLog + max(full-fullIncluded, 0)*maxLogPerFull + others*maxLogPerOther
}

// identity returns the labels of the process. The label job is Prometheus' own.
func identity(metrics *metricdata.ResourceMetrics) evidence.Labels {
	found := evidence.Labels{}
	for _, name := range evidence.Identity() {
		if v := text(metrics.Resource.Set(), name); v != "" {
			found[name] = v
		}
	}
	return found
}
