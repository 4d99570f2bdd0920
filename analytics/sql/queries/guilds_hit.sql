-- The guilds that a window hit, to the millisecond: those with interactions that failed
-- or were not acknowledged in time, and those that Discord made unavailable.
SELECT
    guild_id,
    countIf(event = 'discord.interaction.completed') AS interactions,
    countIf(event = 'discord.interaction.completed' AND error_type IS NOT NULL) AS failures,
    countIf(outcome IN ('late', 'rejected', 'missed')) AS not_in_time,
    countIf(event = 'discord.guild.unavailable') AS outages
FROM events FINAL
WHERE bot = {bot:String} AND event IN ('discord.interaction.completed', 'discord.guild.unavailable')
    AND guild_id IS NOT NULL
    AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
GROUP BY guild_id
HAVING failures > 0 OR not_in_time > 0 OR outages > 0
ORDER BY failures + not_in_time DESC, outages DESC, guild_id
SETTINGS output_format_json_quote_64bit_integers = 1
