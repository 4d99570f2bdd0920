-- What clickhouseexporter v0.156.0 of the OpenTelemetry Collector writes. It keeps nothing:
-- collector_events_view puts the events into the table events.
CREATE TABLE IF NOT EXISTS collector_logs
(
    Timestamp          DateTime64(9, 'UTC'),
    TraceId            String,
    SpanId             String,
    TraceFlags         UInt8,
    SeverityText       LowCardinality(String),
    SeverityNumber     UInt8,
    ServiceName        LowCardinality(String),
    Body               String,
    ResourceSchemaUrl  LowCardinality(String),
    ResourceAttributes Map(LowCardinality(String), String),
    ScopeSchemaUrl     LowCardinality(String),
    ScopeName          String,
    ScopeVersion       LowCardinality(String),
    ScopeAttributes    Map(LowCardinality(String), String),
    LogAttributes      Map(LowCardinality(String), String),
    -- The exporter looks for this column when it starts, and never again.
    EventName          String DEFAULT substring('', 1, throwIf(length(Body) >= 0, 'The Collector started before this table was there: restart the Collector'))
)
ENGINE = Null
