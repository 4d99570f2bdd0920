// Clustered is a bot that runs as several processes, each with some of its shards. CLUSTER_ID, ARGUS_PORT, SHARD_IDS and
// SHARD_COUNT say which process this one is.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/examples/internal/demo"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	mine, err := shardsFrom(os.Getenv)
	if err != nil {
		return err
	}
	// The real Discord, or with -demo a fake one, which is as strict about how fast a bot identifies.
	discord, err := demo.Discord(discordtest.WithShards(mine.count), discordtest.WithMaxConcurrency(1))
	if err != nil {
		return err
	}
	defer discord.Close()

	var sessions []*discordgo.Session
	for _, id := range mine.ids {
		session, err := discordgo.New("Bot " + discord.Token())
		if err != nil {
			return err
		}
		discord.Configure(session) // does nothing with the real Discord
		session.ShardID, session.ShardCount = id, mine.count
		session.Identify.Intents = pingbot.Intents
		sessions = append(sessions, session)
	}

	// ── Argus ── The same line in every process, with all of its sessions. CLUSTER_ID and ARGUS_PORT are read there.
	a, err := argus.Start(sessions[0], argus.WithSessions(sessions[1:]...), argus.WithCommands(pingbot.Command))
	if err != nil {
		return err
	}
	// Shut down after the sessions have closed, so that their end is counted too.
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.Shutdown(ctx); err != nil {
			log.Print(err)
		}
	}()
	for _, session := range sessions {
		session.AddHandler(a.Interaction(pingbot.Slash))
		session.AddHandler(pingbot.OnText(func(s *discordgo.Session, m *discordgo.MessageCreate) error {
			return a.Command(pingbot.Command, func() error { return pingbot.Text(s, m) })
		}))
	}

	defer closeAll(sessions)
	if err := openAll(ctx, sessions, identifyWindow); errors.Is(err, context.Canceled) {
		return nil // it was Ctrl-C
	} else if err != nil {
		return err
	}

	if slices.Contains(mine.ids, 0) { // once for the whole bot is enough
		if err := pingbot.Register(sessions[slices.Index(mine.ids, 0)]); err != nil {
			return err
		}
	}
	log.Printf("cluster %s is running shards %v of %d; Ctrl-C ends it", a.Config().ClusterID, mine.ids, mine.count)
	<-ctx.Done()
	log.Printf("cluster %s is closing", a.Config().ClusterID)
	return nil
}

// closeAll closes the sessions at the same time: discordgo takes a second for each.
func closeAll(sessions []*discordgo.Session) {
	var wait sync.WaitGroup
	for _, session := range sessions {
		wait.Go(func() { session.Close() })
	}
	wait.Wait()
}
