package figurestest_test

import (
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

// TestStream: events arrive on each hour of their days, one after the other, shortly after
// they happened, and once.
func TestStream(t *testing.T) {
	end := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	const days, events = 2, 240_000 // nanoseconds of a day times these are more than an int64 has
	begin := end.AddDate(0, 0, -days)
	last, hours, ids, most := begin, map[time.Time]int{}, map[event.ID]bool{}, 0
	for at, rows := range (figurestest.Stream{End: end, Days: days, Events: events, Batch: 1000}).Batches() {
		if !at.After(last) || at.After(end) {
			t.Fatalf("a batch arrives at %v, after one of %v", at, last)
		}
		last = at
		hours[at.Truncate(time.Hour)] += len(rows)
		most = max(most, len(rows))
		for _, r := range rows {
			if r.Time.After(at) || at.Sub(r.Time) > time.Minute {
				t.Fatalf("an event of %v arrives at %v", r.Time, at)
			}
			ids[r.ID] = true
		}
	}
	if len(ids) != events || most != 1000 || len(hours) != 24*days+1 {
		t.Errorf("%d events, %d at most in a batch, in %d hours", len(ids), most, len(hours))
	}
}
