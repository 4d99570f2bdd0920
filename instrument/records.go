package instrument

import (
	"maps"
	"math"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// A recordSet holds the options of a histogram's series. They are made when a
// series is recorded for the first time, not for each record.
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

// getUpTo makes no series for the key if there are limit series: then it returns
// that of rest, which it makes regardless of the limit.
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
