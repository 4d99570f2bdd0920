package rules

import (
	"fmt"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

// What counts against the objective. Nobody waits for the answer to an autocomplete (the user keeps typing, and Discord refuses the
// answer) or to a ping. An interaction that another process answered, or that Discord accepted at the first attempt and refused at
// the second, is neither a success nor a failure of this process.
var (
	awaited   = `type=~"` + strings.Join(Awaited(), "|") + `"`
	notInTime = strings.Join(NotInTime(), "|")
	judged    = catalog.AckInTime + "|" + notInTime
)

// Awaited returns the types of interactions whose users wait for an answer.
func Awaited() []string { return []string{"application_command", "message_component", "modal_submit"} }

// NotInTime returns the outcomes that count against the objective.
func NotInTime() []string { return []string{catalog.AckLate, catalog.AckRejected, catalog.AckMissed} }

// Records returns the recording rules, in the order in which they are evaluated within a group.
func Records() []RecordGroup {
	return []RecordGroup{
		{Name: "argus_interactions.rules", Records: interactionRecords()},
		{Name: "argus_shards.rules", Records: shardRecords},
		{Name: "argus_memory.rules", Every: "1m", Records: memoryRecords},
		{Name: "argus_platform.rules", Records: platformRecords},
	}
}

func interactionRecords() []Record {
	records := []Record{
		{
			Name:  "cluster:discord_interactions:rate5m",
			Expr:  `sum by (job, bot, region, cluster) (rate(discord_interactions_total[5m]))`,
			About: "Interactions per second.",
		},
		{
			Name:  "cluster:discord_interaction_acks:rate5m",
			Expr:  `sum by (job, bot, region, cluster) (rate(discord_interaction_acks_total[5m]))`,
			About: "Interactions per second that reached an outcome.",
		},
		{
			Name:  "cluster_command:discord_app_command_errors:ratio_rate15m",
			Expr:  "sum by (job, bot, region, cluster, command) (rate(discord_app_commands_total{status=\"error\"}[15m]))\n/\n(sum by (job, bot, region, cluster, command) (rate(discord_app_commands_total[15m])) > 0)",
			About: "Share of a command's runs that failed. Absent without runs.",
		},
		{
			Name:  "cluster:discord_gateway_events:rate5m",
			Expr:  `sum by (job, bot, region, cluster) (rate(discord_gateway_events_total[5m]))`,
			About: "Dispatches per second.",
		},
	}
	ackFailures := func(by, window string) string {
		return fmt.Sprintf("sum by (%[1]s) (rate(discord_interaction_acks_total{%[2]s,outcome=~\"%[3]s\"}[%[5]s]))\n/\n"+
			"(sum by (%[1]s) (rate(discord_interaction_acks_total{%[2]s,outcome=~\"%[4]s\"}[%[5]s])) > 0)", by, awaited, notInTime, judged, window)
	}
	for _, window := range []string{"5m", "30m", "1h", "6h"} {
		records = append(records, Record{
			Name:  "cluster:discord_interaction_ack_failures:ratio_rate" + window,
			Expr:  ackFailures("job, bot, region, cluster", window),
			About: "Share of commands, components and modals not acknowledged in time. Absent without any.",
		})
	}
	for _, window := range []string{"5m", "1h"} {
		records = append(records, Record{
			Name:  "bot:discord_interaction_ack_failures:ratio_rate" + window,
			Expr:  ackFailures("job, bot", window),
			About: "The same for all clusters of the bot.",
		})
	}
	for _, window := range []string{"1h", "6h"} {
		records = append(records, Record{
			Name:  "cluster:discord_interaction_ack_failures:increase" + window,
			Expr:  fmt.Sprintf(`sum by (job, bot, region, cluster) (increase(discord_interaction_acks_total{%s,outcome=~"%s"}[%s]))`, awaited, notInTime, window),
			About: "Commands, components and modals not acknowledged in time.",
		})
	}
	return append(records, Record{
		Name:  "bot:discord_interaction_ack_failures:increase1h",
		Expr:  `sum by (job, bot) (cluster:discord_interaction_ack_failures:increase1h)`,
		About: "The same for all clusters of the bot.",
	})
}

// memoryRecords read a day of each series. With a sample every 15 s this was measured at half a millisecond of CPU per shard, so
// nearly a second for 1,600; a subquery costs the same. They are a separate group that is evaluated less often.
var memoryRecords = []Record{
	{
		Name:  "cluster:argus_up:last1d",
		Expr:  `max by (job, bot, region, cluster) (last_over_time(argus_up[${Memory}]))`,
		About: "Clusters that reported within a day.",
	},
	{
		Name:  "bot:argus_up:last1d",
		Expr:  `max by (job, bot) (cluster:argus_up:last1d)`,
		About: "Bots that reported within a day.",
	},
	{
		Name:  "cluster_shard:discord_shard_up:last1d",
		Expr:  `max by (job, bot, region, cluster, shard) (last_over_time(discord_shard_up[${Memory}]))`,
		About: "Shards that a cluster owned within a day, up or not.",
	},
}

var shardRecords = []Record{
	{
		Name:  "cluster_shard:discord_shard_up:max",
		Expr:  `max by (job, bot, region, cluster, shard) (discord_shard_up)`,
		About: "Whether the shard is up in the cluster.",
	},
	{
		Name:  "cluster:discord_shard_up:sum",
		Expr:  `sum by (job, bot, region, cluster) (cluster_shard:discord_shard_up:max)`,
		About: "Shards that are up in the cluster.",
	},
	{
		Name:  "shard:discord_shard_up:sum",
		Expr:  `sum by (job, bot, shard) (cluster_shard:discord_shard_up:max)`,
		About: "Clusters in which the shard is up; should be 1.",
	},
	{
		Name:  "bot:discord_shard_up:sum",
		Expr:  `sum by (job, bot) (clamp_max(shard:discord_shard_up:sum, 1))`,
		About: "Distinct shards that are up in any cluster.",
	},
	{
		Name:  "bot:discord_bot_shards:max",
		Expr:  "max by (job, bot) (discord_bot_shards)\nor\nmax by (job, bot) (last_over_time(discord_bot_shards[${Memory}]))",
		About: "Shard count of the bot; while no cluster reports, the last one reported.",
	},
	{
		Name:  "bot:discord_shards_missing:sum",
		Expr:  "clamp_min(bot:discord_bot_shards:max - (bot:discord_shard_up:sum or 0 * bot:discord_bot_shards:max), 0)",
		About: "Shards that are up in no cluster, owned by a process or not.",
	},
	{
		Name:  "bot:discord_shard_up:sum8m",
		Expr:  "count by (job, bot) (max by (job, bot, shard) (max_over_time(discord_shard_up[${MissingWindow}])) == 1)\nor\n0 * bot:discord_bot_shards:max",
		About: "Distinct shards that were up in any cluster within 8 min.",
	},
	{
		Name:  "cluster:argus_up:max",
		Expr:  `max by (job, bot, region, cluster) (argus_up)`,
		About: "Clusters that report now.",
	},
	{
		Name:  "bot:argus_up:max",
		Expr:  `max by (job, bot) (cluster:argus_up:max)`,
		About: "Bots that report now.",
	},
	{
		// A process scraped at a fixed address continues the series: its start is a reset or, if it has been up for as long as the previous process,
		// only a change of the start time. A pushed process, or one in a new pod, has a new series. A process seen in several of these ways
		// has started once, so the largest value counts.
		Name: "cluster:discord_uptime_seconds:starts30m",
		Expr: `max by (job, bot, region, cluster) (
  label_replace(sum by (job, bot, region, cluster) (resets(discord_uptime_seconds[${StartsWindow}])), "seen", "reset", "", "")
  or
  label_replace(sum by (job, bot, region, cluster) (
    changes(process_start_time_seconds[${StartsWindow}])
    and on (job, bot, region, cluster, instance)
    last_over_time(discord_uptime_seconds[${StartsWindow}])
  ), "seen", "change", "", "")
  or
  label_replace(count by (job, bot, region, cluster) (
    last_over_time(discord_uptime_seconds[${StartsWindow}]) < ${StartsSeconds}
    unless
    discord_uptime_seconds offset ${StartsWindow}
  ), "seen", "new", "", "")
)`,
		About: "Starts of the cluster's process in 30 min, if scraped or pushed.",
	},
	{
		Name:  "cluster_shard:discord_shard_event_timestamp_seconds:changes10m",
		Expr:  `changes(max by (job, bot, region, cluster, shard) (discord_shard_event_timestamp_seconds)[${SilentWindow}:1m])`,
		About: "Minutes out of ten with a new event, at most nine. Measures silence, not traffic.",
	},
	{
		Name:  "cluster_shard:discord_shard_reconnects:increase5m",
		Expr:  "sum by (job, bot, region, cluster, shard) (\n  max by (job, bot, region, cluster, shard, kind) (increase(discord_shard_reconnects_total[5m]))\n)",
		About: "Times that the shard became ready again.",
	},
	{
		Name:  "cluster_shard:discord_shard_sent:rate5m",
		Expr:  "sum by (job, bot, region, cluster, shard) (\n  max by (job, bot, region, cluster, shard, op) (rate(discord_shard_sent_total[5m]))\n)",
		About: "Payloads sent to the gateway per second.",
	},
	{
		Name:  "cluster:discord_shard_resumes_tried:increase1h",
		Expr:  `sum by (job, bot, region, cluster) (increase(discord_shard_handshakes_total{kind="resume"}[1h]))`,
		About: "RESUMEs sent.",
	},
	{
		Name: "cluster:discord_shard_resumes:ratio_increase1h",
		Expr: "sum by (job, bot, region, cluster) (increase(discord_shard_handshakes_total{kind=\"resume\",outcome=\"resumed\"}[1h]))\n/\n" +
			"(cluster:discord_shard_resumes_tried:increase1h > 0)",
		About: "Share of RESUMEs that kept the session. Absent without any.",
	},
}

var platformRecords = []Record{
	{
		Name:  "cluster:discord_guilds_unavailable:ratio",
		Expr:  "max by (job, bot, region, cluster) (discord_guilds_unavailable)\n/\n(max by (job, bot, region, cluster) (discord_guilds_unavailable) + max by (job, bot, region, cluster) (discord_guilds) > 0)",
		About: "Share of guilds that are unavailable.",
	},
	{
		Name:  "cluster:discord_rest_invalid_requests:increase10m",
		Expr:  "sum by (job, bot, region, cluster) (\n  max by (job, bot, region, cluster, status) (increase(discord_rest_invalid_requests_total[10m]))\n)",
		About: "Responses that count towards Discord's ban, in 10 min.",
	},
	{
		Name:  "bot:discord_rest_invalid_requests:increase10m",
		Expr:  `sum by (job, bot) (cluster:discord_rest_invalid_requests:increase10m)`,
		About: "The same for all clusters.",
	},
	{
		Name:  "bot:discord_ratelimits_global:increase5m",
		Expr:  "sum by (job, bot) (\n  max by (job, bot, region, cluster, route) (increase(discord_ratelimits_total{scope=\"global\"}[5m]))\n)",
		About: "429 responses of scope global.",
	},
	{
		Name:  "cluster:discord_clock_offset_seconds:min",
		Expr:  `min by (job, bot, region, cluster) (discord_clock_offset_seconds)`,
		About: "Upper bound on how far the machine's clock is ahead of Discord's.",
	},
	{
		Name:  "bot:discord_gateway_session_start_remaining:min",
		Expr:  `min by (job, bot) (discord_gateway_session_start_remaining)`,
		About: "Session starts left, by the newest answer.",
	},
	{
		Name:  "bot:discord_gateway_session_start_limit:max",
		Expr:  `max by (job, bot) (discord_gateway_session_start_limit)`,
		About: "Session starts per day.",
	},
}
