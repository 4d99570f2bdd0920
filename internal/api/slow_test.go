package api

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slowInteractions are one with all parts, and one by HTTP that nobody answered.
func slowInteractions() []SlowInteraction {
	return []SlowInteraction{
		{
			Received: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Shard: new("3"), Type: "application_command", Command: "play",
			Outcome: "late", Age: 0.5, Attempt: new(2.75), Answer: new(3.25),
			TraceID: new("4bf92f3577b34da6a3ce929d0e0e4736"), TraceURL: new("https://jaeger.example/trace/4bf92f3577b34da6a3ce929d0e0e4736"),
		},
		{Received: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Type: "message_component", Command: "other", Outcome: "missed"},
	}
}

// TestSlow: the interactions with their parts. What is not known is null, and none are an
// empty list.
func TestSlow(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		var d Slow
		if _, body := ask(t, a, SlowPath, &d); !strings.Contains(body, `"interactions":[]`) || d.Deadline != 3 || d.After != 1 || d.Identity.Bot != "music" {
			t.Errorf("none: %s", body)
		}
		b.slow = slowInteractions()
		time.Sleep(reuse) //nolint:forbidigo // by the clock of the bubble
		synctest.Wait()
		_, body := ask(t, a, SlowPath+"?bot=music", &d)
		for _, want := range []string{
			`{"received_at":"2026-01-02T03:04:05Z","shard":"3","type":"application_command","command":"play","outcome":"late",` +
				`"receipt_age_seconds":0.5,"response_delay_seconds":2.75,"ack_duration_seconds":3.25,` +
				`"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","trace_url":"https://jaeger.example/trace/4bf92f3577b34da6a3ce929d0e0e4736"}`,
			`"shard":null,"type":"message_component","command":"other","outcome":"missed","receipt_age_seconds":0,"response_delay_seconds":null,"ack_duration_seconds":null,"trace_id":null,"trace_url":null}`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s\nlacks %s", body, want)
			}
		}
		refuses(t, a, map[string]string{SlowPath + "?limit=3": "there is no such parameter"})
	})
	unknown, _ := serve(t, Member{Source: &source{up: 1}})
	var d Slow
	if _, body := ask(t, unknown, SlowPath, &d); len(d.Interactions) != 0 || !strings.Contains(body, `"interactions":[]`) {
		t.Errorf("of a bot whose interactions are not known: %s", body)
	}
}
