package otlp

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/argus-dgo/argus/internal/settingfile"
)

const (
	maxResponse        = 1 << 20  // bytes of the response to a successful export
	maxRefusal         = 16 << 10 // bytes that are read of the response to a failed one
	maxResponseHeaders = 64 << 10 // bytes
)

// optionsOfHTTP are the options of one of OpenTelemetry's HTTP exporters. All
// signals have the same ones, with different types.
type optionsOfHTTP[O any] struct {
	WithHTTPClient      func(*http.Client) O
	WithEndpointURL     func(string) O
	WithTLSClientConfig func(*tls.Config) O
	WithMaxResponseSize func(int64) O
	WithCompression     func(gzip bool) O
	WithHeaders         func(map[string]string) O
	WithTimeout         func(time.Duration) O
	WithRetry           func(retryConfig) O
}

// httpOptions returns all settings, so that no exporter reads a variable its own way. How metrics are
// encoded is read by otlpmetrichttp itself.
func httpOptions[O any](c *config, client *http.Client, with optionsOfHTTP[O]) []O {
	return []O{
		with.WithHTTPClient(client),
		// This includes an endpoint from a variable: otherwise INSECURE would win over the scheme,
		// and headers for an https endpoint would be sent in plain text.
		with.WithEndpointURL(c.url().String()),
		// The client has its own TLS configuration. The exporter rejects a certificate in the variables with a plain-text endpoint.
		with.WithTLSClientConfig(nil),
		with.WithMaxResponseSize(maxResponse),
		with.WithCompression(c.gzip()), // the exporter accepts gzip only in lower case
		with.WithHeaders(c.headerValues()),
		with.WithTimeout(c.exportTimeout()), // without effect on this client; otlploghttp would parse the variable
		with.WithRetry(c.retry()),
	}
}

// url returns the URL of OTLP/HTTP. The general variable contains a base, to which the path of the signal
// is added; the signal's variable is used unchanged.
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
func (c *config) url() *url.URL {
	u := &url.URL{Scheme: "https", Path: c.signal.path()}
	if c.plain() {
		u.Scheme = "http"
	}
	from, endpoint := c.given()
	if endpoint == "" {
		u.Host = net.JoinHostPort("localhost", portHTTP)
		return u
	}
	if !strings.Contains(endpoint, "://") { // WithEndpoint
		u.Host = endpoint
		return u
	}
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return u // newConfig has rejected it.
	}
	u.Host = parsed.Host
	switch bare := parsed.Path == "" || parsed.Path == "/"; {
	case from == general+"ENDPOINT":
		u.Path = path.Join("/", parsed.Path, c.signal.path())
	case c.endpointSet && bare: // the signal's path
	case bare:
		u.Path = "/"
	default:
		u.Path = parsed.Path
	}
	return u
}

// newHTTPClient returns a client with its own connections, so that Shutdown can close them. It follows no
// redirect: net/http would send the body and most headers to the new address.
func (c *config) newHTTPClient() (*http.Client, *http.Transport, error) {
	settings := c.tls
	if settings == nil && !c.plain() {
		var err error
		if settings, err = c.variablesTLS(); err != nil {
			return nil, nil, err
		}
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: MaxReconnectDelay}).DialContext,
		TLSHandshakeTimeout:    MaxReconnectDelay,
		TLSClientConfig:        settings,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxResponseHeaders,
	}
	return &http.Client{
		Transport:     &tries{transport: transport, signal: c.signal},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, transport, nil
}

// variablesTLS returns the TLS configuration of the variables. newConfig has checked the files.
func (c *config) variablesTLS() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if full, file := c.variable("CERTIFICATE"); file != "" {
		pem, err := settingfile.Read(file, maxPEM)
		if err != nil {
			return nil, fmt.Errorf("%s: cannot read the CA certificates: %w", full, err)
		}
		settings.RootCAs = x509.NewCertPool()
		settings.RootCAs.AppendCertsFromPEM(pem)
	}
	for _, prefix := range []string{c.signal.prefix(), general} {
		cert := strings.TrimSpace(os.Getenv(prefix + "CLIENT_CERTIFICATE"))
		key := strings.TrimSpace(os.Getenv(prefix + "CLIENT_KEY"))
		if cert == "" {
			continue
		}
		pair, err := readKeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("%sCLIENT_CERTIFICATE: %w", prefix, err)
		}
		settings.Certificates = []tls.Certificate{pair}
		break
	}
	return settings, nil
}

// tries wraps each attempt of an export. It records the response for the report, keeps the response's text
// out of the error, and makes the exporter retry what gRPC would retry.
type tries struct {
	transport *http.Transport
	signal    Signal
	doubtful  atomic.Bool // the last attempt had no response
}

