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
	"github.com/argus-dgo/argus/cmd/argus/internal/cli"
	"github.com/argus-dgo/argus/cmd/argus/internal/hosts"
	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/resource"
)

// Summary is the command in one line.
const Summary = "tell a bot's settings and where they came from, and check what they need"

const (
	defaultPort    = 9191
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
// exit code: 0 when nothing is wrong, warnings or not; 1 when there is something to
// mend; 2 for arguments that cannot be used.
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
		fmt.Fprintf(stderr, "argus doctor: %v\n\"argus doctor --help\" tells the flags.\n", err)
		return cli.ExitUsage
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	r := d.examine(ctx)
	write := r.text
	if d.json {
		write = r.json
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
	flags.Func("targets", "`file` with targets in the form of Prometheus' file_sd_configs, in JSON, as argus targets writes it.\nMay be given more than once", func(text string) error {
		files = append(files, text)
		return nil
	})
	flags.BoolVar(&d.askDiscord, "discord", false, "compare the clock with Discord's: one request to discord.com, without a token")
	flags.BoolVar(&d.json, "json", false, "write the result as JSON")
	flags.Func("timeout", "`time` that all of it may take, such as 30s or 5m (default 20s)", func(text string) (err error) {
		d.timeout, err = cli.ParseTimeout(text)
		return err
	})
	path, token := scrape.Flags(flags)
	patterns, err := cli.Parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(help, flags)
	}
	if err != nil {
		return err
	}
	d.client = scrape.NewClient(*path, *token)
	d.list.DefaultPort = defaultPort
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
	fmt.Fprint(w, `Tells the settings that a bot has in this environment and where each came from, checks what they need, and says what to do
about what is wrong. Run it beside the bot, or with its environment; the bot may run or not.

Usage: argus doctor [flags] [target…]

Targets are further processes of the bot, as for argus targets: bot-[0-99].example.org, localhost:[9191-9193]. With them it looks for
duplicate cluster ids and shards, shards that no process has, versions that differ, clocks, and the budget of session starts.
Processes of several bots are grouped by the label job of their targets, or service.name, and by ARGUS_BOT.

Flags:
`)
	cli.WriteFlags(w, flags)
	fmt.Fprint(w, `
The bot's own token for its metrics page is taken from the environment, and is not sent to targets; give them --token-file.
Exit codes: 0 when no problem was found, with or without warnings; 1 when there are problems; 2 for arguments that cannot be used.
`)
}

// examine does all checks, those that wait at the same time.
func (d *doctor) examine(ctx context.Context) *report {
	r := &report{Settings: []setting{}}
	refused, usable := d.resolve()
	r.add(refused...)
	if usable {
		r.Settings = d.settings()
	}
	switch {
	case !usable:
	case d.config.Disabled:
		r.add(d.off()...)
	default:
		if len(refused) == 0 {
			r.add(finding{"settings", ok, "no setting is wrong, and none contradicts another", ""})
		}
		r.add(d.identity())
	}
	var (
		wait                     sync.WaitGroup
		beside, collector, clock []finding
		own                      *scrape.Result
		fleet                    []scrape.Result
	)
	wait.Go(func() { fleet = d.targets(ctx) })
	wait.Go(func() { clock = d.ownClock(ctx) })
	if usable {
		wait.Go(func() { beside, own = d.beside(ctx) })
		wait.Go(func() { collector = d.collector(ctx) })
	} else {
		const why = "the settings cannot be used"
		beside = []finding{{"port", skipped, why, ""}}
		collector = []finding{{"collector", skipped, why, ""}}
	}
	wait.Wait()
	r.add(beside...)
	r.add(collector...)
	r.add(d.fleet(fleet, own)...)
	all := fleet
	if own != nil && !isTarget(own, fleet) {
		all = append([]scrape.Result{*own}, fleet...)
	}
	r.add(budgets(all, time.Now())...)
	r.add(clock...)
	r.add(clocks(all)...)
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
