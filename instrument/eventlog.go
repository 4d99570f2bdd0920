package instrument

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"github.com/argus-dgo/argus/instrument/internal/pseudonym"
	"github.com/argus-dgo/argus/instrument/internal/queue"
	"github.com/argus-dgo/argus/internal/catalog"
)

// An eventLog emits events: the log records that docs/EVENTS.md lists. It is nil
// without a LoggerProvider; its methods do nothing then.
//
// A record is made and emitted in a queue: log processors may do anything, and some
// export the record at once.
type eventLog struct {
	logger  log.Logger
	guilds  bool             // whether events have the guild's id
	users   *pseudonym.Maker // nil: events have no user
	queue   *queue.Queue
	dropped cell
	evicted cell // interactions whose event is lost

	spare []attribute.KeyValue // room for the next event's; of the queue's goroutine
}

func newEventLog(c *config, f *faults) *eventLog {
	l := &eventLog{
		logger:  c.loggers.Logger(ScopeName, log.WithInstrumentationVersion(Version())),
		guilds:  c.eventGuilds,
		queue:   queue.New(queueLimit, func(r any) { f.report(hookEvent, recovered(r)) }),
		dropped: drops(catalog.SignalLogs, catalog.DropQueueFull),
		evicted: drops(catalog.SignalLogs, catalog.DropEvicted),
	}
	if c.eventKey != nil {
		l.users = pseudonym.New(c.eventKey)
	}
	return l
}

// add emits an event that happened at a time, later. fill completes the record.
// The context has the span that the event belongs to, if there is one. It may end
// before: that of a request does.
func (l *eventLog) add(ctx context.Context, name string, at time.Time, fill func(*record)) {
	observed := time.Now()
	if !l.queue.Push(func() {
		r := record{severity: log.SeverityInfo, attributes: l.spare[:0]}
		fill(&r)
		l.emit(context.WithoutCancel(ctx), name, at, observed, &r)
		l.spare = r.attributes
	}) {
		l.dropped.n.Add(1)
	}
}

func (l *eventLog) emit(ctx context.Context, name string, at, observed time.Time, r *record) {
	if !l.logger.Enabled(ctx, log.EnabledParameters{Severity: r.severity, EventName: name}) {
		return
	}
	var out log.Record
	out.SetEventName(name)
	out.SetTimestamp(at)
	out.SetObservedTimestamp(observed)
	out.SetSeverity(r.severity)
	out.SetSeverityText(r.severity.String())
	out.SetBody(attribute.StringValue(r.body))
	if id, err := uuid.NewV7(); err == nil {
		out.AddAttributes(attribute.String(catalog.AttrRecordUID, id.String()))
	}
	out.AddAttributes(r.attributes...)
	l.logger.Emit(ctx, out)
}

// A record is what differs between the events of one name.
type record struct {
	severity   log.Severity
	body       string
	attributes []attribute.KeyValue
}

func (r *record) warnIf(warn bool) {
	if warn {
		r.severity = log.SeverityWarn
	}
}

func (r *record) text(name, value string) {
	r.attributes = append(r.attributes, attribute.String(name, value))
}

func (r *record) number(name string, value int64) {
	r.attributes = append(r.attributes, attribute.Int64(name, value))
}

func (r *record) seconds(name string, d time.Duration) {
	r.attributes = append(r.attributes, attribute.Float64(name, d.Seconds()))
}
