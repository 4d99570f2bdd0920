package api

import (
	"context"
	"runtime"
	"runtime/debug"
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
	// Pauses is null where Usage is not known.
	Pauses *Pauses `json:"gc_pauses"`
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

// Pauses are those of the garbage collector: the time that a collection stopped the
// process. The runtime keeps the last 256.
type Pauses struct {
	Count int `json:"count"`
	// Longest is null without any.
	Longest *float64 `json:"longest_seconds"`
	// Window is 5 min, or less if it had more pauses than the runtime keeps.
	Window float64 `json:"window_seconds"`
}

// pausesOver is the window of [Pauses].
const pausesOver = 5 * time.Minute

// pausesOf returns the pauses of the garbage collector until a time.
func pausesOf(stats *debug.GCStats, at time.Time) *Pauses {
	p := &Pauses{Window: pausesOver.Seconds()}
	var longest time.Duration
	for i, end := range stats.PauseEnd { // the newest first
		if end.Before(at.Add(-pausesOver)) {
			break
		}
		p.Count++
		longest = max(longest, stats.Pause[i])
		if p.Count == len(stats.PauseEnd) && stats.NumGC > int64(p.Count) {
			p.Window = at.Sub(end).Seconds()
		}
	}
	if p.Count > 0 {
		p.Longest = number(longest.Seconds())
	}
	return p
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
			var stats debug.GCStats
			debug.ReadGCStats(&stats)
			d.Pauses = pausesOf(&stats, time.Now())
		}
		return d, nil
	}}
}
