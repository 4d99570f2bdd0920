// Package discordtest is a fake Discord, REST and gateway, on the loopback
// interface. Real, unmodified discordgo sessions connect to it, so that a bot
// can be tested whole: no token, no internet, no mocks of discordgo.
//
//	srv, err := discordtest.NewServer(discordtest.WithGuilds(3))
//	// handle err, defer srv.Close()
//	session, err := srv.NewSession(0, 1)      // or srv.Configure(yours)
//	// add your handlers, then:
//	err = session.Open()
//	conn, err := srv.WaitConn(ctx, 0)         // READY was sent
//	id, _, err := srv.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), "ping")
//	callback, err := srv.WaitCallback(ctx, id) // what the bot answered
//
// # What it does
//
// The gateway speaks version 6 to 10 with JSON encoding: HELLO, IDENTIFY, READY
// and the GUILD_CREATEs of the shard's guilds, heartbeats, RESUME with replay,
// op codes 1, 7, 8 and 9, payload compression, intents, shards, max_concurrency
// and the close codes that Discord sends by itself. [Behavior] makes it
// misbehave: late or absent HELLO, swallowed ACKs, op 7 or 9 in place of READY,
// any close code. A [Conn] sends any dispatch, any frame and any byte.
//
// What is sent is written before the call returns, so a client that reads
// slowly slows its sender down. One that does not read at all is dropped after
// [WithWriteTimeout]; until then it holds up [Traffic] and whatever else is sent
// to its shard, and nothing is kept for it but what it may replay.
//
// REST answers every route that discordgo has, with objects of the same world:
// what a bot makes, edits or deletes is so afterwards, lists come in Discord's
// pages, and what is not there is answered with Discord's error code. It records
// every request and every answer to an interaction, and can be scripted per route:
// [Server.Handle], [Server.RateLimit], [Server.Fail], [Server.Delay].
//
// Several bots, each with a token of its own, may connect to one server and have
// the same shard ids: [Server.Bot] addresses one of them.
//
// A bot that joins a voice channel (op 4) gets a VOICE_SERVER_UPDATE and connects
// to the voice server: a WebSocket over TLS, version 1 as discordgo asks for it,
// IDENTIFY, READY, heartbeats, IP discovery over UDP, the choice of an encryption
// mode, and the close codes that Discord sends by itself. [Server.VoiceState]
// moves the bot or takes it out, [VoiceBehavior] refuses it, a [VoiceConn] ends
// its connection. Audio is counted and goes nowhere.
//
// [Traffic] plays a plausible bot's day at a given rate from a seed.
//
// Every [Server] stands alone: any number of them run side by side in one test
// binary, and nothing of discordgo, net/http or gorilla/websocket that is
// shared between sessions is touched.
//
// The processes of a clustered bot share one Discord: one of them, or the test
// that starts them, runs the server, the others [Connect] to its [Server.Address].
//
// # Intents
//
// The server is as strict as Discord. A dispatch that the session's intents do
// not cover is not sent; without GUILDS there is no GUILD_CREATE; without
// GUILD_MEMBERS and GUILD_PRESENCES a GUILD_CREATE lists the bot and those in
// voice channels only, though member_count counts everybody; without
// MESSAGE_CONTENT a guild message that does not mention the bot has no content.
// discordgo's default is every intent but the three privileged ones, so a test
// that wants these sets session.Identify.Intents = discordgo.IntentsAll.
//
// # What it does not do
//
// There is no ETF encoding and no transport compression (compress=zlib-stream),
// neither of which discordgo's gateway client uses. The voice server speaks
// neither later versions nor end-to-end encryption, which Discord itself has
// demanded since March 2026 and discordgo does not know. What a bot changes over
// REST is told by REST alone: no event follows but those of guilds that it makes,
// renames or leaves, and a GUILD_CREATE has the roles, channels and emojis from
// before. Members that it edits, kicks or bans stay as they were.
//
// # Habits of discordgo that a test meets
//
// These are discordgo's, of v0.28.1, v0.29.0 and its master of February 2026.
// Close sleeps for one second with the session's lock held, and so does every
// reconnect. Sessions made by [Server.NewSession] do not reconnect; set
// session.ShouldReconnectOnError before Open to have it. A session whose first
// packet after HELLO is op 7 (or, on master, op 9) never returns from Open: it
// waits for a lock that it holds, and its goroutine stays for good. A session
// that reconnects in a loop is stopped by ShouldReconnectOnError, which
// discordgo reads without a lock: give it a server that accepts it, then Close.
// Close leaves voice connections alone: call their Disconnect before, which takes
// a second as well.
package discordtest