func (t *tries) RoundTrip(r *http.Request) (*http.Response, error) {
	noted, _ := r.Context().Value(refusalKey{}).(*refusal)
	if noted == nil {
		noted = new(refusal)
	}
	if t.doubtful.Load() {
		// A silently broken HTTP/2 connection would be reused.
		t.transport.CloseIdleConnections()
	}
	response, err := t.transport.RoundTrip(r)
	t.doubtful.Store(err != nil)
	if err != nil {
		if r.Context().Err() != nil {
			return nil, err
		}
		noted.last = unanswered(err)
		if isPermanent(err) {
			return nil, err
		}
		return nil, passing{err}
	}
	if response.StatusCode >= 200 && response.StatusCode <= 299 {
		if contentType(response) != "text/html" {
			noted.last = nil
			return response, t.keepPartial(response, noted)
		}
		// The exporter would treat it as a success.
		_ = response.Body.Close()
		noted.last = &answer{code: codes.Unimplemented, status: response.StatusCode, message: response.Status + " with a web page at " + r.URL.Path}
		return nil, errors.New("the response is a web page")
	}
	noted.last = answerOf(r, response)
	_ = response.Body.Close()
	response.Body = http.NoBody // the exporter would quote the whole body in its error
	return response, nil
}

// keepPartial notes what the collector rejected of an export that it accepted.
func (t *tries) keepPartial(response *http.Response, noted *refusal) error {
	if contentType(response) != "application/x-protobuf" {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	if reply := t.signal.response(); proto.Unmarshal(body, reply) == nil {
		noted.partial = partialOf(reply)
	}
	return nil
}

// passing is a connection error that the exporters retry, as gRPC does. They retry errors that are
// Temporary; a refused connection is not.
type passing struct{ error }

func (passing) Temporary() bool { return true }
func (p passing) Unwrap() error { return p.error }

// isPermanent reports whether a retry would fail in the same way.
func isPermanent(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		alert        tls.AlertError
		op           *net.OpError
	)
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &op) && op.Op == "remote error" || errors.Is(err, http.ErrSchemeMismatch) || isNotHTTP(err)
}

// isNotHTTP reports whether the other side speaks another protocol, such as gRPC. net/http has no type for it.
func isNotHTTP(err error) bool { return strings.Contains(err.Error(), "malformed HTTP ") }

// unanswered returns what to record for an attempt without a response.
func unanswered(err error) *answer {
	a := &answer{code: codes.Unavailable, message: err.Error()}
	switch {
	case errors.Is(err, io.EOF):
		a.message = "the connection was closed without a response"
	case isNotHTTP(err):
		a.message = "the response is not HTTP/1.1: it may be a port of gRPC, or of TLS" // without the bytes that net/http quotes
	}
	return a
}

// answerOf returns what to record for a response that is not a success.
func answerOf(r *http.Request, response *http.Response) *answer {
	a := &answer{code: codeOf(response.StatusCode), status: response.StatusCode, message: response.Status, retryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now())}
	switch {
	case response.StatusCode == http.StatusNotFound, response.StatusCode == http.StatusMethodNotAllowed:
		a.message += " at " + r.URL.Path
	case response.StatusCode >= 300 && response.StatusCode <= 399:
		if to, err := response.Location(); err == nil {
			a.message += " to " + (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()
		}
	}
	if text := textOf(response); text != "" {
		a.message += ": " + text
	}
	return a
}

// textOf returns the error text of a response. A web page, usually from a proxy, is not quoted: its status is enough.
func textOf(response *http.Response) string {
	kind := contentType(response)
	switch kind {
	case "application/x-protobuf", "text/plain", "application/json":
	case "": // such as net/http's "Client sent an HTTP request to an HTTPS server."
	default:
		return ""
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	if err != nil && len(body) == 0 {
		return ""
	}
	if kind == "application/x-protobuf" {
		s := status.New(codes.Unknown, "").Proto()
		if proto.Unmarshal(body, s) != nil {
			return ""
		}
		return s.GetMessage()
	}
	if kind == "" && strings.Contains(string(body), "<") {
		return ""
	}
	return strings.TrimSpace(string(body))
}

func contentType(response *http.Response) string {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// codeOf returns the gRPC code that corresponds to the status.
func codeOf(statusCode int) codes.Code {
	switch statusCode {
	case http.StatusBadRequest:
		return codes.InvalidArgument
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType:
		return codes.Unimplemented
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return codes.Unavailable
	}
	return codes.Unknown
}

// retryAfter parses the header Retry-After: seconds or a date.
func retryAfter(v string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(v); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
