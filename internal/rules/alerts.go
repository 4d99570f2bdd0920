package rules

// Alerts returns the alerts.
func Alerts() []AlertGroup {
	return []AlertGroup{
		{Name: "argus_interactions.alerts", Title: "Interactions", Alerts: interactionAlerts},
		{Name: "argus_shards.alerts", Title: "Shards", Alerts: shardAlerts},
		{Name: "argus_budgets.alerts", Title: "Budgets and rate limits", Alerts: budgetAlerts},
		{Name: "argus_platform.alerts", Title: "Discord and the host", Alerts: platformAlerts},
		{Name: "argus_telemetry.alerts", Title: "Telemetry", Alerts: telemetryAlerts},
	}
}

var interactionAlerts = []Alert{
	{
		// The second half is for many clusters with little traffic each: only the whole bot has enough traffic for a meaningful ratio.
		Name: "DiscordAckBudgetBurnsFast", Severity: Critical, Keep: "15m", Level: "cluster",
		Expr: `cluster:discord_interaction_ack_failures:ratio_rate1h > ${AckBurnFast} * ${AckBudget}
and on (job, bot, region, cluster)
cluster:discord_interaction_ack_failures:ratio_rate5m > ${AckBurnFast} * ${AckBudget}
and on (job, bot, region, cluster)
cluster:discord_interaction_ack_failures:increase1h >= ${AckFailuresAtLeast}
or
cluster:discord_interaction_ack_failures:ratio_rate1h > ${AckBurnFast} * ${AckBudget}
and on (job, bot, region, cluster)
cluster:discord_interaction_ack_failures:increase1h >= ${AckFailuresOfOne}
and on (job, bot)
bot:discord_interaction_ack_failures:ratio_rate1h > ${AckBurnFast} * ${AckBudget}
and on (job, bot)
bot:discord_interaction_ack_failures:ratio_rate5m > ${AckBurnFast} * ${AckBudget}
and on (job, bot)
bot:discord_interaction_ack_failures:increase1h >= ${AckFailuresAtLeast}`,
		Summary: "Many users of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " get no answer",
		Description: "{{ $value | humanizePercentage }} of the last hour's interactions were not acknowledged within Discord's 3 s, and the last 5 minutes are no better. " +
			"At this rate the 30-day budget is spent in two days. The usual cause is a slow handler: see discord_interaction_response_delay_seconds.",
	},
	{
		Name: "DiscordAckBudgetBurnsSlowly", Severity: Warning, Level: "cluster",
		Expr: `cluster:discord_interaction_ack_failures:ratio_rate6h > ${AckBurnSlow} * ${AckBudget}
and on (job, bot, region, cluster)
cluster:discord_interaction_ack_failures:ratio_rate30m > ${AckBurnSlow} * ${AckBudget}
and on (job, bot, region, cluster)
cluster:discord_interaction_ack_failures:increase6h >= ${AckFailuresAtLeast}`,
		Summary:     "Some users of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " get no answer",
		Description: "{{ $value | humanizePercentage }} of the last 6 hours' interactions were not acknowledged within Discord's 3 s. At this rate the 30-day budget is spent in five days.",
	},
	{
		Name: "DiscordCommandFails", Severity: Warning, For: "10m", Level: "cluster, command",
		Expr: `cluster_command:discord_app_command_errors:ratio_rate15m > ${CommandErrorShare}
and on (job, bot, region, cluster, command)
sum by (job, bot, region, cluster, command) (increase(discord_app_commands_total{status="error"}[15m])) >= ${CommandErrorsAtLeast}`,
		Summary:     "Command {{ $labels.command }} fails on cluster {{ $labels.cluster }}" + inRegion + " of " + theBot,
		Description: "Its handler returned an error or panicked in {{ $value | humanizePercentage }} of its runs in the last 15 min.",
	},
}

