package prometheus_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/otel/attribute"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/exporters/prometheus"
	"github.com/argus-dgo/argus/instrument"
)

// BenchmarkScrape measures what one scrape costs, in four ways to make a page of the
// same series: client_golang's own vectors, a collector of constant metrics,
// OpenTelemetry's exporter and this one. The last two read the same MeterProvider,
// and "collection" is the part of it that is the SDK's and the instrumentation's.
// A page is in the text format and not compressed.
func BenchmarkScrape(b *testing.B) {
	for _, shards := range []int{16, 256} {
		b.Run(fmt.Sprintf("%d shards", shards), func(b *testing.B) {
			bot := newMeasuredBot(b, shards)
			for _, way := range []struct {
				name string
				page http.Handler
			}{
				{"vectors", promhttp.HandlerFor(vectors(b, bot.families(b)), promhttp.HandlerOpts{})},
				{"const", promhttp.HandlerFor(constants(b, bot.families(b)), promhttp.HandlerOpts{})},
				{"opentelemetry", promhttp.HandlerFor(bot.registry, promhttp.HandlerOpts{})},
				{"argus", bot.exporter.NewPages()},
			} {
				b.Run(way.name, func(b *testing.B) {
					r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
					w := &discard{header: http.Header{}}
					b.ReportAllocs()
					for b.Loop() {
						w.n = 0
						way.page.ServeHTTP(w, r)
					}
					b.ReportMetric(float64(w.n), "page-B")
				})
			}
			b.Run("collection", func(b *testing.B) {
				var rm metricdata.ResourceMetrics
				b.ReportAllocs()
				for b.Loop() {
					if err := bot.reader.Collect(b.Context(), &rm); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// discard counts the bytes of a page.
type discard struct {
	header http.Header
	n      int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }

// measuredBot is a bot that has been measured for a moment, with a reader for each
// way to read it.
type measuredBot struct {
	exporter *prometheus.Exporter
	registry *client.Registry // with OpenTelemetry's exporter
	reader   *sdkmetric.ManualReader
}

func newMeasuredBot(b *testing.B, shards int) *measuredBot {
	b.Helper()
	exporter, err := prometheus.New()
	if err != nil {
		b.Fatal(err)
	}
	registry := client.NewRegistry()
	cluster := attribute.NewAllowKeysFilter("cluster", "bot", "region")
	otel, err := otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo(), otelprom.WithResourceAsConstantLabels(cluster))
	if err != nil {
		b.Fatal(err)
	}
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(exporter.Reader()), sdkmetric.WithReader(otel), sdkmetric.WithReader(reader),
		sdkmetric.WithCardinalityLimit(50_000), sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter), // as argus.Start
		sdkmetric.WithResource(sdkresource.NewSchemaless(
			attribute.String("cluster", "3"), attribute.String("bot", "music"), attribute.String("service.name", "music"))),
	)
	b.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	inst, err := instrument.New(instrument.WithMeterProvider(provider), instrument.WithCommands("ping"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = inst.Close() })

	srv, err := discordtest.NewServer(discordtest.WithGuilds(10*shards), discordtest.WithMaxConcurrency(shards))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = srv.Close() })
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	var wait, closing sync.WaitGroup
	b.Cleanup(closing.Wait)
	for shard := range shards {
		s, err := srv.NewSession(shard, shards)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := inst.Attach(s); err != nil {
			b.Fatal(err)
		}
		s.AddHandler(inst.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			return s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource})
		}))
		wait.Go(func() {
			if err := s.Open(); err != nil {
				b.Error(err)
				return
			}
			id, _, err := srv.SendInteraction(ctx, shard, discordtest.ApplicationCommand, time.Now(), "ping")
			if err == nil {
				_, err = srv.WaitCallback(ctx, id)
			}
			if err != nil {
				b.Error(err)
			}
		})
		b.Cleanup(func() { closing.Go(func() { _ = s.Close() }) }) // each waits for a second
	}
	wait.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return &measuredBot{exporter, registry, reader}
}

// families returns what is on the bot's page.
func (m *measuredBot) families(b *testing.B) map[string]*dto.MetricFamily {
	b.Helper()
	w := httptest.NewRecorder()
	m.exporter.NewPages().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(w.Result().Body)
	if err != nil {
		b.Fatal(err)
	}
	return families
}

