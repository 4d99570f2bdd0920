package argus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"

	client "github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	otellog "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/exporters/prometheus"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/history"
	"github.com/argus-dgo/argus/internal/server"
	"github.com/argus-dgo/argus/resource"
)

const (
	scopeName = "github.com/argus-dgo/argus"

	// cardinalityLimit is the number of label sets per instrument and collection. The SDK's default of 2,000 would have
	// gauges lose data in a process with more shards than that; every label of Argus is bounded already. The most are needed by
	// discord.shard.handshakes and discord.shard.disconnects, which have eight and seven series at 0 for each of up to 4,096 shards, and more
	// as connections end.
	cardinalityLimit = 50_000
)

// pipeline carries what is measured out of the process: the MeterProvider, its readers, and the server.
type pipeline struct {
	config   Config
	log      *userLog
	provider metric.MeterProvider
	flush    func(context.Context) error // pushes what is left and ends the provider
	page     http.Handler
	live     http.Handler // the live page and the API

	pull     *prometheus.Exporter // nil without the exporter
	release  func()               // the shared registry; nil without one
	probe    probe
	host     *host          // nil without a server
	mounted  *host          // nil with one
	server   *server.Server // the host's
	serverUp atomic.Bool
	places   []any                  // where process metrics go to; guarded by turns
	service  string                 // service.name
	push     pusher                 // nil without the exporter
	tracers  trace.TracerProvider   // nil without traces
	loggers  otellog.LoggerProvider // nil without events
	outlets  []*outlet              // all signals that are pushed
	queues   []*outlet              // of these, those with a queue of spans or log records

	endLoggers func(context.Context) error // nil without a LoggerProvider of ours
	history    *history.History            // nil if none is kept
}

// pusher is the push of the metrics, which the build tag argus_no_otlp leaves out.
type pusher interface {
	exporter
	Reader() sdkmetric.Reader
	Begin()
}

// newPipeline makes all parts and starts none: no port is bound and nothing is sent.
func newPipeline(c resolved, o *options, log *userLog, ready probe) (*pipeline, error) {
	p := &pipeline{config: c.clone(), log: log, page: http.HandlerFunc(noPage), live: http.HandlerFunc(noPage), probe: ready}
	if c.Disabled {
		o.abandonEvents()
		p.provider, p.flush = noop.NewMeterProvider(), func(context.Context) error { return nil }
		return p, nil
	}
	opts := []sdkmetric.Option{
		sdkmetric.WithResource(c.resource),
		sdkmetric.WithCardinalityLimit(cardinalityLimit),
	}
	if err := p.make(c, o); err != nil {
		p.discard()
		return nil, err
	}
	if p.tracers != nil {
		opts = append(opts, sdkmetric.WithExemplarFilter(exemplar.TraceBasedFilter))
	} else {
		opts = append(opts, sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter))
	}
	if p.pull != nil {
		opts = append(opts, sdkmetric.WithReader(p.pull.Reader()))
	}
	if p.push != nil {
		opts = append(opts, sdkmetric.WithReader(p.push.Reader()))
	}
	if p.history != nil {
		opts = append(opts, sdkmetric.WithReader(p.history.Reader()))
	}
	provider := sdkmetric.NewMeterProvider(opts...)
	p.provider, p.flush = provider, provider.Shutdown
	if err := p.observe(); err != nil {
		p.discard()
		return nil, err
	}
	return p, nil
}

// make makes the exporters that are chosen.
func (p *pipeline) make(c resolved, o *options) error {
	var pull, push, traces, logs error
	if c.exports(Prometheus) {
		pull = p.makePull(c, o)
	}
	if c.exports(OTLP) {
		push = p.makePush(c)
	}
	p.tracers, p.loggers = o.tracers, o.loggers
	if c.TracesExporter == OTLP {
		traces = p.makeTraces(c)
	}
	if c.LogsExporter == OTLP {
		logs = p.makeLogs()
	}
	if o.events != nil {
		p.makeEvents(o.events)
	}
	p.makeLoggers(c)
	return errors.Join(pull, push, traces, logs)
}

