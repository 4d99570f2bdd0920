package doctor

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/hosts"
	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/internal/checks"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/resource"
)

// Summary is the command in one line.
const Summary = "show a bot's settings and their sources, and check its setup"

const (
	defaultTimeout = 20 * time.Second
	// exportTimeout is no longer, since most of what is wrong looks to gRPC as if it
	// could pass, and is tried again until then.
	exportTimeout = 3 * time.Second
	// discordGateway needs no token.
	// https://discord.com/developers/docs/events/gateway#get-gateway
	discordGateway = "https://discord.com/api/v10/gateway"
)

// doctor is one run.
type doctor struct {
	list    hosts.List
	json    bool
	timeout time.Duration
	access  scrape.Access  // to the targets
	client  *scrape.Client // for the targets

	askDiscord bool
	discordURL string
	discord    *http.Client
	kernel     func() (synchronised bool, err error)
	export     time.Duration // for an export and its repetitions

	config      argus.Config
	process     resource.Process
	service     string // service.name, and where it came from
	serviceFrom string
}

// Run runs the command with the arguments that follow its name. It returns the
// exit code: 0 for no problems, with or without warnings; 1 for problems; 2 for
// invalid arguments.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	d := &doctor{
		timeout:    defaultTimeout,
		discordURL: discordGateway,
		discord: &http.Client{
			Timeout:       scrape.RequestTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		kernel: kernelClock,
		export: exportTimeout,
	}
	return d.run(ctx, args, stdout, stderr)
}

func (d *doctor) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	switch err := d.parse(args, stdout); {
	case errors.Is(err, flag.ErrHelp):
		return cli.ExitOK
	case err != nil:
		fmt.Fprintf(stderr, "argus doctor: %v\nRun \"argus doctor --help\" for usage.\n", err)
		return cli.ExitUsage
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	r := d.examine(ctx)
	write := r.Text
	if d.json {
		write = r.JSON
	}
	if err := write(stdout); err != nil {
		fmt.Fprintf(stderr, "argus doctor: %v\n", err)
		return cli.ExitFailed
	}
	if r.Failures > 0 {
		return cli.ExitFailed
	}
	return cli.ExitOK
}

func (d *doctor) parse(args []string, help io.Writer) error {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	var files []string
	flags.Func("targets", "`file` with targets in the JSON format of Prometheus' file_sd_configs, as written by argus targets.\nCan be repeated", func(text string) error {
		files = append(files, text)
		return nil
	})
	flags.BoolVar(&d.askDiscord, "discord", false, "compare the local clock with Discord's; sends one request to discord.com, without a token")
	flags.BoolVar(&d.json, "json", false, "print the result as JSON")
	flags.Func("timeout", "maximum `duration` of the whole run, such as 30s or 5m (default 20s)", func(text string) (err error) {
		d.timeout, err = cli.ParseTimeout(text)
		return err
	})
	path, access := scrape.PathFlag(flags), scrape.NewAccessFlags(flags, "the targets")
	patterns, err := cli.Parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(help, flags)
	}
	if err != nil {
		return err
	}
	if d.access, err = access.Access(); err != nil {
		return err
	}
	d.client = scrape.NewClient(*path, d.access)
	d.list.DefaultPort = argus.DefaultPort
	for _, pattern := range patterns {
		if err := d.list.Add(pattern, ""); err != nil {
			return err
		}
	}
	for _, file := range files {
		if err := d.read(file); err != nil {
			return err
		}
	}
	return nil
}

func (d *doctor) read(file string) error {
	f, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	defer f.Close()
	return d.list.ReadFileSD(f, file)
}

func writeHelp(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, `Shows the settings of a bot in this environment and their sources, checks its setup, and suggests fixes.
Run it on the bot's host with the bot's environment. The bot need not be running.

Usage: argus doctor [flags] [target…]

Targets are other processes of the bot, written as for argus targets: bot-[0-99].example.org, localhost:[9191-9193]. They are
checked for duplicate cluster ids, duplicate or missing shards, different versions, wrong clocks and too few session starts.
Processes of different bots are grouped by the job label of their targets, or service.name, and by ARGUS_BOT.

Flags:
`)
	cli.WriteFlags(w, flags)
	fmt.Fprint(w, `
The token of the bot's own page is read from the environment and never sent to targets; use --token-file for those.
A user name, a password and certificates are for both: the bot's page is read over TLS if ARGUS_WEB_CONFIG_FILE says so.
Exit codes: 0 no problems (warnings allowed), 1 problems, 2 invalid arguments.
`)
}

// examine does all checks, those that wait at the same time.
func (d *doctor) examine(ctx context.Context) *checks.Report {
	r := newReport()
	refused, usable := d.resolve()
	add(r, refused...)
	if usable {
		for _, s := range d.settings() {
			r.Settings = append(r.Settings, checks.Setting(s))
		}
	}
	switch {
	case !usable:
	case d.config.Disabled:
		add(r, d.off()...)
	default:
		if len(refused) == 0 {
			add(r, finding{"settings", ok, "all settings are valid and consistent", ""})
		}
		add(r, d.identity())
	}
	var (
		wait                             sync.WaitGroup
		beside, collector, queues, clock []finding
		tables                           []finding
		own                              *scrape.Result
		fleet                            []scrape.Result
	)
	wait.Go(func() { fleet = d.targets(ctx) })
	wait.Go(func() { clock = d.ownClock(ctx) })
	if usable {
		wait.Go(func() { beside, own = d.beside(ctx) })
		wait.Go(func() { collector = d.collector(ctx) })
		wait.Go(func() { queues = d.queues(ctx) })
		wait.Go(func() { tables = d.clickhouse(ctx) })
	} else {
		const why = "the settings are invalid"
		beside = []finding{{"port", skipped, why, ""}}
		collector = []finding{{"collector", skipped, why, ""}}
	}
	wait.Wait()
	add(r, beside...)
	add(r, collector...)
	add(r, queues...)
	add(r, tables...)
	add(r, d.fleet(fleet, own)...)
	all := fleet
	if own != nil && !isTarget(own, fleet) {
		all = append([]scrape.Result{*own}, fleet...)
	}
	add(r, budgets(all, time.Now())...)
	add(r, clock...)
	add(r, clocks(all)...)
	return r
}

// targets asks them all.
func (d *doctor) targets(ctx context.Context) []scrape.Result {
	results := d.client.Pages(ctx, d.list.Addresses())
	for i := range results {
		results[i].Labels = d.list.Labels(results[i].Address)
	}
	return results
}

// isTarget says whether the bot beside is one of the targets as well.
func isTarget(own *scrape.Result, fleet []scrape.Result) bool {
	instance := own.Page.Processes[0].Instance
	return instance != "" && slices.ContainsFunc(fleet, func(r scrape.Result) bool {
		return r.Page != nil && slices.ContainsFunc(r.Page.Processes, func(p scrape.Process) bool { return p.Instance == instance })
	})
}
