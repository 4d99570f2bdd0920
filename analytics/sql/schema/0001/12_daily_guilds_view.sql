CREATE MATERIALIZED VIEW IF NOT EXISTS daily_guilds_view TO daily_guilds AS
SELECT
    events.bot AS bot, toDate(events.time, 'UTC') AS day, events.guild_id AS guild_id, events.day AS filed,
    toStartOfHour(min(events.time), 'UTC') AS first_hour,
    toStartOfHour(max(events.time), 'UTC') AS last_hour,
    countIf(event = 'discord.interaction.completed') AS interactions,
    countIf(event = 'discord.interaction.completed' AND error_type IS NOT NULL) AS failures,
    countIf(outcome = 'in_time') AS in_time,
    countIf(outcome IN ('late', 'rejected', 'missed')) AS not_in_time,
    countIf(event = 'discord.guild.joined') AS joins,
    countIf(event = 'discord.guild.left') AS leaves,
    countIf(event = 'discord.guild.unavailable') AS outages,
    argMaxState(if(event = 'discord.interaction.completed', CAST(events.guild_size AS Nullable(String)), NULL), events.time) AS size
FROM events
WHERE event IN ('discord.interaction.completed', 'discord.guild.joined', 'discord.guild.left', 'discord.guild.unavailable')
GROUP BY bot, toDate(events.time, 'UTC'), guild_id, events.day
