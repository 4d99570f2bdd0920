package otlp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// MaxReconnectDelay is the longest pause between two attempts to reach an
// unavailable collector, before gRPC's jitter of ±20 %. gRPC's own default is two
// minutes.
const MaxReconnectDelay = 5 * time.Second

// maxRetryAfter is the longest pause that a collector can request. A longer request
// says only that it is overloaded now.
const maxRetryAfter = 5 * time.Minute

const defaultEndpoint = "localhost:" + portGRPC

// Exporter pushes metrics. It consists of a periodic reader for a MeterProvider and
// a connection. Make it with [New] and close it with [Exporter.Shutdown].
type Exporter struct {
	reader *reader
	push   *metricPush
	begin  chan struct{} // requests an export at once
	cancel context.CancelFunc
	done   chan struct{}

	shutdown sync.Once
	err      error
}

// Check returns the error that [New] would return for these options and the
// variables. It makes nothing.
func Check(opts ...Option) error {
	if _, err := newConfig(SignalMetrics, opts); err != nil {
		return fmt.Errorf("otlp: %w", err)
	}
	return nil
}

// New makes an exporter and its reader. It does not wait for the collector; an
// unavailable collector is not an error. The error joins all invalid options and
// variables and never contains header values.
func New(ctx context.Context, opts ...Option) (*Exporter, error) {
	c, err := newConfig(SignalMetrics, opts)
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	p := &metricPush{push: makePush(c), again: make(chan struct{}, 1)}
	if p.Exporter, err = metricExporter(ctx, c, p.push); err != nil {
		return nil, p.notConnected(err)
	}

	e := &Exporter{push: p, begin: make(chan struct{}, 1), done: make(chan struct{})}
	e.reader = newReader(e, c)
	interval := milliseconds("OTEL_METRIC_EXPORT_INTERVAL", defaultInterval)
	if c.interval != nil {
		interval = *c.interval
	}
	// It outlives ctx, which applies to New only; Shutdown ends it.
	var run context.Context
	run, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go e.repeat(run, interval, c.reconnect)
	return e, nil
}

// retryConfig has the same fields as the types of all exporters.
type retryConfig struct {
	Enabled         bool
	InitialInterval time.Duration
	MaxInterval     time.Duration
	MaxElapsedTime  time.Duration
}

// retry configures the retries within one export. If the collector requests a pause
// longer than the export's time limit, the export fails, and push keeps the pause.
// A queue makes its own retries, which Shutdown and ForceFlush can hurry.
func (c *config) retry() retryConfig {
	longest := time.Minute
	if t := c.exportTimeout(); t > 0 {
		longest = min(longest, t)
	}
	return retryConfig{
		Enabled:         c.signal == SignalMetrics,
		InitialInterval: min(500*time.Millisecond, c.reconnect),
		MaxInterval:     min(2*time.Second, c.reconnect),
		MaxElapsedTime:  longest,
	}
}

// exportTimeout returns the time limit of an export including its retries; 0 means no limit.
func (c *config) exportTimeout() time.Duration {
	if c.timeout != nil {
		return *c.timeout
	}
	if _, v := c.variable("TIMEOUT"); v != "" {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil { // newConfig has checked it
			return time.Duration(n) * time.Millisecond
		}
	}
	return defaultExportTimeout
}

// given returns the endpoint, and the variable that it comes from, if any.
func (c *config) given() (from, endpoint string) {
	if c.endpointSet {
		return "", c.endpoint
	}
	return c.variable("ENDPOINT")
}

// plain reports whether exports are sent in plain text. The endpoint's scheme
// decides. For an endpoint without http or https it reads the variables as
// otlpmetricgrpc does: a certificate wins over INSECURE, and a Unix socket is plain
// text. The default of OTLP/HTTP is http://localhost:4318, according to the
// specification.
func (c *config) plain() bool {
	_, endpoint := c.given()
	scheme, _, _ := strings.Cut(strings.ToLower(endpoint), "://")
	switch {
	case c.tls != nil:
		return false
	case c.insecure || scheme == "http":
		return true
	case scheme == "https":
		return false
	case c.protocol == HTTPProtobuf && endpoint == "":
		return true
	}
	_, v := c.variable("INSECURE")
	socket := strings.HasPrefix(strings.ToLower(endpoint), "unix:")
	return (socket || strings.EqualFold(v, "true")) && !c.certificatesSet()
}

