-- What arrived in a window, and what was dropped and why.
SELECT
    region,
    cluster,
    result,
    reason,
    sum(h.events) AS events
FROM ingest AS h
WHERE bot = {bot:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
GROUP BY region, cluster, result, reason
ORDER BY region, cluster, result, reason
SETTINGS output_format_json_quote_64bit_integers = 1
