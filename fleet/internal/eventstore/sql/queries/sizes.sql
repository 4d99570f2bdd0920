SELECT size, count(*), sum(runs), sum(failures), sum(in_time), sum(not_in_time)
FROM
(
    -- size is that of the row with the greatest sized.
    SELECT guild, ifnull(size, 0) AS size, max(sized), sum(runs) AS runs, sum(failures) AS failures, sum(in_time) AS in_time, sum(not_in_time) AS not_in_time
    FROM daily_guilds
    WHERE bot = :bot AND start >= :from AND start < :to
    GROUP BY guild
)
WHERE runs > 0
GROUP BY size
