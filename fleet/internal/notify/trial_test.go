package notify

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTest(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, quick())
	failures := 0
	sink.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		if failures++; failures == 2 {
			sink.answerWith(nil)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	})
	if err := f.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkTitles(t, sink, "Test: argus-fleet can send notifications here")
	if r := f.Status().Receivers[0]; r.Sent != 1 || r.Failed != 2 || r.Pending != 0 {
		t.Errorf("%+v", r)
	}

	sink.answerWith(func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.URL.Path, http.StatusNotFound) })
	err := f.Test(t.Context())
	if err == nil || !strings.Contains(err.Error(), `receiver "discord", discord[0]: unexpected status code 404`) || strings.Contains(err.Error(), "planted") {
		t.Errorf("%v", err)
	}

	sink.answerWith(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := f.Test(ctx); err == nil {
		t.Error("no error of a webhook that does not answer")
	}
	if r := f.Status().Receivers[0]; r.Pending != 0 {
		t.Errorf("a test is pending: %+v", r)
	}
}
