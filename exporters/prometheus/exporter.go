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
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/limit"
)

// promoted selects the resource attributes that become labels of every series. An
// attribute that the resource lacks adds no label.
var promoted = func() attribute.Filter {
	names := catalog.ResourceLabels()
	keys := make([]attribute.Key, len(names))
	for i, name := range names {
		keys[i] = attribute.Key(name)
	}
	return attribute.NewAllowKeysFilter(keys...)
}()

// Exporter is the pull exporter: a reader for a MeterProvider and the page that a
// Prometheus server scrapes. [New] makes one.
type Exporter struct {
	reader  *sdkmetric.ManualReader
	handler http.Handler
	gather  func() ([]*dto.MetricFamily, error) // what is on its page

	collections sync.Pool // of *metricdata.ResourceMetrics
	labels      labelSets

	registerer client.Registerer // of a shared registry; nil without one
	gatherer   client.Gatherer   // likewise

	own     *client.Registry // for WithCollectors, and the counter of scrape errors
	scrape  *scrapeErrors
	program *program // other metrics in a shared registry; nil without one
	skipped []error
	silent  map[string]bool // the names of skipped metrics

	ended    atomic.Bool
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

// WithRegistry registers the metrics with the caller's registry, so that one page
// serves the caller's metrics too. [Exporter.Handler] serves everything that g
// gathers, and so does a handler that the caller already has for g. Both r and g
// are required. Usually they are one *prometheus.Registry, or
// prometheus.DefaultRegisterer and prometheus.DefaultGatherer. The caller's series
// are served unchanged: they do not get the labels cluster, bot and region.
//
// If a collector of the caller describes a metric of the same name, registered
// before or after, the caller's metric stays. The exporter omits its own and
// reports it once. The exporter describes no names, so it cannot make a later
// registration fail. A collector that describes nothing is compared when the
// exporter is made. If one is registered later under a name of the exporter, the
// exporter detects it by the errors of the registry. Where [Exporter.Handler] is
// not scraped, this takes one more gathering a minute, and until then the caller's
// own handler may answer with an error.
func WithRegistry(r client.Registerer, g client.Gatherer) Option {
	return optionFunc(func(c *config) { c.shared, c.registerer, c.gatherer = true, r, g })
}

// WithCollectors adds client_golang collectors, such as collectors.NewGoCollector(),
// to the page, with the labels of [WithConstLabels]. Several calls add up; nil
// collectors are ignored.
//
// Metrics of a collector that a shared registry already has are left out, and the
// program's metrics stay. This is not an error; [Exporter.Skipped] lists them.
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

// WithConstLabels sets labels for the collectors of [WithCollectors] and for the
// page's own error counter. The facade sets cluster, bot and region here: these
// metrics do not pass through the MeterProvider, so they do not get the labels of
// its resource.
func WithConstLabels(labels map[string]string) Option {
	labels = maps.Clone(labels)
	return optionFunc(func(c *config) {
		if c.labels == nil {
			c.labels = client.Labels{}
		}
		maps.Copy(c.labels, labels)
	})
}

// WithNativeHistograms makes every histogram of the reader a native histogram (up
// to 160 buckets, with a resolution that falls as the range grows) instead of one
// with fixed buckets. Prometheus ingests them when it scrapes protobuf, which it
// does with scrape_native_histograms enabled. In the text formats such a histogram
// has only the bucket +Inf, so queries on _bucket or le return nothing: migrate
// dashboards and alerts to native histograms first.
func WithNativeHistograms() Option {
	return optionFunc(func(c *config) { c.native = true })
}

// WithErrorHandler sets the handler for scrape faults. The first is reported at
// once, then at most one a minute. The default, also for nil, is OpenTelemetry's
// global error handler. It must be safe for concurrent use.
func WithErrorHandler(h otel.ErrorHandler) Option {
	return optionFunc(func(c *config) {
		if h != nil {
			c.report = h.Handle
		}
	})
}

// New makes an exporter and starts nothing: register [Exporter.Reader] with a
// MeterProvider and mount [Exporter.Handler] on a server. The error joins all
// invalid options. With a shared registry, New gathers once and waits for it for
// at most a second.
func New(opts ...Option) (*Exporter, error) {
	c := config{report: otel.Handle}
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	var errs []error
	if c.shared && c.registerer == nil {
		errs = append(errs, errors.New("WithRegistry: the registerer is nil; pass the program's registry, or remove the option"))
	}
	if c.shared && c.gatherer == nil {
		errs = append(errs, errors.New("WithRegistry: the gatherer is nil; pass the program's registry, or remove the option"))
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

	var readerOpts []sdkmetric.ManualReaderOption
	if c.native {
		readerOpts = append(readerOpts, sdkmetric.WithAggregationSelector(nativeHistograms))
	}
	e := &Exporter{
		reader: sdkmetric.NewManualReader(readerOpts...),
		own:    client.NewRegistry(),
		scrape: newScrapeErrors(c.report),
	}
	labelled := client.WrapRegistererWith(c.labels, e.own)
	for _, col := range append(c.collectors, e.scrape.counter) {
		if err := labelled.Register(col); err != nil {
			if !c.shared {
				return nil, fmt.Errorf("WithCollectors: %T: %w", col, err)
			}
			e.skipped = append(e.skipped, fmt.Errorf("%T is omitted: %w", col, err))
		}
	}
	gather := e.ours
	if c.shared {
		e.registerer, e.gatherer = c.registerer, c.gatherer
		if err := e.share(&c); err != nil {
			return nil, err
		}
		gather = func() ([]*dto.MetricFamily, error) {
			families, err := c.gatherer.Gather()
			if e.ended.Load() {
				return nil, errEnded
			}
			e.program.learn(families, err)
			var left leftOut
			families = fit(families, noEscaping, &left)
			e.scrape.refused(&left)
			return families, err
		}
	}
	e.gather = gather
	e.handler = newHandler(gather, &e.ended, e.scrape)
	return e, nil
}

// ours returns the exporter's own metrics, without those that Prometheus refuses.
// The program's collectors take precedence over the MeterProvider, and Argus'
// scopes over other scopes.
func (e *Exporter) ours() ([]*dto.MetricFamily, error) {
	if e.ended.Load() {
		return nil, errEnded
	}
	var left leftOut
	registered, err := e.own.Gather()
	measured, collectErr := e.collect(&left)
	if isShutdown(collectErr) {
		e.ended.Store(true)
		return nil, errEnded
	}
	families := fit(append(registered, measured...), noEscaping, &left)
	e.scrape.refused(&left)
	return families, errors.Join(err, collectErr)
}

// Reader returns the reader for a MeterProvider: sdkmetric.WithReader(e.Reader()).
func (e *Exporter) Reader() sdkmetric.Reader { return e.reader }

// Handler returns the handler of the page, the same one at every call. Concurrent
// scrapes share one gathering.
func (e *Exporter) Handler() http.Handler { return e.handler }

// Skipped returns one error, for the log, for each collector of [WithCollectors]
// with metrics that a shared registry already has.
func (e *Exporter) Skipped() []error { return slices.Clone(e.skipped) }

// Expect announces metrics by their Prometheus names, before they are measured.
// Those that are left out because the program has them in a shared registry are
// reported now instead of at the first scrape.
func (e *Exporter) Expect(names ...string) {
	if e.program == nil {
		return
	}
	known := e.program.names()
	var taken leftOut
	for _, name := range names {
		if known.described[known.prefix+name] {
			taken.add(known.prefix+name, "")
		}
	}
	e.scrape.taken(new(limit.Limiter), &taken) // each is reported only once anyway
}

// Shutdown closes the reader and removes the metrics from a shared registry. The
// handler answers 503 from then on. The MeterProvider that owns the reader may be
// shut down before or after: a reader that is already shut down is not an error.
// Shutdown is idempotent and returns the same error each time.
func (e *Exporter) Shutdown(ctx context.Context) error {
	e.shutdown.Do(func() {
		e.ended.Store(true)
		if err := e.reader.Shutdown(ctx); err != nil && !errors.Is(err, sdkmetric.ErrReaderShutdown) {
			e.err = fmt.Errorf("prometheus reader: %w", err)
		}
	})
	return e.err
}

// nativeHistograms returns OpenTelemetry's defaults for exponential histograms.
// The scale is lowered later to what Prometheus supports.
func nativeHistograms(kind sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	if kind == sdkmetric.InstrumentKindHistogram {
		return sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}
	}
	return sdkmetric.DefaultAggregationSelector(kind)
}
