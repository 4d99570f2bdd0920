-- A bot day by day, in UTC. Active guilds are those with an interaction; they are NULL
-- where no event of the day has the id of a guild. The window has whole days.
SELECT
    toDateTime(d.day, 'UTC') AS day,
    sum(d.joins) AS joins,
    sum(d.leaves) AS leaves,
    sum(d.interactions) AS interactions,
    if(countIf(guild_id IS NOT NULL) = 0, NULL, uniqExactIf(guild_id, d.interactions > 0)) AS active_guilds
FROM daily_guilds AS d
WHERE bot = {bot:String} AND d.day >= toDate({from:DateTime('UTC')}, 'UTC') AND d.day < toDate({to:DateTime('UTC')}, 'UTC')
GROUP BY day
ORDER BY day
SETTINGS output_format_json_quote_64bit_integers = 1
