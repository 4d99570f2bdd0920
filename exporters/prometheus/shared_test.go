package prometheus_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus/exporters/prometheus"
)

// silent is a collector that describes nothing.
type silent struct{ client.Collector }

func (silent) Describe(chan<- *client.Desc) {}

// TestProgramHasTheName: if the program has a metric under one of the exporter's
// names, registered before or after, the program's stays, and neither page is lost.
func TestProgramHasTheName(t *testing.T) {
	gauge := func(name, help string, labels ...string) client.Collector {
		g := client.NewGaugeVec(client.GaugeOpts{Name: name, Help: help}, labels)
		g.WithLabelValues(labels...).Set(7)
		return g
	}
	latency := "discord_shard_latency_seconds"
	for name, tt := range map[string]struct {
		theirs client.Collector
		ours   string // name that the exporter leaves out
	}{
		"other help":          {gauge(latency, "Mine."), latency},
		"the same help":       {gauge(latency, "Heartbeat round trip.", "shard"), latency},
		"other labels":        {gauge(latency, "Heartbeat round trip.", "x", "y"), latency},
		"no series yet":       {client.NewGaugeVec(client.GaugeOpts{Name: latency, Help: "Mine."}, []string{"x"}), latency},
		"other type":          {client.NewCounter(client.CounterOpts{Name: latency, Help: "Heartbeat round trip."}), latency},
		"const labels":        {client.NewGauge(client.GaugeOpts{Name: latency, Help: "Mine.", ConstLabels: client.Labels{"cluster": "x"}}), latency},
		"a name of a series":  {gauge("discord_command_duration_seconds_count", "Mine."), "discord_command_duration_seconds"},
		"as a histogram":      {client.NewHistogram(client.HistogramOpts{Name: "discord_gateway_events_total", Help: "Mine."}), "discord_gateway_events_total"},
		"target_info":         {gauge("target_info", "Mine."), "target_info"},
		"the go collector":    {collectors.NewGoCollector(), "go_goroutines"},
		"one go metric":       {gauge("go_goroutines", "Mine."), "go_goroutines"},
		"the process":         {collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), "process_start_time_seconds"},
		"the counter of ours": {gauge("promhttp_metric_handler_errors_total", "Mine.", "cause"), "promhttp_metric_handler_errors_total"},
	} {
		for _, when := range []string{"before", "after", "in between"} {
			t.Run(name+" "+when, func(t *testing.T) {
				reg := client.NewRegistry()
				theirs := promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
				if when == "before" {
					reg.MustRegister(tt.theirs)
				}
				var reports errorList
				e := newExporter(t, prometheus.WithRegistry(reg, reg), prometheus.WithConstLabels(map[string]string{"cluster": "c"}),
					prometheus.WithCollectors(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})),
					prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)))
				if when == "after" {
					reg.MustRegister(tt.theirs) // panics if the exporter's registration conflicts
				}
				fill(t, newMeter(e))
				if when == "in between" {
					readPage(t, get(t, theirs, textPlain))
					reg.MustRegister(tt.theirs)
				}
				for page, h := range map[string]http.Handler{"ours": e.Handler(), "theirs": theirs} {
					families := readPage(t, get(t, h, textPlain))
					if mf := families[tt.ours]; mf != nil {
						for _, m := range mf.Metric {
							for _, l := range m.Label {
								if l.GetName() == "cluster" && l.GetValue() != "x" {
									t.Errorf("%s: %s is on the page", page, tt.ours)
								}
							}
						}
					}
					if families["discord_rest_requests_in_flight"] == nil {
						t.Errorf("%s: the rest is gone", page)
					}
				}
				told := ""
				for _, err := range append(reports.all(), e.Skipped()...) {
					told += err.Error() + "\n"
				}
				if !strings.Contains(told, tt.ours) && when != "before" {
					t.Errorf("the reports do not name %s: %q", tt.ours, told)
				}
				if told == "" {
					t.Error("nobody was told")
				}
			})
		}
	}
}

// TestProgramHasTheNameUndescribed: the same for a collector that describes nothing
// and is registered before.
func TestProgramHasTheNameUndescribed(t *testing.T) {
	reg := client.NewRegistry()
	reg.MustRegister(silent{client.NewGauge(client.GaugeOpts{Name: "discord_shard_latency_seconds", Help: "Mine."})})
	e := newExporter(t, prometheus.WithRegistry(reg, reg), prometheus.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {})))
	fill(t, newMeter(e))
	if _, err := reg.Gather(); err != nil {
		t.Errorf("the program's page is gone: %v", err)
	}
}

