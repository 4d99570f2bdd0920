package figurestest

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/catalog"
)

// The bots of a [Sample].
const (
	FirstBot  = "first"
	SecondBot = "second"
)

// GuildBase is the lowest id of a guild of a [Sample]. It lies above 2^53, so that a number
// of JavaScript would not do.
const GuildBase = 1_200_000_000_000_000_001

// guilds is the number of guilds of each bot.
const guilds = 300

// A Sample makes the same events for the same seed and time.
type Sample struct {
	Seed uint64
	// End is after all events, except those of a wrong clock. It is a whole hour.
	End time.Time
	// Span is the time before End that has events. Above two days some arrive late.
	Span time.Duration
}

// Hostile returns names that mean something to SQL, to HTTP, to JSON or to a terminal.
func Hostile() []string {
	return []string{
		"'; DROP TABLE events; --", `\`, `a\tb`, "a\tb\nc\r\x00d", `"quoted"`, "{bot:String}", "%00&query=", "\u202eabc", "ünïcödé 😀", "", "NULL", `\N`,
	}
}

// Rows makes n events, of all kinds. One in 200 is five days late, and one in 200 has a
// clock that is a year ahead. Durations have the precision of float32.
func (s Sample) Rows(n int) []event.Row {
	m := maker{rand.New(rand.NewPCG(s.Seed, 1)), s, Hostile()} //nolint:gosec // not for secrets
	rows := make([]event.Row, n)
	for i := range rows {
		rows[i] = m.row(i)
	}
	return rows
}

type maker struct {
	*rand.Rand
	Sample
	hostile []string
}

func (m maker) row(i int) event.Row {
	r := event.Row{
		Time:    m.End.Add(-time.Duration(1+m.Int64N(m.Span.Milliseconds())) * time.Millisecond),
		Bot:     pick(m, FirstBot, FirstBot, FirstBot, SecondBot),
		Region:  pick(m, "eu", "us", ""),
		Cluster: pick(m, "0", "1", "2"), // each region has clusters of these names
		Version: pick(m, "v1", "v1", "v2", "v2", ""),
	}
	r.ID[0] = 0x40
	binary.BigEndian.PutUint32(r.ID[1:], uint32(i)) //nolint:gosec // not negative
	binary.BigEndian.PutUint64(r.ID[8:], m.Seed)
	if m.IntN(5) > 0 {
		m.guild(&r)
	}
	switch m.IntN(200) {
	case 0:
		r.Time = r.Time.AddDate(0, 0, -5)
	case 1:
		r.Time = r.Time.AddDate(1, 0, 0)
	}
	if m.IntN(10) > 0 {
		r.Shard = some(pick(m, "0", "1", "other"))
	}
	switch d := m.IntN(100); {
	case d < 3:
		r.Name = catalog.EventGuildJoined.Name
	case d < 5:
		r.Name = catalog.EventGuildLeft.Name
	case d < 6:
		r.Name = catalog.EventGuildUnavailable.Name
	case d < 8:
		m.rateLimit(&r)
	case d < 9:
		m.gateway(&r)
	default:
		m.interaction(&r)
	}
	return r
}

// guild gives an event a guild. One in seven has no known size, and one in ten grows in
// the middle of the span.
func (m maker) guild(r *event.Row) {
	n := m.IntN(guilds)
	r.GuildID = some(uint64(GuildBase + n)) //nolint:gosec // n is positive
	sizes := catalog.GuildSizes()
	size := n % (len(sizes) - 1)
	if n%10 == 0 && r.Time.After(m.End.Add(-m.Span/2)) {
		size++
	}
	if n%7 > 0 && m.IntN(5) > 0 {
		r.GuildSize = some(sizes[size])
	}
}

func (m maker) rateLimit(r *event.Row) {
	r.Name, r.GuildID, r.GuildSize = catalog.EventRateLimit.Name, sql.Null[uint64]{}, sql.Null[string]{}
	r.RateLimitScope, r.Route, r.Method = some("user"), some("/channels/{id}/messages"), maybe(m, "POST")
	r.RetryAfter = m.seconds()
}

func (m maker) gateway(r *event.Row) {
	r.GuildID, r.GuildSize = sql.Null[uint64]{}, sql.Null[string]{}
	if m.IntN(2) == 0 {
		r.Name = catalog.EventSessionStart.Name
		r.SessionStartsRemaining, r.SessionStartsLimit, r.SessionStartsAtOnce = some(m.Uint32N(1000)), some(uint32(1000)), some(uint32(1))
		r.SessionStartsReset = m.seconds()
		return
	}
	r.Name = catalog.EventShardDisconnected.Name
	r.CloseCode, r.CloseInitiator, r.ConnectionDuration = some("4000"), some("discord"), m.seconds()
}

func (m maker) interaction(r *event.Row) {
	r.Name = catalog.EventInteractionCompleted.Name
	r.Type = some(pick(m, "application_command", "application_command", "autocomplete", "message_component"))
	if r.Type.V != "message_component" {
		r.Command = some(fmt.Sprintf("command %d", m.IntN(20)))
		if m.IntN(50) == 0 {
			r.Command = some(pick(m, m.hostile...))
		}
	}
	if m.IntN(20) > 0 {
		r.Outcome = some(pick(m, "in_time", "in_time", "in_time", "in_time", "late", "rejected", "missed", "answered_elsewhere", "superseded"))
	}
	if m.IntN(8) > 0 {
		r.HandlerDuration = m.seconds()
		if m.IntN(12) == 0 {
			r.ErrorType = some(pick(m, "timeout", "50013", "other", ""))
		}
	}
	if m.IntN(3) > 0 {
		r.ReceiptAge, r.AnswerDuration = m.seconds(), m.seconds()
	}
	r.Locale = maybe(m, "en-US", "de", "ja", "other")
	r.Context, r.Installation = maybe(m, "guild", "bot_dm"), maybe(m, "guild", "user", "guild_and_user")
	if m.IntN(4) > 0 {
		r.UserHash = some(fmt.Sprintf("%032x", m.IntN(2000)))
	}
}

func (m maker) seconds() sql.Null[float64] { return some(float64(float32(m.ExpFloat64() * 0.2))) }

func some[T any](value T) sql.Null[T] { return sql.Null[T]{V: value, Valid: true} }

func pick[T any](m maker, values ...T) T { return values[m.IntN(len(values))] }

// maybe returns nothing or one of the values.
func maybe(m maker, values ...string) sql.Null[string] {
	if n := m.IntN(len(values) + 1); n < len(values) {
		return some(values[n])
	}
	return sql.Null[string]{}
}
