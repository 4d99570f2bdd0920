SELECT start, nullif(users, 0)
FROM daily
WHERE bot = :bot AND start >= :from AND start < :to AND interactions > 0
ORDER BY start
