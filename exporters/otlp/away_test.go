package otlp

import (
	"runtime"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/internal/loopback"
)

// TestAwayForAnHour: a collector that is away for as many exports as a process makes in an hour at 15 s costs no memory, and gets all that
// was counted once it is back.
func TestAwayForAnHour(t *testing.T) { overProtocols(t, testAwayForAnHour) }

func testAwayForAnHour(t *testing.T, p Protocol) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const (
		exports = 240
		series  = 100
	)
	addr := loopback.Addr(t)
	e, err := New(t.Context(), append(newRecord().options(), WithProtocol(p), WithEndpoint(addr), WithInsecure(), WithInterval(time.Hour),
		WithTimeout(10*time.Millisecond), optionFunc(func(c *config) { c.reconnect = 10 * time.Millisecond }))...)
	if err != nil {
		t.Fatal(err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()))
	t.Cleanup(func() { _ = provider.Shutdown(t.Context()) }) // it exports for the last time, and may not be heard
	counter, err := provider.Meter("test").Int64Counter("discord.gateway.events")
	if err != nil {
		t.Fatal(err)
	}
	count := func() {
		for n := range series {
			counter.Add(t.Context(), 1, metric.WithAttributes(attribute.Int("n", n)))
		}
	}
	used := func() (bytes uint64, goroutines int) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	var before uint64
	var goroutines int
	for n := range exports {
		if n == exports/4 {
			before, goroutines = used() // with what is kept once
		}
		count()
		if e.ForceFlush(t.Context()) == nil {
			t.Fatal("an export went through")
		}
	}
	// An export of so many series that was kept would have 60 KB.
	if after, then := used(); after > before+1<<20 || then > goroutines+10 {
		t.Errorf("it has %d KB and %d goroutines, and had %d KB and %d after a quarter of the time", after>>10, then, before>>10, goroutines)
	}
	c := &collector{}
	serveAs(t, p, c, addr)
	points := receive(t, c).GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics()[0].GetSum().GetDataPoints()
	if len(points) != series || points[0].GetAsInt() != exports {
		t.Errorf("there are %d series, the first with %d, want %d with %d", len(points), points[0].GetAsInt(), series, exports)
	}
}
