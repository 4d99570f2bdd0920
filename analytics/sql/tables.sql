-- Rows, size on disk, and the time from which each table has data.
SELECT
    table AS name,
    sum(rows) AS row_count,
    sum(bytes_on_disk) AS bytes
FROM system.parts
WHERE database = currentDatabase() AND active AND table IN {objects:Array(String)}
GROUP BY name
ORDER BY name
