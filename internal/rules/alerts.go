package rules

// Alerts returns the alerts.
func Alerts() []AlertGroup {
	return []AlertGroup{
		{Name: "argus_interactions.alerts", Title: "Are users answered?", Alerts: interactionAlerts},
		{Name: "argus_shards.alerts", Title: "Are the shards there?", Alerts: shardAlerts},
		{Name: "argus_budgets.alerts", Title: "Which budget runs out?", Alerts: budgetAlerts},
		{Name: "argus_platform.alerts", Title: "Is it Discord, or the machine?", Alerts: platformAlerts},
		{Name: "argus_telemetry.alerts", Title: "Is anybody watching?", Alerts: telemetryAlerts},
	}
}

var interactionAlerts = []Alert{
	{
		// The second half is for many clusters with little traffic each: the bot as a whole has the traffic that makes a share say something.
		Name: "DiscordAckBudgetBurnsFast", Severity: Critical, Keep: "15m", Level: "cluster",
		Expr: `cluster:discord_interaction_ack_failures:ratio_rate1h > ${AckBurnFast} * ${AckBudget}
and on (job, bot, cluster)
cluster:discord_interaction_ack_failures:ratio_rate5m > ${AckBurnFast} * ${AckBudget}
and on (job, bot, cluster)
cluster:discord_interaction_ack_failures:increase1h >= ${AckFailuresAtLeast}
or
cluster:discord_interaction_ack_failures:ratio_rate1h > ${AckBurnFast} * ${AckBudget}
and on (job, bot, cluster)
cluster:discord_interaction_ack_failures:increase1h >= ${AckFailuresOfOne}
and on (job, bot)
bot:discord_interaction_ack_failures:ratio_rate1h > ${AckBurnFast} * ${AckBudget}
and on (job, bot)
bot:discord_interaction_ack_failures:ratio_rate5m > ${AckBurnFast} * ${AckBudget}
and on (job, bot)
bot:discord_interaction_ack_failures:increase1h >= ${AckFailuresAtLeast}`,
		Summary: "Many users of cluster {{ $labels.cluster }} of " + theBot + " see that the application did not respond",
		Description: "{{ $value | humanizePercentage }} of the last hour's interactions were not acknowledged within Discord's 3 s, and the last five minutes are no better. " +
			"At this speed the budget of 30 days is gone in two days. The usual cause is a slow handler: discord_interaction_response_delay_seconds shows it.",
	},
	{
		Name: "DiscordAckBudgetBurnsSlowly", Severity: Warning, Level: "cluster",
		Expr: `cluster:discord_interaction_ack_failures:ratio_rate6h > ${AckBurnSlow} * ${AckBudget}
and on (job, bot, cluster)
cluster:discord_interaction_ack_failures:ratio_rate30m > ${AckBurnSlow} * ${AckBudget}
and on (job, bot, cluster)
cluster:discord_interaction_ack_failures:increase6h >= ${AckFailuresAtLeast}`,
		Summary:     "Some users of cluster {{ $labels.cluster }} of " + theBot + " have not been answered for hours",
		Description: "{{ $value | humanizePercentage }} of the last six hours' interactions were not acknowledged within Discord's 3 s. At this speed the budget of 30 days is gone in five days.",
	},
	{
		Name: "DiscordCommandFails", Severity: Warning, For: "10m", Level: "cluster, command",
		Expr: `cluster_command:discord_app_command_errors:ratio_rate15m > ${CommandErrorShare}
and on (job, bot, cluster, command)
sum by (job, bot, cluster, command) (increase(discord_app_commands_total{status="error"}[15m])) >= ${CommandErrorsAtLeast}`,
		Summary:     "The command {{ $labels.command }} fails on cluster {{ $labels.cluster }} of " + theBot,
		Description: "Its handler returned an error or panicked in {{ $value | humanizePercentage }} of the runs of the last 15 min.",
	},
}

