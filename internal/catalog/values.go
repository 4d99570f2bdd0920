package catalog

import (
	"slices"
	"time"
)

// Values that end a closed set.
const (
	// Other stands for a value that is outside its label's set.
	Other = "other"
	// Unknown stands for a value that could not be learnt.
	Unknown = "unknown"
)

// Values of the label status of interactions.
const (
	StatusReceived = "received"
	// StatusExpired is an interaction that arrived later than its deadline.
	StatusExpired = "expired"
)

// Values of the label status of commands.
const (
	StatusSuccess = "success"
	StatusError   = "error"
)

// ErrorTypePanic is the error_type of a handler that panicked.
const ErrorTypePanic = "panic"

// Values of the label initiator.
const (
	InitiatorDiscord = "discord"
	InitiatorClient  = "client"
	InitiatorNetwork = "network"
)

// Values of the label state: the life of a gateway connection.
const (
	StateDisconnected = "disconnected"
	// StateConnecting is from the dial until IDENTIFY or RESUME is sent.
	StateConnecting = "connecting"
	// StateIdentifying is from IDENTIFY until READY.
	StateIdentifying = "identifying"
	// StateResuming is from RESUME until RESUMED; what was missed is replayed.
	StateResuming = "resuming"
	StateReady    = "ready"
)

// Values of the label outcome of handshakes.
const (
	HandshakeReady   = "ready"
	HandshakeResumed = "resumed"
	// HandshakeInvalidSession is an answer with op 9.
	HandshakeInvalidSession = "invalid_session"
	// HandshakeClosed is a connection that ended instead of an answer.
	HandshakeClosed = "closed"
	// HandshakeTimeout is an answer that took longer than HandshakeTimeoutAfter,
	// whatever it was.
	HandshakeTimeout = "timeout"
)

// Values of the label outcome of attempts to connect. The status tells which.
const (
	// AttemptConnected is an upgrade to a WebSocket that was accepted.
	AttemptConnected = "connected"
	// AttemptRefused is an HTTP response in its place: Discord's, Cloudflare's, or
	// that of a proxy on the way.
	AttemptRefused = "refused"
	// AttemptFailed is no response that can be read.
	AttemptFailed = "failed"
)

// UpgradeAccepted is the status of an attempt that connected.
const UpgradeAccepted = "101"

// Values of the label outcome of acknowledgements. Each interaction has one.
const (
	// AckInTime is a first 2xx callback within the deadline of 3 s.
	AckInTime = "in_time"
	// AckLate is a first 2xx callback, or a last try, after the deadline.
	AckLate = "late"
	// AckRejected is an interaction that was answered in time, and the answer
	// never accepted: 10062, an invalid body, a server error.
	AckRejected = "rejected"
	// AckMissed is an interaction for which no callback was tried within 5 s.
	AckMissed = "missed"
	// AckAnsweredElsewhere is an interaction that somebody else acknowledged:
	// Discord refused a callback with 40060, or accepted a follow-up.
	AckAnsweredElsewhere = "answered_elsewhere"
	// AckSuperseded is an autocomplete whose answer Discord refused in time with
	// 10062: the user had typed on.
	AckSuperseded = "superseded"
)

// Values of the label direction.
const (
	DirectionReceive  = "receive"
	DirectionTransmit = "transmit"
)

// Values of the label status of REST requests that are no status codes.
const (
	// StatusFailed is a request that got no response: the connection failed, or
	// the caller gave up.
	StatusFailed = "failed"
	// StatusProxy is one that a proxy answered, in place of Discord.
	StatusProxy = "proxy"
)

// CodeNone is the close code of a connection that ended without a close frame.
const CodeNone = "none"

// UpgradeNone is the status of an attempt to connect that got no response.
const UpgradeNone = "none"

// Values of the label kind of reconnects.
const (
	KindIdentify = "identify"
	KindResume   = "resume"
)

// EventRateLimited is the dispatch by which Discord refuses what a client sent:
// too many requests for all members of a guild
// (https://docs.discord.com/developers/events/gateway-events#rate-limited).
const EventRateLimited = "RATE_LIMITED"

// Values of the label scope of rate limits, as the header X-RateLimit-Scope
// writes them.
const (
	ScopeUser   = "user"
	ScopeShared = "shared"
	ScopeGlobal = "global"
)

