package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/internal/history"
)

// TestTimeline: what happened is in the order of time, each with its step.
func TestTimeline(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		var d Timeline
		if ask(t, a, TimelinePath, &d); len(d.Events) != 0 || d.Covered != nil {
			t.Errorf("before the first step: %+v", d)
		}
		b.set(catalog.BotInfo, 1, "version", "v1.2.3")
		b.set(catalog.BotShards, 2)
		b.shard("0")
		b.shard("1")
		b.steps(4)
		for _, shard := range []string{"1", "0"} {
			b.add(catalog.ShardDisconnects, 1, "shard", shard, "code", "1006", "initiator", "network")
		}
		b.steps(1) // at 25 s
		b.add(catalog.ShardReconnects, 1, "shard", "0", "kind", catalog.KindResume)
		b.add(catalog.ShardReconnects, 2, "shard", "1", "kind", catalog.KindIdentify)
		b.steps(1) // at 30 s
		b.set(catalog.BotShards, 4)
		b.steps(40) // from 35 s on
		_, body := ask(t, a, TimelinePath, &d)
		var got []string
		for _, e := range d.Events {
			got = append(got, fmt.Sprint(e.At.Second(), " ", e.Within, " ", e.Kind, " ", e.Count, " ", strings.Join(e.Shards, ","), " ", e.Code, e.Initiator, e.Version, " ", e.Says))
		}
		want := []string{
			"5 0 start 0  v1.2.3 The process started, version v1.2.3.",
			"25 5 close 2 0,1 1006network 2 connections were lost (close code 1006).",
			"30 5 new_session 2 1  2 shards have started a new session.",
			"30 5 resume 1 0  1 shard has resumed.",
			"35 5 shard_count 0   The number of shards changed from 2 to 4.",
		}
		if !slices.Equal(got, want) || d.LeftOut != 0 || d.Window.Over != 6*3600 {
			t.Errorf("%s\n%s, want\n%s", body, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if ask(t, a, TimelinePath+"?over=3m", &d); len(d.Events) != 0 {
			t.Errorf("of the last 3 min: %+v", d)
		}
		refuses(t, a, map[string]string{TimelinePath + "?over=7h": "is not a duration from 1m to 6h, such as 6h"})
	})
}

// TestTimelineIsBounded: the oldest of too many events are left out.
func TestTimelineIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		for range 150 {
			for _, code := range []string{"1006", "4000", "4007", "4009"} {
				b.add(catalog.ShardDisconnects, 1, "shard", "0", "code", code, "initiator", "discord")
			}
			b.add(catalog.ShardReconnects, 1, "shard", "0", "kind", catalog.KindResume)
			b.add(catalog.ShardReconnects, 1, "shard", "0", "kind", catalog.KindIdentify)
			b.add(catalog.ShardDisconnects, 1, "shard", "0", "code", "1000", "initiator", "client")
			b.steps(1)
		}
		var d Timeline
		if ask(t, a, TimelinePath, &d); len(d.Events) != mostEvents || d.LeftOut != 150*7+1-mostEvents || d.Events[0].Kind == ProcessStart {
			t.Errorf("%d events, %d left out", len(d.Events), d.LeftOut)
		}
	})
}

// TestRateLimitsOnTheTimeline: a scope has an event when it is limited after 5 quiet minutes,
// with all 429s until it is quiet again.
func TestRateLimitsOnTheTimeline(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		for _, scope := range catalog.Scopes() {
			b.set(catalog.RateLimits, 0, "scope", scope, "route", catalog.Other)
		}
		b.steps(2)
		began := time.Now()
		limit := func(scope, route string, n float64, then int) {
			b.add(catalog.RateLimits, n, "scope", scope, "route", route)
			b.steps(then)
		}
		const minute = int(time.Minute / history.FineStep)
		limit(catalog.ScopeUser, "/channels/{id}/messages", 2, 1)
		limit(catalog.ScopeUser, catalog.RouteCallback, 3, 4*minute)
		limit(catalog.ScopeUser, "/channels/{id}/messages", 1, 6*minute)
		limit(catalog.ScopeGlobal, catalog.Other, 1, 1)
		limit(catalog.ScopeUser, "/channels/{id}/messages", 7, minute)
		describe := func(target string) (got []string) {
			var d Timeline
			ask(t, a, target, &d)
			for _, e := range d.Events {
				if e.Kind == RateLimited {
					got = append(got, fmt.Sprint(e.At.Sub(began), " ", e.Within, " ", e.Scope, " ", e.Count, " ", e.Says))
				}
			}
			return got
		}
		want := []string{
			"5s 5 user 6 The bot hit its rate limit of a route: 6 responses with status 429.",
			"10m10s 5 global 1 The bot hit Discord's global rate limit: 1 response with status 429.",
			"10m15s 5 user 7 The bot hit its rate limit of a route: 7 responses with status 429.",
		}
		if got := describe(TimelinePath); !slices.Equal(got, want) {
			t.Errorf("%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		// What began before the window does not begin in it.
		limit(catalog.ScopeUser, catalog.RouteCallback, 1, minute)
		if got := describe(TimelinePath + "?over=1m30s"); len(got) != 0 {
			t.Errorf("in the last 90 s: %q", got)
		}
	})
}

