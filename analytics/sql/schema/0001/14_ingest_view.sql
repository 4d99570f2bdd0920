CREATE MATERIALIZED VIEW IF NOT EXISTS ingest_view TO ingest AS
SELECT
    bot, toStartOfHour(received, 'UTC') AS hour, region, cluster, 'taken' AS result,
    multiIf(day > toDate(time, 'UTC'), 'late', day < toDate(time, 'UTC'), 'early', 'on_time') AS reason,
    count() AS events
FROM events
GROUP BY bot, hour, region, cluster, result, reason
