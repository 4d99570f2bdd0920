package instrument_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/catalog"
)

// scriptedTypes are 40 types of dispatches: 38 that discordgo decodes, and two
// that it does not know. READY and RESUMED cannot be sent at will, and
// interactions are sent apart.
var scriptedTypes = []string{
	"APPLICATION_COMMAND_PERMISSIONS_UPDATE", "AUTO_MODERATION_ACTION_EXECUTION", "AUTO_MODERATION_RULE_CREATE", "AUTO_MODERATION_RULE_DELETE",
	"AUTO_MODERATION_RULE_UPDATE", "CHANNEL_PINS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_BAN_ADD", "GUILD_BAN_REMOVE", "GUILD_EMOJIS_UPDATE",
	"GUILD_INTEGRATIONS_UPDATE", "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE", "GUILD_MEMBER_UPDATE", "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE",
	"GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_DELETE", "GUILD_SCHEDULED_EVENT_UPDATE", "GUILD_SCHEDULED_EVENT_USER_ADD",
	"INVITE_CREATE", "INVITE_DELETE", "MESSAGE_CREATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE",
	"MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_UPDATE", "PRESENCE_UPDATE", "STAGE_INSTANCE_CREATE", "THREAD_MEMBER_UPDATE", "TYPING_START",
	"USER_UPDATE", "VOICE_STATE_UPDATE", "WEBHOOKS_UPDATE", "GUILD_SCHEDULED_EVENT_USER_REMOVE", "CHANNEL_UPDATE",
	"A_TYPE_OF_TOMORROW", "ANOTHER ONE\n\"with\" quotes",
}

