// Package scrape requests the metrics pages of the processes of a bot, as Prometheus
// does, and reads cluster ids, shards, versions, clock and session start budget from
// them.
//
// The duration of a request, the size of a response and the number of concurrent
// requests are limited. No proxy is used and no redirect is followed, so that the
// bearer token goes nowhere else.
package scrape
