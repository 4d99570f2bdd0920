package explain

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/findings"
)

// Summary is the command in one line.
const Summary = "say in sentences what is wrong with a bot, and since when"

// The exit codes, besides those for the arguments. They are the verdicts.
const (
	exitCalm       = int(findings.Calm)
	exitLook       = int(findings.Look)
	exitAffected   = int(findings.Affected)
	exitCannotTell = int(findings.CannotTell)
)

const (
	defaultAddress = "localhost:9191"
	defaultTimeout = 30 * time.Second
	watchEvery     = 5 * time.Second
)

// config is what the flags say.
type config struct {
	sources    []string // addresses of processes, and files with saved pages
	prometheus string
	bot        string
	namespace  string
	at         time.Time
	access     scrape.Access
	watch      bool
	json       bool
	timeout    time.Duration
	text       findings.TextOptions
}

// Run runs the command with the arguments that follow its name. It returns the exit
// code: 0 if all is well, 1 if there is something to look at, 2 if users are affected,
// and 3 if it cannot be told, also for arguments that cannot be used.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitCalm
	case err != nil:
		fmt.Fprintf(stderr, "argus explain: %v\nRun \"argus explain --help\" for usage.\n", err)
		return exitCannotTell
	}
	for {
		code := c.explain(ctx, stdout, stderr)
		if !c.watch {
			return code
		}
		select {
		case <-ctx.Done():
			return code
		case <-time.After(watchEvery):
		}
	}
}

func parse(args []string, help io.Writer) (*config, error) {
	c := &config{timeout: defaultTimeout}
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	flags.StringVar(&c.prometheus, "prometheus", "", "`URL` of a Prometheus server to ask instead of the processes, such as http://prometheus:9090")
	flags.StringVar(&c.bot, "bot", "", "`name` of the bot, where there are several: its label bot, or its job in Prometheus")
	flags.Func("at", "`time` to look at instead of now, such as 2026-01-31T03:00:00Z; with --prometheus", func(text string) (err error) {
		if c.at, err = time.Parse(time.RFC3339, text); err != nil {
			return errors.New("must be a time such as 2026-01-31T03:00:00Z")
		}
		return nil
	})
	flags.Func("namespace", "`prefix` of the bot's metrics, if it is not discord (ARGUS_NAMESPACE)", func(text string) error {
		c.namespace = text
		return catalog.CheckNamespace(text)
	})
	access := scrape.NewAccessFlags(flags, "the processes or of Prometheus")
	flags.BoolVar(&c.watch, "watch", false, "repeat every 5 s")
	flags.BoolVar(&c.json, "json", false, "write the report as JSON")
	flags.BoolVar(&c.text.All, "all", false, "show every finding in full")
	flags.BoolVar(&c.text.Why, "why", false, "show the query and the value behind each sentence")
	flags.Func("timeout", "maximum `duration` of one report, such as 10s (default 30s)", func(text string) (err error) {
		c.timeout, err = cli.ParseTimeout(text)
		return err
	})
	others, err := cli.Parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(help, flags)
	}
	if err != nil {
		return nil, err
	}
	c.sources = others
	if c.access, err = access.Access(); err != nil {
		return nil, err
	}
	switch {
	case c.prometheus != "" && len(c.sources) > 0:
		return nil, fmt.Errorf("--prometheus and %q: name processes, or a Prometheus server", c.sources[0])
	case c.prometheus == "" && !c.at.IsZero():
		return nil, errors.New("--at needs --prometheus: a process only knows its recent past")
	case c.watch && c.json:
		return nil, errors.New("--watch and --json exclude each other")
	case c.prometheus == "" && len(c.sources) == 0:
		c.sources = []string{defaultAddress}
	}
	if f, is := help.(*os.File); is && os.Getenv("NO_COLOR") == "" {
		info, err := f.Stat()
		c.text.Color = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return c, nil
}

func writeHelp(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, `Usage: argus explain [flags] [address or file ...]

Says in sentences what is wrong with a bot, since when, what causes it, and what to
do. Addresses are those of processes (default localhost:9191); a file is a saved
metrics page, which tells less.

  argus explain
  argus explain bot-3:9191 bot-4:9191
  argus explain --prometheus http://prometheus:9090 --bot music
  argus explain page.txt

The exit code is 0 if all is well, 1 if there is something to look at today, 2 if users
are affected, and 3 if it cannot be told.

Flags:
`)
	cli.WriteFlags(w, flags)
}

// explain makes and writes one report.
func (c *config) explain(ctx context.Context, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	reports, err := c.reports(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "argus explain: %v\n", err)
		return exitCannotTell
	}
	if c.watch {
		fmt.Fprint(stdout, "\x1b[H\x1b[2J")
	}
	code := exitCalm
	for i, r := range reports {
		code = max(code, r.write(c, stdout, stderr, i))
	}
	return code
}

// A told is the report of one source, or why there is none.
type told struct {
	name   string // empty if it is the only one
	report findings.Report
	err    error
}

func (t told) write(c *config, stdout, stderr io.Writer, i int) int {
	if t.err != nil {
		fmt.Fprintf(stderr, "argus explain: %v\n", t.err)
		return exitCannotTell
	}
	switch {
	case c.json:
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(t.report); err != nil {
			return exitCannotTell
		}
		return int(t.report.Verdict())
	case t.name != "":
		fmt.Fprintf(stdout, "%s%s\n", strings.Repeat("\n", min(i, 1)), t.name)
	}
	if err := t.report.Text(stdout, c.text); err != nil {
		return exitCannotTell
	}
	return int(t.report.Verdict())
}
