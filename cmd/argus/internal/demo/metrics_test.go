package demo

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/internal/catalog"
)

func parsePage(t *testing.T, page string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatalf("the page cannot be parsed: %v\n%s", err, page)
	}
	return families
}

// still are the instruments that do not move in a bot which is healthy but for
// what Discord does to it, with the value that all of their series have.
func still(shards int) map[string]float64 {
	return map[string]float64{
		catalog.ShardsConfigured.Name:      float64(shards),
		catalog.BotShards.Name:             float64(shards),
		catalog.CommandNames.Name:          10,
		catalog.BotInfo.Name:               1,
		catalog.Up.Name:                    1,
		catalog.SubsystemUp.Name:           1,
		catalog.InstrumentationErrors.Name: 0, // anything else is a fault of ours
		catalog.TimersEvicted.Name:         0,
		catalog.ProxyResponses.Name:        0, // there is no proxy
	}
}

// elsewhere are the instruments that this demo need not move: a budget is used up
// in a scenario of its own, music is played on a calm day, the interval is
// Discord's choice, all sessions are attached before Open, and the machine may have no
// CPU limit.
var elsewhere = []catalog.Instrument{
	catalog.HeartbeatInterval, catalog.Sessions, catalog.VoiceClients, catalog.VoiceDisconnects,
	catalog.SessionStartRemaining, catalog.SessionStartLimit, catalog.SessionStartReset, catalog.SessionStartConcurrency,
	catalog.CPULimit, catalog.CPUThrottled,
}

func isElsewhere(i catalog.Instrument) bool {
	return slices.ContainsFunc(elsewhere, func(e catalog.Instrument) bool { return e.Name == i.Name })
}

// total is one number for an instrument, over all its series: what it adds up
// to, and for a histogram how many observations there were.
func total(family *dto.MetricFamily) float64 {
	sum := 0.0
	for _, m := range family.GetMetric() {
		sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return sum
}

// weighed is total with a weight for each series, so that it also changes when
// one of them takes over from another.
func weighed(family *dto.MetricFamily) float64 {
	sum := 0.0
	for n, m := range family.GetMetric() {
		sum += float64(n+1) * (m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount()))
	}
	return sum
}

func TestEverySignalIsThereAndMoves(t *testing.T) {
	t.Parallel()
	const shards = 2
	r := begin(t, "--addr", "127.0.0.1:0", "--shards", "2", "--guilds", "24", "--rate", "300", "--cluster", "moving")
	r.eager = true // the offset of the clock is a minimum, which moves in the first seconds alone
	r.ready(t)
	url := r.pages("metrics")[0]

	seen := map[string]map[float64]bool{} // by instrument, the weighed totals that it had
	last := map[string]float64{}
	fixed := still(shards)
	// What must have happened by the end, beside the instruments' moving.
	const (
		expired = `discord_interactions_total{cluster="moving",status="expired",type="application_command"}`
		unknown = `discord_gateway_events_total{cluster="moving",event="unknown"}`
		other   = `discord_app_commands_total{cluster="moving",command="other",status="success"}`
	)
	waiting := func() (what []string) {
		page := mustGet(t, url)
		families := parsePage(t, page)
		checkSeries(t, families, "moving")
		checkSecrets(t, page)
		for _, i := range catalog.All() {
			family := families[i.PrometheusName()]
			if family == nil && (i.Name == catalog.CPULimit.Name || i.Name == catalog.CPUThrottled.Name) {
				continue // the machine has no limit
			}
			if family == nil && (i.Name == catalog.TelemetryDropped.Name || i.Name == catalog.ExportDropped.Name) {
				continue // spans and events are off
			}
			if family == nil {
				what = append(what, i.Name+" is not there")
				continue
			}
			now := total(family)
			if (i.Kind == catalog.Counter || i.Kind == catalog.Histogram) && now < last[i.Name] {
				t.Fatalf("%s went back from %v to %v", i.Name, last[i.Name], now)
			}
			last[i.Name] = now
			if seen[i.Name] == nil {
				seen[i.Name] = map[float64]bool{}
			}
			seen[i.Name][weighed(family)] = true
			if value, ok := fixed[i.Name]; ok {
				for _, m := range family.GetMetric() {
					if got := m.GetGauge().GetValue() + m.GetCounter().GetValue(); got != value {
						t.Errorf("%s is %v, want %v: %v", i.Name, got, value, m)
					}
				}
			} else if len(seen[i.Name]) < 2 && !isElsewhere(i) {
				what = append(what, fmt.Sprintf("%s stays as it is, %v in all", i.Name, now))
			}
		}
		for _, series := range []string{expired, unknown, other} {
			if !strings.Contains(page, "\n"+series) || strings.Contains(page, "\n"+series+" 0\n") {
				what = append(what, series+" is 0 or not there")
			}
		}
		for _, scope := range []string{catalog.ScopeUser, catalog.ScopeShared, catalog.ScopeGlobal} {
			if !positive(families["discord_ratelimits_total"], "scope", scope) {
				what = append(what, "no rate limit of scope "+scope)
			}
		}
		for _, kind := range []string{catalog.KindIdentify, catalog.KindResume} {
			if !positive(families["discord_shard_reconnects_total"], "kind", kind) {
				what = append(what, "no reconnect of kind "+kind)
			}
		}
		for _, initiator := range catalog.Initiators() {
			if !positive(families["discord_shard_disconnects_total"], "initiator", initiator) {
				what = append(what, "no disconnect by "+initiator)
			}
		}
		for _, failed := range []string{"*discordgo.RESTError", "*demo.trackNotFoundError", "context.deadlineExceededError"} {
			if !positive(families["discord_command_errors_total"], "error_type", failed) {
				what = append(what, "no error of type "+failed)
			}
		}
		return what
	}
	var missing []string
	defer func() {
		if t.Failed() {
			t.Logf("what was missing at the last look:\n%s", strings.Join(missing, "\n"))
		}
	}()
	r.until(t, "every signal to move", func() bool {
		missing = waiting()
		return len(missing) == 0
	})

	// Discord and the bot are up again after the last fault.
	r.until(t, "all shards to be up", func() bool {
		return strings.Contains(mustGet(t, url), "\ndiscord_shards_connected{cluster=\"moving\"} 2\n")
	})
	if up := fmt.Sprintf("%d of %d shards up", shards, shards); !r.wrote(up)() {
		r.until(t, "a status line with "+up, r.wrote(up))
	}
	for _, kind := range []string{"op 7", "op 9", "a connection breaks", "a guild becomes unavailable", "429, global limit"} {
		r.until(t, "the demo to report "+kind, r.wrote(kind))
	}
}

