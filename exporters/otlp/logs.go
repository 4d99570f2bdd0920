package otlp

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// LogExporter pushes log records, and events, which are log records with a name. It
// consists of a processor with a bounded queue and a connection. Make it with
// [NewLogs] and close it with Shutdown.
type LogExporter struct {
	*queue[sdklog.Record]
}

// CheckLogs returns the error that [NewLogs] would return for these options and the
// variables. It makes nothing.
func CheckLogs(opts ...Option) error {
	if _, err := newConfig(SignalLogs, opts); err != nil {
		return fmt.Errorf("otlp: %w", err)
	}
	return nil
}

// NewLogs makes an exporter of log records, as [New] makes one of metrics.
func NewLogs(ctx context.Context, opts ...Option) (*LogExporter, error) {
	c, err := newConfig(SignalLogs, opts)
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	p := makePush(c)
	exporter, err := logExporter(ctx, c, p)
	if err != nil {
		return nil, p.notConnected(err)
	}
	q, err := newQueue(ctx, c, p, exporter.Export, exporter.Shutdown)
	if err != nil {
		return nil, err
	}
	return &LogExporter{q}, nil
}

// logExporter makes OpenTelemetry's exporter. It does not block.
func logExporter(ctx context.Context, c *config, p *push) (sdklog.Exporter, error) {
	if c.protocol == GRPC {
		opts, err := grpcOptions(c, optionsOfGRPC[otlploggrpc.Option]{
			WithEndpoint:       otlploggrpc.WithEndpoint,
			WithTLSCredentials: otlploggrpc.WithTLSCredentials,
			WithDialOption:     otlploggrpc.WithDialOption,
			WithCompressor:     otlploggrpc.WithCompressor,
			WithHeaders:        otlploggrpc.WithHeaders,
			WithTimeout:        otlploggrpc.WithTimeout,
			WithRetry: func(r retryConfig) otlploggrpc.Option {
				return otlploggrpc.WithRetry(otlploggrpc.RetryConfig(r))
			},
		})
		if err != nil {
			return nil, err
		}
		// With these, otlploggrpc (v0.23) does not parse the variables, and logs none that it would read differently.
		// The credentials win over WithInsecure.
		return otlploggrpc.New(ctx, append([]otlploggrpc.Option{otlploggrpc.WithInsecure(), otlploggrpc.WithCompressor("none")}, opts...)...)
	}
	client, err := p.overHTTP(c)
	if err != nil {
		return nil, err
	}
	return otlploghttp.New(ctx, httpOptions(c, client, optionsOfHTTP[otlploghttp.Option]{
		WithHTTPClient:      otlploghttp.WithHTTPClient,
		WithEndpointURL:     otlploghttp.WithEndpointURL,
		WithTLSClientConfig: otlploghttp.WithTLSClientConfig,
		WithMaxResponseSize: otlploghttp.WithMaxResponseSize,
		WithHeaders:         otlploghttp.WithHeaders,
		WithTimeout:         otlploghttp.WithTimeout,
		WithCompression: func(gzip bool) otlploghttp.Option {
			if gzip {
				return otlploghttp.WithCompression(otlploghttp.GzipCompression)
			}
			return otlploghttp.WithCompression(otlploghttp.NoCompression)
		},
		WithRetry: func(r retryConfig) otlploghttp.Option {
			return otlploghttp.WithRetry(otlploghttp.RetryConfig(r))
		},
	})...)
}

// Processor returns the processor for a LoggerProvider:
// sdklog.WithProcessor(e.Processor()). A LoggerProvider that is shut down shuts the
// exporter down.
func (e *LogExporter) Processor() sdklog.Processor { return records{e.queue} }

// records puts log records into the queue.
type records struct {
	*queue[sdklog.Record]
}

func (records) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

func (r records) OnEmit(_ context.Context, record *sdklog.Record) error {
	r.add(record.Clone(), sizeOfRecord(record))
	return nil
}
