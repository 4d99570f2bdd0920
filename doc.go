// Package argus makes a Discord bot written with discordgo observable in one line:
//
//	a, err := argus.Start(session)
//
// From then on the bot's signals are served to Prometheus on http://localhost:9191/metrics, pushed to an OpenTelemetry
// collector, or both, as the settings say. Every name and label is listed in docs/METRICS.md, every setting in
// docs/CONFIGURATION.md.
//
// Call [Start] before the session's Open: what belongs to the connection itself (heartbeats, close codes, the first READY)
// can only be seen by what was in place when the connection was dialled. After Open it works as well, with less to tell.
// Argus needs no gateway intent of its own; a signal whose events the bot does not ask for stays at what is known.
//
// # Settings
//
// An [Option] in code wins over an environment variable, which wins over the default. All of the environment is read in
// one place, once, when Start is called. A setting that cannot be used is an error that names it and its value; all such
// problems are reported together, and nothing is started.
//
// # What it promises
//
// The bot comes first. What fails while the bot runs (the port is taken, the collector is away) never stops it: the gauge
// argus_subsystem_up says 0 for the part concerned, a log line says why and what to do, and the attempt is repeated until
// it succeeds. A panic of the bot's own handler is recorded and passed on.
//
// Nothing global is touched: not the global MeterProvider, not Prometheus' default registry, not slog's default logger.
// Several instances may live in one process, one for each bot: on one port, where each has a name ([WithBot]), or on ports
// of their own. [Argus.Shutdown] ends all of it and puts back what was wrapped.
//
// No token, neither the bot's nor the one that guards the metrics page, is ever written to a metric, a log or an error.
//
// Programs that have an OpenTelemetry set-up of their own need package instrument only.
package argus

//go:generate go test -run=^TestConfigurationDocument$ . -update
