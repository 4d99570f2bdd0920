-- The versions of a bot that ran in a window, by their first hour.
SELECT
    version,
    min(hour) AS first,
    max(hour) AS last,
    sum(h.runs) AS runs,
    sum(h.failures) AS failures,
    sum(h.in_time) AS in_time,
    sum(h.not_in_time) AS not_in_time
FROM hourly_commands AS h
WHERE bot = {bot:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
GROUP BY version
ORDER BY first, last, version
SETTINGS output_format_json_quote_64bit_integers = 1
