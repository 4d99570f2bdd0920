package api

import (
	"context"
	"runtime"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// Process is the document at [ProcessPath].
type Process struct {
	Head
	Usage
	// Processors is how many the Go runtime uses at a time, and Limit that of the
	// control group, null without one.
	Processors int      `json:"gomaxprocs"`
	Limit      *float64 `json:"cpu_limit"`
	// Throttled is how long the limit kept the process from running in the last 5 min.
	Throttled *float64 `json:"cpu_throttled_seconds_5m"`
}

// Usage is what the process uses now. A number that the system does not tell is null.
type Usage struct {
	Started    *time.Time `json:"started_at"`
	CPU        *float64   `json:"cpu_seconds_total"`
	Resident   *float64   `json:"resident_memory_bytes"`
	Heap       *float64   `json:"go_heap_bytes"`
	Goroutines *float64   `json:"goroutines"`
	OpenFiles  *float64   `json:"open_fds"`
	MaxFiles   *float64   `json:"max_fds"`
}

// usageOf returns what the metrics of a process say, by their names at Prometheus.
func usageOf(metrics map[string]float64) Usage {
	of := func(name string) *float64 { return numbers(metrics).of(name) }
	return Usage{
		Started: instantOf(of("process_start_time_seconds")), CPU: of("process_cpu_seconds_total"), Resident: of("process_resident_memory_bytes"),
		Heap: of("go_memstats_heap_alloc_bytes"), Goroutines: of("go_goroutines"), OpenFiles: of("process_open_fds"), MaxFiles: of("process_max_fds"),
	}
}

// processTask is what the process of a bot uses.
func processTask(_ Member, p *parameters) task {
	return task{key: p.key(), make: func(ctx context.Context, _ *API, m Member, at time.Time) (any, error) {
		var s sheet
		limit := s.ask(evidence.Question{Form: evidence.Last, Of: catalog.CPULimit})
		throttled := s.ask(evidence.Question{Form: evidence.Increase, Of: catalog.CPUThrottled, Over: 5 * time.Minute})
		if err := s.learn(ctx, m.Source, at); err != nil {
			return nil, err
		}
		d := Process{Head: head(m, at), Processors: runtime.GOMAXPROCS(0), Limit: limit.one(), Throttled: throttled.one()}
		if m.Usage != nil {
			d.Usage = usageOf(m.Usage())
		}
		return d, nil
	}}
}
