package analytics

import (
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A Column is one of the table events that a writer fills.
type Column struct {
	Name string
	// Attribute is that of the log record or its resource whose value the column has. It
	// is empty for the time and the name of the event.
	Attribute string
	// Type is ClickHouse's.
	Type string

	values func([]event.Row) any
}

// The types that several columns have.
const (
	textType    = "LowCardinality(String)"
	labelType   = "LowCardinality(Nullable(String))"
	secondsType = "Nullable(Float32)"
	countType   = "Nullable(UInt32)"
)

var columns = []Column{
	{"time", "", "DateTime64(3, 'UTC')", each(func(r *event.Row) time.Time { return r.Time })},
	{"event", "", textType, each(func(r *event.Row) string { return r.Name })},
	{"event_id", catalog.AttrRecordUID, "UUID", each(func(r *event.Row) uuid.UUID { return uuid.UUID(r.ID) })},
	{"bot", "bot", textType, each(func(r *event.Row) string { return r.Bot })},
	{"region", "region", textType, each(func(r *event.Row) string { return r.Region })},
	{"cluster", "cluster", textType, each(func(r *event.Row) string { return r.Cluster })},
	{"version", "service.version", textType, each(func(r *event.Row) string { return r.Version })},
	{"shard", catalog.AttrShard, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Shard })},
	{"guild_id", catalog.AttrGuildID, "Nullable(UInt64)", pointers(func(r *event.Row) *sql.Null[uint64] { return &r.GuildID })},
	{"guild_size", catalog.AttrGuildSize, labelType, labels(func(r *event.Row) sql.Null[string] { return r.GuildSize })},
	{"interaction_type", catalog.AttrType, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Type })},
	{"command", catalog.AttrCommand, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Command })},
	{"outcome", catalog.AttrOutcome, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Outcome })},
	{"error_type", catalog.AttrErrorType, labelType, labels(func(r *event.Row) sql.Null[string] { return r.ErrorType })},
	{"receipt_age", catalog.AttrReceiptAge, secondsType, seconds(func(r *event.Row) sql.Null[float64] { return r.ReceiptAge })},
	{"answer_duration", catalog.AttrAnswerDuration, secondsType, seconds(func(r *event.Row) sql.Null[float64] { return r.AnswerDuration })},
	{"handler_duration", catalog.AttrHandlerDuration, secondsType, seconds(func(r *event.Row) sql.Null[float64] { return r.HandlerDuration })},
	{"locale", catalog.AttrLocale, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Locale })},
	{"context", catalog.AttrContext, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Context })},
	{"installation", catalog.AttrInstallation, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Installation })},
	{"user_hash", catalog.AttrUserHash, "Nullable(FixedString(32))", pointers(func(r *event.Row) *sql.Null[string] { return &r.UserHash })},
	{"close_code", catalog.AttrCloseCode, labelType, labels(func(r *event.Row) sql.Null[string] { return r.CloseCode })},
	{"close_initiator", catalog.AttrInitiator, labelType, labels(func(r *event.Row) sql.Null[string] { return r.CloseInitiator })},
	{"connection_duration", catalog.AttrConnectionDuration, secondsType, seconds(func(r *event.Row) sql.Null[float64] { return r.ConnectionDuration })},
	{"ratelimit_scope", catalog.AttrRateLimitScope, labelType, labels(func(r *event.Row) sql.Null[string] { return r.RateLimitScope })},
	{"route", catalog.AttrURLTemplate, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Route })},
	{"method", catalog.AttrMethod, labelType, labels(func(r *event.Row) sql.Null[string] { return r.Method })},
	{"retry_after", catalog.AttrRetryAfter, secondsType, seconds(func(r *event.Row) sql.Null[float64] { return r.RetryAfter })},
	{"session_starts_remaining", catalog.AttrStartRemaining, countType, pointers(func(r *event.Row) *sql.Null[uint32] { return &r.SessionStartsRemaining })},
	{"session_starts_limit", catalog.AttrStartLimit, countType, pointers(func(r *event.Row) *sql.Null[uint32] { return &r.SessionStartsLimit })},
	{"session_starts_reset", catalog.AttrStartResetAfter, secondsType, seconds(func(r *event.Row) sql.Null[float64] { return r.SessionStartsReset })},
	{"session_starts_at_once", catalog.AttrStartConcurrency, countType, pointers(func(r *event.Row) *sql.Null[uint32] { return &r.SessionStartsAtOnce })},
}

// each returns the values of a field that each event has.
func each[T any](field func(*event.Row) T) func([]event.Row) any {
	return func(rows []event.Row) any {
		values := make([]T, len(rows))
		for n := range rows {
			values[n] = field(&rows[n])
		}
		return values
	}
}

// labels returns strings and nil. clickhouse-go v2.51.0 would make an entry of the
// dictionary for each pointer to a string.
func labels(field func(*event.Row) sql.Null[string]) func([]event.Row) any {
	return func(rows []event.Row) any {
		values := make([]any, len(rows))
		for n := range rows {
			if f := field(&rows[n]); f.Valid {
				values[n] = f.V
			}
		}
		return values
	}
}

// pointers returns pointers to the rows, which are nil where a value is absent.
func pointers[T any](field func(*event.Row) *sql.Null[T]) func([]event.Row) any {
	return func(rows []event.Row) any {
		values := make([]*T, len(rows))
		for n := range rows {
			if f := field(&rows[n]); f.Valid {
				values[n] = &f.V
			}
		}
		return values
	}
}

func seconds(field func(*event.Row) sql.Null[float64]) func([]event.Row) any {
	return func(rows []event.Row) any {
		values, all := make([]*float32, len(rows)), make([]float32, len(rows))
		for n := range rows {
			if f := field(&rows[n]); f.Valid {
				all[n] = float32(f.V)
				values[n] = &all[n]
			}
		}
		return values
	}
}

// Columns returns the columns that a writer fills, in the order of [InsertStatement].
func Columns() []Column { return slices.Clone(columns) }

// InsertStatement returns the INSERT of events, with its list of columns: without one, a
// column that a later version adds would break the writers of this one.
func InsertStatement() string { return insertInto(columns) }

func insertInto(columns []Column) string {
	names := make([]string, len(columns))
	for n, c := range columns {
		names[n] = c.Name
	}
	return "INSERT INTO events (" + strings.Join(names, ", ") + ")"
}
