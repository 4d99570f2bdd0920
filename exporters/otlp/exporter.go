package otlp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// MaxReconnectDelay is the longest pause between two attempts to reach a
// collector that is away, before gRPC's jitter of a fifth. gRPC's own is two
// minutes.
const MaxReconnectDelay = 5 * time.Second

// maxRetryAfter is the longest pause that a collector can ask for. One that asks for a day is
// overloaded now, and nobody would wait that long for it.
const maxRetryAfter = 5 * time.Minute

const defaultEndpoint = "localhost:" + portGRPC

// Exporter pushes metrics: a periodic reader for a MeterProvider and the
// connection behind it. Make it with [New], end it with [Exporter.Shutdown].
type Exporter struct {
	reader *reader
	push   *push
	begin  chan struct{} // asks for an export at once
	cancel context.CancelFunc
	done   chan struct{}

	shutdown sync.Once
	err      error
}

// Check returns the error that [New] has for these options and for the variables,
// and makes nothing.
func Check(opts ...Option) error {
	if _, err := newConfig(opts); err != nil {
		return fmt.Errorf("otlp: %w", err)
	}
	return nil
}

// New makes an exporter and its reader. It does not wait for the collector,
// and it is no error when there is none. Its errors are about options and
// variables, all of them joined; header values are never in one.
func New(ctx context.Context, opts ...Option) (*Exporter, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	p := &push{
		protocol: c.protocol,
		endpoint: c.host(),
		insecure: c.plain(),
		secrets:  c.secrets(),
		report:   c.report,
		onState:  c.onState,
		again:    make(chan struct{}, 1),
	}
	if err := p.connect(ctx, c); err != nil {
		return nil, fmt.Errorf("otlp: endpoint %s: %s", p.endpoint, p.scrub(err.Error()))
	}

	e := &Exporter{push: p, begin: make(chan struct{}, 1), done: make(chan struct{})}
	e.reader = newReader(e, c)
	interval := milliseconds("OTEL_METRIC_EXPORT_INTERVAL", defaultInterval)
	if c.interval != nil {
		interval = *c.interval
	}
	// It outlives ctx, which is for New alone; Shutdown ends it.
	var run context.Context
	run, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go e.repeat(run, interval, c.reconnect)
	return e, nil
}

// connect makes OpenTelemetry's exporter. It waits for nobody.
func (p *push) connect(ctx context.Context, c *config) (err error) {
	if c.protocol == GRPC {
		p.Exporter, err = otlpmetricgrpc.New(ctx, c.grpcOptions()...)
		return err
	}
	client, transport, err := c.newHTTPClient()
	if err != nil {
		return err
	}
	p.timeout, p.disconnect = c.exportTimeout(), transport.CloseIdleConnections
	p.Exporter, err = otlpmetrichttp.New(ctx, c.httpOptions(client)...)
	return err
}

// retryConfig has the fields of both exporters' own.
type retryConfig struct {
	Enabled         bool
	InitialInterval time.Duration
	MaxInterval     time.Duration
	MaxElapsedTime  time.Duration
}

// retry is about the tries within one export. When the collector asks for a pause that is
// longer than the export may take, the export ends, and push keeps to the pause.
func (c *config) retry() retryConfig {
	longest := time.Minute
	if t := c.exportTimeout(); t > 0 {
		longest = min(longest, t)
	}
	return retryConfig{
		Enabled:         true,
		InitialInterval: min(500*time.Millisecond, c.reconnect),
		MaxInterval:     min(2*time.Second, c.reconnect),
		MaxElapsedTime:  longest,
	}
}

// exportTimeout is how long an export may take with its tries; 0 is without a limit.
func (c *config) exportTimeout() time.Duration {
	if c.timeout != nil {
		return *c.timeout
	}
	if _, v := variable("TIMEOUT"); v != "" {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil { // newConfig has checked it
			return time.Duration(n) * time.Millisecond
		}
	}
	return defaultExportTimeout
}

// given is the endpoint and the variable that it is from, if it is from one.
func (c *config) given() (from, endpoint string) {
	if c.endpointSet {
		return "", c.endpoint
	}
	return variable("ENDPOINT")
}

