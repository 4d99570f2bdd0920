package catalog

// Names of the attributes of spans and events. Those that the labels of metrics
// share have the same values. Others are OpenTelemetry's
// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/).
const (
	AttrShard      = "discord.shard.id"
	AttrType       = "discord.interaction.type"
	AttrCommand    = "discord.command"
	AttrOutcome    = "discord.interaction.outcome"
	AttrReceiptAge = "discord.interaction.receipt_age" // s
	AttrErrorType  = "error.type"
	AttrTask       = "discord.task"

	// Ids, by option only.
	AttrInteractionID = "discord.interaction.id"
	AttrGuildID       = "discord.guild.id"
	AttrChannelID     = "discord.channel.id"
	AttrUserID        = "discord.user.id"

	AttrConnectOutcome = "discord.gateway.outcome"
	AttrRateLimitScope = "discord.ratelimit.scope"
	AttrErrorCode      = "discord.error.code"

	AttrMethod        = "http.request.method"
	AttrResendCount   = "http.request.resend_count"
	AttrStatusCode    = "http.response.status_code"
	AttrServerAddress = "server.address"
	AttrServerPort    = "server.port"
	AttrURLTemplate   = "url.template"
)