// TestFindingsAreRecorded: nobody asks while a shard is down, and the timeline has it.
func TestFindingsAreRecorded(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		a.Start()
		a.Start()
		defer a.Close(t.Context())
		b.shard("0")
		b.shard("1")
		b.steps(30)
		b.state("1", catalog.StateDisconnected)
		b.set(catalog.ShardStateChange, float64(time.Now().Unix()), "shard", "1")
		down := time.Now()
		b.steps(60)
		b.state("1", catalog.StateReady)
		b.steps(30)
		synctest.Wait()
		var d Timeline
		_, body := ask(t, a, TimelinePath, &d)
		var began, ended []Event
		for _, e := range d.Events {
			switch {
			case e.Finding != "DiscordShardDown":
			case e.Kind == FindingBegan:
				began = append(began, e)
			case e.Kind == FindingEnded:
				ended = append(ended, e)
			}
		}
		if len(began) != 1 || len(ended) != 1 || !slices.Equal(began[0].Shards, []string{"1"}) || began[0].Count != 1 || began[0].Before {
			t.Fatalf("%s", body)
		}
		if at := began[0].At; at.Before(down.Add(-time.Second)) || at.After(down.Add(history.FineStep)) {
			t.Errorf("it began at %v, want %v", at, down)
		}
		if e := ended[0]; e.At.Sub(down) < 300*time.Second || e.At.Sub(down) > 300*time.Second+lookEvery || e.Within != 60 || !strings.HasPrefix(e.Says, "It is over: Shard 1 ") {
			t.Errorf("it ended: %+v", e)
		}
	})
}

// TestRecorder: findings of one check are one event, the same one again begins after its
// end, and the list has a limit.
func TestRecorder(t *testing.T) {
	at := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	begin := at.Add(-time.Hour)
	finding := func(shard string, since time.Time) findings.Finding {
		return findings.Finding{ID: "DiscordShardDown", Subject: evidence.Labels{"shard": shard}, Sentence: "Shard " + shard + " is down", Since: since}
	}
	var r recorder
	r.note(findings.Report{At: at, Findings: []findings.Finding{finding("10", at.Add(-time.Minute)), finding("2", at.Add(-2*time.Minute)), {ID: "DiscordClockOff", Sentence: "The clock is off"}}}, begin)
	// The first is unknown in time: it began at any time since the process did.
	if e := r.events; len(e) != 2 || e[0].Kind != FindingBegan || e[0].Within != 3600 || !e[0].At.Equal(at) ||
		e[1].Count != 2 || !slices.Equal(e[1].Shards, []string{"2", "10"}) || e[1].Says != "Shard 10 is down, and 1 more." || !e[1].At.Equal(at.Add(-2*time.Minute)) || e[1].Within != 0 {
		t.Fatalf("%+v", r.events)
	}
	r.note(findings.Report{At: at.Add(time.Minute), Findings: []findings.Finding{{ID: "DiscordGuildOutage", Under: []findings.Finding{finding("2", at.Add(-2*time.Minute))}}}}, begin)
	if e := r.events[2:]; len(e) != 3 || e[0].Finding != "DiscordClockOff" || e[0].Kind != FindingEnded || e[1].Count != 1 || e[1].Says != "It is over: Shard 10 is down." || e[1].Within != 60 || e[2].Finding != "DiscordGuildOutage" {
		t.Fatalf("%+v", e)
	}
	// Shard 10 was well for a minute, whatever the data says.
	r.note(findings.Report{At: at.Add(2 * time.Minute), Findings: []findings.Finding{finding("10", at.Add(-time.Minute))}}, begin)
	if e := r.events[len(r.events)-1]; e.Kind != FindingBegan || !e.At.Equal(at.Add(time.Minute)) {
		t.Errorf("%+v", e)
	}
	for n := range 2 * mostRecorded {
		at = at.Add(10 * time.Second)
		r.note(findings.Report{At: at, Findings: []findings.Finding{finding(strconv.Itoa(n), at)}}, begin)
	}
	if len(r.events) > mostRecorded || len(r.lost) > mostRecorded || len(r.ended) > mostRecorded {
		t.Errorf("%d events, %d lost, %d ended", len(r.events), len(r.lost), len(r.ended))
	}
	r.note(findings.Report{At: at.Add(7 * time.Hour)}, begin)
	if len(r.events) != 1 || len(r.lost) != 0 || len(r.ended) > 1 || len(r.open) != 0 {
		t.Errorf("after 7 h: %d events, %d lost, %d ended", len(r.events), len(r.lost), len(r.ended))
	}
}

// TestEveryKindIsDescribed: docs/openapi.json has the kinds of events.
func TestEveryKindIsDescribed(t *testing.T) {
	var kinds []string
	for _, kind := range EventKinds() {
		kinds = append(kinds, string(kind))
	}
	if got := texts(in(schemas(), "Event", "properties", "kind")["enum"]); !slices.Equal(got, kinds) {
		t.Errorf("the kinds are %q, want %q", got, kinds)
	}
}

func TestClosedSays(t *testing.T) {
	for want, of := range map[string]struct {
		n               int
		code, initiator string
	}{
		"1 connection was lost.":                                  {1, catalog.CodeNone, catalog.InitiatorNetwork},
		"2 connections were lost (close code 1006).":              {2, "1006", catalog.InitiatorNetwork},
		"3 connections were closed by Discord with code 4009.":    {3, "4009", catalog.InitiatorDiscord},
		"1 connection was closed by the bot with code 1000.":      {1, "1000", catalog.InitiatorClient},
		"1 connection was ended by Discord without a close code.": {1, catalog.CodeNone, catalog.InitiatorDiscord},
	} {
		if got := closed(of.n, of.code, of.initiator); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
