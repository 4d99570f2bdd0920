package analytics

import (
	"slices"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A Column is one of the table events that a writer fills.
type Column struct {
	Name string
	// Attribute is that of the log record or its resource whose value the column has. It
	// is empty for the time and the name of the event.
	Attribute string
}

var columns = []Column{
	{Name: "time"},
	{Name: "event"},
	{"event_id", catalog.AttrRecordUID},
	{"bot", "bot"},
	{"region", "region"},
	{"cluster", "cluster"},
	{"version", "service.version"},
	{"shard", catalog.AttrShard},
	{"guild_id", catalog.AttrGuildID},
	{"guild_size", catalog.AttrGuildSize},
	{"interaction_type", catalog.AttrType},
	{"command", catalog.AttrCommand},
	{"outcome", catalog.AttrOutcome},
	{"error_type", catalog.AttrErrorType},
	{"receipt_age", catalog.AttrReceiptAge},
	{"answer_duration", catalog.AttrAnswerDuration},
	{"handler_duration", catalog.AttrHandlerDuration},
	{"locale", catalog.AttrLocale},
	{"context", catalog.AttrContext},
	{"installation", catalog.AttrInstallation},
	{"user_hash", catalog.AttrUserHash},
	{"close_code", catalog.AttrCloseCode},
	{"close_initiator", catalog.AttrInitiator},
	{"connection_duration", catalog.AttrConnectionDuration},
	{"ratelimit_scope", catalog.AttrRateLimitScope},
	{"route", catalog.AttrURLTemplate},
	{"method", catalog.AttrMethod},
	{"retry_after", catalog.AttrRetryAfter},
	{"session_starts_remaining", catalog.AttrStartRemaining},
	{"session_starts_limit", catalog.AttrStartLimit},
	{"session_starts_reset", catalog.AttrStartResetAfter},
	{"session_starts_at_once", catalog.AttrStartConcurrency},
}

// Columns returns the columns that a writer fills, in the order of [InsertStatement].
func Columns() []Column { return slices.Clone(columns) }

// InsertStatement returns the INSERT of events, with its list of columns: without one, a
// column that a later version adds would break the writers of this one.
func InsertStatement() string {
	names := make([]string, len(columns))
	for n, c := range columns {
		names[n] = c.Name
	}
	return "INSERT INTO events (" + strings.Join(names, ", ") + ")"
}
