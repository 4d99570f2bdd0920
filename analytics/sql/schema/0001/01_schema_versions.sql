-- What was applied, when, and which structure came of it. The rows of the newest `applied`
-- are the present state.
CREATE TABLE IF NOT EXISTS schema_versions
(
    version     UInt32,
    applied     DateTime64(3, 'UTC'),
    raw_days    UInt16,
    hourly_days UInt16,
    object      LowCardinality(String), -- a table or a view
    structure   Array(String),          -- its columns and keys
    definition  String                  -- the query of a view
)
ENGINE = MergeTree
ORDER BY (applied, object)
