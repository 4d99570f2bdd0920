// Package prometheus lets a Prometheus server pull the metrics of the process:
// the reader for a MeterProvider, the page as an http.Handler, and a hardened
// server for it.
//
//	e, err := prometheus.New()
//	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()), sdkmetric.WithResource(res))
//	srv, err := prometheus.NewServer(prometheus.ServerConfig{Handler: e.Handler()})
//	err = srv.Start()
//
// # The series
//
// The names and labels are those of every other path into Prometheus: names are
// escaped with underscores and carry their unit and _total, there are no scope
// labels, and the resource attributes cluster, bot and region are labels of every
// series, where the resource has them. target_info carries the rest of the resource,
// and these too.
//
// When two instruments end in one Prometheus name, the page goes on with the
// rest. With equal types and labels the first sample stays and the second is
// left out; that is counted in promhttp_metric_handler_errors_total{cause="gathering"}
// and reported, at once and then at most once a minute. With different types the
// OpenTelemetry exporter leaves the later instrument out and says so in
// OpenTelemetry's own log (otel.SetLogger).
//
// # Options of the exporter
//
//	option                default                meaning
//	--------------------  ---------------------  ---------------------------------------------------
//	WithRegistry          a registry of its own  share the page with metrics that the program has
//	WithCollectors        none                   client_golang collectors to put on the page
//	WithConstLabels       none                   labels of those collectors, as of the resource
//	WithNativeHistograms  off                    histograms are native; see there for what is lost
//	WithReport            otel.Handle            where faults of a scrape are reported
//
// # The page
//
//	what                  value                                why
//	--------------------  -----------------------------------  -----------------------------------
//	methods               GET, HEAD                            others are answered 405 with Allow
//	formats               text, OpenMetrics, protobuf; gzip    as the scraper asks
//	concurrent scrapes    8, sharing one collection            the ninth is answered 503
//	time for a scrape     20 s, then 503                       Prometheus gives up after 10 s
//	an error on the page  never its text                       it may hold what is not public
//
// # The server
//
//	path         answers                  guarded   body
//	-----------  -----------------------  --------  -----------------------------------------
//	MetricsPath  200, 401, 503            by token  the page
//	/healthz     200                      no        "ok": the process lives
//	/readyz      200, 503                 no        JSON: {"ready":true,"shards_up":4,"shards_total":4}
//	/            200                      no        links to the other three
//	other        404                      no
//
//	limit                value    meaning
//	-------------------  -------  ------------------------------------------------------
//	header time-out      5 s      a client that sends its header slowly is cut off
//	read time-out        10 s     the whole request
//	write time-out       30 s     the whole answer
//	idle time-out        2 min    a kept connection between two scrapes
//	header size          8 KiB    more is answered 431
//	connections          120      one more closes the one with the oldest change
//	first try to bind    1 s      Start waits no longer for a name server
//	back-off of binding  1–60 s   doubled, with up to a quarter of jitter
//
// The server never makes a program fail because a port is taken, nor wait because
// a name server is slow: [Server.Start] reports it, goes on trying, and binds as
// soon as the address can be had.
package prometheus
