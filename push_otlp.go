//go:build !argus_no_otlp

package argus

import (
	"context"
	"fmt"

	client "github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus/exporters/otlp"
)

// checkPush has the variables of the push judged by package otlp, early enough to be reported with the other settings.
func checkPush() error { return otlp.Check() }

// makePush makes the periodic push. All of its settings but these are OpenTelemetry's variables.
func (p *pipeline) makePush(c resolved) error {
	if err := p.queuePush(c); err != nil {
		return err
	}
	opts := []otlp.Option{otlp.WithErrorHandler(otel.ErrorHandlerFunc(p.report)), otlp.WithOnState(p.pushChanged)}
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
	p.push = push
	return nil
}
