package notify

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestWorse(t *testing.T) {
	was := baseline{Alerts: 3, Severity: map[string]string{"Down": "warning", "Odd": "page-me"}}
	for _, tt := range []struct {
		name string
		now  baseline
		want string
	}{
		{"the same", was, ""},
		{"fewer", baseline{1, map[string]string{"Down": "info"}}, ""},
		{"none", baseline{0, nil}, ""},
		{"two more", baseline{5, was.Severity}, ""},
		{"twice as many", baseline{6, was.Severity}, "the number of alerts rose from 3 to 6"},
		{"severity", baseline{1, map[string]string{"Down": "critical"}}, "the severity of Down rose to critical"},
		{"severity of an unknown kind", baseline{1, map[string]string{"Odd": "info"}}, "the severity of Odd rose to info"},
		{"another", baseline{1, map[string]string{"Gone": "info"}}, "another alert started: Gone"},
	} {
		if got := was.worse(tt.now); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	one := baseline{Alerts: 1, Severity: map[string]string{"Down": "warning"}}
	if got := one.worse(baseline{3, one.Severity}); got != "" {
		t.Errorf("two more than one: %s", got)
	}
	if got := one.worse(baseline{4, one.Severity}); got == "" {
		t.Error("three more than one is not worse")
	}
}

func activeAlerts(t *testing.T, f *fixture, n int) {
	t.Helper()
	eventually(t, "the alerts are stored", func() bool { return len(f.embedded.active()) == n })
}

func muteCluster(t *testing.T, f *fixture, by string, endIfWorse bool) string {
	t.Helper()
	id, err := f.Mute(t.Context(), MuteRequest{
		Matchers: []Matcher{{"bot", "=", "music"}, {"cluster", "=~", "1|2"}},
		Until:    time.Now().Add(time.Hour), Comment: "known", By: by, EndIfWorse: endIfWorse,
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestMuteEndsWhenItGetsWorse(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, quick())
	// The first is told or not: the mute is made while it waits in its group.
	f.Send(firing("DiscordGuildOutage", "warning", "1"))
	activeAlerts(t, f, 1)
	id := muteCluster(t, f, "operator", true)

	// What the muted alert inhibits is no news, nor is one of elsewhere.
	consequence, _ := convert([]Alert{firing("DiscordCommandFails", "warning", "1")}, time.Now())
	eventually(t, "the alert inhibits its consequences", func() bool {
		return f.embedded.current.Load().inhibitor.Mutes(t.Context(), consequence[0].LabelSet())
	})
	f.Send(firing("DiscordCommandFails", "warning", "1"), firing("Elsewhere", "warning", "3"))
	sink.settleBy(t, f, "Marker")
	if ended := f.endedMutes(); len(ended) > 0 {
		t.Fatalf("ended: %q", ended)
	}
	f.Send(firing("DiscordShardDown", "critical", "2"))
	eventually(t, "the mute ends", func() bool { return len(f.endedMutes()) == 1 })
	if ended := f.endedMutes(); ended[0] != "operator: another alert started: DiscordShardDown" {
		t.Errorf("ended: %q", ended)
	}
	eventually(t, "the alert is told", func() bool {
		return slices.Contains(sink.titles(), "Critical: DiscordShardDown on cluster 2 of bot music")
	})
	if mutes, err := f.Mutes(t.Context()); err != nil || len(mutes) > 0 {
		t.Errorf("left: %+v %v", mutes, err)
	}
	if !strings.Contains(f.logs.String(), id) || !strings.Contains(f.metrics(t), "argus_fleet_notifications_mutes_ended_early_total 1") {
		t.Error("the end is neither logged nor counted")
	}
}

// A mute that ends does not wait for the next turn of its alerts' group.
func TestEndedMuteIsToldAtOnce(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	tm := quick()
	tm.groupInterval = time.Hour
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, tm)
	several := func(from, to int) []Alert {
		var alerts []Alert
		for i := from; i < to; i++ {
			a := firing("DiscordShardDown", "warning", "1")
			a.Labels["shard"] = strconv.Itoa(i)
			alerts = append(alerts, a)
		}
		return alerts
	}
	f.Send(several(0, 2)...)
	eventually(t, "the alerts are told", func() bool { return len(sink.titles()) == 1 })
	muteCluster(t, f, "operator", true)
	f.Send(several(2, 5)...)
	eventually(t, "the new number is told", func() bool { return len(sink.titles()) == 2 })
	if title := sink.titles()[1]; title != "Warning: DiscordShardDown, 5 alerts, bot music" {
		t.Errorf("told: %s", title)
	}
	if ended := f.endedMutes(); len(ended) != 1 || ended[0] != "operator: the number of alerts rose from 2 to 5" {
		t.Errorf("ended: %q", ended)
	}
}

func TestPlainMuteStays(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, quick())
	plain := muteCluster(t, f, "operator", false) // nothing fires yet
	f.Send(firing("DiscordShardDown", "critical", "1"), firing("DiscordClusterGone", "critical", "2"))
	activeAlerts(t, f, 2)
	sink.settleBy(t, f, "Marker")
	checkTitles(t, sink, "Warning: Marker on cluster marker of bot music")
	mutes, err := f.Mutes(t.Context())
	if err != nil || len(mutes) != 1 {
		t.Fatalf("%+v %v", mutes, err)
	}
	m := mutes[0]
	want := [][]Matcher{{{"bot", "=", "music"}, {"cluster", "=~", "1|2"}}}
	if m.ID != plain || m.By != "operator" || m.Comment != "known" || m.EndsIfWorse || m.Alerts != 2 ||
		len(m.Matchers) != 1 || !slices.Equal(m.Matchers[0], want[0]) || !m.Until.After(m.From) {
		t.Errorf("%+v", m)
	}
	if err := f.Unmute(t.Context(), plain); err != nil {
		t.Error(err)
	}
	eventually(t, "both are told", func() bool { return len(sink.titles()) == 3 })
	if err := f.Unmute(t.Context(), "nobody"); !errors.Is(err, ErrNoSuchMute) {
		t.Error(err)
	}
}

func TestMuteRefuses(t *testing.T) {
	t.Parallel()
	f := start(t, Config{}, quick())
	good := MuteRequest{Matchers: []Matcher{{"cluster", "=", "1"}}, Until: time.Now().Add(time.Hour), By: "operator"}
	for name, change := range map[string]func(*MuteRequest){
		"no matcher":      func(r *MuteRequest) { r.Matchers = nil },
		"no end":          func(r *MuteRequest) { r.Until = time.Time{} },
		"nobody":          func(r *MuteRequest) { r.By = "" },
		"operator":        func(r *MuteRequest) { r.Matchers = []Matcher{{"cluster", "==", "1"}} },
		"expression":      func(r *MuteRequest) { r.Matchers = []Matcher{{"cluster", "=~", "("}} },
		"everything":      func(r *MuteRequest) { r.Matchers = []Matcher{{"cluster", "=~", ".*"}} },
		"nothing to mute": func(r *MuteRequest) { r.EndIfWorse = true },
		"too large":       func(r *MuteRequest) { r.Comment = strings.Repeat("x", mostSilenceBytes) },
	} {
		r := good
		change(&r)
		id, err := f.Mute(t.Context(), r)
		if err == nil || id != "" {
			t.Errorf("%s: accepted", name)
		}
		if errors.Is(err, ErrNothingToMute) != (name == "nothing to mute") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if mutes, err := f.Mutes(t.Context()); err != nil || len(mutes) > 0 {
		t.Errorf("%+v %v", mutes, err)
	}
}
