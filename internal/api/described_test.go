package api

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/history"
)

// TestEveryPropertyIsThere: the answers about a bot in trouble have each property of each
// schema, so that docs/openapi.json describes nothing that does not exist.
func TestEveryPropertyIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		v := &validator{seen: map[string]bool{}}
		look := func(target string) {
			t.Helper()
			path, _, _ := strings.Cut(target, "?")
			w := get(a, target)
			v.answer(path, w.Code, w.Body.Bytes())
		}
		b.set(catalog.Uptime, 0)
		b.set(catalog.BotShards, 16)
		b.set(catalog.SessionStartRemaining, 10)
		b.set(catalog.SessionStartLimit, 1000)
		b.set(catalog.SessionStartReset, float64(time.Now().Add(time.Hour).Unix()))
		b.set(catalog.SessionStartConcurrency, 1)
		b.set(catalog.InvalidRequests, 0, "status", "403")
		b.shard("5")
		b.state("5", catalog.StateDisconnected) // since before the history begins
		b.set(catalog.BotInfo, 1, "version", "v1.2.3", "discordgo_version", "v0.29.0", "go_version", "go1.26")
		b.set(catalog.CPULimit, 2)
		b.set(catalog.CPUThrottled, 0)
		for _, gauge := range []catalog.Instrument{
			catalog.ClockOffset, catalog.Guilds, catalog.GuildsUnavailable, catalog.Members, catalog.VoiceClients, catalog.RequestsInFlight,
		} {
			b.set(gauge, 1)
		}
		b.set(catalog.GatewayEvents, 1, "event", "MESSAGE_CREATE")
		b.set(catalog.SubsystemUp, 1, "subsystem", "server")
		b.set(catalog.InstrumentationErrors, 0, "hook", "tap")
		b.set(catalog.TimersEvicted, 0, "timer", "answer")
		b.set(catalog.LogRecords, 0, "level", "error")
		b.steps(1)
		look(TimelinePath)
		b.steps(int((history.CoarseSpan + 10*time.Minute) / history.FineStep))
		look(StatusPath)
		look(TimelinePath)
		b.shard("3")
		b.shard("4")
		b.set(catalog.LockUnavailable, 1000, "shard", "3") // since before
		b.state("3", catalog.StateDisconnected)
		b.steps(40)
		b.state("4", catalog.StateDisconnected)
		b.set(catalog.LockUnavailable, 900, "shard", "4")
		b.steps(13)
		stream := connect(a, "", "")
		stream.new()
		for range 20 {
			b.set(catalog.Uptime, b.of(catalog.Uptime)[set(nil)]+5)
			b.add(catalog.InvalidRequests, 500, "status", "403")
			b.add(catalog.Acks, 50, "type", "application_command", "outcome", catalog.AckMissed)
			b.add(catalog.Acks, 50, "type", "application_command", "outcome", catalog.AckInTime)
			b.observe(catalog.ReceiptAge, 0.01, 100, "type", "application_command")
			b.observe(catalog.HandlerDelay, 0.01, 100, "type", "application_command")
			b.observe(catalog.ResponseDelay, 4, 100, "type", "application_command", "command", "play")
			b.observe(catalog.QueueWait, 0.01, 100, "route", catalog.RouteCallback)
			b.observe(catalog.RequestDuration, 0.1, 100, "route", catalog.RouteCallback, "method", "POST", "status", "403")
			b.add(catalog.RateLimits, 1, "scope", "user", "route", catalog.RouteCallback)
			b.add(catalog.AppCommands, 100, "command", "play", "status", catalog.StatusError)
			b.observe(catalog.AppCommandDuration, 4, 100, "command", "play", "status", catalog.StatusError)
			b.add(catalog.CommandErrors, 100, "command", "play", "error_type", "*url.Error")
			b.add(catalog.Commands, 1, "command", "text", "status", catalog.StatusSuccess)
			b.add(catalog.ShardEvents, 10, "shard", "4")
			b.add(catalog.ShardDisconnects, 1, "shard", "4", "code", "1006", "initiator", "network")
			b.steps(1)
		}
		b.state("4", catalog.StateReady)
		b.set(catalog.LockUnavailable, 0, "shard", "4")
		b.set(catalog.BotShards, 32)
		b.steps(2)
		look(StatusPath)
		b.guild = func(uint64) (string, *int64) { return "available", new(int64(12)) }
		look(ShardOfPath + "?guild=12582912")
		look(ShardOfPath + "?guild=x")
		b.closes = map[string]LastClose{"4": {At: time.Now().UTC(), Code: "1006", Initiator: "network"}}
		look(ShardsPath)
		look(BudgetsPath)
		look(OverviewPath)
		look(LatenciesPath)
		look(CommandsPath)
		look(RoutesPath)
		look(ProcessPath)
		b.usage = map[string]float64{
			"process_start_time_seconds": 1.7e9, "process_cpu_seconds_total": 1, "process_resident_memory_bytes": 1, "go_memstats_heap_alloc_bytes": 1,
			"go_goroutines": 1, "process_open_fds": 1, "process_max_fds": 1,
		}
		time.Sleep(reuse) //nolint:forbidigo // by the clock of the bubble
		look(ProcessPath)
		look(SlowPath)
		b.slow = slowInteractions()
		time.Sleep(reuse) //nolint:forbidigo // by the clock of the bubble
		look(SlowPath)
		look(SeriesPath + "?name=discord_shard_up&form=last&by=shard")
		look(TimelinePath)
		parts := frames(t, stream.new())
		stream.leave()
		last := parts[len(parts)-1].id
		b.steps(1)
		stream = connect(a, "", last)
		parts = append(parts, frames(t, stream.new())...)
		stream.leave()
		stream = connect(a, "", "")
		parts = append(parts, frames(t, stream.new())...)
		stream.leave()
		synctest.Wait()
		for _, f := range parts {
			if name := map[string]string{"snapshot": "Snapshot", "step": "Step", "resumed": "Resumed"}[f.event]; name != "" {
				v.document(name, object{"$ref": "#/components/schemas/" + name}, []byte(f.data))
			}
		}
		if len(v.faults) > 0 {
			t.Errorf("%q", v.faults)
		}
		for name := range schemas() {
			for property := range in(schemas(), name, "properties") {
				if !v.seen[name+"."+property] {
					t.Errorf("%s.%s is in no answer", name, property)
				}
			}
		}
		if t.Failed() {
			t.Log(get(a, StatusPath).Body)
		}
	})
}
