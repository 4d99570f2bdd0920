// Shard-manager is a bot whose sessions come and go: a manager makes them after Argus was started, and replaces them one by one on
// SIGHUP.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/examples/internal/demo"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
	"github.com/argus-dgo/argus/resource"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	renew := make(chan os.Signal, 1)
	signal.Notify(renew, syscall.SIGHUP)
	defer signal.Stop(renew)

	me, err := resource.Detect()
	if err != nil {
		return err
	}
	discord, err := demo.Discord(discordtest.WithShards(me.ShardCount), discordtest.WithMaxConcurrency(me.ShardCount))
	if err != nil {
		return err
	}
	defer discord.Close()

	// ── Argus ── With no session: there is none yet.
	a, err := argus.New(argus.WithCommands(pingbot.Command))
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.Shutdown(ctx); err != nil {
			log.Print(err)
		}
	}()

	shards := &manager{
		make: func(shard int) (*discordgo.Session, error) {
			session, err := discordgo.New("Bot " + discord.Token())
			if err != nil {
				return nil, err
			}
			discord.Configure(session) // does nothing with the real Discord
			session.ShardID, session.ShardCount = shard, me.ShardCount
			session.Identify.Intents = pingbot.Intents
			session.AddHandler(a.Interaction(pingbot.Slash))
			session.AddHandler(pingbot.OnText(func(s *discordgo.Session, m *discordgo.MessageCreate) error {
				return a.Command(context.Background(), pingbot.Command, func(ctx context.Context) error { return pingbot.Text(ctx, s, m) })
			}))
			if shard == 0 { // once for the whole bot is enough
				session.AddHandlerOnce(func(s *discordgo.Session, _ *discordgo.Ready) {
					if err := pingbot.Register(s); err != nil {
						log.Print(err)
					}
				})
			}
			return session, nil
		},
		// ── Argus ── Each session is attached when it is made, and detached when it is done with.
		attach: a.Attach,
	}
	defer func() {
		if err := shards.close(); err != nil {
			log.Print(err)
		}
	}()
	for {
		for _, shard := range me.ShardIDs {
			if err := shards.open(shard); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return nil // it was Ctrl-C
			}
		}
		log.Printf("%s: all are connected; SIGHUP replaces them, Ctrl-C ends it", me)
		select {
		case <-renew:
		case <-ctx.Done():
			return nil
		}
	}
}
