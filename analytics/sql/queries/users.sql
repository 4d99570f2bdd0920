-- The number of users on each day, in UTC. They are NULL where no event of the day has a
-- pseudonym. Days cannot be added up: each has pseudonyms of its own. Without FINAL: an
-- event that is there twice has one user.
SELECT
    toDateTime(toDate(time, 'UTC'), 'UTC') AS day,
    nullIf(uniqExact(reinterpretAsUInt128(unhex(user_hash))), 0) AS users
FROM events AS e
WHERE bot = {bot:String} AND event = 'discord.interaction.completed'
    AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
GROUP BY day
ORDER BY day
SETTINGS output_format_json_quote_64bit_integers = 1
