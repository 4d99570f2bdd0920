SELECT start, joins, leaves, interactions, iif(identified, active_guilds, NULL)
FROM daily
WHERE bot = :bot AND start >= :from AND start < :to
ORDER BY start
