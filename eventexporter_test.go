//go:build !argus_no_otlp

package argus

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	otellog "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/log/noop"
	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// keeper is an EventExporter that keeps the names of events.
type keeper struct {
	mu       sync.Mutex
	names    []string
	clusters []string
	up       bool
	full     uint64
	failed   func(error)
	changed  func(bool)
	ended    int
}

func (k *keeper) Processor() sdklog.Processor { return keeping{k} }
func (k *keeper) Endpoint() string            { return "ch.example.org:8123" }

func (k *keeper) Up() (up, known bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.up, k.names != nil
}

func (k *keeper) Losses() (queueFull, rejected, shutdown uint64) { return k.full, 2, 4 }

func (k *keeper) Follow(failed func(error), changed func(bool)) {
	k.failed, k.changed = failed, changed
}

func (k *keeper) Shutdown(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended++
	return errKept
}

func (k *keeper) kept() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.names)
}

var errKept = errors.New("3 events are lost")

type keeping struct{ *keeper }

func (keeping) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (keeping) ForceFlush(context.Context) error                       { return nil }

func (k keeping) OnEmit(_ context.Context, r *sdklog.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	cluster, _ := r.Resource().Set().Value("cluster")
	k.names, k.clusters = append(k.names, r.EventName()), append(k.clusters, cluster.AsString())
	return nil
}

// TestEventExporter: the exporter of the program and the push get the same events, and the page has
// both.
func TestEventExporter(t *testing.T) {
	c := newAllCollector(t, "127.0.0.1:0")
	k := &keeper{full: 1}
	a, journal := startPushing(t, map[string]string{
		"OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + c.addr, "OTEL_BLRP_SCHEDULE_DELAY": "10", "ARGUS_CLUSTER_ID": "eu-1",
	}, WithEventExporter(k))
	if page := scrape(t, a.Handler()); strings.Contains(page, `subsystem="clickhouse"`) {
		t.Error("a part of which nothing is known has a series")
	}
	var r otellog.Record
	r.SetEventName("work")
	a.LoggerProvider().Logger("bot").Emit(t.Context(), r)
	if !slices.Contains(k.kept(), "work") || k.clusters[0] != "eu-1" {
		t.Errorf("kept %q of %q", k.kept(), k.clusters)
	}
	eventually(t, "the event is pushed", func() bool { _, events := c.arrived(); return slices.Contains(events, "work") })
	want := []string{
		`argus_subsystem_up{cluster="eu-1",subsystem="clickhouse"} 0`,
		`argus_export_dropped_total{cluster="eu-1",reason="queue_full",signal="logs"} 1`,
		`argus_export_dropped_total{cluster="eu-1",reason="rejected",signal="logs"} 2`,
	}
	page := scrape(t, a.Handler())
	for _, line := range want {
		if !strings.Contains(page, line) {
			t.Errorf("no %s", line)
		}
	}
	k.failed(errors.New("away"))
	k.changed(false)
	k.changed(true)
	if err := a.Shutdown(t.Context()); !errors.Is(err, errKept) {
		t.Errorf("Shutdown: %v", err)
	}
	if k.ended == 0 {
		t.Error("Shutdown leaves the exporter open")
	}
	for _, line := range []string{"clickhouse_endpoint=ch.example.org:8123", "argus: away", "argus: ClickHouse accepts events"} {
		if !strings.Contains(journal.String(), line) {
			t.Errorf("no %q in the log: %s", line, journal)
		}
	}
}

// TestUnusedEventExporter: an exporter that nothing is sent to is shut down.
func TestUnusedEventExporter(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		opts []Option
		want string
	}{
		"disabled":     {env: map[string]string{"OTEL_SDK_DISABLED": "true"}},
		"two":          {opts: []Option{WithLoggerProvider(noop.NewLoggerProvider())}, want: "WithEventExporter: WithLoggerProvider is given, too"},
		"bad settings": {env: map[string]string{"ARGUS_PORT": "x"}, want: "ARGUS_PORT"},
	} {
		for n, v := range test.env {
			t.Setenv(n, v)
		}
		k := &keeper{}
		a, err := New(append(test.opts, WithEventExporter(k), WithoutServer())...)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v", name, err)
		}
		if a != nil {
			if err := a.Shutdown(t.Context()); err != nil {
				t.Errorf("%s: Shutdown: %v", name, err)
			}
		}
		if k.ended == 0 {
			t.Errorf("%s: it is left open", name)
		}
		for n := range test.env {
			t.Setenv(n, "")
		}
	}
	var none *keeper
	a, err := New(WithEventExporter(none), WithoutServer())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
