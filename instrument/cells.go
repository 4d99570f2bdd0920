package instrument

import (
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// labelled makes the options of an observation. They are made once per series,
// not per observation.
func labelled(kv ...attribute.KeyValue) []metric.ObserveOption {
	return []metric.ObserveOption{metric.WithAttributeSet(attribute.NewSet(kv...))}
}

// A cell is one series of a counter.
type cell struct {
	n     atomic.Uint64
	opts  []metric.ObserveOption
	quiet bool // not exported while it is 0
}
