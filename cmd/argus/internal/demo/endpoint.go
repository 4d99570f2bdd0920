package demo

import (
	"cmp"
	"os"
	"strings"
)

// The signals that the demo pushes, as the variables of OpenTelemetry name them.
const (
	signalTraces = "TRACES"
	signalLogs   = "LOGS"
)

const (
	localCollector = "http://localhost:4317"
	localOverHTTP  = "http://localhost:4318" // OpenTelemetry's default
)

func variable(signal, what string) string { return "OTEL_EXPORTER_OTLP_" + signal + "_" + what }

// aim sets the endpoint of a collector on this machine for a signal if none is set:
// OpenTelemetry's own default for gRPC expects TLS there.
func aim(signal string) error {
	protocol := cmp.Or(os.Getenv(variable(signal, "PROTOCOL")), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"))
	if endpoint(signal) != "" || strings.HasPrefix(strings.ToLower(strings.TrimSpace(protocol)), "http") {
		return nil
	}
	return os.Setenv(variable(signal, "ENDPOINT"), localCollector)
}

// endpoint is where a signal is pushed, or empty.
func endpoint(signal string) string {
	return cmp.Or(strings.TrimSpace(os.Getenv(variable(signal, "ENDPOINT"))), strings.TrimSpace(os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")))
}
