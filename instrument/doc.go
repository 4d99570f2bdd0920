// Package instrument measures discordgo sessions with OpenTelemetry.
//
//	inst, err := instrument.New(instrument.WithMeterProvider(provider))
//	// handle err, defer inst.Close()
//	detach, err := inst.Attach(session)   // before session.Open
//
// It uses the OpenTelemetry API alone: which SDK, which exporter and which port
// is the business of the program that makes the MeterProvider. The instruments
// are listed in the package catalog, and in docs/METRICS.md.
//
// # Order of calls
//
// Attach a session before its first Open, and after its Client, Dialer, ShardID,
// ShardCount and Identify.Intents have been set. A session that has been opened
// can be attached too; what is then missing is told at [Instrumentation.Attach].
//
// # Intents
//
// The guild and member series need the GUILDS intent and are absent without it;
// member counts follow joins and leaves only with GUILD_MEMBERS. Nothing else
// depends on an intent, but that a dispatch which is not sent is not counted.
//
// # Interactions
//
// The time from an interaction's receipt to its first accepted answer, and
// whether that was within Discord's 3 s, are found on the wire: nothing has to
// be wrapped. [Instrumentation.Interaction] adds how long handlers take and
// whether they fail, [Instrumentation.RequestOption] what discordgo's rate
// limiter takes of the time.
//
// # What it does to a session
//
// It replaces the session's Dialer by a copy whose connections it can overhear,
// and the session's Client by a copy with a RoundTripper around the Transport.
// Both chain what the user had set: dial functions, proxy, TLS configuration,
// cookie jar, transport. Certificates are verified exactly as before. A session
// that has been opened before gets three handlers instead.
//
// # What it promises
//
//   - Nothing here panics, blocks or deadlocks the bot. A fault is counted in
//     argus.instrumentation.errors and reported through the error handler
//     ([WithErrorHandler]) at most once a minute and hook. A panic of the user's
//     own handlers is recorded and re-raised.
//   - No allocation for a dispatch, and one atomic addition to count it.
//   - A collection reads the sessions when it happens. Where a lock is not free
//     the last value is given: it never waits for a lock of discordgo's.
//   - Every label is bounded; see the package catalog.
//   - Neither tokens nor ids leave the package.
//   - No goroutine stays: one is started while a fault is told to the error
//     handler, and one for the moment that discordgo needs to add the handlers of
//     an opened session under SyncEvents. The second is the one thing that can get
//     in a bot's way, see [Instrumentation.Attach]: there attach before Open.
//
// OpenTelemetry's SDK keeps 2,000 series of an instrument unless told otherwise,
// and discord.shard.handshakes has eight for each shard: with more than 240 shards
// in a process raise that (metric.WithCardinalityLimit, OTEL_GO_X_CARDINALITY_LIMIT).
//
// The callback belongs to one MeterProvider. Two instrumentations may share a
// session, not a MeterProvider and a namespace: their series would be the same.
package instrument