var shardAlerts = []Alert{
	{
		Name: "DiscordShardsMissing", Severity: Critical, For: "2m", Level: "bot",
		Expr: `bot:discord_bot_shards:max - bot:discord_shard_up:sum8m > 0
and on (job, bot)
bot:discord_bot_shards:max offset ${MissingWindow} - bot:discord_shard_up:sum8m > 0`,
		Summary: "Shards of " + theBot + " that have been down everywhere for 10 minutes: {{ $value }}",
		Description: "Every guild on these shards sees the bot offline. Shards that no process owns count too. " +
			"A restart of 100 shards takes about 9 minutes at one IDENTIFY every 5 s.",
	},
	{
		// If a process pushes, the last 0 of a shard that it closed for good stays for up to five minutes. The process then reports that all of
		// its shards are connected.
		Name: "DiscordShardDown", Severity: Warning, For: "5m", Level: "cluster, shard",
		Expr: `cluster_shard:discord_shard_up:max == 0
unless on (job, bot, shard)
shard:discord_shard_up:sum > 0
unless on (job, bot, region, cluster)
sum by (job, bot, region, cluster) (discord_shards_connected) >= sum by (job, bot, region, cluster) (discord_shards_configured)`,
		Summary:     "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " is down",
		Description: "The process owns the shard, which has no connection or waits for READY or RESUMED. No other cluster has it up.",
	},
	{
		// Fires before DiscordShardDown, as its cause. If an attempt succeeds and the connection ends later, the cause is another one.
		Name: "DiscordGatewayRefused", Severity: Warning, For: "4m", Level: "cluster, outcome, status",
		Expr: `count by (job, bot, region, cluster, outcome, status) (
  max by (job, bot, region, cluster, shard, outcome, status) (
    increase(discord_shard_connection_attempts_total{outcome=~"refused|failed"}[${RefusedWindow}])
  ) > 0
  and on (job, bot, region, cluster, shard)
  cluster_shard:discord_shard_up:max == 0
  unless on (job, bot, region, cluster, shard)
  max by (job, bot, region, cluster, shard) (increase(discord_shard_connection_attempts_total{outcome="connected"}[5m])) > 0
)`,
		Summary: "Shards of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " cannot connect to the gateway: {{ $labels.outcome }}, status {{ $labels.status }}",
		Description: "Shards down: {{ $value }}. No connection attempt has succeeded for minutes. refused: Cloudflare, Discord or a proxy returned this HTTP status; " +
			"403 and 429 usually mean a banned address, 5xx an outage. failed: no response (DNS, network or TLS).",
	},
	{
		Name: "DiscordClusterGone", Severity: Warning, For: "5m", Level: "cluster",
		Expr: `cluster:argus_up:last1d
unless on (job, bot, region, cluster)
cluster:argus_up:max
and on (job, bot, region, cluster)
(
  cluster_shard:discord_shard_up:last1d
  unless on (job, bot, shard)
  (shard:discord_shard_up:sum > 0)
)
and on (job, bot)
bot:discord_shards_missing:sum > 0`,
		Summary: "Cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " is gone and its shards are missing",
		Description: "It reported within the last day. Either its process is down or its telemetry does not arrive. " +
			"This does not fire while other clusters have all of its shards up.",
	},
	{
		Name: "DiscordShardOwnedTwice", Severity: Critical, For: "10m", Level: "shard",
		Expr:    `shard:discord_shard_up:sum > 1`,
		Summary: "Shard {{ $labels.shard }} of " + theBot + " is up in {{ $value }} clusters at once",
		Description: "Each cluster gets every event: commands run twice and messages are answered twice. A restart overlaps for a minute; " +
			"the last push of a killed process stays for up to 5 min.",
	},
	{
		Name: "DiscordShardCountMismatch", Severity: Critical, For: "30m", Level: "bot",
		Expr: `count by (job, bot) (
  count_values by (job, bot) (
    "shards",
    discord_bot_shards
    and on (job, bot, region, cluster)
    max_over_time(cluster:discord_shard_up:sum[${MissingWindow}]) > 0
  )
) > 1`,
		Summary: "The clusters of " + theBot + " use {{ $value }} different shard counts",
		Description: "Discord assigns guilds to shards by each session's shard count, so some guilds are served twice and others not at all. " +
			"If the count is being changed, finish the change: it has taken 30 minutes.",
	},
	{
		Name: "DiscordShardFlapping", Severity: Critical, For: "10m", Level: "cluster, shard",
		Expr:    `cluster_shard:discord_shard_reconnects:increase5m >= ${FlapsAtLeast}`,
		Summary: "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " keeps losing its connection",
		Description: "It became ready again " + `{{ printf "%.0f" $value }}` + " times in 5 min, and has done so for 10 min. Its users are served only part of the time. " +
			"If it identifies each time, it uses up most of a day's session starts.",
	},
	{
		Name: "DiscordCrashLoop", Severity: Critical, Level: "cluster",
		Expr:    `cluster:discord_uptime_seconds:starts30m >= ${StartsAtLeast}`,
		Summary: "The process of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " keeps restarting",
		Description: "{{ $value | humanize }} starts in 30 min, not counting those that ended before a scrape or a push. " +
			"Each start identifies every shard of the process and uses session starts.",
	},
	{
		// The second half is for what a process counted before its first sample: after that the counter may not rise,
		// neither within a process nor from one process to the next.
		Name: "DiscordFatalClose", Severity: Critical, Keep: "10m", Level: "cluster, code",
		Expr: `sum by (job, bot, region, cluster, code) (increase(discord_shard_disconnects_total{code=~"${FatalCodes}"}[${FatalWindow}])) > 0
or
sum by (job, bot, region, cluster, code) (
  discord_shard_disconnects_total{code=~"${FatalCodes}"}
  and ignoring (shard, code, initiator)
  discord_uptime_seconds < ${FatalSeconds}
) > 0`,
		Summary: "Discord closes connections of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " with {{ $labels.code }}, which must not be retried",
		Description: "4004: wrong token. 4010: invalid shard. 4011: more shards required. 4012: invalid API version. " +
			"4013: invalid intents. 4014: disallowed intents. discordgo retries forever; somebody has to fix the cause.",
	},
	{
		Name: "DiscordShardZombie", Severity: Warning, Keep: "5m", Level: "cluster, shard",
		Expr: `time() - max by (job, bot, region, cluster, shard) (discord_shard_heartbeat_ack_timestamp_seconds)
  > ${ZombieIntervals} * max by (job, bot, region, cluster, shard) (discord_shard_heartbeat_interval_seconds)
and on (job, bot, region, cluster, shard)
max by (job, bot, region, cluster, shard) (
  discord_shard_heartbeat_ack_timestamp_seconds - discord_shard_heartbeat_ack_timestamp_seconds offset ${ZombieWindow}
) == 0
and on (job, bot, region, cluster, shard)
cluster_shard:discord_shard_up:max == 1
and on (job, bot, region, cluster)
max by (job, bot, region, cluster) (changes(discord_uptime_seconds[${ZombieWindow}])) > 0
unless on (job, bot, region, cluster, shard)
max by (job, bot, region, cluster, shard) (
  discord_shard_sent_total{op="heartbeat"} - discord_shard_sent_total{op="heartbeat"} offset ${ZombieWindow}
) < ${ZombieHeartbeats}`,
		Summary:     "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " looks up, but its connection is dead",
		Description: "Its last heartbeat was acknowledged {{ $value | humanizeDuration }} ago, although heartbeats are still sent. Its users get no answer. discordgo notices after five intervals, about 3.5 minutes.",
	},
	{
		Name: "DiscordShardSilent", Severity: Warning, For: "5m", Level: "cluster, shard",
		Expr: `cluster_shard:discord_shard_event_timestamp_seconds:changes10m == 0
and on (job, bot, region, cluster, shard)
cluster_shard:discord_shard_up:max == 1
and on (job, bot, region, cluster, shard)
(
    min_over_time(cluster_shard:discord_shard_event_timestamp_seconds:changes10m[${SilentUsualWindow}] offset 23h30m)
  or
    min_over_time(cluster_shard:discord_shard_event_timestamp_seconds:changes10m[${SilentUsualWindow}] offset 1h)
) >= ${SilentUsualChanges}`,
		Summary: "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " is connected but receives no events",
		Description: "It has had no event for 15 minutes, although it had events throughout the hour around this time yesterday (without data from then: the hour before the last). " +
			"Based on the time of each shard's last event.",
	},
	{
		Name: "DiscordResumesFail", Severity: Warning, For: "5m", Level: "cluster",
		Expr: `cluster:discord_shard_resumes:ratio_increase1h < ${ResumeShare}
and on (job, bot, region, cluster)
cluster:discord_shard_resumes_tried:increase1h >= ${ResumesAtLeast}`,
		Summary:     "Cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " loses its sessions when it reconnects",
		Description: "Only {{ $value | humanizePercentage }} of the last hour's RESUMEs kept their session. Each of the others lost the events that it missed and costs a session start.",
	},
	{
		// discordgo holds the lock for most of the time that a flapping shard is not ready, so twenty scrapes or five pushes in a row may miss it.
		// But a shard whose lock is never released does not change state.
		Name: "DiscordSessionLockStuck", Severity: Critical, Level: "cluster, shard",
		Expr: `max by (job, bot, region, cluster, shard) (discord_shard_lock_unavailable_seconds) > ${LockSeconds}
unless on (job, bot, region, cluster, shard)
(
  max by (job, bot, region, cluster, shard) (changes(discord_shard_state_change_timestamp_seconds[${LockWindow}])) > 0
  or
  cluster_shard:discord_shard_reconnects:increase5m > 0
)`,
		Summary:     "The session of shard {{ $labels.shard }} of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " hangs",
		Description: "Its lock has been unavailable for {{ $value | humanizeDuration }}: Open hangs, or there is a deadlock. It does not recover; restart the process.",
	},
	{
		Name: "DiscordVoiceEncryptionRequired", Severity: Warning, Level: "cluster",
		Expr:        `sum by (job, bot, region, cluster) (increase(discord_voice_disconnects_total{code="4017"}[${ErrorWindow}])) > 0`,
		Summary:     "Discord refuses voice connections of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " without end-to-end encryption",
		Description: `{{ printf "%.0f" $value }}` + " were closed with 4017 in the last 15 min. The library does not support Discord's voice encryption (DAVE): nothing is played, and discordgo retries forever.",
	},
}

