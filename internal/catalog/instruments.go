package catalog

import (
	"strings"
	"time"
)

// Limits that bound the labels whose values depend on the bot.
const (
	// MaxShards is how many shard ids one instrumentation tells apart; further
	// ones share the value "other".
	MaxShards = 4096
	// MaxCommands is how many command names can be registered. Discord allows an
	// application 100 chat-input commands of its own and as many in each guild
	// (https://discord.com/developers/docs/interactions/application-commands#registering-a-command).
	MaxCommands = 500
	// MaxPending is how many interactions may wait for their handler or their
	// acknowledgement at a time; above it the oldest is given up.
	MaxPending = 10_000
	// MaxRequestSeries is how many combinations of method, route and status are
	// told apart; further ones have the route "other".
	MaxRequestSeries = 1000
	// MaxErrorTypes is how many pairs of command and error type are told apart;
	// further ones are counted as error_type "other".
	MaxErrorTypes = 1000
)

// HandshakeTimeoutAfter is how long a handshake may take before it counts as
// timed out. Discord answers within a second; discordgo v0.29.0 waits for ever.
const HandshakeTimeoutAfter = 30 * time.Second

// durationBuckets are the bounds of every duration, in seconds. The one at 3 is
// the deadline for the first answer to an interaction
// (https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction),
// so that an objective can be read off exactly.
var durationBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 3, 5, 10}

var (
	shardLabel = Label{
		Name:  "shard",
		Bound: "the decimal shard id; at most 4,096 ids in a process, then `other`",
	}
	commandLabel = Label{
		Name:  "command",
		Bound: "a registered command's name, sub-commands joined by a space; at most 500 names, all others `other`",
	}
	commandStatusLabel   = Label{Name: "status", Values: []string{StatusSuccess, StatusError}}
	interactionTypeLabel = Label{Name: "type", Values: InteractionTypes()}
	routeLabel           = Label{Name: "route", Bound: "the path's template, from the closed list of Discord's routes, else `other`"}
	subsystemLabel       = Label{Name: "subsystem", Values: Subsystems()}
	hookLabel            = Label{Name: "hook", Values: Hooks()}
)

// Sections of docs/METRICS.md, in their order.
const (
	sectionGateway      = "Gateway and shards"
	sectionState        = "Guilds and the state cache"
	sectionInteractions = "Interactions and commands"
	sectionREST         = "REST"
	sectionProcess      = "The process and the telemetry itself"
)

