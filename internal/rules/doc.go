// Package rules is the single source of Argus' recording rules and alerts. It
// renders them in three forms (files for Prometheus, PrometheusRule objects for
// its operator, and the two files of a monitoring mixin) and as docs/ALERTS.md.
//
// Expressions and texts refer to thresholds as ${Name}. [Thresholds] lists all of
// them, each with a reason or with the address that documents it. The package
// imports only the standard library and the catalog: this kind of YAML needs no
// library.
//
// # Assumptions
//
// A bot is identified by job and, if set, by bot; its processes by cluster. The
// label instance differs between scraped and pushed series, so only the alert on
// scrapes and the count of starts use it. A series that exists twice under one job,
// because it is both scraped and pushed or because a former process has not expired
// yet, counts once: gauges and absolute rates take the maximum. Under two jobs it is
// two complete bots. Windows are 5 min or longer, except those of DiscordShardZombie,
// because a push comes once a minute by default.
package rules

//go:generate go run ./generate
