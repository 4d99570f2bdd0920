-- The commands of a bot, or of one version of it, in a window, and how often each ran in
-- the window of the same length before. p50 and p95 are durations of handlers in seconds,
-- at most 1 % off.
WITH
    {from:DateTime('UTC')} AS since,
    since - ({to:DateTime('UTC')} - since) AS before,
    quantilesDDMergeIf(0.003, 0.5, 0.95)(handler_duration, hour >= since) AS quantiles
SELECT
    interaction_type,
    command,
    sumIf(h.runs, hour >= since) AS runs,
    sumIf(h.failures, hour >= since) AS failures,
    sumIf(h.in_time, hour >= since) AS in_time,
    sumIf(h.not_in_time, hour >= since) AS not_in_time,
    if(isNaN(quantiles[1]), NULL, quantiles[1]) AS p50,
    if(isNaN(quantiles[2]), NULL, quantiles[2]) AS p95,
    toNullable(sumIf(h.runs, hour < since)) AS runs_before
FROM hourly_commands AS h
WHERE bot = {bot:String} AND hour >= before AND hour < {to:DateTime('UTC')}
    AND ({version:Nullable(String)} IS NULL OR version = {version:Nullable(String)})
GROUP BY interaction_type, command
ORDER BY runs DESC, interaction_type, command
SETTINGS output_format_json_quote_64bit_integers = 1