// Gateway and shards.
var (
	ShardLatency = Instrument{
		Name: "discord.shard.latency", Kind: Gauge, Unit: "s", Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "Duration of the shard's last completed heartbeat round trip",
		Notes: "From a heartbeat to its acknowledgement, both seen on the wire. Acknowledgements are matched in order, as Discord sends them and does not say which heartbeat " +
			"they are for. If one never comes, the value is too large by one interval until three later ones in a row have come at once (within a sixteenth of the interval), or the connection ends. " +
			"Absent before the first acknowledgement and where the connection is not tapped. While a heartbeat is pending, and after one during which the process stood still (more than 3 s), " +
			"it is the last completed one.",
	}
	ShardUp = Instrument{
		Name: "discord.shard.up", Kind: Gauge, Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "Whether the shard's gateway session is up: 1 from READY or RESUMED until the connection ends, else 0",
		Notes:       "1 if any of several sessions with the same shard id is up. Absent before the session's first dial and after the bot has closed it for good.",
	}
	ShardsConnected = Instrument{
		Name: "discord.shards.connected", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of this process's shards whose gateway session is up",
	}
	ShardsConfigured = Instrument{
		Name: "discord.shards.configured", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of distinct shards of this process",
		Notes: "A session counts as a shard from its first dial until the bot closes it, and again from the next dial. One that makes REST calls alone never does. " +
			"While the bot is scaled, a shard of the old count that is down does not count once one of the new count is up.",
	}
	BotShards = Instrument{
		Name: "discord.bot.shards", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of shards of the whole bot, as the sessions are configured",
		Notes:       "The largest ShardCount of the sessions that are shards, or that wait to be opened and were given one. Absent while there is none.",
	}
	Sessions = Instrument{
		Name: "discord.sessions", Kind: Gauge, Unit: "{session}", Section: sectionGateway,
		Labels:      []Label{{Name: "attached", Values: Attachings()}},
		Description: "Number of attached sessions, by whether they were attached before or after Open",
		Notes: "Sessions that the bot has closed are left out, those that make REST calls alone are not. Of one that was attached after Open there is no heartbeat latency, " +
			"no close code and no scope of a rate limit: attach it before, or make it with `Argus.NewSession`.",
	}
	GatewayEvents = Instrument{
		Name: "discord.gateway.events", Kind: Counter, Unit: "{event}", Section: sectionGateway,
		Labels:      []Label{{Name: "event", Values: Events()}},
		Description: "Dispatches received from the gateway, by type",
		Notes: "Counted once each: on the wire where the connection is tapped, else by a handler. A type's series appears with its first dispatch. " +
			"`unknown` and `RATE_LIMITED` exist from the start. `unknown`: a type that Discord does not document, such as PRESENCES_REPLACE. " +
			"`RATE_LIMITED`: Discord refused a payload of the bot's, which is a request for all members of a guild (op 8) that came too soon after another. " +
			"The members do not arrive then, and discordgo does not ask again.",
	}
	ShardDisconnects = Instrument{
		Name: "discord.shard.disconnects", Kind: Counter, Unit: "{disconnect}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "code", Values: CloseCodes()}, {Name: "initiator", Values: Initiators()}},
		Description: "Gateway connections that ended, by close code and by who ended them",
		Notes: "Each connection once, by what was seen first. `discord`: a close frame arrived; `client`: discordgo sent one or closed the socket; " +
			"`network`: the socket broke. The codes after which a client must not reconnect exist at 0 from the start. Absent for a shard whose sessions were all attached after Open.",
	}
	ConnectionAttempts = Instrument{
		Name: "discord.shard.connection_attempts", Kind: Counter, Unit: "{attempt}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "outcome", Values: AttemptOutcomes()}, {Name: "status", Values: UpgradeStatuses()}},
		Description: "Attempts to connect to the gateway, by outcome and HTTP status",
		Notes: "Each dial of the session's once. `connected`: the upgrade to a WebSocket was accepted (101), counted with the first message after it. `refused`: there was another HTTP response, " +
			"of Discord's, of Cloudflare's before it (403, 429, 502, 520 and the like), or of a proxy's to CONNECT (407 and the like). `failed`: there was none that can be read, status `none`: name resolution, " +
			"TCP, TLS, a time-out, an answer that is not HTTP. discordgo asks GET /gateway for the address before the first dial and after each one that did not connect; where that fails there is no attempt, " +
			"and the REST series show it. `connected` and `failed` exist at 0 from the start, the others appear with their first. Absent for a shard whose sessions were all attached after Open.",
	}
	VoiceDisconnects = Instrument{
		Name: "discord.voice.disconnects", Kind: Counter, Unit: "{disconnect}", Section: sectionGateway,
		Labels:      []Label{{Name: "code", Values: VoiceCloseCodes()}, {Name: "initiator", Values: Initiators()}},
		Description: "Voice gateway disconnects, by close code and initiator",
		Notes: "Each connection once, by what was seen first, as with `discord_shard_disconnects_total`. `1000` by `client` is a bot that leaves. `4014`: somebody ended it, or the channel is gone. " +
			"`4017`: Discord requires end-to-end encryption (DAVE), which discordgo does not support; it tries again for ever. Voice servers send other codes at times, which are `other`. " +
			"`1000` by `client`, `4017` by `discord` and `none` by `network` exist at 0 from the start, the others appear with their first. Absent where no session was attached before Open.",
	}
	ShardReconnects = Instrument{
		Name: "discord.shard.reconnects", Kind: Counter, Unit: "{reconnect}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "kind", Values: []string{KindIdentify, KindResume}}},
		Description: "Times that the shard became ready again after its first start, by kind of handshake",
		Notes:       "`resume` kept the gateway session (RESUMED); `identify` began a new one (READY).",
	}
)

