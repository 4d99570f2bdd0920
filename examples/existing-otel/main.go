// Existing-otel is a bot with an OpenTelemetry set-up of its own, to which Argus adds its instruments
// and nothing else: no exporter, no port, no SDK.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/examples/internal/demo"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
	"github.com/argus-dgo/argus/examples/internal/web"
	"github.com/argus-dgo/argus/instrument"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	addr := flag.String("addr", "localhost:8080", "where the web server listens, `host:port`")
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

	telemetry, err := newSetup(ctx)
	if err != nil {
		return err
	}
	opts := []instrument.Option{instrument.WithCommands(pingbot.Command)}
	// ── Argus ── Without WithMeterProvider it takes the global one. Traces and events are off without theirs.
	opts = append(opts, instrument.WithMeterProvider(telemetry.meters))
	if telemetry.tracers != nil {
		opts = append(opts, instrument.WithTracerProvider(telemetry.tracers), instrument.WithLoggerProvider(telemetry.loggers))
	}
	inst, err := instrument.New(opts...)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		// The metrics first: a reader that pushes sends the last values when it is shut down, and Close takes the
		// instruments away. The others last: Close ends the last spans.
		if err := errors.Join(telemetry.meters.Shutdown(ctx), inst.Close(), telemetry.shutdownQueues(ctx)); err != nil {
			log.Print(err)
		}
	}()
	// ── Argus ── Before Open; any number of sessions, and at any time.
	if _, err := inst.Attach(session); err != nil {
		return err
	}
	session.AddHandler(inst.Interaction(pingbot.Slash))
	session.AddHandler(pingbot.OnText(func(s *discordgo.Session, m *discordgo.MessageCreate) error {
		return inst.Command(context.Background(), pingbot.Command, func(ctx context.Context) error { return pingbot.Text(ctx, s, m) })
	}))

	mux := http.NewServeMux()
	mux.Handle("GET /metrics", telemetry.page)
	closeWeb, err := web.Serve(ctx, *addr, mux)
	if err != nil {
		return err
	}
	defer closeWeb()

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
