package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"slices"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/examples/internal/pingbot"
)

// identifyWindow is Discord's: of the shards with one rate_limit_key, which is the id modulo max_concurrency, one may
// identify in it (https://discord.com/developers/docs/events/gateway#sharding-max-concurrency).
const identifyWindow = 5 * time.Second

// openAll opens the sessions as fast as Discord lets them identify, and no faster. That limit is the bot's, over all of its
// processes, of which none sees the others here: start them one after the other.
func openAll(ctx context.Context, sessions []*discordgo.Session, window time.Duration) error {
	concurrency, err := awaitBudget(ctx, sessions, window)
	if err != nil {
		return err
	}
	last := map[int]time.Time{} // by rate_limit_key
	for i, session := range sessions {
		key := session.ShardID % concurrency
		if at, ok := last[key]; ok {
			if err := sleep(ctx, time.Until(at.Add(window))); err != nil {
				return err
			}
		}
		if err := again(ctx, window, fmt.Sprintf("connecting shard %d to Discord", session.ShardID), session.Open); err != nil {
			return err
		}
		last[key] = time.Now() // later than the identify itself
		log.Printf("shard %d is connected, %d of %d", session.ShardID, i+1, len(sessions))
	}
	return nil
}

// awaitBudget returns max_concurrency once the bot may start as many sessions as there are here. Going on before would have Discord reset
// the bot's token. A process that exited instead would be restarted and ask the same, until whatever restarts it has had enough, and be
// away when Discord's reset comes.
func awaitBudget(ctx context.Context, sessions []*discordgo.Session, window time.Duration) (concurrency int, err error) {
	for {
		var gateway *discordgo.GatewayBotResponse
		err := again(ctx, window, "asking Discord how fast the bot may identify", func() (err error) {
			gateway, err = sessions[0].GatewayBot(discordgo.WithContext(ctx))
			return err
		})
		if err != nil {
			return 0, err
		}
		limit := gateway.SessionStartLimit
		if limit.Remaining >= len(sessions) {
			return max(1, limit.MaxConcurrency), nil
		}
		// A little longer than Discord says, so that the reset has been.
		wait := time.Duration(limit.ResetAfter)*time.Millisecond + window
		log.Printf("the bot may start %d more sessions today, and this process needs %d: waiting for %v", limit.Remaining, len(sessions), wait.Round(time.Second))
		if err := sleep(ctx, wait); err != nil {
			return 0, err
		}
	}
}

// register makes the command known. Discord's API can be away while its gateway is there: a process that exited for that would end
// sessions that are well.
func register(ctx context.Context, session *discordgo.Session, window time.Duration) error {
	return again(ctx, window, "making the command known", func() error { return pingbot.Register(session) })
}

// longestWait is the limit of the wait between attempts.
const longestWait = 2 * time.Minute

// again does it until it succeeds, is hopeless, or ctx ends. It waits in between, twice as long each time. A process that exited because
// Discord is away would be restarted over and over, and spend one of the day's session starts each time that it got through to identify.
func again(ctx context.Context, wait time.Duration, what string, do func() error) error {
	for ; ; wait = min(2*wait, longestWait) {
		err := do()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case hopeless(err):
			return fmt.Errorf("%s: %w", what, err)
		}
		log.Printf("%s: %v; trying again in %v", what, err, wait)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// hopeless says whether Discord would give the same answer for ever: it does not know the token, or does not take the shard or the intents
// (https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes).
func hopeless(err error) bool {
	if rest, ok := errors.AsType[*discordgo.RESTError](err); ok {
		return rest.Response != nil && rest.Response.StatusCode == http.StatusUnauthorized
	}
	closed, ok := errors.AsType[*websocket.CloseError](err)
	return ok && slices.Contains([]int{4004, 4010, 4011, 4012, 4013, 4014}, closed.Code)
}

// sleep returns early, with ctx's error, when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
