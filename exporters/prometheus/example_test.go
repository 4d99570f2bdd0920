package prometheus_test

import (
	"context"
	"fmt"
	"io"
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

	// On a mux of one's own.
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

func ExampleNewServer() {
	e, err := prometheus.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	srv, err := prometheus.NewServer(prometheus.ServerConfig{
		Addr:    "127.0.0.1:0", // ":9191" in earnest
		Handler: e.Handler(),
		Shards:  func() (up, total int) { return 3, 4 },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer http.DefaultClient.CloseIdleConnections()
	res, err := http.Get("http://" + srv.Addr().String() + "/readyz")
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	fmt.Print(res.StatusCode, " ", string(body))
	if err := srv.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: 503 {"ready":false,"shards_up":3,"shards_total":4,"reason":"3 of 4 shards are up"}
}