// certificatesSet reports whether a variable names a certificate.
func (c *config) certificatesSet() bool {
	_, ca := c.variable("CERTIFICATE")
	_, own := c.variable("CLIENT_CERTIFICATE")
	return ca != "" || own != ""
}

// host returns the endpoint for reports: host and port only.
func (c *config) host() string {
	if c.protocol == HTTPProtobuf {
		u := c.url()
		if u.Port() == "" {
			return net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
		}
		return u.Host
	}
	_, endpoint := c.given()
	if endpoint == "" {
		return defaultEndpoint
	}
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		return u.Host
	}
	return endpoint
}

// Reader returns the reader for a MeterProvider: sdkmetric.WithReader(e.Reader()).
func (e *Exporter) Reader() sdkmetric.Reader { return e.reader }

// Endpoint returns the host and port of the collector, safe for a log line.
func (e *Exporter) Endpoint() string { return e.push.endpoint }

// Protocol returns the protocol of the exports.
func (e *Exporter) Protocol() Protocol { return e.push.protocol }

// Insecure reports whether exports are sent in plain text.
func (e *Exporter) Insecure() bool { return e.push.insecure }

// Up reports whether the last export succeeded. known is false until the first
// export ends.
func (e *Exporter) Up() (up, known bool) {
	return e.push.up()
}

// Begin requests the first export now instead of after an interval, and does not
// wait for it. Call it after the instruments are made and before they count: rate
// and increase only see what follows a sample, so each series must start at 0 for
// Prometheus to see the increments of the first interval. An unavailable collector
// is then also reported at once.
func (e *Exporter) Begin() {
	select {
	case e.begin <- struct{}{}:
	default:
	}
}

// ForceFlush collects and exports now, and returns the error.
func (e *Exporter) ForceFlush(ctx context.Context) error { return e.reader.ForceFlush(ctx) }

// Shutdown exports what was recorded since the last export and closes the
// connection. Both end with ctx, or after the variables' time-outs if ctx has no
// deadline. It is idempotent and returns the same error each time. A MeterProvider
// that is shut down shuts its readers down, which does the same.
func (e *Exporter) Shutdown(ctx context.Context) error {
	e.shutdown.Do(func() { e.err = e.end(ctx) })
	return e.err
}

func (e *Exporter) end(ctx context.Context) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.reader.timeout)
		defer cancel()
	}
	e.push.close()
	e.cancel()
	select {
	case <-e.done:
	case <-ctx.Done(): // a callback of the program does not return
	}
	err := e.reader.export(context.WithValue(ctx, finalKey{}, true))
	if errors.Is(err, sdkmetric.ErrReaderNotRegistered) { // there was nothing to export
		err = nil
	}
	// Ends collection. A reader that is already shut down is not an error.
	if gone := e.reader.ManualReader.Shutdown(ctx); gone != nil && !errors.Is(gone, sdkmetric.ErrReaderShutdown) {
		err = errors.Join(err, gone)
	}
	if closed := e.push.Shutdown(ctx); err == nil {
		err = closed
	}
	e.push.disconnect()
	return err
}

// repeat exports once per interval, when Begin requests it, and again after pace
// when the collector was unavailable, so that its return is noticed before the next
// interval. It exports nothing during a pause that the collector requested. Errors
// are reported elsewhere.
func (e *Exporter) repeat(ctx context.Context, interval, pace time.Duration) {
	defer close(e.done)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		var wait time.Duration
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-e.begin:
		case <-e.push.again:
			wait = spread(pace)
		}
		if wait = max(wait, e.push.pause()); wait > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
		}
		_ = e.reader.export(ctx)
		ticker.Reset(interval)
	}
}

// finalKey marks the context of the export at shutdown.
type finalKey struct{}
