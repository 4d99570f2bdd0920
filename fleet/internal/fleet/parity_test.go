package fleet

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	argus "github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/expect"
)

// moving are series whose values change by themselves.
var moving = []string{"go_", "process_", "discord_uptime_seconds", "discord_gateway_session_start_reset", "discord_shard_lock_unavailable", "target_info", "promhttp_"}

func moves(name string) bool {
	return slices.ContainsFunc(moving, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// key writes a series.
func key(name string, labels map[string]string) string {
	var b strings.Builder
	b.WriteString(name)
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		value := labels[label]
		if f, err := strconv.ParseFloat(value, 64); label == "le" && err == nil {
			value = fmt.Sprint(f)
		}
		fmt.Fprintf(&b, " %s=%s", label, value)
	}
	return b.String()
}

// scraped are the series of a page of metrics.
func scraped(t *testing.T, h http.Handler) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range m.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				series[key(name, labels)] = m.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				series[key(name, labels)] = m.GetGauge().GetValue()
			case dto.MetricType_SUMMARY:
				series[key(name+"_count", labels)] = float64(m.GetSummary().GetSampleCount())
				series[key(name+"_sum", labels)] = m.GetSummary().GetSampleSum()
				for _, q := range m.GetSummary().GetQuantile() {
					with := maps.Clone(labels)
					with["quantile"] = fmt.Sprint(q.GetQuantile())
					series[key(name, with)] = q.GetValue()
				}
			case dto.MetricType_HISTOGRAM:
				series[key(name+"_count", labels)] = float64(m.GetHistogram().GetSampleCount())
				series[key(name+"_sum", labels)] = m.GetHistogram().GetSampleSum()
				for _, b := range m.GetHistogram().GetBucket() {
					with := maps.Clone(labels)
					with["le"] = fmt.Sprint(b.GetUpperBound())
					series[key(name+"_bucket", with)] = float64(b.GetCumulativeCount())
				}
			}
		}
	}
	return series
}

// TestParity: the fleet has the series of a bot's page with equal names, labels and, once
// nothing happens any more, values.
func TestParity(t *testing.T) {
	p := start(t)
	discord := newDiscord(t, discordtest.WithShards(2), discordtest.WithGuilds(6))
	push(t, p.OTLPGRPC())
	b := newBot(t, discord, "0", 2, 2, 0, argus.WithExporters(argus.OTLP, argus.Prometheus), argus.WithoutServer(), argus.WithRegion("eu"), argus.WithBot("music"))
	for n := range 20 {
		if err := discord.Dispatch(n%2, "INTERACTION_CREATE", discord.Interaction(discordtest.ApplicationCommand, time.Now(), "play")); err != nil {
			t.Fatal(err)
		}
	}
	stored := func() map[string]float64 {
		series, err := p.engine.Query(t.Context(), `{cluster="0",job="discord-bot",__name__!~"target_info|.*:.*|ALERTS.*"}`, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		of := map[string]float64{}
		for _, s := range series {
			name := s.Labels["__name__"]
			for _, label := range []string{"__name__", "job", "instance"} {
				delete(s.Labels, label)
			}
			of[key(name, s.Labels)] = s.Points[0].Number
		}
		return of
	}
	expect.Eventually(t, "the outcomes of all interactions", func() bool {
		return scraped(t, b.Handler())[key("discord_interaction_acks_total", map[string]string{"bot": "music", "cluster": "0", "region": "eu", "outcome": "missed", "type": "application_command"})] == 20
	})
	var differences []string
	began := time.Now()
	expect.Eventually(t, "the fleet to have what the page has", func() bool {
		differences = nil
		page, fleet := scraped(t, b.Handler()), stored()
		for series, value := range page {
			name, _, _ := strings.Cut(series, " ")
			if strings.HasPrefix(name, "promhttp_") || name == "target_info" {
				continue // about scrapes, and with other labels
			}
			got, there := fleet[series]
			if !there || !same(name, got, value) && !moves(name) {
				differences = append(differences, fmt.Sprintf("%s is %v (there: %t), on the page %v", series, got, there, value))
			}
		}
		for series := range fleet {
			if _, there := page[series]; !there {
				differences = append(differences, series+" is not on the page")
			}
		}
		return len(differences) == 0 || time.Since(began) > expect.Patience/2
	})
	if n := len(stored()); n < 250 {
		t.Errorf("only %d series were compared", n)
	}
	for _, d := range differences[:min(10, len(differences))] {
		t.Error(d)
	}
}

// same compares two values of a series. The page and the push add up durations each on its own,
// and those that are recorded at the same time in an order of its own, so that the last digits
// of a sum may differ.
func same(name string, a, b float64) bool {
	return a == b || strings.HasSuffix(name, "_sum") && math.Abs(a-b) <= 1e-12*math.Max(math.Abs(a), math.Abs(b))
}
