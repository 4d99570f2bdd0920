CREATE TABLE IF NOT EXISTS hourly_audience
(
    bot          LowCardinality(String),
    hour         DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    locale       LowCardinality(Nullable(String)),
    context      LowCardinality(Nullable(String)),
    installation LowCardinality(Nullable(String)),
    filed        Date,

    runs        SimpleAggregateFunction(sum, UInt64),
    failures    SimpleAggregateFunction(sum, UInt64),
    in_time     SimpleAggregateFunction(sum, UInt64),
    not_in_time SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(filed)
ORDER BY (bot, hour, locale, context, installation)
SETTINGS
    allow_nullable_key = 1,
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
