// Package clickhousesettings has the settings of a connection to ClickHouse, and what to do
// about its errors, for all that connects: the writer in the bot, argus-analytics,
// argus-fleet, and argus doctor. It needs the standard library alone, and connects nowhere.
package clickhousesettings