// scriptedData suits every one of them.
func scriptedData(guild, channel string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"id":"77","guild_id":%q,"channel_id":%q,"user_id":"3","message_id":"4","code":"x","type":0,`+
		`"user":{"id":"3","username":"u"},"member":{"user":{"id":"3"},"guild_id":%q},"role":{"id":"5"},"emoji":{"name":"e"},"emojis":[],"ids":["4"],`+
		`"status":"online","activities":[],"content":"hello \"you\" {[","name":"n"}`, guild, channel, guild))
}

// busy are the tests that work, where most wait: two at a time, so that each has
// a processor.
var busy = make(chan struct{}, 2)

// work waits until a test may work, and returns what ends it.
func work() (done func()) {
	busy <- struct{}{}
	return func() { <-busy }
}

// TestCountsAreExact: 10,000 dispatches of 40 types and 1,000 interactions are
// counted once each, whichever way they are seen. The ways that differ in less
// are tried with a tenth of it.
func TestCountsAreExact(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for name, tt := range map[string]struct {
		late, sync, noCompress, short bool
		shards                        int
		server                        []discordtest.Option
	}{
		"tap":                             {},
		"tap, SyncEvents":                 {short: true, sync: true},
		"tap, no compression":             {short: true, noCompress: true},
		"tap, everything compressed":      {short: true, server: servers(discordtest.WithCompressThreshold(0))},
		"tap, TLS":                        {short: true, server: servers(discordtest.WithTLS())},
		"tap, op first":                   {short: true, server: servers(discordtest.WithFieldOrder("op", "d", "s", "t"))},
		"tap, compressed, op first":       {short: true, server: servers(discordtest.WithFieldOrder("op", "d", "s", "t"), discordtest.WithCompressThreshold(0))},
		"tap, two shards":                 {shards: 2},
		"handlers":                        {late: true},
		"handlers, SyncEvents":            {short: true, late: true, sync: true},
		"handlers, everything compressed": {short: true, late: true, server: servers(discordtest.WithCompressThreshold(0))},
		"handlers, two shards":            {short: true, late: true, shards: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer work()()
			shards := max(1, tt.shards)
			b := newBench(t, append(tt.server, discordtest.WithGuilds(4*shards), discordtest.WithMembers(3), discordtest.WithShards(shards)), instrument.WithCommands("ping"))
			before := map[string]int{} // sent before anybody counted
			var sessions []*discordgo.Session
			var conns []*discordtest.Conn
			for id := range shards {
				s := b.session(id, shards)
				s.SyncEvents = tt.sync
				s.Compress = !tt.noCompress
				s.AddHandler(wrapped(b))
				if !tt.late {
					b.attach(s)
				}
				conn := b.open(s)
				if err := conn.WaitGuilds(b.context()); err != nil {
					t.Fatal(err)
				}
				sessions, conns = append(sessions, s), append(conns, conn)
			}
			if tt.late {
				for n, s := range sessions {
					b.waitDelivered(s, conns[n])
				}
				for _, c := range conns {
					for event, n := range c.Sent() {
						before[event] += n
					}
				}
				b.attach(sessions...)
				if tt.sync {
					b.waitHandlers(sessions, conns, before)
				}
			}

			rng := rand.New(rand.NewPCG(1, 2))
			interactions, commands := map[string]float64{}, 0.0
			dispatches := 11_000
			if tt.short {
				dispatches /= 10
			}
			for n := range dispatches {
				conn := conns[n%shards]
				guild := b.srv.Guilds()[0]
				if n%11 == 0 {
					kind := discordtest.InteractionKind(1 + rng.IntN(6)) // 6 is one that Discord does not have
					// Far from the deadline: on a busy machine they wait in line for seconds.
					status, created := "received", time.Now().Add(time.Hour)
					if rng.IntN(4) == 0 {
						status, created = "expired", created.Add(-2*time.Hour)
					}
					b.dispatch(conn, "INTERACTION_CREATE", b.srv.Interaction(kind, created, "ping"))
					if kind == discordtest.ApplicationCommand {
						commands++
					}
					interactions[fmt.Sprintf("discord.interactions{status=%s,type=%s}", status, interactionType(kind))]++
					continue
				}
				b.dispatch(conn, scriptedTypes[rng.IntN(len(scriptedTypes))], scriptedData(guild, b.srv.TextChannel(guild)))
			}

			want := reading{}
			known := map[string]bool{}
			for _, event := range catalog.Events() {
				known[event] = true
			}
			total := 0
			for _, c := range conns {
				for event, n := range c.Sent() {
					n -= before[event]
					delete(before, event)
					total += n
					if !known[event] {
						event = "unknown"
					}
					want[fmt.Sprintf("discord.gateway.events{event=%s}", event)] += float64(n)
				}
			}
			if total < dispatches {
				t.Fatalf("only %d dispatches were sent", total)
			}
			r := b.await("all dispatches to be counted", func(r reading) bool { return r.sum("discord.gateway.events") >= float64(total) })
			for event, n := range want {
				if n > 0 && r[event] != n {
					t.Errorf("%s is %v, want %v", event, r[event], n)
				}
			}
			if got := r.sum("discord.shard.events"); got != float64(total) {
				t.Errorf("%v dispatches counted by shard, %d sent", got, total)
			}
			if got := r.sum("discord.gateway.events"); got != float64(total) {
				t.Errorf("%v dispatches counted, %d sent", got, total)
			}
			for series, n := range interactions {
				if r[series] != n {
					t.Errorf("%s is %v, want %v", series, r[series], n)
				}
			}
			if got, want := r.sum("discord.interactions"), float64(dispatches/11); got != want {
				t.Errorf("%v interactions counted, %v sent", got, want)
			}
			r = b.await("all handlers to have returned", func(r reading) bool { return r.sum("discord.app_commands") >= commands })
			for _, series := range []string{
				"discord.app_commands{command=ping,status=error}",
				"discord.app_command.duration_count{command=ping,status=error}",
				"discord.command.errors{command=ping,error_type=instrument_test.quotaError}",
			} {
				if r[series] != commands {
					t.Errorf("%s is %v, want %v", series, r[series], commands)
				}
			}
			if got := r.sum("discord.app_commands"); got != commands {
				t.Errorf("%v commands counted, %v sent", got, commands)
			}
			if got, want := r.sum("discord.interaction.receipt.age_count"), float64(dispatches/11); got != want {
				t.Errorf("%v ages recorded, %v interactions sent", got, want)
			}
			if got := r.sum("argus.instrumentation.errors"); got != 0 {
				t.Errorf("%v faults of the instrumentation: %v", got, r.with("argus.instrumentation.errors"))
			}
		})
	}
}

// wrapped is a handler that fails for commands, and is counted.
func wrapped(b *bench) any {
	return b.inst.Interaction(func(_ context.Context, _ *discordgo.Session, i *discordgo.InteractionCreate) error {
		if i.Type == discordgo.InteractionApplicationCommand {
			return quotaError{}
		}
		return nil
	})
}

func interactionType(kind discordtest.InteractionKind) string {
	types := catalog.InteractionTypes()
	if int(kind) < len(types) {
		return types[kind]
	}
	return catalog.Unknown
}

// waitDelivered waits until discordgo has dispatched all that was sent.
func (b *bench) waitDelivered(s *discordgo.Session, c *discordtest.Conn) {
	b.Helper()
	done := make(chan struct{}, 1)
	remove := s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		if e.Type == "MARKER" {
			done <- struct{}{}
		}
	})
	defer remove()
	b.dispatch(c, "MARKER", struct{}{})
	select {
	case <-done:
	case <-b.context().Done():
		b.Fatal("the marker did not arrive")
	}
}

// waitHandlers waits until the handlers of sessions under SyncEvents are there:
// they are added in their own time. The markers it sends are not counted.
func (b *bench) waitHandlers(sessions []*discordgo.Session, conns []*discordtest.Conn, before map[string]int) {
	b.Helper()
	for n, s := range sessions {
		counted := b.collect().sum("discord.gateway.events")
		for b.collect().sum("discord.gateway.events") == counted {
			b.waitDelivered(s, conns[n])
		}
	}
	before["MARKER"] = 0
	for _, c := range conns {
		before["MARKER"] += c.Sent()["MARKER"]
	}
	before["MARKER"] -= int(b.collect().sum("discord.gateway.events"))
}

// TestDeadline: an interaction is late when more than three seconds have passed
// since the time in its id.
func TestDeadline(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	conn := b.open(s)
	b.dispatch(conn, "INTERACTION_CREATE", b.srv.Interaction(discordtest.ApplicationCommand, time.Now().Add(-3*time.Second), "ping"))
	b.awaitValue("discord.interactions{status=expired,type=application_command}", 1)
	// On time unless this machine needs two seconds for it.
	sent := time.Now()
	b.dispatch(conn, "INTERACTION_CREATE", b.srv.Interaction(discordtest.ApplicationCommand, sent.Add(-time.Second), "ping"))
	r := b.await("the second one", func(r reading) bool { return r.sum("discord.interactions") == 2 })
	if r["discord.interactions{status=received,type=application_command}"] != 1 && time.Since(sent) < 2*time.Second {
		t.Error("an interaction of a second ago counts as expired")
	}
}
