// Package rules is the one source of Argus' recording rules and alerts. It
// renders them in three forms (files for Prometheus, PrometheusRule objects for
// its operator, and the two files of a monitoring mixin) and as docs/ALERTS.md.
//
// An expression or a text names a threshold as ${Name}; [Thresholds] is the one
// table of these, each with its reason or with where Discord documents it. The
// package imports the standard library and the catalog alone: YAML of this kind
// is written without a library.
//
// # What the rules rest on
//
// They tell bots apart by job and, where it is set, by bot; and the processes of a
// bot by cluster. They never look at instance, which differs between what is
// scraped and what is pushed; only the alert on scrapes and the count of starts do.
// A series that is there twice under one job, because it is both scraped and pushed
// or because a former process has not expired yet, counts once: gauges and absolute
// rates take the maximum over them. Under two jobs it is two bots, each of which is
// complete. Windows are 5 min and longer, since a push comes once a minute by default.
package rules

//go:generate go run ./generate
