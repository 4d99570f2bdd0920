package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/argus-dgo/argus/internal/evidence"
)

// TestHoursOfData: what was pushed in the hours before a restart is there after it, whether
// the process ended or was killed, and queries have the same answers.
func TestHoursOfData(t *testing.T) {
	const (
		hours = 4 // the newest are in the write-ahead log, those before in a block
		step  = 15 * time.Second
	)
	end := time.Now().Truncate(step)
	now := end.Add(-hours * time.Hour)
	dir := t.TempDir()
	e := open(t, dir, func(o *Options) { o.Now = func() time.Time { return now } })
	for n := int64(0); now.Before(end); n++ {
		for _, instance := range []string{"i", "j"} {
			push(t, e, room, instance, func(list pmetric.MetricSlice) {
				counter(list, "discord.gateway.events", "{event}", n*n, now, pmetric.AggregationTemporalityCumulative)
				gauge(list, "discord.guilds", float64(n%97), now)
			})
		}
		now = now.Add(step)
	}
	if err := e.db.Compact(t.Context()); err != nil || len(e.db.Blocks()) == 0 { // it is done by itself too, some time later
		t.Fatalf("%v, and there are %d blocks", err, len(e.db.Blocks()))
	}
	answers := func(e *Engine) string {
		var b strings.Builder
		for _, expr := range []string{
			"sum by (instance) (rate(discord_gateway_events_total[5m]))", "discord_guilds", `quantile_over_time(0.9, discord_guilds{instance="j"}[1h])`,
		} {
			series, err := e.QueryRange(t.Context(), expr, end.Add(-hours*time.Hour), end, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(series, func(a, b evidence.Series) int { return strings.Compare(a.Labels["instance"], b.Labels["instance"]) })
			for _, s := range series {
				fmt.Fprintln(&b, expr, s.Labels, s.Points)
			}
		}
		return b.String()
	}
	want := answers(e)
	if n := strings.Count(want, "\n"); n != 5 || rows(t, e, "count_over_time(discord_guilds{instance=\"i\"}[4h])", end.Add(-time.Millisecond)) == "" {
		t.Fatalf("there are %d answers", n)
	}
	killed := copyOf(t, dir)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"ended": dir, "killed": killed} {
		if got := answers(open(t, dir)); got != want {
			t.Errorf("after the process was %s: the answers differ", name)
		}
	}
}
