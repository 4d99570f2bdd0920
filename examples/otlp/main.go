// Otlp is a bot that pushes its metrics to an OpenTelemetry collector.
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

	"github.com/argus-dgo/argus"
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
	session.Identify.Intents = pingbot.Intents

	// ── Argus ── Where to, and how often, is for whoever runs the bot to say: OTEL_EXPORTER_OTLP_ENDPOINT
	// (such as http://localhost:4317; without it TLS to that port) and the other variables of OpenTelemetry. argus.Prometheus beside argus.OTLP does both.
	a, err := argus.Start(session, argus.WithExporters(argus.OTLP), argus.WithCommands(pingbot.Command))
	if err != nil {
		return err
	}
	// Shut down after the session has closed: the last push then tells of its end, too.
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.Shutdown(ctx); err != nil {
			log.Print(err)
		}
	}()

	session.AddHandler(a.Interaction(pingbot.Slash))
	session.AddHandler(pingbot.OnText(func(s *discordgo.Session, m *discordgo.MessageCreate) error {
		return a.Command(context.Background(), pingbot.Command, func(ctx context.Context) error { return pingbot.Text(ctx, s, m) })
	}))

	if err := session.Open(); err != nil {
		return fmt.Errorf("connecting to Discord: %w", err)
	}
	defer session.Close()

	if err := pingbot.Register(session); err != nil {
		return err
	}
	log.Print("the bot is running; Ctrl-C ends it")
	<-ctx.Done()
	log.Print("the bot is closing")
	return nil
}
