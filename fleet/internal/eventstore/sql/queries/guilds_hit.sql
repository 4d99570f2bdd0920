-- For each day that has events of the window: what happened to guilds. flags has the bits
-- 1 interaction, 2 failed, 4 in time, 8 not in time, 16 joined, 32 left, 64 unavailable.
SELECT guild, sum(flags >> 1 & 1), sum(flags >> 3 & 1), sum(flags >> 6 & 1), max(time)
FROM events_DAY INDEXED BY trouble_DAY
WHERE bot = :bot AND time >= :from AND time < :to AND (flags & 74) <> 0 AND guild <> 0
GROUP BY guild
