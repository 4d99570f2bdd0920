// Package prometheus lets a Prometheus server pull the metrics of the process:
// the reader for a MeterProvider, and the page as an http.Handler.
//
//	e, err := prometheus.New()
//	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()), sdkmetric.WithResource(res))
//	http.Handle("/metrics", e.Handler())
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
//	WithErrorHandler      otel.Handle            where faults of a scrape are reported
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
package prometheus
