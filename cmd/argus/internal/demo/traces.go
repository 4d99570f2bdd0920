package demo

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/argus-dgo/argus"
)

// The variables that say where traces go.
const (
	envEndpoint       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	envTracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"

	localCollector = "http://localhost:4317"
)

// aimTraces sets the endpoint of a collector on this machine if none is set:
// OpenTelemetry's own default for gRPC expects TLS there.
func aimTraces() error {
	protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"))
	if tracesEndpoint() != "" || strings.HasPrefix(strings.ToLower(strings.TrimSpace(protocol)), "http") {
		return nil
	}
	return os.Setenv(envTracesEndpoint, localCollector)
}

func tracesEndpoint() string {
	return cmp.Or(strings.TrimSpace(os.Getenv(envTracesEndpoint)), strings.TrimSpace(os.Getenv(envEndpoint)))
}

// writeTraces says how to see a trace.
func (d *demo) writeTraces(b *strings.Builder) {
	if d.clusters[0].argus.Config().TracesExporter != argus.OTLP {
		return
	}
	fmt.Fprintf(b, "Traces are pushed to %s. If no collector listens there, start Jaeger:\n\n"+
		"  docker run --rm -p 127.0.0.1:4317:4317 -p 127.0.0.1:4318:4318 -p 127.0.0.1:16686:16686 jaegertracing/jaeger:latest\n\n"+
		"Then open http://localhost:16686 and look for the operation %q: the command /play acknowledges first,\n"+
		"works, and edits its answer.\n\n", cmp.Or(tracesEndpoint(), "http://localhost:4318"), findSong)
}
