package instrument_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A logBook is a log processor that keeps what is emitted, as long as the context lets
// it export that.
type logBook struct {
	mu      sync.Mutex
	records []sdklog.Record
}

func (*logBook) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

func (l *logBook) OnEmit(ctx context.Context, r *sdklog.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r.Clone())
	return nil
}

func (*logBook) Shutdown(context.Context) error   { return nil }
func (*logBook) ForceFlush(context.Context) error { return nil }

func (l *logBook) all() []sdklog.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.records)
}

// option sends the events of an instrumentation to the book.
func (l *logBook) option() instrument.Option {
	return instrument.WithLoggerProvider(sdklog.NewLoggerProvider(sdklog.WithProcessor(l)))
}

// line writes an event as text: its severity, name and body, and its attributes, of
// which durations are left out.
func line(r *sdklog.Record) string {
	var attributes []string
	r.WalkAttributes(func(kv attribute.KeyValue) bool {
		if kv.Value.Type() != attribute.FLOAT64 && kv.Key != catalog.AttrRecordUID {
			attributes = append(attributes, fmt.Sprintf("%s=%s", kv.Key, kv.Value.String()))
		}
		return true
	})
	body := r.Body()
	return fmt.Sprintf("%s %s %q %s", r.SeverityText(), r.EventName(), body.AsString(), strings.Join(attributes, " "))
}

// lines are the events whose name begins with a prefix.
func (l *logBook) lines(prefix string) (lines []string) {
	for _, r := range l.all() {
		if strings.HasPrefix(r.EventName(), prefix) {
			lines = append(lines, line(&r))
		}
	}
	return lines
}