// makePull makes the metrics page and, if one is wanted, the server.
func (p *pipeline) makePull(c resolved, o *options) error {
	opts := []prometheus.Option{
		prometheus.WithConstLabels(c.labels()),
		prometheus.WithErrorHandler(otel.ErrorHandlerFunc(p.report)),
	}
	if o.registerer != nil {
		opts = append(opts, prometheus.WithRegistry(o.registerer, o.gatherer))
	}
	if o.nativeHistograms {
		opts = append(opts, prometheus.WithNativeHistograms())
	}
	if c.ProcessMetrics {
		opts = append(opts, prometheus.WithCollectors(p.processCollectors(false)...))
	}
	if err := p.claim(c, o); err != nil {
		return err
	}
	if c.History {
		p.history = history.New(history.Options{Namespace: c.Namespace, Report: p.report})
	}
	if o.withoutServer {
		h, err := newMount(p, c)
		if err != nil {
			return err
		}
		p.mounted = h
	} else if err := join(p, c); err != nil {
		return err
	}
	p.live = server.Shield(p.site().live, p.report)
	if c.ProcessMetrics {
		if p.host != nil {
			p.queue(p.host)
		}
		if o.registerer != nil {
			p.queue(o.registerer)
		}
	}
	pull, err := prometheus.New(opts...)
	if err != nil {
		return fmt.Errorf("cannot create the metrics page: %w", err)
	}
	for _, skipped := range pull.Skipped() {
		p.log.info("argus omits metrics that the shared registry already has", "reason", skipped)
	}
	pull.Expect(expected(c.Namespace)...)
	p.pull = pull
	p.page = server.One(pull.Handler(), c.token.reveal(), p.report)
	return nil
}

// expected are the names that the bot's metrics have on the page.
func expected(namespace string) (names []string) {
	for _, instrument := range catalog.All() {
		names = append(names, instrument.In(namespace).PrometheusName())
	}
	return names
}

// claim has a shared registry refuse a second Argus with the same cluster, bot and region: all of its series would be there twice, and a handler
// of the program's own for that registry, which by client_golang's default answers any error with 500, would lose its page.
func (p *pipeline) claim(c resolved, o *options) error {
	if o.registerer == nil {
		return nil
	}
	// Each mark has all three labels, empty ones too: a registry wants the same of all that have one name.
	at := client.WrapRegistererWith(client.Labels{
		string(resource.ClusterKey): c.ClusterID, string(resource.BotKey): c.Bot, string(resource.RegionKey): c.Region,
	}, o.registerer)
	mark := claimed{}
	if err := at.Register(mark); err != nil {
		return fmt.Errorf("WithRegistry: the registry has an Argus with the same labels (%s) already: give each a WithBot or a WithClusterID of its own, "+
			"or a registry (%w)", c.identity(), err)
	}
	p.release = func() { at.Unregister(mark) }
	return nil
}

// claimed is a collector that has a name and no metric.
type claimed struct{}

func (claimed) Describe(ch chan<- *client.Desc) {
	ch <- client.NewDesc("argus_registry_claimed", "Marks a registry that Argus is on; it is never exported.", nil, nil)
}

func (claimed) Collect(chan<- client.Metric) {}

// observe exports argus.subsystem.up for the parts that are configured.
func (p *pipeline) observe() error {
	if p.server == nil && len(p.outlets) == 0 {
		return nil
	}
	subsystem := func(name string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String("subsystem", name)))
	}
	server := subsystem(catalog.SubsystemServer)
	pushes := make([]metric.MeasurementOption, len(p.outlets))
	for i, o := range p.outlets {
		pushes[i] = subsystem(o.subsystem)
	}
	_, err := p.provider.Meter(scopeName, metric.WithInstrumentationVersion(instrument.Version())).Int64ObservableGauge(
		catalog.SubsystemUp.Name,
		metric.WithUnit(catalog.SubsystemUp.Unit),
		metric.WithDescription(catalog.SubsystemUp.Description),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			if p.server != nil {
				observer.Observe(oneIf(p.serverUp.Load()), server)
			}
			for i, o := range p.outlets {
				if up, known := o.exporter.Up(); known {
					observer.Observe(oneIf(up), pushes[i])
				}
			}
			return nil
		}),
	)
	if err != nil {
		return fmt.Errorf("cannot make %s: %w", catalog.SubsystemUp.Name, err)
	}
	return p.observeDropped()
}

