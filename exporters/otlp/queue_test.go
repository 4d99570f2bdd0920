package otlp

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// destination is a collector in memory, for tests with a clock of their own.
type destination struct {
	away atomic.Bool

	mu       sync.Mutex
	got      []int
	attempts []time.Time
}

func (d *destination) export(_ context.Context, values []int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts = append(d.attempts, time.Now())
	if d.away.Load() {
		return status.Error(codes.Unavailable, "away")
	}
	d.got = append(d.got, values...)
	return nil
}

func (d *destination) arrived() []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

func (d *destination) attempted() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.attempts)
}

// testQueue returns a queue that exports to d. Call it in a bubble of synctest.
func testQueue(t *testing.T, d *destination, rec *record) *queue[int] {
	t.Helper()
	c, err := newConfig(SignalTraces, rec.options())
	if err != nil {
		t.Fatal(err)
	}
	q, err := newQueue(t.Context(), c, makePush(c), d.export, func(context.Context) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Shutdown(t.Context()) })
	return q
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// TestQueueThroughAnOutage: all that comes during 60 s without a collector, at 100 a second, arrives within 10 s of its return, once and in order.
func TestQueueThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecord()
		d := new(destination)
		d.away.Store(true)
		q := testQueue(t, d, rec)
		const n = 6000
		for i := range n {
			q.add(i, 1000)
			time.Sleep(10 * time.Millisecond) //nolint:forbidigo // by the clock of the bubble, here and below
		}
		synctest.Wait()
		d.away.Store(false)
		time.Sleep(10 * time.Second) //nolint:forbidigo // see above
		synctest.Wait()
		if !slices.Equal(d.arrived(), upTo(n)) {
			t.Errorf("%d items arrived, want %d, once and in order", len(d.arrived()), n)
		}
		if reports, _ := rec.snapshot(); len(reports) != 1 && len(reports) != 2 {
			t.Errorf("%d reports in a minute: %v", len(reports), reports)
		}
		if up, known := q.Up(); !up || !known || q.Losses() != (Losses{}) {
			t.Errorf("Up = %v, %v; losses %+v", up, known, q.Losses())
		}
	})
}

// TestQueueReports: the first failure is reported at once, and then one a minute, with the number of those between.
func TestQueueReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecord()
		d := new(destination)
		d.away.Store(true)
		q := testQueue(t, d, rec)
		q.add(0, 1)
		time.Sleep(defaultSpanDelay) //nolint:forbidigo // see above
		synctest.Wait()
		if reports, _ := rec.snapshot(); len(reports) != 1 {
			t.Fatalf("%d reports after the first failure", len(reports))
		}
		time.Sleep(10 * time.Minute) //nolint:forbidigo // see above
		synctest.Wait()
		reports, _ := rec.snapshot()
		if len(reports) < 9 || len(reports) > 11 {
			t.Errorf("%d reports after 10 minutes", len(reports))
		}
		if e := exportErrorOf(t, reports[1]); e.Suppressed == 0 || e.Dropped != 0 || !strings.Contains(e.Error(), "the export is retried") {
			t.Errorf("the second report: %+v: %v", e, e)
		}
		attempts := d.attempted()
		for i := 1; i < len(attempts); i++ {
			if pause := attempts[i].Sub(attempts[i-1]); pause < firstPause/2 || pause > maxPause {
				t.Fatalf("%v between two attempts", pause)
			}
		}
	})
}

