-- For each day that has events of the window. step is in ms.
SELECT time / :step * :step / 1000, sum(flags & 1), sum(flags >> 1 & 1), sum(flags >> 2 & 1), sum(flags >> 3 & 1), sum(flags >> 4 & 1), sum(flags >> 5 & 1), sum(flags >> 6 & 1)
FROM events_DAY
WHERE guild = :guild AND time >= :from AND time < :to AND bot = :bot AND flags <> 0
GROUP BY 1
