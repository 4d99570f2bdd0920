// Package history keeps the recent past of a process, so that it is there when somebody
// looks: the last 15 minutes in steps of 5 s, and 6 hours in steps of 60 s.
//
// A [History] has a reader for a MeterProvider. At each step it collects, adds up what
// its table keeps of the instruments, and stores what has changed. It answers the
// questions of package evidence:
//
//   - A step has the values of that moment. A peak between two steps is not seen.
//   - A paused process takes no steps, and there are no values for that time. What a
//     counter has gained meanwhile counts at the next step, unless the window starts in
//     the gap.
//   - A counter that falls has been reset: what it has after that is added.
//   - An increase is the sum of the differences between steps, without extrapolation.
//     Its window is moved back to the last step, and starts at the step that is nearest to
//     its begin. A rate is the increase divided by the length of the window.
//   - A new counter counts from 0, because all counters of a process do. A counter that
//     existed before the history kept it counts from its first value in the history.
//   - By command and by route there are fewer buckets than the histogram has, and a quantile
//     is the less exact. Above the highest of their bounds it is not known.
//   - Times and sums of durations are kept to a millisecond, durations to a tenth of it.
//
// # Limits
//
// The history needs at most 2 MiB with 16 shards and 16 MiB with 4,096, without the
// memory that the SDK needs for one more reader.
//
// Of commands, error types, routes and codes, the busiest have series of their own. The
// others share one with the label value "other". Every minute, the busiest of the others
// may replace the idlest.
//
// Up to 64 shards are kept in full. Of more, the worst 64 are: those that are down, have
// changed their state in the last 15 minutes, or have late or slow heartbeats. Of the
// others there is the state in steps of 60 s, and latency and events in steps of 5
// minutes. Sums over all shards are always complete.
//
// The log has a limit in bytes. If more changes than the limit allows for, the history
// covers less than 6 hours.
package history
