package e2e

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

// writing is a Collector that writes to a Prometheus.
func writing(t testing.TB, flags ...string) (*collector, *promServer) {
	t.Helper()
	p := startPrometheus(t, "prometheus", promConfigOfWrites(t), append([]string{takesRemoteWrite}, flags...)...)
	c := startCollector(t, map[string]string{"PROMETHEUS_REMOTE_WRITE_URL": p.remoteWriteURL()}, remoteWrite)
	return c, p
}

// TestShutdownFlushes: what was counted in the last moment before Shutdown arrives, though the next push was a minute away; and all of
// it is growth to Prometheus, because the push at the start said 0.
func TestShutdownFlushes(t *testing.T) {
	t.Parallel()
	c, p := writing(t)
	b := startBot(t, "shutdown", 1, pushTo(c.grpc, "OTEL_METRIC_EXPORT_INTERVAL", "60000"))
	total := `discord_interactions_total{cluster="shutdown",type="application_command",status="received"}`
	p.waitValue(total, 0, 10*time.Second)
	began := time.Now().Add(-time.Minute)
	b.interact(25)
	if v, ok := p.value(total); !ok || v != 0 {
		t.Fatalf("something was pushed before its time, so this test cannot tell: %v", v)
	}
	took := b.shutdown()
	arrived := p.waitValue(`sum(discord_interactions_total{cluster="shutdown"})`, 25, 10*time.Second)
	t.Logf("Shutdown took %v, and Prometheus had it %v later", took, arrived)
	if v := grown(p.history(total, began)); v != 25 {
		t.Errorf("the samples grow by %v, want 25", v)
	}
	if lines := b.lines("level=WARN"); len(lines) != 0 {
		t.Errorf("the log has warnings: %q", lines)
	}
}

// TestRestart: a bot that is restarted, with an instance id of each process (the default) and with one that it keeps, as README.md
// advises. increase() is right across the restart on both ways that make Prometheus' samples, and what the former process left is
// gone when it should be.
func TestRestart(t *testing.T) {
	t.Parallel()
	lookback := either(30*time.Second, 5*time.Minute)   // Prometheus' default is 5 min
	expiration := either(30*time.Second, 3*time.Minute) // and that of config.yaml 3 min
	for _, tt := range []struct {
		name, cluster string
		kept          bool
	}{
		{"an instance id for each process", "restart-new", false},
		{"an instance id that stays", "restart-kept", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flag := "--query.lookback-delta=" + lookback.String()
			written := startPrometheus(t, "prometheus-remote-write", promConfigOfWrites(t), takesRemoteWrite, flag)
			c := startCollector(t, map[string]string{
				"PROMETHEUS_REMOTE_WRITE_URL": written.remoteWriteURL(), "OTELCOL_METRIC_EXPIRATION": expiration.String(),
			}, remoteWrite, "yaml:service::pipelines::metrics::exporters: [prometheus, prometheus_remote_write]")
			collected := startPrometheus(t, "prometheus-collector", promConfig(t, "prometheus.yml", c.places()), flag)
			paths := []path{{"remote write", written}, {"Collector scrape", collected}}
			env := pushTo(c.grpc)
			if tt.kept {
				env["OTEL_RESOURCE_ATTRIBUTES"] = "service.instance.id=bot-7"
			}
			total := fmt.Sprintf(`discord_interactions_total{cluster=%q,type="application_command",status="received"}`, tt.cluster)
			guilds := fmt.Sprintf(`discord_guilds{cluster=%q}`, tt.cluster)

			began := time.Now()
			first := startBot(t, tt.cluster, 1, env)
			for _, p := range paths {
				p.waitValue(total, 0, 15*time.Second)
			}
			first.interact(60)
			for _, p := range paths {
				p.waitValue(total, 60, 15*time.Second)
			}
			pass(t, 8*time.Second) // the longer a series, the less increase() extrapolates
			first.shutdown()
			ended := time.Now()
			first.closeSessions()

			second := startBot(t, tt.cluster, 1, env)
			// The second process' first sample has to be there before it counts: what a new series starts with is no increase to
			// Prometheus. It is one to a series that goes on.
			rows := 2
			if tt.kept {
				rows = 1
			}
			for _, p := range paths {
				p.waitValue("count("+total+")", float64(rows), 15*time.Second)
				p.waitValue("min("+total+")", 0, 15*time.Second)
			}
			second.interact(40)
			for _, p := range paths {
				p.waitValue("min("+total+")", 40, 15*time.Second)
				if got := len(p.query(guilds)); got != rows {
					t.Errorf("%s: right after the restart %s has %d rows, want %d", p.name, guilds, got, rows)
				}
			}
			pass(t, 8*time.Second)
			for _, p := range paths {
				got, ok := p.value("sum(increase(" + total + "[2m]))")
				// Without extrapolation, which is a matter of where in a second the samples are.
				if exact := grown(p.history(total, began)); exact != 100 {
					t.Errorf("%s: the samples grow by %v over the restart, want 100", p.name, exact)
				}
				t.Logf("%s: increase() over the restart is %.1f, of 100 that were sent", p.name, got)
				if !ok || math.Abs(got-100) > 15 { // it extrapolates, by up to one interval at either end
					t.Errorf("%s: increase() over the restart is %v, want about 100", p.name, got)
				}
				if resets, ok := p.value("sum(resets(" + total + "[2m]))"); !ok || resets != map[bool]float64{true: 1}[tt.kept] {
					t.Errorf("%s: there are %v resets", p.name, resets)
				}
			}
			if tt.kept {
				return
			}
			for _, p := range slices.Backward(paths) { // the one that expires first
				after := lookback
				if p.promServer == collected {
					after = expiration
				}
				// The export, the Collector's and the scrape's seconds on top.
				p.waitValue("count("+guilds+")", 1, time.Until(ended.Add(after+15*time.Second)))
				took := time.Since(ended)
				t.Logf("%s: what the first process left was gone after %v; %v were promised", p.name, took.Round(100*time.Millisecond), after)
			}
		})
	}
}

// grown is what increase() is before it extrapolates: what was added from sample to sample, and all of a value that is less than the one before.
func grown(series model.Matrix) (sum float64) {
	for _, s := range series {
		for n := 1; n < len(s.Values); n++ {
			was, is := float64(s.Values[n-1].Value), float64(s.Values[n].Value)
			if is < was {
				was = 0
			}
			sum += is - was
		}
	}
	return sum
}
