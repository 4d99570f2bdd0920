-- What the newest migration recorded.
SELECT
    version, applied, raw_days, hourly_days, object, structure,
    ifNull(formatQuerySingleLineOrNull(definition), '') AS definition
FROM schema_versions
WHERE applied = (SELECT max(applied) FROM schema_versions)
ORDER BY object
