package history

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// A program is a MeterProvider with a counter of Argus' and a callback.
type program struct {
	history  *History
	provider *sdkmetric.MeterProvider
	errs     []error
	mu       sync.Mutex
}

func newProgram(tb testing.TB, namespace string, callback func(context.Context) (int64, error)) *program {
	tb.Helper()
	p := &program{}
	p.history = New(Options{Namespace: namespace, Report: func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.errs = append(p.errs, err)
	}})
	p.provider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(p.history.Reader()),
		sdkmetric.WithResource(resource.NewSchemaless(attribute.String("cluster", "3"), attribute.String("service.name", "x"))))
	tb.Cleanup(func() { _ = p.provider.Shutdown(context.Background()) })
	of := catalog.InvalidRequests.In(namespace)
	_, err := p.provider.Meter(argusScopes+"/instrument").Int64ObservableCounter(of.Name, metric.WithInt64Callback(
		func(ctx context.Context, o metric.Int64Observer) error {
			n, err := callback(ctx)
			o.Observe(n, metric.WithAttributes(attribute.String("status", "429")))
			return err
		}))
	if err != nil {
		tb.Fatal(err)
	}
	// A program's own instrument of the same name is not Argus'.
	other, err := p.provider.Meter("program").Int64Counter(of.Name)
	if err != nil {
		tb.Fatal(err)
	}
	other.Add(tb.Context(), 1000, metric.WithAttributes(attribute.String("status", "429")))
	return p
}

func (p *program) increase(tb testing.TB, over time.Duration) (float64, bool) {
	tb.Helper()
	answers, err := p.history.Ask(tb.Context(), time.Now(), evidence.Question{Form: evidence.Increase, Of: catalog.InvalidRequests, Over: over})
	if err != nil {
		tb.Fatal(err)
	}
	if len(answers[0]) == 0 {
		return 0, false
	}
	return answers[0][0].Number, true
}

// pass lets time pass, and what happens in it.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // by the clock of the bubble
	synctest.Wait()
}

func TestSteps(t *testing.T) {
	for _, namespace := range []string{"", "music"} {
		synctest.Test(t, func(t *testing.T) {
			n := int64(0)
			p := newProgram(t, namespace, func(context.Context) (int64, error) { n += 3; return n, nil })
			if !p.history.Begin().IsZero() {
				t.Error("it has begun before its start")
			}
			begin := time.Now()
			p.history.Start()
			p.history.Start()
			pass(time.Minute)
			if n != 3*13 {
				t.Errorf("%d collections in a minute, want 13", n/3)
			}
			if got, ok := p.increase(t, 30*time.Second); !ok || got != 18 {
				t.Errorf("the increase is %v (%v), want 18", got, ok)
			}
			if got := p.history.Begin(); !got.Equal(begin.Truncate(time.Millisecond)) {
				t.Errorf("it has begun at %v, want %v", got, begin)
			}
			p.history.Close()
			p.history.Close()
			pass(time.Minute)
			if n != 3*13 {
				t.Errorf("%d collections, the last ones after Close", n/3)
			}
			if _, ok := p.increase(t, 30*time.Second); ok {
				t.Error("there is a number for a time without steps")
			}
			if len(p.errs) > 0 {
				t.Error(p.errs)
			}
		})
	}
}

func TestCloseWithoutStart(t *testing.T) {
	h := New(Options{})
	h.Close()
	h.Start()
	if !h.Begin().IsZero() {
		t.Error("a closed history has begun")
	}
}

// TestCloseDuringAStep: Close ends a collection whose callback heeds its context.
func TestCloseDuringAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgram(t, "", func(ctx context.Context) (int64, error) { <-ctx.Done(); return 0, ctx.Err() })
		p.history.Start()
		synctest.Wait()
		p.history.Close()
		if len(p.errs) > 0 {
			t.Error(p.errs)
		}
	})
}

// TestCallbackFails: a panic of the program's loses steps, and an error does not even
// lose the step.
func TestCallbackFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			n      int64
			panics atomic.Bool
		)
		p := newProgram(t, "", func(context.Context) (int64, error) {
			n++
			if panics.Load() {
				panic("the program's")
			}
			return n, errors.New("the program's")
		})
		p.history.Start()
		pass(3 * FineStep)
		if got, ok := p.increase(t, 10*time.Second); !ok || got != 2 {
			t.Errorf("the increase is %v (%v), want 2", got, ok)
		}
		panics.Store(true)
		pass(6 * FineStep)
		p.mu.Lock()
		if len(p.errs) != 1 || !strings.Contains(p.errs[0].Error(), "panicked: the program's") {
			t.Errorf("reported %v", p.errs)
		}
		p.mu.Unlock()
		panics.Store(false)
		pass(2 * FineStep)
		if got, ok := p.increase(t, 5*time.Second); !ok || got != 1 {
			t.Errorf("the increase is %v (%v), want 1", got, ok)
		}
		if got := len(p.history.Steps(time.Now().Add(-time.Hour), time.Now())); got != 4+2 {
			t.Errorf("%d steps, want 6", got)
		}
		p.history.Close()
	})
}

// TestAskDuringSteps is for the race detector.
func TestAskDuringSteps(t *testing.T) {
	n := int64(0)
	p := newProgram(t, "", func(context.Context) (int64, error) { n++; return n, nil })
	done := make(chan struct{})
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := p.history.Trace(context.Background(), time.Now().Add(-time.Hour), time.Now(), evidence.Question{
					Form: evidence.Increase, Of: catalog.InvalidRequests, Over: time.Minute,
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 200 {
		p.history.Step()
	}
	close(done)
	wait.Wait()
	if got, _ := p.increase(t, time.Hour); got != 200 {
		t.Errorf("the increase is %v, want 200", got)
	}
}

func TestCanceled(t *testing.T) {
	h := New(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Ask(ctx, time.Now()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
