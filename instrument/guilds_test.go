package instrument_test

import (
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

const (
	guildCount   = 5
	guildMembers = 7
)

// guildReading is what the guild series must say.
func guildReading(available, unavailable, members float64) reading {
	return reading{"discord.guilds": available, "discord.guilds.unavailable": unavailable, "discord.members": members}
}

// awaitGuilds waits until all three agree with it.
func (b *bench) awaitGuilds(available, unavailable, members float64) {
	b.Helper()
	want := guildReading(available, unavailable, members)
	b.await("guilds, unavailable guilds and members", func(r reading) bool {
		for series, v := range want {
			if got, ok := r[series]; v == absent && ok || v != absent && (!ok || got != v) {
				return false
			}
		}
		return true
	})
}

// guildBench opens a session in five guilds of seven. How the connection began
// decides when it may end: see steady.
func guildBench(t *testing.T, w way) (*bench, *discordgo.Session, *discordtest.Conn) {
	t.Helper()
	b := w.bench(t, discordtest.WithGuilds(guildCount), discordtest.WithMembers(guildMembers))
	s := w.session(b, 0, 1)
	s.ShouldReconnectOnError = true
	b.attach(s)
	b.collect().want(t, guildReading(absent, absent, absent))
	conn := b.steady(s)
	b.awaitGuilds(guildCount, 0, guildCount*guildMembers)
	return b, s, conn
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestGuildsComeAndGo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b, _, _ := guildBench(t, w)
		guild := b.srv.Guilds()[0]

		_, err := b.srv.MemberAdd(guild)
		check(t, err)
		_, err = b.srv.MemberAdd(guild)
		check(t, err)
		_, err = b.srv.MemberRemove(b.srv.Guilds()[1])
		check(t, err)
		b.awaitGuilds(5, 0, 36)

		check(t, b.srv.GuildOutage(guild))
		b.awaitGuilds(4, 1, 27)
		// Members of a guild in an outage come and go unseen; the recovery says
		// how many there are.
		check(t, b.srv.GuildRecover(guild))
		b.awaitGuilds(5, 0, 36)

		check(t, b.srv.GuildLeave(guild))
		b.awaitGuilds(4, 0, 27)
		_, err = b.srv.GuildJoin()
		check(t, err)
		b.awaitGuilds(5, 0, 27+guildMembers)

		// A guild that is left while it is in an outage is gone.
		guild = b.srv.Guilds()[0]
		check(t, b.srv.GuildOutage(guild))
		b.awaitGuilds(4, 1, 27+guildMembers-6)
		check(t, b.srv.GuildLeave(guild))
		b.awaitGuilds(4, 0, 27+guildMembers-6)
	})
}

// TestReidentify: a new READY makes the guilds stubs, in discordgo's state too.
func TestReidentify(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b, s, conn := guildBench(t, w)
		_, err := b.srv.MemberAdd(b.srv.Guilds()[0])
		check(t, err)
		b.awaitGuilds(guildCount, 0, guildCount*guildMembers+1)
		b.srv.Behave(discordtest.Behavior{GuildCreateDelay: time.Hour, Times: 1})
		check(t, endSession(conn))
		b.awaitValue(reconnect("identify"), 1)
		b.awaitGuilds(0, guildCount, 0)
		b.collect().want(t, reading{up(0): 1, reconnect("resume"): 0, event("READY"): 2})

		// They come one by one.
		next := b.conn(0)
		for n, id := range b.srv.Guilds()[:2] {
			b.dispatch(next, "GUILD_CREATE", map[string]any{"id": id, "member_count": 100, "channels": []any{}})
			b.awaitGuilds(float64(n+1), float64(guildCount-n-1), float64(100*(n+1)))
		}
		s.State.RLock()
		defer s.State.RUnlock()
		if got := len(s.State.Guilds); got != guildCount {
			t.Errorf("discordgo's state has %d guilds, want %d", got, guildCount)
		}
	})
}

func TestOutageOverReidentify(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b, _, conn := guildBench(t, ways[0])
	guild := b.srv.Guilds()[2]
	check(t, b.srv.GuildOutage(guild))
	b.awaitGuilds(4, 1, 28)
	check(t, endSession(conn))
	b.awaitValue(reconnect("identify"), 1)
	b.awaitGuilds(4, 1, 28)
	check(t, b.srv.GuildRecover(guild))
	b.awaitGuilds(5, 0, 35)
}

func TestGuildLeftDuringDisconnect(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(*discordtest.Conn) error
		kind string
	}{
		"resume":   {(*discordtest.Conn).Drop, "resume"},
		"identify": {endSession, "identify"},
	} {
		for _, w := range ways[:3:3] {
			t.Run(name+" "+w.name, func(t *testing.T) {
				t.Parallel()
				b, _, conn := guildBench(t, w)
				check(t, tt.end(conn))
				check(t, b.srv.GuildLeave(b.srv.Guilds()[0]))
				_, err := b.srv.GuildJoin()
				check(t, err)
				check(t, b.srv.GuildLeave(b.srv.Guilds()[0]))
				_, err = b.srv.MemberAdd(b.srv.Guilds()[0])
				check(t, err)
				check(t, b.srv.GuildOutage(b.srv.Guilds()[1]))
				b.awaitValue(reconnect(tt.kind), 1)
				b.awaitGuilds(3, 1, 3*guildMembers+1)
			})
		}
	}
}

// TestGuildsNeedTheirIntent: without it Discord tells of none, so nothing is
// known. A member count that Discord does not give is not known either.
func TestGuildsNeedTheirIntent(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(3)))
	s := b.session(0, 1)
	s.Identify.Intents = discordgo.IntentsGuildMessages
	b.attach(s)
	b.open(s)
	b.awaitValue(up(0), 1).want(t, guildReading(absent, absent, absent))
}

func TestGuildWithoutMemberCount(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b, _, conn := guildBench(t, ways[0])
	b.dispatch(conn, "GUILD_CREATE", map[string]any{"id": "1", "channels": []any{}})
	b.awaitGuilds(guildCount+1, 0, absent)
	b.dispatch(conn, "GUILD_MEMBER_ADD", map[string]any{"guild_id": "1", "user": map[string]any{"id": "2"}})
	b.dispatch(conn, "GUILD_DELETE", map[string]any{"id": "1"})
	b.awaitGuilds(guildCount, 0, guildCount*guildMembers)
	// Of a guild that nobody has told of.
	b.dispatch(conn, "GUILD_DELETE", map[string]any{"id": "99"})
	b.dispatch(conn, "GUILD_MEMBER_REMOVE", map[string]any{"guild_id": "99", "user": map[string]any{"id": "2"}})
	b.dispatch(conn, "GUILD_DELETE", map[string]any{"id": "98", "unavailable": true})
	b.awaitGuilds(guildCount, 1, guildCount*guildMembers)
	b.dispatch(conn, "GUILD_CREATE", map[string]any{"id": "98", "unavailable": true})
	b.dispatch(conn, "GUILD_CREATE", map[string]any{"id": "97", "member_count": 10, "channels": []any{}})
	b.awaitGuilds(guildCount+1, 1, guildCount*guildMembers+10)
}
