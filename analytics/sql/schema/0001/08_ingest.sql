-- What was taken, and what was dropped and why, by the hour of its arrival. A view counts
-- what was taken: on_time, or late or early if the event is kept under another day than
-- its own. Writers insert what they dropped, with their reasons.
CREATE TABLE IF NOT EXISTS ingest
(
    bot     LowCardinality(String),
    hour    DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    region  LowCardinality(String),
    cluster LowCardinality(String),
    result  Enum8('taken' = 1, 'dropped' = 2),
    reason  LowCardinality(String),
    events  UInt64
)
ENGINE = SummingMergeTree(events)
PARTITION BY toYYYYMM(hour)
ORDER BY (bot, hour, region, cluster, result, reason)
SETTINGS
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
