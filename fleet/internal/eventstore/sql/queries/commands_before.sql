SELECT type, command, sum(runs)
FROM commands
WHERE bot = :bot AND unit = :unit AND start >= :from AND start < :to AND (:version IS NULL OR version = :version)
GROUP BY type, command
