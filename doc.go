// Package argus makes a Discord bot written with discordgo observable in one line:
//
//	a, err := argus.Start(session)
//
// Argus then serves the bot's metrics to Prometheus on http://localhost:9191/metrics, pushes them to an OpenTelemetry
// collector, or both. docs/METRICS.md lists the metrics, docs/CONFIGURATION.md the settings.
//
// Call [Start] before the session's Open. After Open it works too, with fewer signals: heartbeats, close codes and the first
// READY are read from the connection, which has to be dialled through Argus. Argus needs no gateway intents. A signal whose
// events the bot does not receive keeps its last known value, or is absent.
//
// # Settings
//
// An [Option] wins over an environment variable, which wins over the default. Start reads the environment once. A setting
// that it cannot use is an error that names the setting and its value. All problems are reported together, and nothing is
// started.
//
// # Promises
//
// The bot comes first. A failure at run time, such as a port in use or an unavailable collector, never stops the bot: the
// gauge argus_subsystem_up is 0 for that part, a log line says why and what to do, and Argus retries. A panic in the bot's
// handler is recorded and re-raised.
//
// Argus changes nothing global: not the global MeterProvider, not Prometheus' default registry, not slog's default logger.
// Several bots in one process need an Argus each: on one port with different names ([WithBot]), or on different ports.
// [Argus.Shutdown] stops everything and restores what was wrapped.
//
// No token, neither the bot's nor that of the metrics page, is written to a metric, a log or an error.
//
// Programs with their own OpenTelemetry set-up need only package instrument.
package argus

//go:generate go test -run=^TestConfigurationDocument$ . -update
