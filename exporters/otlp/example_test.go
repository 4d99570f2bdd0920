package otlp_test

import (
	"context"
	"fmt"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/exporters/otlp"
)

func ExampleNew() {
	ctx := context.Background()
	e, err := otlp.New(ctx,
		otlp.WithEndpoint("http://127.0.0.1:4317"),
		otlp.WithInterval(15*time.Second),
		otlp.WithReport(func(err error) { fmt.Println(err) }),
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
	_ = mp.Shutdown(ctx) // There is nobody to send to here.
	// Output: 127.0.0.1:4317 false
}
