package otlp

import (
	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// What waits in a queue is bounded by an estimate of its size in memory. The
// constants are the sizes of the SDK's structs on 64-bit systems, rounded up.
const (
	sizeOfItem      = 640 // a span or a log record without its lists
	sizeOfEvent     = 96
	sizeOfLink      = 128
	sizeOfAttribute = 64
	sizeOfValue     = 48
)

func sizeOfSpan(s sdktrace.ReadOnlySpan) int {
	size := sizeOfItem + len(s.Name()) + len(s.Status().Description) + sizeOfAttributes(s.Attributes())
	for _, e := range s.Events() {
		size += sizeOfEvent + len(e.Name) + sizeOfAttributes(e.Attributes)
	}
	for _, l := range s.Links() {
		size += sizeOfLink + sizeOfAttributes(l.Attributes)
	}
	return size
}

func sizeOfRecord(r *sdklog.Record) int {
	size := sizeOfItem + len(r.EventName()) + len(r.SeverityText()) + sizeOfContent(r.Body())
	r.WalkAttributes(func(a attribute.KeyValue) bool {
		size += sizeOfAttribute + len(a.Key) + sizeOfContent(a.Value)
		return true
	})
	return size
}

func sizeOfAttributes(attributes []attribute.KeyValue) (size int) {
	for _, a := range attributes {
		size += sizeOfAttribute + len(a.Key) + sizeOfContent(a.Value)
	}
	return size
}

// sizeOfContent returns the size of what a value refers to.
func sizeOfContent(v attribute.Value) (size int) {
	switch v.Type() {
	case attribute.STRING:
		return len(v.AsString())
	case attribute.STRINGSLICE:
		for _, s := range v.AsStringSlice() {
			size += 16 + len(s)
		}
	case attribute.BYTESLICE:
		return len(v.AsByteSlice())
	case attribute.BOOLSLICE:
		return len(v.AsBoolSlice())
	case attribute.INT64SLICE:
		return 8 * len(v.AsInt64Slice())
	case attribute.FLOAT64SLICE:
		return 8 * len(v.AsFloat64Slice())
	case attribute.SLICE:
		for _, element := range v.AsSlice() {
			size += sizeOfValue + sizeOfContent(element)
		}
	case attribute.MAP:
		return sizeOfAttributes(v.AsMap())
	default: // numbers and booleans are in the value itself
	}
	return size
}
