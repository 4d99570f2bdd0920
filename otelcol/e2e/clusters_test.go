package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/resource"
)

const (
	clusters         = 100
	shardsPerCluster = 16
)

// interval is the time between two pushes of a bot, and between two scrapes, in this test.
const interval = 4 * time.Second

// TestManyClusters: one Collector between 100 processes with 16 shards each and Prometheus. What is pushed was measured on one bot with
// as many sessions; each process says a number of guilds of its own.
func TestManyClusters(t *testing.T) {
	t.Run("Collector scrape", func(t *testing.T) {
		// The configuration as it is does for so many.
		c := startCollector(t, nil)
		config := strings.ReplaceAll(promConfig(t, "prometheus.yml", c.places()), "scrape_interval: 1s", "scrape_interval: "+interval.String())
		manyClusters(t, c, startPrometheus(t, "prometheus", config), 6<<10)
	})
	t.Run("remote write", func(t *testing.T) {
		c, p := writing(t)
		manyClusters(t, c, p, 1<<10)
	})
}

// manyClusters measures the Collector. README.md says to count so many bytes of memory for each series, on top of 40 MiB.
func manyClusters(t *testing.T, c *collector, p *promServer, perSeries int64) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(10_000))
	inst, err := instrument.New(instrument.WithMeterProvider(provider), instrument.WithCommands(commands...))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inst.Close() }()
	srv, err := discordtest.NewServer(discordtest.WithShards(shardsPerCluster), discordtest.WithGuilds(2*shardsPerCluster))
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	b := &bot{t: t, srv: srv}
	defer b.closeSessions()
	for id := range shardsPerCluster {
		s, err := srv.NewSession(id, shardsPerCluster)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := inst.Attach(s); err != nil {
			t.Fatal(err)
		}
		if err := s.Open(); err != nil {
			t.Fatal(err)
		}
		b.sessions = append(b.sessions, s)
	}
	for id := range shardsPerCluster {
		conn, err := srv.WaitConn(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.WaitGuilds(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	var (
		exporters [clusters]*otlpmetricgrpc.Exporter
		resources [clusters]*sdkresource.Resource
	)
	withEnv(t, nil, func() {
		for n := range clusters {
			if resources[n], err = resource.New(t.Context(), resource.WithClusterID(fmt.Sprint("c", n))); err != nil {
				t.Fatal(err)
			}
			if exporters[n], err = otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithEndpoint(c.grpc), otlpmetricgrpc.WithInsecure()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = exporters[n].Shutdown(context.Background()) })
		}
	})

	// Each round is what 100 bots push in one interval.
	rounds := 5
	if long {
		rounds = 15
	}
	points := 0
	_, before := c.used()
	for range rounds {
		next := time.After(interval)
		for n := range clusters {
			var rm metricdata.ResourceMetrics
			if err := reader.Collect(t.Context(), &rm); err != nil {
				t.Fatal(err)
			}
			rm.Resource = resources[n]
			points = setGuilds(t, &rm, int64(1000+n))
			if err := exporters[n].Export(t.Context(), &rm); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-next:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
	eventually(t, p.name+" has the last cluster", 20*time.Second, func() (bool, string) {
		rows := p.query("count(count by (cluster) (discord_guilds))")
		return len(rows) == 1 && int(rows[0].Value) == clusters, fmt.Sprint(rows)
	})
	rows := p.query("sum by (cluster) (discord_guilds)")
	if len(rows) != clusters {
		t.Errorf("%s: %d rows, want %d", p.name, len(rows), clusters)
	}
	got := map[string]float64{}
	for _, row := range rows {
		got[string(row.Metric["cluster"])] = float64(row.Value)
	}
	for n := range clusters {
		if v := got[fmt.Sprint("c", n)]; v != float64(1000+n) {
			t.Errorf("%s: the cluster c%d has %v guilds, want %d", p.name, n, v, 1000+n)
		}
	}
	if v, _ := p.value("count(discord_shard_up)"); v != clusters*shardsPerCluster {
		t.Errorf("%s: %v shards, want %d", p.name, v, clusters*shardsPerCluster)
	}
	series, _ := p.value(`count({__name__=~"discord_.+|argus_.+"})`)
	t.Logf("%s holds %.0f series of the bots", p.name, series)
	peak, cpu := c.used()
	per := (cpu - before) / time.Duration(rounds)
	t.Logf("a push of %d shards has %d data points; for one push of each of %d bots, and handing it on, the Collector used %v of a processor; "+
		"it had %d MiB of memory at most", shardsPerCluster, points, clusters, per.Round(time.Millisecond), peak>>20)
	if most := 40<<20 + int64(series)*perSeries; peak > most*3/2 {
		t.Errorf("the Collector needs %d MiB, and the sizing notes say %d", peak>>20, most>>20)
	}
}

// TestPushSize: a push of a bot with 16 shards, the runtime's metrics included, is as large as the sizing notes for the queue say.
func TestPushSize(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	b := startBot(t, "push-size", shardsPerCluster, pushTo(f.addr))
	b.interact(20)
	eventually(t, "a push with all of it", 20*time.Second, func() (bool, string) { return f.interactions() == int64(b.sent), "" })
	size := f.size()
	t.Logf("a push of %d shards has %d KiB", shardsPerCluster, size>>10)
	if size < 45<<10 || size > 75<<10 {
		t.Errorf("a push of %d shards has %d KiB, and the sizing notes say 60", shardsPerCluster, size>>10)
	}
}

// setGuilds replaces the number of guilds and counts the data points.
func setGuilds(t *testing.T, rm *metricdata.ResourceMetrics, guilds int64) (points int) {
	t.Helper()
	set := false
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				points += len(data.DataPoints)
				if m.Name == catalog.Guilds.Name && len(data.DataPoints) == 1 {
					data.DataPoints[0].Value, set = guilds, true
				}
			case metricdata.Gauge[float64]:
				points += len(data.DataPoints)
			case metricdata.Sum[int64]:
				points += len(data.DataPoints)
			case metricdata.Sum[float64]:
				points += len(data.DataPoints)
			case metricdata.Histogram[float64]:
				points += len(data.DataPoints)
			}
		}
	}
	if !set {
		t.Fatalf("there is no %s", catalog.Guilds.Name)
	}
	return points
}
