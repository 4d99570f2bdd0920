package clickhouselog

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/catalog"
)

var testResource = resource.NewSchemaless(attribute.String("cluster", "eu-1"), attribute.String("bot", "music"), attribute.String("service.version", "v1.4.2"))

// interaction returns a record as a bot with all ids emits it.
func interaction() sdklog.Record {
	return logtest.RecordFactory{
		EventName: catalog.EventInteractionCompleted.Name, Timestamp: time.Now(), Resource: testResource,
		Attributes: []attribute.KeyValue{
			attribute.String(catalog.AttrRecordUID, "01a22aa4-954b-7b15-bb1b-69314673af4e"),
			attribute.String(catalog.AttrShard, "17"),
			attribute.String(catalog.AttrGuildID, "1200000000000000001"),
			attribute.String(catalog.AttrGuildSize, "1000-9999"),
			attribute.String(catalog.AttrType, "application_command"),
			attribute.String(catalog.AttrCommand, "music play"),
			attribute.String(catalog.AttrOutcome, "in_time"),
			attribute.String(catalog.AttrErrorType, "*errors.errorString"),
			attribute.Float64(catalog.AttrReceiptAge, 0.1),
			attribute.Float64(catalog.AttrAnswerDuration, 0.2),
			attribute.Float64(catalog.AttrHandlerDuration, 0.3),
			attribute.String(catalog.AttrLocale, "de"),
			attribute.String(catalog.AttrContext, "guild"),
			attribute.String(catalog.AttrInstallation, "guild"),
			attribute.String(catalog.AttrUserHash, strings.Repeat("0a", 16)),
		},
	}.NewRecord()
}

type discard struct{}

func (discard) Export(context.Context, []sdklog.Record) error { return nil }
func (discard) Shutdown(context.Context) error                { return nil }
func (discard) ForceFlush(context.Context) error              { return nil }

// nowhere takes events and forgets them, or fails.
type nowhere struct{ err error }

func (n nowhere) Insert(context.Context, []event.Row, string) error           { return n.err }
func (n nowhere) InsertDrops(context.Context, []analytics.Drop, string) error { return n.err }
func (nowhere) Close() error                                                  { return nil }

// BenchmarkOnEmit compares what an event costs the bot here, with the server away and the
// queue full as well, and with OpenTelemetry's batch processor.
func BenchmarkOnEmit(b *testing.B) {
	run := func(name string, p sdklog.Processor) {
		b.Run(name, func(b *testing.B) {
			r := interaction()
			b.ReportAllocs()
			for b.Loop() {
				_ = p.OnEmit(b.Context(), &r)
			}
		})
		_ = p.Shutdown(context.Background())
	}
	exporter := func(answer error) sdklog.Processor {
		c, err := newConfig([]Option{WithErrorHandler(otel.ErrorHandlerFunc(func(error) {}))})
		if err != nil {
			b.Fatal(err)
		}
		return begin(b.Context(), c, "", func() (inserter, error) { return nowhere{answer}, nil }).Processor()
	}
	run("clickhouselog", exporter(nil))
	run("clickhouselog-away", exporter(errAway))
	run("sdk-batch", sdklog.NewBatchProcessor(discard{}))
}
