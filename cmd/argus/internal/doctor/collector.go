package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/grpc/codes"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/exporters/otlp"
	"github.com/argus-dgo/argus/internal/excerpt"
)

const connectTimeout = 3 * time.Second

// discard ends an exporter without a last export.
func discard(e destination) {
	abandoned, cancel := context.WithCancel(context.Background())
	cancel()
	_ = e.Shutdown(abandoned)
}

// collector sends an empty export as the bot would, and when that fails looks for
// the cause.
func (d *doctor) collector(ctx context.Context) []finding {
	switch {
	case d.config.Disabled:
		return []finding{{"collector", skipped, noArgus, ""}}
	case !d.exports(argus.OTLP):
		return []finding{{"collector", skipped, "nothing is pushed: the otlp exporter is not enabled", ""}}
	}
	e, err := otlp.New(ctx, otlp.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {})), otlp.WithTimeout(d.export))
	if err != nil {
		return []finding{{"collector", failure, err.Error(), "correct the setting"}}
	}
	defer discard(e)
	// A target in gRPC's own notation, such as unix:, is left to gRPC, and what is behind a proxy to the proxy.
	host, port, err := net.SplitHostPort(e.Endpoint())
	direct := err == nil && !proxied(e)
	if direct {
		if f := connects(ctx, "collector", e); f != nil {
			return []finding{*f}
		}
	}
	// A provider registers the reader; it has no instruments, so nothing is in the export.
	sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()), sdkmetric.WithResource(sdkresource.Empty()))
	began := time.Now()
	err = e.ForceFlush(ctx)
	if err == nil {
		return []finding{{"collector", ok, fmt.Sprintf("%s accepted an empty export in %s", e.Endpoint(), time.Since(began).Round(time.Millisecond)), ""}}
	}
	if failed, known := errors.AsType[*otlp.ExportError](err); known && direct {
		look, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		if f := cause(look, host, port, failed); f != nil {
			return []finding{*f}
		}
	}
	if failed, known := errors.AsType[*otlp.ExportError](err); known && failed.HTTPStatus == http.StatusNotFound {
		return []finding{{"collector", failure, failed.Error(), pathAdvice()}}
	}
	if ctx.Err() != nil {
		return []finding{{"collector", failure, e.Endpoint() + " accepted the connection, but did not answer an export in time", "increase --timeout; otherwise check that it is a collector, and read its log"}}
	}
	return []finding{{"collector", failure, err.Error(), "read the collector's log"}}
}

// proxied says whether the variables put a proxy before the collector. gRPC asks for that of https in any case.
func proxied(e destination) bool {
	u := &url.URL{Scheme: "https", Host: e.Endpoint()}
	if e.Protocol() == otlp.HTTPProtobuf && e.Insecure() {
		u.Scheme = "http"
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	return proxy != nil || err != nil
}

// pathAdvice says where the path of an endpoint comes from.
func pathAdvice() string {
	variable, endpoint := otlpVariable("ENDPOINT")
	switch {
	case strings.Contains(variable, "_METRICS_"):
		return variable + " is used as it is: set it to the whole URL, usually with the path /v1/metrics"
	case strings.HasSuffix(strings.TrimSuffix(endpoint, "/"), "/v1/metrics"):
		return "/v1/metrics is appended to OTEL_EXPORTER_OTLP_ENDPOINT: remove it there"
	}
	return "check that it is the collector's OTLP/HTTP port, usually 4318, and that the collector has a metrics pipeline"
}

// connects resolves the name and connects. It returns nil when that works.
func connects(ctx context.Context, check string, e destination) *finding {
	endpoint := e.Endpoint()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint)
	if err == nil {
		conn.Close()
		return nil
	}
	var (
		dns *net.DNSError
		op  *net.OpError
	)
	switch {
	case errors.As(err, &dns):
		return &finding{check, failure, fmt.Sprintf("%s: cannot resolve the host name: %s", endpoint, dns.Err), "correct OTEL_EXPORTER_OTLP_ENDPOINT"}
	case errors.As(err, &op) && op.Err != nil:
		err = op.Err
	}
	port := "the gRPC port is usually 4317"
	if e.Protocol() == otlp.HTTPProtobuf {
		port = "the OTLP/HTTP port is usually 4318"
	}
	return &finding{check, failure, fmt.Sprintf("cannot connect to %s: %v", endpoint, err), "start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT; " + port}
}

