CREATE MATERIALIZED VIEW IF NOT EXISTS hourly_commands_view TO hourly_commands AS
SELECT
    bot, toStartOfHour(time, 'UTC') AS hour, interaction_type, command, version, day AS filed,
    count() AS runs,
    countIf(error_type IS NOT NULL) AS failures,
    countIf(outcome = 'in_time') AS in_time,
    countIf(outcome IN ('late', 'rejected', 'missed')) AS not_in_time,
    quantilesDDState(0.003, 0.5, 0.95)(handler_duration) AS handler_duration
FROM events
WHERE event = 'discord.interaction.completed'
GROUP BY bot, hour, interaction_type, command, version, filed
