// Ken is a bot whose commands are called by a command framework,
// github.com/zekrotja/ken. It is a Go module of its own, so that nobody else gets
// the framework.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/zekrotja/ken"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/examples/internal/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	discord, err := demo.Discord() // the real one, or with -demo a fake one
	if err != nil {
		return err
	}
	defer discord.Close()

	session, err := discordgo.New("Bot " + discord.Token())
	if err != nil {
		return err
	}
	discord.Configure(session) // does nothing with the real Discord

	a, err := argus.Start(session)
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

	if err := register(session, a, ping{}); err != nil {
		return err
	}
	if err := session.Open(); err != nil {
		return fmt.Errorf("connecting to Discord: %w", err)
	}
	defer session.Close()
	log.Print("the bot is running; Ctrl-C ends it")
	<-ctx.Done()
	return nil
}

// register has ken call the commands, and Argus measure them under their names.
func register(session *discordgo.Session, a *argus.Argus, commands ...ken.SlashCommand) error {
	k, err := ken.New(session)
	if err != nil {
		return err
	}
	for _, command := range commands {
		if err := a.Commands(command.Name()); err != nil {
			return err
		}
		if err := k.RegisterCommands(measured{command, a}); err != nil {
			return err
		}
	}
	return nil
}

// measured is a command with Argus around it. ken's middlewares are called before and
// after a command, so they do not see a panic; this does.
type measured struct {
	ken.SlashCommand
	argus *argus.Argus
}

// Run implements ken.Command.
func (m measured) Run(c ken.Context) error {
	return m.argus.AppCommand(context.Background(), c.GetEvent(), func(context.Context) error { return m.SlashCommand.Run(c) })
}

// ping is a command as ken has it.
type ping struct{}

func (ping) Name() string                                   { return "ping" }
func (ping) Description() string                            { return "Asks the bot whether it is there" }
func (ping) Version() string                                { return "1.0.0" }
func (ping) Options() []*discordgo.ApplicationCommandOption { return nil }
func (ping) Run(c ken.Context) error                        { return c.RespondMessage("Pong!") }
