CREATE TABLE IF NOT EXISTS hourly_guilds
(
    bot      LowCardinality(String),
    guild_id Nullable(UInt64) CODEC(ZSTD(1)),
    hour     DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    filed    Date,

    interactions SimpleAggregateFunction(sum, UInt64),
    failures     SimpleAggregateFunction(sum, UInt64),
    in_time      SimpleAggregateFunction(sum, UInt64),
    not_in_time  SimpleAggregateFunction(sum, UInt64),
    joins        SimpleAggregateFunction(sum, UInt64),
    leaves       SimpleAggregateFunction(sum, UInt64),
    outages      SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(filed)
ORDER BY (bot, guild_id, hour)
SETTINGS
    allow_nullable_key = 1,
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