func positive(family *dto.MetricFamily, label, value string) bool {
	for _, m := range family.GetMetric() {
		if m.GetCounter().GetValue() > 0 && labels(m)[label] == value {
			return true
		}
	}
	return false
}

func labels(m *dto.Metric) map[string]string {
	set := map[string]string{}
	for _, l := range m.GetLabel() {
		set[l.GetName()] = l.GetValue()
	}
	return set
}

var snowflake = regexp.MustCompile(`[0-9]{15}`)

// checkSeries looks at every series of a page: cluster, only the labels that the
// catalog has, only values of closed sets, and numbers that can be.
func checkSeries(t *testing.T, families map[string]*dto.MetricFamily, cluster string) {
	t.Helper()
	known := map[string]catalog.Instrument{}
	for _, i := range catalog.All() {
		known[i.PrometheusName()] = i
	}
	for name, family := range families {
		instrument, ours := known[name]
		if !ours && (strings.HasPrefix(name, "discord_") || strings.HasPrefix(name, "argus_")) {
			t.Errorf("%s is not in the catalog", name)
		}
		for _, m := range family.GetMetric() {
			set := labels(m)
			if set["cluster"] != cluster {
				t.Fatalf("%s: a series has cluster %q, want %q: %v", name, set["cluster"], cluster, m)
			}
			for label, value := range set {
				if name != "target_info" && snowflake.MatchString(value) {
					t.Fatalf("%s: the label %s has an id: %q", name, label, value)
				}
			}
			if !ours {
				continue
			}
			delete(set, "cluster")
			if got, want := slices.Sorted(maps.Keys(set)), slices.Sorted(slices.Values(instrument.LabelNames())); !slices.Equal(got, want) {
				t.Fatalf("%s has the labels %v, want %v", name, got, want)
			}
			for _, l := range instrument.Labels {
				if l.Values != nil && !slices.Contains(l.Values, set[l.Name]) {
					t.Fatalf("%s: %s=%q is not in its closed set", name, l.Name, set[l.Name])
				}
			}
			checkValue(t, instrument, m)
		}
	}
}

// mostPlausible are bounds of some gauges in a demo of this size, on a machine that
// is slow.
var mostPlausible = map[string]float64{
	// discordgo gives up at the first heartbeat that is due more than five intervals,
	// of 10 s at most, after the last acknowledgement: 60 s, and what a busy machine adds.
	catalog.ShardLatency.Name:      120,
	catalog.ShardUp.Name:           1,
	catalog.ShardsConnected.Name:   2,
	catalog.Guilds.Name:            40,
	catalog.GuildsUnavailable.Name: 40,
	catalog.Members.Name:           40 * (membersPerGuild + 20),
	catalog.CachedMembers.Name:     40 * (membersPerGuild + 20),
	catalog.PrivateChannels.Name:   directChannels,
	catalog.VoiceClients.Name:      players,
	catalog.Uptime.Name:            3600,
}

func checkValue(t *testing.T, i catalog.Instrument, m *dto.Metric) {
	t.Helper()
	value := m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetHistogram().GetSampleSum()
	if math.IsNaN(value) || math.IsInf(value, 0) || value < 0 && i.Name != catalog.ClockOffset.Name {
		t.Fatalf("%s is %v: %v", i.Name, value, m)
	}
	if most, ok := mostPlausible[i.Name]; ok && value > most {
		t.Fatalf("%s is %v, more than %v: %v", i.Name, value, most, m)
	}
	if i.Kind != catalog.Histogram {
		return
	}
	h := m.GetHistogram()
	if mean := h.GetSampleSum() / float64(h.GetSampleCount()); h.GetSampleCount() > 0 && mean > 60 {
		t.Fatalf("%s: the mean is %v s: %v", i.Name, mean, m)
	}
	var bounds []float64
	for _, b := range h.GetBucket() {
		if !math.IsInf(b.GetUpperBound(), 1) {
			bounds = append(bounds, b.GetUpperBound())
		}
	}
	if !slices.Equal(bounds, i.Buckets) {
		t.Fatalf("%s has the buckets %v, want %v", i.Name, bounds, i.Buckets)
	}
}

// checkSecrets looks for what the fake gives the bot as tokens.
func checkSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{"not-a-secret", "interaction-token"} {
		if strings.Contains(text, secret) {
			t.Fatalf("a token got out: %q", secret)
		}
	}
}

func TestPromlint(t *testing.T) {
	t.Parallel()
	r := begin(t, "--addr", "127.0.0.1:0", "--shards", "1", "--guilds", "5", "--rate", "300")
	r.ready(t)
	var page string
	r.until(t, "errors and rate limits", func() bool {
		page = mustGet(t, r.pages("metrics")[0])
		return strings.Contains(page, "discord_command_errors_total{") && strings.Contains(page, "discord_command_duration_seconds_count{")
	})
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
}
