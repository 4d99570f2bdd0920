package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/internal/excerpt"
)

const (
	eventsConcurrent = 4
	eventsBurst      = 40
	eventsASecond    = 10
)

// An EventStore keeps events. Add writes all of them or, after an error, none. The same
// events may be added again.
type EventStore interface {
	Add(ctx context.Context, rows []event.Row, drops ...eventstore.Drop) (eventstore.Result, error)
}

// The errors of [Receiver.PushEvents], besides [ErrBusy].
var (
	ErrNoEvents     = errors.New("the fleet takes no events: set ARGUS_FLEET_EVENTS to on")
	ErrEventPace    = errors.New("the process pushes events more often than 10 times a second: raise OTEL_BLRP_SCHEDULE_DELAY")
	ErrEventStorage = errors.New("the fleet cannot store events: see its log")
)

// The reasons why records are refused, besides those of the store.
const (
	refusedIdentity = "identity"
	refusedName     = "unknown_event"
	refusedValue    = "invalid"
)

// KeepEvents makes the receiver take events. It comes before the receiver serves.
func (r *Receiver) KeepEvents(store EventStore) { r.events = store }

// PushEvents stores the events of a push, and tells of records that are none or are bad.
// After an error nothing is stored.
func (r *Receiver) PushEvents(ctx context.Context, logs plog.Logs) (Receipt, error) {
	if r.events == nil {
		return Receipt{}, ErrNoEvents
	}
	if err := enter(ctx, r.eventSlots); err != nil {
		return Receipt{}, err
	}
	defer func() { <-r.eventSlots }()
	if r.overPace(logs) {
		return Receipt{}, ErrEventPace
	}
	p := events{stats: r.stats}
	resources := logs.ResourceLogs()
	for n := range resources.Len() {
		p.resource(resources.At(n), n)
	}
	if len(p.rows) > 0 || len(p.drops) > 0 {
		result, err := r.events.Add(ctx, p.rows, p.drops...)
		if err != nil {
			return Receipt{}, storageError{ErrEventStorage, err}
		}
		p.stored(result)
	}
	p.count()
	return p.receipt, nil
}

// overPace reports whether any process pushes too often. Then the whole push is to come
// again: what is refused of it would be lost.
func (r *Receiver) overPace(logs plog.Logs) bool {
	now := r.now()
	resources := logs.ResourceLogs()
	for n := range min(resources.Len(), maxResources) {
		who, err := identify(resources.At(n).Resource().Attributes())
		if err == nil && !r.eventPaces.take(who.Place, who.Instance, now) {
			return true
		}
	}
	return false
}

// events are those of one push.
type events struct {
	rows    []event.Row
	drops   []eventstore.Drop
	refused map[string]int // by reason
	known   int
	receipt Receipt
	stats   *stats
}

func (p *events) resource(logs plog.ResourceLogs, n int) {
	attributes := logs.Resource().Attributes()
	who, err := identify(attributes)
	if err == nil && n >= maxResources {
		err = fmt.Errorf("a push has at most %d resources", maxResources)
	}
	var of event.Row
	for name, value := range attributes.All() {
		if value.Type() == pcommon.ValueTypeStr {
			of.Resource(name, value.Str())
		}
	}
	dropped := map[string]int64{}
	for _, scope := range logs.ScopeLogs().All() {
		for _, record := range scope.LogRecords().All() {
			row, reason, bad := of, refusedIdentity, err
			if bad == nil {
				reason, bad = rowOf(&row, record)
			}
			if bad == nil {
				p.rows = append(p.rows, row)
				continue
			}
			p.refuse(reason, bad)
			dropped[reason]++
		}
	}
	if err != nil {
		return // nobody knows whose they are
	}
	for reason, events := range dropped {
		p.drops = append(p.drops, eventstore.Drop{Bot: who.Bot, Region: who.Region, Cluster: who.Cluster, Reason: reason, Events: events})
	}
}

var errNoEvent = errors.New("the record is no event of docs/EVENTS.md: the fleet keeps events, and no other logs")

// rowOf makes a row of a record.
func rowOf(row *event.Row, record plog.LogRecord) (reason string, err error) {
	if row.Name = record.EventName(); !event.Known(row.Name) {
		return refusedName, errNoEvent
	}
	at := record.Timestamp()
	if at == 0 {
		at = record.ObservedTimestamp()
	}
	row.Time = at.AsTime().Truncate(time.Millisecond)
	for name, value := range record.Attributes().All() {
		var err error
		switch value.Type() {
		case pcommon.ValueTypeStr:
			err = row.Text(name, value.Str())
		case pcommon.ValueTypeInt:
			err = row.Int(name, value.Int())
		case pcommon.ValueTypeDouble:
			err = row.Float(name, value.Double())
		default:
			err = row.Int(name, -1) // no attribute of an event is so
		}
		if err != nil {
			return refusedValue, err
		}
	}
	return refusedValue, row.Check()
}

func (p *events) refuse(reason string, err error) {
	if p.refused == nil {
		p.refused = map[string]int{}
		p.receipt.Reason = excerpt.Line(err.Error(), maxReason)
	}
	p.refused[reason]++
	p.receipt.Refused++
}

func (p *events) stored(result eventstore.Result) {
	p.receipt.Points, p.known = result.Added, result.Known
	for _, r := range result.Refused {
		p.refuse(r.Reason, r.Err)
	}
}

func (p *events) count() {
	p.stats.events.WithLabelValues(eventTaken, "").Add(float64(p.receipt.Points))
	p.stats.events.WithLabelValues(eventKnown, "").Add(float64(p.known))
	for reason, n := range p.refused {
		p.stats.events.WithLabelValues(eventRefused, reason).Add(float64(n))
	}
	result := resultTaken
	if p.receipt.Refused > 0 {
		result = resultPartial
	}
	p.stats.eventPushes.WithLabelValues(result).Inc()
}