// The life of a gateway connection, as it is read off the wire. All of these are absent for a session that was attached after
// Open.
var (
	ShardState = Instrument{
		Name: "discord.shard.state", Kind: Gauge, Labels: []Label{shardLabel, {Name: "state", Values: ShardStates()}}, Section: sectionGateway,
		Description: "Where the shard's gateway connection is in its life: 1 for the state that it is in, 0 for the others",
		Notes: "`connecting`: from the dial until IDENTIFY or RESUME is sent; `identifying` and `resuming`: until READY or RESUMED. " +
			"Absent before the first dial.",
	}
	ShardStateChange = shardTime("state_change", "When the shard's connection last changed its state")
	HeartbeatAck     = shardTime("heartbeat_ack", "When the shard's last heartbeat was acknowledged",
		"Absent before the first. One that is older than two intervals (three, where it is pushed once a minute) is a connection that has died without saying so; discordgo waits for five.")
	LastEvent = shardTime("event", "When the shard's last dispatch arrived",
		"Absent before the first. A shard that is up and has had none for long, against its own habit, is connected but silent.")
	HeartbeatInterval = Instrument{
		Name: "discord.shard.heartbeat.interval", Kind: Gauge, Unit: "s", Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "Interval between heartbeats that HELLO asked for on the shard's newest connection",
	}
	Handshakes = Instrument{
		Name: "discord.shard.handshakes", Kind: Counter, Unit: "{handshake}", Section: sectionGateway,
		Labels: []Label{
			shardLabel,
			{Name: "kind", Values: []string{KindIdentify, KindResume}},
			{Name: "outcome", Values: HandshakeOutcomes()},
		},
		Description: "IDENTIFYs and RESUMEs sent, each once, by what came of them",
		Notes: "`invalid_session`: op 9; `closed`: the connection ended instead, as with a fatal close code, after which discordgo tries again for ever; " +
			"`timeout`: no answer within 30 s. Resumed over all of kind `resume` is the resume ratio.",
	}
	ShardSent = Instrument{
		Name: "discord.shard.sent", Kind: Counter, Unit: "{payload}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "op", Values: SentOps()}},
		Description: "Payloads sent to the gateway, by operation",
		Notes: "Discord closes a connection that sends more than 120 in 60 s with code 4008. What every connection sends (`heartbeat`, `identify`, `resume`) exists at 0 " +
			"from the start, the others appear when they are sent.",
	}
	GatewayIO = Instrument{
		Name: "discord.gateway.io", Kind: Counter, Unit: "By", Section: sectionGateway,
		Labels:      []Label{{Name: "direction", Values: Directions()}},
		Description: "Bytes received from and sent to the gateway, as they are inside TLS",
		Notes:       "Compressed payloads count as they are on the wire. Voice connections are left out.",
	}
	LockUnavailable = Instrument{
		Name: "discord.shard.lock_unavailable", Kind: Gauge, Unit: "s", Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "For how long discordgo's session lock has not been free, at one collection after the other; 0 when it is",
		Notes: "discordgo holds it all through Open and for a second in Close. A value that goes on growing is a dial or a handshake that hangs, or a deadlock: " +
			"one is known for an op 7 before READY. Measured from the first collection that did not get it. This one is there for every session.",
	}
	SessionStartRemaining = Instrument{
		Name: "discord.gateway.session_start.remaining", Kind: Gauge, Unit: "{session}", Section: sectionGateway,
		Description: "IDENTIFYs that the bot's token may still send until the reset",
		Notes: "From the last response to GET /gateway/bot: the bot's own (GatewayBot; Open does not ask), or the slow poll that the facade makes on request " +
			"(ARGUS_SESSION_START_POLL). Without either it is absent, and no alert on it can fire. It is of that moment, and of all processes of the bot together. " +
			"Absent before, and from the reset on until it is read again, a day at most. At 0 Discord resets the token.",
	}
	SessionStartLimit = Instrument{
		Name: "discord.gateway.session_start.limit", Kind: Gauge, Unit: "{session}", Section: sectionGateway,
		Description: "IDENTIFYs that the bot's token may send from one reset to the next",
		Notes:       "As the one above.",
	}
	SessionStartReset = Instrument{
		Name: "discord.gateway.session_start.reset.timestamp", Kind: Gauge, Unit: "s", Section: sectionGateway,
		Description: "When the number of IDENTIFYs that remain is set back to the total, as Unix time",
		Notes:       "As the one above. Absent also where Discord says 0 for the time until then: no IDENTIFY was sent in the last day, and there is nothing to set back.",
	}
	SessionStartConcurrency = Instrument{
		Name: "discord.gateway.session_start.max_concurrency", Kind: Gauge, Unit: "{session}", Section: sectionGateway,
		Description: "IDENTIFYs that may be sent at a time, every 5 s",
		Notes:       "Absent before the first response to GET /gateway/bot.",
	}
)

