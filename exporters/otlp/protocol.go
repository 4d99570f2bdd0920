package otlp

import (
	"fmt"
	"strings"
)

// A Protocol is a transport of OTLP. Its values are those of OTEL_EXPORTER_OTLP_PROTOCOL.
type Protocol string

// The protocols. OpenTelemetry's exporters for Go do not support http/json.
const (
	GRPC         Protocol = "grpc"          // collectors listen for it on port 4317
	HTTPProtobuf Protocol = "http/protobuf" // collectors listen for it on port 4318, at the paths /v1/metrics, /v1/traces and /v1/logs
)

// The registered ports of OTLP.
const (
	portGRPC = "4317"
	portHTTP = "4318"
)

// WithProtocol sets the protocol. It wins over the variables. The default is [GRPC].
func WithProtocol(p Protocol) Option {
	return optionFunc(func(c *config) { c.protocol, c.protocolSet = p, true })
}

// parseProtocol parses a protocol, ignoring case.
func parseProtocol(v string) (Protocol, error) {
	for _, p := range []Protocol{GRPC, HTTPProtobuf} {
		if strings.EqualFold(v, string(p)) {
			return p, nil
		}
	}
	if strings.EqualFold(v, "http/json") {
		return "", fmt.Errorf("%q is not supported, because OpenTelemetry's Go exporters cannot send JSON: use http/protobuf, which has the same port", v)
	}
	return "", fmt.Errorf("%s is not one of %s, %s", quote(v), GRPC, HTTPProtobuf)
}
