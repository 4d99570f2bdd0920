// Package otlp pushes metrics, traces and logs to an OpenTelemetry Collector over
// OTLP, by gRPC or HTTP. It provides a periodic reader for a MeterProvider, and
// processors for a TracerProvider and a LoggerProvider.
//
//	e, err := otlp.New(ctx)
//	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()), sdkmetric.WithResource(res))
//	// make the instruments, then:
//	e.Begin()             // exports the initial values, 0, at once instead of after an interval
//	defer e.Shutdown(ctx) // exports what was recorded since the last export
//
//	t, err := otlp.NewTraces(ctx)
//	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(t.Processor()), sdktrace.WithResource(res))
//	defer tp.Shutdown(ctx) // exports the spans in the queue
//
//	l, err := otlp.NewLogs(ctx)
//	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(l.Processor()), sdklog.WithResource(res))
//	defer lp.Shutdown(ctx) // exports the log records in the queue
//
// # Settings
//
// Each variable has the meaning that OpenTelemetry defines. An option wins over its
// variable, and a variable …_METRICS_… wins over the general one. Traces and logs have
// …_TRACES_… and …_LOGS_… instead.
//
//	option        variable                                          default
//	------------  ------------------------------------------------  --------------
//	WithProtocol  OTEL_EXPORTER_OTLP_[METRICS_]PROTOCOL             grpc (or http/protobuf)
//	WithEndpoint  OTEL_EXPORTER_OTLP_[METRICS_]ENDPOINT             grpc: localhost:4317
//	                                                                http/protobuf: http://localhost:4318
//	WithInsecure  OTEL_EXPORTER_OTLP_[METRICS_]INSECURE             TLS; plain for an http:// endpoint
//	WithTLS       OTEL_EXPORTER_OTLP_[METRICS_]CERTIFICATE,         the system's CA certificates
//	              …CLIENT_CERTIFICATE and …CLIENT_KEY
//	WithHeaders   OTEL_EXPORTER_OTLP_[METRICS_]HEADERS              none
//	WithTimeout   OTEL_EXPORTER_OTLP_[METRICS_]TIMEOUT (ms)         10 s per export, retries included
//	WithInterval  OTEL_METRIC_EXPORT_INTERVAL (ms)                  60 s
//	–             OTEL_METRIC_EXPORT_TIMEOUT (ms)                   30 s, collection included
//	–             OTEL_EXPORTER_OTLP_[METRICS_]COMPRESSION          none (or gzip)
//	–             OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE cumulative
//	–             OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION
//	                                                                explicit_bucket_histogram
//	–             OTEL_BSP_MAX_QUEUE_SIZE, OTEL_BLRP_…              8192 spans, log records
//	–             OTEL_BSP_MAX_EXPORT_BATCH_SIZE, OTEL_BLRP_…       512 of them per export
//	–             OTEL_BSP_SCHEDULE_DELAY, OTEL_BLRP_… (ms)         5 s, 1 s
//	–             OTEL_BSP_EXPORT_TIMEOUT, OTEL_BLRP_… (ms)         30 s per export
//
// OTEL_BSP_… is for spans, OTEL_BLRP_… for log records. OTEL_TRACES_SAMPLER and
// OTEL_TRACES_SAMPLER_ARG are read by the TracerProvider; [NewTraces] checks them.
//
// OpenTelemetry's exporter ignores invalid values: with a mistyped interval it would
// use 60 s, with a mistyped certificate the system's CA certificates. [New] returns an
// error that names the variable instead. Variables that an option replaces are not
// checked, except ENDPOINT and HEADERS: the exporter always parses these and logs
// what it cannot parse, secrets included.
//
// # Protocols
//
// Both protocols give the same guarantees. They differ as follows:
//
//	                    grpc                               http/protobuf
//	------------------  ---------------------------------  ---------------------------------------
//	collector's port    4317                               4318
//	endpoint            URL, or a target in gRPC's         URL with http or https, without a query
//	                    notation
//	path                none                               /v1/metrics (traces, logs) is added to …OTLP_ENDPOINT;
//	                                                       …OTLP_METRICS_ENDPOINT is used unchanged
//	proxy               HTTPS_PROXY, NO_PROXY; with        HTTP_PROXY for an http:// endpoint,
//	                    CONNECT, for plain text too        HTTPS_PROXY for https://; NO_PROXY
//	redirects           none                               not followed: the headers may contain a key
//	wrong certificate   retried within the time-out        the export fails at once; the next follows
//
// http/json is rejected: OpenTelemetry's exporters for Go do not support it.
// http/protobuf does not make a program smaller, since OpenTelemetry's exporter for
// HTTP imports gRPC too.
//
// # Unavailable collector
//
// Nothing blocks. Cumulative counters lose nothing: the next successful export
// contains their totals. gRPC's own back-off would grow to two minutes; here the
// limit is [MaxReconnectDelay]. While the collector is unavailable, exports are repeated
// at that pace instead of at the interval, so data arrives within 10 s of its return.
// A silently broken connection, such as one that a firewall dropped, costs one export
// at most. A pause that the collector requests (Retry-After, or gRPC's RetryInfo) is
// kept, up to five minutes; ForceFlush and Shutdown do not wait for it.
//
// Spans and log records wait in a queue, of at most [DefaultQueueSize] items and
// [MaxQueueBytes] each. A batch stays in it, at its place, until the collector
// accepts it, so an outage loses nothing while the queue has room. OpenTelemetry's
// batch processors would drop a batch after its time limit. After a failure it is
// sent again in at most 2 s. What is lost is counted
// by reason ([Losses]) and reported:
//
//	queue_full  the queue has no room: the new item is dropped
//	rejected    the collector refused the batch for good (400, 401, 404 …), or a part of it
//	shutdown    Shutdown could not send it before its context ended
//
// An export whose response is lost is repeated, so an item may arrive twice then.
//
// The first failure is reported at once, then at most one a minute, with the number
// of failures since the last report. Up and [WithOnState] show when exports
// succeed again. A report contains the endpoint's host and the response's text, never
// a header or a web page. After 404 and 405 it contains the path. If the time limit
// ends during a retry, the report contains the response to the attempt before.
package otlp
