package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/bwmarrin/discordgo"
)

// identifyWindow is Discord's: of the shards with one rate_limit_key, which is the id modulo max_concurrency, one may
// identify in it (https://discord.com/developers/docs/events/gateway#sharding-max-concurrency).
const identifyWindow = 5 * time.Second

// openAll opens the sessions as fast as Discord lets them identify, and no faster. That limit is the bot's, over all of its
// processes, of which none sees the others here: start them one after the other.
func openAll(ctx context.Context, sessions []*discordgo.Session, window time.Duration) error {
	gateway, err := sessions[0].GatewayBot(discordgo.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("asking Discord how fast the bot may identify: %w", err)
	}
	limit := gateway.SessionStartLimit
	if limit.Remaining < len(sessions) { // going on would have Discord reset the bot's token
		return fmt.Errorf("the bot may start %d more sessions today, and this process needs %d: wait for %v",
			limit.Remaining, len(sessions), (time.Duration(limit.ResetAfter) * time.Millisecond).Round(time.Second))
	}
	concurrency := max(1, limit.MaxConcurrency)
	last := map[int]time.Time{} // by rate_limit_key
	for i, session := range sessions {
		key := session.ShardID % concurrency
		if at, ok := last[key]; ok {
			if err := sleep(ctx, time.Until(at.Add(window))); err != nil {
				return err
			}
		}
		if err := session.Open(); err != nil {
			return fmt.Errorf("connecting shard %d to Discord: %w", session.ShardID, err)
		}
		last[key] = time.Now() // later than the identify itself
		log.Printf("shard %d is connected, %d of %d", session.ShardID, i+1, len(sessions))
	}
	return nil
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
