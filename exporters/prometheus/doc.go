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
// Prometheus refuses all of a page for one line that it does not accept. What it
// would refuse is therefore left out, whoever made it, and the rest stays:
//
//	what is found                                          what is left out
//	-----------------------------------------------------  -----------------------------------------
//	le on a histogram, quantile on a summary               the series
//	__name__ and other labels of two underscores           the series
//	a label of Argus' own, such as cluster                 the series
//	a label value that is not UTF-8, or of over 64 KiB     the series
//	a series that is there already                         the second
//	one name for two types, or for a histogram's series    the second instrument
//	a name that Argus' own instruments have                the other instrument
//	an attribute or name of which nothing is left          the series
//	a description that is not UTF-8                        nothing: it is repaired
//	attributes whose keys become one name                  nothing: "1;2" is the value
//
// It is counted in promhttp_metric_handler_errors_total{cause="gathering"} and
// reported by name, once for each, at most once a minute, and without values.
//
// In a shared registry, names that the program's own collectors have stay the
// program's: see [WithRegistry].
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
//	scrapes at a time     any number                           they share one collection, and its bytes
//	scrapes in a loop     5, then one page for 0.1 to 1 s      a loop costs a tenth of a core at most
//	time for a scrape     20 s, or the scraper's, then 503     Prometheus gives up after 10 s
//	a client that leaves  is not counted                       it is no fault of the page
//	after Shutdown        503, and so for a page under way     half a page would be taken for a whole
//	an error on the page  never its text                       it may hold what is not public
//
// [Page] is one page of several exporters, for a process with several
// MeterProviders.
//
// # The server
//
//	path         answers                  guarded   body
//	-----------  -----------------------  --------  -----------------------------------------
//	MetricsPath  200, 401, 500, 503       by token  the page
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
//	connections          120      one more closes another: see below
//	first try to bind    1 s      Start waits no longer for a name server
//	back-off of binding  1–60 s   doubled, with up to a quarter of jitter
//
// There are fewer connections where the process may have less than 512 files open:
// a quarter of those. The first to be closed are the oldest of those without a
// complete request, if most have none, then the one that is idle for longest. A
// request under way is cut off only when all connections have one.
//
// # Browsers
//
// A site can have its name resolve to the address of the bot, and a page of that
// site then reads the bot's as its own (DNS rebinding). A browser is therefore
// answered 403 unless it asks for an address, for a name of one label, for one
// below .localhost, .local, .internal or .home.arpa, for the name that the server
// listens on, or for one of AllowedHosts; or has the token. So is what another site
// embeds or fetches. Browsers are told by headers that no script can take away,
// such as Accept-Language. Prometheus, probes and command lines have none of these,
// and are served under any name: networks name a bot as they like, in DNS, in
// Kubernetes, in Compose, and no scrape may depend on a list of names.
//
// The server never makes a program fail because a port is taken, nor wait because
// a name server is slow: [Server.Start] reports it, goes on trying, and binds as
// soon as the address can be had.
package prometheus
