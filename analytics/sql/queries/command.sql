-- Where a command fails: its runs by error type (NULL is none), by cluster, and by version
-- of the bot.
SELECT
    multiIf(
        grouping(error_type) = 0, 'error_type',
        grouping(cluster) = 0, 'cluster',
        'version') AS dimension,
    error_type,
    region,
    cluster,
    version,
    sum(h.runs) AS runs,
    sum(h.failures) AS failures,
    sum(h.in_time) AS in_time,
    sum(h.not_in_time) AS not_in_time
FROM hourly_clusters AS h
WHERE bot = {bot:String} AND command = {command:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
GROUP BY GROUPING SETS ((error_type), (region, cluster), (version))
ORDER BY dimension, runs DESC, error_type, region, cluster, version
SETTINGS output_format_json_quote_64bit_integers = 1
