// Package instrument measures discordgo sessions with OpenTelemetry.
//
//	inst, err := instrument.New(instrument.WithMeterProvider(provider))
//	// handle err, defer inst.Close()
//	detach, err := inst.Attach(session)   // before session.Open
//
// The package uses only the OpenTelemetry API. The program that makes the
// MeterProvider chooses the SDK, the exporters and the port. docs/METRICS.md
// lists the instruments; the package internal/catalog defines them.
//
// # Order of calls
//
// Attach a session before its first Open, and after its Client, Dialer, ShardID,
// ShardCount and Identify.Intents are set. A session that has been opened can be
// attached too, with fewer signals: see [Instrumentation.Attach].
//
// # Intents
//
// The guild and member series need the GUILDS intent and are absent without it.
// Member counts follow joins and leaves only with GUILD_MEMBERS. No other series
// needs an intent, but dispatches that Discord does not send are not counted.
//
// # Interactions
//
// The time from the receipt of an interaction to its first accepted answer, and
// whether that was within Discord's 3 s, are measured on the connection, without
// wrapping anything. [Instrumentation.Interaction] adds the duration and the
// errors of handlers, [Instrumentation.RequestOption] the time that a call waits
// in discordgo's rate limiter.
//
// # Traces and events
//
// [WithTracerProvider] draws a span for each interaction, with its handlers and REST
// requests, and for each connection to the gateway; docs/TRACES.md describes them.
// The context that a wrapped handler gets has its span. [WithLoggerProvider] emits
// events as log records; docs/EVENTS.md lists them. Both are off by default.
//
// # Changes to a session
//
// The package replaces the session's Dialer with a copy whose connections it
// reads along, and the session's Client with a copy that has a RoundTripper around
// its Transport. Both keep what the user has set: dial functions, proxy, TLS
// configuration, cookie jar, transport. Certificates are verified exactly as
// before. A session that has already been opened gets three handlers instead.
//
// # Guarantees
//
//   - Nothing here panics, blocks or deadlocks the bot. A fault is counted in
//     argus.instrumentation.errors and reported to the error handler
//     ([WithErrorHandler]) at most once a minute per hook. A panic of the user's
//     own handlers is recorded and re-raised.
//   - A dispatch is counted without an allocation, by one atomic addition.
//   - Each collection reads the sessions. It never waits for a lock of
//     discordgo's: if one is unavailable, the last value is reported.
//   - Every label is bounded; see docs/METRICS.md.
//   - Tokens never leave the package. Ids do so only in spans with [WithTraceIDs]
//     and in events with [WithEventGuildIDs].
//   - No goroutine stays, except with [WithSessionStartPoll], and one each with
//     [WithTracerProvider] and [WithLoggerProvider]. One runs while the
//     error handler is called, and one while handlers are added to an opened
//     session that uses SyncEvents. The latter is the only one that can block a
//     bot, see [Instrumentation.Attach]: attach such sessions before Open.
//
// The OpenTelemetry SDK keeps 2,000 series per instrument by default, and
// discord.shard.handshakes has eight per shard. With more than 240 shards in a
// process, raise the limit (metric.WithCardinalityLimit, OTEL_GO_X_CARDINALITY_LIMIT).
//
// Two instrumentations may measure the same session, but not with the same
// MeterProvider and namespace: their series would be identical.
package instrument
