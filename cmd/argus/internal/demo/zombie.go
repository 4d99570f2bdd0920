package demo

import (
	"context"
	"time"
)

// zombie lets one connection after the other hang, until discordgo notices.
func zombie(ctx context.Context, st *stage) {
	order := st.shardOrder()
	for n := 0; st.wait(ctx, 3); {
		shard := order[n%len(order)]
		c := st.settled(shard)
		if c == nil {
			continue // it is just away
		}
		began := time.Now()
		c.Hang()
		st.tell("shard %d: silent; no acknowledgements and no events, but still counted as up", shard)
		if c.WaitClosed(ctx) != nil {
			return
		}
		if _, byClient := c.CloseStatus(); byClient {
			st.tell("shard %d: discordgo noticed after %v, and resumes", shard, time.Since(began).Round(100*time.Millisecond))
		} else {
			st.tell("shard %d: another scenario ended the silence", shard)
		}
		n++
	}
}
