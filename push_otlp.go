//go:build !argus_no_otlp

package argus

import (
	"context"
	"errors"
	"fmt"

	client "github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/argus-dgo/argus/exporters/otlp"
	"github.com/argus-dgo/argus/internal/catalog"
)

// checkPush has the variables of the push judged by package otlp, early enough to be reported with the other settings.
func checkPush(c Config) error {
	var errs []error
	said := make(map[string]bool) // a variable of all signals may be wrong
	check := func(pushed bool, of func(...otlp.Option) error) {
		if !pushed {
			return
		}
		if err := of(); err != nil && !said[err.Error()] {
			said[err.Error()] = true
			errs = append(errs, err)
		}
	}
	check(c.exports(OTLP), otlp.Check)
	check(c.TracesExporter == OTLP, otlp.CheckTraces)
	check(c.LogsExporter == OTLP, otlp.CheckLogs)
	return errors.Join(errs...)
}

// makePush makes the periodic push. All of its settings but these are OpenTelemetry's variables.
func (p *pipeline) makePush(c resolved) error {
	if err := p.queuePush(c); err != nil {
		return err
	}
	o := p.pushed("metrics", catalog.SubsystemOTLP)
	opts := p.pushOptions(o)
	if c.ProcessMetrics {
		registry := client.NewRegistry()
		for _, collector := range p.processCollectors(true) {
			if err := registry.Register(collector); err != nil {
				return fmt.Errorf("cannot collect %T: %w", collector, err)
			}
		}
		opts = append(opts, otlp.WithProducers(bridge.NewMetricProducer(bridge.WithGatherer(registry))))
	}
	push, err := otlp.New(context.Background(), opts...)
	if err != nil {
		return err
	}
	o.exporter, p.push = push, push
	p.outlets = append(p.outlets, o)
	return nil
}

// makeTraces makes a TracerProvider, whose sampler and limits are OpenTelemetry's variables, and the push of its spans.
func (p *pipeline) makeTraces(c resolved) error {
	o := p.pushed(catalog.SignalTraces, catalog.SubsystemOTLPTraces)
	traces, err := otlp.NewTraces(context.Background(), p.pushOptions(o)...)
	if err != nil {
		return err
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithResource(c.resource), sdktrace.WithSpanProcessor(traces.Processor()))
	o.exporter, o.provider, o.dropped, p.tracers = traces, tracers, droppedBy(traces.Losses), tracers
	p.outlets, p.queues = append(p.outlets, o), append(p.queues, o)
	return nil
}

// makeLogs makes the push of log records.
func (p *pipeline) makeLogs() error {
	o := p.pushed(catalog.SignalLogs, catalog.SubsystemOTLPLogs)
	logs, err := otlp.NewLogs(context.Background(), p.pushOptions(o)...)
	if err != nil {
		return err
	}
	o.exporter, o.provider, o.dropped = logs, logs.Processor(), droppedBy(logs.Losses)
	p.outlets, p.queues = append(p.outlets, o), append(p.queues, o)
	return nil
}

func (p *pipeline) pushed(signal, subsystem string) *outlet {
	return &outlet{signal: signal, subsystem: subsystem, to: "the collector", takes: signal, log: p.log}
}

func droppedBy(losses func() otlp.Losses) func() (queueFull, rejected uint64) {
	return func() (queueFull, rejected uint64) {
		l := losses()
		return l.QueueFull, l.Rejected
	}
}

// pushOptions are those of all signals.
func (p *pipeline) pushOptions(o *outlet) []otlp.Option {
	return []otlp.Option{otlp.WithErrorHandler(otel.ErrorHandlerFunc(p.report)), otlp.WithOnState(o.changed)}
}
