package findings

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/history"
	"github.com/argus-dgo/argus/internal/rules"
)

var zero = []string{"job", "bots", "bot", "music", "cluster", "0"}

func with(pairs ...string) []string { return append(append([]string{}, zero...), pairs...) }

// TestFindings: for each incident the right finding comes first, with the right blame
// and the right beginning, and nothing untrue beside it.
func TestFindings(t *testing.T) {
	acks := func(w *world, ago time.Duration, outcome string) {
		w.set(catalog.Acks, counting(ago, 1, 0.2), with("type", "application_command", "outcome", catalog.AckInTime)...)
		w.set(catalog.Acks, counting(ago, 0, 0.8), with("type", "application_command", "outcome", outcome)...)
	}
	// down takes shard 1 down.
	down := func(w *world, ago time.Duration) {
		w.set(catalog.ShardUp, sinceAgo(ago, 1, 0), with("shard", "1")...)
		w.set(catalog.ShardsConnected, sinceAgo(ago, 2, 1), zero...)
	}
	for name, tt := range map[string]struct {
		happen  func(w *world)
		id      string
		blame   Blame
		cause   string
		began   time.Duration // ago
		explain []string      // what the finding explains
		others  []string      // what else is found, rightly
		verdict Verdict

		sentence string // if it is not only its alert's
	}{
		"slow handlers": {
			happen: func(w *world) {
				acks(w, time.Minute, catalog.AckMissed)
				w.observeBoth(catalog.ResponseDelay, counting(time.Minute, 0, 0.8), 4, always(0), 0, with("type", "application_command", "command", "search")...)
			},
			id: "DiscordAckBudgetBurnsFast", blame: Handler, cause: "slowest command is search", began: time.Minute, verdict: Affected,
		},
		"handlers that never answer": {
			happen: func(w *world) { acks(w, time.Minute, catalog.AckMissed) },
			id:     "DiscordAckBudgetBurnsFast", blame: Handler, cause: "no answer was attempted", began: time.Minute, verdict: Affected,
		},
		"the limiter": {
			happen: func(w *world) {
				acks(w, time.Minute, catalog.AckMissed)
				w.observe(catalog.QueueWait, counting(time.Minute, 0, 3), 9, with("route", "/channels/{id}/messages")...)
			},
			id: "DiscordAckBudgetBurnsFast", blame: Limiter, cause: "on /channels/{id}/messages", began: time.Minute, verdict: Affected,
		},
		"old on arrival": {
			happen: func(w *world) {
				acks(w, time.Minute, catalog.AckLate)
				w.observe(catalog.ReceiptAge, counting(time.Minute, 0, 4), 2.4, with("type", "modal_submit")...)
			},
			id: "DiscordAckBudgetBurnsFast", blame: Network, cause: "already old when they arrive", began: time.Minute, verdict: Affected,
		},
		"Discord's 5xx": {
			happen: func(w *world) {
				acks(w, time.Minute, catalog.AckRejected)
				w.observe(catalog.RequestDuration, counting(time.Minute, 0, 1), 0.1, with("method", "POST", "route", catalog.RouteCallback, "status", "502")...)
			},
			id: "DiscordAckBudgetBurnsFast", blame: Discord, cause: "5xx", began: time.Minute, verdict: Affected,
		},
		"two handlers": {
			happen: func(w *world) {
				acks(w, time.Minute, catalog.AckRejected)
				w.add(catalog.RESTErrors, counting(time.Minute, 0, 1), with("error_code", "40060")...)
			},
			id: "DiscordAckBudgetBurnsFast", blame: Handler, cause: "answered already", began: time.Minute, verdict: Affected,
		},
		"a shard that cannot connect": {
			happen: func(w *world) {
				down(w, 50*time.Second)
				w.set(catalog.ShardStateChange, always(float64(noon.Add(-52*time.Second).Unix())), with("shard", "1")...)
				w.set(catalog.ConnectionAttempts, counting(48*time.Second, 0, 0.2), with("shard", "1", "outcome", "refused", "status", "520")...)
				w.set(catalog.ConnectionAttempts, always(1), with("shard", "1", "outcome", "connected", "status", "101")...)
			},
			id: "DiscordGatewayRefused", blame: Discord, cause: "Shards: 1.", began: 45 * time.Second, explain: []string{"DiscordShardDown"}, verdict: Affected,
		},
		"a shard that is down": {
			happen: func(w *world) {
				down(w, 50*time.Second)
				w.set(catalog.ShardStateChange, always(float64(noon.Add(-52*time.Second).Unix())), with("shard", "1")...)
				w.set(catalog.ConnectionAttempts, always(1), with("shard", "1", "outcome", "connected", "status", "101")...)
			},
			id: "DiscordShardDown", cause: "no failed attempt", blame: Unknown, began: 52 * time.Second, verdict: Affected,
		},
		"a reconnect of a few seconds": {
			happen:  func(w *world) { down(w, 20*time.Second) },
			verdict: Calm,
		},
		"the wrong token": {
			happen: func(w *world) {
				down(w, 50*time.Second)
				w.set(catalog.ShardDisconnects, counting(50*time.Second, 0, 0.05), with("shard", "1", "code", "4004", "initiator", "discord")...)
			},
			id: "DiscordFatalClose", blame: Operation, cause: "token is wrong", began: 30 * time.Second, explain: []string{"DiscordShardDown"}, verdict: Affected,
		},
		"Open that hangs": {
			happen: func(w *world) {
				down(w, 60*time.Second)
				w.set(catalog.ShardStateChange, always(float64(noon.Add(-time.Minute).Unix())), with("shard", "1")...)
				w.set(catalog.LockUnavailable, func(at time.Time) (float64, bool) { return max(0, 60-noon.Sub(at).Seconds()), true }, with("shard", "1")...)
			},
			id: "DiscordSessionLockStuck", blame: Library, cause: "HELLO or READY", began: time.Minute, explain: []string{"DiscordShardDown"}, verdict: Affected,
		},
		"a dead connection": {
			happen: func(w *world) {
				w.set(catalog.HeartbeatAck, always(float64(noon.Add(-130*time.Second).Unix())), with("shard", "1")...)
				w.set(catalog.LastEvent, always(float64(noon.Add(-130*time.Second).Unix())), with("shard", "1")...)
			},
			id: "DiscordShardZombie", blame: Network, began: 130 * time.Second, explain: []string{"DiscordShardSilent"}, verdict: Affected,
		},
		"acknowledgements that are lost": {
			happen: func(w *world) {
				w.set(catalog.HeartbeatAck, always(float64(noon.Add(-130*time.Second).Unix())), with("shard", "1")...)
			},
			id: "DiscordShardZombie", blame: Network, cause: "Events arrive", began: 130 * time.Second, verdict: Affected,
		},
		"a silent shard": {
			happen: func(w *world) {
				w.set(catalog.LastEvent, always(float64(noon.Add(-90*time.Second).Unix())), with("shard", "1")...)
			},
			id: "DiscordShardSilent", blame: Discord, began: 90 * time.Second, verdict: Affected,
		},
		"a shard that flaps": {
			happen: func(w *world) {
				w.set(catalog.ShardReconnects, counting(time.Minute, 0, 0.06), with("shard", "1", "kind", "resume")...)
				w.set(catalog.ShardDisconnects, counting(time.Minute, 0, 0.06), with("shard", "1", "code", "1006", "initiator", "network")...)
			},
			id: "DiscordShardFlapping", blame: Network, cause: "1006", began: 43 * time.Second, verdict: Affected,
		},
		"an outage": {
			happen: func(w *world) {
				w.set(catalog.GuildsUnavailable, sinceAgo(time.Minute, 0, 30), zero...)
				w.set(catalog.Guilds, sinceAgo(time.Minute, 100, 70), zero...)
				acks(w, time.Minute, catalog.AckMissed)
			},
			id: "DiscordGuildOutage", blame: Discord, began: time.Minute, explain: []string{"DiscordAckBudgetBurnsFast"}, verdict: Affected,
		},
		"the clock": {
			happen: func(w *world) { w.set(catalog.ClockOffset, sinceAgo(time.Minute, 0.05, -2), zero...) },
			id:     "DiscordClockSkewed", blame: Host, cause: "2.0 s behind", began: time.Minute, verdict: Look,
		},
		"the global limit": {
			happen: func(w *world) {
				w.add(catalog.RateLimits, counting(time.Minute, 0, 0.5), with("scope", "global", "route", "/channels/{id}/messages")...)
				acks(w, time.Minute, catalog.AckMissed)
			},
			id: "DiscordGlobalRateLimit", blame: Handler, cause: "busiest route", began: 58 * time.Second, explain: []string{"DiscordAckBudgetBurnsFast"}, verdict: Affected,
		},
		"a process that is gone": {
			happen: func(w *world) {
				for i := range w.series {
					if s := &w.series[i]; s.labels["cluster"] == "0" {
						value := s.value
						s.value = func(at time.Time) (float64, bool) {
							v, _ := value(at)
							return v, noon.Sub(at) > 2*time.Minute
						}
					}
				}
			},
			id: "DiscordClusterGone", blame: Operation, cause: "0, 1", began: 2 * time.Minute, explain: []string{"DiscordShardsMissing"}, verdict: Affected,
		},
		"one shard in two processes": {
			happen: func(w *world) {
				w.add(catalog.ShardUp, func(at time.Time) (float64, bool) { return 1, noon.Sub(at) <= 3*time.Minute }, "job", "bots", "bot", "music", "cluster", "1", "shard", "0")
			},
			id: "DiscordShardOwnedTwice", blame: Operation, cause: "0 and 1", began: 3 * time.Minute, verdict: Affected,
		},
		"many processes with little traffic": {
			// Five of six interactions of each in the last hour, but none has ten.
			happen: func(w *world) {
				for _, cluster := range []string{"0", "1"} {
					for outcome, rate := range map[string]float64{catalog.AckInTime: 0.0004, catalog.AckMissed: 0.002} {
						w.set(catalog.Acks, counting(time.Hour, 0, rate), "job", "bots", "bot", "music", "cluster", cluster, "type", "application_command", "outcome", outcome)
					}
				}
			},
			id: "DiscordAckBudgetBurnsFast", blame: Handler, cause: "no answer was attempted", began: 51 * time.Minute, others: []string{"DiscordAckBudgetBurnsFast"}, verdict: Affected,
		},
		"some users, for half an hour": {
			happen: func(w *world) {
				w.set(catalog.Acks, counting(30*time.Minute, 0, 0.9), with("type", "application_command", "outcome", catalog.AckInTime)...)
				w.set(catalog.Acks, counting(30*time.Minute, 0, 0.1), with("type", "application_command", "outcome", catalog.AckMissed)...)
			},
			id: "DiscordAckBudgetBurnsSlowly", blame: Handler, sentence: "Some users of cluster 0 of bot music get no answer", verdict: Affected,
		},
		"some users, for two hours": {
			happen: func(w *world) {
				w.set(catalog.Acks, counting(2*time.Hour, 0, 0.9), with("type", "application_command", "outcome", catalog.AckInTime)...)
				w.set(catalog.Acks, counting(2*time.Hour, 0, 0.1), with("type", "application_command", "outcome", catalog.AckMissed)...)
			},
			id: "DiscordAckBudgetBurnsSlowly", blame: Handler, sentence: "Some users of cluster 0 of bot music get no answer", verdict: Affected,
		},
		"a shard that has been down for long": {
			happen: func(w *world) {
				down(w, 20*time.Minute)
				w.set(catalog.ShardUp, sinceAgo(20*time.Minute, 1, 0), with("shard", "1")...)
			},
			id: "DiscordShardDown", blame: Unknown, began: 20 * time.Minute, explain: []string{"DiscordShardsMissing"}, verdict: Affected,
		},
		"a bot that is gone": {
			happen: func(w *world) {
				for i := range w.series {
					value := w.series[i].value
					w.series[i].value = func(at time.Time) (float64, bool) {
						v, _ := value(at)
						return v, noon.Sub(at) > 2*time.Minute
					}
				}
			},
			id: "ArgusTelemetryAbsent", blame: Operation, began: 2 * time.Minute, explain: []string{"DiscordClusterGone", "DiscordShardsMissing"}, verdict: Affected,
		},
		"fewer shards and processes than before": {
			happen: func(w *world) {
				for i := range w.series {
					s := &w.series[i]
					value := s.value
					if s.labels["cluster"] == "1" {
						s.value = func(at time.Time) (float64, bool) {
							v, _ := value(at)
							return v, noon.Sub(at) > 2*time.Minute
						}
					}
				}
				w.set(catalog.BotShards, sinceAgo(2*time.Minute, 4, 2), zero...)
			},
			verdict: Calm,
		},
		"a shard that was closed for good": {
			// Its last push is still there.
			happen: func(w *world) {
				w.set(catalog.ShardUp, sinceAgo(2*time.Minute, 1, 0), with("shard", "1")...)
				for _, i := range []catalog.Instrument{catalog.ShardsConnected, catalog.ShardsConfigured} {
					w.set(i, sinceAgo(2*time.Minute, 2, 1), zero...)
				}
			},
			verdict: Calm,
		},
		"member requests before the first sample": {
			happen: func(w *world) {
				young := func(at time.Time) (float64, bool) {
					age := at.Sub(noon.Add(-10 * time.Minute)).Seconds()
					return age, age >= 0
				}
				w.set(catalog.Uptime, young, zero...)
				w.add(catalog.GatewayEvents, func(at time.Time) (float64, bool) { _, there := young(at); return 3, there }, with("event", catalog.EventRateLimited)...)
			},
			id: "DiscordMemberRequestsRefused", blame: Handler, verdict: Look,
		},
		"guilds that arrive after the start": {
			// The session was ready before the first sample, which still lacks guilds.
			happen: func(w *world) {
				young := func(at time.Time) (float64, bool) {
					age := at.Sub(noon.Add(-90 * time.Second)).Seconds()
					return age, age >= 0
				}
				since := func(n float64) func(time.Time) (float64, bool) {
					return func(at time.Time) (float64, bool) { _, there := young(at); return n, there }
				}
				w.set(catalog.Uptime, young, zero...)
				w.set(catalog.GuildsUnavailable, func(at time.Time) (float64, bool) {
					age, there := young(at)
					return map[bool]float64{true: 40}[age < 20], there
				}, zero...)
				for _, shard := range []string{"0", "1"} {
					w.set(catalog.Handshakes, since(1), with("shard", shard, "kind", catalog.KindIdentify, "outcome", catalog.HandshakeReady)...)
				}
			},
			verdict: Calm,
		},
		"a lock that is not free when it is looked at": {
			// The shard flaps: it has the lock for most of the time, and releases it in between.
			happen: func(w *world) {
				w.set(catalog.LockUnavailable, always(400), with("shard", "1")...)
				w.set(catalog.ShardStateChange, func(at time.Time) (float64, bool) { return float64(at.Unix() / 60 * 60), true }, with("shard", "1")...)
			},
			verdict: Calm,
		},
		"a lock of a shard that nobody knows to be down": {
			happen: func(w *world) {
				w.set(catalog.LockUnavailable, always(60), "job", "bots", "bot", "music", "cluster", "0", "shard", "9")
			},
			verdict: Calm,
		},
		"a process whose clock is behind": {
			happen: func(w *world) {
				for _, shard := range []string{"0", "1"} {
					w.set(catalog.HeartbeatAck, func(at time.Time) (float64, bool) { return float64(at.Unix()/41*41 - 600), true }, with("shard", shard)...)
				}
			},
			verdict: Calm,
		},
		"a process that stands still": {
			happen: func(w *world) {
				stood := float64(noon.Add(-130 * time.Second).Unix())
				w.set(catalog.HeartbeatAck, always(stood), with("shard", "1")...)
				w.set(catalog.ShardSent, always(100), with("shard", "1", "op", "heartbeat")...)
			},
			verdict: Calm,
		},
		"a process that restarts": {
			happen: func(w *world) {
				w.set(catalog.Uptime, func(at time.Time) (float64, bool) {
					if at.Before(noon.Add(-20 * time.Minute)) {
						return at.Sub(noon.Add(-48 * time.Hour)).Seconds(), true
					}
					return math.Mod(at.Sub(noon.Add(-20*time.Minute)).Seconds(), 240), true
				}, zero...)
			},
			id: "DiscordCrashLoop", blame: Handler, began: 20 * time.Minute, verdict: Affected,
		},
		"a process that was deployed three times": {
			happen: func(w *world) {
				w.set(catalog.Uptime, func(at time.Time) (float64, bool) {
					if at.Before(noon.Add(-20 * time.Minute)) {
						return at.Sub(noon.Add(-48 * time.Hour)).Seconds(), true
					}
					return math.Mod(at.Sub(noon.Add(-20*time.Minute)).Seconds(), 480), true
				}, zero...)
			},
			verdict: Calm,
		},
		"processes under new addresses": {
			happen: func(w *world) {
				for i, name := range []string{"a", "b", "c", "d"} {
					began := noon.Add(-time.Duration(20-5*i) * time.Minute)
					w.add(catalog.Uptime, func(at time.Time) (float64, bool) {
						age := at.Sub(began)
						return age.Seconds(), age >= 0 && age < 5*time.Minute
					}, with("instance", name)...)
				}
			},
			id: "DiscordCrashLoop", blame: Handler, verdict: Affected,
		},
		"session starts": {
			happen: func(w *world) {
				for _, cluster := range []string{"0", "1"} {
					w.set(catalog.SessionStartRemaining, sinceAgo(10*time.Minute, 900, 150), "job", "bots", "bot", "music", "cluster", cluster)
				}
			},
			id: "DiscordIdentifyBudgetLow", blame: Operation, began: 10 * time.Minute, verdict: Look,
		},
		"the push": {
			happen: func(w *world) {
				w.add(catalog.SubsystemUp, sinceAgo(time.Minute, 1, 0), with("subsystem", "otlp")...)
			},
			id: "ArgusSubsystemDown", blame: Telemetry, began: time.Minute, verdict: Look,
		},
		"one slow command": {
			happen: func(w *world) {
				w.set(catalog.Acks, counting(3*time.Minute, 0, 0.06), with("type", "application_command", "outcome", catalog.AckLate)...)
				w.observe(catalog.ResponseDelay, counting(3*time.Minute, 0, 0.06), 4, with("type", "application_command", "command", "ban")...)
			},
			id: "DiscordAckBudgetBurnsSlowly", blame: Handler, cause: "took more than 2.0 s. The slowest command is ban", began: 163 * time.Second, verdict: Affected,
		},
		"handlers that block the reader": {
			happen: func(w *world) {
				acks(w, time.Minute, catalog.AckLate)
				w.observe(catalog.ReceiptAge, counting(time.Minute, 0, 4), 2.4, with("type", "modal_submit")...)
				w.set(catalog.HeartbeatAck, always(float64(noon.Add(-130*time.Second).Unix())), with("shard", "1")...)
			},
			id: "DiscordAckBudgetBurnsFast", blame: Handler, cause: "The connection of shard 1 is read late", began: time.Minute, verdict: Affected,
		},
		"a ban by Discord's edge": {
			happen: func(w *world) {
				acks(w, time.Minute, catalog.AckRejected)
				w.observe(catalog.RequestDuration, counting(time.Minute, 0, 20), 0.1, with("method", "POST", "route", catalog.RouteCallback, "status", "429")...)
				w.add(catalog.InvalidRequests, counting(time.Minute, 0, 20), with("status", "429")...)
			},
			id: "DiscordAckBudgetBurnsFast", blame: Handler, cause: "its edge has banned this address", began: time.Minute, explain: []string{"DiscordInvalidRequestsHigh"}, verdict: Affected,
		},
		"Discord's 5xx, and what they make fail": {
			happen: func(w *world) {
				acks(w, time.Minute, catalog.AckRejected)
				w.observe(catalog.RequestDuration, counting(time.Minute, 0, 1), 0.1, with("method", "POST", "route", catalog.RouteCallback, "status", "502")...)
				w.add(catalog.AppCommands, counting(time.Minute, 0, 0.8), with("command", "play", "status", "error")...)
			},
			id: "DiscordAckBudgetBurnsFast", blame: Discord, cause: "5xx", began: time.Minute, explain: []string{"DiscordCommandFails"}, verdict: Affected,
		},
		"a command that fails": {
			happen: func(w *world) {
				w.set(catalog.Acks, counting(time.Minute, 0, 0.1), with("type", "application_command", "outcome", catalog.AckAnsweredElsewhere)...)
				w.add(catalog.AppCommands, counting(time.Minute, 0, 0.8), with("command", "play", "status", "error")...)
				w.add(catalog.CommandErrors, counting(time.Minute, 0, 0.8), with("command", "play", "error_type", "*errors.errorString")...)
			},
			id: "DiscordCommandFails", blame: Handler, cause: "*errors.errorString", began: time.Minute, verdict: Affected,
		},
		"another process answers": {
			happen: func(w *world) {
				w.set(catalog.Acks, counting(time.Minute, 0, 1), with("type", "application_command", "outcome", catalog.AckAnsweredElsewhere)...)
				w.add(catalog.AppCommands, counting(time.Minute, 0, 0.8), with("command", "play", "status", "error")...)
			},
			id: "DiscordCommandFails", blame: Operation, cause: "answered already (40060)", began: time.Minute, verdict: Affected,
		},
		"reconnects that Discord asks for": {
			happen: func(w *world) {
				w.set(catalog.ShardReconnects, counting(time.Minute, 0, 0.06), with("shard", "1", "kind", "resume")...)
				w.set(catalog.ShardDisconnects, counting(time.Minute, 0, 0.06), with("shard", "1", "code", "1012", "initiator", "client")...)
			},
			id: "DiscordShardFlapping", blame: Discord, cause: "op 7", began: 43 * time.Second, verdict: Affected,
		},
		"sessions that end on open connections": {
			happen: func(w *world) {
				w.set(catalog.ShardReconnects, counting(time.Minute, 0, 0.06), with("shard", "1", "kind", "identify")...)
				w.set(catalog.Handshakes, counting(time.Minute, 0, 0.06), with("shard", "1", "kind", catalog.KindIdentify, "outcome", catalog.HandshakeReady)...)
			},
			id: "DiscordShardFlapping", blame: Discord, cause: "op 9", began: 43 * time.Second, verdict: Affected,
		},
		"a RESUMED that never comes": {
			happen: func(w *world) {
				w.set(catalog.ShardUp, sinceAgo(50*time.Second, 1, 0), with("shard", "1")...)
				w.set(catalog.ShardsConnected, sinceAgo(50*time.Second, 2, 1), zero...)
				w.set(catalog.ShardStateChange, always(float64(noon.Add(-52*time.Second).Unix())), with("shard", "1")...)
				w.set(catalog.ShardState, always(1), with("shard", "1", "state", catalog.StateResuming)...)
			},
			id: "DiscordShardDown", blame: Discord, cause: "waits for Discord's RESUMED", began: 52 * time.Second, verdict: Affected,
		},
		"presence updates": {
			happen: func(w *world) {
				w.set(catalog.ShardSent, counting(time.Minute, 0, 2), with("shard", "1", "op", "presence_update")...)
			},
			id: "DiscordSendsNearLimit", blame: Handler, cause: "presence_update", began: time.Minute, verdict: Look,
		},
		"fewer presence updates": {
			happen: func(w *world) {
				w.set(catalog.ShardSent, counting(5*time.Minute, 0, 1), with("shard", "1", "op", "presence_update")...)
			},
			verdict: Calm,
		},
		"an outage soon after a start": {
			happen: func(w *world) {
				for _, shard := range []string{"0", "1"} {
					w.set(catalog.ShardStateChange, always(float64(noon.Add(-100*time.Second).Unix())), with("shard", shard)...)
				}
				w.add(catalog.Handshakes, sinceAgo(100*time.Second, 0, 2), with("shard", "1", "kind", catalog.KindIdentify, "outcome", catalog.HandshakeReady)...)
				w.set(catalog.GuildsUnavailable, sinceAgo(40*time.Second, 0, 30), zero...)
			},
			id: "DiscordGuildOutage", blame: Discord, began: 40 * time.Second, verdict: Affected,
		},
		"guilds that arrive after a start": {
			happen: func(w *world) {
				for _, shard := range []string{"0", "1"} {
					w.set(catalog.ShardStateChange, always(float64(noon.Add(-42*time.Second).Unix())), with("shard", shard)...)
				}
				w.add(catalog.Handshakes, sinceAgo(40*time.Second, 0, 2), with("shard", "1", "kind", catalog.KindIdentify, "outcome", catalog.HandshakeReady)...)
				w.set(catalog.GuildsUnavailable, sinceAgo(40*time.Second, 0, 30), zero...)
			},
			verdict: Calm,
		},
		"all is well": {happen: func(*world) {}, verdict: Calm},
	} {
		t.Run(name, func(t *testing.T) {
			w := calm()
			tt.happen(w)
			r, err := Examine(t.Context(), w, noon)
			if err != nil {
				t.Fatal(err)
			}
			w.single = true // then a history must be able to answer every question
			if _, err := Examine(t.Context(), answerable{w, history.New(history.Options{})}, noon); err != nil {
				t.Error(err)
			}
			var b bytes.Buffer
			if err := r.Text(&b, TextOptions{All: true, Why: true}); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if t.Failed() {
					t.Logf("the report:\n%s", b.String())
				}
			}()
			if got := r.Verdict(); got != tt.verdict {
				t.Errorf("the verdict is %v, want %v", got, tt.verdict)
			}
			if tt.id == "" {
				if len(r.Findings) > 0 {
					t.Errorf("%s is found", r.Findings[0].ID)
				}
				return
			}
			if len(r.Findings) == 0 {
				t.Fatal("nothing is found")
			}
			f := r.Findings[0]
			if f.ID != tt.id || f.Blame != tt.blame || !strings.Contains(f.Cause, tt.cause) {
				t.Errorf("found %s, %q, cause %q; want %s, %q, %q", f.ID, f.Blame, f.Cause, tt.id, tt.blame, tt.cause)
			}
			if tt.sentence != "" && f.Sentence != tt.sentence {
				t.Errorf("it says %q, want %q", f.Sentence, tt.sentence)
			}
			if off := f.Since.Sub(noon.Add(-tt.began)); tt.began > 0 && (f.Before || math.Abs(off.Seconds()) > 10) {
				t.Errorf("it began %v ago, want %v", noon.Sub(f.Since), tt.began)
			}
			under := map[string]bool{}
			for _, u := range f.Under {
				under[u.ID] = true
				if u.Blame != f.Blame {
					t.Errorf("%s, which follows, is said to be caused by %s", u.ID, u.Blame)
				}
			}
			for _, id := range tt.explain {
				if !under[id] {
					t.Errorf("it does not explain %s", id)
				}
				delete(under, id)
			}
			for id := range under {
				t.Errorf("it is said to explain %s", id)
			}
			for _, other := range r.Findings[1:] {
				if slices.Contains(tt.others, other.ID) {
					continue
				}
				t.Errorf("also found: %s %v", other.ID, other.Subject)
			}
			if f.Do == "" || len(f.Evidence) == 0 || f.Evidence[0].Query == "" || !strings.HasPrefix(f.Runbook, rules.Runbooks) {
				t.Errorf("it lacks what to do, evidence or a runbook: %+v", f)
			}
		})
	}
}

