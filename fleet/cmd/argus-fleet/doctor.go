package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/doctor"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/cli"
)

const (
	doctorTimeout = 30 * time.Second
	doctorHelp    = `Checks a fleet that runs, and suggests fixes. Run it on the fleet's machine with the fleet's settings.

Usage: argus-fleet doctor [flags]

All flags and variables of argus-fleet (argus-fleet --help) are taken.

Flags:
`
	doctorCodes = `
Exit codes: 0 no problems (warnings allowed), 1 problems, 2 invalid arguments.
`
)

// errProblems is the error of a run that has found some.
var errProblems = errors.New("problems were found")

// examine checks a fleet that runs.
func examine(ctx context.Context, given *settings.Given, args []string, out io.Writer) error {
	own := flag.NewFlagSet("doctor", flag.ContinueOnError)
	asJSON := own.Bool("json", false, "print the result as JSON")
	timeout := doctorTimeout
	own.Func("timeout", "maximum `duration` of the whole run, such as 30s or 5m (default 30s)", func(text string) (err error) {
		timeout, err = cli.ParseTimeout(text)
		return err
	})
	done, err := parseCommand(own, given, args, out, doctorHelp, doctorCodes)
	if done || err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	report := doctor.Examine(ctx, given)
	write := report.Text
	if *asJSON {
		write = report.JSON
	}
	if err := write(out); err != nil {
		return err
	}
	if report.Failures > 0 {
		return errProblems
	}
	return nil
}
