SELECT start, runs, failures, in_time, not_in_time, durations
FROM totals
WHERE bot = :bot AND unit = :unit AND start >= :from AND start < :to AND (:version IS NULL OR version = :version)
