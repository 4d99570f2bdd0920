package demo

import (
	"context"

	"github.com/argus-dgo/argus/discordtest"
)

// helloAfter are how long the gateway says nothing, in beats, in turns: long
// enough to be seen, and to be sure that it does not pass by itself.
var helloAfter = [...]float64{14, 75}

// stuckOpen lets one shard after the other meet a gateway that accepts it and
// says nothing. discordgo v0.29.0 waits for the HELLO without an end, and holds
// the session's lock.
func stuckOpen(ctx context.Context, st *stage) {
	for n := 0; st.wait(ctx, 3); {
		shards := st.shardOrder()
		shard, silence := shards[n%len(shards)], helloAfter[n%len(helloAfter)]
		c := st.settled(shard)
		if c == nil {
			continue // it is just away
		}
		met := st.scenery.admit(func() discordtest.Behavior { return discordtest.Behavior{HelloDelay: st.beats(silence)} })
		if c.CloseCode(4000, "") == nil {
			n++
			st.tell("shard %d: connection lost; the gateway accepts the next one, but sends nothing", shard)
		}
		// discordgo dials a second or two later.
		ok := st.waitMet(ctx, silence, met, shard)
		st.scenery.admit(nil)
		if !ok || !st.waitSettled(ctx, shard) || !st.wait(ctx, 8) {
			return
		}
	}
}
