// Package history keeps the recent past of a process, so that it is there when somebody
// looks: the last 15 minutes in steps of 5 s, and 6 hours in steps of 60 s.
//
// A [History] has a reader for a MeterProvider. At each step it collects, adds up what
// its table keeps of the instruments, and stores what has changed. It answers the
// questions of package evidence:
//
//   - The values of a step are those at that moment: a peak between two steps is not seen.
//   - A gap, as after a pause of the process, is a gap. The increase of a counter over
//     the gap counts at the step after it, unless the window begins in the gap.
//   - A counter that falls has been reset: what it has after that is added.
//   - An increase is the sum of the differences between steps, without extrapolation,
//     from the step that is nearest to the begin of the window. A rate is the increase
//     divided by the whole window.
//   - A series that appears counts from 0, because a process's counters do. Exceptions
//     are series that have been there, but were not kept: they count from their first
//     value in the history.
//   - Times and sums of durations are kept to a millisecond, durations to a tenth of it.
//
// # Limits
//
// The history needs at most 2 MiB with 16 shards and 16 MiB with 4,096, without the
// memory that the SDK needs for one more reader.
//
// Of commands, error types, routes and codes, the busiest have series of their own. The
// others share one with the value "other" of the label. Every minute the busiest of the
// others may take the place of the idlest.
//
// Up to 64 shards are kept in full. Of more, the worst 64 are: those that are down, have
// changed their state in the last 15 minutes, or have late or slow heartbeats. Of the
// others there is the state in steps of 60 s, and latency and events in steps of 5
// minutes. Sums over all shards are always complete.
//
// The log has a limit in bytes. A process in which more changes than expected keeps less
// than 6 hours.
package history
