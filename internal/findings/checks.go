package findings

import (
	"slices"

	"github.com/argus-dgo/argus/internal/catalog"
)

// checks are in the order in which findings are read where nothing else decides: what
// explains others comes first.
var checks = []check{
	{id: "ArgusTelemetryAbsent", fleet: true, find: nothingReports, explains: all},
	{id: "DiscordFatalClose", find: fatalCloses, explains: down("DiscordGatewayRefused", "DiscordResumesFail", "DiscordShardFlapping")},
	{id: "DiscordGuildOutage", find: outage, explains: anyOf("DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly", "DiscordShardDown", "DiscordResumesFail", "DiscordShardFlapping", "DiscordGatewayRefused", "DiscordCommandFails")},
	{id: "DiscordGatewayRefused", find: gatewayRefused, explains: down()},
	{id: "DiscordSessionLockStuck", find: locksStuck, explains: down()},
	{id: "DiscordGlobalRateLimit", find: globalLimit, explains: anyOf("DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly", "DiscordCommandFails", "DiscordInvalidRequestsHigh", "DiscordInvalidRequestsNearBan")},
	{id: "DiscordCrashLoop", fleet: true, find: crashLoop, explains: down("DiscordIdentifyBudgetLow", "DiscordIdentifyBudgetNearlySpent", "DiscordClusterGone", "DiscordShardsMissing", "ArgusScrapeFails")},
	{id: "DiscordClusterGone", fleet: true, find: clustersGone, explains: anyOf("DiscordShardsMissing", "ArgusScrapeFails")},
	{id: "DiscordShardsMissing", fleet: true, find: shardsMissing},
	{id: "DiscordShardCountMismatch", fleet: true, find: countsDiffer, explains: anyOf("DiscordShardsMissing", "DiscordShardOwnedTwice")},
	{id: "DiscordShardOwnedTwice", fleet: true, find: ownedTwice, explains: anyOf("DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly")},
	{id: "DiscordShardFlapping", find: flapping, explains: down("DiscordIdentifyBudgetLow", "DiscordIdentifyBudgetNearlySpent", "DiscordResumesFail", "DiscordSendsNearLimit")},
	{id: "DiscordShardDown", find: shardsDown, explains: anyOf("DiscordShardsMissing")},
	{id: "DiscordShardZombie", find: zombies, explains: down()},
	{id: "DiscordShardSilent", find: silent},
	{id: "DiscordClockSkewed", find: clockOff, explains: anyOf("DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly")},
	{id: "DiscordAckBudgetBurnsFast", find: unanswered, gap: withoutAcks, explains: unansweredExplains},
	{id: "DiscordAckBudgetBurnsSlowly", find: unansweredSlowly, gap: withoutAcks, explains: unansweredExplains},
	{id: "DiscordInvalidRequestsNearBan", find: nearBan, explains: anyOf("DiscordInvalidRequestsHigh")},
	{id: "DiscordCommandFails", find: commandFails},
	{id: "DiscordIdentifyBudgetNearlySpent", find: sessionStarts(true), gap: noSessionStarts},
	{id: "DiscordIdentifyBudgetLow", find: sessionStarts(false), gap: noSessionStarts},
	{id: "DiscordInvalidRequestsHigh", find: invalidRequests},
	{id: "DiscordResumesFail", find: resumesFail},
	{id: "DiscordSendsNearLimit", find: sendsNearLimit},
	{id: "DiscordMemberRequestsRefused", find: memberRequests},
	{id: "DiscordVoiceEncryptionRequired", find: voiceRefused},
	{id: "ArgusScrapeFails", fleet: true, find: scrapesFail},
	{id: "ArgusSubsystemDown", find: subsystemsDown},
	{id: "ArgusInstrumentationErrors", find: rises("ArgusInstrumentationErrors", catalog.InstrumentationErrors, "hook", "faults that were caught",
		"Report it with the log line of the fault: the bot is not affected, but counts may be too low.")},
	{id: "ArgusTimersEvicted", find: rises("ArgusTimersEvicted", catalog.TimersEvicted, "timer", "interactions that are no longer followed",
		"Nothing, unless it stays: more interactions wait at once than Argus follows.")},
}

func all(Finding, Finding) bool { return true }

// anyOf returns the relation to findings of these checks.
func anyOf(ids ...string) func(f, other Finding) bool {
	return func(_, other Finding) bool {
		return slices.Contains(ids, other.ID)
	}
}

// unansweredExplains is the relation of unanswered interactions to what follows.
func unansweredExplains(f, other Finding) bool {
	switch other.ID {
	case "DiscordCommandFails", "ArgusTimersEvicted":
		return true
	case "DiscordInvalidRequestsHigh", "DiscordInvalidRequestsNearBan":
		return f.banned // the responses of the ban count too
	}
	return false
}

// down returns the relation of what keeps shards down to what follows from it.
func down(more ...string) func(f, other Finding) bool {
	others := anyOf(append([]string{"DiscordShardDown", "DiscordShardsMissing", "DiscordShardSilent"}, more...)...)
	return func(f, other Finding) bool {
		// What a shard misses, Discord replays when it is back: it is old on arrival.
		return others(f, other) || other.onArrival
	}
}