var budgetAlerts = []Alert{
	{
		Name: "DiscordIdentifyBudgetLow", Severity: Warning, Level: "bot",
		Expr: `bot:discord_gateway_session_start_remaining:min < ${IdentifyFleets} * bot:discord_bot_shards:max
or
bot:discord_gateway_session_start_remaining:min < ${IdentifyShareLow} * bot:discord_gateway_session_start_limit:max`,
		Summary:     "Only {{ $value }} session starts of " + theBot + " are left until Discord's reset",
		Description: "Less than two restarts of all shards, or a fifth of the daily limit. At 0 Discord ends all sessions and resets the token. Do not deploy.",
	},
	{
		Name: "DiscordIdentifyBudgetNearlySpent", Severity: Critical, Level: "bot",
		Expr: `bot:discord_gateway_session_start_remaining:min < bot:discord_bot_shards:max
or
bot:discord_gateway_session_start_remaining:min < ${IdentifyShareLast} * bot:discord_gateway_session_start_limit:max`,
		Summary:     "Only {{ $value }} session starts of " + theBot + " are left; at 0 Discord resets the token",
		Description: "Less than one restart of all shards, or a twentieth of the daily limit. Stop whatever identifies, now.",
	},
	{
		Name: "DiscordGlobalRateLimit", Severity: Critical, For: "6m", Level: "bot",
		Expr:    `bot:discord_ratelimits_global:increase5m >= ${GlobalLimitsAtLeast}`,
		Summary: "Discord's global rate limit holds back all requests of " + theBot,
		Description: `{{ printf "%.0f" $value }}` + " responses 429 with scope global in 5 min, repeatedly for 6 min. " +
			"The bot sends more than 50 requests per second. discordgo then holds back all requests, answers to interactions included.",
	},
	{
		Name: "DiscordInvalidRequestsHigh", Severity: Warning, Level: "cluster",
		Expr:        `cluster:discord_rest_invalid_requests:increase10m > ${InvalidRequestsHigh}`,
		Summary:     "Cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " makes many invalid requests",
		Description: "{{ $value | humanize }} responses 401, 403 or 429 in 10 min. At 10,000 from one address, Discord bans the address for a while, and every bot behind it.",
	},
	{
		Name: "DiscordInvalidRequestsNearBan", Severity: Critical, Level: "bot",
		Expr:        `bot:discord_rest_invalid_requests:increase10m > ${InvalidRequestsNearBan}`,
		Summary:     "Invalid requests of " + theBot + " are close to Discord's ban",
		Description: "{{ $value | humanize }} responses 401, 403 or 429 in 10 min over all clusters. At 10,000 from one address, Discord bans the address for a while: no request gets through.",
	},
	{
		Name: "DiscordSendsNearLimit", Severity: Warning, For: "5m", Level: "cluster, shard",
		Expr:        `60 * cluster_shard:discord_shard_sent:rate5m > ${SendsNearLimit}`,
		Summary:     "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " is close to Discord's send limit",
		Description: "It sends {{ $value | humanize }} payloads per minute to the gateway. Above 120 in 60 s, Discord closes the connection with 4008.",
	},
	{
		// The second half is for requests that a bot makes when it starts: see DiscordFatalClose.
		Name: "DiscordMemberRequestsRefused", Severity: Warning, Level: "cluster",
		Expr: `sum by (job, bot, region, cluster) (increase(discord_gateway_events_total{event="RATE_LIMITED"}[${ErrorWindow}])) > 0
or
sum by (job, bot, region, cluster) (
  discord_gateway_events_total{event="RATE_LIMITED"}
  and ignoring (event)
  discord_uptime_seconds < ${ErrorSeconds}
) > 0`,
		Summary:     "Discord refuses member requests of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot,
		Description: `{{ printf "%.0f" $value }}` + " in the last 15 min. The members of these guilds do not arrive, and discordgo does not retry.",
	},
}

