// Package promql answers questions with whatever evaluates PromQL: the HTTP API of a
// Prometheus server (package promapi), or an engine in the same program.
package promql
