// Package prometheus exports the metrics of the process to a Prometheus server:
// it provides the reader for a MeterProvider and the page as an http.Handler.
//
//	e, err := prometheus.New()
//	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()), sdkmetric.WithResource(res))
//	http.Handle("/metrics", e.Handler())
//
// # Series
//
// Names and labels are the same as on any other path into Prometheus. Names are
// escaped with underscores and end in their unit and _total. There are no scope
// labels. The resource attributes cluster, bot and region become labels of every
// series if the resource has them. target_info has all resource attributes.
//
// Prometheus refuses a whole page for one line that it does not accept. The
// exporter therefore leaves out what Prometheus would refuse, whatever its origin,
// and serves the rest:
//
//	problem                                                left out
//	-----------------------------------------------------  -----------------------------------------
//	le on a histogram, quantile on a summary               the series
//	__name__ and other labels of two underscores           the series
//	a label of Argus, such as cluster                      the series
//	a label value that is not UTF-8, or over 64 KiB        the series
//	a duplicate series                                     the second
//	one name for two types, or for a histogram's series    the second instrument
//	a name of one of Argus' own instruments                the other instrument
//	an attribute or name without a valid character         the series
//	a description that is not UTF-8                        nothing: it is repaired
//	attributes whose keys become one name                  nothing: "1;2" is the value
//
// Each case counts in promhttp_metric_handler_errors_total{cause="gathering"}. It is
// reported once by name, without values, and reports are at most one a minute.
//
// In a shared registry, the program's own collectors keep their names: see
// [WithRegistry].
//
// # Options of the exporter
//
//	option                default                meaning
//	--------------------  ---------------------  ---------------------------------------------------
//	WithRegistry          a separate registry    share the page with the program's own metrics
//	WithCollectors        none                   client_golang collectors to add to the page
//	WithConstLabels       none                   labels of those collectors, as in the resource
//	WithNativeHistograms  off                    native histograms; see there for the drawbacks
//	WithErrorHandler      otel.Handle            handles scrape faults
//
// # The page
//
//	property              value                                reason
//	--------------------  -----------------------------------  -----------------------------------
//	methods               GET, HEAD                            others get 405 with Allow
//	formats               text, OpenMetrics, protobuf; gzip    negotiated with the scraper
//	concurrent scrapes    any number                           they share one collection, and its bytes
//	scrapes in a loop     5, then one page for 0.1 to 1 s      a loop uses a tenth of a core at most
//	scrape time-out       20 s, or the scraper's, then 503     Prometheus' default is 10 s
//	client disconnects    not counted                          not a fault of the page
//	after Shutdown        503, for scrapes in progress too     no scrape gets half of the metrics
//	errors                the text is never on the page        it may contain secrets
//
// [Page] serves several exporters on one page, for a process with several
// MeterProviders.
package prometheus
