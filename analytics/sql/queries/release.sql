-- Two versions of a bot, command by command. A command that only one of them has run has
-- NULL as the quantiles of the other.
WITH
    quantilesDDMergeIf(0.003, 0.5, 0.95)(handler_duration, version = {before:String}) AS quantiles_before,
    quantilesDDMergeIf(0.003, 0.5, 0.95)(handler_duration, version = {after:String}) AS quantiles_after
SELECT
    interaction_type,
    command,
    sumIf(h.runs, version = {before:String}) AS runs_before,
    sumIf(h.runs, version = {after:String}) AS runs_after,
    sumIf(h.failures, version = {before:String}) AS failures_before,
    sumIf(h.failures, version = {after:String}) AS failures_after,
    sumIf(h.in_time, version = {before:String}) AS in_time_before,
    sumIf(h.in_time, version = {after:String}) AS in_time_after,
    sumIf(h.not_in_time, version = {before:String}) AS not_in_time_before,
    sumIf(h.not_in_time, version = {after:String}) AS not_in_time_after,
    if(isNaN(quantiles_before[1]), NULL, quantiles_before[1]) AS p50_before,
    if(isNaN(quantiles_after[1]), NULL, quantiles_after[1]) AS p50_after,
    if(isNaN(quantiles_before[2]), NULL, quantiles_before[2]) AS p95_before,
    if(isNaN(quantiles_after[2]), NULL, quantiles_after[2]) AS p95_after
FROM hourly_commands AS h
WHERE bot = {bot:String} AND version IN ({before:String}, {after:String})
    AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
GROUP BY interaction_type, command
ORDER BY interaction_type, command
SETTINGS output_format_json_quote_64bit_integers = 1
