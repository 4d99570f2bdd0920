// Command buildtools builds the Collector, Prometheus and Kubernetes for the
// end-to-end tests, unless they are there already.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

func run(ctx context.Context) error {
	set, err := tools.Open()
	if err != nil {
		return err
	}
	return set.Build(ctx, os.Stdout)
}
