// Package sketch keeps the distribution of durations in a few hundred bytes, so that
// quantiles of any hours can be had without the durations themselves.
//
// It is a DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch
// with relative-error guarantees", VLDB 2019): values are counted in buckets whose limits
// grow by a constant factor. A quantile is at most [Accuracy] off, however many sketches
// were put together, and in whatever order.
package sketch
