-- The number of users on each day, in UTC. They are NULL where no event of the day has a
-- pseudonym. Days cannot be added up: each has pseudonyms of its own. Without FINAL: an
-- event that is there twice has one user.
SELECT
    toDate(time, 'UTC') AS date,
    nullIf(uniqExact(user_hash), 0) AS users
FROM events
WHERE bot = {bot:String} AND event = 'discord.interaction.completed'
    AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
GROUP BY date
ORDER BY date
SETTINGS output_format_json_quote_64bit_integers = 1
