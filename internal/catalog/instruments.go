package catalog

import (
	"strings"
	"time"
)

// Limits of the labels whose values depend on the bot.
const (
	// MaxShards is the number of distinct shard ids per instrumentation. Further
	// ids share the value "other".
	MaxShards = 4096
	// MaxCommands is the number of command names that can be registered. Discord
	// allows an application 100 global chat-input commands and 100 in each guild
	// (https://discord.com/developers/docs/interactions/application-commands#registering-a-command).
	MaxCommands = 500
	// MaxPending is the number of interactions that may wait for their handler or
	// their acknowledgement. Above it the oldest is dropped.
	MaxPending = 10_000
	// MaxRequestSeries is the number of combinations of method, route and status.
	// Further ones have the route "other".
	MaxRequestSeries = 1000
	// MaxErrorTypes is the number of pairs of command and error type. Further ones
	// have the error_type "other".
	MaxErrorTypes = 1000
)

// HandshakeTimeoutAfter is how long a handshake may take before it counts as
// timed out. Discord answers within a second; discordgo v0.29.0 waits forever.
const HandshakeTimeoutAfter = 30 * time.Second

// durationBuckets are the bounds of every duration, in seconds. The bound at 3 is
// the deadline for the first answer to an interaction
// (https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction),
// so that an objective can be read off exactly.
var durationBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 3, 5, 10}

var (
	shardLabel = Label{
		Name:  "shard",
		Bound: "decimal shard id; up to 4,096 ids per process, then `other`",
	}
	commandLabel = Label{
		Name:  "command",
		Bound: "name of a registered command, with subcommands separated by spaces; up to 500 names; others, and interactions without a command, are `other`",
	}
	taskLabel = Label{
		Name:  "task",
		Bound: "name of a registered task; up to 100 names, then `other`",
	}
	commandStatusLabel   = Label{Name: "status", Values: []string{StatusSuccess, StatusError}}
	interactionTypeLabel = Label{Name: "type", Values: InteractionTypes()}
	routeLabel           = Label{Name: "route", Bound: "path template of a Discord API route, such as `/channels/{id}/messages`, or `other`"}
	subsystemLabel       = Label{Name: "subsystem", Values: Subsystems()}
	hookLabel            = Label{Name: "hook", Values: Hooks()}
)

// errorTypeLabel is the label error_type of a counter that has another label of.
func errorTypeLabel(of string) Label {
	return Label{
		Name: "error_type",
		Bound: "Go type of the error after unwrapping the wrappers of `fmt` and `errors`, or `panic`; " +
			"up to 1,000 pairs of " + of + " and type, then `other`",
	}
}

// Sections of docs/METRICS.md, in their order.
const (
	sectionGateway      = "Gateway and shards"
	sectionState        = "Guilds and the state cache"
	sectionInteractions = "Interactions and commands"
	sectionREST         = "REST"
	sectionProcess      = "Process and telemetry"
)

