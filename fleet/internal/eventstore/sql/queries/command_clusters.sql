SELECT region, cluster, sum(runs), sum(failures), sum(in_time), sum(not_in_time)
FROM clusters
WHERE bot = :bot AND unit = :unit AND command = :command AND start >= :from AND start < :to
GROUP BY region, cluster