// awaitEvents waits until the events whose name begins with a prefix are these.
func (b *bench) awaitEvents(l *logBook, prefix string, want ...string) {
	b.Helper()
	b.until("the events", func() bool { return len(l.lines(prefix)) >= len(want) }, func() string { return fmt.Sprintf("%q", l.lines(prefix)) })
	if got := l.lines(prefix); !slices.Equal(got, want) {
		b.Fatalf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// seconds returns the durations of an event.
func seconds(r *sdklog.Record) map[string]float64 {
	durations := map[string]float64{}
	r.WalkAttributes(func(kv attribute.KeyValue) bool {
		if kv.Value.Type() == attribute.FLOAT64 {
			durations[string(kv.Key)] = kv.Value.AsFloat64()
		}
		return true
	})
	return durations
}

// checkCatalog fails the test for each event that is not as the catalog says.
func (l *logBook) checkCatalog(t *testing.T) {
	t.Helper()
	events := map[string]catalog.LogEvent{}
	for _, e := range catalog.LogEvents() {
		events[e.Name] = e
	}
	types := map[catalog.AttributeType]attribute.Type{
		catalog.TypeString: attribute.STRING, catalog.TypeInt: attribute.INT64, catalog.TypeDouble: attribute.FLOAT64,
	}
	ids := map[string]bool{}
	for _, r := range l.all() {
		e, ok := events[r.EventName()]
		if !ok {
			t.Errorf("%s: not in the catalog", line(&r))
			continue
		}
		left := map[string]catalog.EventAttribute{}
		for _, a := range e.Attributes {
			left[a.Name] = a
		}
		r.WalkAttributes(func(kv attribute.KeyValue) bool {
			a, ok := left[string(kv.Key)]
			delete(left, string(kv.Key))
			if kv.Key == catalog.AttrRecordUID {
				if id, err := uuid.Parse(kv.Value.AsString()); err != nil || id.Version() != 7 || ids[id.String()] {
					t.Errorf("%s: the id %s is malformed or another event's", line(&r), kv.Value.AsString())
				}
				ids[kv.Value.AsString()] = true
			}
			if !ok || kv.Value.Type() != types[a.Type] || a.Values != nil && !slices.Contains(a.Values, kv.Value.AsString()) {
				t.Errorf("%s: %s is not as in the catalog", line(&r), kv.Key)
			}
			return true
		})
		for name, a := range left {
			if a.Presence == "" {
				t.Errorf("%s: %s is not there", line(&r), name)
			}
		}
		if warns := e.Warning == catalog.Always; warns && r.SeverityText() != "WARN" || e.Warning == "" && r.SeverityText() != "INFO" {
			t.Errorf("%s: not the severity of the catalog", line(&r))
		}
		if r.InstrumentationScope().Name != instrument.ScopeName {
			t.Errorf("scope %q", r.InstrumentationScope().Name)
		}
		if r.Timestamp().IsZero() || r.ObservedTimestamp().Before(r.Timestamp()) || r.ObservedTimestamp().After(time.Now()) {
			t.Errorf("%s: at %v, observed at %v", line(&r), r.Timestamp(), r.ObservedTimestamp())
		}
	}
}

// checkNoSecrets fails the test if any of the texts is anywhere in an event.
func (l *logBook) checkNoSecrets(t *testing.T, texts ...string) {
	t.Helper()
	for _, r := range l.all() {
		for _, text := range texts {
			if text == "" {
				t.Fatal("nothing to look for")
			}
			if all := fmt.Sprintf("%s %v", line(&r), seconds(&r)); strings.Contains(all, text) {
				t.Errorf("%s has %q", all, text)
			}
		}
	}
}

func TestShardEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	var book logBook
	b := newBench(t, servers(discordtest.WithGuilds(3)), book.option())
	s := b.session(0, 1)
	s.ShouldReconnectOnError = true
	b.attach(s)
	began := time.Now()
	conn := b.steady(s)
	check(t, conn.CloseCode(4000, "because"))
	b.awaitValue(reconnect("resume"), 1)
	conn = b.conn(0)
	check(t, conn.WaitHeartbeats(b.context(), 1))
	check(t, conn.Drop())
	b.awaitValue(reconnect("resume"), 2)
	conn = b.conn(0)
	check(t, conn.WaitHeartbeats(b.context(), 1))
	check(t, conn.Reconnect()) // discordgo ends the connection as Discord wishes
	b.awaitValue(reconnect("resume"), 3)
	conn = b.conn(0)
	check(t, conn.WaitHeartbeats(b.context(), 1))
	check(t, s.Close())
	const (
		connected = `INFO discord.shard.connected "Shard 0 connected to the gateway." discord.shard.id=0`
		resumed   = `INFO discord.shard.resumed "Shard 0 resumed its session." discord.shard.id=0`
	)
	closed := func(severity, code, initiator string) string {
		return fmt.Sprintf(`%s discord.shard.disconnected "Shard 0 disconnected: code %s, initiator %s." discord.shard.id=0 discord.gateway.close.code=%s discord.gateway.close.initiator=%s`,
			severity, code, initiator, code, initiator)
	}
	want := []string{
		connected, `INFO discord.shard.ready "Shard 0 is ready." discord.shard.id=0`,
		closed("WARN", "4000", "discord"), connected, resumed,
		closed("WARN", "none", "network"), connected, resumed,
		closed("INFO", "1012", "client"), connected, resumed,
		closed("INFO", "1000", "client"),
	}
	b.awaitEvents(&book, "discord.shard.", want...)
	if other := len(book.all()) - len(want) - len(book.lines(catalog.EventSessionStart.Name)); other != 0 {
		t.Errorf("%d other events: %q", other, book.lines(""))
	}
	book.checkCatalog(t)
	lived := time.Since(began).Seconds()
	for _, r := range book.all() {
		if r.EventName() != catalog.EventShardDisconnected.Name {
			continue
		}
		if d, ok := seconds(&r)["discord.gateway.connection.duration"]; !ok || d <= 0 || d > lived {
			t.Errorf("a connection of %v s, in a test of %v s", d, lived)
		}
	}
}

// TestLostHeartbeatIsAWarning: the client ends the connection, and not since the bot
// wants it.
func TestLostHeartbeatIsAWarning(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	var book logBook
	b := newBench(t, servers(discordtest.WithHeartbeatInterval(200*time.Millisecond)), book.option())
	s := b.session(0, 1)
	s.ShouldReconnectOnError = true
	b.attach(s)
	conn := b.steady(s)
	conn.Hang()
	b.until("the disconnect", func() bool { return len(book.lines(catalog.EventShardDisconnected.Name)) > 0 }, func() string { return fmt.Sprint(book.lines("")) })
	if got := book.lines(catalog.EventShardDisconnected.Name)[0]; !strings.HasPrefix(got, "WARN ") || !strings.Contains(got, "initiator=client") {
		t.Errorf("%s, want a warning of the client's", got)
	}
	b.awaitValue(up(0), 1)
}

func TestGuildEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	var with, without logBook
	b := newBench(t, servers(discordtest.WithGuilds(guildCount), discordtest.WithMembers(guildMembers)), with.option(), instrument.WithEventGuildIDs(true))
	plain, err := instrument.New(without.option(), instrument.WithMeterProvider(noop.NewMeterProvider()))
	check(t, err)
	t.Cleanup(func() { _ = plain.Close() })
	s := b.session(0, 1)
	s.ShouldReconnectOnError = true
	b.attach(s)
	detach, err := plain.Attach(s)
	check(t, err)
	defer detach()
	conn := b.steady(s)
	b.awaitGuilds(guildCount, 0, guildCount*guildMembers)

	ids := b.srv.Guilds()
	check(t, b.srv.GuildOutage(ids[0]))
	b.awaitGuilds(4, 1, 28)
	check(t, endSession(conn)) // the guilds arrive again, but for the one in the outage
	b.awaitValue(reconnect("identify"), 1)
	b.awaitGuilds(4, 1, 28)
	check(t, b.srv.GuildRecover(ids[0]))
	b.awaitGuilds(5, 0, 35)
	check(t, b.srv.GuildLeave(ids[1]))
	b.awaitGuilds(4, 0, 28)
	joined, err := b.srv.GuildJoin()
	check(t, err)
	b.awaitGuilds(5, 0, 35)
	check(t, b.srv.GuildOutage(joined))
	b.awaitGuilds(4, 1, 28)
	check(t, b.srv.GuildLeave(joined))
	b.awaitGuilds(4, 0, 28)

	const size = " discord.guild.size=under_100"
	var lines, withIDs []string
	for _, e := range []struct{ text, id, size string }{
		{`WARN discord.guild.unavailable "A guild became unavailable." discord.shard.id=0`, ids[0], size},
		{`INFO discord.guild.left "The bot left a guild." discord.shard.id=0`, ids[1], size},
		{`INFO discord.guild.joined "The bot joined a guild." discord.shard.id=0`, joined, size},
		{`WARN discord.guild.unavailable "A guild became unavailable." discord.shard.id=0`, joined, size},
		{`INFO discord.guild.left "The bot left a guild." discord.shard.id=0`, joined, ""}, // forgotten in the outage
	} {
		lines = append(lines, e.text+e.size)
		withIDs = append(withIDs, e.text+" discord.guild.id="+e.id+e.size)
	}
	b.awaitEvents(&without, "discord.guild.", lines...)
	b.awaitEvents(&with, "discord.guild.", withIDs...)
	with.checkCatalog(t)
	without.checkCatalog(t)
	without.checkNoSecrets(t, append(ids, joined)...)
}