// Gateway and shards.
var (
	ShardLatency = Instrument{
		Name: "discord.shard.latency", Kind: Gauge, Unit: "s", Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "Round-trip time of the shard's last completed heartbeat",
		Notes: "Needs a tapped session; absent before the first acknowledgement. Acknowledgements carry no id, so they are matched in order. " +
			"After a lost acknowledgement the value is one interval too high, until three in a row arrive within 1/16 of the interval or the connection ends. " +
			"Heartbeats during which the process stalled for more than 3 s are ignored.",
	}
	ShardUp = Instrument{
		Name: "discord.shard.up", Kind: Gauge, Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "Whether the shard's gateway session is up: 1 if it is, 0 if not",
		Notes: "1 from READY or RESUMED until the connection ends. If several sessions have the same shard id, 1 if any of them is up. " +
			"Absent before the first dial and after the bot closes the session for good.",
	}
	ShardsConnected = Instrument{
		Name: "discord.shards.connected", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of shards in this process that are up",
	}
	ShardsConfigured = Instrument{
		Name: "discord.shards.configured", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of distinct shards in this process",
		Notes: "A session counts from its first dial until the bot closes it, and again from the next dial. REST-only sessions never count. " +
			"When the shard count changes, a shard of the old count that is down is dropped once a shard of the new count is up.",
	}
	BotShards = Instrument{
		Name: "discord.bot.shards", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of shards of the whole bot",
		Notes:       "The largest ShardCount of all sessions that are shards, or that wait to be opened with an explicit ShardCount. Absent without such a session.",
	}
	Sessions = Instrument{
		Name: "discord.sessions", Kind: Gauge, Unit: "{session}", Section: sectionGateway,
		Labels:      []Label{{Name: "attached", Values: Attachings()}},
		Description: "Number of attached sessions by time of attachment",
		Notes: "Includes REST-only sessions, but not sessions that the bot has closed. Sessions attached after `Open` have no heartbeat latency, close codes or rate limit scopes: " +
			"attach them before, or create them with `Argus.NewSession`.",
	}
	GatewayEvents = Instrument{
		Name: "discord.gateway.events", Kind: Counter, Unit: "{event}", Section: sectionGateway,
		Labels:      []Label{{Name: "event", Values: Events()}},
		Description: "Gateway dispatches received by event",
		Notes: "Each dispatch counts once: on the wire if the session is tapped, otherwise in a handler. `unknown` is an event that Discord does not document, such as PRESENCES_REPLACE. " +
			"`RATE_LIMITED` means that Discord refused a request for all members of a guild (op 8) because it followed another one too soon. " +
			"The members never arrive, and discordgo does not retry. Both exist at 0 from the start.",
	}
	ShardEvents = Instrument{
		Name: "discord.shard.events", Kind: Counter, Unit: "{event}", Section: sectionGateway,
		Labels:      []Label{shardLabel},
		Description: "Gateway dispatches received by shard",
		Notes:       "The same dispatches as in `discord_gateway_events_total`, for a shard that receives too many or none. Exists at 0 from the shard's first dial.",
	}
	ShardDisconnects = Instrument{
		Name: "discord.shard.disconnects", Kind: Counter, Unit: "{disconnect}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "code", Values: CloseCodes()}, {Name: "initiator", Values: Initiators()}},
		Description: "Gateway disconnects by close code and initiator",
		Notes: "Each connection counts once, with the first cause seen. `discord`: Discord sent a close frame. `client`: discordgo sent one or closed the socket. " +
			"`network`: the connection broke. Codes after which a client must not reconnect, and `none` by `network`, exist at 0 from the start. Needs a tapped session.",
	}
	ConnectionAttempts = Instrument{
		Name: "discord.shard.connection_attempts", Kind: Counter, Unit: "{attempt}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "outcome", Values: AttemptOutcomes()}, {Name: "status", Values: UpgradeStatuses()}},
		Description: "Gateway connection attempts by outcome and HTTP status",
		Notes: "Each dial counts once. `connected`: the WebSocket upgrade succeeded (101) and a first message arrived. " +
			"`refused`: another HTTP response, from Discord, from Cloudflare (403, 429, 502, 520 …) or from a proxy's CONNECT (407 …). " +
			"`failed`: no readable HTTP response (DNS, TCP, TLS, timeout), with status `none`. " +
			"Before the first dial and after every failed one, discordgo requests `GET /gateway`. If that request fails there is no attempt, and only the REST metrics show it. " +
			"`connected` and `failed` exist at 0 from the start. Needs a tapped session.",
	}
	VoiceDisconnects = Instrument{
		Name: "discord.voice.disconnects", Kind: Counter, Unit: "{disconnect}", Section: sectionGateway,
		Labels:      []Label{{Name: "code", Values: VoiceCloseCodes()}, {Name: "initiator", Values: Initiators()}},
		Description: "Voice gateway disconnects by close code and initiator",
		Notes: "Counted like `discord_shard_disconnects_total`. `1000` by `client`: the bot left. `4014`: someone disconnected the bot, or the channel was deleted. " +
			"`4017`: Discord requires end-to-end encryption (DAVE), which discordgo does not support; discordgo retries forever. Undocumented codes are `other`. " +
			"`1000` by `client`, `4017` by `discord` and `none` by `network` exist at 0 from the start. Needs a tapped session.",
	}
	ShardReconnects = Instrument{
		Name: "discord.shard.reconnects", Kind: Counter, Unit: "{reconnect}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "kind", Values: []string{KindIdentify, KindResume}}},
		Description: "Shard reconnects by kind of handshake",
		Notes:       "`resume`: the gateway session continued (RESUMED). `identify`: a new one started (READY). The first start does not count.",
	}
)

