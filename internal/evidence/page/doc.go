// Package page answers questions with one page of metrics, as a process serves it at
// /metrics, in Prometheus' text format or as OpenMetrics.
//
// A page has no history, so it answers less than other sources:
//
//   - The last value of gauges and counters, and ages, as of the time that the page was
//     made.
//   - Increase, Rate, Quantile and Above since the instrumentation started, and only over
//     a window that is at least as long: what of a total belongs to a shorter window is
//     unknown. What an earlier process of the same name did in that window is unknown, too,
//     and left out.
//   - Highest, Lowest and Changes have no answer.
//
// The size of a page and the number of its samples are limited.
package page
