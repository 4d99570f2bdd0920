package otlp

import (
	"fmt"
	"strings"
)

// A Signal is a kind of telemetry. Each has variables and a connection of its own.
type Signal string

// The signals, named as in the variables and the paths of OTLP.
const (
	SignalMetrics Signal = "metrics"
	SignalTraces  Signal = "traces"
	SignalLogs    Signal = "logs"
)

// general is the prefix of the variables for all signals.
const general = "OTEL_EXPORTER_OTLP_"

// prefix returns the prefix of the signal's own variables, which win over the general ones.
func (s Signal) prefix() string { return general + strings.ToUpper(string(s)) + "_" }

// path returns the default path of OTLP/HTTP.
func (s Signal) path() string { return "/v1/" + string(s) }

// item returns what an export consists of.
func (s Signal) item() string {
	switch s {
	case SignalTraces:
		return "span"
	case SignalLogs:
		return "log record"
	default:
		return "metric"
	}
}

// areLost returns the clause that n items are lost.
func (s Signal) areLost(n int) string {
	if n == 1 {
		return "1 " + s.item() + " is lost"
	}
	return fmt.Sprintf("%d %ss are lost", n, s.item())
}