// Values of the label attached: when a session was attached.
const (
	AttachedBeforeOpen = "before_open"
	AttachedAfterOpen  = "after_open"
)

// Values of the label hook: the parts of the instrumentation that can fail.
const (
	HookTap         = "tap"
	HookHandler     = "handler"
	HookState       = "state"
	HookTransport   = "transport"
	HookInteraction = "interaction"
	HookCommand     = "command"
	HookLog         = "log"
	HookTrace       = "trace"
	HookEvent       = "event"
)

// Values of the label signal: what leaves the process beside metrics.
const (
	SignalTraces = "traces"
	SignalLogs   = "logs"
)

// Values of the label reason of what was dropped.
const (
	DropQueueFull = "queue_full"
	DropEvicted   = "evicted"
	DropRejected  = "rejected"
	DropShutdown  = "shutdown" // in the table ingest alone
)

// Values of the label timer: what an interaction in flight is timed to.
const (
	TimerAnswer  = "answer"
	TimerHandler = "handler"
)

// Values of the label subsystem.
const (
	SubsystemServer     = "server"
	SubsystemOTLP       = "otlp" // of metrics
	SubsystemOTLPTraces = "otlp_traces"
	SubsystemOTLPLogs   = "otlp_logs"
	SubsystemClickHouse = "clickhouse" // of events
)

// Discord's limits that the metrics count towards.
const (
	// InvalidRequestLimit is the number of invalid requests within InvalidRequestWindow
	// above which Discord bans the address
	// (https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans).
	InvalidRequestLimit  = 10_000
	InvalidRequestWindow = 10 * time.Minute
	// SendLimit is the number of payloads within SendWindow above which Discord closes
	// a gateway connection
	// (https://discord.com/developers/docs/events/gateway#rate-limiting).
	SendLimit  = 120
	SendWindow = time.Minute
	// AnswerWithin is the time for the first answer to an interaction
	// (https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction).
	AnswerWithin = 3 * time.Second
	// SlowAfter is the time after which Argus calls an answer slow: a third of
	// AnswerWithin.
	SlowAfter = AnswerWithin / 3
)

// InteractionTypes returns the values of the label type of interactions.
// Index 1 to 5 are the numbers that Discord gives them
// (https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type);
// index 0 stands for a number that is not among them.
func InteractionTypes() []string {
	return []string{Unknown, "ping", "application_command", "message_component", "autocomplete", "modal_submit"}
}

// FatalCloseCodes returns the gateway close codes after which a client must not
// reconnect (https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes).
func FatalCloseCodes() []string {
	return []string{"4004", "4010", "4011", "4012", "4013", "4014"}
}

// CloseCodes returns the closed set of the label code: the gateway's close
// codes, those of RFC 6455 section 7.4.1 and of the IANA registry that can be in a close
// frame, "1005" for a close frame without a code, "none" for an end without a
// close frame, and "other".
func CloseCodes() []string {
	return slices.Concat(webSocketCodes, []string{
		"4000", "4001", "4002", "4003", "4004", "4005", "4007", "4008", "4009", "4010", "4011", "4012", "4013", "4014",
		CodeNone, Other,
	})
}

var webSocketCodes = []string{"1000", "1001", "1002", "1003", "1005", "1007", "1008", "1009", "1010", "1011", "1012", "1013", "1014"}

// VoiceCloseCodes returns the closed set of the label code of voice connections:
// as [CloseCodes], with the codes of the voice gateway
// (https://docs.discord.com/developers/topics/opcodes-and-status-codes#voice-voice-close-event-codes).
func VoiceCloseCodes() []string {
	return slices.Concat(webSocketCodes, []string{
		"4001", "4002", "4003", "4004", "4005", "4006", "4009", "4011", "4012", "4014", "4015", "4016", CodeEncryptionRequired, "4020", "4021", "4022",
		CodeNone, Other,
	})
}

// CodeEncryptionRequired is the voice gateway's refusal of a client without
// end-to-end encryption.
const CodeEncryptionRequired = "4017"

// AttemptOutcomes returns the closed set of the label outcome of attempts to
// connect.
func AttemptOutcomes() []string {
	return []string{AttemptConnected, AttemptRefused, AttemptFailed}
}

