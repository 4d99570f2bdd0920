package otlp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

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
