package otlp

import (
	"context"
	"net/url"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// optionsOfGRPC are the options of one of OpenTelemetry's gRPC exporters. All
// signals have the same ones, with different types.
type optionsOfGRPC[O any] struct {
	WithEndpoint       func(string) O
	WithTLSCredentials func(credentials.TransportCredentials) O
	WithDialOption     func(...grpc.DialOption) O
	WithCompressor     func(string) O
	WithHeaders        func(map[string]string) O
	WithTimeout        func(time.Duration) O
	WithRetry          func(retryConfig) O
}

// grpcOptions returns all settings, so that no exporter reads a variable its own way.
func grpcOptions[O any](c *config, with optionsOfGRPC[O]) ([]O, error) {
	transport, err := c.credentials()
	if err != nil {
		return nil, err
	}
	opts := []O{
		with.WithEndpoint(c.target()),
		// Not WithInsecure: a certificate in the variables wins over it.
		with.WithTLSCredentials(transport),
		with.WithHeaders(c.headerValues()),
		with.WithTimeout(c.exportTimeout()),
		with.WithRetry(c.retry()),
		// All in one call: a second WithDialOption would replace the first (otlpmetricgrpc v1.47).
		with.WithDialOption(
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
	}
	if c.gzip() {
		opts = append(opts, with.WithCompressor(compressionGzip)) // the exporters accept it only in lower case
	}
	return opts, nil
}

// target returns the endpoint as gRPC takes it: without http or https, whose meaning is in the credentials.
func (c *config) target() string {
	_, endpoint := c.given()
	if endpoint == "" {
		return defaultEndpoint
	}
	if u, err := url.Parse(endpoint); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return u.Host
	}
	return endpoint
}

func (c *config) credentials() (credentials.TransportCredentials, error) {
	switch {
	case c.tls != nil:
		return credentials.NewTLS(c.tls), nil
	case c.plain():
		return insecure.NewCredentials(), nil
	}
	settings, err := c.variablesTLS()
	if err != nil {
		return nil, err
	}
	return credentials.NewTLS(settings), nil
}

// gzip reports whether exports are compressed.
func (c *config) gzip() bool {
	_, v := c.variable("COMPRESSION")
	return strings.EqualFold(v, compressionGzip)
}

// keepRefusal is a gRPC interceptor that keeps the last answer of an export. If the
// time limit ends during a retry, the export fails with DeadlineExceeded; the
// answer to the attempt before says what is wrong.
func keepRefusal(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, cc, opts...)
	r, ok := ctx.Value(refusalKey{}).(*refusal)
	switch {
	case !ok:
	case err == nil:
		r.last, r.partial = nil, partialOf(reply)
	case ctx.Err() == nil:
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
