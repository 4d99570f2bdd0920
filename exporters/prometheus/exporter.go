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

// promoted lets those resource attributes through that become labels of every
// series. A resource that lacks one has no such label.
var promoted = func() attribute.Filter {
	names := catalog.ResourceLabels()
	keys := make([]attribute.Key, len(names))
	for i, name := range names {
		keys[i] = attribute.Key(name)
	}
	return attribute.NewAllowKeysFilter(keys...)
}()

// Exporter is the pull side of the metrics: a reader for a MeterProvider and
// the page that a Prometheus server scrapes. Make it with [New].
type Exporter struct {
	reader  *sdkmetric.ManualReader
	handler http.Handler
	gather  func() ([]*dto.MetricFamily, error) // what is on its page

	registerer client.Registerer // of a shared registry; nil without one
	gatherer   client.Gatherer   // likewise

	own     *client.Registry // of WithCollectors, and the counter of scrape errors
	scrape  *scrapeErrors
	program *program // what else is in a shared registry; nil without one
	skipped []error
	silent  map[string]bool // the names of what is skipped

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

// WithRegistry puts the metrics into the caller's registry, so that the
// caller's own metrics are on the same page: on [Exporter.Handler], which
// serves all of g, and on a handler that the caller has for g already. r and g
// are mostly one *prometheus.Registry, or prometheus.DefaultRegisterer and
// prometheus.DefaultGatherer; both are required. The caller's own series are
// served as they are: cluster, bot and region are not added to them.
//
// A name that the caller's collectors describe stays the caller's, whether they
// are registered before or after: the exporter leaves its metric of that name
// out of the page and reports it once. It registers no name, so that it cannot
// make a later registration fail. A collector that describes nothing is compared
// when the exporter is made. One that is registered later under such a name is found
// by what the registry refuses, which costs another gathering a minute where
// [Exporter.Handler] is not scraped; until then the caller's own handler may answer
// with an error.
func WithRegistry(r client.Registerer, g client.Gatherer) Option {
	return optionFunc(func(c *config) { c.shared, c.registerer, c.gatherer = true, r, g })
}

// WithCollectors puts client_golang collectors on the page, such as
// collectors.NewGoCollector(), with the labels of [WithConstLabels]. It adds up
// when used more than once; nil collectors are ignored.
//
// Metrics of a collector that a shared registry has already are left out: the
// ones of the program stay. It is no error; [Exporter.Skipped] tells.
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

// WithErrorHandler sets what is told about faults of scrapes: the first at once,
// then at most one a minute. The default, also for nil, is OpenTelemetry's global
// error handler. It must be safe for concurrent use.
func WithErrorHandler(h otel.ErrorHandler) Option {
	return optionFunc(func(c *config) {
		if h != nil {
			c.report = h.Handle
		}
	})
}

// New makes an exporter. It starts nothing: register [Exporter.Reader] with a
// MeterProvider and mount [Exporter.Handler] somewhere, or give it to
// [NewServer]. Errors are about options, all of them joined. With a shared
// registry it gathers once, and waits no longer than a second for that.
func New(opts ...Option) (*Exporter, error) {
	c := config{report: otel.Handle}
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	var errs []error
	if c.shared && c.registerer == nil {
		errs = append(errs, errors.New("WithRegistry: the registerer is nil; give the registry that the program's metrics are in, or leave the option out"))
	}
	if c.shared && c.gatherer == nil {
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
			e.skipped = append(e.skipped, fmt.Errorf("%T is left out: %w", col, err))
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

// ours are the exporter's own metrics, as Prometheus accepts them. The program's
// collectors come first, and what Argus measures before what else does.
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

// Reader is what a MeterProvider needs: sdkmetric.WithReader(e.Reader()).
func (e *Exporter) Reader() sdkmetric.Reader { return e.reader }

// Handler serves the page. It is one and the same handler at every call, and
// those who ask within a moment share what it gathers.
func (e *Exporter) Handler() http.Handler { return e.handler }

// Skipped names the collectors of [WithCollectors] whose metrics a shared
// registry has already, one error each, for a line in the log.
func (e *Exporter) Skipped() []error { return slices.Clone(e.skipped) }

// Expect names metrics that will be there, as Prometheus has them. Those that are
// the program's own in a shared registry, and therefore left out, are reported at
// once, and not when they are first scraped.
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
	e.scrape.taken(new(limit.Limiter), &taken) // it is said once anyway
}

// Shutdown ends the reader and takes the metrics out of a shared registry; the
// handler answers 503 from then on. A MeterProvider that owns the reader may be
// shut down before or after: a reader that is shut down already is no error
// here. Shutdown is idempotent and gives the same answer each time.
func (e *Exporter) Shutdown(ctx context.Context) error {
	e.shutdown.Do(func() {
		e.ended.Store(true)
		if err := e.reader.Shutdown(ctx); err != nil && !errors.Is(err, sdkmetric.ErrReaderShutdown) {
			e.err = fmt.Errorf("prometheus reader: %w", err)
		}
	})
	return e.err
}

// nativeHistograms are OpenTelemetry's defaults for exponential histograms;
// the scale falls to what Prometheus can hold.
func nativeHistograms(kind sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	if kind == sdkmetric.InstrumentKindHistogram {
		return sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}
	}
	return sdkmetric.DefaultAggregationSelector(kind)
}
