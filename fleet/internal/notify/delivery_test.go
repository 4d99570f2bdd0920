package notify

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWebhookAway(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		reason string
	}{
		"rate limited": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, `{"message": "You are being rate limited.", "retry_after": 0.1}`, http.StatusTooManyRequests)
		}, "429"},
		"server error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}, "500"},
		// Alertmanager gives up, and tries again at the group's next turn.
		"not found": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no such page: "+r.URL.Path, http.StatusNotFound)
		}, "404: no such page: [redacted]"},
		"no answer": {hang, "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := newDiscordSink(t)
			sink.answerWith(tt.answer)
			tm := quick()
			if name == "no answer" {
				tm.attempt = 100 * time.Millisecond
			}
			f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, tm)
			receiver := func() Receiver { return f.Status().Receivers[0] }
			f.Send(firing("DiscordShardDown", "warning", "1"))

			// Each attempt ends by itself: the turn of the group would let three happen.
			eventually(t, "failed attempts", func() bool { return receiver().Failed >= 4 })
			r := receiver()
			if r.Pending != 1 || r.FailingSince.IsZero() || r.LastFailure.IsZero() || !r.LastSuccess.IsZero() || r.Sent != 0 {
				t.Errorf("while it is away: %+v", r)
			}
			if !strings.Contains(r.Reason, tt.reason) {
				t.Errorf("reason %q, want %q in it", r.Reason, tt.reason)
			}
			if m := f.metrics(t); !strings.Contains(m, `argus_fleet_notifications_failing_since_timestamp_seconds{integration="discord[0]",receiver="discord"}`) ||
				strings.Contains(m, "argus_fleet_notifications_last_success") {
				t.Errorf("metrics while it is away:\n%s", m)
			}

			sink.answerWith(nil)
			eventually(t, "the message", func() bool { return len(sink.titles()) > 0 })
			eventually(t, "nothing pending", func() bool { return receiver().Pending == 0 })
			sink.settleBy(t, f, "Marker")
			// What a busy machine answers too late is sent again.
			want := []string{"Warning: DiscordShardDown on cluster 1 of bot music", "Warning: Marker on cluster marker of bot music"}
			if got := sink.titles(); name != "no answer" && len(got) != len(want) || !slices.Equal(slices.Compact(got), want) {
				t.Errorf("messages: %q, want %q", got, want)
			}
			eventually(t, "both are counted", func() bool { return receiver().Sent == 2 })
			if r := receiver(); !r.FailingSince.IsZero() || r.LastSuccess.IsZero() {
				t.Errorf("when it is back: %+v", r)
			}
		})
	}
}

func TestNothingIsPendingAfterTheEnd(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	sink.answerWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, quick())
	a := firing("A", "warning", "1")
	f.Send(a)
	eventually(t, "it is pending", func() bool { return f.Status().Receivers[0].Pending == 1 })
	f.Send(resolved(a))
	eventually(t, "it is not pending", func() bool { return f.Status().Receivers[0].Pending == 0 })
	sink.answerWith(nil)
	sink.settleBy(t, f, "Marker")
	checkTitles(t, sink, "Warning: Marker on cluster marker of bot music")
}

func TestWebhookFileIsReadForEachMessage(t *testing.T) {
	t.Parallel()
	first, second := newDiscordSink(t), newDiscordSink(t)
	file := first.webhookFile(t)
	f := start(t, Config{DiscordWebhookFile: file}, quick())
	f.Send(firing("One", "warning", "1"))
	eventually(t, "a message at the first webhook", func() bool { return len(first.titles()) == 1 })
	if err := os.WriteFile(file, []byte(second.url), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Send(firing("Two", "warning", "1"))
	eventually(t, "a message at the second webhook", func() bool { return len(second.titles()) == 1 })

	// Nonsense is neither sent to nor shown.
	if err := os.WriteFile(file, []byte("::planted-nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Send(firing("Three", "warning", "1"))
	eventually(t, "a failure", func() bool { return f.Status().Receivers[0].Failed > 0 })
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another failure", func() bool { return strings.Contains(f.Status().Receivers[0].Reason, "webhook_url_file") })
}

func TestSendDropsAndCounts(t *testing.T) {
	t.Parallel()
	f := start(t, Config{}, quick())
	f.Send(
		Alert{Labels: map[string]string{"alertname": ""}, StartsAt: time.Now()}, // an empty label is none
		Alert{Labels: map[string]string{"alertname": "A"}},                      // without a start
	)
	if d := f.Status().Dropped; d != 2 {
		t.Errorf("%d dropped, want 2", d)
	}
	if m := f.metrics(t); !strings.Contains(m, "argus_fleet_notifications_dropped_alerts_total 2") {
		t.Error(m)
	}
}

// Without a way to send, alerts are there and nothing fails.
func TestNobodyToTell(t *testing.T) {
	t.Parallel()
	f := start(t, Config{}, quick())
	f.Send(firing("A", "critical", "1"))
	eventually(t, "the alert", func() bool { return len(f.embedded.active()) == 1 })
	if s := f.Status(); s.Mode != Embedded || len(s.Receivers) != 0 {
		t.Errorf("%+v", s)
	}
	if err := f.Test(t.Context()); err == nil || !strings.Contains(err.Error(), settingWebhook) {
		t.Errorf("Test: %v", err)
	}
}