// plain says whether exports go out in plain text: as the endpoint's scheme has it
// or, for an endpoint without http or https, as otlpmetricgrpc reads the
// variables, where a certificate beats INSECURE. The default of OTLP/HTTP is
// http://localhost:4318, as the specification has it.
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
	_, v := variable("INSECURE")
	return strings.EqualFold(v, "true") && !certificatesSet()
}

// certificatesSet says whether a variable names a certificate.
func certificatesSet() bool {
	_, ca := variable("CERTIFICATE")
	_, own := variable("CLIENT_CERTIFICATE")
	return ca != "" || own != ""
}

// host is the endpoint as reports show it: the host and port alone.
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

// secrets are the values of headers, which a collector's answer may quote.
func (c *config) secrets() []string {
	values := make([]string, 0, len(c.headers))
	for _, v := range c.headers {
		values = append(values, v)
	}
	if c.headers == nil {
		_, headers := variable("HEADERS")
		for entry := range strings.SplitSeq(headers, ",") {
			_, v, _ := strings.Cut(entry, "=")
			decoded, err := url.PathUnescape(v)
			if err != nil {
				continue // newConfig has refused it.
			}
			values = append(values, v, decoded)
		}
	}
	var secrets []string
	for _, v := range values {
		// "Bearer abc": the token is the secret, with its scheme or without.
		for _, s := range append([]string{strings.TrimSpace(v)}, strings.Fields(v)...) {
			if len(s) >= 4 && !strings.EqualFold(s, "bearer") && !strings.EqualFold(s, "basic") {
				secrets = append(secrets, s)
			}
		}
	}
	return secrets
}

// Reader is what a MeterProvider needs: sdkmetric.WithReader(e.Reader()).
func (e *Exporter) Reader() sdkmetric.Reader { return e.reader }

// Endpoint is the host and port that are pushed to, fit for a log line.
func (e *Exporter) Endpoint() string { return e.push.endpoint }

// Protocol is what is spoken there.
func (e *Exporter) Protocol() Protocol { return e.push.protocol }

// Insecure says whether exports go out in plain text.
func (e *Exporter) Insecure() bool { return e.push.insecure }

// Up says whether the last export succeeded; known is false before the first
// one has ended.
func (e *Exporter) Up() (up, known bool) {
	e.push.mu.Lock()
	defer e.push.mu.Unlock()
	return e.push.state == stateUp, e.push.state != stateUnknown
}

// Begin asks for the first export at once, rather than after an interval, and
// does not wait for it. Call it when the instruments are there and before they
// count: a series has to begin at 0 for Prometheus to see what is added in the
// first interval, since rate and increase know only what follows a sample. A
// collector that cannot be reached is then reported at once, too.
func (e *Exporter) Begin() {
	select {
	case e.begin <- struct{}{}:
	default:
	}
}

// ForceFlush collects and exports now, and returns what went wrong.
func (e *Exporter) ForceFlush(ctx context.Context) error { return e.reader.ForceFlush(ctx) }

// Shutdown exports what was recorded until now and closes the connection, both
// within ctx, or within the variables' time-outs when ctx has no deadline. It
// is idempotent and gives the same answer each time. A MeterProvider that is
// shut down shuts its readers down; that does all of this too.
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
	case <-ctx.Done(): // a callback of the program's own that does not return
	}
	err := e.reader.export(context.WithValue(ctx, finalKey{}, true))
	if errors.Is(err, sdkmetric.ErrReaderNotRegistered) { // there was nothing to export
		err = nil
	}
	// No collection any more; that there was none is no fault.
	if gone := e.reader.ManualReader.Shutdown(ctx); gone != nil && !errors.Is(gone, sdkmetric.ErrReaderShutdown) {
		err = errors.Join(err, gone)
	}
	if closed := e.push.Shutdown(ctx); err == nil {
		err = closed
	}
	if e.push.disconnect != nil {
		e.push.disconnect()
	}
	return err
}

// repeat exports once an interval, when Begin asks for it, and again soon after
// an export that found nobody, so that the collector's return does not go
// unnoticed for a whole interval. While the collector has asked for a pause it
// exports nothing. What goes wrong is reported where it is seen, and is no news
// to this loop.
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
			// Many bots lose one collector at one time: spread their return.
			wait = pace/2 + rand.N(pace/2+1) //nolint:gosec // a spread in time is no secret
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