var shardAlerts = []Alert{
	{
		Name: "DiscordShardsMissing", Severity: Critical, For: "2m", Level: "bot",
		Expr: `bot:discord_bot_shards:max - bot:discord_shard_up:sum8m > 0
and on (job, bot)
bot:discord_bot_shards:max offset ${MissingWindow} - bot:discord_shard_up:sum8m > 0`,
		Summary: "{{ $value }} shards of " + theBot + " have been up nowhere for ten minutes",
		Description: "Every guild of these shards sees the bot offline. Shards that no process has any more count too. " +
			"A restart of 100 shards takes some nine minutes where Discord lets one identify every 5 s.",
	},
	{
		// Where a process pushes, the last 0 of a shard that it has closed for good is seen for up to five minutes. The process itself says that it
		// has all of its shards connected then.
		Name: "DiscordShardDown", Severity: Warning, For: "5m", Level: "cluster, shard",
		Expr: `cluster_shard:discord_shard_up:max == 0
unless on (job, bot, shard)
shard:discord_shard_up:sum > 0
unless on (job, bot, cluster)
sum by (job, bot, cluster) (discord_shards_connected) >= sum by (job, bot, cluster) (discord_shards_configured)`,
		Summary:     "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }} of " + theBot + " is down",
		Description: "The process has the shard and no session for it, and no other cluster has it up.",
	},
	{
		// It is the cause of DiscordShardDown, and comes before it. Where an attempt succeeds and the connection ends later, that is another cause.
		Name: "DiscordGatewayRefused", Severity: Warning, For: "4m", Level: "cluster, outcome, status",
		Expr: `count by (job, bot, cluster, outcome, status) (
  max by (job, bot, cluster, shard, outcome, status) (
    increase(discord_shard_connection_attempts_total{outcome=~"refused|failed"}[${RefusedWindow}])
  ) > 0
  and on (job, bot, cluster, shard)
  cluster_shard:discord_shard_up:max == 0
  unless on (job, bot, cluster, shard)
  max by (job, bot, cluster, shard) (increase(discord_shard_connection_attempts_total{outcome="connected"}[5m])) > 0
)`,
		Summary: "Shards of cluster {{ $labels.cluster }} of " + theBot + " cannot connect to the gateway: {{ $labels.outcome }}, status {{ $labels.status }}",
		Description: "{{ $value }} shards are down, and no attempt to connect has succeeded for minutes. refused: Cloudflare, Discord or a proxy gave this HTTP status; " +
			"403 and 429 are mostly a ban of the address, 5xx an outage. failed: there was no response, which is name resolution, the network or TLS.",
	},
	{
		Name: "DiscordClusterGone", Severity: Warning, For: "5m", Level: "cluster",
		Expr: `cluster:argus_up:last1d
unless on (job, bot, cluster)
cluster:argus_up:max
and on (job, bot, cluster)
(
  cluster_shard:discord_shard_up:last1d
  unless on (job, bot, shard)
  (shard:discord_shard_up:sum > 0)
)
and on (job, bot)
bot:discord_shards_missing:sum > 0`,
		Summary: "Cluster {{ $labels.cluster }} of " + theBot + " is gone, and its shards are missing",
		Description: "It was there within the last day. Either its process is gone, or what it says does not arrive. " +
			"While others have all of its shards, a cluster that is gone was renamed or not needed, and this says nothing.",
	},
	{
		Name: "DiscordShardOwnedTwice", Severity: Critical, For: "10m", Level: "shard",
		Expr:    `shard:discord_shard_up:sum > 1`,
		Summary: "Shard {{ $labels.shard }} of " + theBot + " is up in {{ $value }} clusters at a time",
		Description: "Each of them gets every event: commands run twice and messages are answered twice. A restart overlaps for a minute; " +
			"what a killed process pushed last stays for up to 5 min.",
	},
	{
		Name: "DiscordShardCountMismatch", Severity: Critical, For: "30m", Level: "bot",
		Expr: `count by (job, bot) (
  count_values by (job, bot) (
    "shards",
    discord_bot_shards
    and on (job, bot, cluster)
    max_over_time(cluster:discord_shard_up:sum[${MissingWindow}]) > 0
  )
) > 1`,
		Summary: "The clusters of " + theBot + " are configured with {{ $value }} different numbers of shards",
		Description: "Discord assigns guilds to shards by the number that each session gives, so some guilds are served twice and others not at all. " +
			"A change of the number of shards that was begun has to be finished; it has had half an hour.",
	},
	{
		Name: "DiscordShardFlapping", Severity: Critical, For: "10m", Level: "cluster, shard",
		Expr:    `cluster_shard:discord_shard_reconnects:increase5m >= ${FlapsAtLeast}`,
		Summary: "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }} of " + theBot + " loses its connection over and over",
		Description: "It became ready again " + `{{ printf "%.0f" $value }}` + " times in 5 min, and that has gone on for ten minutes. Its users are answered now and then only. " +
			"If it identifies each time, it uses up a day's session starts by itself.",
	},
	{
		Name: "DiscordCrashLoop", Severity: Critical, Level: "cluster",
		Expr:    `cluster:discord_uptime_seconds:starts30m >= ${StartsAtLeast}`,
		Summary: "The process of cluster {{ $labels.cluster }} of " + theBot + " starts over and over",
		Description: "{{ $value | humanize }} starts were seen in 30 min; those that ended before a scrape or a push are not among them. " +
			"Each start identifies every shard of the process and uses up session starts.",
	},
	{
		// The second half is for what a process counted before anybody looked: from its first sample on the counter
		// does not rise, nor from one process to the next.
		Name: "DiscordFatalClose", Severity: Critical, Keep: "10m", Level: "cluster, code",
		Expr: `sum by (job, bot, cluster, code) (increase(discord_shard_disconnects_total{code=~"${FatalCodes}"}[${FatalWindow}])) > 0
or
sum by (job, bot, cluster, code) (
  discord_shard_disconnects_total{code=~"${FatalCodes}"}
  and ignoring (shard, code, initiator)
  discord_uptime_seconds < ${FatalSeconds}
) > 0`,
		Summary: "Discord closes connections of cluster {{ $labels.cluster }} of " + theBot + " with {{ $labels.code }}, which does not mend itself",
		Description: "4004: the token is wrong. 4010: the shard is invalid. 4011: more shards are required. 4012: the API version is wrong. " +
			"4013: the intents are invalid. 4014: an intent is not allowed. discordgo tries again for ever; somebody has to correct it.",
	},
	{
		Name: "DiscordShardZombie", Severity: Warning, Keep: "5m", Level: "cluster, shard",
		Expr: `time() - max by (job, bot, cluster, shard) (discord_shard_heartbeat_ack_timestamp_seconds)
  > ${ZombieIntervals} * max by (job, bot, cluster, shard) (discord_shard_heartbeat_interval_seconds)
and on (job, bot, cluster, shard)
max by (job, bot, cluster, shard) (
  discord_shard_heartbeat_ack_timestamp_seconds - discord_shard_heartbeat_ack_timestamp_seconds offset ${ZombieWindow}
) == 0
and on (job, bot, cluster, shard)
cluster_shard:discord_shard_up:max == 1
and on (job, bot, cluster)
max by (job, bot, cluster) (changes(discord_uptime_seconds[${ZombieWindow}])) > 0
unless on (job, bot, cluster, shard)
max by (job, bot, cluster, shard) (
  discord_shard_sent_total{op="heartbeat"} - discord_shard_sent_total{op="heartbeat"} offset ${ZombieWindow}
) < ${ZombieHeartbeats}`,
		Summary:     "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }} of " + theBot + " seems up, and its connection is dead",
		Description: "Its last heartbeat was acknowledged {{ $value | humanizeDuration }} ago, although heartbeats are still sent. Its users get no answer. discordgo notices after five intervals, some three and a half minutes.",
	},
	{
		Name: "DiscordShardSilent", Severity: Warning, For: "5m", Level: "cluster, shard",
		Expr: `cluster_shard:discord_shard_event_timestamp_seconds:changes10m == 0
and on (job, bot, cluster, shard)
cluster_shard:discord_shard_up:max == 1
and on (job, bot, cluster, shard)
(
    min_over_time(cluster_shard:discord_shard_event_timestamp_seconds:changes10m[${SilentUsualWindow}] offset 23h30m)
  or
    min_over_time(cluster_shard:discord_shard_event_timestamp_seconds:changes10m[${SilentUsualWindow}] offset 1h)
) >= ${SilentUsualChanges}`,
		Summary: "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }} of " + theBot + " is connected, and no event arrives",
		Description: "It is up and has had no event for a quarter of an hour; in the hour around this time yesterday (or, where nothing is known of then, in the hour before the last) it had them all the time. " +
			"This rests on the time of each shard's last event: events are counted by process only.",
	},
	{
		Name: "DiscordResumesFail", Severity: Warning, For: "5m", Level: "cluster",
		Expr: `cluster:discord_shard_resumes:ratio_increase1h < ${ResumeShare}
and on (job, bot, cluster)
cluster:discord_shard_resumes_tried:increase1h >= ${ResumesAtLeast}`,
		Summary:     "Cluster {{ $labels.cluster }} of " + theBot + " loses its sessions when it reconnects",
		Description: "Only {{ $value | humanizePercentage }} of the RESUMEs of the last hour kept their session. The others lost what was missed, and cost a session start each.",
	},
	{
		// discordgo holds the lock for most of the time that a flapping shard is not ready, so that twenty scrapes or five pushes one after the other may
		// not get it. But nothing happens to a shard whose lock is never let go.
		Name: "DiscordSessionLockStuck", Severity: Critical, Level: "cluster, shard",
		Expr: `max by (job, bot, cluster, shard) (discord_shard_lock_unavailable_seconds) > ${LockSeconds}
unless on (job, bot, cluster, shard)
(
  max by (job, bot, cluster, shard) (changes(discord_shard_state_change_timestamp_seconds[${LockWindow}])) > 0
  or
  cluster_shard:discord_shard_reconnects:increase5m > 0
)`,
		Summary:     "The session of shard {{ $labels.shard }} of cluster {{ $labels.cluster }} of " + theBot + " hangs",
		Description: "Its lock has not been free for {{ $value | humanizeDuration }}: Open hangs, or it is a deadlock. It does not end by itself; the process has to be restarted.",
	},
	{
		Name: "DiscordVoiceEncryptionRequired", Severity: Warning, Level: "cluster",
		Expr:        `sum by (job, bot, cluster) (increase(discord_voice_disconnects_total{code="4017"}[${ErrorWindow}])) > 0`,
		Summary:     "Discord refuses voice connections of cluster {{ $labels.cluster }} of " + theBot + ", which lack end-to-end encryption",
		Description: `{{ printf "%.0f" $value }}` + " were closed with 4017 in the last 15 min. The library is too old for Discord's voice: nothing is played, and discordgo tries again for ever.",
	},
}