func shardTime(what, description string, notes ...string) Instrument {
	return Instrument{
		Name: "discord.shard." + what + ".timestamp", Kind: Gauge, Unit: "s", Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: description + ", as Unix time",
		Notes:       strings.Join(notes, " "),
	}
}

// Guilds and the state cache.
var (
	Guilds = Instrument{
		Name: "discord.guilds", Kind: Gauge, Unit: "{guild}", Section: sectionState,
		Description: "Guilds that are available to this process",
		Notes:       "Kept from GUILD_CREATE and GUILD_DELETE. Absent without the GUILDS intent.",
	}
	GuildsUnavailable = Instrument{
		Name: "discord.guilds.unavailable", Kind: Gauge, Unit: "{guild}", Section: sectionState,
		Description: "Guilds of this process that are unavailable: lost to an outage, or announced by READY and not delivered yet",
		Notes:       "Absent without the GUILDS intent. Above 0 for a moment after each identify; for longer only in an outage.",
	}
	Members = Instrument{
		Name: "discord.members", Kind: Gauge, Unit: "{member}", Section: sectionState,
		Description: "Sum of the member counts of the available guilds",
		Notes: "member_count of GUILD_CREATE, kept up by GUILD_MEMBER_ADD and GUILD_MEMBER_REMOVE (which need the GUILD_MEMBERS intent). " +
			"A user in two guilds counts twice. Absent where some guild's count is not known, or is no count: below 0, a fraction, or more than 2^33.",
	}
	CachedMembers   = cached("cached_members", "member", "Members in discordgo's state cache")
	Channels        = cached("channels", "channel", "Guild channels in discordgo's state cache")
	Threads         = cached("threads", "thread", "Threads in discordgo's state cache")
	PrivateChannels = cached("private_channels", "channel", "Private channels in discordgo's state cache")
	Roles           = cached("roles", "role", "Roles in discordgo's state cache")
	Emojis          = cached("emojis", "emoji", "Emojis in discordgo's state cache")
	Stickers        = cached("stickers", "sticker", "Stickers in discordgo's state cache")
	VoiceStates     = cached("voice_states", "voice_state", "Voice states in discordgo's state cache")
	Presences       = cached("presences", "presence", "Presences in discordgo's state cache")
	VoiceClients    = Instrument{
		Name: "discord.voice_clients", Kind: Gauge, Unit: "{connection}", Section: sectionState,
		Description: "Voice connections of discordgo's that are ready to send and receive",
		Notes: "VoiceConnection.Ready: one that is being made, was refused or is lost does not count, though discordgo keeps it in Session.VoiceConnections. " +
			"One that somebody in the guild has ended counts for up to 5 s more. A bot that has another program speak (ChannelVoiceJoinManual) has none here. " +
			"When the session's lock is not free, the last value that was read; absent before the first.",
	}
)

func cached(name, unit, description string) Instrument {
	return Instrument{
		Name: Namespace + "." + name, Kind: Gauge, Unit: "{" + unit + "}", Section: sectionState,
		Description: description,
		Notes:       "Absent where state tracking is off (StateEnabled). When the state's lock is not free, the last value that was read.",
	}
}

