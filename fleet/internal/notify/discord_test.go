package notify

import (
	"maps"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/common/model"
)

// settleBy sends an alert of another group and waits until it is told: what was sent
// before has been told by then, or is not told.
func (s *discordSink) settleBy(t *testing.T, f *fixture, name string) {
	t.Helper()
	f.Send(firing(name, "warning", "marker"))
	eventually(t, name+" is told", func() bool {
		return strings.Contains(strings.Join(s.titles(), "\n"), name)
	})
}

func checkTitles(t *testing.T, s *discordSink, want ...string) {
	t.Helper()
	if got := s.titles(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("messages:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDiscordOneMessagePerIncident(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	tm := quick()
	tm.groupWait, tm.groupInterval = 2*time.Second, time.Second // the three arrive within them
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t), Dir: t.TempDir()}, tm)

	var three []Alert
	for i := range 3 {
		three = append(three, firing("DiscordClusterGone", "warning", strconv.Itoa(i)))
	}
	f.Send(three...)
	eventually(t, "a message", func() bool { return len(sink.titles()) > 0 })
	f.Send(three...) // as the rules do each minute
	sink.settleBy(t, f, "Marker1")
	var over []Alert
	for _, a := range three {
		over = append(over, resolved(a))
	}
	f.Send(over...)
	eventually(t, "its end", func() bool { return len(sink.titles()) > 2 })
	f.Send(over...) // as the rules do for 15 minutes
	sink.settleBy(t, f, "Marker2")

	checkTitles(t, sink,
		"Warning: DiscordClusterGone, 3 alerts, bot music",
		"Warning: Marker1 on cluster marker of bot music",
		"Resolved: DiscordClusterGone, bot music",
		"Warning: Marker2 on cluster marker of bot music")
	for _, m := range sink.got() {
		if m.Content != "" {
			t.Errorf("content %q may ping people", m.Content)
		}
	}
}

func TestDiscordTellsOneEnd(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	tm := quick()
	tm.groupWait = 2 * time.Second
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, tm)
	one, two := firing("DiscordShardDown", "warning", "1"), firing("DiscordShardDown", "warning", "2")
	f.Send(one, two)
	eventually(t, "a message", func() bool { return len(sink.titles()) == 1 })
	f.Send(resolved(one))
	eventually(t, "the group lets go of the first", func() bool { return len(f.embedded.held()) == 1 })
	f.Send(resolved(two))
	eventually(t, "the end", func() bool { return len(sink.titles()) == 2 })
	checkTitles(t, sink, "Warning: DiscordShardDown, 2 alerts, bot music", "Resolved: DiscordShardDown, bot music")

	// A new alert is news, whatever ended meanwhile.
	f.Send(firing("DiscordShardDown", "warning", "3"))
	eventually(t, "the next message", func() bool { return len(sink.titles()) == 3 })
	eventually(t, "the messages are counted", func() bool { return f.Status().Receivers[0].Sent == 3 })
}

func TestDiscordInhibitsAndKeepsInfoOnThePage(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	tm := quick()
	tm.groupWait = 2 * time.Second
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, tm)
	f.Send(
		firing("DiscordCommandFails", "warning", "1"), // a consequence, before its cause
		firing("DiscordGuildOutage", "critical", "1"),
		firing("ArgusSomething", "info", "1"),
	)
	sink.settleBy(t, f, "Marker")
	eventually(t, "the cause", func() bool { return len(sink.titles()) == 2 })
	for _, title := range sink.titles() {
		if !strings.HasPrefix(title, "Critical: DiscordGuildOutage") && !strings.HasPrefix(title, "Warning: Marker") {
			t.Errorf("told: %s", title)
		}
	}
}

// The rules of inhibition have one source.
func TestInhibitRulesAreTheShippedOnes(t *testing.T) {
	example, err := os.ReadFile("../../../dashboards/rules/alertmanager/example.yml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(example), inhibitRules) || !strings.Contains(inhibitRules, "\ninhibit_rules:\n") {
		t.Error("inhibit.yml differs from the end of example.yml: run go generate")
	}
}

// render returns the title and the message of alerts.
func render(t *testing.T, alerts ...Alert) (title, message string) {
	t.Helper()
	page, err := url.Parse("https://fleet.example.org/")
	if err != nil {
		t.Fatal(err)
	}
	e := &embedded{external: page}
	conf, err := discord(writeFile(t, "webhook", "https://discord.com/api/webhooks/1/x"), quick())
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := e.templates(conf)
	if err != nil {
		t.Fatal(err)
	}
	converted, invalid := convert(alerts, time.Unix(1_800_000_000, 0))
	if invalid > 0 {
		t.Fatalf("%d alerts are not valid", invalid)
	}
	data := tmpl.Data("discord", model.LabelSet{}, nil, amnotify.ReasonFirstNotification.String(), converted...)
	for _, r := range conf.Receivers {
		for _, d := range r.DiscordConfigs {
			if title, err = tmpl.ExecuteTextString(d.Title, data); err != nil {
				t.Fatal(err)
			}
			if message, err = tmpl.ExecuteTextString(d.Message, data); err != nil {
				t.Fatal(err)
			}
		}
	}
	return title, message
}