// TestProgramHasTheNameLate: a collector that describes nothing and is registered
// later is found by the next look. Until then the exporter's page says what is missing,
// and the program's own page may have no metrics.
func TestProgramHasTheNameLate(t *testing.T) {
	before := prometheus.SetLookEvery(0)
	defer prometheus.SetLookEvery(before)
	for name, prefix := range map[string]string{"registry": "", "wrapped registry": "bot_"} {
		t.Run(name, func(t *testing.T) {
			latency := prefix + "discord_shard_latency_seconds"
			reg := client.NewRegistry()
			theirs := promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
			var reports errorList
			e := newExporter(t, prometheus.WithRegistry(client.WrapRegistererWithPrefix(prefix, reg), reg), prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)))
			fill(t, newMeter(e))
			readPage(t, get(t, theirs, textPlain))
			late := client.NewGauge(client.GaugeOpts{Name: latency, Help: "Mine."})
			late.Set(7)
			reg.MustRegister(silent{late})
			await(t, "the program's page", func() bool { return get(t, theirs, textPlain).Code == http.StatusOK })
			for page, h := range map[string]http.Handler{"ours": e.Handler(), "theirs": theirs} {
				var families map[string]*dto.MetricFamily
				await(t, page+" with the program's metric", func() bool {
					families = readPage(t, get(t, h, textPlain))
					mf := families[latency]
					return mf.GetHelp() == "Mine." && len(mf.Metric) == 1 && mf.Metric[0].GetGauge().GetValue() == 7
				})
				if families[prefix+"discord_rest_requests_in_flight"] == nil {
					t.Errorf("%s: the rest is gone", page)
				}
			}
			told := ""
			for _, err := range reports.all() {
				told += err.Error() + "\n"
			}
			if !strings.Contains(told, "names the program's registry already uses") || !strings.Contains(told, latency) {
				t.Errorf("nobody was told: %q", told)
			}
		})
	}
}

// TestPrefixedRegistry: names are compared with the registry's prefix.
func TestPrefixedRegistry(t *testing.T) {
	reg := client.NewRegistry()
	reg.MustRegister(client.NewGauge(client.GaugeOpts{Name: "bot_discord_shard_latency_seconds", Help: "Mine."}),
		client.NewGauge(client.GaugeOpts{Name: "discord_rest_requests_in_flight", Help: "Mine."}))
	e := newExporter(t, prometheus.WithRegistry(client.WrapRegistererWithPrefix("bot_", reg), reg), prometheus.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {})))
	fill(t, newMeter(e))
	mfs, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, mf := range mfs {
		names += mf.GetName() + "\n"
	}
	if !strings.Contains(names, "bot_discord_rest_requests_in_flight\n") || strings.Contains(names, "argus_probe") {
		t.Errorf("the registry has %s", names)
	}
}

// TestExpect: conflicts are reported once, before the first scrape.
func TestExpect(t *testing.T) {
	reg := client.NewRegistry()
	reg.MustRegister(client.NewGauge(client.GaugeOpts{Name: "discord_shard_latency_seconds", Help: "Mine."}))
	var reports errorList
	e := newExporter(t, prometheus.WithRegistry(reg, reg), prometheus.WithErrorHandler(otel.ErrorHandlerFunc(reports.add)))
	e.Expect("discord_shard_latency_seconds", "discord_guilds")
	errs := reports.all()
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), `"discord_shard_latency_seconds"`) || strings.Contains(errs[0].Error(), "discord_guilds") {
		t.Fatalf("reports = %v", errs)
	}
	fill(t, newMeter(e))
	readPage(t, get(t, e.Handler(), textPlain))
	if errs := reports.all(); len(errs) != 1 {
		t.Errorf("reports = %v, want no second", errs)
	}
	newExporter(t).Expect("discord_guilds") // without a shared registry
}

// TestRegistryInRegistry: a registry is locked while another one collects it, and a
// third goroutine waits to register. There is no deadlock.
func TestRegistryInRegistry(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	inner, outer := client.NewRegistry(), client.NewRegistry()
	e := newExporter(t, prometheus.WithRegistry(inner, inner), prometheus.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {})))
	fill(t, newMeter(e))
	collecting, registering := make(chan struct{}), make(chan struct{})
	var once sync.Once
	inner.MustRegister(client.NewGaugeFunc(client.GaugeOpts{Name: "waits", Help: "Until somebody registers."}, func() float64 {
		once.Do(func() {
			close(collecting)
			<-registering
		})
		return 1
	}))
	outer.MustRegister(silent{inner})
	done := make(chan error, 1)
	go func() {
		<-collecting
		go func() {
			done <- inner.Register(client.NewGauge(client.GaugeOpts{Name: "late", Help: "Late."}))
		}()
		close(registering)
	}()
	if _, err := outer.Gather(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