// TestGuildEventsAttachedAfterOpen: discordgo's state has forgotten the guild that is in
// an outage, which does not join when it comes back.
func TestGuildEventsAttachedAfterOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	var book logBook
	b := newBench(t, servers(discordtest.WithGuilds(3)), book.option(), instrument.WithEventGuildIDs(true))
	s := b.session(0, 1)
	b.steady(s)
	ids := b.srv.Guilds()
	check(t, b.srv.GuildOutage(ids[0]))
	b.until("discordgo to see the outage", func() bool {
		s.State.RLock()
		defer s.State.RUnlock()
		return len(s.State.Guilds) == 2
	}, func() string { return fmt.Sprint(len(s.State.Guilds)) })
	b.attach(s)
	check(t, b.srv.GuildRecover(ids[0]))
	check(t, b.srv.GuildLeave(ids[1]))
	joined, err := b.srv.GuildJoin()
	check(t, err)
	b.awaitValue("discord.guilds", 3)
	b.awaitEvents(&book, "discord.",
		`INFO discord.guild.left "The bot left a guild." discord.shard.id=0 discord.guild.id=`+ids[1],
		`INFO discord.guild.joined "The bot joined a guild." discord.shard.id=0 discord.guild.id=`+joined+` discord.guild.size=under_100`)
	book.checkCatalog(t)
}