// Interactions and commands.
var (
	Interactions = Instrument{
		Name: "discord.interactions", Kind: Counter, Unit: "{interaction}", Section: sectionInteractions,
		Labels: []Label{
			interactionTypeLabel,
			{Name: "status", Values: []string{StatusReceived, StatusExpired}},
		},
		Description: "Interactions received, each once, by type and by whether they arrived before their deadline",
		Notes: "`expired`: more than 3 s had passed at receipt since Discord made the interaction (the time in its id), so that it can no longer be answered. " +
			"This compares Discord's clock with ours.",
	}
	AppCommands = Instrument{
		Name: "discord.app_commands", Kind: Counter, Unit: "{command}", Section: sectionInteractions,
		Labels:      []Label{commandLabel, commandStatusLabel},
		Description: "Application commands that a wrapped handler has finished, by outcome",
		Notes: "`error`: the handler returned an error or panicked. Counted for handlers that are wrapped with Interaction. " +
			"Absent while none is wrapped; from then on the series of all registered names exist at 0, so wrap the handlers of all of them.",
	}
	AppCommandDuration = Instrument{
		Name: "discord.app_command.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{commandLabel, commandStatusLabel},
		Description: "Time from the receipt of an application command until its wrapped handler returned, errors included",
		Notes:       "From the wrapper's start instead, where the connection is not tapped.",
	}
	Commands = Instrument{
		Name: "discord.commands", Kind: Counter, Unit: "{command}", Section: sectionInteractions,
		Labels:      []Label{commandLabel, commandStatusLabel},
		Description: "Prefix (text) commands that a wrapped handler has finished, by outcome",
		Notes:       "Counted for handlers that are run through Command. A command's series appear with its first run, both at once.",
	}
	CommandDuration = Instrument{
		Name: "discord.command.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{commandLabel, commandStatusLabel},
		Description: "Time that a prefix command's wrapped handler took, errors included",
	}
	CommandErrors = Instrument{
		Name: "discord.command.errors", Kind: Counter, Unit: "{error}", Section: sectionInteractions,
		Labels: []Label{commandLabel, {
			Name:  "error_type",
			Bound: "the Go type name of the error below fmt's and errors' own wrappers, or `panic`; at most 1,000 pairs of command and type, then `other`",
		}},
		Description: "Errors and panics of wrapped handlers, by command and type of error",
		Notes: "Application commands and prefix commands alike. An error of another kind of interaction (a button, a modal) counts as command `other`. " +
			"A series appears with its first error.",
	}
	ReceiptAge = Instrument{
		Name: "discord.interaction.receipt.age", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel},
		Description: "Age of an interaction when it was received, from the time in its id",
		Notes: "What Discord and the network had used up of the 3 s before the bot knew of it; never below 0. It compares two clocks. Where ours is shown to be off " +
			"(by the Date of Discord's REST responses), it is set right by as much; `discord_clock_offset_seconds` has the raw figure.",
	}
	ClockOffset = Instrument{
		Name: "discord.clock.offset", Kind: Gauge, Unit: "s", Section: sectionInteractions,
		Description: "Smallest age of an interaction at its receipt in the last five to ten minutes, as the clocks say",
		Notes: "A few hundredths of a second where this machine's clock is right: the way from Discord. Below 0 our clock is behind, far above 0 it is ahead, or everything is late. " +
			"When the clock is set, the value follows with the next REST response and interaction. Absent while no interaction arrives.",
	}
	HandlerDelay = Instrument{
		Name: "discord.interaction.handler.delay", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel},
		Description: "Time from the receipt of an interaction until its wrapped handler was called",
		Notes: "discordgo's decoding and, under SyncEvents, the handlers before it. Recorded for handlers that are wrapped with Interaction, " +
			"where the connection is tapped.",
	}
	ResponseDelay = Instrument{
		Name: "discord.interaction.response.delay", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel, commandLabel},
		Description: "Time from the receipt of an interaction to the first attempt to answer it",
		Notes: "The handler's time and the wait in discordgo's rate limiter, up to the moment the first callback request is sent, whatever its response. " +
			"`discord_rest_queue_wait_seconds` with the callback route is the part spent in the limiter, for calls with the instrumentation's RequestOption. " +
			"No handler needs to be wrapped. An interaction without an attempt within a minute is not recorded. Types without a command have the command `other`.",
	}
	AckDuration = Instrument{
		Name: "discord.interaction.ack.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel, commandLabel},
		Description: "Time from the receipt of an interaction until the response to its first accepted callback",
		Notes: "Seen from the REST calls alone, with no handler wrapped. A deferred answer is one, and so is an autocomplete's. " +
			"Accepted callbacks only, late ones included: Discord refuses most late ones, so when every handler is too slow this is empty; " +
			"`discord_interaction_response_delay_seconds` has refused ones as well. Types without a command have the command `other`.",
	}
	Acks = Instrument{
		Name: "discord.interaction.acks", Kind: Counter, Unit: "{interaction}", Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel, {Name: "outcome", Values: AckOutcomes()}},
		Description: "Interactions by whether they were acknowledged within 3 s of their creation, each once",
		Notes: "`in_time`: the first 2xx response to a callback arrived by then; also an attempt sent by then that got no response, 408 or 5xx and that Discord " +
			"had accepted all the same, as 40060 to a retry or an accepted follow-up shows. `late`: the 2xx response arrived after that, or a callback was tried after that; " +
			"`rejected`: a callback was tried in time and none was accepted; `missed`: none was tried within 5 s of the receipt. " +
			"`answered_elsewhere`: another process or library answered, as 40060 or an accepted follow-up (`/webhooks/{id}/{token}…`) shows; users saw an answer. " +
			"`superseded`, for `autocomplete` only: refused in time with 10062, since the user had typed on. " +
			"An outcome is certain 5 s after the receipt at most, or when the last response is there; what proves an answer later than that changes nothing. " +
			"The counter of an objective: `late`, `rejected` and `missed` over all, of the types `application_command`, `message_component` and `modal_submit`, which a user waits for. " +
			"Switch it off where another process answers (ARGUS_INTERACTION_ACKS=false, or instrument.WithoutAcks): all would be missed. " +
			"Recorded where the connection is tapped.",
	}
	CommandNames = Instrument{
		Name: "discord.command.names", Kind: Gauge, Unit: "{name}", Section: sectionInteractions,
		Description: "Number of command names registered with WithCommands and Commands",
		Notes:       "Application and prefix commands alike. It says nothing about the commands that are registered at Discord. At 0 every command is `other`.",
	}
)

