package targets

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/hosts"
	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/internal/cli"
)

// Summary is the command in one line.
const Summary = "write a Prometheus service discovery file for the processes of a bot"

const (
	defaultTimeout = time.Minute
	standard       = "-"
)

// config is what the flags say.
type config struct {
	list    hosts.List
	out     string
	labels  map[string]string
	check   bool
	path    string
	access  scrape.Access
	timeout time.Duration
}

// Run runs the command with the arguments that follow its name. It returns the
// exit code: 0, 2 for arguments that cannot be used, 1 for a file that cannot be
// written and for what --check finds.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return run(ctx, args, os.Stdin, stdout, stderr)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c, err := parse(args, stdin, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return cli.ExitOK
	case err != nil:
		fmt.Fprintf(stderr, "argus targets: %v\nRun \"argus targets --help\" for usage.\n", err)
		return cli.ExitUsage
	}
	addresses := c.list.Addresses()
	said, err := c.write(addresses, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "argus targets: %v\n", err)
		return cli.ExitFailed
	}
	if c.check && !c.ask(ctx, addresses, said) {
		return cli.ExitFailed
	}
	return cli.ExitOK
}

func parse(args []string, stdin io.Reader, help io.Writer) (*config, error) {
	c := &config{out: standard, labels: map[string]string{}, timeout: defaultTimeout}
	var files []string
	flags := flag.NewFlagSet("targets", flag.ContinueOnError)
	flags.Func("file", "`file` with more hosts, separated by spaces or line breaks; # starts a comment; - is standard input.\nCan be repeated", func(text string) error {
		if text == "" {
			return errors.New("must be a file or -")
		}
		files = append(files, text)
		return nil
	})
	flags.Func("out", "output `file`, with the extension .json; - is standard output (default -)", func(text string) error {
		if text != standard && filepath.Ext(text) != ".json" {
			return errors.New("must end in .json: Prometheus detects the format by the extension")
		}
		c.out = text
		return nil
	})
	flags.Func("label", "label `name=value` for all targets, such as env=prod. Can be repeated. Labels that Argus or\nPrometheus set, such as cluster, are rejected", func(text string) error {
		name, value, err := parseLabel(text)
		if err != nil {
			return err
		}
		if _, ok := c.labels[name]; ok {
			return fmt.Errorf("duplicate label %s", name)
		}
		c.labels[name] = value
		return nil
	})
	flags.BoolVar(&c.check, "check", false, "query each target, and report those that do not answer or share a cluster id;\nthe file is written in any case")
	flags.Func("timeout", "maximum `duration` of --check, such as 30s or 5m (default 1m)", func(text string) (err error) {
		c.timeout, err = cli.ParseTimeout(text)
		return err
	})
	path, access := scrape.PathFlag(flags), scrape.NewAccessFlags(flags, "the targets")

	patterns, err := cli.Parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(help, flags)
	}
	if err != nil {
		return nil, err
	}
	c.path = *path
	if c.access, err = access.Access(); err != nil {
		return nil, err
	}
	if len(patterns) == 0 && len(files) == 0 {
		return nil, errors.New("no hosts given: name them, such as bot-[0-3].example.org, or use --file")
	}
	c.list.DefaultPort = argus.DefaultPort
	for _, pattern := range patterns {
		if err := c.list.Add(pattern, ""); err != nil {
			return nil, err
		}
	}
	for _, file := range files {
		if err := c.read(file, stdin); err != nil {
			return nil, err
		}
	}
	if len(c.list.Addresses()) == 0 {
		return nil, fmt.Errorf("no hosts in %s: an empty list would remove all targets from Prometheus", strings.Join(files, ", "))
	}
	return c, nil
}

func (c *config) read(file string, stdin io.Reader) error {
	if file == standard {
		return c.list.Read(stdin, "standard input")
	}
	f, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	defer f.Close()
	return c.list.Read(f, file)
}

func writeHelp(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, `Writes a Prometheus service discovery file (file_sd_configs) for the processes of a bot.

Usage: argus targets [flags] [host…]

Hosts are names or addresses, with number ranges in brackets. The default port is 9191:
  bot-[0-99].example.org    10.0.0.[1-100]:9191    localhost:[9191-9193]    bot-[00-15,20]    [::1]:9191
Quote brackets, which are special to shells.

Flags:
`)
	cli.WriteFlags(w, flags)
	fmt.Fprintf(w, `
The file is replaced atomically, and only if it changes. Up to %d targets are allowed, without duplicates.
Exit codes: 0 success, 1 file not written or problem found by --check, 2 invalid arguments.
`, hosts.Most)
}

// write writes the file. It returns where the rest is to be said.
func (c *config) write(addresses []string, stdout, stderr io.Writer) (said io.Writer, err error) {
	content, err := hosts.MarshalFileSD(addresses, c.labels)
	if err != nil {
		return nil, err
	}
	if c.out == standard {
		_, err := stdout.Write(content)
		return stderr, err
	}
	changed, err := replace(c.out, content)
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", c.out, err)
	}
	format := "wrote %s: %s\n"
	if !changed {
		format = "%s is unchanged: %s\n"
	}
	fmt.Fprintf(stdout, format, c.out, cli.Count(len(addresses), "target"))
	return stdout, nil
}

// ask asks every target, tells what is wrong, and says whether nothing was.
func (c *config) ask(ctx context.Context, addresses []string, w io.Writer) bool {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	results := scrape.NewClient(c.path, c.access).Pages(ctx, addresses)
	answered, clusters, fine := 0, 0, true
	for _, r := range results {
		if r.Err != nil {
			fine = false
			fmt.Fprintf(w, "%s: %v\n", r.Address, r.Err)
			continue
		}
		answered++
	}
	bots := scrape.ByBot(results)
	for _, bot := range bots {
		clusters += len(bot.Clusters())
		shared, at := bot.Shared()
		for _, cluster := range shared {
			fine = false
			fmt.Fprintf(w, "cluster id %v of %v is used by %s: set a unique ARGUS_CLUSTER_ID or CLUSTER_ID for each process, "+
				"or ARGUS_BOT if these are different bots\n", cluster, bot.Bot, cli.List(at[cluster]))
		}
	}
	of := ""
	if len(bots) > 1 {
		of = " of " + cli.Count(len(bots), "bot")
	}
	fmt.Fprintf(w, "%d of %s answered, with %s%s\n", answered, cli.Count(len(addresses), "target"), cli.Count(clusters, "cluster id"), of)
	return fine
}
