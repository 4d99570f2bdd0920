package otlp

import (
	"context"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// grpcOptions returns the settings made in code, and the endpoint. otlpmetricgrpc
// reads the other variables itself; options win over them.
func (c *config) grpcOptions() []otlpmetricgrpc.Option {
	opts := []otlpmetricgrpc.Option{
		// All in one call: a second WithDialOption would replace the first (otlpmetricgrpc v1.47).
		otlpmetricgrpc.WithDialOption(
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff: backoff.Config{
					BaseDelay:  min(500*time.Millisecond, c.reconnect),
					Multiplier: 1.6,
					Jitter:     0.2,
					MaxDelay:   c.reconnect,
				},
				MinConnectTimeout: MaxReconnectDelay,
			}),
			// Without this, gRPC keeps a silently broken connection until TCP times out. A ping goes with an export
			// after 10 s without traffic, gRPC's minimum; without an export there is no ping.
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: MaxReconnectDelay}),
			grpc.WithChainUnaryInterceptor(keepRefusal),
		),
		otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig(c.retry())),
	}
	plain := c.insecure
	_, endpoint := c.given()
	scheme, _, isURL := strings.Cut(strings.ToLower(endpoint), "://")
	_, notParsed := url.Parse(endpoint)
	switch {
	case isURL && (scheme == "http" || scheme == "https"):
		// This includes an endpoint from a variable: otherwise INSECURE would win over
		// the scheme, and headers for an https endpoint would be sent in plain text.
		opts = append(opts, otlpmetricgrpc.WithEndpointURL(endpoint))
		plain = plain || scheme == "http"
	case c.endpointSet:
		opts = append(opts, otlpmetricgrpc.WithEndpoint(c.endpoint))
	case notParsed != nil:
		// 127.0.0.1:4317 is valid for gRPC but is not a URL: the exporter would ignore
		// it, and take endpoint and scheme from the other variable.
		opts = append(opts, otlpmetricgrpc.WithEndpoint(endpoint))
		plain = c.plain()
		if !plain && !certificatesSet() {
			opts = append(opts, otlpmetricgrpc.WithTLSCredentials(credentials.NewTLS(nil)))
		}
	}
	if _, v := variable("COMPRESSION"); strings.EqualFold(v, compressionGzip) {
		opts = append(opts, otlpmetricgrpc.WithCompressor(compressionGzip)) // the exporter accepts it only in lower case
	}
	switch {
	case c.tls != nil:
		opts = append(opts, otlpmetricgrpc.WithTLSCredentials(credentials.NewTLS(c.tls)))
	case plain:
		// Not otlpmetricgrpc.WithInsecure: a certificate in the variables wins over it.
		opts = append(opts, otlpmetricgrpc.WithTLSCredentials(insecure.NewCredentials()))
	}
	if c.headers != nil {
		opts = append(opts, otlpmetricgrpc.WithHeaders(c.headers))
	}
	if c.timeout != nil {
		opts = append(opts, otlpmetricgrpc.WithTimeout(*c.timeout))
	}
	return opts
}

// keepRefusal is a gRPC interceptor that keeps the last answer of an export. If the
// time limit ends during a retry, the export fails with DeadlineExceeded; the
// answer to the attempt before says what is wrong.
func keepRefusal(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, cc, opts...)
	if r, ok := ctx.Value(refusalKey{}).(*refusal); ok && err != nil && ctx.Err() == nil {
		if s := status.Convert(err); s.Code() != codes.DeadlineExceeded {
			r.last = &answer{code: s.Code(), message: s.Message(), retryAfter: retryInfo(s)}
		}
	}
	return err
}

// retryInfo returns the pause that the collector requests.
func retryInfo(s *status.Status) time.Duration {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return max(info.GetRetryDelay().AsDuration(), 0)
		}
	}
	return 0
}
