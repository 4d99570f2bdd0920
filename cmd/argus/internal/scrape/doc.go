// Package scrape asks processes of the bot for their metrics page, as Prometheus
// does, and tells what it says about them: cluster ids, shards, versions, clock
// and the budget of session starts.
//
// All is bounded: the time of a request, what is read of an answer, and how many
// requests there are at a time. No proxy is used and no redirect is followed, so
// that the bearer token goes nowhere else.
package scrape
