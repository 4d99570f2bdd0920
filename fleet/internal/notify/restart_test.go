package notify

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// killed waits until each file holds a text, and returns what kill -9 would leave.
func (f *fixture) killed(t *testing.T, holds map[string]string) string {
	t.Helper()
	for file, text := range holds {
		eventually(t, file+" holds "+text, func() bool {
			content, err := os.ReadFile(filepath.Join(f.dir, file))
			return err == nil && strings.Contains(string(content), text)
		})
	}
	return copyDir(t, f.dir)
}

func TestKilledFleetTellsNothingTwice(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	file := sink.webhookFile(t)
	f := start(t, Config{DiscordWebhookFile: file, Dir: t.TempDir()}, quick())
	ended, goesOn := firing("EndsMeanwhile", "warning", "1"), firing("GoesOn", "warning", "1")
	f.Send(ended, goesOn)
	eventually(t, "both messages", func() bool { return len(sink.titles()) == 2 })
	before := len(sink.titles())
	f.killed(t, map[string]string{"nflog": "EndsMeanwhile", "alerts.json": "EndsMeanwhile"})
	dir := f.killed(t, map[string]string{"nflog": "GoesOn", "alerts.json": "GoesOn"})
	f.stopNow(t)

	tm := quick()
	tm.recall = 5 * time.Second // enough to send what goes on
	g := start(t, Config{DiscordWebhookFile: file, Dir: dir}, tm)
	g.Send(goesOn)
	eventually(t, "the end of what ended meanwhile", func() bool { return len(sink.titles()) > before })
	sink.settleBy(t, g, "Marker")
	checkTitles(t, sink, append(sink.titles()[:before:before],
		"Resolved: EndsMeanwhile, bot music",
		"Warning: Marker on cluster marker of bot music")...)

	// An end that has been told stays told.
	third := g.killed(t, map[string]string{"nflog": "Marker", "alerts.json": "Marker"})
	g.stopNow(t)
	h := start(t, Config{DiscordWebhookFile: file, Dir: third}, tm)
	h.Send(goesOn, firing("Marker", "warning", "marker"))
	sink.settleBy(t, h, "Other")
	if got := len(sink.titles()); got != before+3 {
		t.Errorf("told after the third start: %q", sink.titles()[before:])
	}
}

// The alert ends while the webhook is away, and the process is killed before it is back.
func TestKilledBeforeTheEndIsTold(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	file := sink.webhookFile(t)
	tm := quick()
	tm.forgetResolved = 20 * time.Millisecond // the group alone holds it then
	f := start(t, Config{DiscordWebhookFile: file, Dir: t.TempDir()}, tm)
	a := firing("A", "warning", "1")
	f.Send(a)
	eventually(t, "the message", func() bool { return len(sink.titles()) == 1 })
	sink.answerWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	tried := sink.tried()
	f.Send(resolved(a))
	eventually(t, "an attempt to tell the end", func() bool { return sink.tried() > tried })
	eventually(t, "the store forgets the alert", func() bool { return len(f.embedded.stored()) == 0 })
	wait(t, 5*f.embedded.timing.check) // it is looked at, and written if that changes anything
	dir := f.killed(t, map[string]string{"nflog": "alertname", "alerts.json": "endsAt"})
	f.stopNow(t)

	sink.answerWith(nil)
	start(t, Config{DiscordWebhookFile: file, Dir: dir}, quick())
	eventually(t, "the end", func() bool { return len(sink.titles()) == 2 })
	checkTitles(t, sink, "Warning: A on cluster 1 of bot music", "Resolved: A, bot music")
}

// An end that nobody sends comes by itself.
func TestPassedEndIsWritten(t *testing.T) {
	t.Parallel()
	f := start(t, Config{Dir: t.TempDir()}, quick())
	a := firing("A", "warning", "1")
	a.EndsAt = time.Now().Add(200 * time.Millisecond)
	f.Send(a)
	f.killed(t, map[string]string{"alerts.json": "endsAt"})
}

