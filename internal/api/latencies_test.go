package api

import (
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
)

// TestLatencies: each stage has its own histogram, and null without observations.
func TestLatencies(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		names := []string{StageReceipt, StageHandler, StageResponse, StageQueue, StageWire, StageAck}
		var d Latencies
		ask(t, a, LatenciesPath, &d)
		for i, s := range d.Stages {
			if s.Stage != names[i] || s.Count != nil || s.P50 != nil || s.P95 != nil || s.P99 != nil {
				t.Errorf("before the first step: %+v", s)
			}
		}
		if len(d.Stages) != len(names) || d.Covered != nil {
			t.Fatalf("before the first step: %+v", d)
		}
		observe := func(n int, handler float64) {
			b.observe(catalog.ReceiptAge, 0.05, n, "type", "application_command")
			b.observe(catalog.HandlerDelay, handler, n, "type", "application_command")
			b.observe(catalog.ResponseDelay, 0.2, n, "type", "application_command", "command", "play")
			b.observe(catalog.QueueWait, 0.01, n, "route", catalog.RouteCallback)
			b.observe(catalog.QueueWait, 9, n, "route", "/channels/{id}/messages")
			b.observe(catalog.RequestDuration, 0.1, n, "route", catalog.RouteCallback, "method", "POST", "status", "204")
			b.observe(catalog.RequestDuration, 9, n, "route", "/channels/{id}/messages", "method", "POST", "status", "200")
		}
		observe(0, 0)
		b.steps(13)
		observe(500, 4)
		b.steps(40)
		observe(96, 0.001)
		observe(4, 20)
		b.steps(2)
		_, body := ask(t, a, LatenciesPath+"?over=2m", &d)
		if d.Window.Over != 120 || *d.Covered != 120 {
			t.Errorf("%s", body)
		}
		within := map[string][3][2]float64{ // bounds of the buckets of p50, p95 and p99
			StageReceipt:  {{0.025, 0.05}, {0.025, 0.05}, {0.025, 0.05}},
			StageHandler:  {{0, 0.005}, {0, 0.005}, {10, 10}}, // the last bucket has no upper bound
			StageResponse: {{0.1, 0.25}, {0.1, 0.25}, {0.1, 0.25}},
			StageQueue:    {{0.005, 0.01}, {0.005, 0.01}, {0.005, 0.01}},
			StageWire:     {{0.05, 0.1}, {0.05, 0.1}, {0.05, 0.1}},
		}
		for _, s := range d.Stages {
			bounds, observed := within[s.Stage]
			if !observed {
				if s.Stage != StageAck || s.Count != nil || s.P50 != nil || s.P95 != nil || s.P99 != nil {
					t.Errorf("%+v", s)
				}
				continue
			}
			if *s.Count != 100 {
				t.Errorf("%s: %v observations", s.Stage, *s.Count)
			}
			for i, p := range []*float64{s.P50, s.P95, s.P99} {
				if *p < bounds[i][0] || *p > bounds[i][1] {
					t.Errorf("%s: %v, want from %v to %v", s.Stage, *p, bounds[i][0], bounds[i][1])
				}
			}
			if !strings.HasPrefix(s.Query, "histogram_quantile(0.95, ") || !strings.Contains(s.Query, s.Metric+"_bucket") {
				t.Errorf("%s: %s", s.Metric, s.Query)
			}
		}
		refuses(t, a, map[string]string{LatenciesPath + "?quantile=0.5": "there is no such parameter"})
	})
}
