package api

import (
	"math"
	"runtime"
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
