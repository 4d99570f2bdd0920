// Incode is a bot that pushes its metrics to an OpenTelemetry collector, with everything about the push said in code.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bwmarrin/discordgo"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/examples/internal/demo"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
	"github.com/argus-dgo/argus/exporters/otlp"
	"github.com/argus-dgo/argus/instrument"
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
	endpoint := flag.String("endpoint", "http://localhost:4317", "the collector's OTLP/gRPC receiver, `URL`")
	interval := flag.Duration("interval", 15*time.Second, "the time between two pushes")
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

	// ── Argus ── Who this process is, where its metrics go, and what is measured.
	res, err := resource.New(ctx, resource.WithClusterID("eu-1"), resource.WithServiceName("pingbot"))
	if err != nil {
		return err
	}
	exporter, err := otlp.New(ctx, otlp.WithEndpoint(*endpoint), otlp.WithInterval(*interval))
	if err != nil {
		return err
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter.Reader()), sdkmetric.WithResource(res))
	inst, err := instrument.New(instrument.WithMeterProvider(provider), instrument.WithCommands(pingbot.Command))
	if err != nil {
		return err
	}
	defer func() { // after the session has closed: the last push then tells of its end, too
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		// The provider first: it pushes the last values, and Close takes the instruments away.
		if err := errors.Join(provider.Shutdown(ctx), inst.Close()); err != nil {
			log.Print(err)
		}
	}()
	if _, err := inst.Attach(session); err != nil {
		return err
	}
	exporter.Begin() // the first push: counters that matter reach the collector at 0, before anything happens
	session.AddHandler(inst.Interaction(pingbot.Slash))
	session.AddHandler(pingbot.OnText(func(s *discordgo.Session, m *discordgo.MessageCreate) error {
		return inst.Command(context.Background(), pingbot.Command, func(ctx context.Context) error { return pingbot.Text(ctx, s, m) })
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
