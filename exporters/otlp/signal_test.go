package otlp

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
)

var checks = map[Signal]func(...Option) error{SignalMetrics: Check, SignalTraces: CheckTraces, SignalLogs: CheckLogs}

// TestVariablesOfTheSignals: each signal refuses its own variables and the general ones, names them, and does not look at those of the others.
func TestVariablesOfTheSignals(t *testing.T) {
	all := []Signal{SignalMetrics, SignalTraces, SignalLogs}
	type row struct {
		variable, value string
		wants           string
		of              []Signal
	}
	rows := []row{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector", "the scheme", all},
		{"OTEL_EXPORTER_OTLP_HEADERS", "hunter2", "has no '='", all},
		{"OTEL_TRACES_SAMPLER", "jaeger_remote", "parentbased_always_on", []Signal{SignalTraces}},
		{"OTEL_BSP_MAX_QUEUE_SIZE", "0", "whole number from 1", []Signal{SignalTraces}},
		{"OTEL_BSP_MAX_QUEUE_SIZE", "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", nil},
		{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10000", "is more than OTEL_BSP_MAX_QUEUE_SIZE", []Signal{SignalTraces}},
		{"OTEL_BSP_SCHEDULE_DELAY", "5s", "milliseconds", []Signal{SignalTraces}},
		{"OTEL_BSP_EXPORT_TIMEOUT", "-1", "milliseconds", []Signal{SignalTraces}},
		{"OTEL_BLRP_MAX_QUEUE_SIZE", "many", "whole number from 1", []Signal{SignalLogs}},
		{"OTEL_BLRP_SCHEDULE_DELAY", "0", "milliseconds", []Signal{SignalLogs}},
		{"OTEL_METRIC_EXPORT_INTERVAL", "0", "milliseconds", []Signal{SignalMetrics}},
	}
	for _, s := range all {
		only := []Signal{s}
		rows = append(rows,
			row{s.prefix() + "PROTOCOL", "http/json", "http/protobuf", only},
			row{s.prefix() + "ENDPOINT", "http://me:hunter2@collector", "contains an @", only},
			row{s.prefix() + "HEADERS", "a=%zz", "percent-encoding", only},
			row{s.prefix() + "TIMEOUT", "soon", "milliseconds", only},
			row{s.prefix() + "COMPRESSION", "zstd", "gzip, none", only},
			row{s.prefix() + "INSECURE", "yes", "true, false", only},
			row{s.prefix() + "CERTIFICATE", "/nowhere/ca.pem", "cannot read", only},
			row{s.prefix() + "CLIENT_KEY", "/nowhere/key.pem", "must be set together", only},
		)
	}
	for _, r := range rows {
		clearEnv(t)
		t.Setenv(r.variable, r.value)
		for _, s := range all {
			err := checks[s]()
			if refuses := slices.Contains(r.of, s); refuses != (err != nil) {
				t.Errorf("%s=%s: %s says %v", r.variable, r.value, s, err)
				continue
			}
			if err != nil && (!strings.Contains(err.Error(), r.variable) || !strings.Contains(err.Error(), r.wants)) {
				t.Errorf("%s=%s: %s says %v, want %q in it", r.variable, r.value, s, err, r.wants)
			}
			if err != nil {
				showsNone(t, err, "hunter2")
			}
		}
	}
}

// TestSampler: the SDK's samplers and ratios are accepted, in any case.
func TestSampler(t *testing.T) {
	for _, tt := range []struct {
		sampler, arg string
		ok           bool
	}{
		{"", "", true},
		{"", "nonsense", true}, // the argument of no sampler
		{"Always_On", "", true},
		{" parentbased_traceidratio ", "0.25", true},
		{"traceidratio", "", true},
		{"traceidratio", "1", true},
		{"traceidratio", "1.1", false},
		{"traceidratio", "-0.1", false},
		{"traceidratio", "NaN", false},
		{"parentbased_traceidratio", "10%", false},
		{"always_on", "10%", true}, // not read
		{"xray", "", false},
	} {
		t.Setenv("OTEL_TRACES_SAMPLER", tt.sampler)
		t.Setenv("OTEL_TRACES_SAMPLER_ARG", tt.arg)
		if err := CheckTraces(); tt.ok != (err == nil) {
			t.Errorf("%q, %q: %v", tt.sampler, tt.arg, err)
		}
	}
}

// TestOptionsOfMetrics: the options that only metrics have are errors for the others.
func TestOptionsOfMetrics(t *testing.T) {
	for _, s := range []Signal{SignalTraces, SignalLogs} {
		if err := checks[s](WithInterval(time.Minute)); err == nil || !strings.Contains(err.Error(), "WithInterval") {
			t.Errorf("%s: %v", s, err)
		}
		if _, err := makers[s](t.Context(), WithInterval(time.Minute)); err == nil {
			t.Errorf("%s: an exporter was made", s)
		}
	}
}

// TestQueueEnvironment: the variables have their effect as people write them, and no exporter complains about one that Argus accepts.
func TestQueueEnvironment(t *testing.T) {
	handler := otel.GetErrorHandler()
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Errorf("OpenTelemetry's handler was told: %v", err) }))
	t.Cleanup(func() { otel.SetErrorHandler(handler) })
	for _, s := range []Signal{SignalTraces, SignalLogs} {
		for _, p := range []Protocol{GRPC, HTTPProtobuf} {
			clearEnv(t)
			r := newReceiver()
			addr, _ := r.serve(t, p, "127.0.0.1:0")
			endpoint := addr // what OpenTelemetry's exporters call no URL
			if p == HTTPProtobuf {
				endpoint = "http://" + addr
			}
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", strings.ToUpper(string(p)))
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
			t.Setenv("OTEL_EXPORTER_OTLP_INSECURE", "TRUE")
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=wrong")
			t.Setenv(s.prefix()+"HEADERS", ", x-key = hunter%32 ,")
			t.Setenv(s.prefix()+"COMPRESSION", "GZIP")
			t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "NONE")
			t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", " 90000 ")
			t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
			t.Setenv("OTEL_BLRP_SCHEDULE_DELAY", "10")
			e := newSender(t, s)
			e.send("one")
			r.wait(t, 1) // after the delay
			r.mu.Lock()
			if got := r.headers.Get("x-key"); !slices.Equal(got, []string{"hunter2"}) {
				t.Errorf("%s, %s: headers %v", s, p, r.headers)
			}
			r.mu.Unlock()
		}
	}
}

// TestBoundsFromVariables: the variables of the batch processors set the bounds of the queue.
func TestBoundsFromVariables(t *testing.T) {
	t.Setenv("OTEL_BLRP_MAX_QUEUE_SIZE", "3")
	e, err := NewLogs(t.Context(), WithEndpoint("http://127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	if e.capacity != 3 || e.most != 3 || e.delay != time.Second || e.timeLimit != 30*time.Second {
		t.Errorf("limits %+v", e.limits)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
