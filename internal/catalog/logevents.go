package catalog

import "fmt"

// AttrRecordUID tells an event from all others
// (https://opentelemetry.io/docs/specs/semconv/general/logs/#general-log-identification-attributes).
const AttrRecordUID = "log.record.uid"

// Names of the attributes that only events have.
const (
	AttrCloseCode          = "discord.gateway.close.code"
	AttrInitiator          = "discord.gateway.close.initiator"
	AttrConnectionDuration = "discord.gateway.connection.duration" // s

	AttrAnswerDuration  = "discord.interaction.answer.duration"  // s
	AttrHandlerDuration = "discord.interaction.handler.duration" // s
	AttrLocale          = "discord.interaction.locale"
	AttrContext         = "discord.interaction.context"
	AttrInstallation    = "discord.interaction.installation"
	AttrUserHash        = "discord.user.hash" // by option only
	AttrGuildSize       = "discord.guild.size"

	AttrRetryAfter = "discord.ratelimit.retry_after" // s

	AttrStartRemaining   = "discord.session_start.remaining"
	AttrStartLimit       = "discord.session_start.limit"
	AttrStartResetAfter  = "discord.session_start.reset_after" // s
	AttrStartConcurrency = "discord.session_start.max_concurrency"
)

// MinEventUserKey is the length of the key of discord.user.hash, in bytes: that of the
// hash, below which it would be the easier thing to guess.
const MinEventUserKey = 32

// CheckEventUserKey returns an error that names what a key of discord.user.hash lacks.
// It does not have the key.
func CheckEventUserKey(key []byte) error {
	if len(key) < MinEventUserKey {
		return fmt.Errorf("the key has %d bytes; use at least %d random ones", len(key), MinEventUserKey)
	}
	return nil
}

// Values of the attribute discord.interaction.context
// (https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-context-types).
const (
	ContextGuild          = "guild"
	ContextBotDM          = "bot_dm"
	ContextPrivateChannel = "private_channel"
)

// InteractionContexts returns the closed set of the attribute
// discord.interaction.context, in the order of Discord's numbers, and [Other].
func InteractionContexts() []string {
	return []string{ContextGuild, ContextBotDM, ContextPrivateChannel, Other}
}

// Values of the attribute discord.interaction.installation.
const (
	InstallationGuild = "guild"
	InstallationUser  = "user"
	InstallationBoth  = "guild_and_user"
)

// Installations returns the closed set of the attribute
// discord.interaction.installation.
func Installations() []string {
	return []string{InstallationGuild, InstallationUser, InstallationBoth}
}

// Values of the attribute discord.guild.size.
const (
	GuildSizeTiny   = "under_100"
	GuildSizeSmall  = "100_to_999"
	GuildSizeMedium = "1000_to_9999"
	GuildSizeLarge  = "10000_or_more"
)

// GuildSizes returns the closed set of the attribute discord.guild.size, from small to
// large.
func GuildSizes() []string {
	return []string{GuildSizeTiny, GuildSizeSmall, GuildSizeMedium, GuildSizeLarge}
}

// GuildSize returns the size of a guild with so many members.
func GuildSize(members int64) string {
	switch {
	case members < 100:
		return GuildSizeTiny
	case members < 1000:
		return GuildSizeSmall
	case members < 10_000:
		return GuildSizeMedium
	default:
		return GuildSizeLarge
	}
}

// An AttributeType is the type of an attribute's value.
type AttributeType string

// The types of attributes, as OpenTelemetry names them. Ids are strings: a number of
// 64 bits does not survive JavaScript.
const (
	TypeString AttributeType = "string"
	TypeInt    AttributeType = "int"
	TypeDouble AttributeType = "double"
)

// An EventAttribute is an attribute of an event.
type EventAttribute struct {
	Name string
	Type AttributeType
	// Unit is a UCUM code or an annotation, as that of an [Instrument], or empty.
	Unit string
	// Values is the closed set of values of a string, and nil where there is none.
	Values []string
	// Bound describes the values if there is no closed set.
	Bound string
	// Description is a noun phrase without a final full stop.
	Description string
	// Presence says when the attribute is there. It always is if Presence is empty.
	Presence string
}

// Always is the Warning of an event whose severity is always WARN.
const Always = "always"

// A LogEvent is an OpenTelemetry log record with an event name. It is unrelated to the
// dispatches of [Events].
type LogEvent struct {
	// Name is the event name. A namespace does not change it.
	Name string
	// Description says what has happened, in a sentence.
	Description string
	// Warning completes "WARN if", or is [Always]. Otherwise the severity is INFO.
	Warning string
	// Body is an example of the body, which has no ids but that of the shard.
	Body       string
	Attributes []EventAttribute
}

