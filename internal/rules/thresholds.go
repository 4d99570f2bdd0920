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

// Thresholds returns every number that a rule depends on. Those with a source are documented
// there; the others are a choice, whose reason stands beside them.
func Thresholds() []Threshold {
	return []Threshold{
		{
			Name: "AckBudget", Value: "0.01",
			Reason: "The objective: 99 % of interactions are acknowledged within Discord's 3 s, over 30 days; this is the rest. " +
				"What a resume replays is late by no fault of the bot, and a process that restarts answers late for a moment: a 99.9 % would be spent by these.",
			Source: responding,
		},
		{
			Name: "AckBurnFast", Value: "14.4",
			Reason: "At this speed 2 % of the 30 days' budget are gone in an hour.", Source: sreWorkbook,
		},
		{
			Name: "AckBurnSlow", Value: "6",
			Reason: "At this speed 5 % of the 30 days' budget are gone in six hours.", Source: sreWorkbook,
		},
		{
			Name: "AckFailuresAtLeast", Value: "10",
			Reason: "A bot with little traffic passes any share with one interaction. So many in the long window are more than one user's bad luck.",
		},
		{
			Name: "AckFailuresOfOne", Value: "2",
			Reason: "While the bot as a whole fails as much as that, a cluster takes part in it with more than one interaction.",
		},
		{
			Name: "CommandErrorShare", Value: "0.25",
			Reason: "Handlers return errors for their users' mistakes too; that a quarter of a command's runs fail is the command's fault.",
		},
		{
			Name: "CommandErrorsAtLeast", Value: "10",
			Reason: "As for acknowledgements: a share of a handful says nothing.",
		},
		{
			Name: "Memory", Value: "1d",
			Reason: "For how long a cluster that is gone, and the number of shards, are remembered: longer than a night, so that an alert does not end by itself before somebody has looked.",
		},
		{
			Name: "MissingWindow", Value: "8m",
			Reason: "With the two minutes for which the alert waits, ten without a session: 100 shards that start one after the other at an IDENTIFY every 5 s are up before. " +
				"Asked of each shard, since during a rolling restart some shard is always down, each time another. A new number of shards counts after the same time.",
			Source: sendLimit,
		},
		{
			Name: "FatalCodes", Value: strings.Join(catalog.FatalCloseCodes(), "|"),
			Reason: "The close codes after which Discord says not to reconnect.", Source: closeCodes,
		},
		{
			Name: "FatalWindow", Value: "15m",
			Reason: "discordgo goes on trying after a fatal code and waits up to 10 min between two tries (v0.29.0, reconnect): a shorter window would end the alert in between.",
		},
		{
			Name: "FatalSeconds", Value: "900",
			Reason: "FatalWindow as a number: what a process has counted that is not older was within the window.",
		},
		{
			Name: "RefusedWindow", Value: "15m",
			Reason: "As FatalWindow: discordgo waits up to 10 min between two attempts that fail, and a shorter window would end the alert in between.",
		},
		{
			Name: "ZombieIntervals", Value: "3",
			Reason: "Discord has a client give up after one heartbeat without an acknowledgement; discordgo waits for five. " +
				"An age of up to one interval is normal, and a push each minute adds one and a half of Discord's 41.25 s.",
			Source: heartbeats,
		},
		{
			Name: "ZombieWindow", Value: "2m",
			Reason: "Nothing must have been acknowledged in this time by Prometheus' clock as well, or a bot's clock that is behind would make all shards zombies. " +
				"The process itself must have said something new in it: the Collector repeats the last push of a process that was killed for 3 min. Two samples are needed, so one a minute is the least.",
		},
		{
			Name: "ZombieHeartbeats", Value: "2",
			Reason: "So many heartbeats must have been sent in this time without an acknowledgement. A process that stood still (a suspended laptop, a paused VM, a stopped process) has sent none meanwhile, " +
				"and one at most between its return and the acknowledgement; nor does it look like this when Prometheus stood still. In two minutes a process that runs sends nearly three.",
			Source: heartbeats,
		},
		{
			Name: "FlapsAtLeast", Value: "3",
			Reason: "In 5 min, over and over for ten. When Discord moves a connection (op 7), or a process restarts, a shard becomes ready again once. " +
				"At this rate one shard that identifies each time uses up a day's 1,000 session starts.",
			Source: sessionStart,
		},
		{
			Name: "StartsAtLeast", Value: "4",
			Reason: "A deployment, its rollback and one more are three. Kubernetes waits up to 5 min between two starts, which makes five or six in 30 min.",
			Source: "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy",
		},
		{
			Name: "StartsWindow", Value: "30m",
			Reason: "Long enough for the slow crash loop that Kubernetes makes of a quick one.",
		},
		{
			Name: "StartsSeconds", Value: "1800",
			Reason: "StartsWindow as a number: a process that is seen for the first time and is older has not started within it.",
		},
		{
			Name: "SilentWindow", Value: "10m",
			Reason: "Ten minutes, of which each is asked whether it had an event; a push comes once a minute.",
		},
		{
			Name: "SilentUsualChanges", Value: "6",
			Reason: "Of nine, and never fewer in the whole of SilentUsualWindow; a few scrapes may be missed. Quieter shards are never called silent.",
		},
		{
			Name: "SilentUsualWindow", Value: "1h",
			Reason: "Half an hour before and after this time yesterday. Events are not independent of each other: in a small bot they are one conversation, which was there yesterday and is not today. " +
				"So that none comes in 15 min is odd only for a shard that had some in every ten minutes of a whole hour.",
		},
		{
			Name: "ResumeShare", Value: "0.5",
			Reason: "Most RESUMEs succeed when the gateway moves clients. Where half are refused, something ends the sessions: discordgo's own close with 1000, an absence that is too long.",
		},
		{
			Name: "ResumesAtLeast", Value: "10",
			Reason: "A few reconnects a day per shard are normal; so many within an hour make a share that says something.",
		},
		{
			Name: "LockSeconds", Value: "300",
			Reason: "Open holds the lock through request, dial and handshake. discordgo v0.29.0 ends the request after 20 s and the dial after 45 s, the kernel ends a dead one after two to three minutes; the wait for HELLO and READY has no end, so what is held for longer is not let go any more.",
		},
		{
			Name: "LockWindow", Value: "5m",
			Reason: "LockSeconds as a window: a shard that changed its state or became ready again within it had its lock let go in between. " +
				"A shard that is ready for 0.2 s at a time has its lock free for a seventh of the time, which five pushes, or twenty scrapes, may all miss.",
		},
		{
			Name: "IdentifyFleets", Value: "2",
			Reason: "So many restarts of all shards must remain, for the deployment that goes wrong and the one that mends it. Discord's limit is at least five times the shards it recommends.",
			Source: sessionStart,
		},
		{
			Name: "IdentifyShareLow", Value: "0.2",
			Reason: "For bots with few shards, where two restarts are nothing: a crash loop has used up four fifths.",
		},
		{
			Name: "IdentifyShareLast", Value: "0.05",
			Reason: "A process that restarts every second uses up the last 50 of 1,000 within a minute. At 0 Discord resets the token.",
			Source: sessionStart,
		},
		{
			Name: "GlobalLimitsAtLeast", Value: "2",
			Reason: "In 5 min, over and over for six: one burst of up to a minute is over before. Discord says how long to wait, which is seconds to minutes, so a bot that goes on sending too much meets the limit at least as often.",
			Source: discordDocs + "topics/rate-limits#global-rate-limit",
		},
		{
			Name: "InvalidRequestsHigh", Value: "2500",
			Reason: "A quarter of Discord's 10,000 in 10 min, by one process: four of them behind one address are a ban.", Source: bans,
		},
		{
			Name: "InvalidRequestsNearBan", Value: "5000",
			Reason: "Half of Discord's 10,000 in 10 min, over all processes, since nothing here knows which of them share an address.", Source: bans,
		},
		{
			Name: "SendsNearLimit", Value: "96",
			Reason: "80 % of Discord's 120 in 60 s, as an average of 5 min. Within these a minute may have been over the limit.", Source: sendLimit,
		},
		{
			Name: "OutageShare", Value: "0.05",
			Reason: "Large bots have a few guilds that stay unavailable for days; one in twenty is an outage. " +
				"After a start it is passed as well: where a shard starts every 5 s and D seconds later has its guilds, the share is D/2t after t seconds, and above this for 10 D. " +
				"The alert waits for ten minutes, which is enough for a D of up to a minute, whatever the number of shards.",
		},
		{
			Name: "OutageGuildsAtLeast", Value: "5",
			Reason: "In a bot of 19 guilds one that stays unavailable is more than one in twenty, and would hold back other warnings for as long. " +
				"Five of them at a time are Discord's doing. A bot of fewer guilds has no such alert.",
		},
		{
			Name: "ClockBehind", Value: "-0.5",
			Reason: "An interaction cannot be older than it is: below 0 it is the clock. Half a second is no longer the noise of a clock that NTP keeps.",
		},
		{
			Name: "ClockAhead", Value: "1",
			Reason: "Even the quickest interaction of ten minutes seems to have used up a third of Discord's 3 s.", Source: responding,
		},
		{
			Name: "ClockWindow", Value: "8m",
			Reason: "With the two minutes for which the alert waits, ten: a few minutes in which everything is late are no clock.",
		},
		{
			Name: "ClockFar", Value: "3",
			Reason: "Even the quickest interaction seems to have come after Discord's deadline, or so long before it was made: a clock that was set wrong. Two minutes suffice.", Source: responding,
		},
		{
			Name: "ErrorWindow", Value: "15m",
			Reason: "Long enough to be seen, short enough to end on the same day.",
		},
		{
			Name: "ErrorSeconds", Value: "900",
			Reason: "ErrorWindow as a number: what a process has counted that is not older was within the window.",
		},
		{
			Name: "Jobs", Value: "argus|collector|discord-bot",
			Reason: "The jobs of the Prometheus configurations in otelcol/. Bots that are scraped under another name are found by their argus_up.",
		},
	}
}
