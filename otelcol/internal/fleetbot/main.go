// Fleetbot is the bot of the end-to-end tests that need many processes: one process of a bot whose shards share a fake
// Discord that runs elsewhere, in the test. It takes its part of the shards from the environment, as a bot does that is
// deployed many times from one image, and has the one line of Argus.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/resource"
)

// envDiscord holds the address of the fake Discord.
const envDiscord = "FLEETBOT_DISCORD"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err) //nolint:gocritic // nothing is left to be stopped
	}
}

func run(ctx context.Context) (err error) {
	discord, err := discordtest.Connect(os.Getenv(envDiscord))
	if err != nil {
		return fmt.Errorf("%s: %w", envDiscord, err)
	}
	me, err := resource.Detect()
	if err != nil {
		return err
	}
	log.Print("this is ", me)
	var sessions []*discordgo.Session
	for _, id := range me.ShardIDs {
		s, err := discordgo.New("Bot " + discord.Token())
		if err != nil {
			return err
		}
		discord.Configure(s)
		s.ShardID, s.ShardCount = id, me.ShardCount
		sessions = append(sessions, s)
	}
	a, err := argus.Start(sessions[0], argus.WithSessions(sessions[1:]...), argus.WithCommands("ping"))
	if err != nil {
		return err
	}
	defer func() {
		timeout, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(err, a.Shutdown(timeout))
	}()
	for _, s := range sessions {
		s.AddHandler(a.Interaction(answer))
	}
	defer func() { err = errors.Join(err, each(sessions, (*discordgo.Session).Close)) }()
	// For the budget of session starts, which the instrumentation reads along.
	if _, err := sessions[0].GatewayBot(discordgo.WithContext(ctx)); err != nil {
		log.Print(err) // it starts without
	}
	if err := each(sessions, (*discordgo.Session).Open); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func answer(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
	return s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseChannelMessageWithSource, Data: &discordgo.InteractionResponseData{Content: "done"},
	})
}

// each does something to all sessions at one time.
func each(sessions []*discordgo.Session, do func(*discordgo.Session) error) error {
	errs := make([]error, len(sessions))
	var wait sync.WaitGroup
	for n, s := range sessions {
		wait.Go(func() { errs[n] = do(s) })
	}
	wait.Wait()
	return errors.Join(errs...)
}