// observeDropped exports argus.export.dropped for the signals that wait in a queue.
func (p *pipeline) observeDropped() error {
	if len(p.queues) == 0 {
		return nil
	}
	type key struct{ signal, reason string }
	labels := make(map[key]metric.MeasurementOption)
	for _, o := range p.queues {
		for _, reason := range catalog.ExportDropReasons() {
			labels[key{o.signal, reason}] = metric.WithAttributeSet(attribute.NewSet(attribute.String("signal", o.signal), attribute.String("reason", reason)))
		}
	}
	_, err := p.provider.Meter(scopeName, metric.WithInstrumentationVersion(instrument.Version())).Int64ObservableCounter(
		catalog.ExportDropped.Name,
		metric.WithUnit(catalog.ExportDropped.Unit),
		metric.WithDescription(catalog.ExportDropped.Description),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			sums := make(map[key]uint64, len(labels)) // log records may have two outlets
			for _, o := range p.queues {
				full, rejected := o.dropped()
				sums[key{o.signal, catalog.DropQueueFull}] += full
				sums[key{o.signal, catalog.DropRejected}] += rejected
			}
			for k, sum := range sums {
				observer.Observe(int64(sum), labels[k]) //nolint:gosec // no counter gets that far
			}
			return nil
		}),
	)
	if err != nil {
		return fmt.Errorf("cannot make %s: %w", catalog.ExportDropped.Name, err)
	}
	return nil
}

func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// start pushes for the first time, so that every series that exists from the start has a sample at 0, and binds the port. That it
// is taken is no error.
func (p *pipeline) start() error {
	if p.push != nil {
		p.push.Begin()
	}
	if p.host == nil {
		if p.mounted != nil {
			p.mounted.mu.Lock()
			p.mounted.serving = []*pipeline{p}
			p.mounted.mu.Unlock()
		}
		return nil
	}
	err := p.host.serve(p)
	if p.history != nil {
		p.history.Start() // its first step finds the server as it is
	}
	return err
}

// site has the live page and the API.
func (p *pipeline) site() *host {
	if p.host != nil {
		return p.host
	}
	return p.mounted
}

// dashboard returns the live page and the API, for a server of the program.
func (p *pipeline) dashboard() http.Handler {
	if p.mounted != nil {
		p.mounted.mount()
	}
	return p.live
}

// report takes what goes wrong while the bot runs. The exporters limit how often they report, and their texts say what to do.
func (p *pipeline) report(err error) {
	p.log.warn("argus: " + err.Error())
}

// addr is the address that the server is bound to, or empty.
func (p *pipeline) addr() string {
	if p.server == nil {
		return ""
	}
	if bound := p.server.Addr(); bound != nil {
		return bound.String()
	}
	return ""
}

// url is where a browser on the same machine finds a path of the server, or empty.
func (p *pipeline) url(path string) string {
	addr := p.addr()
	if addr == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	return p.config.url(host, port) + path
}

// wantedURL is the url that a path will have once the port can be bound.
func (p *pipeline) wantedURL(path string) string {
	return p.config.url(p.config.Host, strconv.Itoa(p.config.Port)) + path
}

// url is the server's address for a browser on the same machine.
func (c Config) url(host, port string) string {
	if ip, err := netip.ParseAddr(host); c.Host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if c.TLS {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// shutdown pushes what is left, and closes everything but the queues of spans and log records: see endQueues. Server, readers and queues
// go at the same time, so that neither a slow scrape nor a collector that is away takes the other's time.
func (p *pipeline) shutdown(ctx context.Context) error {
	var (
		server, flushed, pull, push error
		wait                        sync.WaitGroup
	)
	p.endHistory(ctx)
	if p.host != nil {
		wait.Go(func() { server = p.host.leave(ctx, p) })
	}
	if p.mounted != nil {
		wait.Go(func() { p.mounted.unmount(ctx, p) })
	}
	wait.Go(func() { p.flushQueues(ctx) })
	if p.flush != nil {
		flushed = p.flush(ctx)
	}
	wait.Wait()
	if p.pull != nil {
		pull = p.pull.Shutdown(ctx)
	}
	p.unqueue()
	if p.release != nil {
		p.release()
	}
	if p.push != nil && p.flush == nil {
		push = p.push.Shutdown(ctx)
	}
	return errors.Join(flushed, server, pull, push)
}

// endHistory ends the collections of the history. A callback of the program may keep one from ending; it is not waited for longer than
// ctx allows.
func (p *pipeline) endHistory(ctx context.Context) {
	if p.history == nil {
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.history.Close()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// noPage answers where no page is configured.
func noPage(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "this process has no metrics page: OTEL_METRICS_EXPORTER or argus.WithExporters leaves prometheus out, "+
		"or OTEL_SDK_DISABLED is true", http.StatusNotFound)
}

// discard closes what was made for a start that failed, without a last push. That the push misses it is no news.
func (p *pipeline) discard() {
	abandoned, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.shutdown(abandoned)
	_ = p.endQueues(abandoned)
}
