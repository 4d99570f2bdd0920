-- The tables and views of this database as they are. Definitions are formatted anew, as
-- those of recorded.sql, because servers of different versions format them differently.
SELECT
    t.name AS object,
    arrayConcat(
        [
            'engine ' || t.engine,
            'partition key ' || t.partition_key,
            'sorting key ' || t.sorting_key,
            'target ' || extract(t.create_table_query, '^CREATE MATERIALIZED VIEW \\S+ TO (\\S+)')
        ],
        c.columns) AS structure,
    ifNull(formatQuerySingleLineOrNull(t.as_select), '') AS definition
FROM system.tables AS t
INNER JOIN
(
    SELECT
        table,
        groupArray('column ' || trimRight(concatWithSeparator(' ', name, type, default_kind, default_expression))) AS columns
    FROM (SELECT * FROM system.columns WHERE database = currentDatabase() ORDER BY table, position)
    GROUP BY table
) AS c ON c.table = t.name
WHERE t.database = currentDatabase() AND t.name IN {objects:Array(String)}
ORDER BY object
