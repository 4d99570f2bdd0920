CREATE MATERIALIZED VIEW IF NOT EXISTS hourly_guilds_view TO hourly_guilds AS
SELECT
    bot, guild_id, toStartOfHour(time, 'UTC') AS hour, day AS filed,
    countIf(event = 'discord.interaction.completed') AS interactions,
    countIf(event = 'discord.interaction.completed' AND error_type IS NOT NULL) AS failures,
    countIf(outcome = 'in_time') AS in_time,
    countIf(outcome IN ('late', 'rejected', 'missed')) AS not_in_time,
    countIf(event = 'discord.guild.joined') AS joins,
    countIf(event = 'discord.guild.left') AS leaves,
    countIf(event = 'discord.guild.unavailable') AS outages
FROM events
WHERE event IN ('discord.interaction.completed', 'discord.guild.joined', 'discord.guild.left', 'discord.guild.unavailable')
GROUP BY bot, guild_id, hour, filed
