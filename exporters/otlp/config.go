package otlp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"golang.org/x/net/http/httpguts"
	"google.golang.org/grpc/resolver"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/report"
)

// Option configures [New], [NewTraces] and [NewLogs].
type Option interface {
	apply(*config)
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	signal      Signal
	protocol    Protocol
	protocolSet bool
	endpoint    string
	endpointSet bool
	insecure    bool
	tls         *tls.Config
	headers     map[string]string
	interval    *time.Duration
	timeout     *time.Duration
	producers   []sdkmetric.Producer
	report      func(error)
	onState     func(bool)
	reconnect   time.Duration
}

// WithEndpoint sets the destination: "host:port", where other settings decide
// whether TLS is used, or a URL: "http://host:port" for plain text,
// "https://host:port" for TLS. [HTTPProtobuf] uses the path of a URL unchanged,
// and /v1/metrics, /v1/traces or /v1/logs if it has none. It wins over the variables.
func WithEndpoint(endpoint string) Option {
	return optionFunc(func(c *config) { c.endpoint, c.endpointSet = endpoint, true })
}

// WithInsecure sends in plain text, whatever the variables say. Combining it with
// [WithTLS] or with an https:// endpoint in code is an error.
func WithInsecure() Option {
	return optionFunc(func(c *config) { c.insecure = true })
}

// WithTLS sets the TLS configuration and replaces the certificates of the
// variables. cfg is cloned; nil is ignored.
func WithTLS(cfg *tls.Config) Option {
	if cfg == nil {
		return optionFunc(func(*config) {})
	}
	cfg = cfg.Clone()
	return optionFunc(func(c *config) { c.tls = cfg })
}

// WithHeaders sets the headers of every export and replaces those of the
// variables. Their values never appear in an error or a report.
func WithHeaders(headers map[string]string) Option {
	headers = maps.Clone(headers)
	return optionFunc(func(c *config) { c.headers = headers })
}

// WithInterval sets the time between two exports of metrics. It must be positive.
func WithInterval(d time.Duration) Option {
	return optionFunc(func(c *config) { c.interval = &d })
}

// WithTimeout sets the time limit of an export, including its retries. It must be
// positive.
func WithTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) { c.timeout = &d })
}

// WithProducers adds sources of metrics besides the MeterProvider, such as
// contrib's Prometheus bridge. If a producer returns an error, the metrics that it
// returns with it are sent, and the error is reported. Several calls add up; nil is
// ignored. It applies to [New] alone.
func WithProducers(ps ...sdkmetric.Producer) Option {
	ps = append([]sdkmetric.Producer(nil), ps...)
	return optionFunc(func(c *config) {
		for _, p := range ps {
			if p != nil {
				c.producers = append(c.producers, p)
			}
		}
	})
}

// WithErrorHandler sets the handler for failures: an [*ExportError] for a failed
// export, a [*LossError] for spans or log records that were dropped without one,
// another error for a failed collection. Of each kind the first is reported
// at once, then at most one a minute. The default, also for nil, is OpenTelemetry's
// global error handler. It must be safe for concurrent use and must not call Shutdown.
func WithErrorHandler(h otel.ErrorHandler) Option {
	return optionFunc(func(c *config) {
		if h != nil {
			c.report = report.Guard(h.Handle)
		}
	})
}

// WithOnState sets a function that is called once per change, with whether exports
// succeed. The first export is a change. It must be safe for concurrent use and
// must not call Shutdown; nil is ignored.
func WithOnState(onState func(up bool)) Option {
	return optionFunc(func(c *config) {
		if onState != nil {
			c.onState = report.Guard(onState)
		}
	})
}

func newConfig(signal Signal, opts []Option) (*config, error) {
	c := &config{signal: signal, report: otel.Handle, onState: func(bool) {}, reconnect: MaxReconnectDelay}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	var errs []error
	if err := c.settleProtocol(); err != nil {
		errs = append(errs, err)
	}
	if c.endpointSet {
		if err := c.checkEndpoint(c.endpoint, false); err != nil {
			errs = append(errs, fmt.Errorf("WithEndpoint: %w", err))
		}
	}
	if c.insecure && c.tls != nil {
		errs = append(errs, errors.New("WithInsecure and WithTLS are mutually exclusive: use one of them"))
	}
	if c.insecure && strings.HasPrefix(strings.ToLower(c.endpoint), "https://") {
		errs = append(errs, errors.New("WithInsecure contradicts an https:// endpoint: remove the option, or use http://"))
	}
	if signal != SignalMetrics && (c.interval != nil || len(c.producers) > 0) {
		errs = append(errs, fmt.Errorf("WithInterval and WithProducers are for metrics, not for %s: remove them", signal))
	}
	for _, d := range []struct {
		name string
		d    *time.Duration
	}{{"WithInterval", c.interval}, {"WithTimeout", c.timeout}} {
		if d.d != nil && *d.d <= 0 {
			errs = append(errs, fmt.Errorf("%s: %v is not positive", d.name, *d.d))
		}
	}
	for name, v := range c.headers {
		if !c.validHeaderKey(name) {
			errs = append(errs, fmt.Errorf("WithHeaders: %q is not a header's name", name))
		} else if !c.validHeaderValue(name, v) {
			errs = append(errs, fmt.Errorf("WithHeaders: the value of %q has a line break or another character that is not printable ASCII", name))
		}
	}
	errs = append(errs, checkEnvironment(c)...)
	return c, errors.Join(errs...)
}

