package api

import (
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// TestProcess: what the metrics of the process say, and null where they say nothing.
func TestProcess(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		b.usage = map[string]float64{
			"process_start_time_seconds": 1.7e9, "process_cpu_seconds_total": 12.5, "process_resident_memory_bytes": 64 << 20,
			"go_memstats_heap_alloc_bytes": 32 << 20, "go_goroutines": 41, "process_open_fds": math.NaN(),
		}
		b.set(catalog.CPULimit, 2)
		b.set(catalog.CPUThrottled, 3)
		b.steps(1)
		b.add(catalog.CPUThrottled, 0.5)
		b.steps(1)
		var d Process
		_, body := ask(t, a, ProcessPath, &d)
		if d.Started == nil || d.Started.Unix() != 1.7e9 || *d.CPU != 12.5 || *d.Resident != 64<<20 || *d.Heap != 32<<20 || *d.Goroutines != 41 ||
			d.Processors != runtime.GOMAXPROCS(0) || *d.Limit != 2 || *d.Throttled != 0.5 || d.Identity.Bot != "music" {
			t.Errorf("%s", body)
		}
		if !strings.Contains(body, `"open_fds":null,"max_fds":null`) {
			t.Errorf("what is not known is not null: %s", body)
		}
		time.Sleep(reuse) //nolint:forbidigo // by the clock of the bubble
		refuses(t, a, map[string]string{ProcessPath + "?over=1m": "there is no such parameter"})
	})
}

// TestPauses: of the pauses that the runtime keeps, those of the window count, and the
// window is shorter where not all of it is kept.
func TestPauses(t *testing.T) {
	at := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	stats := func(total int64, ages ...time.Duration) *debug.GCStats {
		s := &debug.GCStats{NumGC: total}
		for _, age := range ages {
			s.PauseEnd, s.Pause = append(s.PauseEnd, at.Add(-age)), append(s.Pause, age.Abs()/1000)
		}
		return s
	}
	for what, tt := range map[string]struct {
		stats   *debug.GCStats
		count   int
		longest float64
		window  float64
	}{
		"none":                         {stats(0), 0, -1, 300},
		"older ones":                   {stats(2, 301*time.Second, 400*time.Second), 0, -1, 300},
		"some":                         {stats(3, time.Second, 200*time.Second, 400*time.Second), 2, 0.2, 300},
		"all that there were":          {stats(2, time.Second, 2*time.Second), 2, 0.002, 300},
		"more than the runtime keeps":  {stats(3, time.Second, 2*time.Second), 2, 0.002, 2},
		"more, but not in the window":  {stats(9, time.Second, 400*time.Second), 1, 0.001, 300},
		"one that ends while it looks": {stats(1, -time.Second), 1, 0.001, 300},
	} {
		p := pausesOf(tt.stats, at)
		longest := -1.0
		if p.Longest != nil {
			longest = *p.Longest
		}
		if p.Count != tt.count || longest != tt.longest || p.Window != tt.window {
			t.Errorf("%s: %d, longest %v, in %v s", what, p.Count, longest, p.Window)
		}
	}
}
