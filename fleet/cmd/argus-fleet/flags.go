package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/cli"
)

// parseCommand parses the flags of a command, among which are those of all settings. done
// says that help was asked for.
func parseCommand(own *flag.FlagSet, given *settings.Given, args []string, out io.Writer, before, after string) (done bool, err error) {
	all := flag.NewFlagSet(own.Name(), flag.ContinueOnError)
	own.VisitAll(func(f *flag.Flag) { all.Var(f.Value, f.Name, f.Usage) })
	given.AddFlags(all)
	rest, err := cli.Parse(all, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, before)
		cli.WriteFlags(out, own)
		fmt.Fprint(out, after)
		return true, nil
	case err != nil:
		return false, misused{err}
	case len(rest) > 0:
		return false, misused{fmt.Errorf("unexpected argument %q", rest[0])}
	}
	return false, nil
}
