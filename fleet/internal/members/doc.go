// Package members knows which processes report to a fleet.
//
// A place is where a process belongs: job, bot, region and cluster. It has a number,
// counted from 1 in its bot and region, that it keeps and that no other place ever gets.
// An incarnation is one process at a place, known by its service.instance.id. So a restart,
// a process that has moved to another host, two processes at one place, and a process
// that has died can be distinguished:
//
//	an incarnation ended by  means
//	-----------------------  ---------------------------------------------------------
//	goodbye                  it said so in its last report (argus_up is 0)
//	replaced                 it stopped reporting, and another one reports at its place
//	lost                     it stopped reporting, and nothing else is at its place
//
// It has stopped reporting after two and a half of its own intervals, as far as they are
// known from its reports. One that reports less often than every 150 s is taken for lost
// once, before its second report. Time in which the fleet was not there does not count:
// while it was down or stopped, or by which its clock was set.
//
// # Limits
//
//	limit                    value     meaning
//	-----------------------  --------  --------------------------------------------
//	places                   5,000     a new one is refused (Config.MaxPlaces)
//	incarnations of a place  16        the oldest are forgotten
//	reporting incarnations   32        of a place; another one is refused
//	new series               20,000    of an incarnation in two hours
//	                                   (Config.MaxSeries)
//	interval                 1 s to    of a process; 60 s, OpenTelemetry's default,
//	                         10 min    until it is known, or 12 s if another one has
//	                                   begun at its place since
//
// The state is kept in one file, which is written after each change of who is there, and
// once a minute for the times of the last reports.
package members
