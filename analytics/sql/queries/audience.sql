-- Interactions by the user's language, by where they were made, by where the app is
-- installed, and by place: both of these. NULL is unknown.
SELECT
    multiIf(
        grouping(locale) = 0, 'locale',
        grouping(context) = 0 AND grouping(installation) = 0, 'place',
        grouping(context) = 0, 'context',
        'installation') AS dimension,
    locale,
    context,
    installation,
    sum(h.runs) AS runs,
    sum(h.failures) AS failures,
    sum(h.in_time) AS in_time,
    sum(h.not_in_time) AS not_in_time
FROM hourly_audience AS h
WHERE bot = {bot:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
GROUP BY GROUPING SETS ((locale), (context), (installation), (context, installation))
ORDER BY dimension, runs DESC, locale, context, installation
SETTINGS output_format_json_quote_64bit_integers = 1
