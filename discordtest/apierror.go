package discordtest

import "net/http"

// An apiError is one of Discord's JSON errors.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes
type apiError struct {
	status, code int
	message      string
}

func unknown(code int, what string) apiError {
	return apiError{http.StatusNotFound, code, "Unknown " + what}
}

var (
	unknownApplication    = unknown(10002, "Application")
	unknownChannel        = unknown(10003, "Channel")
	unknownGuild          = unknown(10004, "Guild")
	unknownIntegration    = unknown(10005, "Integration")
	unknownInvite         = unknown(10006, "Invite")
	unknownMember         = unknown(10007, "Member")
	unknownMessage        = unknown(10008, "Message")
	unknownRole           = unknown(10011, "Role")
	unknownUser           = unknown(10013, "User")
	unknownEmoji          = unknown(10014, "Emoji")
	unknownWebhook        = unknown(10015, "Webhook")
	unknownBan            = unknown(10026, "Ban")
	unknownEntitlement    = unknown(10029, "Entitlement")
	unknownTemplate       = unknown(10057, "Guild Template")
	unknownSticker        = unknown(10060, "Sticker")
	unknownStickerPack    = unknown(10061, "Sticker Pack")
	unknownVoiceState     = unknown(10065, "Voice State")
	unknownStage          = unknown(10067, "Stage Instance")
	unknownScheduledEvent = unknown(10070, "Guild Scheduled Event")
	unknownSound          = unknown(10097, "Sound")

	// notFound is Discord's error for what has no code of its own.
	notFound    = apiError{http.StatusNotFound, 0, "404: Not Found"}
	invalidForm = apiError{http.StatusBadRequest, 50035, "Invalid Form Body"}
)

func writeAPIError(w http.ResponseWriter, e apiError) { writeError(w, e.status, e.code, e.message) }
