package instrument_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// guildIs waits until the instrumentation knows a guild as it should.
func (b *bench) guildIs(id string, state instrument.GuildState, members int64) {
	b.Helper()
	n, err := strconv.ParseUint(id, 10, 64)
	check(b.T, err)
	var is instrument.GuildState
	var has int64
	b.until("guild "+id+" to be "+string(state), func() bool {
		is, has = b.inst.Guild(n)
		return is == state && has == members
	}, func() string { return string(is) + " " + strconv.FormatInt(has, 10) })
}

// TestGuild: what is known of a guild follows the events, with and without a tap.
func TestGuild(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t, discordtest.WithGuilds(guildCount), discordtest.WithMembers(guildMembers))
		s := w.session(b, 0, 1)
		s.ShouldReconnectOnError = true
		b.attach(s)
		b.guildIs("1", instrument.GuildUnknown, -1)
		conn := b.steady(s)
		guilds := b.srv.Guilds()
		b.guildIs(guilds[0], instrument.GuildAvailable, guildMembers)
		b.guildIs("1", instrument.GuildAbsent, -1)
		_, err := b.srv.MemberAdd(guilds[0])
		check(t, err)
		b.guildIs(guilds[0], instrument.GuildAvailable, guildMembers+1)
		check(t, b.srv.GuildOutage(guilds[0]))
		b.guildIs(guilds[0], instrument.GuildUnavailable, -1)
		check(t, b.srv.GuildLeave(guilds[1]))
		b.guildIs(guilds[1], instrument.GuildAbsent, -1)
		b.dispatch(conn, "GUILD_CREATE", map[string]any{"id": "1", "channels": []any{}})
		b.guildIs("1", instrument.GuildAvailable, -1)
	})
}

// TestGuildDoesNotWait: it does without the locks of discordgo, which the bot may hold.
func TestGuildDoesNotWait(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b, s, _ := guildBench(t, ways[0])
	id, err := strconv.ParseUint(b.srv.Guilds()[0], 10, 64)
	check(t, err)
	s.Lock()
	s.State.Lock()
	defer s.Unlock()
	defer s.State.Unlock()
	answer := make(chan instrument.GuildState, 1)
	go func() {
		state, _ := b.inst.Guild(id)
		answer <- state
	}()
	select {
	case state := <-answer:
		if state != instrument.GuildAvailable {
			t.Errorf("it is %q", state)
		}
	case <-time.After(patience):
		t.Error("it waits for a lock")
	}
}

// TestGuildOfOthers: a guild of another shard, or without the intent, is not known.
func TestGuildOfOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(2), discordtest.WithShards(2)))
	one := b.session(1, 2)
	b.attach(one)
	b.open(one)
	b.awaitValue(up(1), 1)
	b.guildIs(strconv.Itoa(1<<22), instrument.GuildAbsent, -1)
	b.guildIs(strconv.Itoa(2<<22), instrument.GuildUnknown, -1)

	b = newBench(t, servers(discordtest.WithGuilds(1)))
	s := b.session(0, 1)
	s.Identify.Intents = discordgo.IntentsGuildMessages
	b.attach(s)
	b.open(s)
	b.awaitValue(up(0), 1)
	b.guildIs(b.srv.Guilds()[0], instrument.GuildUnknown, -1)
}
