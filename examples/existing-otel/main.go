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
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

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

// newProvider stands for the set-up that you have, with whatever readers and exporters.
func newProvider() (*sdkmetric.MeterProvider, http.Handler, error) {
	registry := prometheus.NewRegistry()
	reader, err := otelprom.New(
		otelprom.WithRegisterer(registry),
		// With these two the series are those of the dashboards: cluster on each, bot and region where the resource has them,
		// and no scope labels.
		otelprom.WithResourceAsConstantLabels(attribute.NewAllowKeysFilter("bot", "cluster", "region")),
		otelprom.WithoutScopeInfo(),
	)
	if err != nil {
		return nil, nil, err
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(reader),
		sdkmetric.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "pingbot"),
			attribute.String("cluster", "eu-1"), // tells the bot's processes apart
		)),
	)
	return provider, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), nil
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

	provider, page, err := newProvider()
	if err != nil {
		return err
	}
	// ── Argus ── Without WithMeterProvider it takes the global one.
	inst, err := instrument.New(instrument.WithMeterProvider(provider), instrument.WithCommands(pingbot.Command))
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		// The provider first: a reader that pushes sends the last values when it is shut down, and Close takes the
		// instruments away.
		if err := errors.Join(provider.Shutdown(ctx), inst.Close()); err != nil {
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
	mux.Handle("GET /metrics", page)
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
