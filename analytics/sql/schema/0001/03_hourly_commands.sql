-- Durations are here alone, and clusters and types of errors are not: merging the sketches
-- of each of them would make the queries several times slower.
CREATE TABLE IF NOT EXISTS hourly_commands
(
    bot              LowCardinality(String),
    hour             DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    interaction_type LowCardinality(Nullable(String)),
    command          LowCardinality(Nullable(String)),
    version          LowCardinality(String),
    filed            Date, -- the day under which the events are kept

    runs        SimpleAggregateFunction(sum, UInt64),
    failures    SimpleAggregateFunction(sum, UInt64),
    in_time     SimpleAggregateFunction(sum, UInt64), -- acknowledged within 3 s
    not_in_time SimpleAggregateFunction(sum, UInt64), -- late, rejected or missed
    -- At most 1 % off: quantilesDD of ClickHouse 26.7 is up to three times its accuracy too high.
    handler_duration AggregateFunction(quantilesDD(0.003, 0.5, 0.95), Nullable(Float32))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(filed)
ORDER BY (bot, hour, interaction_type, command, version)
SETTINGS
    allow_nullable_key = 1,
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
