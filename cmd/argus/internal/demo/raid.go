package demo

import (
	"context"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/cli"
)

const (
	raidEvery = 20 // beats between two raids
	// arriveMost is how long a crowd may take to reach the bot: another scenario may
	// have ended the connection that it was sent over.
	arriveMost  = time.Minute
	raidCommand = "report" // takes seconds, so that it fills the bot's slots
)

// raid lets a crowd use a slow command at once, in one guild and then in another.
// The bot takes up as many as it has slots for, and leaves the others without an
// answer. On a busy machine the crowd is sent faster than the bot reads: the next one
// waits for it, or every answer would be late.
func raid(ctx context.Context, st *stage) {
	crowds := 0 // interactions
	for n := 0; st.wait(ctx, 3); {
		shards := st.shardOrder()
		shard := shards[n%len(shards)]
		if st.settled(shard) == nil {
			continue // it is just away
		}
		n++
		began, sent := time.Now(), 0
		for ; sent < st.pace.crowd; sent++ {
			if _, _, err := st.server.SendInteraction(ctx, shard, discordtest.ApplicationCommand, st.server.Now(), raidCommand); err != nil {
				break // the demo ends, or another scenario has ended the connection
			}
		}
		st.tell("users ran /%s %s within %v, in a guild of shard %d; the bot handles %d at a time",
			raidCommand, cli.Count(sent, "time"), time.Since(began).Round(100*time.Millisecond), shard, st.settings.slots)
		crowds += sent
		if !st.waitArrived(ctx, crowds) || !st.wait(ctx, raidEvery) {
			return
		}
	}
}

// waitArrived waits until the bot has got the interactions of the traffic, and these
// as well. It returns false when ctx is done.
func (st *stage) waitArrived(ctx context.Context, interactions int) bool {
	for _, n := range st.traffic.Stats().Interactions {
		interactions += n
	}
	for began := time.Now(); int(st.tally.interactions.Load()) < interactions && time.Since(began) < arriveMost; {
		if !st.wait(ctx, 1) {
			return false
		}
	}
	return true
}
