// Package clickhousesettings has the settings of a connection to ClickHouse, for all that
// connects: the writer in the bot, argus-analytics, and argus doctor. It needs the standard
// library alone, and connects nowhere.
package clickhousesettings
