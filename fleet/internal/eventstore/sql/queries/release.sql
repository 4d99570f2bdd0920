SELECT type, command, version, runs, failures, in_time, not_in_time, durations
FROM commands
WHERE bot = :bot AND unit = :unit AND start >= :from AND start < :to AND version IN (:before, :after)
