// Package evidence asks questions about the metrics of a bot.
//
// A [Question] has one of a few forms, such as the increase of a counter over five
// minutes by shard. It is written once and answered by any [Source]: the history of a
// process, a Prometheus server, or a saved page. Sources agree on what a form means:
//
//   - A series that is absent has no answer. Nothing is 0 because it is unknown.
//   - A counter that falls has been reset: what it has after that is added.
//   - Series that a process has twice, because it is scraped and pushed, count once.
package evidence
