//go:build !race

package clickhouselog

import (
	"context"
	"testing"

	"github.com/argus-dgo/argus/analytics/event"
)

// TestAllocations: an event costs the bot no allocation, but now and then one of a segment,
// whether ClickHouse is there or not, and however full the queue is.
func TestAllocations(t *testing.T) {
	for name, answer := range map[string]func([]event.Row) error{"there": nil, "away": always(errAway)} {
		e, _ := start(t, &server{answer: answer}, WithQueue(batchRows, DefaultQueueBytes))
		p, r := e.Processor(), interaction()
		if n := testing.AllocsPerRun(5*batchRows, func() { _ = p.OnEmit(t.Context(), &r) }); n > 0 {
			t.Errorf("%s: %v allocations an event", name, n)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		_ = e.Shutdown(over)
		<-e.done
	}
	p, r := (&Exporter{}).Processor(), interaction()
	r.SetEventName("my.event")
	if n := testing.AllocsPerRun(100, func() { _ = p.OnEmit(t.Context(), &r) }); n > 0 {
		t.Errorf("another record: %v allocations", n)
	}
}
