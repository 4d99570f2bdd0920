// Command load measures argus-fleet beside a real Prometheus, with the same data and the
// same rules. It captures one push of the demo's bot, and replays it as many clusters to
// both: to the fleet over OTLP/gRPC, to Prometheus over OTLP/HTTP. Linux only: it reads
// /proc. `make bench-fleet` builds and runs it.
//
//	load [flags]          measures with each number of clusters, and writes a table
//	load history [flags]  makes a data folder with some hours of data, and measures its
//	                      size and how long a fleet needs to start with it
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The exit codes.
const (
	failed = 1
	misuse = 2
)

// config is what the flags say.
type config struct {
	argus, prometheus string // programs
	shards, guilds    int    // of the bot whose push is replayed
	clusters          []int
	interval          time.Duration // between two pushes of a cluster
	warm, measure     time.Duration
	history           time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, line []string, out, errOut io.Writer) int {
	do := compare
	if len(line) > 0 {
		switch line[0] {
		case serveCommand:
			return result(serve(ctx, line[1:], errOut), errOut)
		case "history":
			do, line = replayHistory, line[1:]
		}
	}
	var c config
	var clusters string
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.StringVar(&c.argus, "argus", "bin/argus", "`program` of the bot")
	flags.StringVar(&c.prometheus, "prometheus", "", "`program` of Prometheus; empty measures the fleet alone")
	flags.IntVar(&c.shards, "shards", 16, "`number` of shards of a cluster")
	flags.IntVar(&c.guilds, "guilds", 2500, "`number` of guilds of a cluster")
	flags.StringVar(&clusters, "clusters", "10,100", "`numbers` of clusters, separated by commas")
	flags.DurationVar(&c.interval, "interval", 15*time.Second, "`time` between two pushes of a cluster")
	flags.DurationVar(&c.warm, "warm", 2*time.Minute, "`time` before the measurement")
	flags.DurationVar(&c.measure, "measure", 2*time.Minute, "`time` of the measurement")
	flags.DurationVar(&c.history, "history", 2*time.Hour, "history: `time` that the data covers")
	err := flags.Parse(line)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return misuse
	case flags.NArg() > 0:
		fmt.Fprintf(errOut, "load: %q is no flag\n", flags.Arg(0))
		return misuse
	}
	for text := range strings.SplitSeq(clusters, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			fmt.Fprintf(errOut, "load: --clusters: %q is not a number of clusters\n", text)
			return misuse
		}
		c.clusters = append(c.clusters, n)
	}
	return result(do(ctx, c, out), errOut)
}

func result(err error, errOut io.Writer) int {
	if err != nil {
		fmt.Fprintf(errOut, "load: %v\n", err)
		return failed
	}
	return 0
}
