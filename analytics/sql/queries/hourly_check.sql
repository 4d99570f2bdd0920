-- The hours whose sums in hourly_commands are not those of the events. There are none if
-- writers repeat batches unchanged and with their tokens, and within the retention of events.
SELECT
    hour,
    sum(raw) AS raw,
    sum(hourly) AS hourly
FROM
(
    SELECT toStartOfHour(time, 'UTC') AS hour, count() AS raw, 0 AS hourly
    FROM events FINAL
    WHERE bot = {bot:String} AND event = 'discord.interaction.completed'
        AND time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')}
    GROUP BY hour
    UNION ALL
    SELECT hour, 0 AS raw, sum(runs) AS hourly
    FROM hourly_commands
    WHERE bot = {bot:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
    GROUP BY hour
)
GROUP BY hour
HAVING raw != hourly
ORDER BY hour
SETTINGS output_format_json_quote_64bit_integers = 1, do_not_merge_across_partitions_select_final = 1
