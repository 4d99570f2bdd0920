package main

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// setup stands for the set-up that you have, with whatever readers, processors and exporters.
type setup struct {
	meters  *sdkmetric.MeterProvider
	tracers *sdktrace.TracerProvider // nil without a collector
	loggers *sdklog.LoggerProvider   // nil without a collector
	page    http.Handler
}

func newSetup(ctx context.Context) (*setup, error) {
	res := resource.NewSchemaless(
		attribute.String("service.name", "pingbot"),
		attribute.String("cluster", "eu-1"), // tells the bot's processes apart
	)
	registry := prometheus.NewRegistry()
	reader, err := otelprom.New(
		otelprom.WithRegisterer(registry),
		// With these two the series are those of the dashboards: cluster on each, bot and region where the resource has them,
		// and no scope labels.
		otelprom.WithResourceAsConstantLabels(attribute.NewAllowKeysFilter("bot", "cluster", "region")),
		otelprom.WithoutScopeInfo(),
	)
	if err != nil {
		return nil, err
	}
	s := &setup{
		meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(res)),
		page:   promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		return s, nil
	}
	spans, err := otlptracegrpc.New(ctx)
	if err != nil {
		return nil, errors.Join(err, s.meters.Shutdown(ctx))
	}
	s.tracers = sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans), sdktrace.WithResource(res))
	records, err := otlploggrpc.New(ctx)
	if err != nil {
		return nil, errors.Join(err, s.meters.Shutdown(ctx), s.tracers.Shutdown(ctx))
	}
	s.loggers = sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(records)), sdklog.WithResource(res))
	return s, nil
}

// shutdownQueues sends the last spans and log records.
func (s *setup) shutdownQueues(ctx context.Context) error {
	if s.tracers == nil {
		return nil
	}
	return errors.Join(s.tracers.Shutdown(ctx), s.loggers.Shutdown(ctx))
}
