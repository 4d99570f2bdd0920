// Command argus-analytics makes the tables for events in ClickHouse, brings them to the
// newest version, says what they hold, and erases guilds. argus-analytics --help lists
// commands and settings.
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

	"github.com/argus-dgo/argus/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// misused is an error of the arguments or the settings.
type misused struct{ error }

// errProblems is that of problems that are listed already.
var errProblems = errors.New("there are problems")

func run(ctx context.Context, args []string, lookup func(string) (string, bool), out, errOut io.Writer) int {
	err := execute(ctx, args, lookup, out)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return cli.ExitOK
	case errors.Is(err, errProblems):
		return cli.ExitFailed
	}
	fmt.Fprintf(errOut, "argus-analytics: %v\n", err)
	if _, is := errors.AsType[misused](err); is {
		return cli.ExitUsage
	}
	return cli.ExitFailed
}

func execute(ctx context.Context, args []string, lookup func(string) (string, bool), out io.Writer) error {
	s, names, err := parse(args, lookup, out)
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if err != nil {
		return misused{err}
	}
	if len(names) != 1 {
		return misused{errors.New("name one command; argus-analytics --help lists them")}
	}
	for _, c := range commands {
		if c.name == names[0] {
			if err := c.check(s); err != nil {
				return misused{fmt.Errorf("%s: %w", c.name, err)}
			}
			ctx, cancel := context.WithTimeout(ctx, s.timeout)
			defer cancel()
			return s.plain(c.run(ctx, s, out))
		}
	}
	return misused{fmt.Errorf("%.80q is no command; argus-analytics --help lists them", names[0])}
}