// TestQueueIsBounded: what does not fit, by number or by size, is dropped, counted, and reported at once and then once a minute.
func TestQueueIsBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		size, fits int
	}{
		"number": {1, DefaultQueueSize},
		"bytes":  {1 << 20, MaxQueueBytes >> 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec := newRecord()
				d := new(destination)
				d.away.Store(true)
				q := testQueue(t, d, rec)
				for i := range tt.fits + 100 {
					q.add(i, tt.size)
				}
				time.Sleep(5 * time.Minute) //nolint:forbidigo // see above
				q.add(0, tt.size)
				synctest.Wait()
				var lost []*LossError
				reports, _ := rec.snapshot()
				for _, err := range reports {
					if loss, ok := errors.AsType[*LossError](err); ok {
						lost = append(lost, loss)
					}
				}
				if len(lost) < 1 || len(lost) > 3 || lost[0].Reason != LossQueueFull || !strings.Contains(lost[0].Error(), "the queue is full") {
					t.Errorf("losses reported: %v", lost)
				}
				if l := q.Losses(); l != (Losses{QueueFull: 101}) {
					t.Errorf("losses %+v, want 101", l)
				}
				d.away.Store(false)
				time.Sleep(10 * time.Second) //nolint:forbidigo // see above
				synctest.Wait()
				if !slices.Equal(d.arrived(), upTo(tt.fits)) {
					t.Errorf("%d items arrived, want %d", len(d.arrived()), tt.fits)
				}
				q.mu.Lock()
				defer q.mu.Unlock()
				if q.bytes != 0 {
					t.Errorf("an empty queue of %d bytes", q.bytes)
				}
			})
		})
	}
}

// TestQueueShutdownRetries: Shutdown goes on for as long as an export may take, and then gives up, also without a deadline.
func TestQueueShutdownRetries(t *testing.T) {
	for name, back := range map[string]bool{"back in time": true, "away": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, rec := new(destination), newRecord()
				d.away.Store(true)
				q := testQueue(t, d, rec)
				q.add(0, 1)
				if back {
					time.AfterFunc(defaultExportTimeout/2, func() { d.away.Store(false) })
				}
				start := time.Now()
				err := q.Shutdown(t.Context())
				took := time.Since(start)
				if arrived := len(d.arrived()) == 1; arrived != back || (err == nil) != back {
					t.Errorf("arrived: %t; Shutdown: %v", arrived, err)
				}
				if err != nil {
					if e := exportErrorOf(t, err); !e.Final || e.Dropped != 1 || e.Code != codes.Unavailable {
						t.Errorf("Shutdown: %+v", e)
					}
				}
				if took < defaultExportTimeout/2 || took > defaultExportTimeout+maxPause {
					t.Errorf("Shutdown took %v", took)
				}
				if reports, _ := rec.snapshot(); len(reports) != 0 {
					t.Errorf("reported as well: %v", reports)
				}
			})
		})
	}
}

// TestQueueShutdownMissesNothing: what is added right before Shutdown is exported, also if the queue is just being found empty.
func TestQueueShutdownMissesNothing(t *testing.T) {
	for range 2000 {
		d := new(destination)
		q := testQueue(t, d, newRecord())
		raise(q.full) // it looks into the queue now
		runtime.Gosched()
		q.add(0, 1)
		if err := q.Shutdown(t.Context()); err != nil || len(d.arrived()) != 1 {
			t.Fatalf("Shutdown: %v; %d items arrived", err, len(d.arrived()))
		}
	}
}

// TestQueueFlushDuringPause: neither ForceFlush nor Shutdown waits for the pause after a failure.
func TestQueueFlushDuringPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecord()
		d := new(destination)
		d.away.Store(true)
		q := testQueue(t, d, rec)
		q.add(0, 1)
		start := time.Now()
		for range 2 {
			if err := q.ForceFlush(t.Context()); err == nil {
				t.Error("ForceFlush returned nil")
			}
		}
		d.away.Store(false)
		if err := q.Shutdown(t.Context()); err != nil || !slices.Equal(d.arrived(), []int{0}) {
			t.Errorf("Shutdown: %v; arrived %v", err, d.arrived())
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("they took %v", took)
		}
	})
}

