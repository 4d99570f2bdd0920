package instrument_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// BenchmarkDispatch measures what a dispatch costs a session from socket to
// handler, bare and instrumented side by side, for the four kinds of events
// that a bot's load is made of.
func BenchmarkDispatch(b *testing.B) {
	srv, err := discordtest.NewServer(discordtest.WithGuilds(1), discordtest.WithMembers(1000))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	guild := srv.Guilds()[0]
	channel := srv.TextChannel(guild)
	frames := map[string][]byte{}
	for event, data := range map[string]any{
		"MESSAGE_CREATE":     srv.Message(channel, strings.Repeat("x", 500)),
		"PRESENCE_UPDATE":    scriptedData(guild, channel),
		"INTERACTION_CREATE": srv.Interaction(discordtest.ApplicationCommand, time.Now(), "ping"),
		"GUILD_CREATE":       captureGuild(b, srv),
	} {
		d, err := json.Marshal(data)
		if err != nil {
			b.Fatal(err)
		}
		frames[event] = discordtest.EncodeFrame(true, 1, fmt.Appendf(nil, `{"t":%q,"s":5,"op":0,"d":%s}`, event, d))
	}
	for _, event := range []string{"MESSAGE_CREATE", "PRESENCE_UPDATE", "INTERACTION_CREATE", "GUILD_CREATE"} {
		for _, way := range []string{"bare", "tap", "handlers"} {
			b.Run(event+"/"+way, func(b *testing.B) { benchmarkDispatch(b, srv, way, event, frames[event]) })
		}
	}
}

func benchmarkDispatch(b *testing.B, srv *discordtest.Server, way, event string, frame []byte) {
	s, err := srv.NewSession(0, 1)
	if err != nil {
		b.Fatal(err)
	}
	s.Identify.Intents = discordgo.IntentsAll
	inst, err := instrument.New(instrument.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = inst.Close() }()
	attach := func() {
		if _, err := inst.Attach(s); err != nil {
			b.Fatal(err)
		}
	}
	if way == "tap" {
		attach()
	}
	var seen atomic.Int64
	done := make(chan struct{}, 1)
	var want atomic.Int64
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		if e.Type == event && seen.Add(1) == want.Load() {
			done <- struct{}{}
		}
	})
	if err := s.Open(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := srv.WaitConn(ctx, 0)
	if err != nil {
		b.Fatal(err)
	}
	if err := conn.WaitGuilds(ctx); err != nil {
		b.Fatal(err)
	}
	if way == "handlers" {
		attach()
	}
	// What came with READY is over when a marker is: then the counting begins.
	marker := make(chan struct{})
	var once sync.Once
	remove := s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		if e.Type == "MARKER" {
			once.Do(func() { close(marker) })
		}
	})
	if err := conn.Dispatch("MARKER", struct{}{}); err != nil {
		b.Fatal(err)
	}
	<-marker
	remove()
	want.Store(seen.Load() + int64(b.N))
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	b.ResetTimer()
	for range b.N {
		if err := conn.WriteBytes(frame); err != nil {
			b.Fatal(err)
		}
	}
	<-done
	b.StopTimer()
}

// captureGuild takes the GUILD_CREATE that a session is sent.
func captureGuild(b *testing.B, srv *discordtest.Server) json.RawMessage {
	s, err := srv.NewSession(0, 1)
	if err != nil {
		b.Fatal(err)
	}
	s.Identify.Intents = discordgo.IntentsAll
	guild := make(chan json.RawMessage, 1)
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		if e.Type == "GUILD_CREATE" {
			guild <- e.RawData
		}
	})
	if err := s.Open(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	return <-guild
}

// BenchmarkCollect measures one collection.
func BenchmarkCollect(b *testing.B) {
	for _, size := range []struct{ shards, guilds int }{{1, 100}, {16, 2500}} {
		b.Run(fmt.Sprintf("%d shards of %d guilds", size.shards, size.guilds), func(b *testing.B) {
			reader := sdkmetric.NewManualReader()
			inst, err := instrument.New(instrument.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = inst.Close() }()
			for id := range size.shards {
				s, err := discordgo.New("Bot x")
				if err != nil {
					b.Fatal(err)
				}
				s.ShardID, s.ShardCount = id, size.shards
				for n := range size.guilds {
					if err := s.State.GuildAdd(&discordgo.Guild{ID: fmt.Sprint(n), Channels: make([]*discordgo.Channel, 0)}); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := inst.Attach(s); err != nil {
					b.Fatal(err)
				}
			}
			var rm metricdata.ResourceMetrics
			b.ReportAllocs()
			for b.Loop() {
				if err := reader.Collect(context.Background(), &rm); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCommand measures a wrapped handler that does nothing.
func BenchmarkCommand(b *testing.B) {
	inst, err := instrument.New(
		instrument.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))),
		instrument.WithCommands("ping"),
	)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = inst.Close() }()
	h := func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil }
	wrapped := inst.Interaction(h)
	ic := interaction(discordgo.InteractionApplicationCommand, "ping")
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = h(b.Context(), nil, ic)
		}
	})
	b.Run("wrapped", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			wrapped(nil, ic)
		}
	})
}