// TestEachAlertHasItsCheck: the page and the alerts judge alike.
func TestEachAlertHasItsCheck(t *testing.T) {
	has := map[string]bool{}
	for _, c := range checks {
		if _, is := rules.ByName(c.id); !is || has[c.id] {
			t.Errorf("%s is not an alert, or is there twice", c.id)
		}
		has[c.id] = true
	}
	for _, g := range rules.Alerts() {
		for _, a := range g.Alerts {
			if !has[a.Name] {
				t.Errorf("%s has no check", a.Name)
			}
		}
	}
}

// answerable fails for a question that a process cannot answer.
type answerable struct {
	*world
	history *history.History
}

func (a answerable) Ask(ctx context.Context, at time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	if _, err := a.history.Ask(ctx, at, questions...); err != nil {
		return nil, err
	}
	return a.world.Ask(ctx, at, questions...)
}

func (a answerable) Trace(ctx context.Context, from, to time.Time, q evidence.Question) ([]evidence.Series, error) {
	if _, err := a.history.Trace(ctx, from, to, q); err != nil {
		return nil, err
	}
	return a.world.Trace(ctx, from, to, q)
}

// TestJSON: what is unknown is null, and nothing is lost on the way.
func TestJSON(t *testing.T) {
	text, err := json.Marshal(Finding{ID: "DiscordShardDown", Evidence: []Evidence{{Says: "a", Query: "b", Value: math.NaN()}, {Value: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"since":null`, `"value":null`, `"value":2`, `"query":"b"`, `"id":"DiscordShardDown"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
	var back Finding
	if err := json.Unmarshal(text, &back); err != nil || back.ID != "DiscordShardDown" || !back.Since.IsZero() || back.Evidence[1].Value != 2 {
		t.Errorf("%v, %+v", err, back)
	}
}

// TestFleetIsBounded: a fleet in which everything is down is not asked about shard by
// shard.
func TestFleetIsBounded(t *testing.T) {
	w := &world{}
	for cluster := range 20 {
		shards := []int{}
		for n := range 4 {
			shards = append(shards, 4*cluster+n)
		}
		w.process([]string{"job", "bots", "bot", "music", "cluster", strconv.Itoa(cluster)}, 80, shards...)
	}
	for i := range w.series {
		switch s := &w.series[i]; s.of.Name {
		case catalog.ShardUp.Name:
			s.value = sinceAgo(time.Minute, 1, 0)
		case catalog.ShardsConnected.Name:
			s.value = sinceAgo(time.Minute, 4, 0)
		}
	}
	counted := &tally{world: w}
	r, err := Examine(t.Context(), counted, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 80 || counted.questions > 300 || counted.traces > 40 {
		t.Errorf("%d findings, %d questions, %d traces", len(r.Findings), counted.questions, counted.traces)
	}
	t.Logf("%d findings, %d questions, %d traces", len(r.Findings), counted.questions, counted.traces)
}

// tally counts what is asked.
type tally struct {
	*world
	questions, traces int
}

func (c *tally) Ask(ctx context.Context, at time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	c.questions += len(questions)
	return c.world.Ask(ctx, at, questions...)
}

func (c *tally) Trace(ctx context.Context, from, to time.Time, q evidence.Question) ([]evidence.Series, error) {
	c.traces++
	return c.world.Trace(ctx, from, to, q)
}

// TestQueriesHaveTheNamespace: a query of the evidence is one that the bot's Prometheus
// can answer.
func TestQueriesHaveTheNamespace(t *testing.T) {
	w := calm()
	w.namespace = "music"
	w.set(catalog.HeartbeatAck, always(float64(noon.Add(-130*time.Second).Unix())), with("shard", "1")...)
	w.set(catalog.LastEvent, always(float64(noon.Add(-130*time.Second).Unix())), with("shard", "1")...)
	r, err := Examine(t.Context(), w, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) == 0 {
		t.Fatal("nothing is found")
	}
	for _, f := range r.Findings {
		for _, e := range f.Evidence {
			if strings.Contains(e.Query, "discord_") || !strings.Contains(e.Query, "music_") {
				t.Errorf("%s: %s", f.ID, e.Query)
			}
		}
	}
}

// TestGapsAreToldOnce: two checks need the session starts, which nothing has asked for.
func TestGapsAreToldOnce(t *testing.T) {
	w := calm()
	w.series = slices.DeleteFunc(w.series, func(s worldSeries) bool { return s.of.Name == catalog.SessionStartRemaining.Name })
	r, err := Examine(t.Context(), w, noon)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, g := range r.Gaps {
		if strings.Contains(g.What, "session starts") {
			told++
		}
	}
	if told != 1 || r.All-r.Checked != 2 {
		t.Errorf("%d of %d checks were made, and cannot tell %v; want the session starts once for two checks", r.Checked, r.All, r.Gaps)
	}
}
