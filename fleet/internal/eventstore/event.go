package eventstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"math"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/catalog"
)

// The bits of the column flags.
const (
	isInteraction = 1 << iota
	hasFailed
	isInTime
	isNotInTime
	isJoin
	isLeave
	isOutage
)

func flagsOf(r *event.Row) (flags int64) {
	switch r.Name {
	case catalog.EventInteractionCompleted.Name:
		flags = isInteraction
		if r.ErrorType.Valid {
			flags |= hasFailed
		}
		switch r.Outcome.V {
		case catalog.AckInTime:
			flags |= isInTime
		case catalog.AckLate, catalog.AckRejected, catalog.AckMissed:
			flags |= isNotInTime
		}
	case catalog.EventGuildJoined.Name:
		flags = isJoin
	case catalog.EventGuildLeft.Name:
		flags = isLeave
	case catalog.EventGuildUnavailable.Name:
		flags = isOutage
	}
	return flags
}

// A record is an event with the ids of its texts. That of an absent text is 0.
type record struct {
	row      *event.Row
	at       int64 // ms
	guild    int64
	flags    int64
	filed    int64
	received time.Time

	event, bot, region, cluster, version, shard, size int64
	kind, command, outcome, errorType                 int64
	locale, context, installation                     int64
}

// record gives an event the ids of its texts, and new ones where it has to.
func (s *Store) record(ctx context.Context, row *event.Row, received time.Time) (*record, error) {
	r := &record{row: row, at: row.Time.UnixMilli(), flags: flagsOf(row), filed: filed(row.Time, received), received: received}
	if row.GuildID.Valid {
		r.guild = int64(row.GuildID.V) //nolint:gosec // the bits
	}
	today := dayOf(received)
	for _, text := range []struct {
		kind  kind
		value sql.Null[string]
		into  *int64
	}{
		{ofBot, set(row.Bot), &r.bot},
		{ofRegion, set(row.Region), &r.region},
		{ofCluster, set(row.Cluster), &r.cluster},
		{ofVersion, set(row.Version), &r.version},
		{ofEvent, set(row.Name), &r.event},
		{ofShard, row.Shard, &r.shard},
		{ofSize, row.GuildSize, &r.size},
		{ofType, row.Type, &r.kind},
		{ofCommand, row.Command, &r.command},
		{ofOutcome, row.Outcome, &r.outcome},
		{ofErrorType, row.ErrorType, &r.errorType},
		{ofLocale, row.Locale, &r.locale},
		{ofContext, row.Context, &r.context},
		{ofInstallation, row.Installation, &r.installation},
	} {
		if !text.value.Valid {
			continue
		}
		var err error
		if *text.into, err = s.text(ctx, text.kind, text.value.V, today); err != nil {
			return r, err
		}
	}
	return r, nil
}

func set(text string) sql.Null[string] { return sql.Null[string]{V: text, Valid: true} }

const insertEvent = `INSERT OR IGNORE INTO events_DAY (
	guild, time, id, event, flags, bot, region, cluster, version, shard, size, type, command, outcome, error_type,
	receipt_age, answer_duration, handler_duration, locale, context, installation, user, arrival, more
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// insert writes an event, unless it is there.
func (s *Store) insert(ctx context.Context, r *record) (inserted bool, err error) {
	more, err := moreOf(r.row)
	if err != nil {
		return false, err
	}
	user, err := userOf(r.row)
	if err != nil {
		return false, err
	}
	n, err := s.exec(ctx, ofDay(insertEvent, r.filed), r.guild, r.at, r.row.ID[:], r.event, r.flags, r.bot, r.region, r.cluster, r.version,
		present(r.shard), present(r.size), present(r.kind), present(r.command), present(r.outcome), present(r.errorType),
		bits(r.row.ReceiptAge), bits(r.row.AnswerDuration), bits(r.row.HandlerDuration),
		present(r.locale), present(r.context), present(r.installation), user, r.received.UnixMilli()-r.at, more)
	return n > 0, err
}

func present(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func bits(duration sql.Null[float64]) any {
	if !duration.Valid {
		return nil
	}
	return int64(math.Float32bits(float32(duration.V)))
}

func userOf(r *event.Row) (any, error) {
	if !r.UserHash.Valid {
		return nil, nil
	}
	return hex.DecodeString(r.UserHash.V)
}

// more is what few events have.
type more struct {
	CloseCode          *string  `json:"close_code,omitempty"`
	CloseInitiator     *string  `json:"close_initiator,omitempty"`
	ConnectionDuration *float64 `json:"connection_duration,omitempty"`
	RateLimitScope     *string  `json:"ratelimit_scope,omitempty"`
	Route              *string  `json:"route,omitempty"`
	Method             *string  `json:"method,omitempty"`
	RetryAfter         *float64 `json:"retry_after,omitempty"`

	SessionStartsRemaining *uint32  `json:"session_starts_remaining,omitempty"`
	SessionStartsLimit     *uint32  `json:"session_starts_limit,omitempty"`
	SessionStartsReset     *float64 `json:"session_starts_reset,omitempty"`
	SessionStartsAtOnce    *uint32  `json:"session_starts_at_once,omitempty"`
}

func moreOf(r *event.Row) (any, error) {
	m := more{
		pointer(r.CloseCode), pointer(r.CloseInitiator), pointer(r.ConnectionDuration),
		pointer(r.RateLimitScope), pointer(r.Route), pointer(r.Method), pointer(r.RetryAfter),
		pointer(r.SessionStartsRemaining), pointer(r.SessionStartsLimit), pointer(r.SessionStartsReset), pointer(r.SessionStartsAtOnce),
	}
	if m == (more{}) {
		return nil, nil
	}
	text, err := json.Marshal(m)
	return string(text), err
}

func pointer[T any](n sql.Null[T]) *T {
	if !n.Valid {
		return nil
	}
	return &n.V
}
