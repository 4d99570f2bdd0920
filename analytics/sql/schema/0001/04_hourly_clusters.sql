-- Where commands fail.
CREATE TABLE IF NOT EXISTS hourly_clusters
(
    bot        LowCardinality(String),
    command    LowCardinality(Nullable(String)),
    hour       DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    error_type LowCardinality(Nullable(String)),
    region     LowCardinality(String),
    cluster    LowCardinality(String),
    version    LowCardinality(String),
    filed      Date,

    runs        SimpleAggregateFunction(sum, UInt64),
    failures    SimpleAggregateFunction(sum, UInt64),
    in_time     SimpleAggregateFunction(sum, UInt64),
    not_in_time SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(filed)
ORDER BY (bot, command, hour, error_type, region, cluster, version)
SETTINGS
    allow_nullable_key = 1,
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
