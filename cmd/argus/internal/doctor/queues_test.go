package doctor

import (
	"net"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/loopback"
)

// TestQueues: the collectors of traces and events are checked where they are pushed, and nothing is sent.
func TestQueues(t *testing.T) {
	t.Setenv("ARGUS_HOST", "127.0.0.1")
	t.Setenv("ARGUS_PORT", "1") // not of interest
	if found := findings(t, newDoctor()); strings.Contains(found, " traces: ") || strings.Contains(found, " events: ") {
		t.Errorf("nothing is pushed: %s", found)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	away := loopback.Addr(t)
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_LOGS_EXPORTER", "otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://"+l.Addr().String())
	t.Setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://"+away)
	found := findings(t, newDoctor())
	for _, want := range []string{
		"ok traces: " + l.Addr().String() + " accepts connections",
		"fail events: cannot connect to " + away,
		"start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("no %q in: %s", want, found)
		}
	}
}
