-- If the window and the steps are whole days.
SELECT start / :step * :step, sum(runs), sum(failures), sum(in_time), sum(not_in_time), sum(joins), sum(leaves), sum(outages)
FROM daily_guilds
WHERE bot = :bot AND guild = :guild AND start >= :from AND start < :to
GROUP BY 1
