package instrument

import (
	"maps"
	"math"
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

func (s *recordSet[K]) get(key K) []metric.RecordOption { return s.getUpTo(math.MaxInt, key, key) }

// getUpTo makes no series of the key when there are as many as the limit: then
// the rest's is taken, which is made at any rate.
func (s *recordSet[K]) getUpTo(limit int, key, rest K) []metric.RecordOption {
	if opts, ok := (*s.series.Load())[key]; ok {
		return opts
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	series := *s.series.Load()
	if _, ok := series[key]; !ok && len(series) >= limit {
		key = rest
	}
	if opts, ok := series[key]; ok {
		return opts
	}
	next := maps.Clone(series)
	next[key] = []metric.RecordOption{metric.WithAttributeSet(s.label(key))}
	s.series.Store(&next)
	return next[key]
}
