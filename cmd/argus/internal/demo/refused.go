package demo

import (
	"context"

	"github.com/argus-dgo/argus/discordtest"
)

// refusals are the close codes after which Discord says not to come back, in the
// order in which bots meet them. 4012, the version of the API, is discordgo's to
// choose.
var refusals = []int{4014, 4004, 4013, 4010, 4011}

// refusedFor is how long nobody has corrected what is wrong, in beats.
const refusedFor = 14

// fatalClose has one shard after the other refused for good, until somebody
// corrects what is wrong. discordgo v0.29.0 tries again all the same, after 1, 2,
// 4 … s.
func fatalClose(ctx context.Context, st *stage) {
	for n := 0; st.wait(ctx, 3); {
		shards := st.shardOrder()
		shard, code := shards[n%len(shards)], refusals[n%len(refusals)]
		c := st.settled(shard)
		if c == nil {
			continue // it is just away
		}
		met := st.scenery.admit(func() discordtest.Behavior { return discordtest.Behavior{CloseOnIdentify: code} })
		if c.CloseCode(code, "") == nil {
			n++
			st.tell("shard %d: closed with code %d, and so is every reconnect", shard, code)
		}
		ok := st.waitMet(ctx, refusedFor, met, shard)
		st.scenery.admit(nil)
		if !ok {
			return
		}
		st.tell("the cause is fixed; discordgo reconnects after its backoff")
		if !st.waitSettled(ctx, shard) || !st.wait(ctx, 8) {
			return
		}
	}
}