// AttributeNames returns the names of the attributes, in the order of the row.
func (e LogEvent) AttributeNames() []string {
	names := make([]string, len(e.Attributes))
	for n, a := range e.Attributes {
		names[n] = a.Name
	}
	return names
}

// Attributes that several events have.
var (
	ofRecord = EventAttribute{
		Name: AttrRecordUID, Type: TypeString, Bound: "UUID of version 7",
		Description: "Id of the event",
	}
	ofShard = EventAttribute{
		Name: AttrShard, Type: TypeString, Bound: "as the label `shard`",
		Description: "Id of the shard",
	}
	ofGuild = EventAttribute{
		Name: AttrGuildID, Type: TypeString, Bound: "decimal id",
		Description: "Guild", Presence: "with `ARGUS_EVENT_GUILD_IDS`",
	}
	ofGuildSize = EventAttribute{
		Name: AttrGuildSize, Type: TypeString, Values: GuildSizes(),
		Description: "Number of members of the guild", Presence: "if the process knows it",
	}
)

// optional returns an attribute that is not always there.
func (a EventAttribute) optional(presence string) EventAttribute {
	a.Presence = presence
	return a
}

// The events.
var (
	EventShardConnected = LogEvent{
		Name: "discord.shard.connected", Body: "Shard 3 connected to the gateway.",
		Description: "A shard has a connection to the gateway, and no session yet. Only shards attached before `Open`.",
		Attributes:  []EventAttribute{ofShard},
	}
	EventShardReady = LogEvent{
		Name: "discord.shard.ready", Body: "Shard 3 is ready.",
		Description: "Discord answered IDENTIFY with READY: the shard has a new session.",
		Attributes:  []EventAttribute{ofShard},
	}
	EventShardResumed = LogEvent{
		Name: "discord.shard.resumed", Body: "Shard 3 resumed its session.",
		Description: "Discord answered RESUME with RESUMED: the shard has its previous session, and missed nothing.",
		Attributes:  []EventAttribute{ofShard},
	}
	EventShardDisconnected = LogEvent{
		Name: "discord.shard.disconnected", Body: "Shard 3 disconnected: code 4000, initiator discord.",
		Description: "The gateway connection of a shard ended. Only shards attached before `Open`.",
		Warning:     "the initiator is `discord` or `network`, or the client gave up because heartbeats were not acknowledged",
		Attributes: []EventAttribute{
			ofShard,
			{Name: AttrCloseCode, Type: TypeString, Values: CloseCodes(), Description: "Close code, as the label `code`"},
			{Name: AttrInitiator, Type: TypeString, Values: Initiators(), Description: "Who ended the connection"},
			{Name: AttrConnectionDuration, Type: TypeDouble, Unit: "s", Description: "Time from the accepted upgrade to the end"},
		},
	}
	EventGuildJoined = LogEvent{
		Name: "discord.guild.joined", Body: "The bot joined a guild.",
		Description: "The bot was added to a guild. Not the guilds that a shard has when it connects: who joined while no shard was listening has no event.",
		Attributes:  []EventAttribute{ofShard, ofGuild, ofGuildSize},
	}
	EventGuildLeft = LogEvent{
		Name: "discord.guild.left", Body: "The bot left a guild.",
		Description: "The bot was removed from a guild, or the guild was deleted. Not an outage.",
		Attributes:  []EventAttribute{ofShard, ofGuild, ofGuildSize},
	}
	EventGuildUnavailable = LogEvent{
		Name: "discord.guild.unavailable", Body: "A guild became unavailable.",
		Description: "An outage of Discord's made a guild unavailable.",
		Warning:     Always,
		Attributes:  []EventAttribute{ofShard, ofGuild, ofGuildSize},
	}
	EventInteractionCompleted = LogEvent{
		Name: "discord.interaction.completed", Body: "application_command ping was answered in time.",
		Description: "The outcome of an interaction is known, and its wrapped handlers have returned. Without acknowledgements and wrapped handlers there is none, nor for Discord's pings by HTTP.",
		Warning:     "the outcome is `late`, `rejected` or `missed`, or a handler failed",
		Attributes: []EventAttribute{
			ofShard.optional("unless the interaction came by HTTP"),
			{Name: AttrType, Type: TypeString, Values: InteractionTypes(), Description: "Type of the interaction"},
			{
				Name: AttrCommand, Type: TypeString, Bound: "as the label `command`",
				Description: "Command", Presence: "application commands and autocompletes",
			},
			{
				Name: AttrOutcome, Type: TypeString, Values: AckOutcomes(),
				Description: "Whether the interaction was acknowledged, as the label `outcome`", Presence: "unless `ARGUS_INTERACTION_ACKS` is false, or the process ended first",
			},
			{
				Name: AttrReceiptAge, Type: TypeDouble, Unit: "s",
				Description: "Age of the interaction at its receipt, by Discord's clock", Presence: "unless the id has no plausible time",
			},
			{
				Name: AttrAnswerDuration, Type: TypeDouble, Unit: "s",
				Description: "Time from the receipt to the response that decided the outcome", Presence: "if a response did",
			},
			{
				Name: AttrHandlerDuration, Type: TypeDouble, Unit: "s",
				Description: "Duration of the wrapped handler, or of the longest if there are several", Presence: "if one was called",
			},
			{
				Name: AttrErrorType, Type: TypeString, Bound: "as the label `error_type`",
				Description: "Type of the error of a wrapped handler", Presence: "if one failed",
			},
			{
				Name: AttrLocale, Type: TypeString, Values: Locales(),
				Description: "Language that the user has set in Discord", Presence: "if Discord sent it",
			},
			{
				Name: AttrContext, Type: TypeString, Values: InteractionContexts(),
				Description: "Where the user made the interaction", Presence: "if Discord sent it",
			},
			{
				Name: AttrInstallation, Type: TypeString, Values: Installations(),
				Description: "Where the app is installed that authorized the interaction", Presence: "if Discord sent it",
			},
			ofGuild.optional("with `ARGUS_EVENT_GUILD_IDS`, in a guild"),
			ofGuildSize.optional("in a guild of the process, if the gateway told its size"),
			{
				Name: AttrUserHash, Type: TypeString, Bound: "32 hexadecimal digits",
				Description: "Pseudonym of the user for one day", Presence: "with `ARGUS_EVENT_USER_KEY_FILE`",
			},
		},
	}
	EventRateLimit = LogEvent{
		Name: "discord.ratelimit", Body: "Discord limited requests: scope user, route /channels/{id}/messages.",
		Description: "Discord answered a REST request with 429. Of sessions attached after `Open` only those that discordgo repeats.",
		Warning:     Always,
		Attributes: []EventAttribute{
			{Name: AttrRateLimitScope, Type: TypeString, Values: Scopes(), Description: "Scope, as the label `scope`"},
			{Name: AttrURLTemplate, Type: TypeString, Bound: "as the label `route`", Description: "Route of the request"},
			{
				Name: AttrMethod, Type: TypeString, Values: Methods(),
				Description: "Method of the request", Presence: "sessions attached before `Open`",
			},
			{
				Name: AttrRetryAfter, Type: TypeDouble, Unit: "s",
				Description: "Time until Discord accepts such requests again", Presence: "if Discord sent it",
			},
		},
	}
	EventSessionStart = LogEvent{
		Name: "discord.session_start", Body: "994 of 1000 session starts remain.",
		Description: "Discord told the budget of IDENTIFYs, in an answer to `GET /gateway/bot`.",
		Warning:     "none remains",
		Attributes: []EventAttribute{
			{Name: AttrStartRemaining, Type: TypeInt, Unit: "{session}", Description: "Session starts that remain"},
			{Name: AttrStartLimit, Type: TypeInt, Unit: "{session}", Description: "Session starts in 24 h"},
			{
				Name: AttrStartResetAfter, Type: TypeDouble, Unit: "s",
				Description: "Time until the budget is full again", Presence: "if a session was started within 24 h",
			},
			{Name: AttrStartConcurrency, Type: TypeInt, Unit: "{session}", Description: "Session starts that Discord accepts within 5 s"},
		},
	}
)

// LogEvents returns all events, in the order in which docs/EVENTS.md lists them.
func LogEvents() []LogEvent {
	all := []LogEvent{
		EventShardConnected, EventShardReady, EventShardResumed, EventShardDisconnected,
		EventGuildJoined, EventGuildLeft, EventGuildUnavailable,
		EventInteractionCompleted, EventRateLimit, EventSessionStart,
	}
	for n := range all {
		all[n].Attributes = append([]EventAttribute{ofRecord}, all[n].Attributes...)
	}
	return all
}
