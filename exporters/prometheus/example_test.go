package prometheus_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/exporters/prometheus"
)

func ExampleNew() {
	e, err := prometheus.New(prometheus.WithConstLabels(map[string]string{"cluster": "eu-1"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	mp := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(e.Reader()),
		sdkmetric.WithResource(sdkresource.NewSchemaless(attribute.String("cluster", "eu-1"))),
	)
	songs, err := mp.Meter("example").Int64Counter("bot.songs")
	if err != nil {
		fmt.Println(err)
		return
	}
	songs.Add(context.Background(), 2)

	// On your own mux.
	mux := http.NewServeMux()
	mux.Handle("/internal/metrics", e.Handler())

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/internal/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "bot_songs") {
			fmt.Print(line)
		}
	}
	// Output: bot_songs_total{cluster="eu-1"} 2
}
