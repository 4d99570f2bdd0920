SELECT version, sum(runs), sum(failures), sum(in_time), sum(not_in_time)
FROM commands INDEXED BY commands_by_name
WHERE bot = :bot AND unit = :unit AND command = :command AND start >= :from AND start < :to
GROUP BY version