// UpgradeStatuses returns the closed set of the label status of attempts to
// connect: [UpgradeAccepted], the status codes with which Discord, Cloudflare or
// a proxy may refuse, [Other] for any other, and [UpgradeNone].
func UpgradeStatuses() []string {
	return []string{
		UpgradeAccepted, "400", "401", "403", "404", "405", "407", "408", "421", "426", "429", "451",
		"500", "501", "502", "503", "504", "520", "521", "522", "523", "524", "525", "526", "530", Other, UpgradeNone,
	}
}

// Initiators returns the closed set of the label initiator.
func Initiators() []string {
	return []string{InitiatorDiscord, InitiatorClient, InitiatorNetwork}
}

// ShardStates returns the closed set of the label state, in the order of a
// connection's life.
func ShardStates() []string {
	return []string{StateDisconnected, StateConnecting, StateIdentifying, StateResuming, StateReady}
}

// HandshakeOutcomes returns the closed set of the label outcome of handshakes.
func HandshakeOutcomes() []string {
	return []string{HandshakeReady, HandshakeResumed, HandshakeInvalidSession, HandshakeClosed, HandshakeTimeout}
}

// AckOutcomes returns the closed set of the label outcome of acknowledgements.
func AckOutcomes() []string {
	return []string{AckInTime, AckLate, AckRejected, AckMissed, AckAnsweredElsewhere, AckSuperseded}
}

// AckTypes returns the types of interactions whose answer a user waits for: those
// that an objective counts. Of the others, an autocomplete is a suggestion, and
// a ping is Discord's own.
func AckTypes() []string { return []string{"application_command", "message_component", "modal_submit"} }

// SentOps returns the closed set of the label op: what a client sends, by
// Discord's names
// (https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-opcodes).
func SentOps() []string {
	return []string{
		"heartbeat", "identify", "presence_update", "voice_state_update", "resume", "request_guild_members", "request_soundboard_sounds",
		"request_channel_info", Other,
	}
}

// Directions returns the closed set of the label direction.
func Directions() []string { return []string{DirectionReceive, DirectionTransmit} }

// Methods returns the closed set of the label method: those that Discord's API
// has.
func Methods() []string {
	return []string{"GET", "POST", "PUT", "PATCH", "DELETE", Other}
}

// Statuses returns the closed set of the label status of REST requests: the
// status codes that Discord documents
// (https://discord.com/developers/docs/topics/opcodes-and-status-codes#http-http-response-codes)
// or that its edge answers with, [Other] for any other, [StatusProxy] where a
// proxy of the bot's made the response, and [StatusFailed] where there was none.
func Statuses() []string {
	return []string{
		"200", "201", "202", "204", "304", "400", "401", "403", "404", "405", "409", "413", "429",
		"500", "502", "503", "504", "520", "522", "524", Other, StatusProxy, StatusFailed,
	}
}

// ProxyStatuses returns the closed set of the label status of responses that a
// REST proxy made.
func ProxyStatuses() []string {
	return []string{"401", "403", "404", "408", "429", "500", "501", "502", "503", "504", Other}
}

// InvalidStatuses returns the status codes that count towards Discord's ban for
// invalid requests
// (https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans).
func InvalidStatuses() []string { return []string{"401", "403", "429"} }

// LogLevels returns the closed set of the label level: discordgo's levels, in
// its order, and [Other].
func LogLevels() []string { return []string{"error", "warning", "informational", "debug", Other} }

// Scopes returns the closed set of the label scope.
func Scopes() []string { return []string{ScopeUser, ScopeShared, ScopeGlobal, Unknown} }

// Attachings returns the closed set of the label attached.
func Attachings() []string { return []string{AttachedBeforeOpen, AttachedAfterOpen} }

// Hooks returns the closed set of the label hook.
func Hooks() []string {
	return []string{HookTap, HookHandler, HookState, HookTransport, HookInteraction, HookCommand, HookLog, HookTrace, HookEvent}
}

// Signals returns the closed set of the label signal.
func Signals() []string { return []string{SignalTraces, SignalLogs} }

// ExportDropReasons returns the closed set of the label reason of what an exporter
// dropped.
func ExportDropReasons() []string { return []string{DropQueueFull, DropRejected} }

// DropReasons returns the closed set of the label reason of what was dropped.
func DropReasons() []string { return []string{DropQueueFull, DropEvicted} }

// Timers returns the closed set of the label timer.
func Timers() []string { return []string{TimerAnswer, TimerHandler} }

