package instrument

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/cgroup"
)

// ScopeName is the instrumentation scope of every instrument.
const ScopeName = "github.com/argus-dgo/argus/instrument"

// An Instrumentation measures the sessions that are attached to it. [New] makes
// one. Its methods are safe for concurrent use.
type Instrumentation struct {
	ctx          context.Context //nolint:containedctx // for wrapped handlers, until Close
	cancel       context.CancelFunc
	start        time.Time
	info         []metric.ObserveOption
	group        *cgroup.Group // nil if unknown
	hookOpts     [][]metric.ObserveOption
	attachOpts   [][]metric.ObserveOption
	metrics      metrics
	registration metric.Registration

	faults       *faults
	shards       shardSet
	events       []cell
	interactions *interactionSet
	timers       *timerSet
	acks         *ackSet
	skew         skew
	commands     *commandSet
	tasks        *taskSet
	rateLimits   *rateLimitSet
	requests     *requestSet
	sessionStart sessionStart
	io           []cell  // by direction
	voice        []cell  // disconnects by code, then initiator
	logs         *logSet // nil unless requested

	withoutGateway bool
	poll           *poll // nil unless requested

	bot          atomic.Pointer[bot] // the bot that is measured; nil until it is known
	attachedLate sync.Once           // for errAttachedLate
	endpoint     endpoint
	traces       *traces  // nil without a TracerProvider
	tracker      *tracker // nil with neither spans nor events
	eventLog     *eventLog

	mu       sync.Mutex                    // guards the fields below
	closed   atomic.Bool                   // set under mu
	ending   atomic.Bool                   // whether the process is about to end
	opened   atomic.Bool                   // whether any attached session was ever opened
	tapped   atomic.Bool                   // whether there ever was a tap
	attached atomic.Pointer[[]*attachment] // replaced under mu, never changed
	// kept are the handlers that stay in sessions with SyncEvents. Those of
	// sessions that no longer exist are dropped when the next ones are added.
	kept map[weak.Pointer[discordgo.Session]]*handlers
}

// New makes an instrumentation. Its instruments report from then on, with or
// without sessions. [Instrumentation.Attach] adds sessions.
//
// The error joins all problems with the options.
func New(opts ...Option) (*Instrumentation, error) {
	cfg, err := newConfig(opts)
	i := &Instrumentation{
		start:        time.Now(),
		info:         buildInfo(cfg.version),
		group:        cgroup.Find(os.DirFS("/")),
		interactions: newInteractionSet(),
		commands:     newCommandSet(),
		tasks:        newTaskSet(),
		rateLimits:   newRateLimitSet(),
		requests:     newRequestSet(),
		timers:       newTimerSet(),
		acks:         newAckSet(cfg.withoutAcks),
		voice:        newVoiceDisconnects(),
		endpoint:     endpoint{pending: map[uint64]*httpInteraction{}},
		kept:         map[weak.Pointer[discordgo.Session]]*handlers{},
	}
	i.withoutGateway = cfg.withoutGateway
	for _, name := range catalog.Attachings() {
		i.attachOpts = append(i.attachOpts, labelled(attribute.String("attached", name)))
	}
	i.faults = newFaults(i.start, cfg.errorHandler)
	if err := errors.Join(err, i.commands.register(cfg.commands), i.tasks.register(cfg.tasks)); err != nil {
		return nil, err
	}
	i.attached.Store(&[]*attachment{})
	for _, name := range catalog.Events() {
		i.events = append(i.events, cell{opts: labelled(attribute.String("event", name)), quiet: name != catalog.Unknown && name != catalog.EventRateLimited})
	}
	for _, name := range catalog.Directions() {
		i.io = append(i.io, cell{opts: labelled(attribute.String("direction", name))})
	}
	for _, name := range catalog.Hooks() {
		i.hookOpts = append(i.hookOpts, labelled(attribute.String("hook", name)))
	}

	meter := cfg.provider.Meter(ScopeName, metric.WithInstrumentationVersion(Version()))
	var observable []metric.Observable
	if i.metrics, observable, err = newMetrics(meter, cfg.namespace); err != nil {
		return nil, err
	}
	i.acks.record, i.acks.recordDelay = i.metrics.ackDuration, i.metrics.responseDelay
	i.requests.record, i.requests.recordWait = i.metrics.requestDuration, i.metrics.queueWait
	if cfg.logRecords {
		i.logs = newLogSet(i.faults)
	}
	if cfg.tracers != nil {
		i.traces = newTraces(cfg.tracers, cfg.traceIDs, i.faults)
	}
	if cfg.loggers != nil {
		i.eventLog = newEventLog(&cfg, i.faults)
	}
	if i.traces != nil || i.eventLog != nil {
		i.tracker = newTracker(i.faults, i.traces, i.eventLog, i.acks.settle)
		i.acks.tracker = i.tracker
	}
	if i.registration, err = meter.RegisterCallback(i.collect, observable...); err != nil {
		i.stopTracking()
		return nil, fmt.Errorf("instrument: registering the callback: %w", err)
	}
	i.ctx, i.cancel = context.WithCancel(orBackground(cfg.ctx))
	if cfg.poll > 0 {
		i.poll = newPoll(i)
		go i.poll.run(i.ctx, cfg.poll)
	}
	if i.logs != nil {
		i.logs.listen()
	}
	return i, nil
}

// Ending says that the process is about to end: argus_up is 0 from then on. Called before
// the MeterProvider is shut down, whose last export then says so, it lets argus-fleet tell
// a process that was stopped from one that was killed.
func (i *Instrumentation) Ending() { i.ending.Store(true) }

// Close ends all measuring: it detaches every session, as described at
// [Instrumentation.Attach], and stops reporting. Wrapped handlers continue to
// work. Close may be called more than once.
//
// Recorded durations remain in the MeterProvider until it is shut down: the API
// cannot remove a histogram.
func (i *Instrumentation) Close() error {
	i.mu.Lock()
	was := i.closed.Swap(true)
	gone := *i.attached.Load()
	i.mu.Unlock()
	if was {
		return nil
	}
	i.cancel()
	i.detach(gone)
	i.stopTracking()
	if i.logs != nil {
		i.logs.stop(i.opened.Load())
	}
	if err := i.registration.Unregister(); err != nil {
		return fmt.Errorf("instrument: unregistering the callback: %w", err)
	}
	return nil
}

// stopTracking ends the spans that are open, and waits for a moment until the spans
// and events that wait are with their processors.
func (i *Instrumentation) stopTracking() {
	if i.tracker != nil {
		i.tracker.close()
	}
	var closing sync.WaitGroup
	if i.traces != nil {
		closing.Go(func() { i.traces.queue.Close(closePatience) })
	}
	if i.eventLog != nil {
		closing.Go(func() { i.eventLog.queue.Close(closePatience) })
	}
	closing.Wait()
}
