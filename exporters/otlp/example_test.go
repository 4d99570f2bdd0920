package otlp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/argus-dgo/argus/exporters/otlp"
)

func ExampleNew() {
	ctx := context.Background()
	e, err := otlp.New(ctx,
		otlp.WithEndpoint("http://127.0.0.1:4317"),
		otlp.WithInterval(15*time.Second),
		otlp.WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { fmt.Println(err) })),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()))
	_ = mp.Meter("bot") // Record something.

	_, known := e.Up()
	fmt.Println(e.Endpoint(), known)

	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_ = mp.Shutdown(ctx) // There is no collector here.
	// Output: 127.0.0.1:4317 false
}

// Spans that the collector does not accept now wait in a bounded queue.
func ExampleNewTraces() {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
	}))
	defer collector.Close()

	ctx := context.Background()
	e, err := otlp.NewTraces(ctx, otlp.WithProtocol(otlp.HTTPProtobuf), otlp.WithEndpoint(collector.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(e.Processor()))
	_, span := tp.Tracer("bot").Start(ctx, "a task")
	span.End()
	if err := tp.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%+v\n", e.Losses())
	// Output:
	// POST /v1/traces
	// {QueueFull:0 Rejected:0 Shutdown:0}
}

// OTLP over HTTP passes proxies and load balancers that do not support gRPC. A bot needs no code for it:
// OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf has the same effect.
func ExampleWithProtocol() {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}))
	defer collector.Close()

	ctx := context.Background()
	e, err := otlp.New(ctx, otlp.WithProtocol(otlp.HTTPProtobuf), otlp.WithEndpoint(collector.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()))
	_ = mp.Meter("bot") // Record something.
	if err := mp.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	// Output: POST /v1/metrics application/x-protobuf
}