// The life of a gateway connection, as read off the wire. All of these are absent
// for a session that was attached after Open.
var (
	ShardState = Instrument{
		Name: "discord.shard.state", Kind: Gauge, Labels: []Label{shardLabel, {Name: "state", Values: ShardStates()}}, Section: sectionGateway,
		Description: "Current state of the shard's gateway connection",
		Notes: "1 for the current state, 0 for the others. `connecting`: from the dial until IDENTIFY or RESUME is sent. " +
			"`identifying` and `resuming`: from then until READY or RESUMED. Absent before the first dial.",
	}
	ShardStateChange = shardTime("state_change", "Unix time of the shard's last state change")
	HeartbeatAck     = shardTime("heartbeat_ack", "Unix time of the shard's last heartbeat acknowledgement",
		"Absent before the first. A value older than two heartbeat intervals (three, if pushed once a minute) means a dead connection; discordgo reconnects after five.")
	LastEvent = shardTime("event", "Unix time of the shard's last dispatch",
		"Absent before the first. If the value is much older than usual for a shard that is up, the connection is silent.")
	HeartbeatInterval = Instrument{
		Name: "discord.shard.heartbeat.interval", Kind: Gauge, Unit: "s", Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "Heartbeat interval from the shard's last HELLO",
	}
	Handshakes = Instrument{
		Name: "discord.shard.handshakes", Kind: Counter, Unit: "{handshake}", Section: sectionGateway,
		Labels: []Label{
			shardLabel,
			{Name: "kind", Values: []string{KindIdentify, KindResume}},
			{Name: "outcome", Values: HandshakeOutcomes()},
		},
		Description: "Gateway handshakes by kind and outcome",
		Notes: "Each IDENTIFY or RESUME counts once. `invalid_session`: op 9. `closed`: the connection ended first, for example with a fatal close code, after which discordgo retries forever. " +
			"`timeout`: no answer within 30 s. The resume ratio is outcome `resumed` divided by kind `resume`.",
	}
	ShardSent = Instrument{
		Name: "discord.shard.sent", Kind: Counter, Unit: "{payload}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "op", Values: SentOps()}},
		Description: "Payloads sent to the gateway by operation",
		Notes:       "Above 120 payloads in 60 s, Discord closes the connection with code 4008. `heartbeat`, `identify` and `resume` exist at 0 from the start.",
	}
	GatewayIO = Instrument{
		Name: "discord.gateway.io", Kind: Counter, Unit: "By", Section: sectionGateway,
		Labels:      []Label{{Name: "direction", Values: Directions()}},
		Description: "Gateway traffic by direction",
		Notes:       "Counted inside TLS, before decompression. Voice connections are excluded.",
	}
	LockUnavailable = Instrument{
		Name: "discord.shard.lock_unavailable", Kind: Gauge, Unit: "s", Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "Time since discordgo's session lock was last available; 0 if it is available now",
		Notes: "Starts with the first collection that finds the lock taken. discordgo holds the lock during `Open`, and for a second in `Close`. " +
			"A value that keeps growing means that a dial or handshake hangs, or a deadlock (known: op 7 before READY). Present for every session.",
	}
	SessionStartRemaining = Instrument{
		Name: "discord.gateway.session_start.remaining", Kind: Gauge, Unit: "{session}", Section: sectionGateway,
		Description: "Session starts (IDENTIFYs) left until the reset",
		Notes: "From the last response to `GET /gateway/bot`: a call of the bot's own (`GatewayBot`; `Open` makes none), or polling with `ARGUS_SESSION_START_POLL`. " +
			"Without either the metric is absent, and its alerts cannot fire. The value covers all processes of the bot, and is as old as that response. " +
			"It disappears at the reset, or after a day, until the next response. At 0 Discord resets the token.",
	}
	SessionStartLimit = Instrument{
		Name: "discord.gateway.session_start.limit", Kind: Gauge, Unit: "{session}", Section: sectionGateway,
		Description: "Session starts (IDENTIFYs) allowed between two resets",
		Notes:       seeSessionStart,
	}
	SessionStartReset = Instrument{
		Name: "discord.gateway.session_start.reset.timestamp", Kind: Gauge, Unit: "s", Section: sectionGateway,
		Description: "Unix time of the next reset of the session starts",
		Notes:       seeSessionStart + " Also absent if no session was started in the last day: Discord then reports no reset.",
	}
	SessionStartConcurrency = Instrument{
		Name: "discord.gateway.session_start.max_concurrency", Kind: Gauge, Unit: "{session}", Section: sectionGateway,
		Description: "Session starts (IDENTIFYs) allowed per 5 s",
		Notes:       "Absent before the first response to `GET /gateway/bot`.",
	}
)

