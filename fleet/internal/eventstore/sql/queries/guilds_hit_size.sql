SELECT size
FROM events_DAY
WHERE guild = :guild AND time >= :from AND time < :to AND bot = :bot AND (flags & 65) <> 0 AND size IS NOT NULL
ORDER BY time DESC
LIMIT 1
