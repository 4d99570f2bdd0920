// Clickhouse is a bot that writes its events to ClickHouse: which commands run and fail,
// guilds that come and go, outages. It is a Go module of its own, so that nobody else gets
// a client of ClickHouse.
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
	"github.com/argus-dgo/argus/analytics/clickhouselog"
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

	// ── Argus ── The variables ARGUS_CLICKHOUSE_… name the server. It may be away: the bot runs nevertheless.
	events, err := clickhouselog.New(ctx)
	if err != nil {
		return err
	}
	a, err := argus.Start(session, argus.WithCommands(pingbot.Command), argus.WithEventExporter(events))
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.Shutdown(ctx); err != nil { // writes the last events
			slog.Error("closing Argus", "error", err)
		}
	}()
	session.AddHandler(a.Interaction(pingbot.Slash))

	if err := session.Open(); err != nil {
		return fmt.Errorf("connecting to Discord: %w", err)
	}
	defer session.Close()
	if err := pingbot.Register(session); err != nil {
		return err
	}
	slog.Info("the bot is running; Ctrl-C ends it")
	<-ctx.Done()
	return nil
}