var platformAlerts = []Alert{
	{
		Name: "DiscordGuildOutage", Severity: Warning, For: "10m", Keep: "5m", Level: "cluster",
		Expr: `cluster:discord_guilds_unavailable:ratio > ${OutageShare}
and on (job, bot, region, cluster)
max by (job, bot, region, cluster) (discord_guilds_unavailable) >= ${OutageGuildsAtLeast}`,
		Summary:     "Guilds of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " are unavailable: Discord has an outage",
		Description: "{{ $value | humanizePercentage }} of its guilds are unavailable. The example for Alertmanager holds back the warnings that follow from this.",
	},
	{
		// A large offset is the clock, or nobody is answered in time, so it waits less. A jump of the clock is seen some minutes later.
		Name: "DiscordClockSkewed", Severity: Warning, For: "2m", Level: "cluster",
		Expr: `(
  max_over_time(cluster:discord_clock_offset_seconds:min[${ClockWindow}]) < ${ClockBehind}
  or
  min_over_time(cluster:discord_clock_offset_seconds:min[${ClockWindow}]) > ${ClockAhead}
)
and
cluster:discord_clock_offset_seconds:min offset ${ClockWindow}
or
cluster:discord_clock_offset_seconds:min < -${ClockFar}
or
cluster:discord_clock_offset_seconds:min > ${ClockFar}`,
		Summary:     "The clock of cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " is off, or everything arrives late",
		Description: "The youngest interaction of recent minutes was {{ $value | humanizeDuration }} old at receipt. If that is negative, the machine's clock is behind.",
	},
}