// cause looks at what listens there. It returns nil where that is as it should be.
func cause(ctx context.Context, host, port string, failed *otlp.ExportError) *finding {
	endpoint, plain := net.JoinHostPort(host, port), failed.Insecure
	const (
		grpcPort = "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or OTEL_EXPORTER_OTLP_ENDPOINT to the collector's gRPC port, usually 4317 (OTLP/HTTP is 4318)"
		noGRPC   = " speaks HTTP/1.1, not gRPC; it may be the OTLP/HTTP port"
		httpPort = "set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or OTEL_EXPORTER_OTLP_ENDPOINT to the collector's OTLP/HTTP port, usually 4318 (gRPC is 4317)"
		noHTTP   = " speaks gRPC, but OTLP/HTTP is configured"
	)
	overHTTP := failed.Protocol == otlp.HTTPProtobuf
	settings, err := tlsSettings(host)
	if err != nil {
		return &finding{"collector", failure, err.Error(), "correct the setting"}
	}
	settings.InsecureSkipVerify = plain // to see whether it is TLS at all; nothing is sent
	settings.NextProtos = []string{"h2", "http/1.1"}
	conn, err := (&tls.Dialer{Config: settings}).DialContext(ctx, "tcp", endpoint)
	if plain {
		var alert tls.AlertError
		if err == nil || errors.As(err, &alert) {
			if err == nil {
				conn.Close()
			}
			return &finding{"collector", failure, endpoint + " expects TLS, but plain text is configured", "set OTEL_EXPORTER_OTLP_ENDPOINT=https://" + endpoint + ", and unset OTEL_EXPORTER_OTLP_INSECURE"}
		}
		switch {
		case overHTTP && speaksGRPC(ctx, "http", endpoint):
			return &finding{"collector", failure, endpoint + noHTTP, httpPort}
		case !overHTTP && speaksHTTP(ctx, "http", endpoint, nil):
			return &finding{"collector", failure, endpoint + noGRPC, grpcPort}
		}
		return nil
	}
	if err != nil {
		return handshake(endpoint, err)
	}
	defer conn.Close()
	secured, isTLS := conn.(*tls.Conn)
	if !isTLS {
		return nil
	}
	switch {
	case overHTTP && speaksGRPC(ctx, "https", endpoint):
		return &finding{"collector", failure, endpoint + noHTTP, httpPort}
	case !overHTTP && secured.ConnectionState().NegotiatedProtocol != "h2" && speaksHTTP(ctx, "https", endpoint, settings):
		return &finding{"collector", failure, endpoint + noGRPC, grpcPort}
	case failed.HTTPStatus != 0:
		return nil // TLS is as it should be
	}
	// In TLS 1.3 the collector looks at our certificate when the handshake is over for us.
	if deadline, bounded := ctx.Deadline(); bounded {
		_ = conn.SetReadDeadline(deadline)
	}
	var alert tls.AlertError
	if _, err := conn.Read(make([]byte, 1)); errors.As(err, &alert) || isRemote(err) {
		return handshake(endpoint, err)
	}
	return nil
}

// isRemote says whether the other side has ended the handshake with an alert.
func isRemote(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// handshake tells why TLS was not agreed on.
func handshake(endpoint string, err error) *finding {
	f := &finding{"collector", failure, fmt.Sprintf("%s: the TLS handshake failed: %s", endpoint, excerpt.Line(err.Error(), 500)), ""}
	var (
		record   tls.RecordHeaderError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &record):
		f.Text = endpoint + " does not speak TLS, but TLS is configured"
		f.Do = "set OTEL_EXPORTER_OTLP_ENDPOINT=http://" + endpoint + " to use plain text"
	case errors.As(err, &unknown):
		f.Do = "set OTEL_EXPORTER_OTLP_CERTIFICATE to the CA file of its certificate"
	case errors.As(err, &hostname):
		f.Do = "use a host name that its certificate covers"
	case errors.As(err, &invalid):
		f.Do = "replace the collector's certificate"
	default:
		f.Do = "check whether it requires a client certificate: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and …_CLIENT_KEY"
	}
	return f
}

// tlsSettings are those that the exporter takes from the variables.
func tlsSettings(host string) (*tls.Config, error) {
	settings := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if variable, file := otlpVariable("CERTIFICATE"); file != "" {
		text, err := os.ReadFile(file) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		settings.RootCAs = x509.NewCertPool()
		settings.RootCAs.AppendCertsFromPEM(text)
	}
	if variable, file := otlpVariable("CLIENT_CERTIFICATE"); file != "" {
		_, key := otlpVariable("CLIENT_KEY")
		certificate, err := tls.LoadX509KeyPair(file, key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		settings.Certificates = []tls.Certificate{certificate}
	}
	return settings, nil
}

// speaksHTTP asks as OTLP/HTTP does, with an empty export and no header of the bot's.
func speaksHTTP(ctx context.Context, scheme, endpoint string, settings *tls.Config) bool {
	if settings != nil {
		settings = settings.Clone()
		settings.NextProtos = []string{"http/1.1"}
	}
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://"+endpoint+"/v1/metrics", http.NoBody)
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	const most = 64 << 10
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, most))
	return response.ProtoMajor == 1
}

// speaksGRPC sends an empty export over gRPC, with no header of the bot's. An answer that is a refusal is one too.
func speaksGRPC(ctx context.Context, scheme, endpoint string) bool {
	e, err := otlp.New(ctx, otlp.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {})), otlp.WithProtocol(otlp.GRPC), otlp.WithEndpoint(scheme+"://"+endpoint),
		otlp.WithHeaders(map[string]string{}), otlp.WithTimeout(connectTimeout/3))
	if err != nil {
		return false
	}
	defer discard(e)
	sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()), sdkmetric.WithResource(sdkresource.Empty()))
	err = e.ForceFlush(ctx)
	failed, known := errors.AsType[*otlp.ExportError](err)
	return err == nil || known && failed.Code != codes.Unavailable && failed.Code != codes.DeadlineExceeded && failed.Code != codes.Unknown
}
