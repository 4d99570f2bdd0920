package eventstore

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"math"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
)

// A stored event is one as its table has it.
type stored struct {
	guild, at int64
	id        []byte

	event, bot, region, cluster, version           int64
	shard, size, kind, command, outcome, errorType sql.Null[int64]
	receiptAge, answerDuration, handlerDuration    sql.Null[int64]
	locale, context, installation                  sql.Null[int64]
	user                                           []byte
	arrival                                        int64
	more                                           sql.Null[string]
}

func (r *stored) fields() []any {
	return []any{
		&r.guild, &r.at, &r.id, &r.event, &r.bot, &r.region, &r.cluster, &r.version, &r.shard, &r.size, &r.kind, &r.command, &r.outcome, &r.errorType,
		&r.receiptAge, &r.answerDuration, &r.handlerDuration, &r.locale, &r.context, &r.installation, &r.user, &r.arrival, &r.more,
	}
}

// restore makes the event again that was stored.
func (t *texts) restore(r *stored) (event.Row, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	text := func(id sql.Null[int64]) sql.Null[string] { return sql.Null[string]{V: t.names[id.V], Valid: id.Valid} }
	row := event.Row{
		Time: time.UnixMilli(r.at).UTC(), Name: t.names[r.event], ID: event.ID(r.id),
		Bot: t.names[r.bot], Region: t.names[r.region], Cluster: t.names[r.cluster], Version: t.names[r.version],
		Shard: text(r.shard), GuildSize: text(r.size), Type: text(r.kind), Command: text(r.command), Outcome: text(r.outcome), ErrorType: text(r.errorType),
		ReceiptAge: number(r.receiptAge), AnswerDuration: number(r.answerDuration), HandlerDuration: number(r.handlerDuration),
		Locale: text(r.locale), Context: text(r.context), Installation: text(r.installation),
	}
	if r.guild != 0 {
		row.GuildID = sql.Null[uint64]{V: uint64(r.guild), Valid: true} //nolint:gosec // the bits
	}
	if r.user != nil {
		row.UserHash = set(hex.EncodeToString(r.user))
	}
	if !r.more.Valid {
		return row, nil
	}
	var m more
	if err := json.Unmarshal([]byte(r.more.V), &m); err != nil {
		return event.Row{}, err
	}
	row.CloseCode, row.CloseInitiator, row.ConnectionDuration = null(m.CloseCode), null(m.CloseInitiator), null(m.ConnectionDuration)
	row.RateLimitScope, row.Route, row.Method, row.RetryAfter = null(m.RateLimitScope), null(m.Route), null(m.Method), null(m.RetryAfter)
	row.SessionStartsRemaining, row.SessionStartsLimit = null(m.SessionStartsRemaining), null(m.SessionStartsLimit)
	row.SessionStartsReset, row.SessionStartsAtOnce = null(m.SessionStartsReset), null(m.SessionStartsAtOnce)
	return row, nil
}

// number is the opposite of bits.
func number(bits sql.Null[int64]) sql.Null[float64] {
	if !bits.Valid {
		return sql.Null[float64]{}
	}
	return sql.Null[float64]{V: float64(math.Float32frombits(uint32(bits.V))), Valid: true} //nolint:gosec // the bits
}

// null is the opposite of pointer.
func null[T any](p *T) sql.Null[T] {
	if p == nil {
		return sql.Null[T]{}
	}
	return sql.Null[T]{V: *p, Valid: true}
}
