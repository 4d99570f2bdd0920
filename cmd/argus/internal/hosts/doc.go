// Package hosts is lists of addresses to scrape: it expands patterns into them,
// and reads and writes them in the form of Prometheus' file_sd_configs.
//
// A pattern is host:port or a host alone. Whole numbers stand in brackets as a
// range or a list of ranges, in the host as well as in the port:
//
//	bot-[0-99].example.org     bot-0.example.org to bot-99.example.org
//	bot-[00-15,20]             bot-00 to bot-15, and bot-20
//	10.0.[0-1].[1-100]:9191    two hundred addresses
//	localhost:[9191-9193]      three ports of one host
//	[::1]:9191                 an IPv6 address
//
// Brackets with a colon between them are an IPv6 address, and others are a range,
// which never has a colon; so the two cannot be mistaken for each other. An IPv6
// address stands in brackets also where it has no port, and has no range in it.
package hosts
