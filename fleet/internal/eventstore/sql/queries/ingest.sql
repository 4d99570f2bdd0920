SELECT region, cluster, result, reason, sum(events)
FROM ingest
WHERE bot = :bot AND start >= :from AND start < :to
GROUP BY region, cluster, result, reason
