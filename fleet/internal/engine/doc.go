// Package engine stores and queries the metrics of a fleet with the engine of
// Prometheus: its time series database, its query language and its rules.
//
// It is the only package that imports github.com/prometheus/prometheus, whose Go API
// has no promise of stability. What is used of it has a test here.
//
// # Names and labels
//
// Metrics have the names and labels that Prometheus gives to what it receives by OTLP
// with the translation strategy UnderscoreEscapingWithSuffixes: those of /metrics of a
// bot. service.name becomes the label job, service.instance.id instance; the resource
// attributes cluster, bot and region become labels of each series, and target_info has
// the others.
//
// # Limits
//
//	limit                        value     meaning
//	---------------------------  --------  ------------------------------------------------
//	out of order                 2 h       older points are refused
//	ahead                        10 min    points further in the future are refused
//	query                        2 min     then it is canceled
//	samples of a query           50 M      a query that needs more fails
//	exemplars                    100,000   the newest of all series
//	free disk                    64 MiB    with less, nothing of pushes and rules is
//	                                       stored until there is more
//	labels of a series           64        a series with more is refused
//	bytes of a name or a value   1,024     of a label; a series with a longer one is
//	                                       refused. A value of target_info may have 16 KiB
//	least size                   1 GiB     of a retention by size: the write-ahead log and
//	                                       the newest two hours count too, and below their
//	                                       size nothing older would be kept
package engine