const seeSessionStart = "Source: see `discord_gateway_session_start_remaining`."

func shardTime(what, description string, notes ...string) Instrument {
	return Instrument{
		Name: "discord.shard." + what + ".timestamp", Kind: Gauge, Unit: "s", Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: description,
		Notes:       strings.Join(notes, " "),
	}
}

// Guilds and the state cache.
var (
	Guilds = Instrument{
		Name: "discord.guilds", Kind: Gauge, Unit: "{guild}", Section: sectionState,
		Description: "Number of available guilds in this process",
		Notes:       "From GUILD_CREATE and GUILD_DELETE. Absent without the GUILDS intent.",
	}
	GuildsUnavailable = Instrument{
		Name: "discord.guilds.unavailable", Kind: Gauge, Unit: "{guild}", Section: sectionState,
		Description: "Number of unavailable guilds in this process",
		Notes: "Lost in an outage, or announced by READY and not yet received. Above 0 briefly after each IDENTIFY, longer only in an outage. " +
			"Absent without the GUILDS intent.",
	}
	Members = Instrument{
		Name: "discord.members", Kind: Gauge, Unit: "{member}", Section: sectionState,
		Description: "Sum of the member counts of all available guilds",
		Notes: "From the member_count of GUILD_CREATE, updated by GUILD_MEMBER_ADD and GUILD_MEMBER_REMOVE, which need the GUILD_MEMBERS intent. " +
			"A user in two guilds counts twice. Absent if the count of any guild is unknown or invalid (negative, fractional or above 2^33).",
	}
	CachedMembers   = cached("cached_members", "member", "Members", "This gauge and the next eight are absent if `StateEnabled` is false. While the state's lock is taken, they report the last value read.")
	Channels        = cached("channels", "channel", "Guild channels")
	Threads         = cached("threads", "thread", "Threads")
	PrivateChannels = cached("private_channels", "channel", "Private channels")
	Roles           = cached("roles", "role", "Roles")
	Emojis          = cached("emojis", "emoji", "Emojis")
	Stickers        = cached("stickers", "sticker", "Stickers")
	VoiceStates     = cached("voice_states", "voice_state", "Voice states")
	Presences       = cached("presences", "presence", "Presences")
	VoiceClients    = Instrument{
		Name: "discord.voice_clients", Kind: Gauge, Unit: "{connection}", Section: sectionState,
		Description: "Number of discordgo's voice connections that are ready",
		Notes: "Counts `VoiceConnection.Ready`. Connections that are pending, refused or lost do not count. " +
			"A connection ended by someone in the guild counts for up to 5 s more. Bots that play through another program (`ChannelVoiceJoinManual`) have none. " +
			"While the session lock is taken, the last value read is reported; absent before the first.",
	}
)

