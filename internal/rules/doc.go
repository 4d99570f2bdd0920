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
// They tell processes apart by cluster and never by job or instance, which
// differ between what is scraped and what is pushed; only the alert on scrapes
// looks at these. A series that is there twice, because it is both scraped and
// pushed or because a former process has not expired yet, counts once: gauges and
// absolute rates take the maximum over them. Windows are 5 min and longer, since a push
// comes once a minute by default. One set of rules watches one bot.
package rules

//go:generate go run ./generate
