package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // what the bot may compress with
)

const (
	captureEvery   = 5 * time.Second
	capturePush    = 6 // by then all shards are up, and each kind of traffic was seen
	captureTimeout = 3 * time.Minute
)

// capture returns one push of the demo's bot, as it is on the wire.
func capture(ctx context.Context, c config) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, captureTimeout)
	defer cancel()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	pushes := &collector{pushes: make(chan []byte, capturePush)}
	server := grpc.NewServer()
	pmetricotlp.RegisterGRPCServer(server, pushes)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // it is told to end
	}()
	defer func() {
		server.Stop()
		<-served
	}()
	bot := exec.CommandContext(ctx, c.argus, "demo", "--addr", "127.0.0.1:0", "--scenario", "calm", //nolint:gosec // the program that the flag names
		"--shards", strconv.Itoa(c.shards), "--guilds", strconv.Itoa(c.guilds))
	bot.Cancel = func() error { return bot.Process.Signal(syscall.SIGTERM) }
	bot.WaitDelay = endTimeout
	bot.Env = append(environment(), "OTEL_METRICS_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+listener.Addr().String(),
		"OTEL_METRIC_EXPORT_INTERVAL="+strconv.FormatInt(captureEvery.Milliseconds(), 10))
	if err := bot.Start(); err != nil {
		return nil, fmt.Errorf("the bot: %w", err)
	}
	defer func() {
		cancel()
		_ = bot.Wait() // it was told to end
	}()
	var push []byte
	for range capturePush {
		select {
		case push = <-pushes.pushes:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s did not push %d times within %v: %w", c.argus, capturePush, captureTimeout, ctx.Err())
		}
	}
	return push, nil
}

// collector keeps pushes, as many as there is room for.
type collector struct {
	pmetricotlp.UnimplementedGRPCServer
	pushes chan []byte
}

// Export implements pmetricotlp.GRPCServer.
func (c *collector) Export(_ context.Context, request pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	push, err := request.MarshalProto()
	if err == nil {
		select {
		case c.pushes <- push:
		default:
		}
	}
	return pmetricotlp.NewExportResponse(), err
}

// environment is that of this process, without what configures Argus or OpenTelemetry.
func environment() []string {
	var own []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "ARGUS_") && !strings.HasPrefix(pair, "OTEL_") && !strings.HasPrefix(pair, "CLUSTER_ID") && !strings.HasPrefix(pair, "SHARD") {
			own = append(own, pair)
		}
	}
	return own
}
