// Package catalog is the one table of what Argus measures: each instrument's
// OpenTelemetry name, kind, unit, labels with their closed sets of values, and
// description.
//
// Everything that names a metric takes the name from here: the instruments
// themselves, the generated docs/METRICS.md, and the tests that hold the
// exposition to its contract. The package depends on nothing but
// internal/excerpt.
//
// [LogEvents] is the same table for events: log records with a name, their
// attributes and values.
//
// # Names
//
// Names are OpenTelemetry's, in dotted form. Those that begin with "discord."
// describe the bot and move to another prefix when a namespace is configured;
// those that begin with "argus." describe the telemetry itself and never move.
// [Instrument.PrometheusName] gives the name after translation with the
// strategy UnderscoreEscapingWithSuffixes.
//
// # Labels
//
// Every label is bounded, in one of two ways: a closed set of values, listed in
// [Label.Values], or a cap that the instrumentation keeps, told in [Label.Bound].
// No guild, user, channel, message, token or raw path is ever a label. The labels
// of [ResourceLabels] are on every series but on no instrument: they come from the
// resource.
package catalog

//go:generate go run ../metricsdoc
//go:generate go run ../eventsdoc