func cached(name, unit, what string, notes ...string) Instrument {
	return Instrument{
		Name: Namespace + "." + name, Kind: Gauge, Unit: "{" + unit + "}", Section: sectionState,
		Description: what + " in discordgo's state cache",
		Notes:       strings.Join(notes, " "),
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
		Description: "Interactions received by type and status",
		Notes: "`expired`: the interaction arrived more than 3 s after its creation, too late to be answered. " +
			"Its age is measured as for `discord_interaction_receipt_age_seconds`.",
	}
	AppCommands = Instrument{
		Name: "discord.app_commands", Kind: Counter, Unit: "{command}", Section: sectionInteractions,
		Labels:      []Label{commandLabel, commandStatusLabel},
		Description: "Application commands handled by command and status",
		Notes: "Counts handlers wrapped with `Interaction`. `error`: the handler returned an error or panicked. " +
			"Absent until a handler is wrapped; then all registered names exist at 0, so wrap all handlers.",
	}
	AppCommandDuration = Instrument{
		Name: "discord.app_command.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{commandLabel, commandStatusLabel},
		Description: "Time from the receipt of an application command until its handler returns",
		Notes:       "For handlers wrapped with `Interaction`, including those that fail. In sessions that are not tapped, the time starts with the handler.",
	}
	Commands = Instrument{
		Name: "discord.commands", Kind: Counter, Unit: "{command}", Section: sectionInteractions,
		Labels:      []Label{commandLabel, commandStatusLabel},
		Description: "Prefix (text) commands handled by command and status",
		Notes:       "Counts handlers run through `Command`. Both series of a command appear with its first run.",
	}
	CommandDuration = Instrument{
		Name: "discord.command.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{commandLabel, commandStatusLabel},
		Description: "Duration of prefix (text) command handlers",
		Notes:       "For handlers run through `Command`, including those that fail.",
	}
	TaskDuration = Instrument{
		Name: "discord.task.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{taskLabel, commandStatusLabel},
		Description: "Duration of tasks, the bot's own pieces of work",
		Notes:       "For functions run through `Task`, including those that fail. Its count is how often they ran.",
	}
	TaskErrors = Instrument{
		Name: "discord.task.errors", Kind: Counter, Unit: "{error}", Section: sectionInteractions,
		Labels:      []Label{taskLabel, errorTypeLabel("task")},
		Description: "Errors and panics of tasks by task and error type",
		Notes:       "A series appears with its first error.",
	}
	CommandErrors = Instrument{
		Name: "discord.command.errors", Kind: Counter, Unit: "{error}", Section: sectionInteractions,
		Labels:      []Label{commandLabel, errorTypeLabel("command")},
		Description: "Errors and panics of command handlers by command and error type",
		Notes:       "For prefix commands and all interactions. A series appears with its first error.",
	}
	ReceiptAge = Instrument{
		Name: "discord.interaction.receipt.age", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel},
		Description: "Age of interactions on receipt",
		Notes: "The part of the 3 s deadline that Discord and the network used up. The time of creation comes from the interaction's id. Never below 0. " +
			"If the `Date` of Discord's REST responses shows that the local clock is wrong, the age is corrected; `discord_clock_offset_seconds` is not.",
	}
	ClockOffset = Instrument{
		Name: "discord.clock.offset", Kind: Gauge, Unit: "s", Section: sectionInteractions,
		Description: "Minimum age of interactions on receipt over the last 5 to 10 minutes, by the local clock",
		Notes: "A few hundredths of a second if the local clock is right. Negative if it is behind Discord's; high if it is ahead, or if all interactions arrive late. " +
			"After the clock is set, the value follows with the next REST response and interaction. Absent while no interactions arrive.",
	}
	HandlerDelay = Instrument{
		Name: "discord.interaction.handler.delay", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel},
		Description: "Time from the receipt of an interaction until its handler is called",
		Notes: "Includes discordgo's decoding and, with `SyncEvents`, the handlers called before. " +
			"For handlers wrapped with `Interaction`, in tapped sessions.",
	}
	ResponseDelay = Instrument{
		Name: "discord.interaction.response.delay", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel, commandLabel},
		Description: "Time from the receipt of an interaction until the first attempt to answer it",
		Notes: "Ends when the first callback request is sent, whatever its response. Includes the wait in discordgo's rate limiter, which " +
			"`discord_rest_queue_wait_seconds` shows for the callback route. Handlers need not be wrapped. " +
			"Interactions without an attempt within a minute are not recorded.",
	}
	AckDuration = Instrument{
		Name: "discord.interaction.ack.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel, commandLabel},
		Description: "Time from the receipt of an interaction until its first callback is accepted",
		Notes: "Read from REST calls; handlers need not be wrapped. Deferred answers and autocomplete results count. " +
			"Discord refuses most late callbacks, so this is empty if all handlers are too slow; use `discord_interaction_response_delay_seconds` then.",
	}
	Acks = Instrument{
		Name: "discord.interaction.acks", Kind: Counter, Unit: "{interaction}", Section: sectionInteractions,
		Labels:      []Label{interactionTypeLabel, {Name: "outcome", Values: AckOutcomes()}},
		Description: "Interactions by type and outcome of their acknowledgement",
		Notes: "Each interaction has one outcome. The deadline is 3 s after its creation.\n\n" +
			"| outcome | meaning |\n" +
			"| --- | --- |\n" +
			"| `in_time` | A callback got a 2xx response before the deadline, or was sent before it, got no response, 408 or 5xx, and was accepted, as a later 40060 or accepted follow-up shows. |\n" +
			"| `late` | The 2xx response came after the deadline, or a callback was tried after it. |\n" +
			"| `rejected` | Callbacks were tried in time, and none was accepted. |\n" +
			"| `missed` | No callback was tried within 5 s of receipt. |\n" +
			"| `answered_elsewhere` | Another process or library answered, as 40060 or an accepted follow-up (`/webhooks/{id}/{token}…`) shows. |\n" +
			"| `superseded` | Only `autocomplete`: refused with 10062 in time, because the user kept typing. |\n\n" +
			"The outcome is final 5 s after receipt, or with the last pending response. " +
			"For an objective, divide `late`, `rejected` and `missed` by all outcomes, for types that users wait for: `application_command`, `message_component`, `modal_submit`. " +
			"If another process answers, all are `missed`: set `ARGUS_INTERACTION_ACKS=false` or use `instrument.WithAcks(false)`. " +
			"Needs a tapped session.",
	}
	CommandNames = Instrument{
		Name: "discord.command.names", Kind: Gauge, Unit: "{name}", Section: sectionInteractions,
		Description: "Number of command names registered with Argus",
		Notes:       "Application and prefix commands, from `WithCommands` and `Commands`; not the commands registered with Discord. At 0 every command is `other`.",
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
		Description: "REST responses with status 429 by scope and route",
		Notes: "The scope is the header `X-RateLimit-Scope`. `user`: the bot's limit on the route. `shared`: the limit of a resource, used up by others. " +
			"`global`: the bot's limit over all routes. `unknown`: no header. Each scope exists at 0 from the start, with route `other`. " +
			"For sessions attached after `Open` the scope is always `unknown`, and only 429s that discordgo retries are counted: " +
			"none if retries are off (`ShouldRetryOnRateLimit`, `WithRetryOnRatelimit`), and none without Discord's JSON, such as Cloudflare's.",
	}
)

