// Slog is a bot whose log lines have the id of the trace that they belong to: on the
// terminal, and in the log records that a collector gets. It is a Go module of its
// own, so that nobody else gets OpenTelemetry's bridge.
package main

import (
	"context"
	"fmt"
	"log/slog"
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
		slog.Error("the bot has failed", "error", err)
		os.Exit(1)
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

	// ── Argus ── Its own lines go to slog's default logger, so a line about a collector that is away is not sent there.
	a, err := argus.Start(session, argus.WithCommands(pingbot.Command))
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.Shutdown(ctx); err != nil { // sends the last lines
			slog.Error("closing Argus", "error", err)
		}
	}()
	// ── Argus ── The bot's lines also become log records.
	logger := newLogger(os.Stderr, a.LoggerProvider())
	session.AddHandler(a.Interaction(ping(a, logger)))

	if err := session.Open(); err != nil {
		return fmt.Errorf("connecting to Discord: %w", err)
	}
	defer session.Close()
	if err := pingbot.Register(session); err != nil {
		return err
	}
	logger.Info("the bot is running; Ctrl-C ends it")
	<-ctx.Done()
	return nil
}

// ping answers /ping. The context has the trace of the interaction: pass it on.
func ping(a *argus.Argus, logger *slog.Logger) func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error {
	tracer := a.TracerProvider().Tracer("pingbot")
	return func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		ctx, span := tracer.Start(ctx, "ping")
		defer span.End()
		logger.InfoContext(ctx, "somebody uses the bot", "locale", string(i.Locale))
		return pingbot.Slash(ctx, s, i)
	}
}