// Subsystems returns the closed set of the label subsystem.
func Subsystems() []string {
	return []string{SubsystemServer, SubsystemOTLP, SubsystemOTLPTraces, SubsystemOTLPLogs, SubsystemClickHouse}
}

// Events returns the closed set of the label event, sorted: every dispatch that
// Discord documents
// (https://docs.discord.com/developers/events/gateway-events#receive-events), and
// "unknown" for all others, those included that only discordgo names.
func Events() []string { return slices.Clone(events) }

var events = []string{
	"APPLICATION_COMMAND_PERMISSIONS_UPDATE",
	"AUTO_MODERATION_ACTION_EXECUTION",
	"AUTO_MODERATION_RULE_CREATE",
	"AUTO_MODERATION_RULE_DELETE",
	"AUTO_MODERATION_RULE_UPDATE",
	"CHANNEL_CREATE",
	"CHANNEL_DELETE",
	"CHANNEL_INFO",
	"CHANNEL_PINS_UPDATE",
	"CHANNEL_UPDATE",
	"ENTITLEMENT_CREATE",
	"ENTITLEMENT_DELETE",
	"ENTITLEMENT_UPDATE",
	"GUILD_AUDIT_LOG_ENTRY_CREATE",
	"GUILD_BAN_ADD",
	"GUILD_BAN_REMOVE",
	"GUILD_CREATE",
	"GUILD_DELETE",
	"GUILD_EMOJIS_UPDATE",
	"GUILD_INTEGRATIONS_UPDATE",
	"GUILD_MEMBERS_CHUNK",
	"GUILD_MEMBER_ADD",
	"GUILD_MEMBER_REMOVE",
	"GUILD_MEMBER_UPDATE",
	"GUILD_ROLE_CREATE",
	"GUILD_ROLE_DELETE",
	"GUILD_ROLE_UPDATE",
	"GUILD_SCHEDULED_EVENT_CREATE",
	"GUILD_SCHEDULED_EVENT_DELETE",
	"GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE",
	"GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE",
	"GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE",
	"GUILD_SCHEDULED_EVENT_UPDATE",
	"GUILD_SCHEDULED_EVENT_USER_ADD",
	"GUILD_SCHEDULED_EVENT_USER_REMOVE",
	"GUILD_SOUNDBOARD_SOUNDS_UPDATE",
	"GUILD_SOUNDBOARD_SOUND_CREATE",
	"GUILD_SOUNDBOARD_SOUND_DELETE",
	"GUILD_SOUNDBOARD_SOUND_UPDATE",
	"GUILD_STICKERS_UPDATE",
	"GUILD_UPDATE",
	"INTEGRATION_CREATE",
	"INTEGRATION_DELETE",
	"INTEGRATION_UPDATE",
	"INTERACTION_CREATE",
	"INVITE_CREATE",
	"INVITE_DELETE",
	"MESSAGE_CREATE",
	"MESSAGE_DELETE",
	"MESSAGE_DELETE_BULK",
	"MESSAGE_POLL_VOTE_ADD",
	"MESSAGE_POLL_VOTE_REMOVE",
	"MESSAGE_REACTION_ADD",
	"MESSAGE_REACTION_REMOVE",
	"MESSAGE_REACTION_REMOVE_ALL",
	"MESSAGE_REACTION_REMOVE_EMOJI",
	"MESSAGE_UPDATE",
	"PRESENCE_UPDATE",
	"RATE_LIMITED",
	"READY",
	"RESUMED",
	"SOUNDBOARD_SOUNDS",
	"STAGE_INSTANCE_CREATE",
	"STAGE_INSTANCE_DELETE",
	"STAGE_INSTANCE_UPDATE",
	"SUBSCRIPTION_CREATE",
	"SUBSCRIPTION_DELETE",
	"SUBSCRIPTION_UPDATE",
	"THREAD_CREATE",
	"THREAD_DELETE",
	"THREAD_LIST_SYNC",
	"THREAD_MEMBERS_UPDATE",
	"THREAD_MEMBER_UPDATE",
	"THREAD_UPDATE",
	"TYPING_START",
	"USER_UPDATE",
	"VOICE_CHANNEL_EFFECT_SEND",
	"VOICE_CHANNEL_START_TIME_UPDATE",
	"VOICE_CHANNEL_STATUS_UPDATE",
	"VOICE_SERVER_UPDATE",
	"VOICE_STATE_UPDATE",
	"WEBHOOKS_UPDATE",
	Unknown,
}
