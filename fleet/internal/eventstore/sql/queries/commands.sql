-- For each whole day of the window, and for the hours before and after them.
SELECT type, command, runs, failures, in_time, not_in_time, durations
FROM commands
WHERE bot = :bot AND unit = :unit AND start >= :from AND start < :to AND (:version IS NULL OR version = :version)
