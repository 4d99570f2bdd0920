package doctor

import (
	"context"
	"fmt"
	"net"

	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/exporters/otlp"
)

// destination is what the exporters of all signals say of where they push to.
type destination interface {
	Endpoint() string
	Protocol() otlp.Protocol
	Insecure() bool
	Shutdown(context.Context) error
}

// queues checks that the collectors of traces and events accept a connection.
// OpenTelemetry's exporters send no empty export of them.
func (d *doctor) queues(ctx context.Context) (found []finding) {
	if d.config.Disabled {
		return nil
	}
	quiet := otlp.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	if d.config.TracesExporter == argus.OTLP {
		e, err := otlp.NewTraces(ctx, quiet)
		found = append(found, accepts(ctx, "traces", e, err))
	}
	if d.config.LogsExporter == argus.OTLP {
		e, err := otlp.NewLogs(ctx, quiet)
		found = append(found, accepts(ctx, "events", e, err))
	}
	return found
}

// accepts checks one destination, unless it could not be made.
func accepts(ctx context.Context, check string, to destination, err error) finding {
	if err != nil {
		return finding{check, failure, err.Error(), "correct the setting"}
	}
	defer discard(to)
	if _, _, err := net.SplitHostPort(to.Endpoint()); err != nil || proxied(to) {
		return finding{check, skipped, fmt.Sprintf("%s is not checked: it is behind a proxy, or no host and port", to.Endpoint()), ""}
	}
	if f := connects(ctx, check, to); f != nil {
		return *f
	}
	return finding{check, ok, fmt.Sprintf("%s accepts connections; the bot's log says if it does not take %s", to.Endpoint(), check), ""}
}
