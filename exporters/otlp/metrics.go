package otlp

import (
	"context"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc/codes"
)

// metricExporter makes OpenTelemetry's exporter. It does not block.
func metricExporter(ctx context.Context, c *config, p *push) (sdkmetric.Exporter, error) {
	if c.protocol == GRPC {
		opts, err := grpcOptions(c, optionsOfGRPC[otlpmetricgrpc.Option]{
			WithEndpoint:       otlpmetricgrpc.WithEndpoint,
			WithTLSCredentials: otlpmetricgrpc.WithTLSCredentials,
			WithDialOption:     otlpmetricgrpc.WithDialOption,
			WithCompressor:     otlpmetricgrpc.WithCompressor,
			WithHeaders:        otlpmetricgrpc.WithHeaders,
			WithTimeout:        otlpmetricgrpc.WithTimeout,
			WithRetry: func(r retryConfig) otlpmetricgrpc.Option {
				return otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig(r))
			},
		})
		if err != nil {
			return nil, err
		}
		return otlpmetricgrpc.New(ctx, opts...)
	}
	client, err := p.overHTTP(c)
	if err != nil {
		return nil, err
	}
	return otlpmetrichttp.New(ctx, httpOptions(c, client, optionsOfHTTP[otlpmetrichttp.Option]{
		WithHTTPClient:      otlpmetrichttp.WithHTTPClient,
		WithEndpointURL:     otlpmetrichttp.WithEndpointURL,
		WithTLSClientConfig: otlpmetrichttp.WithTLSClientConfig,
		WithMaxResponseSize: otlpmetrichttp.WithMaxResponseSize,
		WithHeaders:         otlpmetrichttp.WithHeaders,
		WithTimeout:         otlpmetrichttp.WithTimeout,
		WithCompression: func(gzip bool) otlpmetrichttp.Option {
			if gzip {
				return otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression)
			}
			return otlpmetrichttp.WithCompression(otlpmetrichttp.NoCompression)
		},
		WithRetry: func(r retryConfig) otlpmetrichttp.Option {
			return otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig(r))
		},
	})...)
}

// metricPush wraps OpenTelemetry's exporter for the reader.
type metricPush struct {
	sdkmetric.Exporter
	*push
	again chan struct{} // requests another export soon
}

// Export returns nil for a failed export, except at shutdown: it reports failures
// itself, at a limited rate. ForceFlush gets the error from lastError.
func (p *metricPush) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	e, _ := p.send(ctx, func(ctx context.Context) error { return p.Exporter.Export(ctx, rm) })
	final, _ := ctx.Value(finalKey{}).(bool)
	switch {
	case e == nil:
		return nil
	case final:
		e.Final = true
		return e
	case p.isClosing() && e.Code == codes.Canceled:
		return nil // Shutdown stopped it; the final export follows.
	}
	p.failed(e)
	if e.Code == codes.Unavailable || e.Code == codes.DeadlineExceeded || e.pause > 0 {
		select {
		case p.again <- struct{}{}:
		default:
		}
	}
	return nil
}
