package rules

import (
	"math"
	"strings"
	"testing"
)

// TestSay renders the texts of every alert as a reader gets them.
func TestSay(t *testing.T) {
	labels := map[string]string{}
	for _, name := range []string{"cluster", "shard", "command", "code", "outcome", "status", "subsystem", "hook", "timer", "instance", "job"} {
		labels[name] = "the-" + name
	}
	for _, g := range Alerts() {
		for _, a := range g.Alerts {
			for _, text := range []func() (string, string){
				func() (string, string) { return a.Say(labels, 0.25) },
				func() (string, string) { return a.Say(nil, math.NaN()) },
			} {
				summary, description := text()
				if summary == "" || description == "" || strings.Contains(summary+description, "{{") || strings.Contains(summary+description, "<no value>") {
					t.Errorf("%s: %q, %q", a.Name, summary, description)
				}
			}
		}
	}
	a, ok := ByName("DiscordShardDown")
	summary, _ := a.Say(map[string]string{"cluster": "3", "shard": "7", "bot": "music", "job": "bots"}, 0)
	if want := "Shard 7 of cluster 3 of bot music is down"; !ok || summary != want {
		t.Errorf("got %q, want %q", summary, want)
	}
	if summary, _ := a.Say(map[string]string{"cluster": "3", "shard": "7"}, 0); summary != "Shard 7 of cluster 3 of the bot is down" {
		t.Errorf("got %q", summary)
	}
}

// TestHumanize: the numbers are those of Prometheus' template functions.
func TestHumanize(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{humanize(0), "0"},
		{humanize(0.25), "0.25"},
		{humanize(12), "12"},
		{humanize(1234567), "1.235M"},
		{humanize(-1500), "-1.5k"},
		{humanize(math.Inf(1)), "+Inf"},
		{humanizePercentage(0.1234567), "12.35%"},
		{humanizeDuration(0.5), "0.5s"},
		{humanizeDuration(59.9), "59.9s"},
		{humanizeDuration(3725), "1h 2m 5s"},
		{humanizeDuration(90061), "1d 1h 1m 1s"},
		{humanizeDuration(-61), "-1m 1s"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestThresholdsAsNumbers(t *testing.T) {
	if got := Number("AckBudget"); got != 0.01 {
		t.Errorf("AckBudget = %v", got)
	}
	if got := Window("FatalWindow"); got.Minutes() != 15 {
		t.Errorf("FatalWindow = %v", got)
	}
	if got := Window("Memory"); got.Hours() != 24 {
		t.Errorf("Memory = %v", got)
	}
	if got := Number("Nonsense"); !math.IsNaN(got) {
		t.Errorf("an unknown threshold = %v", got)
	}
}