// REST.
var (
	RateLimits = Instrument{
		Name: "discord.ratelimits", Kind: Counter, Unit: "{response}", Section: sectionREST,
		Labels: []Label{
			{Name: "scope", Values: Scopes()},
			routeLabel,
		},
		Description: "Responses with status 429, by scope and route",
		Notes: "Scope is Discord's X-RateLimit-Scope header: `user` this bot's own limit on the route, `shared` a limit of the resource that others used up, " +
			"`global` the bot's limit over all routes; `unknown` where there was no header. Each scope exists at 0 from the start (route `other`). " +
			"For a session that was attached after Open the scope is always `unknown`, and only those are counted after which discordgo tries again: " +
			"none where retries are off (ShouldRetryOnRateLimit, WithRetryOnRatelimit), and none whose body is not Discord's JSON, as Cloudflare's.",
	}
)

// Requests to Discord's REST API, as discordgo's HTTP client sends them: each of its retries is one of its own. Absent for a session that
// was attached after Open.
var (
	RequestDuration = Instrument{
		Name: "discord.rest.request.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionREST,
		Labels:      []Label{{Name: "method", Values: Methods()}, routeLabel, {Name: "status", Values: Statuses()}},
		Description: "Time from sending a REST request until the header of its response, by route and status",
		Notes: "The time on the wire and at Discord, without the wait in discordgo's rate limiter. `failed`: there was no response, as after a time-out. " +
			"`proxy`: a REST proxy of the bot's answered in place of Discord; `discord_rest_proxy_responses_total` has its status. " +
			"At most 1,000 combinations of labels, then route `other`.",
	}
	RequestsInFlight = Instrument{
		Name: "discord.rest.requests.in_flight", Kind: UpDownCounter, Unit: "{request}", Section: sectionREST,
		Description: "REST requests that wait for the header of their response",
	}
	QueueWait = Instrument{
		Name: "discord.rest.queue.wait", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionREST,
		Labels:      []Label{routeLabel},
		Description: "Time that a REST request waited in discordgo's rate limiter before it was sent",
		Notes: "For requests that are given the instrumentation's RequestOption. discordgo holds a bucket for the whole of a request, so those of one bucket queue up; " +
			"the edits of all answers to interactions share one, an answer itself has its own. A global 429 holds back everything. The wait before a retry is not in it.",
	}
	ProxyResponses = Instrument{
		Name: "discord.rest.proxy.responses", Kind: Counter, Unit: "{response}", Section: sectionREST,
		Labels:      []Label{{Name: "status", Values: ProxyStatuses()}},
		Description: "Responses made by a REST proxy between the bot and Discord, by status",
		Notes: "Such as nirn-proxy's 408 and twilight http-proxy's 502. They count neither as rate limits nor as invalid requests nor as error responses, since Discord did not send them. " +
			"A response is a proxy's if it says so (the headers generated-by-proxy and x-sent-by-proxy), if it is an error that Discord does not send, " +
			"or if it is one without JSON and without the headers of Discord's edge (CF-Ray, Via) where responses of the same host have had them. Any other response counts as Discord's. " +
			"A status's series appears with its first response; `other` exists from the start.",
	}
	InvalidRequests = Instrument{
		Name: "discord.rest.invalid_requests", Kind: Counter, Unit: "{response}", Section: sectionREST,
		Labels:      []Label{{Name: "status", Values: InvalidStatuses()}},
		Description: "Responses that count towards Discord's limit for invalid requests",
		Notes:       "401, 403 and 429, but those of scope `shared`. More than 10,000 in 10 minutes from one address and Discord bans it for a while.",
	}
	RESTErrors = Instrument{
		Name: "discord.rest.errors", Kind: Counter, Unit: "{response}", Section: sectionREST,
		Labels:      []Label{{Name: "error_code", Values: ErrorCodes()}},
		Description: "Error responses by the code in their JSON",
		Notes: "Such as 10062, an interaction that is not known any more, 40060, one that was acknowledged already, 50013, a missing permission. " +
			"`other`: a code that Discord does not document. A code's series appears with its first response; 10062 and 40060 are there from the start.",
	}
)

