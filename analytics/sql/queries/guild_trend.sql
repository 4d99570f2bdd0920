-- One guild over time. step is a number of whole hours, in seconds. Steps are counted from
-- 1970.
SELECT
    toDateTime(intDiv(toUnixTimestamp(hour), {step:UInt32}) * {step:UInt32}, 'UTC') AS start,
    sum(h.interactions) AS runs,
    sum(h.failures) AS failures,
    sum(h.in_time) AS in_time,
    sum(h.not_in_time) AS not_in_time,
    sum(h.joins) AS joins,
    sum(h.leaves) AS leaves,
    sum(h.outages) AS outages
FROM hourly_guilds AS h
WHERE bot = {bot:String} AND guild_id = {guild:UInt64} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
GROUP BY start
ORDER BY start
SETTINGS output_format_json_quote_64bit_integers = 1
