package prometheus_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bwmarrin/discordgo"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/exporters/prometheus"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/history"
)

// BenchmarkStep measures a step of the history beside a scrape and a collection of the
// same MeterProvider, with 16 sessions of 2,500 guilds each that a fake Discord serves.
func BenchmarkStep(b *testing.B) {
	const shards, guilds = 16, 2500
	exporter, err := prometheus.New()
	if err != nil {
		b.Fatal(err)
	}
	h := history.New(history.Options{})
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(exporter.Reader()), sdkmetric.WithReader(h.Reader()), sdkmetric.WithReader(reader),
		sdkmetric.WithCardinalityLimit(50_000), sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter), // as argus.Start
	)
	b.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	inst, err := instrument.New(instrument.WithMeterProvider(provider), instrument.WithCommands("ping", "play"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = inst.Close() })
	srv, err := discordtest.NewServer(discordtest.WithGuilds(shards), discordtest.WithMaxConcurrency(shards))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = srv.Close() })
	for shard := range shards {
		s, err := srv.NewSession(shard, shards)
		if err != nil {
			b.Fatal(err)
		}
		for n := range guilds {
			if err := s.State.GuildAdd(&discordgo.Guild{ID: fmt.Sprint(n), Channels: make([]*discordgo.Channel, 0)}); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := inst.Attach(s); err != nil {
			b.Fatal(err)
		}
		if err := s.Open(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
	}
	inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })

	b.Run("history", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h.Step()
		}
	})
	b.Run("scrape", func(b *testing.B) {
		page := exporter.NewPages()
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		w := &discard{header: http.Header{}}
		b.ReportAllocs()
		for b.Loop() {
			page.ServeHTTP(w, r)
		}
	})
	b.Run("collection", func(b *testing.B) {
		var rm metricdata.ResourceMetrics
		b.ReportAllocs()
		for b.Loop() {
			if err := reader.Collect(b.Context(), &rm); err != nil {
				b.Fatal(err)
			}
		}
	})
}
