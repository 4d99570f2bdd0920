package figurestest_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

func TestSample(t *testing.T) {
	s := figurestest.Sample{Seed: 1, End: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Span: 46 * time.Hour}
	rows := s.Rows(20_000)
	if !reflect.DeepEqual(rows, s.Rows(20_000)) {
		t.Error("the same sample has other events")
	}
	ids, names, late, early := map[event.ID]bool{}, map[string]bool{}, 0, 0
	for n, r := range rows {
		if err := r.Check(); err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		ids[r.ID], names[r.Name] = true, true
		switch {
		case r.Time.Before(s.End.Add(-s.Span)):
			late++
		case !r.Time.Before(s.End):
			early++
		}
	}
	if len(ids) != len(rows) || len(names) < 7 || late == 0 || early == 0 {
		t.Errorf("%d ids, %d names, %d late, %d early", len(ids), len(names), late, early)
	}
}
