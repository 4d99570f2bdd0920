package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
)

// TestOverview: what is known of the bot and of its telemetry, and null where nothing is.
func TestOverview(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		const messages = "/channels/{id}/messages"
		var d Overview
		_, body := ask(t, a, OverviewPath, &d)
		if d.Since != nil || d.Uptime != nil || d.Guilds != nil || d.Events != nil || d.RateLimits != nil || d.Invalid.Statuses != nil || d.Telemetry.Subsystems != nil {
			t.Errorf("before the first step: %s", body)
		}
		for _, of := range caches() {
			if kind := strings.TrimPrefix(of.Name, "discord."); !strings.Contains(body, `"`+strings.TrimPrefix(kind, "cached_")+`":null`) {
				t.Errorf("%s is missing: %s", kind, body)
			}
		}
		b.set(catalog.Uptime, 5)
		b.set(catalog.BotInfo, 1, "version", "v1.2.3", "discordgo_version", "v0.29.0", "go_version", "go1.26", "argus_version", "v0.1.0")
		b.set(catalog.Guilds, 12)
		b.set(catalog.GuildsUnavailable, 0)
		b.set(catalog.ClockOffset, -0.25)
		for i, kind := range slices.Sorted(maps.Keys(caches())) {
			b.set(caches()[kind], float64(100+i))
		}
		for _, event := range []string{"MESSAGE_CREATE", "TYPING_START"} {
			b.set(catalog.GatewayEvents, 0, "event", event)
		}
		for _, scope := range catalog.Scopes() {
			b.set(catalog.RateLimits, 0, "scope", scope, "route", catalog.Other)
		}
		for _, status := range catalog.InvalidStatuses() {
			b.set(catalog.InvalidRequests, 0, "status", status)
		}
		b.set(catalog.SubsystemUp, 1, "subsystem", "server")
		b.set(catalog.SubsystemUp, 0, "subsystem", "otlp")
		b.set(catalog.InstrumentationErrors, 0, "hook", "tap")
		b.set(catalog.TimersEvicted, 7, "timer", "answer")
		b.steps(1)
		b.add(catalog.GatewayEvents, 600, "event", "MESSAGE_CREATE")
		b.add(catalog.RateLimits, 4, "scope", catalog.ScopeShared, "route", messages)
		b.add(catalog.RateLimits, 2, "scope", catalog.ScopeUser, "route", messages)
		b.add(catalog.RateLimits, 1, "scope", catalog.ScopeGlobal, "route", catalog.RouteCallback)
		b.add(catalog.InvalidRequests, 3, "status", "429")
		b.add(catalog.InvalidRequests, 5, "status", "403")
		for _, method := range []string{"PUT", "DELETE"} {
			b.observe(catalog.RequestDuration, 0.1, 0, "method", method, "route", messages, "status", "403")
		}
		b.observe(catalog.RequestDuration, 0.1, 3, "method", "PUT", "route", messages, "status", "403")
		b.observe(catalog.RequestDuration, 0.1, 2, "method", "DELETE", "route", messages, "status", "403")
		b.observe(catalog.RequestDuration, 0.1, 50, "method", "DELETE", "route", messages, "status", "404")
		b.add(catalog.InstrumentationErrors, 1, "hook", "tap")
		b.steps(2)
		_, body = ask(t, a, OverviewPath, &d)
		if d.Since == nil || !d.Since.Equal(b.history.Begin()) || *d.Uptime != 5 || *d.Versions.Bot != "v1.2.3" || *d.Versions.Discordgo != "v0.29.0" || *d.Versions.Go != "go1.26" ||
			*d.Guilds != 12 || *d.Unavailable != 0 || *d.Clock != -0.25 || d.Members != nil || d.Voice != nil || d.BotShards != nil || d.InFlight != nil {
			t.Errorf("%s", body)
		}
		for i, kind := range slices.Sorted(maps.Keys(caches())) {
			if n := d.Cache[kind]; n == nil || *n != float64(100+i) {
				t.Errorf("%s: %s", kind, body)
			}
		}
		for what, maps := range map[string][2]map[string]float64{
			"events":   {d.Events, {"MESSAGE_CREATE": 60}},
			"limits":   {d.RateLimits, {"shared": 4, "user": 2, "global": 1, "unknown": 0}},
			"statuses": {d.Invalid.Statuses, {"401": 0, "403": 5, "429": 3}},
			"errors":   {d.Telemetry.Errors, {"tap": 1}},
			"evicted":  {d.Telemetry.Evicted, {"answer": 7}},
			"logs":     {d.Telemetry.Logs, nil},
		} {
			if !mapsEqual(maps[0], maps[1]) {
				t.Errorf("%s: %v, want %v", what, maps[0], maps[1])
			}
		}
		if up := d.Telemetry.Subsystems; len(up) != 2 || !up["server"] || up["otlp"] {
			t.Errorf("subsystems: %v", up)
		}
		routes := []InvalidRoute{{messages, "403", 5}, {messages, "429", 2}, {catalog.RouteCallback, "429", 1}}
		if !slices.Equal(d.Invalid.Routes, routes) {
			t.Errorf("invalid requests: %v, want %v", d.Invalid.Routes, routes)
		}
		refuses(t, a, map[string]string{OverviewPath + "?over=1m": "there is no such parameter"})
	})
}

// mapsEqual tells nil from empty.
func mapsEqual(a, b map[string]float64) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) }