// The process and the telemetry itself.
var (
	Uptime = Instrument{
		Name: "discord.uptime", Kind: Gauge, Unit: "s", Section: sectionProcess,
		Description: "Time since the instrumentation started",
	}
	BotInfo = Instrument{
		Name: "discord.bot.info", Kind: Gauge, Section: sectionProcess,
		Labels: []Label{
			{Name: "discordgo_version", Bound: "one per process"},
			{Name: "argus_version", Bound: "one per process"},
			{Name: "go_version", Bound: "one per process"},
		},
		Description: "Versions that the process is built from; the value is always 1",
	}
	Up = Instrument{
		Name: "argus.up", Kind: Gauge, Section: sectionProcess,
		Description: "Whether the instrumentation runs: always 1",
		Notes:       "Its absence is the signal.",
	}
	SubsystemUp = Instrument{
		Name: "argus.subsystem.up", Kind: Gauge, Labels: []Label{subsystemLabel}, Section: sectionProcess,
		Description: "Whether a configured part of Argus works: 1 or 0",
		Notes: "`server`: the metrics server is bound to its address. `otlp`: the last export was accepted; absent before the first. " +
			"A part that is not configured has no series.",
	}
	InstrumentationErrors = Instrument{
		Name: "argus.instrumentation.errors", Kind: Counter, Unit: "{error}", Labels: []Label{hookLabel}, Section: sectionProcess,
		Description: "Faults inside the instrumentation that were caught and did not reach the bot, by hook",
	}
	TimersEvicted = Instrument{
		Name: "argus.timers.evicted", Kind: Counter, Unit: "{timer}", Labels: []Label{{Name: "timer", Values: Timers()}}, Section: sectionProcess,
		Description: "Timers of interactions in flight that were dropped because too many were pending, by timer",
		Notes: "At most 10,000 interactions at a time are followed to their answer, and 10,000 to their wrapped handler. " +
			"`answer`: the interaction has no outcome; absent where acknowledgements are not followed. `handler`: the delay of its handler is unknown. " +
			"An interaction that is dropped from both counts once in each.",
	}
	LogRecords = Instrument{
		Name: "discord.log.records", Kind: Counter, Unit: "{record}", Section: sectionProcess,
		Labels:      []Label{{Name: "level", Values: LogLevels()}},
		Description: "Lines that discordgo logged, by level",
		Notes: "On request (WithLogRecords). A session logs what its LogLevel lets through, and that is errors alone by default. " +
			"discordgo's logger is one for all of the process.",
	}
)

// All returns every instrument, in the order of docs/METRICS.md.
func All() []Instrument {
	return []Instrument{
		ShardLatency, ShardUp, ShardsConnected, ShardsConfigured, BotShards, Sessions, ShardState, ShardStateChange,
		HeartbeatInterval, HeartbeatAck, LastEvent, ConnectionAttempts, Handshakes, ShardDisconnects, ShardReconnects, VoiceDisconnects, LockUnavailable,
		GatewayEvents, ShardSent, GatewayIO,
		SessionStartRemaining, SessionStartLimit, SessionStartReset, SessionStartConcurrency,
		Guilds, GuildsUnavailable, Members, CachedMembers, Channels, Threads, PrivateChannels, Roles, Emojis, Stickers, VoiceStates, Presences, VoiceClients,
		Interactions, ReceiptAge, ClockOffset, HandlerDelay, ResponseDelay, AckDuration, Acks,
		AppCommands, AppCommandDuration, Commands, CommandDuration, CommandErrors, CommandNames,
		RequestDuration, RequestsInFlight, QueueWait, ProxyResponses, RateLimits, InvalidRequests, RESTErrors,
		Uptime, BotInfo, Up, SubsystemUp, LogRecords, InstrumentationErrors, TimersEvicted,
	}
}
