// Command argus is the command line of Argus.
//
//	argus explain    says what is wrong with a bot, and since when
//	argus shard      says which shard has a guild
//	argus demo       runs a bot against a fake Discord and serves its metrics
//	argus targets    writes a Prometheus service discovery file for the processes of a bot
//	argus doctor     shows a bot's settings and checks its setup
//	argus analytics  looks after the tables of events in ClickHouse
//	argus version    prints the version
//	argus help       lists the commands
//
// The exit code is 0 for success, 1 for a failure, and 2 for invalid arguments.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/argus-dgo/argus/cmd/argus/internal/analytics"
	"github.com/argus-dgo/argus/cmd/argus/internal/demo"
	"github.com/argus-dgo/argus/cmd/argus/internal/doctor"
	"github.com/argus-dgo/argus/cmd/argus/internal/explain"
	"github.com/argus-dgo/argus/cmd/argus/internal/shard"
	"github.com/argus-dgo/argus/cmd/argus/internal/targets"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/cli"
)

// A command is a subcommand. run gets the arguments that follow its name, returns
// when ctx is done, and returns the exit code.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, stdout, stderr io.Writer) int
}

func commands() []command {
	return []command{
		{"explain", explain.Summary, explain.Run},
		{"demo", demo.Summary, func(ctx context.Context, args []string, stdout, stderr io.Writer) int {
			return demo.Run(ctx, args, os.Stdin, stdout, stderr)
		}},
		{"shard", shard.Summary, shard.Run},
		{"targets", targets.Summary, targets.Run},
		{"doctor", doctor.Summary, doctor.Run},
		{"analytics", analytics.Summary, analytics.Run},
		{"version", "print the version", version},
	}
}

func main() {
	// The first signal shuts down in order. After stop, the next one has its default
	// effect and ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return cli.ExitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) == 1 {
			usage(stdout)
			return cli.ExitOK
		}
		args = []string{args[1], "--help"}
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "argus: unknown command %q\n\n", args[0])
	usage(stderr)
	return cli.ExitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Argus makes Discord bots written with discordgo observable.\n\nUsage: argus <command> [flags]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nRun \"argus help <command>\" for the flags of a command.\n")
}

func version(_ context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] != "--help" {
		fmt.Fprintf(stderr, "argus version: unexpected argument %q\n", args[0])
		return cli.ExitUsage
	}
	fmt.Fprintln(stdout, "argus", instrument.Version())
	return cli.ExitOK
}
