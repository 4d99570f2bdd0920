package demo

import (
	"context"
	"sync"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/cli"
)

const (
	// sessionTotal is what Discord gives most bots for a day
	// (https://discord.com/developers/docs/events/gateway#session-start-limit-object).
	sessionTotal = 1000
	// sessionSpare is how many session starts the invalid sessions take.
	sessionSpare = 20
	// sessionReset is the length of a day, in beats.
	sessionReset = 60
)

// reserve is how many session starts are left alone: enough to start all shards
// once more. When there is none left Discord resets the token, and closes with
// 4004 for ever.
func (c *config) reserve() int { return c.shards + 4 }

// sessionStarts is a budget that is nearly used up before the bot starts.
func (c *config) sessionStarts() discordtest.Option {
	return discordtest.WithSessionStartLimit(sessionTotal, c.shards+c.reserve()+sessionSpare, sessionReset*c.pace.beat)
}

// identifyBudget invalidates one session after the other until the budget is
// down to the reserve, then lets the day end.
func identifyBudget(ctx context.Context, st *stage) {
	var wait sync.WaitGroup
	wait.Go(func() { st.askForBudget(ctx) })
	defer wait.Wait()

	spent := false // it is down to the reserve
	for n := 0; st.wait(ctx, 1.5); n++ {
		remaining, _, _ := st.server.SessionStarts()
		switch {
		case remaining <= st.reserve():
			if !spent {
				st.tell("%d of %d session starts left; a restart of %s would leave %d", remaining, sessionTotal,
					cli.Count(st.shards, "shard"), remaining-st.shards)
			}
			spent = true
		case remaining > st.reserve()+st.shards+sessionSpare:
			st.tell("a new day: %d session starts left", remaining)
			if !st.wait(ctx, 8) {
				return
			}
			st.server.SpendSessionStarts(remaining - st.reserve() - sessionSpare)
			st.tell("a crash loop of another process with this token: %d session starts left", st.reserve()+sessionSpare)
			spent = false
		default:
			shard := n % min(st.shards, maxConcurrency)
			if c := st.settled(shard); c != nil && st.mayIdentify(shard) && c.InvalidSession(false) == nil {
				st.tell("shard %d: invalid session, the shard identifies again: %d session starts left", shard, remaining-1)
			}
		}
	}
}

// askForBudget asks in each process as a careful bot does: with the request that
// tells how many shards there should be.
func (st *stage) askForBudget(ctx context.Context) {
	for {
		for _, c := range st.clusters {
			_, _ = c.sessions[0].GatewayBot(discordgo.WithContext(ctx)) // the next time, then
		}
		if !st.wait(ctx, 2) {
			return
		}
	}
}
