-- The active guilds of a window of whole days by their size, which is what the last
-- interaction tells (NULL is unknown).
SELECT
    size,
    count() AS guilds,
    sum(g.runs) AS runs,
    sum(g.failures) AS failures,
    sum(g.in_time) AS in_time,
    sum(g.not_in_time) AS not_in_time
FROM
(
    SELECT
        argMaxMerge(d.size) AS size,
        sum(d.interactions) AS runs,
        sum(d.failures) AS failures,
        sum(d.in_time) AS in_time,
        sum(d.not_in_time) AS not_in_time
    FROM daily_guilds AS d
    WHERE bot = {bot:String} AND guild_id IS NOT NULL
        AND day >= toDate({from:DateTime('UTC')}, 'UTC') AND day < toDate({to:DateTime('UTC')}, 'UTC')
    GROUP BY guild_id
    HAVING runs > 0
) AS g
GROUP BY size
ORDER BY guilds DESC, size
SETTINGS output_format_json_quote_64bit_integers = 1
