SELECT error_type, sum(runs), sum(failures), sum(in_time), sum(not_in_time)
FROM errors
WHERE bot = :bot AND unit = :unit AND command = :command AND start >= :from AND start < :to
GROUP BY error_type
