package notify

import (
	"slices"
	"testing"
	"time"
)

// names are those of the alerts that are inhibited, and of what inhibits them.
func names(list []Inhibition) []string {
	var text []string
	for _, i := range list {
		text = append(text, i.Labels["alertname"]+" by "+i.By["alertname"])
	}
	slices.Sort(text)
	return text
}

// TestInhibited: an alert that follows from another one is known with its cause until that
// has ended. The slow alert stays inhibited, and is not told then.
func TestInhibited(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, quick())
	fatal, fast := firing("DiscordFatalClose", "critical", "1"), firing("DiscordAckBudgetBurnsFast", "critical", "1")
	f.Send(fatal, fast)
	activeAlerts(t, f, 2)
	f.Send(firing("DiscordShardDown", "warning", "1"), firing("DiscordAckBudgetBurnsSlowly", "warning", "1"), firing("DiscordShardDown", "warning", "2"))
	want := []string{"DiscordAckBudgetBurnsSlowly by DiscordAckBudgetBurnsFast", "DiscordShardDown by DiscordFatalClose"}
	eventually(t, "two alerts are inhibited", func() bool { return slices.Equal(names(f.Inhibited(t.Context())), want) })
	f.Send(resolved(fatal), resolved(fast))
	eventually(t, "one stays so", func() bool { return slices.Equal(names(f.Inhibited(t.Context())), want[:1]) })
	eventually(t, "the shards are told", func() bool {
		return slices.Contains(sink.titles(), "Warning: DiscordShardDown, 2 alerts, bot music")
	})
	sink.settleBy(t, f, "Marker")
	for _, title := range sink.titles() {
		if title == "Warning: DiscordAckBudgetBurnsSlowly on cluster 1 of bot music" {
			t.Errorf("told: %s", title)
		}
	}
}

// TestLinger: an alert that was inhibited stays so for as long as it looks back, and no
// longer; others do not.
func TestLinger(t *testing.T) {
	now := time.Now()
	slow, _ := convert([]Alert{firing("DiscordAckBudgetBurnsSlowly", "warning", "1"), firing("DiscordShardDown", "warning", "1")}, now)
	var l lingering
	for _, a := range slow {
		l.note(a, a.Labels, now)
	}
	if l.cause(slow[0], now.Add(29*time.Minute)) == nil || l.cause(slow[0], now.Add(30*time.Minute)) != nil || l.cause(slow[1], now) != nil {
		t.Errorf("remembered: %v", l.of)
	}
	other, _ := convert([]Alert{firing("DiscordAckBudgetBurnsSlowly", "warning", "2")}, now)
	if l.note(other[0], other[0].Labels, now.Add(time.Hour)); len(l.of) != 1 {
		t.Errorf("what has passed is kept: %v", l.of)
	}
}