var budgetAlerts = []Alert{
	{
		Name: "DiscordIdentifyBudgetLow", Severity: Warning, Level: "bot",
		Expr: `bot:discord_gateway_session_start_remaining:min < ${IdentifyFleets} * bot:discord_bot_shards:max
or
bot:discord_gateway_session_start_remaining:min < ${IdentifyShareLow} * bot:discord_gateway_session_start_limit:max`,
		Summary:     "Only {{ $value }} session starts of " + theBot + " are left until Discord's reset",
		Description: "That is less than two restarts of all shards, or less than a fifth of the day's. When none is left, Discord ends all sessions and resets the token. Do not deploy.",
	},
	{
		Name: "DiscordIdentifyBudgetNearlySpent", Severity: Critical, Level: "bot",
		Expr: `bot:discord_gateway_session_start_remaining:min < bot:discord_bot_shards:max
or
bot:discord_gateway_session_start_remaining:min < ${IdentifyShareLast} * bot:discord_gateway_session_start_limit:max`,
		Summary:     "Only {{ $value }} session starts of " + theBot + " are left; at 0 Discord resets the token",
		Description: "One restart of all shards is more than is left, or a crash loop has nearly spent the day's. Stop what identifies, at once.",
	},
	{
		Name: "DiscordGlobalRateLimit", Severity: Critical, For: "6m", Level: "bot",
		Expr:    `bot:discord_ratelimits_global:increase5m >= ${GlobalLimitsAtLeast}`,
		Summary: "Discord's global rate limit holds back all requests of " + theBot,
		Description: `{{ printf "%.0f" $value }}` + " responses of 429 with the scope global in 5 min, and again and again for six minutes. " +
			"The bot sends more than 50 requests a second, and discordgo holds back everything meanwhile, answers to interactions too.",
	},
	{
		Name: "DiscordInvalidRequestsHigh", Severity: Warning, Level: "cluster",
		Expr:        `cluster:discord_rest_invalid_requests:increase10m > ${InvalidRequestsHigh}`,
		Summary:     "Cluster {{ $labels.cluster }} of " + theBot + " makes many invalid requests",
		Description: "{{ $value | humanize }} responses of 401, 403 or 429 in 10 min. At 10,000 from one address Discord bans it for a while, and every bot behind it.",
	},
	{
		Name: "DiscordInvalidRequestsNearBan", Severity: Critical, Level: "bot",
		Expr:        `bot:discord_rest_invalid_requests:increase10m > ${InvalidRequestsNearBan}`,
		Summary:     "Invalid requests of " + theBot + " are near Discord's ban",
		Description: "{{ $value | humanize }} responses of 401, 403 or 429 in 10 min, over all clusters. At 10,000 from one address Discord bans it for a while: no request and no answer gets through.",
	},
	{
		Name: "DiscordSendsNearLimit", Severity: Warning, For: "5m", Level: "cluster, shard",
		Expr:        `60 * cluster_shard:discord_shard_sent:rate5m > ${SendsNearLimit}`,
		Summary:     "Shard {{ $labels.shard }} of cluster {{ $labels.cluster }} of " + theBot + " sends nearly as much as Discord allows",
		Description: "{{ $value | humanize }} payloads a minute to the gateway. Above 120 in 60 s Discord closes the connection with 4008.",
	},
	{
		// The second half is for the requests that a bot makes at its start: see DiscordFatalClose.
		Name: "DiscordMemberRequestsRefused", Severity: Warning, Level: "cluster",
		Expr: `sum by (job, bot, cluster) (increase(discord_gateway_events_total{event="RATE_LIMITED"}[${ErrorWindow}])) > 0
or
sum by (job, bot, cluster) (
  discord_gateway_events_total{event="RATE_LIMITED"}
  and ignoring (event)
  discord_uptime_seconds < ${ErrorSeconds}
) > 0`,
		Summary:     "Discord refuses requests for members of cluster {{ $labels.cluster }} of " + theBot,
		Description: `{{ printf "%.0f" $value }}` + " in the last 15 min. The members of these guilds do not arrive, and discordgo does not ask again.",
	},
}

