-- A bot day by day, in UTC. Active guilds are those with an interaction; they are NULL
-- where no event of the day has the id of a guild.
SELECT
    toDate(hour, 'UTC') AS day,
    sum(h.joins) AS joins,
    sum(h.leaves) AS leaves,
    sum(h.interactions) AS interactions,
    if(countIf(guild_id IS NOT NULL) = 0, NULL, uniqExactIf(h.guild_id, h.interactions > 0)) AS active_guilds
FROM hourly_guilds AS h
WHERE bot = {bot:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
GROUP BY day
ORDER BY day
SETTINGS output_format_json_quote_64bit_integers = 1
