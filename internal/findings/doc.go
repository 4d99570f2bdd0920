// Package findings turns evidence about a bot into sentences: what is wrong, since
// when, what causes it, what it is not, and what to do.
//
// [Examine] asks a [evidence.Source] and runs the checks, one for each alert of
// package rules, with the same thresholds and the same words. A check does not wait as
// long as its alert does, because somebody is looking: the alert's `for` keeps people
// from being woken by what passes by itself.
//
// Findings that explain others come first and carry them: a shard that is down
// explains users without answers, a lock that is stuck explains the shard.
package findings
