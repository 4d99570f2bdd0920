// Package eventdocs makes the documents about events that docs/fleet-openapi.json
// describes: commands, releases, guilds and growth, and what became of the events. Each
// has the window that was used, and the queries that answered.
//
// # Limits
//
//	limit              value      meaning
//	-----------------  ---------  ---------------------------------------------------
//	window             731 days   from 2015 on, when Discord began
//	points of a chart  400        longer windows have longer steps
//	guilds             10,000     the worst; 100 without a limit
//	text               256 bytes  of a parameter
package eventdocs
