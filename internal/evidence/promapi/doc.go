// Package promapi answers questions with a Prometheus server, or with any server that
// has its HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/).
//
// Questions need two of its endpoints, /api/v1/query and /api/v1/query_range. The number of
// concurrent queries, the duration of a query, and the size of an answer are limited.
// An answer is complete or it is an error: one that is cut off, too large, or marked
// as incomplete by the server has no values.
//
// Errors are one sentence. They contain neither the token nor credentials or the query
// of a URL. No redirect is followed, so that the token is sent nowhere else.
package promapi
