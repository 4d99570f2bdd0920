package otlp

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TraceExporter pushes spans. It consists of a span processor with a bounded queue
// and a connection. Make it with [NewTraces] and close it with Shutdown.
type TraceExporter struct {
	*queue[sdktrace.ReadOnlySpan]
}

// CheckTraces returns the error that [NewTraces] would return for these options and
// the variables. It makes nothing.
func CheckTraces(opts ...Option) error {
	if _, err := newConfig(SignalTraces, opts); err != nil {
		return fmt.Errorf("otlp: %w", err)
	}
	return nil
}

// NewTraces makes an exporter of spans, as [New] makes one of metrics.
func NewTraces(ctx context.Context, opts ...Option) (*TraceExporter, error) {
	c, err := newConfig(SignalTraces, opts)
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	p := makePush(c)
	exporter, err := traceExporter(ctx, c, p)
	if err != nil {
		return nil, p.notConnected(err)
	}
	q, err := newQueue(ctx, c, p, exporter.ExportSpans, exporter.Shutdown)
	if err != nil {
		return nil, err
	}
	return &TraceExporter{q}, nil
}

// traceExporter makes OpenTelemetry's exporter. It does not block.
func traceExporter(ctx context.Context, c *config, p *push) (*otlptrace.Exporter, error) {
	if c.protocol == GRPC {
		opts, err := grpcOptions(c, optionsOfGRPC[otlptracegrpc.Option]{
			WithEndpoint:       otlptracegrpc.WithEndpoint,
			WithTLSCredentials: otlptracegrpc.WithTLSCredentials,
			WithDialOption:     otlptracegrpc.WithDialOption,
			WithCompressor:     otlptracegrpc.WithCompressor,
			WithHeaders:        otlptracegrpc.WithHeaders,
			WithTimeout:        otlptracegrpc.WithTimeout,
			WithRetry: func(r retryConfig) otlptracegrpc.Option {
				return otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig(r))
			},
		})
		if err != nil {
			return nil, err
		}
		return otlptracegrpc.New(ctx, opts...)
	}
	client, err := p.overHTTP(c)
	if err != nil {
		return nil, err
	}
	return otlptracehttp.New(ctx, httpOptions(c, client, optionsOfHTTP[otlptracehttp.Option]{
		WithHTTPClient:      otlptracehttp.WithHTTPClient,
		WithEndpointURL:     otlptracehttp.WithEndpointURL,
		WithTLSClientConfig: otlptracehttp.WithTLSClientConfig,
		WithMaxResponseSize: otlptracehttp.WithMaxResponseSize,
		WithHeaders:         otlptracehttp.WithHeaders,
		WithTimeout:         otlptracehttp.WithTimeout,
		WithCompression: func(gzip bool) otlptracehttp.Option {
			if gzip {
				return otlptracehttp.WithCompression(otlptracehttp.GzipCompression)
			}
			return otlptracehttp.WithCompression(otlptracehttp.NoCompression)
		},
		WithRetry: func(r retryConfig) otlptracehttp.Option {
			return otlptracehttp.WithRetry(otlptracehttp.RetryConfig(r))
		},
	})...)
}

// Processor returns the processor for a TracerProvider:
// sdktrace.WithSpanProcessor(e.Processor()). It exports the sampled spans. A
// TracerProvider that is shut down shuts the exporter down.
func (e *TraceExporter) Processor() sdktrace.SpanProcessor { return spans{e.queue} }

// spans puts sampled spans into the queue.
type spans struct {
	*queue[sdktrace.ReadOnlySpan]
}

func (spans) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

func (s spans) OnEnd(span sdktrace.ReadOnlySpan) {
	if span.SpanContext().IsSampled() {
		s.add(span, sizeOfSpan(span))
	}
}
