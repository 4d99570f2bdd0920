// Command hour serves the live page of a bot that has been running for an hour, without
// waiting for it: it plays the hour into the history, step by step, and goes on in real
// time. For tests of the page only. It prints the address of the page.
//
// In each step of 5 s, 10 interactions are answered in time. 40 to 30 minutes ago, 2 more
// were missed in each step. 35 minutes ago, Discord closed shard 3 with 4009.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/history"
	"github.com/argus-dgo/argus/internal/page"
)

const shards = 4

func main() {
	bots := flag.String("bots", "", "names of the bots, separated by commas, which all have this one hour")
	flag.Parse()
	if err := run(strings.Split(*bots, ",")); err != nil {
		log.Fatal(err)
	}
}

func run(bots []string) error {
	b := &bot{start: time.Now().Add(-time.Hour)}
	b.now = b.start
	h := history.New(history.Options{Report: func(err error) { log.Print(err) }, Now: func() time.Time { return b.now }})
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(h.Reader()),
		sdkmetric.WithResource(resource.NewSchemaless(attribute.String("cluster", "hour"))),
	)
	if err := b.register(provider.Meter("github.com/argus-dgo/argus/instrument")); err != nil {
		return err
	}
	for ; b.now.Before(time.Now()); b.now = b.now.Add(history.FineStep) {
		h.Step()
	}

	var members []api.Member
	namespaces := map[string]string{}
	for _, name := range bots {
		members = append(members, api.Member{Identity: api.Identity{Cluster: "hour", Bot: name, Argus: "devel"}, Source: h})
		namespaces[name] = "discord"
	}
	report := func(err error) { log.Print(err) }
	a := api.New(func() []api.Member { return members }, report, new(api.Slots))
	handler, err := page.New(page.Config{
		Files: page.Built(), Guard: access.New(""), API: a, Report: report,
		Namespaces: func() map[string]string { return namespaces },
	})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("Live page: http://%s/\n", listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go func() {
		ticker := time.NewTicker(history.FineStep)
		defer ticker.Stop()
		for {
			select {
			case b.now = <-ticker.C:
				h.Step()
			case <-ctx.Done():
				_ = server.Close()
				return
			}
		}
	}()
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// A bot has counters that follow from the time alone.
type bot struct{ start, now time.Time }

// within is how many steps of a span of the hour have passed.
func (b *bot) within(from, to time.Duration) int64 {
	passed := min(b.now.Sub(b.start), to) - from
	return max(0, int64(passed/history.FineStep))
}

func (b *bot) closed() int64 { return min(1, b.within(25*time.Minute, time.Hour)) }

func (b *bot) register(m metric.Meter) error {
	type observe func(v float64, labels ...string)
	var failed error
	instrument := func(of catalog.Instrument, values func(observe)) {
		callback := func(_ context.Context, o metric.Float64Observer) error {
			values(func(v float64, labels ...string) { o.Observe(v, metric.WithAttributeSet(set(labels))) })
			return nil
		}
		var err error
		if of.Kind == catalog.Counter {
			_, err = m.Float64ObservableCounter(of.Name, metric.WithFloat64Callback(callback))
		} else {
			_, err = m.Float64ObservableGauge(of.Name, metric.WithFloat64Callback(callback))
		}
		if err != nil {
			failed = err
		}
	}
	gauge := func(of catalog.Instrument, value func() float64) {
		instrument(of, func(o observe) { o(value()) })
	}
	each := func(of catalog.Instrument, values func(o observe, shard string)) {
		instrument(of, func(o observe) {
			for i := range shards {
				values(o, strconv.Itoa(i))
			}
		})
	}
	gauge(catalog.Up, func() float64 { return 1 })
	gauge(catalog.Uptime, func() float64 { return b.now.Sub(b.start).Seconds() })
	gauge(catalog.BotShards, func() float64 { return shards })
	gauge(catalog.Guilds, func() float64 { return 500 })
	gauge(catalog.GuildsUnavailable, func() float64 { return 0 })
	instrument(catalog.Acks, func(o observe) {
		for outcome, n := range map[string]int64{
			"in_time": 10 * b.within(0, 24*time.Hour), "missed": 2 * b.within(20*time.Minute, 30*time.Minute), "late": 0, "rejected": 0,
		} {
			o(float64(n), "type", "application_command", "outcome", outcome)
		}
	})
	each(catalog.ShardUp, func(o observe, shard string) { o(1, "shard", shard) })
	each(catalog.ShardState, func(o observe, shard string) {
		for _, state := range catalog.ShardStates() {
			is := 0.0
			if state == catalog.StateReady {
				is = 1
			}
			o(is, "shard", shard, "state", state)
		}
	})
	each(catalog.ShardStateChange, func(o observe, shard string) { o(float64(b.start.Unix()), "shard", shard) })
	each(catalog.ShardLatency, func(o observe, shard string) { o(0.05, "shard", shard) })
	each(catalog.HeartbeatInterval, func(o observe, shard string) { o(41.25, "shard", shard) })
	each(catalog.HeartbeatAck, func(o observe, shard string) { o(float64(b.now.Unix()), "shard", shard) })
	each(catalog.LastEvent, func(o observe, shard string) { o(float64(b.now.Unix()), "shard", shard) })
	each(catalog.LockUnavailable, func(o observe, shard string) { o(0, "shard", shard) })
	each(catalog.ShardEvents, func(o observe, shard string) { o(float64(50*b.within(0, 24*time.Hour)), "shard", shard) })
	each(catalog.ShardDisconnects, func(o observe, shard string) {
		o(0, "shard", shard, "code", "none", "initiator", "network")
		if shard == "3" {
			o(float64(b.closed()), "shard", shard, "code", "4009", "initiator", "discord")
		}
	})
	each(catalog.ShardReconnects, func(o observe, shard string) {
		o(0, "shard", shard, "kind", catalog.KindResume)
		if n := b.closed(); shard == "3" {
			o(float64(n), "shard", shard, "kind", catalog.KindIdentify)
		}
	})
	return failed
}

func set(labels []string) attribute.Set {
	pairs := make([]attribute.KeyValue, 0, len(labels)/2)
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, attribute.String(labels[i], labels[i+1]))
	}
	return attribute.NewSet(pairs...)
}