// settleProtocol keeps the default if the protocol is invalid, for the checks that follow.
func (c *config) settleProtocol() error {
	name, v := "WithProtocol", string(c.protocol)
	if !c.protocolSet {
		name, v = c.variable("PROTOCOL")
	}
	if c.protocol = GRPC; v == "" && !c.protocolSet {
		return nil
	}
	p, err := parseProtocol(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.protocol = p
	return nil
}

// variable returns the signal's variable, or else the general one, as the OTLP
// exporter reads them: surrounding whitespace is trimmed, and an empty value counts
// as unset.
func (c *config) variable(name string) (full, value string) {
	for _, full := range []string{c.signal.prefix() + name, general + name} {
		if v := strings.TrimSpace(os.Getenv(full)); v != "" {
			return full, v
		}
	}
	return "", ""
}

const compressionGzip = "gzip" // as gRPC names it

// checkEnvironment finds values that the exporter and the reader would silently
// ignore or misread. Most variables that an option replaces are not checked.
func checkEnvironment(c *config) []error {
	var errs []error
	check := func(name string, f func(v string) error) {
		if full, v := c.variable(name); full != "" {
			if err := f(v); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", full, err))
			}
		}
	}
	// OpenTelemetry's exporter parses these even if an option or the other variable
	// replaces them, and logs what it cannot parse, secrets included. So they must
	// always be valid.
	used, _ := c.given()
	for _, name := range []string{general, c.signal.prefix()} {
		if v := strings.TrimSpace(os.Getenv(name + "ENDPOINT")); v != "" {
			judge := checkGRPCEndpoint
			if name+"ENDPOINT" == used {
				judge = c.checkEndpoint
			}
			if err := judge(v, true); err != nil {
				errs = append(errs, fmt.Errorf("%sENDPOINT: %w", name, err))
			}
		}
		if v := strings.TrimSpace(os.Getenv(name + "HEADERS")); v != "" {
			if err := c.checkHeaders(v); err != nil {
				errs = append(errs, fmt.Errorf("%sHEADERS: %w", name, err))
			}
		}
	}
	if c.timeout == nil {
		check("TIMEOUT", func(v string) error { return checkMillis(v, 0) })
	}
	check("INSECURE", oneOf("true", "false"))
	check("COMPRESSION", oneOf(compressionGzip, "none"))
	if c.tls == nil && !c.insecure {
		check("CERTIFICATE", checkCertificates)
		errs = append(errs, c.checkClientCertificate()...)
	}
	switch c.signal {
	case SignalMetrics:
		errs = append(errs, c.checkMetrics()...)
	case SignalTraces:
		errs = append(errs, checkSampler())
	}
	if c.signal != SignalMetrics {
		_, err := queueLimits(c.signal)
		errs = append(errs, err)
	}
	return errs
}

