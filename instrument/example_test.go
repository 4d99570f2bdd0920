package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/instrument"
)

// counts returns the points of a counter above 0, as a reader of the program gets them.
func counts(reader sdkmetric.Reader, name string) string {
	var rm metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &rm); err != nil {
		return err.Error()
	}
	var points []string
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok || m.Name != name {
				continue
			}
			for _, p := range sum.DataPoints {
				if p.Value > 0 {
					points = append(points, fmt.Sprint(name, " ", p.Attributes.Encoded(attribute.DefaultEncoder()), " ", p.Value))
				}
			}
		}
	}
	return strings.Join(points, "\n")
}

// A program with its own OpenTelemetry set-up gives its MeterProvider to New, and
// attaches its sessions before they are opened.
func ExampleNew() {
	reader := sdkmetric.NewManualReader() // of a real program: a periodic reader, or a page
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))

	inst, err := instrument.New(instrument.WithMeterProvider(mp), instrument.WithCommands("ping"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer inst.Close()
	session, err := discordgo.New("Bot " + "your token")
	if err != nil {
		fmt.Println(err)
		return
	}
	detach, err := inst.Attach(session) // and session.Open after it
	if err != nil {
		fmt.Println(err)
		return
	}
	defer detach()

	err = inst.Command(context.Background(), "ping", func(context.Context) error { return nil })
	fmt.Println(err)
	fmt.Println(counts(reader, "discord.commands"))
	// Output:
	// <nil>
	// discord.commands command=ping,status=success 1
}

// Register the wrapped handler with session.AddHandler.
func ExampleInstrumentation_Interaction() {
	reader := sdkmetric.NewManualReader()
	inst, err := instrument.New(
		instrument.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))),
		instrument.WithCommands("ping"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer inst.Close()
	handler := inst.Interaction(func(_ context.Context, _ *discordgo.Session, i *discordgo.InteractionCreate) error {
		return errors.New("cannot answer " + i.ApplicationCommandData().Name)
	})

	handler(nil, interaction(discordgo.InteractionApplicationCommand, "ping")) // discordgo does this
	fmt.Println(counts(reader, "discord.app_commands"))
	// Output: discord.app_commands command=ping,status=error 1
}

// A command framework calls the handlers itself: call AppCommand around each.
func ExampleInstrumentation_AppCommand() {
	reader := sdkmetric.NewManualReader()
	inst, err := instrument.New(
		instrument.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))),
		instrument.WithCommands("config set"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer inst.Close()
	run := func(ctx context.Context, i *discordgo.InteractionCreate) error { // what the framework calls
		return inst.AppCommand(ctx, i, func(context.Context) error { return nil })
	}

	fmt.Println(run(context.Background(), interaction(discordgo.InteractionApplicationCommand, "config", "set")))
	fmt.Println(counts(reader, "discord.app_commands"))
	// Output:
	// <nil>
	// discord.app_commands command=config set,status=success 1
}
