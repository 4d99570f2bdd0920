package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/page"
	"github.com/argus-dgo/argus/internal/evidence/promapi"
	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// The samples of TestQuestionsOfPrometheus: one each 15 s, over an hour.
const (
	knownStep = 15 * time.Second
	knownLast = 240 // the first has the number 0
)

// A knownFamily is a metric with its samples.
type knownFamily struct {
	name, kind string
	series     []knownSeries
}

// A knownSeries has a value at each step, or NaN where there is no sample.
type knownSeries struct {
	suffix, labels string
	value          func(i int) float64
}

// knownFamilies are those of the bot music, with a second bot, mod, beside it.
func knownFamilies(start time.Time) []knownFamily {
	constant := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	slope := func(v float64) func(int) float64 { return func(i int) float64 { return v * float64(i) } }
	histogram := func(labels string, perStep ...float64) []knownSeries { // up to the bounds 1 and 3, and all
		le := []string{"1.0", "3.0", "+Inf"}
		if strings.Contains(labels, `cluster="1"`) {
			le = []string{"1", "3", "+Inf"} // as Prometheus 2 has stored them
		}
		var series []knownSeries
		for n, v := range perStep {
			series = append(series, knownSeries{"_bucket", labels + `,le="` + le[n] + `"`, slope(v)})
		}
		return append(series, knownSeries{"_sum", labels, slope(1)}, knownSeries{"_count", labels, slope(perStep[2])})
	}
	const music, mod = `job="discord",bot="music"`, `job="discord",bot="mod"`
	unix := func(i int) float64 { return float64(start.Unix()) + float64(i)*knownStep.Seconds() }
	return []knownFamily{
		{"argus_up", "gauge", []knownSeries{{"", music + `,cluster="0"`, constant(1)}, {"", mod + `,cluster="0"`, constant(1)}}},
		{"discord_bot_info", "gauge", []knownSeries{{"", music + `,cluster="0",argus_version="v1"`, constant(1)}, {"", mod + `,cluster="0",argus_version="v1"`, constant(1)}}},
		{"discord_uptime_seconds", "gauge", []knownSeries{
			{"", music + `,cluster="0"`, slope(15)}, {"", music + `,cluster="1"`, slope(15)}, {"", music + `,cluster="2"`, slope(15)}, {"", mod + `,cluster="0"`, slope(15)},
		}},
		{"discord_guilds", "gauge", []knownSeries{
			{"", music + `,cluster="0"`, func(i int) float64 {
				switch {
				case i < 120:
					return 2500
				case i == 200:
					return 2000
				}
				return 2400
			}},
			{"", mod + `,cluster="0"`, constant(7)},
		}},
		{"discord_members", "gauge", []knownSeries{{"", music + `,cluster="0"`, func(i int) float64 {
			if i > 120 {
				return math.NaN()
			}
			return 9
		}}}},
		{"discord_shard_up", "gauge", []knownSeries{{"", music + `,cluster="0",shard="0"`, constant(1)}, {"", music + `,cluster="0",shard="1"`, constant(0)}}},
		{"discord_shard_latency_seconds", "gauge", []knownSeries{
			{"", music + `,cluster="0",shard="0"`, constant(math.Inf(1))}, {"", music + `,cluster="0",shard="1"`, constant(0.25)},
		}},
		{"discord_shard_heartbeat_ack_timestamp_seconds", "gauge", []knownSeries{
			{"", music + `,cluster="0",shard="0"`, func(i int) float64 { return unix(i) - 5 }}, {"", music + `,cluster="0",shard="1"`, constant(unix(0))},
		}},
		{"discord_shard_disconnects", "counter", []knownSeries{
			// Scraped and pushed.
			{"_total", music + `,cluster="0",instance="a",shard="0",code="4000",initiator="discord"`, slope(2)},
			{"_total", music + `,cluster="0",instance="b",shard="0",code="4000",initiator="discord"`, slope(2)},
			// A restart.
			{"_total", music + `,cluster="0",instance="a",shard="1",code="none",initiator="network"`, func(i int) float64 {
				if i > 219 {
					i -= 219
				}
				return 3 * float64(i)
			}},
			{"_total", mod + `,cluster="0",instance="a",shard="0",code="4000",initiator="discord"`, slope(50)},
		}},
		{
			"discord_interaction_receipt_age_seconds", "histogram",
			slices.Concat(histogram(music+`,cluster="0",type="ping"`, 1, 3, 4), histogram(music+`,cluster="1",type="ping"`, 0, 2, 2), histogram(music+`,cluster="2",type="ping"`, 0, 0, 0)),
		},
	}
}

