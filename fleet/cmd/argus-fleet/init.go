package main

import (
	"flag"
	"io"

	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/fleet/internal/setup"
)

const initHelp = `Writes a file with the settings of a new fleet, and its tokens, and says how the fleet is started and what each process of a bot
needs. Nothing that is there already is replaced.

Usage: argus-fleet init [flags]

All flags and variables of argus-fleet (argus-fleet --help) are taken over into the file. Those of tokens name files that you have.

Flags:
`

// initialise writes the configuration of a new fleet.
func initialise(given *settings.Given, args []string, out io.Writer) error {
	own := flag.NewFlagSet("init", flag.ContinueOnError)
	dir := own.String("dir", "", "`folder` of the files (default ./"+setup.Dir+", or "+setup.SystemdDir+" with --systemd)")
	systemd := own.Bool("systemd", false, "for deploy/systemd/argus-fleet.service, which sets the folder of the data and the tokens itself")
	show := own.Bool("show-tokens", false, "print the tokens, instead of the files that they are in")
	done, err := parseCommand(own, given, args, out, initHelp, "")
	if done || err != nil {
		return err
	}
	if *dir == "" {
		if *dir = setup.Dir; *systemd {
			*dir = setup.SystemdDir
		}
	}
	plan, err := setup.New(*dir, *systemd, given)
	if err != nil {
		return misused{err}
	}
	if err := plan.Write(); err != nil {
		return err
	}
	return plan.Explain(out, *show)
}
