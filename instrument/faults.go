package instrument

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/report"
)

// reportEvery is the minimum interval between two reports of one hook to the
// error handler. All faults are counted.
const reportEvery = time.Minute

// A hook is a part of the instrumentation that can fail: an index into
// catalog.Hooks.
type hook int

var (
	hookTap         = hookOf(catalog.HookTap)
	hookHandler     = hookOf(catalog.HookHandler)
	hookState       = hookOf(catalog.HookState)
	hookTransport   = hookOf(catalog.HookTransport)
	hookInteraction = hookOf(catalog.HookInteraction)
	hookCommand     = hookOf(catalog.HookCommand)
	hookLog         = hookOf(catalog.HookLog)
	hookTrace       = hookOf(catalog.HookTrace)
	hookEvent       = hookOf(catalog.HookEvent)
)

func hookOf(name string) hook { return hook(slices.Index(catalog.Hooks(), name)) }

// faults counts the faults of the instrumentation and reports them at a limited
// rate.
type faults struct {
	start   time.Time
	handle  func(error)  // the user's handler
	reports report.Queue // the handler may block or panic, and most faults occur on discordgo's goroutines
	hooks   []string
	counts  []atomic.Uint64
	nextDue []atomic.Int64 // since start
}

func newFaults(start time.Time, handler otel.ErrorHandler) *faults {
	hooks := catalog.Hooks()
	handle := otel.Handle
	if handler != nil {
		handle = handler.Handle
	}
	return &faults{
		start:   start,
		handle:  handle,
		hooks:   hooks,
		counts:  make([]atomic.Uint64, len(hooks)),
		nextDue: make([]atomic.Int64, len(hooks)),
	}
}

func (f *faults) report(h hook, err error) {
	f.counts[h].Add(1)
	now := int64(time.Since(f.start))
	due := f.nextDue[h].Load()
	if now < due || !f.nextDue[h].CompareAndSwap(due, now+int64(reportEvery)) {
		return
	}
	fault := fmt.Errorf("argus: %s: %w (counted in argus.instrumentation.errors, reported at most once a minute)", f.hooks[h], err)
	f.tell(fault)
}

// tell passes an error to the user's handler, without waiting for it.
func (f *faults) tell(err error) { f.reports.Do(func() { f.handle(err) }) }

// catch is deferred in all of our code that runs on the bot's goroutines. It
// recovers from a panic and counts it.
func (f *faults) catch(h hook) {
	if r := recover(); r != nil {
		f.report(h, recovered(r))
	}
}

var errPanic = errors.New("the instrumentation panicked")

// recovered returns an error for the value of a panic. It includes only texts of
// the runtime, because others may contain data of the user's.
func recovered(r any) error {
	if err, ok := r.(runtime.Error); ok {
		return fmt.Errorf("%w: %w", errPanic, err)
	}
	return fmt.Errorf("%w: %T", errPanic, r)
}
