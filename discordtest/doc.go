// Package discordtest is a fake Discord, REST and gateway, on the loopback
// interface. Unmodified discordgo sessions connect to it, so a test can run a whole
// bot without a token, the internet or mocks of discordgo.
//
//	srv, err := discordtest.NewServer(discordtest.WithGuilds(3))
//	// handle err, defer srv.Close()
//	session, err := srv.NewSession(0, 1)      // or srv.Configure(yours)
//	// add your handlers, then:
//	err = session.Open()
//	conn, err := srv.WaitConn(ctx, 0)         // READY was sent
//	id, _, err := srv.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), "ping")
//	callback, err := srv.WaitCallback(ctx, id) // the bot's answer
//
// # Features
//
// The gateway speaks versions 6 to 10 with JSON encoding: HELLO, IDENTIFY, READY
// and the GUILD_CREATEs of the shard's guilds, heartbeats, RESUME with replay,
// op codes 1, 7, 8 and 9, payload compression, intents, shards, max_concurrency
// and the close codes that Discord sends on its own. [Behavior] injects faults:
// late or missing HELLO, swallowed ACKs, op 7 or 9 instead of READY, any close
// code. A [Conn] sends any dispatch, frame or byte.
//
// Payloads are written before the call returns, so a slow reader slows its sender
// down. A client that does not read at all is dropped after [WithWriteTimeout].
// Until then it blocks [Traffic] and everything else that is sent to its shard.
// Nothing is buffered for it except what it may replay.
//
// REST answers every route that discordgo has, with objects of the same world.
// What a bot creates, edits or deletes stays so, lists are paged like Discord's,
// and unknown objects get Discord's error code. The server records every request
// and every answer to an interaction. Routes can be scripted: [Server.Handle],
// [Server.RateLimit], [Server.Fail], [Server.Delay].
//
// Several bots with different tokens may connect to one server and use the same
// shard ids: [Server.Bot] selects one of them.
//
// A bot that joins a voice channel (op 4) gets a VOICE_SERVER_UPDATE and connects
// to the voice server: a WebSocket over TLS, version 1 as discordgo requests it,
// with IDENTIFY, READY, heartbeats, IP discovery over UDP, the choice of an
// encryption mode, and the close codes that Discord sends on its own.
// [Server.VoiceState] moves or removes the bot, [VoiceBehavior] refuses it, a
// [VoiceConn] ends its connection. Audio packets are counted and discarded.
//
// [Traffic] generates plausible events for a bot at a given rate from a seed.
//
// Each [Server] is independent: any number of them can run in parallel in one test
// binary. None changes anything that sessions share in discordgo, net/http or
// gorilla/websocket.
//
// The processes of a clustered bot share one Discord: one of them, or the test
// that starts them, runs the server, and the others [Connect] to its
// [Server.Address].
//
// # Intents
//
// The server is as strict as Discord:
//
//   - A dispatch that the session's intents do not include is not sent.
//   - Without GUILDS there is no GUILD_CREATE.
//   - Without GUILD_MEMBERS and GUILD_PRESENCES a GUILD_CREATE lists only the bot
//     and members in voice channels, though member_count counts all.
//   - Without MESSAGE_CONTENT a guild message that does not mention the bot has no
//     content.
//
// discordgo's default is every intent except the three privileged ones. A test that
// needs these sets session.Identify.Intents = discordgo.IntentsAll.
//
// # Limitations
//
// ETF encoding and transport compression (compress=zlib-stream) are not supported;
// discordgo's gateway client uses neither. The voice server supports only version 1,
// without end-to-end encryption. Discord has required that encryption since March
// 2026; discordgo does not support it. What a bot changes over REST is visible over
// REST only: no event follows, except for guilds that it creates, renames or leaves,
// and a GUILD_CREATE has the roles, channels and emojis from before. Members that the
// bot edits, kicks or bans do not change.
//
// # Quirks of discordgo in tests
//
// These apply to discordgo v0.28.1, v0.29.0 and its master of February 2026:
//
//   - Close sleeps for one second with the session's lock held, and so does every
//     reconnect. Sessions made by [Server.NewSession] do not reconnect; set
//     session.ShouldReconnectOnError before Open if they should.
//   - A session whose first packet after HELLO is op 7 (or, on master, op 9) never
//     returns from Open: it waits for a lock that it holds, and its goroutine leaks.
//   - A session that reconnects in a loop stops if ShouldReconnectOnError is false,
//     but discordgo reads that field without a lock. Let the server accept the session
//     instead, then Close it.
//   - Close leaves voice connections open: call their Disconnect first, which takes a
//     second as well.
package discordtest
