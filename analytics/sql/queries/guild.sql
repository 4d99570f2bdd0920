-- The commands of one guild. p50 and p95 are durations of handlers in seconds, computed
-- from all of them.
WITH
    quantilesExactInclusive(0.5, 0.95)(handler_duration) AS quantiles
SELECT
    interaction_type,
    command,
    count() AS runs,
    countIf(error_type IS NOT NULL) AS failures,
    countIf(outcome = 'in_time') AS in_time,
    countIf(outcome IN ('late', 'rejected', 'missed')) AS not_in_time,
    if(isNaN(quantiles[1]), NULL, quantiles[1]) AS p50,
    if(isNaN(quantiles[2]), NULL, quantiles[2]) AS p95
FROM events FINAL
WHERE bot = {bot:String} AND event = 'discord.interaction.completed' AND guild_id = {guild:UInt64}
    AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
GROUP BY interaction_type, command
ORDER BY runs DESC, interaction_type, command
SETTINGS output_format_json_quote_64bit_integers = 1, do_not_merge_across_partitions_select_final = 1