func TestRateLimitEvents(t *testing.T) {
	t.Parallel()
	var book logBook
	b := newBench(t, servers(discordtest.WithGuilds(1)), book.option())
	s := b.session(0, 1)
	b.attach(s)
	channel := b.srv.TextChannel(b.srv.Guilds()[0])
	b.srv.RateLimit(discordtest.RateLimit{Method: "POST", Pattern: "/channels/{id}/messages", Scope: "user", RetryAfter: time.Second, Times: 1})
	_, err := s.ChannelMessageSend(channel, "hello")
	check(t, err)
	b.awaitEvents(&book, "",
		`WARN discord.ratelimit "Discord limited requests: scope user, route /channels/{id}/messages." discord.ratelimit.scope=user url.template=/channels/{id}/messages http.request.method=POST`)
	book.checkCatalog(t)
	book.checkNoSecrets(t, channel)
	r := book.all()[0]
	if got, want := seconds(&r), map[string]float64{"discord.ratelimit.retry_after": 1}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestRateLimitEventsAttachedAfterOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	var book logBook
	b := newBench(t, servers(discordtest.WithGuilds(1)), book.option())
	s := b.session(0, 1)
	b.open(s)
	b.attach(s)
	b.srv.RateLimit(discordtest.RateLimit{Method: "POST", Pattern: "/channels/{id}/messages", Scope: "shared", RetryAfter: 20 * time.Millisecond, Times: 1})
	_, err := s.ChannelMessageSend(b.srv.TextChannel(b.srv.Guilds()[0]), "hello")
	check(t, err)
	b.awaitEvents(&book, "",
		`WARN discord.ratelimit "Discord limited requests: scope unknown, route /channels/{id}/messages." discord.ratelimit.scope=unknown url.template=/channels/{id}/messages`)
	book.checkCatalog(t)
	r := book.all()[0]
	if got, want := seconds(&r), map[string]float64{"discord.ratelimit.retry_after": 0.02}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestSessionStartEvents(t *testing.T) {
	t.Parallel()
	var book logBook
	b := newBench(t, servers(discordtest.WithSessionStartLimit(1000, 994, time.Hour), discordtest.WithMaxConcurrency(16)), book.option())
	s := b.session(0, 1)
	b.attach(s)
	_, err := s.GatewayBot()
	check(t, err)
	b.srv.SpendSessionStarts(994)
	_, err = s.GatewayBot()
	check(t, err)
	b.awaitEvents(&book, "",
		`INFO discord.session_start "994 of 1000 session starts remain." discord.session_start.remaining=994 discord.session_start.limit=1000 discord.session_start.max_concurrency=16`,
		`WARN discord.session_start "0 of 1000 session starts remain." discord.session_start.remaining=0 discord.session_start.limit=1000 discord.session_start.max_concurrency=16`)
	book.checkCatalog(t)
	r := book.all()[0]
	if d, ok := seconds(&r)["discord.session_start.reset_after"]; !ok || d <= 0 || d > 3600 {
		t.Errorf("reset after %v s (there: %t), want up to an hour", d, ok)
	}
}
