package otlp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus/internal/loopback"
)

// TestDelivery: what is in the queue arrives at a flush and at the end, once and in order.
func TestDelivery(t *testing.T) { overQueues(t, testDelivery) }

func testDelivery(t *testing.T, s Signal, p Protocol) {
	r := newReceiver()
	addr, _ := r.serve(t, p, "127.0.0.1:0")
	rec := newRecord()
	e := newSender(t, s, append(rec.options(), WithProtocol(p), WithEndpoint(addr), WithInsecure(), WithHeaders(map[string]string{"x-key": "hunter2"}))...)
	if up, known := e.Up(); up || known || e.Endpoint() != addr || e.Protocol() != p {
		t.Errorf("at the start: Up = %v, %v; %s, %s", up, known, e.Endpoint(), e.Protocol())
	}
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Errorf("ForceFlush without items: %v", err)
	}
	want := e.numbered(1, 3)
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Fatalf("ForceFlush: %v", err)
	}
	if got := r.received(); !slices.Equal(got, want) {
		t.Errorf("after the flush: %v, want %v", got, want)
	}
	r.mu.Lock()
	if got := r.headers.Get("x-key"); !slices.Equal(got, []string{"hunter2"}) {
		t.Errorf("headers %v", r.headers)
	}
	r.mu.Unlock()
	want = append(want, e.numbered(4, 1500)...)
	if err := e.end(t.Context()); err != nil {
		t.Errorf("Shutdown of the provider: %v", err)
	}
	if got := r.received(); !slices.Equal(got, want) {
		t.Errorf("after Shutdown: %d items, want %d", len(got), len(want))
	}
	e.send("too late")
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("a second Shutdown: %v", err)
	}
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Errorf("ForceFlush after Shutdown: %v", err)
	}
	if errs, states := rec.snapshot(); len(errs) != 0 || !slices.Equal(states, []bool{true}) || e.Losses().QueueFull+e.Losses().Rejected != 0 {
		t.Errorf("reports %v, states %v, losses %+v", errs, states, e.Losses())
	}
}

// TestDeliveryAfterOutage: the collector stops and returns. There is one report, and all arrives once and in order.
func TestDeliveryAfterOutage(t *testing.T) { overQueues(t, testDeliveryAfterOutage) }

func testDeliveryAfterOutage(t *testing.T, s Signal, p Protocol) {
	t.Parallel()
	before := newReceiver()
	addr, stop := before.serve(t, p, loopback.Addr(t))
	rec := newRecord()
	e := newSender(t, s, append(rec.options(), WithProtocol(p), WithEndpoint(addr), WithInsecure(), WithTimeout(4*time.Second), quickly)...)
	e.send("before")
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	want := e.numbered(1, 1500)
	if err := e.ForceFlush(t.Context()); err == nil {
		t.Error("ForceFlush says nothing about a collector that is away")
	}
	rec.wait(t, "a report", func(errs []error, states []bool) bool {
		return len(errs) == 1 && slices.Equal(states, []bool{true, false})
	})
	back := newReceiver()
	back.serve(t, p, addr)
	if got := back.wait(t, len(want)); !slices.Equal(got, want) {
		t.Errorf("%d items arrived, want %d, in order", len(got), len(want))
	}
	rec.wait(t, "the recovery", func(errs []error, states []bool) bool {
		return len(errs) == 1 && slices.Equal(states, []bool{true, false, true})
	})
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if got := back.received(); len(got) != len(want) || e.Losses() != (Losses{}) {
		t.Errorf("%d items in the end, want %d; losses %+v", len(got), len(want), e.Losses())
	}
}

// TestDeliveryRefused: a batch that the collector refuses for good is dropped, counted and reported without secrets, and the next one is sent.
func TestDeliveryRefused(t *testing.T) { overQueues(t, testDeliveryRefused) }

