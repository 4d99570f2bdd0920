package instrument

import (
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"

	"github.com/argus-dgo/argus/internal/catalog"
)

// TestSlowInteractions: what a user waited for too long is kept, with the parts of the
// time, and what came in time is not.
func TestSlowInteractions(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		age   time.Duration
		kind  int
		steps func(s *ackSet, at func(time.Duration) time.Time)
		want  string // outcome, age, attempt, answer
	}{
		"in time": {
			steps: func(s *ackSet, at func(time.Duration) time.Time) {
				s.begin(7, at(900*ms))
				s.end(7, 204, 0, at(1000*ms))
			},
		},
		"slow": {
			steps: func(s *ackSet, at func(time.Duration) time.Time) {
				s.begin(7, at(900*ms))
				s.end(7, 204, 0, at(1001*ms))
			},
			want: "in_time 0s 900ms 1.001s",
		},
		"late on arrival": {
			age: 800 * ms,
			steps: func(s *ackSet, at func(time.Duration) time.Time) {
				s.begin(7, at(100*ms))
				s.end(7, 204, 0, at(300*ms))
			},
			want: "in_time 800ms 100ms 300ms",
		},
		"late": {
			steps: func(s *ackSet, at func(time.Duration) time.Time) {
				s.begin(7, at(3100*ms))
				s.end(7, 204, 0, at(3200*ms))
			},
			want: "late 0s 3.1s 3.2s",
		},
		"repeated": {
			steps: func(s *ackSet, at func(time.Duration) time.Time) {
				s.begin(7, at(100*ms))
				s.end(7, 502, 0, at(1100*ms))
				s.begin(7, at(1200*ms))
				s.end(7, 204, 0, at(1300*ms))
			},
			want: "in_time 0s 100ms 1.3s",
		},
		"missed": {
			steps: func(s *ackSet, at func(time.Duration) time.Time) { s.settle(at(5000 * ms)) },
			want:  "missed 0s 0s 0s",
		},
		"missed, and then tried": {
			steps: func(s *ackSet, at func(time.Duration) time.Time) { s.settle(at(5000 * ms)); s.begin(7, at(8000*ms)) },
			want:  "missed 0s 8s 0s",
		},
		"rejected": {
			steps: func(s *ackSet, at func(time.Duration) time.Time) {
				s.begin(7, at(100*ms))
				s.end(7, 400, 50035, at(200*ms))
				s.settle(at(5000 * ms))
			},
			want: "rejected 0s 100ms 0s",
		},
		"answered by another process": {
			steps: func(s *ackSet, at func(time.Duration) time.Time) {
				s.begin(7, at(2000*ms))
				s.end(7, 400, 40060, at(2100*ms))
			},
		},
		"typed on": {
			kind: typeAutocomplete,
			steps: func(s *ackSet, at func(time.Duration) time.Time) {
				s.begin(7, at(2000*ms))
				s.end(7, 404, 10062, at(2100*ms))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newAckSet(false)
			s.record, s.recordDelay = noop.Float64Histogram{}, noop.Float64Histogram{}
			received := time.Now().Add(-time.Hour)
			s.receive(receipt{id: 7, at: received, kind: tt.kind, age: tt.age, shard: newShard("3")}, newCommand("ping"))
			tt.steps(s, func(d time.Duration) time.Time { return received.Add(d) })
			list := (&Instrumentation{acks: s}).SlowInteractions()
			got := ""
			for _, slow := range list {
				got += fmt.Sprint(slow.Outcome, " ", slow.Age, " ", slow.Attempt, " ", slow.Answer)
				if slow.Command != "ping" || slow.Shard != "3" || slow.Type != interactionTypes[tt.kind] || !slow.Received.Equal(received) {
					t.Errorf("%+v", slow)
				}
			}
			if got != tt.want {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
		})
	}
}

// TestSlowInteractionsAreBounded: the last ones are kept, in their order.
func TestSlowInteractionsAreBounded(t *testing.T) {
	s := newAckSet(false)
	received, other := time.Now().Add(-time.Hour), newCommand(catalog.Other)
	const all = 3*mostSlow + 5
	for n := range all {
		s.receive(receipt{id: uint64(n) + 1, at: received.Add(time.Duration(n) * time.Second)}, other)
	}
	list := (&Instrumentation{acks: s}).SlowInteractions()
	if len(list) != mostSlow || cap(s.slow.kept) > 2*mostSlow {
		t.Fatalf("%d are listed", len(list))
	}
	for n, slow := range list {
		if want := received.Add((all - mostSlow + time.Duration(n)) * time.Second); !slow.Received.Equal(want) || slow.Shard != "" {
			t.Errorf("number %d is of %v, want %v", n, slow.Received, want)
		}
	}
}