// vectors puts families into client_golang's vectors, with the values they have.
func vectors(b *testing.B, families map[string]*dto.MetricFamily) *client.Registry {
	b.Helper()
	registry := client.NewRegistry()
	for name, mf := range families {
		names, _ := labels(mf.Metric[0])
		var gauges *client.GaugeVec
		var counters *client.CounterVec
		var histograms *client.HistogramVec
		switch mf.GetType() {
		case dto.MetricType_GAUGE:
			gauges = client.NewGaugeVec(client.GaugeOpts{Name: name, Help: mf.GetHelp()}, names)
			registry.MustRegister(gauges)
		case dto.MetricType_COUNTER:
			counters = client.NewCounterVec(client.CounterOpts{Name: name, Help: mf.GetHelp()}, names)
			registry.MustRegister(counters)
		case dto.MetricType_HISTOGRAM:
			var bounds []float64
			for _, bucket := range mf.Metric[0].Histogram.Bucket {
				bounds = append(bounds, bucket.GetUpperBound())
			}
			histograms = client.NewHistogramVec(client.HistogramOpts{Name: name, Help: mf.GetHelp(), Buckets: bounds}, names)
			registry.MustRegister(histograms)
		}
		for _, m := range mf.Metric {
			_, values := labels(m)
			switch {
			case gauges != nil:
				gauges.WithLabelValues(values...).Set(m.GetGauge().GetValue())
			case counters != nil:
				counters.WithLabelValues(values...).Add(m.GetCounter().GetValue())
			case histograms != nil:
				h := histograms.WithLabelValues(values...)
				for range m.GetHistogram().GetSampleCount() {
					h.Observe(m.GetHistogram().GetSampleSum() / float64(m.GetHistogram().GetSampleCount()))
				}
			}
		}
	}
	return registry
}

// constants is a collector that makes each metric anew at each scrape, from
// descriptions that it keeps: the usual way to export what another system knows.
type constantMetrics struct {
	families []constantFamily
}

type constantFamily struct {
	desc   *client.Desc
	kind   dto.MetricType
	points []constantPoint
}

type constantPoint struct {
	labels  []string
	value   float64
	count   uint64
	buckets map[float64]uint64
}

func constants(b *testing.B, families map[string]*dto.MetricFamily) *client.Registry {
	b.Helper()
	c := &constantMetrics{}
	for name, mf := range families {
		names, _ := labels(mf.Metric[0])
		f := constantFamily{desc: client.NewDesc(name, mf.GetHelp(), names, nil), kind: mf.GetType()}
		for _, m := range mf.Metric {
			_, values := labels(m)
			p := constantPoint{labels: values, value: m.GetGauge().GetValue() + m.GetCounter().GetValue()}
			if h := m.Histogram; h != nil {
				p.value, p.count, p.buckets = h.GetSampleSum(), h.GetSampleCount(), map[float64]uint64{}
				for _, bucket := range h.Bucket {
					p.buckets[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
				}
			}
			f.points = append(f.points, p)
		}
		c.families = append(c.families, f)
	}
	registry := client.NewRegistry()
	registry.MustRegister(c)
	return registry
}

func (c *constantMetrics) Describe(ch chan<- *client.Desc) {
	for _, f := range c.families {
		ch <- f.desc
	}
}

func (c *constantMetrics) Collect(ch chan<- client.Metric) {
	for _, f := range c.families {
		for _, p := range f.points {
			switch f.kind {
			case dto.MetricType_HISTOGRAM:
				ch <- client.MustNewConstHistogram(f.desc, p.count, p.value, p.buckets, p.labels...)
			case dto.MetricType_COUNTER:
				ch <- client.MustNewConstMetric(f.desc, client.CounterValue, p.value, p.labels...)
			default:
				ch <- client.MustNewConstMetric(f.desc, client.GaugeValue, p.value, p.labels...)
			}
		}
	}
}

func labels(m *dto.Metric) (names, values []string) {
	for _, l := range m.Label {
		names, values = append(names, l.GetName()), append(values, l.GetValue())
	}
	return names, values
}