// Requests to Discord's REST API, as discordgo's HTTP client sends them: each of
// its retries is a request. Absent for a session that was attached after Open.
var (
	RequestDuration = Instrument{
		Name: "discord.rest.request.duration", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionREST,
		Labels:      []Label{{Name: "method", Values: Methods()}, routeLabel, {Name: "status", Values: Statuses()}},
		Description: "Time from sending a REST request to the header of its response",
		Notes: "Covers sessions attached before `Open`. Excludes the wait in discordgo's rate limiter. `failed`: no response, for example after a timeout. " +
			"`proxy`: a REST proxy answered instead of Discord; its status is in `discord_rest_proxy_responses_total`. " +
			"Up to 1,000 combinations of labels, then route `other`.",
	}
	RequestsInFlight = Instrument{
		Name: "discord.rest.requests.in_flight", Kind: UpDownCounter, Unit: "{request}", Section: sectionREST,
		Description: "Number of REST requests that wait for the header of their response",
	}
	QueueWait = Instrument{
		Name: "discord.rest.queue.wait", Kind: Histogram, Unit: "s", Buckets: durationBuckets, Section: sectionREST,
		Labels:      []Label{routeLabel},
		Description: "Time that REST requests wait in discordgo's rate limiter",
		Notes: "For requests made with Argus's `RequestOption`. discordgo sends one request per rate limit bucket at a time, so the others of that bucket queue up. " +
			"All edits of interaction answers share one bucket; each first answer has its own. A global 429 delays everything. The wait before a retry is not included.",
	}
	ProxyResponses = Instrument{
		Name: "discord.rest.proxy.responses", Kind: Counter, Unit: "{response}", Section: sectionREST,
		Labels:      []Label{{Name: "status", Values: ProxyStatuses()}},
		Description: "Responses of a REST proxy between the bot and Discord, by status",
		Notes: "Such as the 408 of nirn-proxy and the 502 of twilight http-proxy. They count neither as rate limits nor as invalid requests or error responses. " +
			"A response is the proxy's if its headers say so (`generated-by-proxy`, `x-sent-by-proxy`), if it is an error that Discord never sends, " +
			"or if it is an error that lacks both JSON and the headers (`CF-Ray`, `Via`) that Discord's edge set on earlier responses. " +
			"`other` exists at 0 from the start.",
	}
	InvalidRequests = Instrument{
		Name: "discord.rest.invalid_requests", Kind: Counter, Unit: "{response}", Section: sectionREST,
		Labels:      []Label{{Name: "status", Values: InvalidStatuses()}},
		Description: "Responses that count towards Discord's limit for invalid requests, by status",
		Notes:       "Without 429s of scope `shared`. Discord temporarily bans an IP address after more than 10,000 in 10 minutes.",
	}
	RESTErrors = Instrument{
		Name: "discord.rest.errors", Kind: Counter, Unit: "{response}", Section: sectionREST,
		Labels:      []Label{{Name: "error_code", Values: ErrorCodes()}},
		Description: "REST error responses by Discord's error code",
		Notes: "For example 10062 (unknown interaction), 40060 (already acknowledged) and 50013 (missing permissions). " +
			"10062 and 40060 exist at 0 from the start.",
	}
)

