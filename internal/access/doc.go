// Package access decides who may read what a process serves: clients that send a
// bearer token, and browsers in which somebody has entered it.
//
// # Limits
//
//	limit                  value          meaning
//	---------------------  -------------  -------------------------------------------
//	session                12 h           then the token must be entered again
//	sessions               256            one more ends the oldest
//	login attempts         10, 1 per 6 s  per address (IPv6: per /64 network)
//	login attempts in all  60, 1 per 1 s  by everybody
//	addresses              1,024          remembered until their attempts are back
//	size of a login form   4 KiB
//
// Sessions are in memory, so they also end with the process. Only a hash of the
// token and of the session ids is kept.
package access
