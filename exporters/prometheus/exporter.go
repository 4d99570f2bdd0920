package prometheus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/catalog"
)

// resourceLabels lets those resource attributes through that become labels of every
// series. A resource that lacks one has no such label.
func resourceLabels() attribute.Filter {
	names := catalog.ResourceLabels()
	keys := make([]attribute.Key, len(names))
	for i, name := range names {
		keys[i] = attribute.Key(name)
	}
	return attribute.NewAllowKeysFilter(keys...)
}

// Exporter is the pull side of the metrics: a reader for a MeterProvider and
// the page that a Prometheus server scrapes. Make it with [New].
type Exporter struct {
	reader  *otelprom.Exporter
	handler http.Handler

	registerer client.Registerer
	bridge     *bridge
	owned      []registration
	skipped    []error

	shutdown sync.Once
	err      error
}

// Option configures [New].
type Option interface {
	apply(*config)
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	shared     bool
	registerer client.Registerer
	gatherer   client.Gatherer
	collectors []client.Collector
	labels     client.Labels
	native     bool
	report     func(error)
}

// WithRegistry puts the metrics into the caller's registry, so that the
// caller's own metrics are on the same page: on [Exporter.Handler], which
// serves all of g, and on a handler that the caller has for g already. r and g
// are mostly one *prometheus.Registry, or prometheus.DefaultRegisterer and
// prometheus.DefaultGatherer; both are required. The caller's own series are
// served as they are: cluster, bot and region are not added to them.
func WithRegistry(r client.Registerer, g client.Gatherer) Option {
	return optionFunc(func(c *config) { c.shared, c.registerer, c.gatherer = true, r, g })
}

// WithCollectors puts client_golang collectors on the page, such as
// collectors.NewGoCollector(), with the labels of [WithConstLabels]. It adds up
// when used more than once; nil collectors are ignored.
//
// A collector that a shared registry refuses, because the program has
// registered the same metrics already, is left out: the ones of the program
// stay. It is no error; [Exporter.Skipped] tells.
func WithCollectors(cs ...client.Collector) Option {
	cs = append([]client.Collector(nil), cs...)
	return optionFunc(func(c *config) {
		for _, col := range cs {
			if col != nil {
				c.collectors = append(c.collectors, col)
			}
		}
	})
}

// WithConstLabels sets labels for the collectors of [WithCollectors] and for
// the page's own error counter. The facade sets cluster, bot and region here, for these
// metrics do not pass through the MeterProvider, whose resource labels the
// others.
func WithConstLabels(labels map[string]string) Option {
	labels = maps.Clone(labels)
	return optionFunc(func(c *config) {
		if c.labels == nil {
			c.labels = client.Labels{}
		}
		maps.Copy(c.labels, labels)
	})
}

// WithNativeHistograms makes every histogram of the reader a native one (up to
// 160 buckets, resolution falling as the range grows) in place of the fixed
// buckets. Prometheus takes them when it scrapes with protobuf, which it does
// when scrape_native_histograms is on. In the text formats such a histogram has
// no buckets but +Inf, so a query on _bucket or le finds nothing: switch
// dashboards and alerts to native histograms before this.
func WithNativeHistograms() Option {
	return optionFunc(func(c *config) { c.native = true })
}

// WithReport sets where faults of scrapes are reported: the first at once,
// then at most one a minute. The default is OpenTelemetry's global error
// handler. The function must be safe for concurrent use; nil is ignored.
func WithReport(report func(error)) Option {
	return optionFunc(func(c *config) {
		if report != nil {
			c.report = report
		}
	})
}

