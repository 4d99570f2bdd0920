//go:build argus_no_otlp

package argus

import (
	"os/exec"
	"strings"
	"testing"
)

// needsPush skips a test, or a case of one, that pushes.
func needsPush(t *testing.T) {
	t.Helper()
	t.Skip("this program has been built with the tag argus_no_otlp")
}

// TestPushIsLeftOut: to choose the push is an error that names the tag, and nothing starts.
func TestPushIsLeftOut(t *testing.T) {
	for name, tt := range map[string]struct {
		variables map[string]string
		opts      []Option
		wants     []string
	}{
		"variable": {variables: map[string]string{"OTEL_METRICS_EXPORTER": "prometheus,otlp"}},
		"option":   {opts: []Option{WithExporters(OTLP)}},
		"traces":   {variables: map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, wants: []string{"OTEL_TRACES_EXPORTER", "WithTracesExporter"}},
		"logs":     {opts: []Option{WithLogsExporter(OTLP)}, wants: []string{"OTEL_LOGS_EXPORTER", "WithLogsExporter"}},
	} {
		if tt.wants == nil {
			tt.wants = []string{"OTEL_METRICS_EXPORTER", "WithExporters"}
		}
		a, err := start(environ(tt.variables, nil), newSession(t), append(tt.opts, WithAddr("127.0.0.1:0"), new(journal).option()))
		if a != nil || err == nil {
			t.Fatalf("%s: start = %v, %v; want an error", name, a, err)
		}
		for _, want := range append(tt.wants, "argus_no_otlp") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error has no %q: %v", name, want, err)
			}
		}
	}
	c, err := resolve(environ(map[string]string{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, nil), collect(nil))
	if err != nil || c.Refused() == nil {
		t.Errorf("switched off: %v, refused %v", err, c.Refused())
	}
}

// TestDependenciesWithoutPush: neither OTLP nor gRPC is in the program. The SDK of logs is, for WithEventExporter. With the second tag the templates, with which the linker has to keep
// every method, are not either.
func TestDependenciesWithoutPush(t *testing.T) {
	lacks(t, "argus_no_otlp", "google.golang.org/grpc", "google.golang.org/genproto", "go.opentelemetry.io/proto", "go.opentelemetry.io/otel/exporters/otlp", "github.com/argus-dgo/argus/exporters/otlp",
		"go.opentelemetry.io/otel/sdk/trace")
	lacks(t, "argus_no_otlp,argus_no_web_config", "text/template", "html/template", "github.com/prometheus/exporter-toolkit", "golang.org/x/oauth2")
}

func lacks(t *testing.T, tags string, not ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 100 {
		t.Fatalf("%d packages: the list is not that of the facade", len(packages))
	}
	for _, path := range packages {
		for _, not := range not {
			if path == not || strings.HasPrefix(path, not+"/") {
				t.Errorf("%s is in the program with the tags %s", path, tags)
			}
		}
	}
}