func testDeliveryRefused(t *testing.T, s Signal, p Protocol) {
	const secret = "hunter2-secret"
	for code, hint := range map[codes.Code]string{
		codes.Unauthenticated: "OTEL_EXPORTER_OTLP_HEADERS",
		codes.InvalidArgument: "check the collector's log",
		codes.Unimplemented:   "does not accept",
	} {
		t.Run(code.String(), func(t *testing.T) {
			var refused atomic.Bool
			r := newReceiver()
			r.answer = func(context.Context) (*partial, error) {
				if !refused.Swap(true) {
					return nil, status.Error(code, "bad "+secret)
				}
				return nil, nil //nolint:nilnil // accepted
			}
			addr, _ := r.serve(t, p, "127.0.0.1:0")
			rec := newRecord()
			e := newSender(t, s, append(rec.options(), WithProtocol(p), WithEndpoint("http://"+addr), WithHeaders(map[string]string{"authorization": "Bearer " + secret}))...)
			e.numbered(1, 3)
			if err := e.ForceFlush(t.Context()); err == nil {
				t.Error("ForceFlush returned nil")
			}
			e.send("next")
			if err := e.ForceFlush(t.Context()); err != nil {
				t.Errorf("the next batch: %v", err)
			}
			if got := r.received(); !slices.Equal(got, []string{"next"}) {
				t.Errorf("received %v, want the next batch alone", got)
			}
			errs, states := rec.snapshot()
			if len(errs) != 1 || !slices.Equal(states, []bool{false, true}) {
				t.Fatalf("reports %v, states %v", errs, states)
			}
			showsNone(t, errs[0], secret)
			got := exportErrorOf(t, errs[0])
			if got.Code != code || got.Signal != s || got.Dropped != 3 || !strings.Contains(got.Error(), hint) || !strings.Contains(got.Error(), "3 "+s.item()+"s are lost") {
				t.Errorf("reported %+v: %v", got, got)
			}
			if l := e.Losses(); l != (Losses{Rejected: 3}) {
				t.Errorf("losses %+v", l)
			}
		})
	}
}

// TestDeliveryInPart: what the collector rejects of a batch is reported and counted, and the batch is not sent again.
func TestDeliveryInPart(t *testing.T) { overQueues(t, testDeliveryInPart) }

func testDeliveryInPart(t *testing.T, s Signal, p Protocol) {
	r := newReceiver()
	r.answer = func(context.Context) (*partial, error) { return &partial{2, "too\nold"}, nil }
	addr, _ := r.serve(t, p, "127.0.0.1:0")
	rec := newRecord()
	e := newSender(t, s, append(rec.options(), WithProtocol(p), WithEndpoint("http://"+addr))...)
	want := e.numbered(1, 3)
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Errorf("ForceFlush: %v", err)
	}
	errs, states := rec.snapshot()
	if len(errs) != 1 || !slices.Equal(states, []bool{true}) {
		t.Fatalf("reports %v, states %v", errs, states)
	}
	loss, ok := errors.AsType[*LossError](errs[0])
	if !ok || loss.Reason != LossRejected || loss.Count != 2 || loss.Signal != s || strings.Contains(loss.Error(), "\n") || !strings.Contains(loss.Error(), "too old") {
		t.Errorf("reported %v", errs[0])
	}
	if l := e.Losses(); l != (Losses{Rejected: 2}) {
		t.Errorf("losses %+v", l)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if got := r.received(); !slices.Equal(got, want) {
		t.Errorf("received %v, want %v", got, want)
	}
}

// TestDeliveryRetryAfter: a pause that the collector requests is kept, and the same batch is sent after it.
func TestDeliveryRetryAfter(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	overQueues(t, func(t *testing.T, s Signal, p Protocol) {
		t.Parallel()
		for _, code := range []codes.Code{codes.Unavailable, codes.ResourceExhausted} {
			t.Run(code.String(), func(t *testing.T) {
				t.Parallel()
				const pause = 2 * time.Second
				arrived := make(chan time.Time, 1000)
				r := newReceiver()
				r.answer = func(context.Context) (*partial, error) {
					arrived <- time.Now()
					if len(arrived) == 1 {
						return nil, asksFor(t, code, pause)
					}
					return nil, nil //nolint:nilnil // accepted
				}
				addr, _ := r.serve(t, p, "127.0.0.1:0")
				rec := newRecord()
				// The time limit is less than the pause.
				e := newSender(t, s, append(rec.options(), WithProtocol(p), WithEndpoint("http://"+addr), WithTimeout(time.Second), quickly)...)
				want := e.numbered(1, 3)
				_ = e.ForceFlush(t.Context()) // starts the first attempt
				if got := r.wait(t, 3); !slices.Equal(got, want) {
					t.Errorf("received %v, want %v", got, want)
				}
				first, second := <-arrived, <-arrived
				if took := second.Sub(first); took < pause-500*time.Millisecond {
					t.Errorf("the second attempt came %v after the first, want %v", took, pause)
				}
			})
		}
	})
}

// TestDeliveryPauseHoldsNobodyUp: Shutdown sends what is left during a pause that the collector requested.
func TestDeliveryPauseHoldsNobodyUp(t *testing.T) { overQueues(t, testDeliveryPauseHoldsNobodyUp) }

