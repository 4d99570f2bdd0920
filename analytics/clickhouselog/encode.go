package clickhouselog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/catalog"
)

// Events wait as bytes: a third of the memory of rows, made in less time, and nothing for
// the garbage collector to follow. The form is known to this process alone.
//
//	event      name, time, count, attributes
//	name       index in eventNames, 1 byte
//	time       seconds and nanoseconds, varint
//	count      1 byte
//	attribute  index in attributeNames, 1 byte; kind, 1 byte; and length and text, or 8 bytes

const (
	kindText byte = iota
	kindInt
	kindFloat
)

// maxAttributes is what count can have. An event has 20 at most.
const maxAttributes = math.MaxUint8

// Both lists have fewer than 256 names.
var (
	eventNames     = listed(func(e catalog.LogEvent) []string { return []string{e.Name} })
	attributeNames = listed(func(e catalog.LogEvent) (names []string) {
		for _, a := range e.Attributes {
			names = append(names, a.Name)
		}
		return names
	})
	eventIndex, attributeIndex = indexed(eventNames), indexed(attributeNames)
)

func listed(of func(catalog.LogEvent) []string) (names []string) {
	for _, e := range catalog.LogEvents() {
		names = append(names, of(e)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func indexed(names []string) map[string]byte {
	index := make(map[string]byte, len(names))
	for n, name := range names {
		index[name] = byte(n)
	}
	return index
}

var (
	errLong = fmt.Errorf("is longer than %d bytes", event.MaxText)
	errKind = errors.New("has another type than docs/EVENTS.md says")
)

// encode appends an event. Attributes that events do not have are left out.
func encode(to []byte, name byte, record *sdklog.Record) ([]byte, error) {
	at := record.Timestamp()
	if at.IsZero() {
		at = record.ObservedTimestamp()
	}
	to = append(to, name)
	to = binary.AppendVarint(to, at.Unix())
	to = binary.AppendUvarint(to, uint64(at.Nanosecond())) //nolint:gosec // not negative
	count := len(to)
	to = append(to, 0)
	var err error
	record.WalkAttributes(func(a attribute.KeyValue) bool {
		index, known := attributeIndex[string(a.Key)]
		if !known || to[count] == maxAttributes {
			return true
		}
		to[count]++
		switch a.Value.Type() {
		case attribute.STRING:
			text := a.Value.AsString()
			if len(text) > event.MaxText {
				err = fmt.Errorf("the attribute %s %w", attributeNames[index], errLong)
				return false
			}
			to = append(to, index, kindText)
			to = binary.AppendUvarint(to, uint64(len(text)))
			to = append(to, text...)
		case attribute.INT64:
			to = append(to, index, kindInt)
			to = binary.BigEndian.AppendUint64(to, uint64(a.Value.AsInt64())) //nolint:gosec // bits
		case attribute.FLOAT64:
			to = append(to, index, kindFloat)
			to = binary.BigEndian.AppendUint64(to, math.Float64bits(a.Value.AsFloat64()))
		default:
			err = fmt.Errorf("the attribute %s %w", attributeNames[index], errKind)
			return false
		}
		return true
	})
	return to, err
}

// A decoder reads what encode has appended.
type decoder struct {
	data []byte
	text string // the same
	at   int
}

func newDecoder(data []byte) *decoder { return &decoder{data: data, text: string(data)} }

func (d *decoder) more() bool { return d.at < len(d.data) }

// next completes a row. After an error, which is of the row, comes the next one.
func (d *decoder) next(row *event.Row) error {
	row.Name = eventNames[d.data[d.at]]
	d.at++
	seconds, n := binary.Varint(d.data[d.at:])
	d.at += n
	nanoseconds := d.uvarint()
	row.Time = time.Unix(seconds, int64(nanoseconds)) //nolint:gosec // less than a second
	count := int(d.data[d.at])
	d.at++
	var err error
	for range count {
		if e := d.attribute(row); e != nil && err == nil {
			err = e
		}
	}
	if err != nil {
		return err
	}
	return row.Check()
}

func (d *decoder) attribute(row *event.Row) error {
	name, kind := attributeNames[d.data[d.at]], d.data[d.at+1]
	d.at += 2
	if kind == kindText {
		length := int(d.uvarint()) //nolint:gosec // at most event.MaxText
		text := d.text[d.at : d.at+length]
		d.at += length
		return row.Text(name, text)
	}
	bits := binary.BigEndian.Uint64(d.data[d.at:])
	d.at += 8
	if kind == kindInt {
		return row.Int(name, int64(bits)) //nolint:gosec // bits
	}
	return row.Float(name, math.Float64frombits(bits))
}

func (d *decoder) uvarint() uint64 {
	value, n := binary.Uvarint(d.data[d.at:])
	d.at += n
	return value
}