// New makes an exporter. It starts nothing: register [Exporter.Reader] with a
// MeterProvider and mount [Exporter.Handler] somewhere, or give it to
// [NewServer]. Errors are about options, all of them joined.
func New(opts ...Option) (*Exporter, error) {
	c := config{report: otel.Handle}
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	var errs []error
	if !c.shared {
		reg := client.NewRegistry()
		c.registerer, c.gatherer = reg, reg
	}
	if c.registerer == nil {
		errs = append(errs, errors.New("WithRegistry: the registerer is nil; give the registry that the program's metrics are in, or leave the option out"))
	}
	if c.gatherer == nil {
		errs = append(errs, errors.New("WithRegistry: the gatherer is nil; give the registry that the program's metrics are in, or leave the option out"))
	}
	for _, name := range slices.Sorted(maps.Keys(c.labels)) {
		// client_golang checks names and values only when a metric is made.
		probe := client.NewDesc("argus_probe", "Checks a label.", nil, client.Labels{name: c.labels[name]})
		if _, err := client.NewConstMetric(probe, client.GaugeValue, 0); err != nil {
			errs = append(errs, fmt.Errorf("WithConstLabels: %q: %w", name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}

	e := &Exporter{registerer: c.registerer, bridge: &bridge{}}
	if err := e.register(&c); err != nil {
		e.unregister()
		return nil, err
	}
	return e, nil
}

func (e *Exporter) register(c *config) error {
	labelled := client.WrapRegistererWith(c.labels, c.registerer)
	for _, col := range c.collectors {
		if err := e.own(labelled, col); err != nil {
			if !c.shared {
				return fmt.Errorf("WithCollectors: %T: %w", col, err)
			}
			e.skipped = append(e.skipped, fmt.Errorf("%T is left out: %w", col, err))
		}
	}
	scrape := newScrapeErrors(c.report)
	if err := e.own(labelled, scrape.counter); err != nil {
		// Another handler of the program counts under this name. Ours counts on,
		// unseen; the reports stay.
		e.skipped = append(e.skipped, fmt.Errorf("the counter of scrape errors is left out: %w", err))
	}

	opts := []otelprom.Option{
		otelprom.WithRegisterer(e.bridge),
		otelprom.WithoutScopeInfo(),
		otelprom.WithResourceAsConstantLabels(resourceLabels()),
		otelprom.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
	}
	if c.native {
		opts = append(opts, otelprom.WithAggregationSelector(nativeHistograms))
	}
	reader, err := otelprom.New(opts...)
	if err != nil {
		return fmt.Errorf("cannot make the reader: %w", err)
	}
	if err := c.registerer.Register(e.bridge); err != nil {
		return fmt.Errorf("the registry refuses the reader: %w", err)
	}
	e.reader = reader
	e.handler = newHandler(c.gatherer, scrape)
	return nil
}

func (e *Exporter) own(labelled client.Registerer, col client.Collector) error {
	if err := labelled.Register(col); err != nil {
		return err
	}
	e.owned = append(e.owned, registration{labelled, col})
	return nil
}

func (e *Exporter) unregister() {
	for _, o := range e.owned {
		o.at.Unregister(o.collector)
	}
	e.owned = nil
	e.bridge.collector.Store(nil)
}

// registration remembers which registerer a collector went through: the one
// that adds labels must take it out again.
type registration struct {
	at        client.Registerer
	collector client.Collector
}

// Reader is what a MeterProvider needs: sdkmetric.WithReader(e.Reader()).
func (e *Exporter) Reader() sdkmetric.Reader { return e.reader }

// Handler serves the page. It is one and the same handler at every call; the
// limit of concurrent scrapes is its own.
func (e *Exporter) Handler() http.Handler { return e.handler }

// Skipped names the collectors that a shared registry refused, one error each,
// for a line in the log.
func (e *Exporter) Skipped() []error { return append([]error(nil), e.skipped...) }

// Shutdown ends the reader and takes the collectors out of the registry; the
// handler then serves what else is in there. A MeterProvider that owns the
// reader may be shut down before or after: a reader that is shut down already
// is no error here. Shutdown is idempotent and gives the same answer each time.
func (e *Exporter) Shutdown(ctx context.Context) error {
	e.shutdown.Do(func() {
		if err := e.reader.Shutdown(ctx); err != nil && !errors.Is(err, sdkmetric.ErrReaderShutdown) {
			e.err = fmt.Errorf("prometheus reader: %w", err)
		}
		e.unregister()
	})
	return e.err
}

// bridge stands between the registry and OpenTelemetry's collector. That one
// describes nothing in advance, and a registry cannot unregister such a
// collector; the bridge empties itself instead, so that an exporter that was
// shut down leaves no reader behind in the program's registry.
type bridge struct {
	collector atomic.Pointer[client.Collector]
}

var (
	_ client.Registerer = (*bridge)(nil)
	_ client.Collector  = (*bridge)(nil)
)

// Register takes the collector that otelprom.New makes.
func (b *bridge) Register(c client.Collector) error {
	b.collector.Store(&c)
	return nil
}

// MustRegister is Register; it cannot fail.
func (b *bridge) MustRegister(cs ...client.Collector) {
	for _, c := range cs {
		b.collector.Store(&c)
	}
}

// Unregister forgets the collector.
func (b *bridge) Unregister(client.Collector) bool { return b.collector.Swap(nil) != nil }

// Describe describes nothing: what is collected is not known in advance.
func (*bridge) Describe(chan<- *client.Desc) {}

// Collect passes the reader's metrics on, until Shutdown.
func (b *bridge) Collect(ch chan<- client.Metric) {
	if c := b.collector.Load(); c != nil {
		(*c).Collect(ch)
	}
}

// nativeHistograms are OpenTelemetry's defaults for exponential histograms;
// the scale falls to what Prometheus can hold.
func nativeHistograms(kind sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	if kind == sdkmetric.InstrumentKindHistogram {
		return sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}
	}
	return sdkmetric.DefaultAggregationSelector(kind)
}
