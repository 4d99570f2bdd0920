// Package analytics is the command argus analytics. It runs argus-analytics, a program of
// its own, so that argus has no client of ClickHouse.
package analytics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/argus-dgo/argus/internal/cli"
)

// Summary is the line in the list of commands.
const Summary = "make and migrate the tables of events in ClickHouse, show their state, and erase guilds"

const (
	program = "argus-analytics"
	// waitDelay is how long the program may go on after a signal.
	waitDelay = 10 * time.Second
)

// Run runs the program that is in the folder of argus, or else in PATH, and returns its exit
// code.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	path, err := find()
	if err != nil {
		fmt.Fprintf(stderr, "argus analytics: %v\n", err)
		return cli.ExitFailed
	}
	c := exec.CommandContext(ctx, path, args...) //nolint:gosec // the user's own program and arguments
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, stdout, stderr
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = waitDelay
	err = c.Run()
	if exit, is := errors.AsType[*exec.ExitError](err); is && exit.Exited() {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintf(stderr, "argus analytics: %s: %v\n", path, err)
		return cli.ExitFailed
	}
	return cli.ExitOK
}

func find() (string, error) {
	if own, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(own), program)); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", errors.New("it needs the program " + program + ", which is neither beside argus nor in PATH: install it from the same release (analytics/README.md)")
	}
	return path, nil
}
