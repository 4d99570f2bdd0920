// Package otlp pushes the metrics of the process to an OpenTelemetry Collector
// over OTLP, by gRPC or by HTTP: a periodic reader for a MeterProvider.
//
//	e, err := otlp.New(ctx)
//	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()), sdkmetric.WithResource(res))
//	// make the instruments, then:
//	e.Begin()             // sends at once what is there, which is 0, rather than after an interval
//	defer e.Shutdown(ctx) // sends what was not sent yet
//
// # Settings
//
// Every variable keeps the meaning that OpenTelemetry gives it, and an option
// comes before its variable. A variable …_METRICS_… comes before the general one.
//
//	option        variable                                          default
//	------------  ------------------------------------------------  --------------
//	WithProtocol  OTEL_EXPORTER_OTLP_[METRICS_]PROTOCOL             grpc (or http/protobuf)
//	WithEndpoint  OTEL_EXPORTER_OTLP_[METRICS_]ENDPOINT             grpc: localhost:4317
//	                                                                http/protobuf: http://localhost:4318
//	WithInsecure  OTEL_EXPORTER_OTLP_[METRICS_]INSECURE             TLS; plain for an http:// endpoint
//	WithTLS       OTEL_EXPORTER_OTLP_[METRICS_]CERTIFICATE,         the system's authorities
//	              …CLIENT_CERTIFICATE and …CLIENT_KEY
//	WithHeaders   OTEL_EXPORTER_OTLP_[METRICS_]HEADERS              none
//	WithTimeout   OTEL_EXPORTER_OTLP_[METRICS_]TIMEOUT (ms)         10 s an export, tries included
//	WithInterval  OTEL_METRIC_EXPORT_INTERVAL (ms)                  60 s
//	–             OTEL_METRIC_EXPORT_TIMEOUT (ms)                   30 s, collection included
//	–             OTEL_EXPORTER_OTLP_[METRICS_]COMPRESSION          none (or gzip)
//	–             OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE cumulative
//	–             OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION
//	                                                                explicit_bucket_histogram
//
// OpenTelemetry's exporter ignores what it cannot read; a mistyped interval
// would be one of 60 s and a mistyped certificate the system's authorities.
// [New] refuses such values with an error that names the variable. A variable
// that an option replaces is not looked at, but for ENDPOINT and HEADERS: the
// exporter parses them in any case and logs what it cannot parse, secrets included.
//
// # Protocols
//
// Both protocols make the same promises. They differ in this:
//
//	                    grpc                               http/protobuf
//	------------------  ---------------------------------  ---------------------------------------
//	collector's port    4317                               4318
//	endpoint            URL, or a target in gRPC's         URL with http or https, without a query
//	                    notation
//	path                none                               /v1/metrics is added to …OTLP_ENDPOINT;
//	                                                       …OTLP_METRICS_ENDPOINT is used as it is
//	proxy               HTTPS_PROXY, NO_PROXY; with        HTTP_PROXY for an http:// endpoint,
//	                    CONNECT, for plain text too        HTTPS_PROXY for https://; NO_PROXY
//	redirects           none                               not followed: the headers may hold a key
//	wrong certificate   tried again within the time-out    the export ends at once; the next follows
//
// http/json is refused: OpenTelemetry's exporters for Go cannot send it. Choosing
// http/protobuf does not make a program smaller, since OpenTelemetry's exporter for
// HTTP imports gRPC too.
//
// # When the collector is away
//
// Nothing blocks and nothing is lost that a cumulative counter can say later.
// gRPC's own back-off would grow to two minutes; here it ends at [MaxReconnectDelay],
// and an export that found nobody is repeated at that pace instead of
// at the interval, so data is there again within 10 s of the collector's return.
// A connection that has died in silence, as when a firewall forgets it, costs one export at most.
// A pause that the collector asks for (Retry-After, or gRPC's RetryInfo) is kept, up to
// five minutes; ForceFlush and Shutdown do not wait for it.
//
// The first failure is reported at once, then at most one a minute with the
// number of those between, and [Exporter.Up] and [WithOnState] tell when it is
// over. A report holds the endpoint's host and the text of the response, and never a
// header, nor a web page. A path is in it after 404 and 405. When time runs out within a later try of an
// export, the report names what the one before was answered, which is why there was a later one.
package otlp
