SELECT version, min(start), max(start), sum(runs), sum(failures), sum(in_time), sum(not_in_time)
FROM totals
WHERE bot = :bot AND unit = 3600 AND start >= :from AND start < :to
GROUP BY version
ORDER BY min(start), version