func TestMuteSurvivesAKill(t *testing.T) {
	t.Parallel()
	f := start(t, Config{Dir: t.TempDir()}, quick())
	f.Send(firing("A", "warning", "1"))
	eventually(t, "the alert", func() bool { return len(f.embedded.active()) == 1 })
	id, err := f.Mute(t.Context(), MuteRequest{
		Matchers: []Matcher{{"alertname", "=", "A"}}, Until: time.Now().Add(time.Hour), By: "operator", EndIfWorse: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	g := start(t, Config{Dir: f.killed(t, map[string]string{"silences": id, "alerts.json": "alertname"})}, quick())
	mutes, err := g.Mutes(t.Context())
	if err != nil || len(mutes) != 1 || mutes[0].ID != id || !mutes[0].EndsIfWorse || mutes[0].Alerts != 1 {
		t.Errorf("%+v %v", mutes, err)
	}
}

func TestCleanStopKeepsTheState(t *testing.T) {
	t.Parallel()
	f := start(t, Config{Dir: t.TempDir()}, quick())
	const many = 30 * batchSize // most of them are still in the queue
	var alerts []Alert
	for i := range many {
		alerts = append(alerts, firing("A", "warning", strconv.Itoa(i)))
	}
	f.Send(alerts...)
	f.stopNow(t)
	g := start(t, Config{Dir: f.dir}, quick())
	if n := len(g.embedded.active()); n != many {
		t.Errorf("%d alerts, want %d", n, many)
	}
	if err := f.Reload(); err == nil {
		t.Error("a Notifier that has been stopped reloads")
	}
}

func TestBrokenStateIsMovedAside(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"alerts.json", "nflog", "silences"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			const garbage = "\xff\xff\xffnot a state"
			if err := os.WriteFile(filepath.Join(dir, file), []byte(garbage), 0o600); err != nil {
				t.Fatal(err)
			}
			f := start(t, Config{Dir: dir}, quick())
			found, err := filepath.Glob(filepath.Join(dir, file+".broken-*"))
			if err != nil || len(found) != 1 {
				t.Fatalf("moved aside: %q %v", found, err)
			}
			if content, err := os.ReadFile(found[0]); err != nil || string(content) != garbage {
				t.Errorf("%q %v", content, err)
			}
			if r := f.reported(); len(r) != 1 || !strings.Contains(r[0], found[0]) {
				t.Errorf("reported: %q", r)
			}
			if _, err := f.Mutes(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAlertsOfTheStateAreChecked(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"no labels": `[{"labels":{},"startsAt":"2026-01-01T00:00:00Z"}]`,
		"no start":  `[{"labels":{"alertname":"A"}}]`,
		"cut":       `[{"labels":{"alertname":"A"`,
		"ends first": `[{"labels":{"alertname":"A"},"startsAt":"2026-01-02T00:00:00Z",
			"endsAt":"2026-01-01T00:00:00Z"}]`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "alerts.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f := start(t, Config{Dir: dir}, quick())
		if r := f.reported(); len(r) != 1 || len(f.embedded.stored()) != 0 {
			t.Errorf("%s: reported %q, %d alerts", name, r, len(f.embedded.stored()))
		}
		f.stopNow(t)
	}
}

func TestStateThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := start(t, Config{Dir: dir}, quick())
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	f.Send(firing("A", "warning", "1"))
	eventually(t, "the failure is shown", func() bool { return f.Status().StateError != "" })
	f.Send(firing("B", "warning", "1"))
	eventually(t, "the next failure is counted", func() bool { return f.counted.writeFailures.Load() > 1 })
	if r := f.reported(); len(r) != 1 || !strings.Contains(r[0], "alerts.json") {
		t.Errorf("reported: %q", r)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f.Send(firing("C", "warning", "1"))
	eventually(t, "it is written again", func() bool { return f.Status().StateError == "" })
}

func TestUnfinishedWritesAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"nflog.tmp-1", "alerts.json.tmp-22"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, Config{Dir: dir}, quick())
	if left, err := filepath.Glob(filepath.Join(dir, "*.tmp-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q %v", left, err)
	}
}

func FuzzDecodeAlerts(f *testing.F) {
	f.Add([]byte(`[{"labels":{"alertname":"A"},"startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-02T00:00:00Z"}]`))
	f.Add([]byte(`[{"labels":{"alertname":"A","":"x"},"annotations":{"a":"\xff"},"startsAt":"2026-01-01T00:00:00Z"}]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		now := time.Now()
		alerts, err := decodeAlerts(content, now, time.Minute)
		if err != nil && len(alerts) > 0 {
			t.Error("alerts together with an error")
		}
		for _, a := range alerts {
			if a.EndsAt.IsZero() || a.Validate() != nil || a.Fingerprint() != a.Labels.Fingerprint() {
				t.Errorf("%+v", a)
			}
		}
	})
}