// openMetrics writes the samples of the steps, with their times if start is not zero.
func openMetrics(families []knownFamily, start time.Time, steps ...int) string {
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintf(&b, "# TYPE %s %s\n", f.name, f.kind)
		for _, s := range f.series {
			for _, i := range steps {
				v := s.value(i)
				if math.IsNaN(v) {
					continue
				}
				text := strings.Replace(fmt.Sprint(v), "+Inf", "Inf", 1)
				fmt.Fprintf(&b, "%s%s{%s} %s", f.name, s.suffix, s.labels, text)
				if !start.IsZero() {
					fmt.Fprintf(&b, " %d", start.Add(time.Duration(i)*knownStep).Unix())
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.String() + "# EOF\n"
}

// TestQuestionsOfPrometheus: each form of a question has the value that the samples in a real Prometheus have, and a page of the last of
// them has the same, as far as it has any.
func TestQuestionsOfPrometheus(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(-time.Minute).Truncate(time.Minute)
	start := end.Add(-knownLast * knownStep)
	families := knownFamilies(start)
	dir := t.TempDir()
	steps := make([]int, knownLast+1)
	for i := range steps {
		steps[i] = i
	}
	file := filepath.Join(dir, "samples")
	write(t, file, []byte(openMetrics(families, start, steps...)))
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o750); err != nil {
		t.Fatal(err)
	}
	if out, err := output(t, tool(t, tools.Promtool), nil, "tsdb", "create-blocks-from", "openmetrics", file, filepath.Join(dir, "data")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := runPrometheusIn(t, dir, tool(t, tools.Prometheus), nil, freeAddr(t), "prometheus-questions", "", "--query.max-samples=2000")
	client := func(config promapi.Config) *promapi.Client {
		t.Helper()
		config.URL = "http://" + p.addr
		c, err := promapi.New(config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	c := client(promapi.Config{Bot: "music"})
	last, err := page.New([]byte(openMetrics(families, time.Time{}, knownLast)), page.Config{Made: end, Bot: "music"})
	if err != nil {
		t.Fatal(err)
	}

	const (
		minutes = 10 * time.Minute
		hours   = 2 * time.Hour // longer than the bot has run
	)
	shard := []string{"shard"}
	healthy := []evidence.Match{evidence.Is("shard", "0")}
	for name, q := range map[string]struct {
		question evidence.Question
		want     string // cluster, the label asked for, value
		page     string // the same where empty, "-" for no answer
	}{
		"last":             {evidence.Question{Form: evidence.Last, Of: catalog.Guilds}, "0=2400", ""},
		"last, lowest":     {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, Combine: evidence.Min}, "0=0", ""},
		"last, sum":        {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, Combine: evidence.Sum}, "0=1", ""},
		"last by shard":    {evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, By: shard}, "0/0=1 0/1=0", ""},
		"infinite":         {evidence.Question{Form: evidence.Last, Of: catalog.ShardLatency, By: shard}, "0/1=0.25", ""},
		"ended":            {evidence.Question{Form: evidence.Last, Of: catalog.Members}, "", ""},
		"ended, before":    {evidence.Question{Form: evidence.Last, Of: catalog.Members, Ago: 30 * time.Minute}, "0=9", "-"},
		"total":            {evidence.Question{Form: evidence.Last, Of: catalog.ShardDisconnects}, "0=543", ""}, // 480 once, and 63 since the restart
		"last, ago":        {evidence.Question{Form: evidence.Last, Of: catalog.Guilds, Ago: 45 * time.Minute}, "0=2500", "-"},
		"age by shard":     {evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck, By: shard}, "0/0=5 0/1=3600", ""},
		"greatest age":     {evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck}, "0=3600", ""},
		"age, ago":         {evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck, By: shard, Ago: 45 * time.Minute}, "0/0=5 0/1=900", "-"},
		"increase":         {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: minutes}, "0=200", "-"}, // 40 steps of 2 and 3
		"increase by code": {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: minutes, By: []string{"code"}}, "0/4000=80 0/none=120", "-"},
		"increase not":     {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: minutes, Where: []evidence.Match{evidence.IsNot("code", "4000", "x.")}}, "0=120", "-"},
		"increase, ago":    {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: minutes, Ago: 10 * time.Minute, Where: healthy}, "0=80", "-"},
		"increase of all":  {evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, Over: hours, Where: healthy}, "0=480", ""},
		"rate":             {evidence.Question{Form: evidence.Rate, Of: catalog.ShardDisconnects, Over: minutes}, "0=0.333333", "-"},
		"rate of all":      {evidence.Question{Form: evidence.Rate, Of: catalog.ShardDisconnects, Over: hours, Where: healthy}, "0=0.066667", ""},
		"observations":     {evidence.Question{Form: evidence.Increase, Of: catalog.ReceiptAge, Over: minutes}, "0=160 1=80 2=0", "-"},
		"quantile":         {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, Over: minutes, At: 0.5}, "0=2 1=2", "-"},
		"quantile of all":  {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, Over: hours, At: 0.125}, "0=0.5 1=1.25", ""},
		"highest quantile": {evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, Over: hours, At: 0.99}, "0=3 1=2.98", ""},
		"above":            {evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, Over: minutes, At: 3}, "0=40 1=0 2=0", "-"},
		"above of all":     {evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, Over: hours, At: 3}, "0=240 1=0 2=0", ""},
		"above no bound":   {evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, Over: hours, At: 2}, "", ""},
		"highest":          {evidence.Question{Form: evidence.Highest, Of: catalog.Guilds, Over: 31 * time.Minute}, "0=2500", "-"},
		"lowest":           {evidence.Question{Form: evidence.Lowest, Of: catalog.Guilds, Over: 31 * time.Minute}, "0=2000", "-"},
		"changes":          {evidence.Question{Form: evidence.Changes, Of: catalog.Guilds, Over: 31 * time.Minute}, "0=3", "-"},
	} {
		label := ""
		if len(q.question.By) > 0 {
			label = q.question.By[0]
		}
		want := map[string]string{"Prometheus": q.want, "the page": q.want}
		if q.page != "" {
			want["the page"] = strings.TrimPrefix(q.page, "-")
		}
		for source, s := range map[string]evidence.Source{"Prometheus": c, "the page": last} {
			answers, err := s.Ask(t.Context(), end, q.question)
			if err != nil {
				t.Errorf("%s: %s: %v", name, source, err)
				continue
			}
			var rows []string
			for _, v := range answers[0] {
				if v.Labels["bot"] != "music" || v.Labels["job"] != "discord" {
					t.Errorf("%s: %s: the labels are %v", name, source, v.Labels)
				}
				row := v.Labels["cluster"]
				if label != "" {
					row += "/" + v.Labels[label]
				}
				rows = append(rows, fmt.Sprintf("%s=%v", row, math.Round(v.Number*1e6)/1e6))
			}
			if got := strings.Join(rows, " "); got != want[source] {
				t.Errorf("%s: %s answers %q, want %q", name, source, got, want[source])
			}
		}
	}

	t.Run("trace", func(t *testing.T) {
		// A series whose last sample is of the middle, and stands for 5 minutes.
		middle := start.Add(120 * knownStep)
		series, err := c.Trace(t.Context(), middle.Add(-time.Minute), middle.Add(10*time.Minute), evidence.Question{Form: evidence.Last, Of: catalog.Members})
		if err != nil || len(series) != 1 {
			t.Fatalf("%v, %v", series, err)
		}
		points := series[0].Points
		if first, last := points[0].At, points[len(points)-1].At; len(points) != 72 || !first.Equal(middle.Add(-time.Minute)) || !last.Equal(middle.Add(295*time.Second)) {
			t.Errorf("%d points from %v to %v, want 72 around %v", len(points), first, last, middle)
		}
		for _, point := range points {
			if point.Number != 9 {
				t.Errorf("%v", point)
			}
		}
		_, err = c.Trace(t.Context(), start, end, evidence.Question{Form: evidence.Increase, Of: catalog.ReceiptAge, Over: minutes})
		if err == nil || !strings.Contains(err.Error(), "(status 422): query processing would load too many samples") {
			t.Errorf("too many samples: %v", err)
		}
	})
	t.Run("check", func(t *testing.T) {
		bots, err := c.Bots(t.Context())
		if err != nil || !slices.Equal(bots, []evidence.Bot{{Job: "discord", Name: "mod"}, {Job: "discord", Name: "music"}}) {
			t.Errorf("%v, %v", bots, err)
		}
		for _, good := range []promapi.Config{{}, {Bot: "mod", Job: "discord"}} {
			if err := client(good).Check(t.Context()); err != nil {
				t.Errorf("%+v: %v", good, err)
			}
		}
		for want, bad := range map[string]promapi.Config{`there is no bot "chat"`: {Bot: "chat"}, `the namespace of the metrics is "discord"`: {Namespace: "fun"}} {
			if err := client(bad).Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		empty := startPrometheus(t, "prometheus-empty", "")
		c, err := promapi.New(promapi.Config{URL: "http://" + empty.addr})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "it does not scrape a bot with Argus") {
			t.Errorf("an empty Prometheus: %v", err)
		}
	})
}
