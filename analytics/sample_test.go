package analytics_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/argus-dgo/argus/analytics"
)

// The names of events, as docs/EVENTS.md has them.
const (
	completed   = "discord.interaction.completed"
	joined      = "discord.guild.joined"
	left        = "discord.guild.left"
	unavailable = "discord.guild.unavailable"
	rateLimit   = "discord.ratelimit"
)

// An event is a row as a writer has it. What is nil is absent.
type event struct {
	time                          time.Time
	name                          string
	id                            uuid.UUID
	bot, region, cluster, version string

	shard *string
	guild *uint64

	kind, command, outcome, errorType *string
	receipt, answer, handler          *float32
	locale, context, installation     *string
	user                              *string

	scope, route, method *string
	retry                *float32
}

// row has the values in the order of analytics.Columns.
func (e event) row() []any {
	var text *string
	var seconds *float32
	var count *uint32
	return []any{
		e.time, e.name, e.id, e.bot, e.region, e.cluster, e.version, e.shard, e.guild,
		e.kind, e.command, e.outcome, e.errorType, e.receipt, e.answer, e.handler,
		e.locale, e.context, e.installation, e.user,
		text, text, seconds,
		e.scope, e.route, e.method, e.retry,
		count, count, seconds, count,
	}
}

// insert writes a batch.
func insert(ctx context.Context, conn driver.Conn, token string, batch []event) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(analytics.InsertSettings(token)))
	b, err := conn.PrepareBatch(ctx, analytics.InsertStatement())
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }()
	for _, e := range batch {
		if err := b.Append(e.row()...); err != nil {
			return err
		}
	}
	return b.Send()
}

// hostile has names that mean something to SQL, to HTTP, to JSON or to a terminal.
var hostile = []string{
	"'; DROP TABLE events; --", `\`, `a\tb`, "a\tb\nc\r\x00d", `"quoted"`, "{bot:String}", "%00&query=", "\u202eabc", "ünïcödé 😀", "", "NULL", `\N`,
}

// A world makes the same events for the same seed and time.
type world struct {
	r    *rand.Rand
	end  time.Time // no event is of this time or later, but those of a wrong clock
	span time.Duration
}

// The world's bots. All events of secondBot are to be written twice, in different batches.
const (
	firstBot  = "first"
	secondBot = "second"
)

// guildBase lies above 2^53, so that a number of JavaScript would not do.
const guildBase = 1_200_000_000_000_000_001

// events makes n events. Some are late, and some have a clock that is a year ahead.
func (w world) events(n int) []event {
	all := make([]event, n)
	for i := range all {
		e := event{
			id:      uuid.UUID{0: 0x40, 1: byte(i >> 24), 2: byte(i >> 16), 3: byte(i >> 8), 4: byte(i), 15: 1},
			time:    w.end.Add(-time.Duration(1+w.r.Int64N(w.span.Milliseconds())) * time.Millisecond),
			bot:     pick(w.r, firstBot, firstBot, firstBot, secondBot),
			region:  pick(w.r, "eu", "us", ""),
			cluster: pick(w.r, "0", "1", "2"), // a region has clusters of the same names
			version: pick(w.r, "v1", "v2"),
		}
		switch w.r.IntN(200) {
		case 0:
			e.time = e.time.AddDate(0, 0, -5)
		case 1:
			e.time = e.time.AddDate(1, 0, 0)
		}
		if w.r.IntN(10) > 0 {
			e.shard = new(pick(w.r, "0", "1", "other"))
		}
		if w.r.IntN(5) > 0 {
			e.guild = new(uint64(guildBase + w.r.IntN(300)))
		}
		switch d := w.r.IntN(100); {
		case d < 3:
			e.name = joined
		case d < 5:
			e.name = left
		case d < 6:
			e.name = unavailable
		case d < 8:
			e.name = rateLimit
			e.scope, e.route, e.method = new("user"), new("/channels/{id}/messages"), maybe(w.r, "POST")
			e.retry = new(float32(w.r.IntN(1000)) / 1000)
		default:
			w.interaction(&e)
		}
		all[i] = e
	}
	return all
}

func (w world) interaction(e *event) {
	e.name = completed
	e.kind = new(pick(w.r, "application_command", "application_command", "autocomplete", "message_component"))
	if *e.kind != "message_component" {
		e.command = new(fmt.Sprintf("command %d", w.r.IntN(20)))
		if w.r.IntN(50) == 0 {
			e.command = new(hostile[w.r.IntN(len(hostile))])
		}
	}
	if w.r.IntN(20) > 0 {
		e.outcome = new(pick(w.r, "in_time", "in_time", "in_time", "in_time", "late", "rejected", "missed", "answered_elsewhere", "superseded"))
	}
	if w.r.IntN(8) > 0 {
		e.handler = new(float32(w.r.ExpFloat64() * 0.2))
		if w.r.IntN(12) == 0 {
			e.errorType = new(pick(w.r, "timeout", "50013", "other", ""))
		}
	}
	if w.r.IntN(3) > 0 {
		e.receipt, e.answer = new(w.r.Float32()), new(w.r.Float32())
	}
	e.locale, e.context, e.installation = maybe(w.r, "en-US", "de", "ja", "other"), maybe(w.r, "guild", "bot_dm"), maybe(w.r, "guild", "user", "guild_and_user")
	if w.r.IntN(4) > 0 {
		e.user = new(fmt.Sprintf("%032x", w.r.IntN(2000)))
	}
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// maybe returns nil or one of the values.
func maybe(r *rand.Rand, values ...string) *string {
	n := r.IntN(len(values) + 1)
	if n == len(values) {
		return nil
	}
	return &values[n]
}

// batchSize is that of a writer with much to do.
const batchSize = 5000

// write inserts all events, as writers do whose connection breaks now and then: one batch
// in four is repeated with its token. Those of secondBot are then written once more, in
// other batches, as by a second way.
func write(ctx context.Context, t *testing.T, conn driver.Conn, all []event) {
	t.Helper()
	send := func(name string, batch []event) {
		if err := insert(ctx, conn, name, batch); err != nil {
			t.Fatalf("batch %s: %v", name, err)
		}
	}
	for n := 0; n*batchSize < len(all); n++ {
		batch := all[n*batchSize : min((n+1)*batchSize, len(all))]
		name := fmt.Sprintf("%s/%d", t.Name(), n)
		send(name, batch)
		if n%4 == 0 {
			send(name, batch)
		}
	}
	var again []event
	for _, e := range all {
		if e.bot == secondBot {
			again = append(again, e)
		}
	}
	send(t.Name()+"/again", again)
}
