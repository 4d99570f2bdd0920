package event

import (
	"database/sql"
	"time"
)

// A Row is one event. An invalid sql.Null is absent, which is not the empty string or 0.
type Row struct {
	Time time.Time // as the process says; stores keep milliseconds in UTC
	Name string
	ID   ID

	// Who says so. Empty is not set, as in Prometheus.
	Bot, Region, Cluster string
	Version              string // of the bot

	Shard   sql.Null[string] // "other" above 4,096 shards
	GuildID sql.Null[uint64]
	// GuildSize is the bucket that the number of members is in.
	GuildSize sql.Null[string]

	Type            sql.Null[string] // of the interaction
	Command         sql.Null[string]
	Outcome         sql.Null[string]
	ErrorType       sql.Null[string]
	ReceiptAge      sql.Null[float64] // s
	AnswerDuration  sql.Null[float64] // s
	HandlerDuration sql.Null[float64] // s
	Locale          sql.Null[string]
	Context         sql.Null[string]
	Installation    sql.Null[string]
	UserHash        sql.Null[string] // 32 hexadecimal digits

	CloseCode          sql.Null[string]
	CloseInitiator     sql.Null[string]
	ConnectionDuration sql.Null[float64] // s

	RateLimitScope sql.Null[string]
	Route          sql.Null[string]
	Method         sql.Null[string]
	RetryAfter     sql.Null[float64] // s

	SessionStartsRemaining sql.Null[uint32]
	SessionStartsLimit     sql.Null[uint32]
	SessionStartsReset     sql.Null[float64] // s
	SessionStartsAtOnce    sql.Null[uint32]
}
