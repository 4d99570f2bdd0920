package otlp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/internal/limit"
)

// OpenTelemetry's own, for variables that are not set.
const (
	defaultInterval = time.Minute
	defaultTimeout  = 30 * time.Second

	defaultExportTimeout = 10 * time.Second
)

// reader collects when the exporter asks it to. OpenTelemetry's PeriodicReader
// would export nothing at all where one callback of the program's own fails, and
// tell failures to the global error handler, past WithErrorHandler.
type reader struct {
	*sdkmetric.ManualReader
	exporter  *Exporter
	producers []sdkmetric.Producer
	timeout   time.Duration // of a collection and its export together
	turn      chan struct{} // held by the one that is at work
	limiter   limit.Limiter // of reports of what could not be collected
}

func newReader(e *Exporter, c *config) *reader {
	return &reader{
		ManualReader: sdkmetric.NewManualReader(
			sdkmetric.WithTemporalitySelector(e.push.Temporality),
			sdkmetric.WithAggregationSelector(e.push.Aggregation),
		),
		exporter:  e,
		producers: c.producers,
		timeout:   milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", defaultTimeout),
		turn:      make(chan struct{}, 1),
	}
}

// milliseconds reads a variable that newConfig has checked.
func milliseconds(variable string, byDefault time.Duration) time.Duration {
	n, err := strconv.ParseInt(os.Getenv(variable), 10, 64)
	if err != nil || n <= 0 {
		return byDefault
	}
	return time.Duration(n) * time.Millisecond
}

// ForceFlush collects and exports now, and returns what went wrong with that
// export: push keeps it to itself.
func (r *reader) ForceFlush(ctx context.Context) error {
	if err := r.export(ctx); err != nil {
		return err
	}
	return r.exporter.push.lastError()
}

// Shutdown is the exporter's.
func (r *reader) Shutdown(ctx context.Context) error { return r.exporter.Shutdown(ctx) }

// export collects and exports once, after those that are at it. An error is about
// ctx or about the reader; what became of the export is push's to tell.
func (r *reader) export(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var rm metricdata.ResourceMetrics
	if err := r.collect(ctx, &rm); err != nil {
		return err
	}
	return r.exporter.push.Export(ctx, &rm)
}

// collect gathers what can be had: what one callback or producer cannot tell does
// not cost the rest, and is reported at a limited rate.
func (r *reader) collect(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	err := r.guarded(func() error { return r.Collect(ctx, rm) })
	switch {
	// Compared as they are: others are of the program's callbacks, with methods that may panic.
	case err == sdkmetric.ErrReaderNotRegistered, err == sdkmetric.ErrReaderShutdown: //nolint:errorlint // see above
		return err
	case ctx.Err() != nil && rm.Resource == nil: // it was not begun
		return ctx.Err()
	}
	for _, p := range r.producers {
		err = errors.Join(err, r.guarded(func() error {
			scopes, err := p.Produce(ctx)
			rm.ScopeMetrics = append(rm.ScopeMetrics, scopes...)
			return err
		}))
	}
	if err == nil {
		return nil
	}
	if suppressed, ok := r.limiter.Allow(); ok {
		err = fmt.Errorf("otlp: some metrics could not be collected and are missing in the export: %w", err)
		if suppressed > 0 {
			err = fmt.Errorf("%w (%d more since the last report)", err, suppressed)
		}
		r.exporter.push.report(err)
	}
	return nil
}

// guarded makes an error of a panic in a callback of the program's own, which would
// end the process from our goroutine. Its value may hold anything, so that its
// type alone is told.
func (r *reader) guarded(collect func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a callback panicked with a %T", p)
		}
	}()
	return collect()
}
