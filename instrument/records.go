package instrument

import (
	"maps"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// A recordSet has the options of a histogram's series: they are made when a
// series is recorded for the first time, and never for each record.
type recordSet[K comparable] struct {
	label func(K) attribute.Set

	mu     sync.Mutex
	series atomic.Pointer[map[K][]metric.RecordOption] // replaced, never changed
}

func newRecordSet[K comparable](label func(K) attribute.Set) *recordSet[K] {
	s := &recordSet[K]{label: label}
	s.series.Store(&map[K][]metric.RecordOption{})
	return s
}

func (s *recordSet[K]) get(key K) []metric.RecordOption {
	if opts, ok := (*s.series.Load())[key]; ok {
		return opts
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	series := *s.series.Load()
	if opts, ok := series[key]; ok {
		return opts
	}
	next := maps.Clone(series)
	next[key] = []metric.RecordOption{metric.WithAttributeSet(s.label(key))}
	s.series.Store(&next)
	return next[key]
}

// has reports whether there is a series, and how many there are.
func (s *recordSet[K]) has(key K) (found bool, size int) {
	series := *s.series.Load()
	_, found = series[key]
	return found, len(series)
}
