// Package web runs the HTTP server of the examples that have one of their own.
package web

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"
)

// drain is how long requests may take to end.
const drain = 5 * time.Second

// Serve listens on addr, host:port, and serves h, which has the metrics at /metrics, until
// shutdown is called. That lets the requests under way end.
func Serve(ctx context.Context, addr string, h http.Handler) (shutdown func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("the web server: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Print("the web server: ", err)
		}
	}()
	log.Printf("the web server listens; the metrics are on http://%s/metrics", listener.Addr())
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			log.Print("closing the web server: ", err)
		}
	}, nil
}
