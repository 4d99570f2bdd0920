package rules

import (
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

// Where numbers come from.
const (
	discordDocs  = "https://discord.com/developers/docs/"
	sreWorkbook  = "https://sre.google/workbook/alerting-on-slos/"
	responding   = discordDocs + "interactions/receiving-and-responding#responding-to-an-interaction"
	closeCodes   = discordDocs + "topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"
	heartbeats   = discordDocs + "events/gateway#sending-heartbeats"
	sendLimit    = discordDocs + "events/gateway#rate-limiting"
	sessionStart = discordDocs + "events/gateway#session-start-limit-object"
	bans         = discordDocs + "topics/rate-limits#invalid-request-limit-aka-cloudflare-bans"
)

// Thresholds returns every number that a rule depends on. Numbers with a source are documented
// there; the others are a choice, with its reason.
func Thresholds() []Threshold {
	return []Threshold{
		{
			Name: "AckBudget", Value: "0.01",
			Reason: "Objective: 99 % of interactions acknowledged within 3 s over 30 days. Resumes and restarts alone would spend the budget of 99.9 %.",
			Source: responding,
		},
		{
			Name: "AckBurnFast", Value: "14.4",
			Reason: "Spends 2 % of the 30-day budget in an hour.", Source: sreWorkbook,
		},
		{
			Name: "AckBurnSlow", Value: "6",
			Reason: "Spends 5 % of the 30-day budget in six hours.", Source: sreWorkbook,
		},
		{
			Name: "AckFailuresAtLeast", Value: "10",
			Reason: "With little traffic, one failure exceeds any ratio.",
		},
		{
			Name: "AckFailuresOfOne", Value: "2",
			Reason: "Minimum of a cluster while the whole bot exceeds the ratio.",
		},
		{
			Name: "CommandErrorShare", Value: "0.25",
			Reason: "Handlers also return errors for users' mistakes, but not this often.",
		},
		{
			Name: "CommandErrorsAtLeast", Value: "10",
			Reason: "With few runs, a ratio means nothing.",
		},
		{
			Name: "Memory", Value: "1d",
			Reason: "Longer than a night, so that an alert about what is gone lasts until somebody has looked.",
		},
		{
			Name: "MissingWindow", Value: "8m",
			Reason: "With `for: 2m`, ten minutes: 100 shards that start at one IDENTIFY every 5 s are up by then. Applied per shard, because in a rolling restart some shard is always down.",
			Source: sendLimit,
		},
		{
			Name: "FatalCodes", Value: strings.Join(catalog.FatalCloseCodes(), "|"),
			Reason: "Close codes after which Discord forbids a reconnect.", Source: closeCodes,
		},
		{
			Name: "FatalWindow", Value: "15m",
			Reason: "discordgo (v0.29.0) retries up to 10 min apart; a shorter window would resolve the alert in between.",
		},
		{
			Name: "FatalSeconds", Value: "900",
			Reason: "FatalWindow in seconds, compared with the process's uptime.",
		},
		{
			Name: "RefusedWindow", Value: "15m",
			Reason: "As FatalWindow.",
		},
		{
			Name: "ZombieIntervals", Value: "3",
			Reason: "Discord asks clients to give up after one; discordgo waits for five. Up to one is normal, and a push per minute adds one and a half.",
			Source: heartbeats,
		},
		{
			Name: "ZombieWindow", Value: "2m",
			Reason: "No acknowledgement in this time by Prometheus' clock either, in case the bot's clock is off. The process must have sent new samples: the Collector repeats a dead process's last push for 3 min.",
		},
		{
			Name: "ZombieHeartbeats", Value: "2",
			Reason: "Heartbeats sent in ZombieWindow. A running process sends nearly three, one that was suspended at most one.",
			Source: heartbeats,
		},
		{
			Name: "FlapsAtLeast", Value: "3",
			Reason: "Per 5 min, for 10 min. A move by Discord (op 7) or a restart is one. A shard that identifies at this rate spends 864 of a day's 1,000 session starts.",
			Source: sessionStart,
		},
		{
			Name: "StartsAtLeast", Value: "4",
			Reason: "A deployment, its rollback and another are three. A crash loop in Kubernetes has five or six.",
			Source: "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy",
		},
		{
			Name: "StartsWindow", Value: "30m",
			Reason: "Kubernetes waits up to 5 min between starts.",
		},
		{
			Name: "StartsSeconds", Value: "1800",
			Reason: "StartsWindow in seconds, compared with the process's uptime.",
		},
		{
			Name: "SilentWindow", Value: "10m",
			Reason: "Ten minutes, each checked for an event; a push comes once a minute.",
		},
		{
			Name: "SilentUsualChanges", Value: "6",
			Reason: "Of nine, throughout SilentUsualWindow; allows for missed scrapes. Quieter shards never count as silent.",
		},
		{
			Name: "SilentUsualWindow", Value: "1h",
			Reason: "Half an hour before and after this time yesterday. 15 quiet minutes are only unusual for a shard that then had events in every ten minutes.",
		},
		{
			Name: "ResumeShare", Value: "0.5",
			Reason: "Most RESUMEs succeed when Discord moves clients. If half fail, something ends the sessions: discordgo's close with 1000, or a long absence.",
		},
		{
			Name: "ResumesAtLeast", Value: "10",
			Reason: "A few reconnects per shard and day are normal.",
		},
		{
			Name: "LockSeconds", Value: "300",
			Reason: "Open holds the lock. Its request and dial end within two to three minutes (discordgo v0.29.0: 20 s and 45 s); the wait for HELLO and READY has no timeout.",
		},
		{
			Name: "LockWindow", Value: "5m",
			Reason: "A shard that changed state or became ready in this time released its lock. A flapping shard's lock is free a seventh of the time, which five pushes or twenty scrapes can miss.",
		},
		{
			Name: "IdentifyFleets", Value: "2",
			Reason: "Restarts of all shards: a failed deployment and its fix. Discord's limit allows at least five.",
			Source: sessionStart,
		},
		{
			Name: "IdentifyShareLow", Value: "0.2",
			Reason: "For bots with few shards: a crash loop has spent four fifths.",
		},
		{
			Name: "IdentifyShareLast", Value: "0.05",
			Reason: "A process that restarts every second spends the last 50 of 1,000 within a minute.",
			Source: sessionStart,
		},
		{
			Name: "GlobalLimitsAtLeast", Value: "2",
			Reason: "Per 5 min, for 6 min: a single burst is over by then.",
			Source: discordDocs + "topics/rate-limits#global-rate-limit",
		},
		{
			Name: "InvalidRequestsHigh", Value: "2500",
			Reason: "A quarter of Discord's 10,000 in 10 min: four such processes behind one address are banned.", Source: bans,
		},
		{
			Name: "InvalidRequestsNearBan", Value: "5000",
			Reason: "Half of 10,000, over all processes: the metrics do not show which share an address.", Source: bans,
		},
		{
			Name: "SendsNearLimit", Value: "96",
			Reason: "80 % of Discord's 120 in 60 s. An average over 5 min; single minutes may be higher.", Source: sendLimit,
		},
		{
			Name: "OutageShare", Value: "0.05",
			Reason: "Large bots always have a few. A start also exceeds it: if a shard starts every 5 s and its guilds arrive D seconds later, for 10 D. `for: 10m` covers a D of a minute.",
		},
		{
			Name: "OutageGuildsAtLeast", Value: "5",
			Reason: "In a bot of 19 guilds, one that stays unavailable would exceed the share and hold back other warnings.",
		},
		{
			Name: "ClockBehind", Value: "-0.5",
			Reason: "A negative age can only be the clock. NTP keeps clocks within less.",
		},
		{
			Name: "ClockAhead", Value: "1",
			Reason: "Even the fastest interaction in ten minutes seems to have used a third of Discord's 3 s.", Source: responding,
		},
		{
			Name: "ClockWindow", Value: "8m",
			Reason: "With `for: 2m`, ten minutes: a few minutes in which everything is late are not the clock.",
		},
		{
			Name: "ClockFar", Value: "3",
			Reason: "Even the fastest interaction seems to miss Discord's deadline, or to arrive 3 s before its creation.", Source: responding,
		},
		{
			Name: "ErrorWindow", Value: "15m",
			Reason: "Long enough to be noticed, short enough to resolve the same day.",
		},
		{
			Name: "ErrorSeconds", Value: "900",
			Reason: "ErrorWindow in seconds, compared with the process's uptime.",
		},
		{
			Name: "Jobs", Value: "argus|collector|discord-bot",
			Reason: "Jobs of the Prometheus configurations in otelcol/. Other bots are found by argus_up.",
		},
	}
}
