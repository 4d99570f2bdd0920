// Clustered is a bot that runs as any number of processes, each with some of its shards. All run this same program; who each of
// them is comes from its environment, or from the name that Kubernetes gives its pod.
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
	// ── Argus ── Who is this process? The same answer serves the sessions here and the label cluster below.
	me, err := resource.Detect()
	if err != nil {
		return err
	}

	// The real Discord, or with -demo a fake one, which is as strict about how fast a bot identifies.
	discord, err := demo.Discord(discordtest.WithShards(me.ShardCount), discordtest.WithMaxConcurrency(1))
	if err != nil {
		return err
	}
	defer discord.Close()
	log.Print("this is ", me)

	var sessions []*discordgo.Session
	for _, id := range me.ShardIDs {
		session, err := discordgo.New("Bot " + discord.Token())
		if err != nil {
			return err
		}
		discord.Configure(session) // does nothing with the real Discord
		session.ShardID, session.ShardCount = id, me.ShardCount
		session.Identify.Intents = pingbot.Intents
		sessions = append(sessions, session)
	}

	// ── Argus ── The same line in every process, with all of its sessions.
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
			return a.Command(context.Background(), pingbot.Command, func(ctx context.Context) error { return pingbot.Text(ctx, s, m) })
		}))
	}

	defer closeAll(sessions)
	err = openAll(ctx, sessions, identifyWindow)
	if err == nil && slices.Contains(me.ShardIDs, 0) { // once for the whole bot is enough
		err = register(ctx, sessions[slices.Index(me.ShardIDs, 0)], identifyWindow)
	}
	if errors.Is(err, context.Canceled) {
		return nil // it was Ctrl-C
	} else if err != nil {
		return err
	}
	log.Print("all shards are connected; Ctrl-C ends it")
	<-ctx.Done()
	log.Print("closing")
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