func testDeliveryPauseHoldsNobodyUp(t *testing.T, s Signal, p Protocol) {
	var refused atomic.Bool
	r := newReceiver()
	r.answer = func(context.Context) (*partial, error) {
		if !refused.Swap(true) {
			return nil, asksFor(t, codes.Unavailable, 24*time.Hour)
		}
		return nil, nil //nolint:nilnil // accepted
	}
	addr, _ := r.serve(t, p, "127.0.0.1:0")
	e := newSender(t, s, append(newRecord().options(), WithProtocol(p), WithEndpoint("http://"+addr))...)
	want := e.numbered(1, 3)
	if err := e.ForceFlush(t.Context()); err == nil {
		t.Error("the first export went through")
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if got := r.received(); !slices.Equal(got, want) {
		t.Errorf("received %v, want %v", got, want)
	}
}

// TestDeliveryHangs: Shutdown keeps its context if the collector does not answer, and says what is lost.
func TestDeliveryHangs(t *testing.T) { overQueues(t, testDeliveryHangs) }

func testDeliveryHangs(t *testing.T, s Signal, p Protocol) {
	entered := make(chan struct{}, 10)
	r := newReceiver()
	r.answer = func(ctx context.Context) (*partial, error) {
		entered <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	addr, _ := r.serve(t, p, "127.0.0.1:0")
	rec := newRecord()
	e := newSender(t, s, append(rec.options(), WithProtocol(p), WithEndpoint("http://"+addr), WithTimeout(time.Hour))...)
	e.numbered(1, 600) // more than a batch
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := e.Shutdown(ctx)
	loss, ok := errors.AsType[*LossError](err)
	if !ok || loss.Reason != LossShutdown || loss.Count != 600 {
		t.Errorf("Shutdown: %v; want 600 lost", err)
	}
	if again := e.Shutdown(t.Context()); !errors.Is(again, err) {
		t.Errorf("a second Shutdown: %v, want %v", again, err)
	}
	if l := e.Losses(); l != (Losses{Shutdown: 600}) {
		t.Errorf("losses %+v", l)
	}
	if errs, _ := rec.snapshot(); len(errs) != 0 {
		t.Errorf("the export that Shutdown stopped was reported: %v", errs)
	}
}

// TestDeliveryNeverBegan: with no collector at all, Shutdown gives up after one attempt and returns its error, which is not reported as well.
func TestDeliveryNeverBegan(t *testing.T) { overQueues(t, testDeliveryNeverBegan) }

func testDeliveryNeverBegan(t *testing.T, s Signal, p Protocol) {
	rec := newRecord()
	e := newSender(t, s, append(rec.options(), WithProtocol(p), WithEndpoint("http://"+loopback.Addr(t)), WithTimeout(50*time.Millisecond))...)
	e.numbered(1, 3)
	err := e.Shutdown(t.Context())
	got := exportErrorOf(t, err)
	if !got.Final || got.Dropped != 3 || !strings.Contains(err.Error(), "3 "+s.item()+"s are lost") {
		t.Errorf("Shutdown: %v", err)
	}
	if errs, _ := rec.snapshot(); len(errs) != 0 {
		t.Errorf("reported: %v", errs)
	}
}

// TestDeliveryIsNotRedirected: neither items nor keys are sent to the target of a redirect.
func TestDeliveryIsNotRedirected(t *testing.T) {
	for _, s := range []Signal{SignalTraces, SignalLogs} {
		other := newReceiver()
		target, _ := other.serve(t, HTTPProtobuf, "127.0.0.1:0")
		addr, _ := serveHandler(t, &collector{}, "127.0.0.1:0", http.RedirectHandler("http://"+target+s.path(), http.StatusTemporaryRedirect))
		rec := newRecord()
		e := newSender(t, s, append(rec.options(), WithProtocol(HTTPProtobuf), WithEndpoint("http://"+addr))...)
		e.send("one")
		if err := e.ForceFlush(t.Context()); err == nil || !strings.Contains(err.Error(), "redirects are not followed") {
			t.Errorf("ForceFlush: %v", err)
		}
		if got := other.received(); len(got) != 0 {
			t.Errorf("%v was sent to the target", got)
		}
	}
}

// TestSampledSpansOnly: a span that is recorded and not sampled is not exported.
func TestSampledSpansOnly(t *testing.T) {
	e, err := NewTraces(t.Context(), WithEndpoint("http://"+loopback.Addr(t)))
	if err != nil {
		t.Fatal(err)
	}
	notSampled(t, e.Processor())
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v; want nothing to export", err)
	}
}
