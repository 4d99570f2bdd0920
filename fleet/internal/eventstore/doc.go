// Package eventstore keeps the events of bots in a file of SQLite, and answers the
// questions of package figures from it, without a server of its own.
//
// Events lie in a table for each day. [Store.Add] writes them and all sums in one
// transaction: after a kill or a power cut there are both or none. An event that arrives
// again, by its id, guild and time, changes nothing, as long as its day is kept.
//
// Most questions are answered from sums by the hour and by the day. GuildsHit, Guild and
// GuildTrend read events: they know no more than the days that are kept.
//
// # Limits
//
//	limit               value       beyond
//	------------------  ----------  ----------------------------------------------
//	events              MaxEvents   the oldest day is dropped, today's are refused
//	days of events      Retention   a day is dropped as a whole
//	days of sums        Hourly      rows are deleted
//	values of a column  see kinds   events with another value are refused
//	questions at a time 4           further ones wait
package eventstore
