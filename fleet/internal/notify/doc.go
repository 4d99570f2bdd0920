// Package notify tells people of alerts: it hands the alerts of the rules to an
// Alertmanager that runs in this process, or to others by URL. Grouping, inhibition,
// silences, retries, the API and the configuration format are Alertmanager's.
//
// It is the only package that imports Alertmanager, whose Go packages change with each
// release. They cannot be used as they are meant to be, through the package app: it
// embeds a page whose files are left out of the module.
//
// What is added to Alertmanager:
//   - Silences, the notification log and active alerts are written at each change. A
//     process that is killed repeats no notification and forgets no silence, and an alert
//     that ended meanwhile is called resolved after the next start.
//   - A broken file of the state is moved aside and reported.
//   - A file with a Discord webhook's URL is a whole configuration: one message for a
//     cause and a bot, another when more alerts join, and one when the last has ended.
//   - A mute can end by itself when what it mutes gets worse.
//   - The slow alert on unanswered users stays inhibited for as long as it looks back.
//   - What became of each attempt to send is known, and has no secrets.
//
// It opens no port: there is no gossip and no listener. Highly available notifications
// need Alertmanagers of their own, given by URL.
//
// Limits:
//
//	what                                    limit
//	alerts that wait to be handed over      10,000; others are dropped and counted
//	alerts with the same name               10,000; others are dropped and logged
//	groups                                  10,000; alerts of others are logged
//	silences                                1,000, of 64 KiB each
//	ended silences, notification log        kept for 5 days
//	resolved alerts                         kept until told, and up to 30 min
//	one attempt to send                     30 s
//	between attempts                        0.5 s to 60 s; Discord's Retry-After is not read
//	reason of a failure                     300 bytes, one line
//	request to the API                      1 MiB, 16 GETs at a time, 30 s
//	file of the state                       64 MiB
//	alert of the last run, not sent again   resolved after 5 min or 10 evaluations
//	mute that ends early                    after an evaluation; then told at once
package notify
