CREATE MATERIALIZED VIEW IF NOT EXISTS hourly_audience_view TO hourly_audience AS
SELECT
    bot, toStartOfHour(time, 'UTC') AS hour, locale, context, installation, day AS filed,
    count() AS interactions
FROM events
WHERE event = 'discord.interaction.completed'
GROUP BY bot, hour, locale, context, installation, filed
