package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A bot has a history that is kept of instruments of the SDK, with values that tests set.
type bot struct {
	tb         testing.TB
	history    *history.History
	meter      metric.Meter
	values     map[string]map[attribute.Set]float64
	histograms map[string]metric.Float64Histogram
	slow       []SlowInteraction
	usage      map[string]float64
	closes     map[string]LastClose
	guild      func(id uint64) (string, *int64)
}

func newBot(tb testing.TB) *bot {
	tb.Helper()
	h := history.New(history.Options{Report: func(err error) { tb.Error(err) }})
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(h.Reader()),
		sdkmetric.WithResource(resource.NewSchemaless(attribute.String("cluster", "3"), attribute.String("bot", "music"))),
	)
	b := &bot{
		tb: tb, history: h, meter: provider.Meter("github.com/argus-dgo/argus/instrument"),
		values: map[string]map[attribute.Set]float64{}, histograms: map[string]metric.Float64Histogram{},
	}
	b.set(catalog.Up, 1)
	return b
}

func (b *bot) member() Member {
	return Member{
		Identity: Identity{Cluster: "3", Bot: "music", Region: "eu", Argus: "v0.1.0"}, Source: b.history,
		Slow:       func() []SlowInteraction { return b.slow },
		Usage:      func() map[string]float64 { return b.usage },
		LastCloses: func() map[string]LastClose { return b.closes },
		Guild:      b.guild,
	}
}

// set sets a gauge or the total of a counter.
func (b *bot) set(of catalog.Instrument, v float64, labels ...string) {
	b.of(of)[set(labels)] = v
}

// add increases a counter.
func (b *bot) add(of catalog.Instrument, v float64, labels ...string) {
	b.of(of)[set(labels)] += v
}

// remove removes a series.
func (b *bot) remove(of catalog.Instrument, labels ...string) {
	delete(b.of(of), set(labels))
}

// observe adds observations to a histogram.
func (b *bot) observe(of catalog.Instrument, v float64, n int, labels ...string) {
	h := b.histograms[of.Name]
	if h == nil {
		var err error
		if h, err = b.meter.Float64Histogram(of.Name, metric.WithExplicitBucketBoundaries(of.Buckets...)); err != nil {
			b.tb.Fatal(err)
		}
		b.histograms[of.Name] = h
	}
	for range n {
		h.Record(context.Background(), v, metric.WithAttributeSet(set(labels)))
	}
}

func set(labels []string) attribute.Set {
	pairs := make([]attribute.KeyValue, 0, len(labels)/2)
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, attribute.String(labels[i], labels[i+1]))
	}
	return attribute.NewSet(pairs...)
}

// of returns the values of an instrument, which it makes.
func (b *bot) of(of catalog.Instrument) map[attribute.Set]float64 {
	if values := b.values[of.Name]; values != nil {
		return values
	}
	values := map[attribute.Set]float64{}
	b.values[of.Name] = values
	floats := metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
		for set, v := range values {
			o.Observe(v, metric.WithAttributeSet(set))
		}
		return nil
	})
	whole := metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		for set, v := range values {
			o.Observe(int64(v), metric.WithAttributeSet(set))
		}
		return nil
	})
	var err error
	switch {
	case of.Kind == catalog.Counter && of.Unit == "s":
		_, err = b.meter.Float64ObservableCounter(of.Name, floats)
	case of.Kind == catalog.Counter:
		_, err = b.meter.Int64ObservableCounter(of.Name, whole)
	case of.Unit == "s":
		_, err = b.meter.Float64ObservableGauge(of.Name, floats)
	default:
		_, err = b.meter.Int64ObservableGauge(of.Name, whole)
	}
	if err != nil {
		b.tb.Fatal(err)
	}
	return values
}

// shard sets what is known of a shard that is up.
func (b *bot) shard(name string) {
	now := float64(time.Now().UnixMilli()) / 1e3
	b.state(name, catalog.StateReady)
	b.set(catalog.ShardStateChange, now, "shard", name)
	b.set(catalog.ShardLatency, 0.05, "shard", name)
	b.set(catalog.HeartbeatInterval, 41.25, "shard", name)
	b.set(catalog.HeartbeatAck, now, "shard", name)
	b.set(catalog.LastEvent, now, "shard", name)
	b.set(catalog.LockUnavailable, 0, "shard", name)
	b.set(catalog.ShardEvents, 0, "shard", name)
	b.set(catalog.ShardSent, 0, "shard", name, "op", "heartbeat")
	b.set(catalog.ShardDisconnects, 0, "shard", name, "code", "none", "initiator", "network")
	b.set(catalog.ShardReconnects, 0, "shard", name, "kind", catalog.KindResume)
	b.set(catalog.ShardReconnects, 0, "shard", name, "kind", catalog.KindIdentify)
}

// state sets the state of a shard.
func (b *bot) state(name, state string) {
	up := 0.0
	for _, other := range catalog.ShardStates() {
		now := 0.0
		if other == state {
			now = 1
		}
		b.set(catalog.ShardState, now, "shard", name, "state", other)
	}
	if state == catalog.StateReady {
		up = 1
	}
	b.set(catalog.ShardUp, up, "shard", name)
}

// steps takes steps of the history. The time of the bubble moves between them.
func (b *bot) steps(n int) {
	for range n {
		time.Sleep(history.FineStep) //nolint:forbidigo // by the clock of the bubble
		b.history.Step()
	}
}

// bubble runs a test of a bot by a clock of its own.
func bubble(t *testing.T, test func(t *testing.T, b *bot, a *API)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBot(t)
		a := New(func() []Member { return []Member{b.member()} }, func(err error) { t.Error(err) }, new(Slots))
		test(t, b, a)
	})
}

// get asks for a path with its query.
func get(a *API, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, e := range a.Endpoints() {
		if e.Path == r.URL.Path {
			e.Handler.ServeHTTP(w, r)
		}
	}
	return w
}
