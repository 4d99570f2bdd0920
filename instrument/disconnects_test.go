package instrument_test

import (
	"maps"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// TestLastDisconnects: each shard has its last one, which the counter has too.
func TestLastDisconnects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, servers(discordtest.WithShards(2)))
	if all := b.inst.LastDisconnects(); len(all) != 0 {
		t.Errorf("before the first connection: %v", all)
	}
	quiet, s := b.session(1, 2), b.session(0, 2)
	s.ShouldReconnectOnError = true
	b.attach(quiet, s)
	b.steady(quiet)
	conn := b.steady(s)
	before := time.Now()
	for n, end := range []struct {
		by     func() error
		code   string
		who    string
		series string
	}{
		{func() error { return conn.CloseCode(4000, "") }, "4000", "discord", "discord.shard.disconnects{code=4000,initiator=discord,shard=0}"},
		{func() error { return conn.Drop() }, "none", "network", "discord.shard.disconnects{code=none,initiator=network,shard=0}"},
	} {
		check(t, end.by())
		b.awaitValue(end.series, 1)
		b.awaitValue(reconnect("resume"), float64(n+1))
		all := b.inst.LastDisconnects()
		last := all["0"]
		if len(all) != 1 || last.At.Before(before) || last.At.After(time.Now()) {
			t.Errorf("%+v, since %v", all, before)
		}
		if want := (instrument.Disconnect{At: last.At, Code: end.code, Initiator: end.who}); !maps.Equal(all, map[string]instrument.Disconnect{"0": want}) {
			t.Errorf("%+v, want %+v", all, want)
		}
		before = last.At
		conn = b.conn(0)
		check(t, conn.WaitHeartbeats(b.context(), 1))
	}
}