var platformAlerts = []Alert{
	{
		Name: "DiscordGuildOutage", Severity: Warning, For: "10m", Keep: "5m", Level: "cluster",
		Expr: `cluster:discord_guilds_unavailable:ratio > ${OutageShare}
and on (job, bot, cluster)
max by (job, bot, cluster) (discord_guilds_unavailable) >= ${OutageGuildsAtLeast}`,
		Summary:     "Guilds of cluster {{ $labels.cluster }} of " + theBot + " are unavailable: Discord has an outage",
		Description: "{{ $value | humanizePercentage }} of its guilds are unavailable. Warnings on commands that follow from it are held back.",
	},
	{
		// What is far off is the clock, or nobody is answered in time; so it does not wait as long. A jump of the clock is seen some minutes after it.
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
		Summary:     "The clock of cluster {{ $labels.cluster }} of " + theBot + " is off, or everything reaches it late",
		Description: "The youngest interaction of the last minutes was {{ $value | humanizeDuration }} old at its receipt. Below 0 the machine's clock is behind.",
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
		Summary: "Nothing of " + theBot + " arrives in Prometheus",
		Description: "No process of it reports. All of them are gone, or the Collector is, or Prometheus does not reach them. No other alert on this bot can be trusted meanwhile. " +
			"A bot whose job or label bot was changed is remembered under its old name for a day.",
	},
	{
		Name: "ArgusScrapeFails", Severity: Warning, For: "5m", Level: "job, instance",
		Expr: `up == 0
and on (job, instance)
group by (job, instance) (last_over_time(argus_up[${Memory}]))
or
up{job=~"${Jobs}"} == 0`,
		Summary:     "Prometheus does not reach {{ $labels.instance }} of job {{ $labels.job }}",
		Description: "A bot or the Collector does not answer the scrape. With the Collector, everything that the bots push stays away.",
	},
	{
		Name: "ArgusSubsystemDown", Severity: Warning, For: "5m", Level: "cluster, subsystem",
		Expr:        `min by (job, bot, cluster, subsystem) (argus_subsystem_up) == 0`,
		Summary:     "The part {{ $labels.subsystem }} of Argus does not work in cluster {{ $labels.cluster }} of " + theBot,
		Description: "otlp: the last push was not accepted. server: the metrics server has not got its address. This is seen on the other way only; a process with one way is simply gone.",
	},
	{
		Name: "ArgusInstrumentationErrors", Severity: Warning, Level: "cluster, hook",
		Expr:        `sum by (job, bot, cluster, hook) (increase(argus_instrumentation_errors_total[${ErrorWindow}])) > 0`,
		Summary:     "Argus has faults in cluster {{ $labels.cluster }} of " + theBot,
		Description: "{{ $value | humanize }} faults in the part {{ $labels.hook }} were caught in the last 15 min. The bot did not notice; what this part counts may be too low.",
	},
	{
		Name: "ArgusTimersEvicted", Severity: Info, Level: "cluster, timer",
		Expr:        `sum by (job, bot, cluster, timer) (increase(argus_timers_evicted_total[${ErrorWindow}])) > 0`,
		Summary:     "Cluster {{ $labels.cluster }} of " + theBot + " has more interactions in flight than Argus follows to their {{ $labels.timer }}",
		Description: "{{ $value | humanize }} were dropped in the last 15 min. answer: they have no outcome, and the share that was answered in time leaves them out. handler: only the delay of their handler is unknown.",
	},
}
