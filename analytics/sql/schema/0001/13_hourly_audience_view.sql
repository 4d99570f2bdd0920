CREATE MATERIALIZED VIEW IF NOT EXISTS hourly_audience_view TO hourly_audience AS
SELECT
    bot, toStartOfHour(time, 'UTC') AS hour, locale, context, installation, day AS filed,
    count() AS runs,
    countIf(error_type IS NOT NULL) AS failures,
    countIf(outcome = 'in_time') AS in_time,
    countIf(outcome IN ('late', 'rejected', 'missed')) AS not_in_time
FROM events
WHERE event = 'discord.interaction.completed'
GROUP BY bot, hour, locale, context, installation, filed
