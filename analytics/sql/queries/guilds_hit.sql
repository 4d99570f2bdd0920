-- The guilds that a window hit, to the millisecond: those with interactions that failed
-- or were not acknowledged in time, and those that Discord made unavailable. size and last
-- are the last in the window; guilds is how many there are without the limit.
WITH
    event = 'discord.interaction.completed' AS interaction,
    interaction AND error_type IS NOT NULL AS failed,
    interaction AND outcome IN ('late', 'rejected', 'missed') AS missed
SELECT
    guild_id,
    countIf(interaction) AS runs,
    countIf(failed) AS failures,
    countIf(interaction AND outcome = 'in_time') AS in_time,
    countIf(missed) AS not_in_time,
    countIf(NOT interaction) AS outages,
    argMax(guild_size, time) AS size,
    toNullable(maxIf(time, failed OR missed OR NOT interaction)) AS last,
    count() OVER () AS guilds
FROM events FINAL
WHERE bot = {bot:String} AND event IN ('discord.interaction.completed', 'discord.guild.unavailable')
    AND guild_id IS NOT NULL
    AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
GROUP BY guild_id
HAVING failures > 0 OR not_in_time > 0 OR outages > 0
ORDER BY failures + not_in_time DESC, outages DESC, guild_id
LIMIT {limit:UInt32}
SETTINGS output_format_json_quote_64bit_integers = 1, do_not_merge_across_partitions_select_final = 1
