package instrument

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/instrument/internal/queue"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A processor does with each record what the test wants.
type processor struct {
	emit    func()
	emitted atomic.Int64
}

func (*processor) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

func (p *processor) OnEmit(context.Context, *sdklog.Record) error {
	p.emitted.Add(1)
	if p.emit != nil {
		p.emit()
	}
	return nil
}

func (*processor) Shutdown(context.Context) error   { return nil }
func (*processor) ForceFlush(context.Context) error { return nil }

func (p *processor) option() Option {
	return WithLoggerProvider(sdklog.NewLoggerProvider(sdklog.WithProcessor(p)))
}

// comeAndGo lets the bot join and leave a guild, each n times.
func (f *tapped) comeAndGo(t *testing.T, n int) {
	create := textFrame(`{"t":"GUILD_CREATE","s":3,"op":0,"d":{"id":"9","member_count":5}}`)
	remove := textFrame(`{"t":"GUILD_DELETE","s":3,"op":0,"d":{"id":"9"}}`)
	for range n {
		f.feed(t, create)
		f.feed(t, remove)
	}
}

// dropped reads argus.telemetry.dropped by signal and reason.
func (f *tapped) dropped(t *testing.T) map[string]int64 {
	t.Helper()
	var rm metricdata.ResourceMetrics
	if err := f.reader.Collect(context.Background(), &rm); err != nil {
		t.Fatal(err)
	}
	dropped := map[string]int64{}
	for _, m := range rm.ScopeMetrics[0].Metrics {
		if m.Name != catalog.TelemetryDropped.Name {
			continue
		}
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			signal, _ := p.Attributes.Value("signal")
			reason, _ := p.Attributes.Value("reason")
			dropped[signal.AsString()+" "+reason.AsString()] = p.Value
		}
	}
	return dropped
}

// TestProcessorThatBlocks: the bot goes on, what finds no room is counted, and Close
// waits for a moment. The clock of the bubble stands still while anything runs.
func TestProcessorThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &processor{emit: func() { <-release }}
		f := newTapped(t, true, p.option())
		synctest.Wait() // the first event blocks
		if got := p.emitted.Load(); got != 1 {
			t.Fatalf("%d events were emitted, want the first", got)
		}
		const (
			before = 2 // connected, ready
			more   = 10
			room   = queueLimit - (before - 1)
		)
		began := time.Now()
		f.comeAndGo(t, (room+1)/2+more)
		if took := time.Since(began); took != 0 {
			t.Errorf("the bot waited for %v", took)
		}
		total := int64(2*((room+1)/2+more) + before)
		want := total - queueLimit - 1
		if got := f.dropped(t)["logs queue_full"]; got != want || want < more {
			t.Errorf("%d events were dropped, want %d", got, want)
		}
		if got := f.inst.faults.counts[hookEvent].Load(); got != 0 {
			t.Errorf("%d faults, want none", got)
		}
		if err := f.inst.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != closePatience {
			t.Errorf("Close took %v, want %v", took, closePatience)
		}
		close(release)
		synctest.Wait()
		if got := p.emitted.Load(); got != total-want {
			t.Errorf("%d events were emitted in the end, want %d", got, total-want)
		}
	})
}

// TestProcessorThatPanics: the others are emitted all the same.
func TestProcessorThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "of the bot's own"
		var reported []string
		p := &processor{emit: func() { panic(secret) }}
		f := newTapped(t, true, p.option(), WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { reported = append(reported, err.Error()) })))
		f.comeAndGo(t, 50)
		synctest.Wait()
		if got := p.emitted.Load(); got != 102 {
			t.Errorf("%d events, want 102", got)
		}
		if got := f.inst.faults.counts[hookEvent].Load(); got != 102 {
			t.Errorf("%d faults, want 102", got)
		}
		if got := f.dropped(t)["logs queue_full"]; got != 0 {
			t.Errorf("%d events were dropped, want none", got)
		}
		if len(reported) != 1 || strings.Contains(reported[0], secret) || !strings.Contains(reported[0], "event") {
			t.Errorf("reported: %q, want one fault of the events without the bot's text", reported)
		}
	})
}

// TestCloseEmitsWhatWaits: none of the events is lost with the end of the process,
// those of interactions included that have no outcome yet.
func TestCloseEmitsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &processor{emit: func() { <-time.After(time.Millisecond) }}
		f := newTapped(t, true, p.option())
		stream := newInteractionStream()
		for range 100 {
			f.feed(t, stream.another())
		}
		f.comeAndGo(t, 100)
		if err := f.inst.Close(); err != nil {
			t.Fatal(err)
		}
		if got := p.emitted.Load(); got != 302 {
			t.Errorf("%d events, want 302", got)
		}
	})
}

