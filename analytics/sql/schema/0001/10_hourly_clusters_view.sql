CREATE MATERIALIZED VIEW IF NOT EXISTS hourly_clusters_view TO hourly_clusters AS
SELECT
    bot, command, toStartOfHour(time, 'UTC') AS hour, error_type, region, cluster, version, day AS filed,
    count() AS runs,
    countIf(error_type IS NOT NULL) AS failures,
    countIf(outcome = 'in_time') AS in_time,
    countIf(outcome IN ('late', 'rejected', 'missed')) AS not_in_time
FROM events
WHERE event = 'discord.interaction.completed'
GROUP BY bot, command, hour, error_type, region, cluster, version, filed
