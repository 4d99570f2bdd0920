package demo

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// maxDue bounds the rate limits that nobody has run into yet.
const maxDue = 12

const (
	// membersEvery is how often a process asks for all members of its guilds, in beats.
	membersEvery = 5
	// opRequestGuildMembers is the payload that Discord refuses.
	opRequestGuildMembers = 8
)

// rateLimited makes limits of every scope on several routes, and lets the queue
// in discordgo's limiter grow and drain in turns. The 403s are the scenery's.
func rateLimited(ctx context.Context, st *stage) {
	var wait sync.WaitGroup
	wait.Go(func() { st.slowEdits(ctx) })
	wait.Go(func() { st.askForMembers(ctx) })
	defer wait.Wait()

	limits := []discordtest.RateLimit{
		{Method: http.MethodPost, Pattern: messageRoute, Scope: "user"},
		{Method: http.MethodPost, Pattern: messageRoute, Scope: "shared"},
		// discordgo holds everything back then, callbacks too, which Discord exempts.
		{Pattern: "/channels/{rest...}", Scope: "global", RetryAfter: st.beats(3.5)},
		{Method: http.MethodPatch, Pattern: editRoute, Scope: "user"},
		{Method: http.MethodPut, Pattern: banRoute, Scope: "user"},
	}
	made := 0
	for n := 0; st.wait(ctx, 1); n++ {
		met := 0
		for _, times := range st.server.RateLimited() {
			met += times
		}
		if made-met >= maxDue {
			continue
		}
		l := limits[n%len(limits)]
		l.Times = 1
		if l.RetryAfter == 0 {
			l.Times += st.rng.IntN(2)
			l.RetryAfter = 200*time.Millisecond + time.Duration(st.rng.IntN(600))*time.Millisecond
		}
		st.server.RateLimit(l)
		made += l.Times
		if n%len(limits) == 0 {
			st.tell("429 responses with scope user, shared and global, on three routes")
		}
	}
}

// globalLimit has the bot meet its global limit again and again. discordgo v0.29.0
// holds back all requests of the session then, callbacks too, which Discord
// exempts from the limit.
func globalLimit(ctx context.Context, st *stage) {
	limit := discordtest.RateLimit{Pattern: "/channels/{rest...}", Scope: "global", RetryAfter: st.beats(3.5)}
	for made := 0; st.wait(ctx, 1); {
		if made-st.server.RateLimited()[limit.Scope] >= st.shards {
			continue // nobody has run into these yet
		}
		st.server.RateLimit(limit)
		if made++; made%10 == 1 {
			st.tell("429 responses with scope global: discordgo delays all requests")
		}
	}
}

// slowEdits answers the edits of deferred answers more slowly than they come, in
// turns. discordgo v0.29.0 has one bucket for all of a session's and holds it
// while a request is under way, so the others queue up. (A callback has a bucket
// of its own.)
func (st *stage) slowEdits(ctx context.Context) {
	plays := 0
	for _, name := range st.settings.commands {
		if name == deferredCommand {
			plays++
		}
	}
	// Of the interactions 55 % are application commands.
	edits := interactionRate(st.rate, st.shards) / float64(st.shards) * 0.55 * float64(plays) / float64(len(st.settings.commands))
	// Three times as long as they are apart.
	delay := min(max(time.Duration(3/edits*float64(time.Second)), 200*time.Millisecond), 3*time.Second)
	for st.wait(ctx, 2) {
		st.server.Delay(http.MethodPatch, editRoute, delay)
		st.tell("each edit of a deferred answer takes %v: edits queue up in discordgo", delay.Round(10*time.Millisecond))
		ok := st.wait(ctx, 10)
		st.server.Delay(http.MethodPatch, editRoute, 0)
		if !ok {
			return
		}
		st.tell("edits are fast again: the queue drains")
		if !st.wait(ctx, 8) {
			return
		}
	}
}

// askForMembers asks for all members of a guild, and again before Discord allows
// it, which refuses the second request (https://docs.discord.com/developers/events/gateway-events#rate-limited).
func (st *stage) askForMembers(ctx context.Context) {
	session := st.clusters[0].sessions[0]
	guilds := st.guildsOf(session.ShardID)
	for n := 0; len(guilds) > 0 && st.wait(ctx, membersEvery); n++ {
		guild := guilds[n%len(guilds)]
		asked := 0
		for asked < 2 && session.RequestGuildMembers(guild, "", 0, "", false) == nil {
			asked++
		}
		if asked < 2 {
			continue // it is just away
		}
		err := st.server.Dispatch(session.ShardID, catalog.EventRateLimited, map[string]any{
			"opcode": opRequestGuildMembers, "retry_after": 30, "meta": map[string]string{"guild_id": guild},
		})
		if err == nil && n == 0 {
			st.tell("the bot requests the members of a guild too often: the gateway refuses")
		}
	}
}
