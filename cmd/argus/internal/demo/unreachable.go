package demo

import (
	"context"
	"net/http"

	"github.com/argus-dgo/argus/discordtest"
)

// turnedAway are what is in front of the gateway says: Cloudflare to an address
// that it has banned, and while it does not reach Discord.
var turnedAway = []int{http.StatusForbidden, http.StatusTooManyRequests, http.StatusBadGateway, 520}

// turnedAwayFor is how long, in beats.
const turnedAwayFor = 14

// gatewayRefused has one shard after the other lose its connection and be turned
// away before it reaches the gateway. discordgo v0.29.0 tries again after 1, 2,
// 4 … s, and finds out when that is over at its next try.
func gatewayRefused(ctx context.Context, st *stage) {
	for n := 0; st.wait(ctx, 3); {
		shards := st.shardOrder()
		shard, status := shards[n%len(shards)], turnedAway[n%len(turnedAway)]
		c := st.settled(shard)
		if c == nil {
			continue // it is just away
		}
		met := st.scenery.admit(func() discordtest.Behavior { return discordtest.Behavior{RejectUpgrade: status} })
		if c.CloseCode(4000, "") == nil {
			n++
			st.tell("shard %d: connection lost; each attempt to reconnect gets status %d", shard, status)
		}
		ok := st.waitMet(ctx, turnedAwayFor, met, shard)
		st.scenery.admit(nil)
		if !ok {
			return
		}
		st.tell("the gateway is reachable again; discordgo reconnects after its backoff")
		if !st.waitSettled(ctx, shard) || !st.wait(ctx, 8) {
			return
		}
	}
}
