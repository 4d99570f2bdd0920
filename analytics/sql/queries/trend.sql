-- A bot, or one command or one version of it, over time. step is a number of whole hours,
-- in seconds. Steps are counted from 1970.
WITH
    quantilesDDMerge(0.003, 0.5, 0.95)(handler_duration) AS quantiles
SELECT
    toDateTime(intDiv(toUnixTimestamp(hour), {step:UInt32}) * {step:UInt32}, 'UTC') AS start,
    sum(h.runs) AS runs,
    sum(h.failures) AS failures,
    sum(h.in_time) AS in_time,
    sum(h.not_in_time) AS not_in_time,
    if(isNaN(quantiles[1]), NULL, quantiles[1]) AS p50,
    if(isNaN(quantiles[2]), NULL, quantiles[2]) AS p95
FROM hourly_commands AS h
WHERE bot = {bot:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
    AND ({command:Nullable(String)} IS NULL OR command = {command:Nullable(String)})
    AND ({version:Nullable(String)} IS NULL OR version = {version:Nullable(String)})
GROUP BY start
ORDER BY start
SETTINGS output_format_json_quote_64bit_integers = 1
