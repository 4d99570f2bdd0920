-- One row for each event. The key ends with the id of the event, so that FINAL leaves one
-- row of an event, whatever way it was written twice.
CREATE TABLE IF NOT EXISTS events
(
    time     DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)), -- as the process says
    event    LowCardinality(String),
    event_id UUID,

    -- Who says so. Empty is not set, as in Prometheus.
    bot     LowCardinality(String),
    region  LowCardinality(String),
    cluster LowCardinality(String),
    version LowCardinality(String), -- of the bot

    -- NULL is absent.
    shard      LowCardinality(Nullable(String)), -- "other" above 4,096 shards
    guild_id   Nullable(UInt64) CODEC(ZSTD(1)),
    guild_size LowCardinality(Nullable(String)),

    interaction_type LowCardinality(Nullable(String)),
    command          LowCardinality(Nullable(String)),
    outcome          LowCardinality(Nullable(String)),
    error_type       LowCardinality(Nullable(String)),
    receipt_age      Nullable(Float32) CODEC(ZSTD(1)), -- s
    answer_duration  Nullable(Float32) CODEC(ZSTD(1)), -- s
    handler_duration Nullable(Float32) CODEC(ZSTD(1)), -- s
    locale           LowCardinality(Nullable(String)),
    context          LowCardinality(Nullable(String)),
    installation     LowCardinality(Nullable(String)),
    user_hash        Nullable(FixedString(32)) CODEC(ZSTD(1)),

    close_code          LowCardinality(Nullable(String)),
    close_initiator     LowCardinality(Nullable(String)),
    connection_duration Nullable(Float32), -- s

    ratelimit_scope LowCardinality(Nullable(String)),
    route           LowCardinality(Nullable(String)),
    method          LowCardinality(Nullable(String)),
    retry_after     Nullable(Float32), -- s

    session_starts_remaining Nullable(UInt32),
    session_starts_limit     Nullable(UInt32),
    session_starts_reset     Nullable(Float32), -- s
    session_starts_at_once   Nullable(UInt32),

    received DateTime('UTC') DEFAULT now() CODEC(Delta(4), ZSTD(1)),
    -- The day under which the event is kept: its own, but at most two days before it was
    -- received and one hour after. So a late event, or a process whose clock is wrong by
    -- a year, makes no parts in partitions that are complete, and lives as long as others.
    day Date MATERIALIZED toDate(greatest(least(time, received + toIntervalHour(1)), received - toIntervalDay(2)), 'UTC'),

    INDEX by_time time TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY day
ORDER BY (bot, event, guild_id, time, event_id)
SETTINGS
    allow_nullable_key = 1,
    ttl_only_drop_parts = 1, -- a partition expires as a whole
    -- A day that gets no more events becomes one part, of which FINAL costs nothing.
    min_age_to_force_merge_seconds = 7200,
    min_age_to_force_merge_on_partition_only = 1,
    non_replicated_deduplication_window = 10000
