-- Interactions by the user's language, by where they were made, and by where the app is
-- installed.
SELECT
    locale,
    context,
    installation,
    sum(h.interactions) AS interactions
FROM hourly_audience AS h
WHERE bot = {bot:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
GROUP BY locale, context, installation
ORDER BY interactions DESC, locale, context, installation
SETTINGS output_format_json_quote_64bit_integers = 1
