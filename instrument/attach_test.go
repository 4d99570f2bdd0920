package instrument_test

import (
	"testing"

	"github.com/argus-dgo/argus/discordtest"
)

func TestFirstLight(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithGuilds(5), discordtest.WithMembers(7)))
	s := b.session(0, 1)
	b.attach(s)
	conn := b.open(s)
	if err := conn.WaitGuilds(b.context()); err != nil {
		t.Fatal(err)
	}
	b.awaitValue("discord.guilds", 5)
	b.await("a heartbeat", func(r reading) bool { return r["discord.shard.latency{shard=0}"] > 0 })
}