// checkMetrics checks the variables that only metrics have.
func (c *config) checkMetrics() []error {
	var errs []error
	for name, f := range map[string]func(string) error{
		c.signal.prefix() + "TEMPORALITY_PREFERENCE":        oneOf("cumulative", "delta", "lowmemory"),
		c.signal.prefix() + "DEFAULT_HISTOGRAM_AGGREGATION": oneOf("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
	} {
		if v := strings.TrimSpace(os.Getenv(name)); v != "" {
			if err := f(v); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	// The reader does not trim these.
	for name, overridden := range map[string]bool{"OTEL_METRIC_EXPORT_INTERVAL": c.interval != nil, "OTEL_METRIC_EXPORT_TIMEOUT": false} {
		if v := os.Getenv(name); v != "" && !overridden {
			if err := checkMillis(v, 1); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	return errs
}

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		for _, ok := range values {
			if strings.EqualFold(v, ok) {
				return nil
			}
		}
		return fmt.Errorf("%q is not one of %s", v, strings.Join(values, ", "))
	}
}

func checkMillis(v string, least int64) error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < least || n > int64(1<<63-1)/int64(time.Millisecond) {
		return fmt.Errorf("%q is not a whole number of milliseconds of at least %d, such as 15000", v, least)
	}
	return nil
}

// checkEndpoint applies the check of the protocol.
func (c *config) checkEndpoint(v string, fromEnv bool) error {
	if c.protocol == HTTPProtobuf {
		return checkHTTPEndpoint(v, fromEnv)
	}
	return checkGRPCEndpoint(v, fromEnv)
}

var errCredentials = errors.New("the endpoint contains an @: credentials in a URL are not sent; use headers for them, and a URL such as http://host:4317 or https://host:4317")

// checkHTTPEndpoint accepts URLs and, from code, host:port.
func checkHTTPEndpoint(v string, fromEnv bool) error {
	quoted := quote(v)
	if strings.Contains(v, "@") {
		return errCredentials
	}
	if !strings.Contains(v, "://") && !fromEnv {
		return checkHostPort(v)
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s is not an http or https URL, which %s requires; use http://host:4318, or https://host:4318 for TLS", quoted, HTTPProtobuf)
	case u.Hostname() == "":
		return fmt.Errorf("%s has no host", quoted)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("the endpoint has a query or a fragment, which the exporter does not send: remove it, and use headers for keys")
	case u.Port() != "":
		return checkPort(u.Port(), quoted)
	}
	return nil
}

// checkGRPCEndpoint accepts what the exporter does not ignore and gRPC can reach.
// The error does not quote a value that may contain a password.
func checkGRPCEndpoint(v string, fromEnv bool) error {
	quoted := quote(v)
	if strings.Contains(v, "@") {
		return errCredentials
	}
	if !strings.Contains(v, "://") {
		if fromEnv {
			return checkTarget(v)
		}
		return checkHostPort(v)
	}
	u, err := url.Parse(v)
	if err != nil {
		return fmt.Errorf("%s is not a URL; use http://host:4317, or https://host:4317 for TLS", quoted)
	}
	switch {
	case u.Scheme == "http" || u.Scheme == "https":
		if u.Hostname() == "" {
			return fmt.Errorf("%s has no host", quoted)
		}
		if u.Port() != "" {
			return checkPort(u.Port(), quoted)
		}
		return nil
	case !fromEnv:
		return fmt.Errorf("%s: the scheme %q is not http or https", quoted, u.Scheme)
	case resolver.Get(u.Scheme) != nil:
		return nil // A target in gRPC's notation; gRPC checks it.
	default:
		return fmt.Errorf("%s: the scheme %q is not http, https or a gRPC scheme such as dns or unix", quoted, u.Scheme)
	}
}

// checkTarget accepts gRPC's notation without "//": a scheme of gRPC with its
// target, host:port, or a host alone, whose port is then 443
// (https://github.com/grpc/grpc/blob/master/doc/naming.md).
func checkTarget(v string) error {
	scheme, _, colon := strings.Cut(v, ":")
	if colon && resolver.Get(strings.ToLower(scheme)) != nil {
		return nil // gRPC checks the rest.
	}
	if _, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(v, "["), "]")); err == nil || !colon {
		return checkHost(v, quote(v))
	}
	return checkHostPort(v)
}

// quote quotes and shortens a value for an error.
func quote(v string) string { return strconv.Quote(excerpt.Clip(v, 200)) }

func checkHostPort(v string) error {
	quoted := quote(v)
	host, port, err := net.SplitHostPort(v)
	if err != nil || host == "" {
		return fmt.Errorf("%s is neither host:port nor a URL such as http://host:4317", quoted)
	}
	return errors.Join(checkHost(host, quoted), checkPort(port, quoted))
}

// checkHost rejects the rest of a URL that lost its "://".
func checkHost(host, quoted string) error {
	if strings.ContainsAny(host, " \t\r\n/") {
		return fmt.Errorf("%s has a space or a slash in the host; use host:4317, or a URL such as http://host:4317", quoted)
	}
	return nil
}

func checkPort(port, quoted string) error {
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%s: the port is not a number from 1 to 65535", quoted)
	}
	return nil
}

// checkHeaders says which entry is invalid and quotes none of it.
func (c *config) checkHeaders(v string) error {
	var errs []error
	n := 0
	for entry := range strings.SplitSeq(v, ",") {
		n++
		if strings.TrimSpace(entry) == "" {
			continue // such as after a trailing comma; the exporter ignores it
		}
		key, val, found := strings.Cut(entry, "=")
		switch decoded, err := url.PathUnescape(val); {
		case !found:
			errs = append(errs, fmt.Errorf("entry %d has no '='; write key=value pairs separated by commas, and %%2C for a comma in a value", n))
		case !c.validHeaderKey(strings.TrimSpace(key)):
			errs = append(errs, fmt.Errorf("entry %d has a key that is not a header's name", n))
		case err != nil:
			errs = append(errs, fmt.Errorf("entry %d has a value with a malformed percent-encoding; write %%25 for a percent sign", n))
		case !c.validHeaderValue(strings.TrimSpace(key), strings.TrimSpace(decoded)):
			errs = append(errs, fmt.Errorf("entry %d has a value with a line break or another character that is not printable ASCII", n))
		}
	}
	return errors.Join(errs...)
}

// validHeaderKey accepts keys that the protocol can send. gRPC allows fewer than
// HTTP's token: a call with another key fails, and with it every export.
func (c *config) validHeaderKey(key string) bool {
	if c.protocol == HTTPProtobuf {
		return httpguts.ValidHeaderFieldName(key)
	}
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("-_.", r)
	})
}

// validHeaderValue accepts printable ASCII. gRPC encodes the values of keys that
// end in -bin, so these may contain anything.
func (c *config) validHeaderValue(key, v string) bool {
	return c.protocol == GRPC && strings.HasSuffix(strings.ToLower(key), "-bin") ||
		!strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' })
}