// TestEvictedInteractionsHaveNoEvent: it could not say how they went.
func TestEvictedInteractionsHaveNoEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &processor{}
		f := newTapped(t, true, p.option())
		stream := newInteractionStream()
		const more = 5
		for range maxPending + more {
			f.feed(t, stream.another())
		}
		synctest.Wait()
		if got := p.emitted.Load(); got != 2 {
			t.Errorf("%d events, want those of the shard", got)
		}
		want := map[string]int64{"logs queue_full": 0, "logs evicted": more}
		if got := f.dropped(t); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("dropped: %v, want %v", got, want)
		}
	})
}

// TestWithoutLoggerProvider: nothing runs, and nothing is counted.
func TestWithoutLoggerProvider(t *testing.T) {
	f := newTapped(t, true, WithLoggerProvider(nil), WithEventGuildIDs(true), WithEventUserHash(make([]byte, catalog.MinEventUserKey)))
	if f.inst.eventLog != nil || f.inst.tracker != nil {
		t.Error("events are on")
	}
	if got := f.dropped(t); len(got) != 0 {
		t.Errorf("dropped: %v, want no series", got)
	}
}

func TestEventUserHashNeedsAKey(t *testing.T) {
	for n, ok := range map[int]bool{0: false, 31: false, 32: true, 1000: true} {
		key := []byte(strings.Repeat("k", n))
		inst, err := New(WithEventUserHash(key))
		if (err == nil) != ok {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
		if err != nil && (!strings.Contains(err.Error(), fmt.Sprintf("WithEventUserHash: the key has %d bytes", n)) || strings.Contains(err.Error(), "kkk")) {
			t.Errorf("a key of %d bytes: %v, want the option and the length, and not the key", n, err)
		}
		if inst != nil {
			_ = inst.Close()
		}
	}
	inst, err := New(WithEventUserHash(nil)) // as if it were not there
	if err != nil {
		t.Fatal(err)
	}
	_ = inst.Close()
}

// BenchmarkEvents measures two dispatches that have events, from the read of the socket
// on, and the memory of an interaction that will have one, and of an event that waits
// to be emitted.
func BenchmarkEvents(b *testing.B) {
	create := textFrame(`{"t":"GUILD_CREATE","s":3,"op":0,"d":{"id":"9","member_count":5}}`)
	remove := textFrame(`{"t":"GUILD_DELETE","s":3,"op":0,"d":{"id":"9"}}`)
	for name, opts := range map[string][]Option{"off": nil, "on": {(&processor{}).option()}} {
		b.Run("guild "+name, func(b *testing.B) {
			f := newTapped(b, true, opts...)
			b.ReportAllocs()
			for b.Loop() {
				f.feed(b, create)
				f.feed(b, remove)
			}
		})
	}
	b.Run("open", func(b *testing.B) {
		var total float64
		for b.Loop() {
			f := newFaults(time.Now(), nil)
			l := newEventLog(&config{loggers: sdklog.NewLoggerProvider()}, f)
			k := newTracker(f, nil, l, func(time.Time) {})
			other, now := newCommand(catalog.Other), time.Now()
			total += pendingBytes(func(id uint64) {
				k.begin(context.Background(), receipt{id: id, token: id, at: now, kind: 2}, other, true)
			})
			k.close()
			l.queue.Close(time.Minute)
		}
		b.ReportMetric(total/float64(b.N), "B/interaction")
	})
	b.Run("waiting", func(b *testing.B) {
		var total float64
		for b.Loop() {
			f := newFaults(time.Now(), nil)
			release := make(chan struct{})
			l := newEventLog(&config{loggers: sdklog.NewLoggerProvider(sdklog.WithProcessor(&processor{emit: func() { <-release }}))}, f)
			l.queue.Close(time.Minute)
			l.queue = queue.New(maxPending, func(any) {})
			other, now := newCommand(catalog.Other), time.Now()
			total += pendingBytes(func(id uint64) {
				l.completed(&tracked{receipt: receipt{id: id, at: now, kind: 2}, command: other, ctx: context.Background()}, now)
			})
			close(release)
			l.queue.Close(time.Minute)
			if n := l.dropped.n.Load(); n > 0 {
				b.Errorf("%d events found no room", n)
			}
		}
		b.ReportMetric(total/float64(b.N), "B/event")
	})
}
