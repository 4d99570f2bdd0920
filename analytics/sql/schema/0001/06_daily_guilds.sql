-- The days of guilds, so that a question about all guilds reads no hours.
CREATE TABLE IF NOT EXISTS daily_guilds
(
    bot      LowCardinality(String),
    day      Date,
    guild_id Nullable(UInt64) CODEC(ZSTD(1)),
    filed    Date,

    first_hour SimpleAggregateFunction(min, DateTime('UTC')),
    last_hour  SimpleAggregateFunction(max, DateTime('UTC')),

    interactions SimpleAggregateFunction(sum, UInt64),
    failures     SimpleAggregateFunction(sum, UInt64),
    in_time      SimpleAggregateFunction(sum, UInt64),
    not_in_time  SimpleAggregateFunction(sum, UInt64),
    joins        SimpleAggregateFunction(sum, UInt64),
    leaves       SimpleAggregateFunction(sum, UInt64),
    outages      SimpleAggregateFunction(sum, UInt64),
    -- The size that the last interaction tells.
    size AggregateFunction(argMax, Nullable(String), DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(filed)
ORDER BY (bot, day, guild_id)
SETTINGS
    allow_nullable_key = 1,
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