var telemetryAlerts = []Alert{
	{
		Name: "ArgusTelemetryAbsent", Severity: Critical, For: "5m", Level: "bot",
		Expr: `absent(argus_up)
or
bot:argus_up:last1d
unless on (job, bot)
bot:argus_up:max`,
		Summary: "No telemetry of " + theBot + " arrives in Prometheus",
		Description: "No process reports. All processes are down, or the Collector is, or Prometheus cannot reach them. Until this is resolved, no other alert on this bot can be trusted. " +
			"After a change of job or bot, the old name is missed for a day.",
	},
	{
		Name: "ArgusScrapeFails", Severity: Warning, For: "5m", Level: "job, instance",
		Expr: `up == 0
and on (job, instance)
group by (job, instance) (last_over_time(argus_up[${Memory}]))
or
up{job=~"${Jobs}"} == 0`,
		Summary:     "No metrics arrive from {{ $labels.instance }} of job {{ $labels.job }}",
		Description: "A bot or the Collector does not answer the scrape, or no longer pushes to argus-fleet. Without the Collector, everything that bots push is missing.",
	},
	{
		Name: "ArgusSubsystemDown", Severity: Warning, For: "5m", Level: "cluster, subsystem",
		Expr:        `min by (job, bot, region, cluster, subsystem) (argus_subsystem_up) == 0`,
		Summary:     "Argus subsystem {{ $labels.subsystem }} does not work in cluster {{ $labels.cluster }}" + inRegion + " of " + theBot,
		Description: "otlp, otlp_traces, otlp_logs: the last push of metrics, spans, events was not accepted. clickhouse: the last batch of events was not written. server: the metrics server cannot bind its address. Only seen where the other path works; a process with one path disappears instead.",
	},
	{
		Name: "ArgusInstrumentationErrors", Severity: Warning, Level: "cluster, hook",
		Expr:        `sum by (job, bot, region, cluster, hook) (increase(argus_instrumentation_errors_total[${ErrorWindow}])) > 0`,
		Summary:     "Argus has internal faults in cluster {{ $labels.cluster }}" + inRegion + " of " + theBot,
		Description: "{{ $value | humanize }} faults in hook {{ $labels.hook }} were caught in the last 15 min. The bot is not affected; counts from this hook may be too low.",
	},
	{
		Name: "ArgusTimersEvicted", Severity: Info, Level: "cluster, timer",
		Expr:        `sum by (job, bot, region, cluster, timer) (increase(argus_timers_evicted_total[${ErrorWindow}])) > 0`,
		Summary:     "Cluster {{ $labels.cluster }}" + inRegion + " of " + theBot + " has more interactions in flight than Argus follows to their {{ $labels.timer }}",
		Description: "{{ $value | humanize }} were dropped in the last 15 min. answer: they have no outcome and are missing from the share answered in time. handler: only their handler delay is unknown.",
	},
}
