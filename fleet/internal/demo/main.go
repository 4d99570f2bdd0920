// Command demo runs a fleet on one machine: argus-fleet, and five processes of the demo's
// bot in two regions, each with its own fake Discord. Lines that are typed kill and start
// processes and switch their scenarios. `make demo-fleet` builds and runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
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
	argus, fleet string // programs
	addr, otlp   string // of the fleet
	interval     time.Duration
	analytics    bool // whether the fleet keeps events
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // another signal ends it at once
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, line []string, in io.Reader, out, errOut io.Writer) int {
	var c config
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.StringVar(&c.argus, "argus", "bin/argus", "`program` of the bot")
	flags.StringVar(&c.fleet, "fleet", "bin/argus-fleet", "`program` of the fleet")
	flags.StringVar(&c.addr, "addr", "127.0.0.1:9190", "`address` of the pages")
	flags.StringVar(&c.otlp, "otlp", "127.0.0.1:4317", "`address` that the processes push to")
	flags.DurationVar(&c.interval, "interval", 5*time.Second, "`time` between two pushes of a process")
	flags.BoolVar(&c.analytics, "analytics", false, "keep events, and fill the day before; a token for the pages is printed at the start")
	switch err := flags.Parse(line); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return misuse
	case flags.NArg() > 0:
		fmt.Fprintf(errOut, "demo: %q is no flag\n", flags.Arg(0))
		return misuse
	}
	if err := play(ctx, c, in, out); err != nil {
		fmt.Fprintf(errOut, "demo: %v\n", err)
		return failed
	}
	return 0
}
