// Package hosts handles lists of addresses to scrape. It expands patterns into
// addresses, and reads and writes lists in the format of Prometheus'
// file_sd_configs.
//
// A pattern is host:port or a host. Host and port may contain numbers in brackets,
// as a range or a list of ranges:
//
//	bot-[0-99].example.org     bot-0.example.org to bot-99.example.org
//	bot-[00-15,20]             bot-00 to bot-15, and bot-20
//	10.0.[0-1].[1-100]:9191    two hundred addresses
//	localhost:[9191-9193]      three ports of one host
//	[::1]:9191                 an IPv6 address
//
// Brackets with a colon are an IPv6 address; others are a range, which never has a
// colon. An IPv6 address needs brackets even without a port, and cannot contain a
// range.
package hosts