// The process and the telemetry itself.
var (
	Uptime = Instrument{
		Name: "discord.uptime", Kind: Gauge, Unit: "s", Section: sectionProcess,
		Description: "Time since the instrumentation started",
	}
	CPULimit = Instrument{
		Name: "discord.process.cpu.limit", Kind: Gauge, Unit: "{cpu}", Section: sectionProcess,
		Description: "Number of CPUs that the process's control group may use",
		Notes: "The lowest limit of the control group and those around it (Linux, version 1 and 2), such as `resources.limits.cpu` in Kubernetes and `CPUQuota=` in systemd. " +
			"Absent without a limit.",
	}
	CPUThrottled = Instrument{
		Name: "discord.process.cpu.throttled", Kind: Counter, Unit: "s", Section: sectionProcess,
		Description: "Time that the CPU limit has kept the process's control group from running, over all CPUs",
		Notes:       "Counted by the kernel since the group was created, for the group whose limit is the lowest. While this rises, everything in the process is late. Absent without a limit.",
	}
	BotInfo = Instrument{
		Name: "discord.bot.info", Kind: Gauge, Section: sectionProcess,
		Labels: []Label{
			{Name: "discordgo_version", Bound: oneValue},
			{Name: "argus_version", Bound: oneValue},
			{Name: "go_version", Bound: oneValue},
			{Name: "version", Bound: oneValue},
		},
		Description: "Versions of discordgo, Argus, Go and the bot; the value is always 1",
		Notes: "`version` is the bot's own: the resource attribute `service.version`, or else the VCS revision of the build, or else the version of the main module. " +
			"A change of it is a deployment. `devel` if all three are unknown, as in a test.",
	}
	Up = Instrument{
		Name: "argus.up", Kind: Gauge, Section: sectionProcess,
		Description: "Whether the instrumentation runs: 1 if it does, 0 if it is shutting down",
		Notes:       "Alert on its absence. A process that shuts down pushes 0 last, so that a fleet can tell it from one that was killed.",
	}
	SubsystemUp = Instrument{
		Name: "argus.subsystem.up", Kind: Gauge, Labels: []Label{subsystemLabel}, Section: sectionProcess,
		Description: "Whether a part of Argus works: 1 if it does, 0 if not",
		Notes: "`server`: the metrics server listens on its address. `otlp`, `otlp_traces`, `otlp_logs`: the last push of metrics, spans, events was accepted; `clickhouse`: the last batch of events was written to ClickHouse; these are absent before the first. " +
			"Parts that are not configured have no series.",
	}
	InstrumentationErrors = Instrument{
		Name: "argus.instrumentation.errors", Kind: Counter, Unit: "{error}", Labels: []Label{hookLabel}, Section: sectionProcess,
		Description: "Internal errors of the instrumentation by hook",
		Notes:       "They are caught and never reach the bot.",
	}
	TimersEvicted = Instrument{
		Name: "argus.timers.evicted", Kind: Counter, Unit: "{timer}", Labels: []Label{{Name: "timer", Values: Timers()}}, Section: sectionProcess,
		Description: "Interaction timers dropped because too many were pending, by timer",
		Notes: "The limit is 10,000 pending interactions per timer. `answer`: the outcome of the interaction is lost; absent if acknowledgements are off. " +
			"`handler`: the handler delay is lost. An interaction can count in both.",
	}
	TelemetryDropped = Instrument{
		Name: "argus.telemetry.dropped", Kind: Counter, Unit: "{item}", Section: sectionProcess,
		Labels:      []Label{{Name: "signal", Values: Signals()}, {Name: "reason", Values: DropReasons()}},
		Description: "Spans and events that Argus dropped instead of letting the bot wait, by signal and reason",
		Notes: "Each signal is absent while it is off. `queue_full`: more than 8,192 wait for the span or log processor, which is slow or blocks. " +
			"`evicted`: more than 10,000 interactions were unfinished; the oldest one's span ends without an outcome, and its event is lost.",
	}
	ExportDropped = Instrument{
		Name: "argus.export.dropped", Kind: Counter, Unit: "{item}", Section: sectionProcess,
		Labels:      []Label{{Name: "signal", Values: Signals()}, {Name: "reason", Values: ExportDropReasons()}},
		Description: "Spans and log records that the push to the collector, or to ClickHouse, dropped, by signal and reason",
		Notes: "Each signal is absent while it is not pushed. `queue_full`: the collector was away or slow for so long that the queue is full, which holds 8,192 by default, and 100,000 events for ClickHouse. " +
			"`rejected`: the collector or ClickHouse refused them for good. Of events that go to both, each counts its own.",
	}
	LogRecords = Instrument{
		Name: "discord.log.records", Kind: Counter, Unit: "{record}", Section: sectionProcess,
		Labels:      []Label{{Name: "level", Values: LogLevels()}},
		Description: "Lines logged by discordgo, by level",
		Notes: "Off by default; enabled with `ARGUS_LOG_RECORDS` or `WithLogRecords`. The session's `LogLevel` decides what is logged: only errors by default. " +
			"discordgo has one logger for the whole process.",
	}
)

