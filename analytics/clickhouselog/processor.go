package clickhouselog

import (
	"context"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/argus-dgo/argus/analytics/event"
)

// A processor takes the events among log records.
type processor struct{ e *Exporter }

// Enabled returns false for names that are not of docs/EVENTS.md. A record may get its
// name later.
func (processor) Enabled(_ context.Context, p sdklog.EnabledParameters) bool {
	return p.EventName == "" || event.Known(p.EventName)
}

// usual is the size of most events. Others cost an allocation.
const usual = 512

func (p processor) OnEmit(_ context.Context, record *sdklog.Record) error {
	name, known := eventIndex[record.EventName()]
	if !known {
		return nil
	}
	var room [usual]byte
	data, err := encode(room[:0], name, record)
	if err != nil {
		p.e.queue.reject(err)
		return nil // it is reported at a limited rate
	}
	p.e.queue.add(p.e.identities.get(record.Resource()), data)
	return nil
}

func (p processor) ForceFlush(ctx context.Context) error { return p.e.ForceFlush(ctx) }
func (p processor) Shutdown(ctx context.Context) error   { return p.e.Shutdown(ctx) }
