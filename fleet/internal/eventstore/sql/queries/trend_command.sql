SELECT start, runs, failures, in_time, not_in_time, durations
FROM commands INDEXED BY commands_by_name
WHERE bot = :bot AND unit = :unit AND command = :command AND start >= :from AND start < :to AND (:version IS NULL OR version = :version)
