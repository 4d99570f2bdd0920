//go:build !argus_no_otlp

package argus

import (
	"context"
	"fmt"

	client "github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"

	"github.com/argus-dgo/argus/exporters/otlp"
)

// checkPush has the variables of the push judged by package otlp, early enough to be reported with the other settings.
func checkPush() error {
	trial, err := otlp.New(context.Background(), otlp.WithReport(func(error) {}))
	if err != nil {
		return err
	}
	abandoned, cancel := context.WithCancel(context.Background())
	cancel()
	_ = trial.Shutdown(abandoned) // it has nothing to send, and says that it could not
	return nil
}

// makePush makes the periodic push. All of its settings but these are OpenTelemetry's variables.
func (p *pipeline) makePush(c resolved) error {
	if err := p.queuePush(c); err != nil {
		return err
	}
	opts := []otlp.Option{otlp.WithReport(p.report), otlp.WithOnState(p.pushChanged)}
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