// oneValue is the bound of labels that have one value in a process.
const oneValue = "one value"

// All returns every instrument, in the order of docs/METRICS.md.
func All() []Instrument {
	return []Instrument{
		ShardLatency, ShardUp, ShardsConnected, ShardsConfigured, BotShards, Sessions, ShardState, ShardStateChange,
		HeartbeatInterval, HeartbeatAck, LastEvent, ConnectionAttempts, Handshakes, ShardDisconnects, ShardReconnects, VoiceDisconnects, LockUnavailable,
		GatewayEvents, ShardEvents, ShardSent, GatewayIO,
		SessionStartRemaining, SessionStartLimit, SessionStartReset, SessionStartConcurrency,
		Guilds, GuildsUnavailable, Members, CachedMembers, Channels, Threads, PrivateChannels, Roles, Emojis, Stickers, VoiceStates, Presences, VoiceClients,
		Interactions, ReceiptAge, ClockOffset, HandlerDelay, ResponseDelay, AckDuration, Acks,
		AppCommands, AppCommandDuration, Commands, CommandDuration, CommandErrors, CommandNames, TaskDuration, TaskErrors,
		RequestDuration, RequestsInFlight, QueueWait, ProxyResponses, RateLimits, InvalidRequests, RESTErrors,
		Uptime, CPULimit, CPUThrottled, BotInfo, Up, SubsystemUp, LogRecords, InstrumentationErrors, TimersEvicted, TelemetryDropped,
		ExportDropped,
	}
}
