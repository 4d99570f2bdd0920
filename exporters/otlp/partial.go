package otlp

import (
	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// partial is what a collector says about a request that it accepted in part.
type partial struct {
	rejected int64
	message  string
}

// partialOf reads a response of a collector. It returns nil if everything was accepted.
func partialOf(reply any) *partial {
	var p partial
	switch r := reply.(type) {
	case *metricspb.ExportMetricsServiceResponse:
		p = partial{r.GetPartialSuccess().GetRejectedDataPoints(), r.GetPartialSuccess().GetErrorMessage()}
	case *tracepb.ExportTraceServiceResponse:
		p = partial{r.GetPartialSuccess().GetRejectedSpans(), r.GetPartialSuccess().GetErrorMessage()}
	case *logspb.ExportLogsServiceResponse:
		p = partial{r.GetPartialSuccess().GetRejectedLogRecords(), r.GetPartialSuccess().GetErrorMessage()}
	}
	if p == (partial{}) {
		return nil
	}
	return &p
}

// response returns an empty response of a collector.
func (s Signal) response() proto.Message {
	switch s {
	case SignalTraces:
		return new(tracepb.ExportTraceServiceResponse)
	case SignalLogs:
		return new(logspb.ExportLogsServiceResponse)
	default:
		return new(metricspb.ExportMetricsServiceResponse)
	}
}
