-- The bots, and the hours of their first and their last event. Those of a wrong clock do
-- not count. guild_ids says whether an event of the last 90 days has the id of a guild.
SELECT
    bot,
    min(first_hour) AS first,
    max(last_hour) AS last,
    countIf(guild_id IS NOT NULL AND day >= today() - 90) > 0 AS guild_ids
FROM daily_guilds
WHERE day = filed
GROUP BY bot
ORDER BY bot
SETTINGS output_format_json_quote_64bit_integers = 1
