-- For each of the worst guilds.
SELECT count(*), sum(flags >> 2 & 1)
FROM events_DAY
WHERE guild = :guild AND time >= :from AND time < :to AND bot = :bot AND (flags & 1) <> 0
