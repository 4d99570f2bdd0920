package demo

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/argus-dgo/argus"
)

// writeTraces says how to see a trace.
func (d *demo) writeTraces(b *strings.Builder) {
	if d.clusters[0].argus.Config().TracesExporter != argus.OTLP {
		return
	}
	fmt.Fprintf(b, "Traces are pushed to %s. If no collector listens there, start Jaeger:\n\n"+
		"  docker run --rm -p 127.0.0.1:4317:4317 -p 127.0.0.1:4318:4318 -p 127.0.0.1:16686:16686 jaegertracing/jaeger:latest\n\n"+
		"Then open http://localhost:16686 and look for the operation %q: the command /play acknowledges first,\n"+
		"works, and edits its answer.\n\n", cmp.Or(endpoint(signalTraces), localOverHTTP), findSong)
}
