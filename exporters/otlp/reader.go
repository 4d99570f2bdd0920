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

// OpenTelemetry's defaults for variables that are not set.
const (
	defaultInterval = time.Minute
	defaultTimeout  = 30 * time.Second

	defaultExportTimeout = 10 * time.Second
)

// reader collects when the exporter requests it. OpenTelemetry's PeriodicReader
// would export nothing if one callback of the program fails, and would report
// failures to the global error handler instead of WithErrorHandler.
type reader struct {
	*sdkmetric.ManualReader
	exporter  *Exporter
	producers []sdkmetric.Producer
	timeout   time.Duration // of a collection with its export
	turn      chan struct{} // held during a collection and its export
	limiter   limit.Limiter // of reports about failed collections
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

// ForceFlush collects and exports now, and returns the export's error, which
// push.Export does not return.
func (r *reader) ForceFlush(ctx context.Context) error {
	if err := r.export(ctx); err != nil {
		return err
	}
	return r.exporter.push.lastError()
}

// Shutdown shuts the exporter down.
func (r *reader) Shutdown(ctx context.Context) error { return r.exporter.Shutdown(ctx) }

// export collects and exports once, after exports in progress. An error is about
// ctx or the reader; push reports failed exports.
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

// collect gathers what it can. A failing callback or producer does not affect the
// rest, and is reported at a limited rate.
func (r *reader) collect(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	err := r.guarded(func() error { return r.Collect(ctx, rm) })
	switch {
	// Compared with ==, because errors of the program's callbacks may have methods that panic.
	case err == sdkmetric.ErrReaderNotRegistered, err == sdkmetric.ErrReaderShutdown: //nolint:errorlint // see above
		return err
	case ctx.Err() != nil && rm.Resource == nil: // the collection did not start
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
		err = fmt.Errorf("otlp: some metrics could not be collected and are missing from the export: %w", err)
		if suppressed > 0 {
			err = fmt.Errorf("%w (%d more since the last report)", err, suppressed)
		}
		r.exporter.push.report(err)
	}
	return nil
}

// guarded turns a panic in a callback of the program into an error, because it would
// end the process in our goroutine. The error contains only the type of the panic's
// value, which may contain secrets.
func (r *reader) guarded(collect func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a callback panicked with a %T", p)
		}
	}()
	return collect()
}