func TestDiscordTexts(t *testing.T) {
	began := time.Unix(1_700_000_000, 0)
	one := firing("DiscordShardDown", "critical", "7")
	one.StartsAt, one.EndsAt = began, time.Now().Add(time.Hour)
	two := firing("DiscordShardDown", "critical", "8")
	two.StartsAt, two.EndsAt = began.Add(time.Minute), time.Now().Add(time.Hour)
	told := firing("DiscordShardDown", "critical", "7")
	told.StartsAt, told.EndsAt = began, time.Now().Add(time.Hour)
	maps.Copy(told.Annotations, map[string]string{
		"since": "02:13 UTC", "cause": "Discord closed the session with 4004.", "blame": "us",
		"do": "Set a valid token.", "page": "https://fleet.example.org/clusters/7",
	})
	over := firing("DiscordShardDown", "critical", "7")
	over.StartsAt, over.EndsAt = began, began.Add(12*time.Minute)

	bare := Alert{Labels: map[string]string{"alertname": "Bare", "job": "demo"}, StartsAt: began, EndsAt: time.Now().Add(time.Hour)}
	alsoBare := Alert{Labels: map[string]string{"alertname": "Bare"}, StartsAt: began, EndsAt: time.Now().Add(time.Hour)}

	for _, tt := range []struct {
		name           string
		alerts         []Alert
		title, message string
	}{
		{"one", []Alert{one}, "Critical: DiscordShardDown on cluster 7 of bot music", `
Since <t:1700000000:t> (<t:1700000000:R>)

What it means for cluster 7.

[Fleet](https://fleet.example.org/) · [Runbook](https://example.org/runbooks/DiscordShardDown) · DiscordShardDown`},
		{"with all that the fleet knows", []Alert{told}, "Critical: DiscordShardDown on cluster 7 of bot music", `
Since 02:13 UTC

What it means for cluster 7.

**Cause:** Discord closed the session with 4004.
**Responsible:** us
**What to do:** Set a valid token.

[Fleet](https://fleet.example.org/clusters/7) · [Runbook](https://example.org/runbooks/DiscordShardDown) · DiscordShardDown`},
		{"two", []Alert{one, two}, "Critical: DiscordShardDown, 2 alerts, bot music", `
• DiscordShardDown on cluster 7 of bot music
  Since <t:1700000000:t> (<t:1700000000:R>)
• DiscordShardDown on cluster 8 of bot music
  Since <t:1700000060:t> (<t:1700000060:R>)

[Fleet](https://fleet.example.org/) · [Runbook](https://example.org/runbooks/DiscordShardDown) · DiscordShardDown`},
		{"resolved", []Alert{over}, "Resolved: DiscordShardDown, bot music", `
• DiscordShardDown on cluster 7 of bot music
  Ended <t:1700000720:R> after 12m 0s

[Fleet](https://fleet.example.org/) · [Runbook](https://example.org/runbooks/DiscordShardDown) · DiscordShardDown`},
		{"without annotations", []Alert{bare, alsoBare}, "Firing: Bare, 2 alerts", `
• Bare
  Since <t:1700000000:t> (<t:1700000000:R>)
• Bare
  Since <t:1700000000:t> (<t:1700000000:R>)

[Fleet](https://fleet.example.org/) · Bare`},
		{"partly resolved", []Alert{two, over}, "Critical: DiscordShardDown on cluster 8 of bot music", `
• DiscordShardDown on cluster 8 of bot music
  Since <t:1700000060:t> (<t:1700000060:R>)

**Resolved:** 1
• DiscordShardDown on cluster 7 of bot music
  Ended <t:1700000720:R> after 12m 0s

[Fleet](https://fleet.example.org/) · [Runbook](https://example.org/runbooks/DiscordShardDown) · DiscordShardDown`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			title, message := render(t, tt.alerts...)
			if title != tt.title {
				t.Errorf("title %q, want %q", title, tt.title)
			}
			if message = "\n" + message; message != tt.message {
				t.Errorf("message:%s\nwant:%s", message, tt.message)
			}
		})
	}
}

// Labels may come from users.
func TestDiscordTextsFromOutside(t *testing.T) {
	hostile := firing("DiscordCommandFails", "warning", "1")
	hostile.Annotations = map[string]string{
		"summary":     "@everyone <@1> [click](https://evil.example) **bold** `x`\nsecond line",
		"page":        "javascript:alert(1)",
		"runbook_url": "https://example.org/a) [b](https://evil.example",
	}
	title, message := render(t, hostile, firing("DiscordCommandFails", "warning", "2"))
	for _, text := range []string{title, message} {
		for _, bad := range []string{" @everyone", "<@1>", " [click](", "**bold**", "javascript", "\nsecond", ") [b]("} {
			if strings.Contains(text, bad) {
				t.Errorf("%q is in %s", bad, text)
			}
		}
	}
	if !strings.Contains(message, `\@everyone`) {
		t.Errorf("the summary is not there: %s", message)
	}
}

func TestDiscordLimits(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	tm := quick()
	tm.groupWait = 2 * time.Second
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, tm)
	var many []Alert
	for i := range 300 {
		a := firing("DiscordShardDown", "warning", strconv.Itoa(i))
		a.Annotations["summary"] = strings.Repeat("é", 700)
		many = append(many, a)
	}
	long := firing("DiscordCommandFails", "warning", "1")
	long.Annotations["summary"] = strings.Repeat("é", 700)
	long.Annotations["description"] = strings.Repeat("日", 9000)
	f.Send(append(many, long)...)
	eventually(t, "both messages", func() bool { return len(sink.got()) == 2 })
	for _, m := range sink.got() {
		e := m.Embeds[0]
		if n := utf8.RuneCountInString(e.Title); n > 256 {
			t.Errorf("a title of %d characters", n)
		}
		if n := utf8.RuneCountInString(e.Description); n > 4096 || n < 4000 {
			t.Errorf("a description of %d characters", n)
		}
	}
}