// TestQueueBatches: an export has no more items and bytes than a collector accepts, and a complete batch does not wait.
func TestQueueBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		c, err := newConfig(SignalLogs, nil)
		if err != nil {
			t.Fatal(err)
		}
		q, err := newQueue(t.Context(), c, makePush(c), func(_ context.Context, values []int) error {
			sizes = append(sizes, len(values))
			return nil
		}, func(context.Context) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = q.Shutdown(t.Context()) }()
		for i := range defaultBatch {
			q.add(i, 1)
		}
		synctest.Wait()
		if !slices.Equal(sizes, []int{defaultBatch}) {
			t.Errorf("at once: %v, want one complete batch", sizes)
		}
		sizes = nil
		for i := range 5 {
			q.add(i, maxBatchBytes/2)
		}
		q.add(0, maxBatchBytes+1)
		time.Sleep(defaultRecordWait) //nolint:forbidigo // see above
		synctest.Wait()
		if !slices.Equal(sizes, []int{2, 2, 1, 1}) {
			t.Errorf("exports of %v, want 2, 2, 1, 1", sizes)
		}
	})
}

// TestQueueFlushWithContext: ForceFlush and Shutdown end with their context.
func TestQueueFlushWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := newConfig(SignalTraces, nil)
		if err != nil {
			t.Fatal(err)
		}
		q, err := newQueue(t.Context(), c, makePush(c), func(ctx context.Context, _ []int) error {
			<-ctx.Done()
			return ctx.Err()
		}, func(context.Context) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		q.add(0, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.ForceFlush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ForceFlush: %v", err)
		}
		start := time.Now()
		if err := q.Shutdown(t.Context()); err == nil {
			t.Error("Shutdown says nothing about what is lost")
		}
		if took := time.Since(start); took > defaultTimeout {
			t.Errorf("Shutdown took %v without a deadline", took)
		}
	})
}

// TestSizes: the estimates are no less than the sizes of the SDK's structs.
func TestSizes(t *testing.T) {
	for name, s := range map[string]struct {
		is   uintptr
		most int
	}{
		"record":    {unsafe.Sizeof(sdklog.Record{}) + unsafe.Sizeof(0), sizeOfItem},
		"event":     {unsafe.Sizeof(sdktrace.Event{}), sizeOfEvent},
		"link":      {unsafe.Sizeof(sdktrace.Link{}), sizeOfLink},
		"attribute": {unsafe.Sizeof(attribute.KeyValue{}), sizeOfAttribute},
		"value":     {unsafe.Sizeof(attribute.Value{}), sizeOfValue},
	} {
		if s.is > uintptr(s.most) {
			t.Errorf("%s: %d bytes, estimated as %d", name, s.is, s.most)
		}
	}
	long := strings.Repeat("x", 1000)
	for _, v := range []attribute.Value{
		attribute.StringValue(long), attribute.StringSliceValue([]string{long}), attribute.ByteSliceValue([]byte(long)),
		attribute.BoolSliceValue(make([]bool, 1000)), attribute.Int64SliceValue(make([]int64, 125)), attribute.Float64SliceValue(make([]float64, 125)),
		attribute.SliceValue(attribute.StringValue(long)), attribute.MapValue(attribute.String("k", long)),
	} {
		if size := sizeOfContent(v); size < 1000 || size > 1100 {
			t.Errorf("%v: estimated as %d bytes", v.Type(), size)
		}
	}
	if size := sizeOfContent(attribute.Int64Value(1)); size != 0 {
		t.Errorf("a number: %d bytes beside the value", size)
	}
}

// notSampled ends a span that is recorded and not sampled.
func notSampled(t *testing.T, p sdktrace.SpanProcessor) {
	t.Helper()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p), sdktrace.WithSampler(recordOnly{}))
	_, span := tp.Tracer("test").Start(t.Context(), "x")
	if !span.IsRecording() || span.SpanContext().IsSampled() {
		t.Fatal(fmt.Sprint("the span is not as it is meant to be: ", span.SpanContext()))
	}
	span.End()
}

type recordOnly struct{}

func (recordOnly) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return sdktrace.SamplingResult{Decision: sdktrace.RecordOnly}
}

func (recordOnly) Description() string { return "recordOnly" }
