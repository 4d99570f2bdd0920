package catalog

// Limits that bound the labels whose values depend on the bot.
const (
	// MaxShards is how many shard ids one instrumentation tells apart; further
	// ones share the value "other".
	MaxShards = 4096
	// MaxCommands is how many command names can be registered. Discord allows an
	// application 100 chat-input commands of its own and as many in each guild
	// (https://discord.com/developers/docs/interactions/application-commands#registering-a-command).
	MaxCommands = 500
	// MaxErrorTypes is how many pairs of command and error type are told apart;
	// further ones are counted as error_type "other".
	MaxErrorTypes = 1000
)

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
	commandStatusLabel = Label{Name: "status", Values: []string{StatusSuccess, StatusError}}
	subsystemLabel     = Label{Name: "subsystem", Values: Subsystems()}
	hookLabel          = Label{Name: "hook", Values: Hooks()}
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
		Notes: "From the heartbeat that was sent last to its acknowledgement, both seen on the wire. Absent before the first acknowledgement " +
			"and where the connection is not tapped; while a heartbeat is pending, the last completed one; never negative.",
	}
	ShardUp = Instrument{
		Name: "discord.shard.up", Kind: Gauge, Labels: []Label{shardLabel}, Section: sectionGateway,
		Description: "Whether the shard's gateway session is up: 1 from READY or RESUMED until the connection ends, else 0",
		Notes:       "1 if any of several sessions with the same shard id is up.",
	}
	ShardsConnected = Instrument{
		Name: "discord.shards.connected", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of this process's shards whose gateway session is up",
	}
	ShardsConfigured = Instrument{
		Name: "discord.shards.configured", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of distinct shards that this process has attached",
	}
	ShardsTotal = Instrument{
		Name: "discord.shards.total", Kind: Gauge, Unit: "{shard}", Section: sectionGateway,
		Description: "Number of shards of the whole bot, as the sessions are configured",
		Notes:       "The largest ShardCount of the attached sessions. Absent while none is attached.",
	}
	GatewayEvents = Instrument{
		Name: "discord.gateway.events", Kind: Counter, Unit: "{event}", Section: sectionGateway,
		Labels:      []Label{{Name: "event", Values: Events()}},
		Description: "Dispatches received from the gateway, by type",
		Notes: "Counted once each: on the wire where the connection is tapped, else by a handler. A type's series appears with its first dispatch; " +
			"`unknown` (a type that is not in the list) exists from the start.",
	}
	ShardDisconnects = Instrument{
		Name: "discord.shard.disconnects", Kind: Counter, Unit: "{disconnect}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "code", Values: CloseCodes()}, {Name: "initiator", Values: Initiators()}},
		Description: "Gateway connections that ended, by close code and by who ended them",
		Notes: "Each connection once, by what was seen first. `discord`: a close frame arrived; `client`: discordgo sent one or closed the socket; " +
			"`network`: the socket broke. The codes after which a client must not reconnect exist at 0 from the start. Absent for a shard whose sessions were all attached after Open.",
	}
	ShardReconnects = Instrument{
		Name: "discord.shard.reconnects", Kind: Counter, Unit: "{reconnect}", Section: sectionGateway,
		Labels:      []Label{shardLabel, {Name: "kind", Values: []string{KindIdentify, KindResume}}},
		Description: "Times that the shard became ready again after its first start, by kind of handshake",
		Notes:       "`resume` kept the gateway session (RESUMED); `identify` began a new one (READY).",
	}
)

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
			"A user in two guilds counts twice. Absent where some guild's count is not known.",
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
		Description: "Voice connections that this process holds",
		Notes:       "When the session's lock is not free, the last value that was read; absent before the first.",
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
			{Name: "type", Values: InteractionTypes()},
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
		Notes:       "`error`: the handler returned an error or panicked. Counted for handlers that are wrapped with Interaction.",
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
		Notes:       "Counted for handlers that are run through Command.",
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
	AppCommandsRegistered = Instrument{
		Name: "discord.app_commands.registered", Kind: Gauge, Unit: "{command}", Section: sectionInteractions,
		Description: "Command names that the instrumentation tells apart",
	}
)

// REST.
var (
	RateLimits = Instrument{
		Name: "discord.ratelimits", Kind: Counter, Unit: "{response}", Section: sectionREST,
		Labels: []Label{
			{Name: "scope", Values: Scopes()},
			{Name: "route", Bound: "the path's template, from the closed list of Discord's routes, else `other`"},
		},
		Description: "Responses with status 429, by scope and route",
		Notes: "Scope is Discord's X-RateLimit-Scope header: `user` this bot's own limit on the route, `shared` a limit of the resource that others used up, " +
			"`global` the bot's limit over all routes; `unknown` where there was no header. Each scope exists at 0 from the start (route `other`). " +
			"For a session that was attached after Open the scope is always `unknown`.",
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
		Name: "argus.timers.evicted", Kind: Counter, Unit: "{timer}", Section: sectionProcess,
		Description: "Timers of interactions in flight that were dropped because too many were pending",
	}
)

// All returns every instrument, in the order of docs/METRICS.md.
func All() []Instrument {
	return []Instrument{
		ShardLatency, ShardUp, ShardsConnected, ShardsConfigured, ShardsTotal, GatewayEvents, ShardDisconnects, ShardReconnects,
		Guilds, GuildsUnavailable, Members, CachedMembers, Channels, Threads, PrivateChannels, Roles, Emojis, Stickers, VoiceStates, Presences, VoiceClients,
		Interactions, AppCommands, AppCommandDuration, Commands, CommandDuration, CommandErrors, AppCommandsRegistered,
		RateLimits,
		Uptime, BotInfo, Up, SubsystemUp, InstrumentationErrors, TimersEvicted,
	}
}
