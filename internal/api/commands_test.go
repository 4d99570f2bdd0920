package api

import (
	"math"
	"net/http"
	"slices"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/history"
)

// TestCommands: the commands of a window, by their runs.
func TestCommands(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		var d Commands
		if ask(t, a, CommandsPath, &d); d.Window.Over != 3600 || d.Covered != nil || d.Answers.P50 != nil || len(d.Commands) != 0 {
			t.Errorf("before the first step: %+v", d)
		}
		ran := func(command string, good, bad int, took float64) {
			for status, n := range map[string]int{catalog.StatusSuccess: good, catalog.StatusError: bad} {
				b.add(catalog.AppCommands, float64(n), "command", command, "status", status)
				b.observe(catalog.AppCommandDuration, took, n, "command", command, "status", status)
				b.observe(catalog.ResponseDelay, took, n, "command", command, "type", "application_command")
			}
		}
		ran("idle", 0, 0, 0)
		b.steps(13)
		ran("old", 100, 0, 0.1)
		b.steps(40)
		ran("ping", 8, 0, 0.1)
		ran("stats", 5, 5, 4)
		b.add(catalog.CommandErrors, 4, "command", "stats", "error_type", "*url.Error")
		b.add(catalog.CommandErrors, 1, "command", "stats", "error_type", "panic")
		b.add(catalog.Commands, 3, "command", "ping", "status", catalog.StatusSuccess)
		b.observe(catalog.CommandDuration, 2, 3, "command", "ping", "status", catalog.StatusSuccess)
		b.observe(catalog.ResponseDelay, 0.2, 1, "command", catalog.Other, "type", "message_component")
		b.steps(2)
		_, body := ask(t, a, CommandsPath+"?over=3m", &d)
		if len(d.Commands) != 3 || d.Window.Over != 180 || *d.Covered != 180 {
			t.Fatalf("%s", body)
		}
		ping, stats, none := d.Commands[0], d.Commands[1], d.Commands[2]
		if ping.Command != "ping" { // 11 runs and 10
			t.Fatalf("%s", body)
		}
		if *ping.Application.Duration.Mean != 0.1 || ping.Application.Count != 8 || ping.Application.Failed != 0 || ping.Text.Count != 3 || *ping.Text.Duration.Mean != 2 || ping.Text.Duration.Above1 != 3 || len(ping.ErrorTypes) != 0 {
			t.Errorf("ping: %s", body)
		}
		// 8 of 0.1 s lie in the first bucket, and 10 of 4 s above the last one.
		if p := ping.Application.Duration; *p.P50 != 0.05 || *p.P95 != 0.095 || *p.P99 != 0.099 || ping.Text.Duration.P50 != nil || *ping.Answers.P95 != 0.095 {
			t.Errorf("quantiles of ping: %s", body)
		}
		if p := stats.Application.Duration; p.P50 != nil || p.P95 != nil || stats.Answers.P99 != nil || !slices.Equal(d.Bounds, history.DurationBounds()) {
			t.Errorf("quantiles of stats: %s", body)
		}
		if stats.Application.Count != 10 || stats.Application.Failed != 5 || stats.Text != nil || stats.Application.Duration.Above3 != 10 || stats.ErrorTypes["*url.Error"] != 4 || stats.ErrorTypes["panic"] != 1 || stats.Answers.Above3 != 10 {
			t.Errorf("stats: %s", body)
		}
		if none.Application != nil || none.Answers.Count != 1 {
			t.Errorf("without a command: %s", body)
		}
		if *d.Answers.Count != 19 || *d.Answers.P95 < 3 || *d.Answers.P50 > 5 || math.IsNaN(*d.Answers.P50) {
			t.Errorf("answers: %s", body)
		}
		if ask(t, a, CommandsPath+"?over=6h", &d); len(d.Commands) != 4 || d.Commands[0].Command != "old" || *d.Covered != 54*5 {
			t.Errorf("over 6 h: %+v", d)
		}
		refuses(t, a, map[string]string{
			CommandsPath + "?over=5":     `over: \"5\" is not a duration from 1m to 6h, such as 1h`,
			CommandsPath + "?over=7h":    `over: \"7h\" is not a duration`,
			CommandsPath + "?over=1s":    `over: \"1s\" is not a duration`,
			CommandsPath + "?over=":      `over: \"\" is not a duration`,
			CommandsPath + "?window=10m": "there is no such parameter",
		})
	})
}

// TestRoutes: the requests of a window, by route.
func TestRoutes(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		const messages = "/channels/{id}/messages"
		request := func(method, route, status string, took float64, n int) {
			b.observe(catalog.RequestDuration, took, n, "method", method, "route", route, "status", status)
		}
		b.set(catalog.RateLimits, 0, "scope", "global", "route", catalog.Other)
		b.steps(1)
		var d Routes
		if ask(t, a, RoutesPath, &d); len(d.Routes) != 0 || d.Requests.P50 != nil {
			t.Errorf("without requests: %+v", d)
		}
		request("POST", catalog.RouteCallback, "204", 0.1, 60)
		request("POST", messages, "200", 0.2, 10)
		request("POST", messages, "429", 0.1, 2)
		request("DELETE", messages, "204", 0.3, 1)
		b.observe(catalog.QueueWait, 2, 4, "route", messages)
		b.observe(catalog.QueueWait, 0.01, 60, "route", catalog.RouteCallback)
		b.add(catalog.RateLimits, 2, "scope", "user", "route", messages)
		b.steps(12)
		_, body := ask(t, a, RoutesPath+"?over=1m&bot=music", &d)
		if len(d.Routes) != 2 || d.Routes[0].Route != catalog.RouteCallback || d.Routes[1].Route != messages {
			t.Fatalf("%s", body)
		}
		callback, other := d.Routes[0], d.Routes[1]
		if m := callback.Methods; len(m) != 1 || m[0].Count != 60 || *m[0].PerSecond != 1 || *m[0].Mean != 0.1 || m[0].Statuses["204"] != 60 || callback.Wait.Count != 60 || len(callback.RateLimits) != 0 {
			t.Errorf("callbacks: %s", body)
		}
		if m := other.Methods; len(m) != 2 || m[0].Method != http.MethodPost || m[0].Count != 12 || m[0].Statuses["429"] != 2 || m[1].Method != http.MethodDelete || *m[1].Mean != 0.3 ||
			*other.Wait.Mean != 2 || other.Wait.Above1 != 4 || other.Wait.Above3 != 0 || other.RateLimits["user"] != 2 {
			t.Errorf("messages: %s", body)
		}
		// Of 12 requests of POST 2 are in the first bucket and 10 in the second.
		if p := other.Methods[0]; math.Abs(*p.P50-(0.1+0.15*4/10)) > 1e-6 || math.Abs(*p.P95-(0.1+0.15*9.4/10)) > 1e-6 || *other.Wait.P50 <= 1 || *other.Wait.P99 > 3 || *callback.Methods[0].P99 > 0.1 {
			t.Errorf("quantiles: %s", body)
		}
		if *d.Requests.Count != 73 || *d.Requests.P50 > 0.25 || *d.Waits.Count != 64 || *d.Waits.P95 < 1 {
			t.Errorf("all: %s", body)
		}
		refuses(t, a, map[string]string{RoutesPath + "?over=1m&over=2m": "over: it is given 2 times, as \\\"1m\\\" and \\\"2m\\\""})
	})
}
