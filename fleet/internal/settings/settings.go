package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/clickhousesettings"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/link"
)

// Prefix is that of all variables.
const Prefix = "ARGUS_FLEET_"

// Settings are those of a fleet, checked.
type Settings struct {
	Addr         string
	OTLPGRPCAddr string
	OTLPHTTPAddr string
	Data         string
	URL          string

	urlIsOwn bool

	Retention  time.Duration
	Size       int64
	Evaluation time.Duration

	IngestTokenFile   string
	ViewerTokenFile   string
	OperatorTokenFile string
	TLSCertFile       string
	TLSKeyFile        string
	AllowedHosts      []string

	Prometheus          []Prometheus
	PrometheusTokenFile string
	PrometheusCAFile    string
	PrometheusCertFile  string
	PrometheusKeyFile   string
	PrometheusHeaders   http.Header

	Events          bool
	EventsRetention time.Duration
	EventsHourly    time.Duration // how long their sums are kept
	EventsMax       int
	// ClickHouse is where events are kept. Without a URL, that is the folder of the data.
	ClickHouse clickhousesettings.Settings

	MaxMembers int
	MaxSeries  int
	Expect     []Expectation

	Grafana            string
	TraceURL           string
	DiscordWebhookFile string
	AlertmanagerConfig string
	AlertmanagerURLs   []string
	RemoteWriteConfig  string
}

// A Row is one setting.
type Row struct {
	Flag    string
	Default string
	Help    string
	set     func(s *Settings, value string) error
}

// IsPath reports whether the setting names a file or a folder.
func (r Row) IsPath() bool {
	return r.Flag == "data" || strings.HasSuffix(r.Flag, "-file") || strings.HasSuffix(r.Flag, "-config")
}

// Variable is the environment variable of the setting.
func (r Row) Variable() string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(r.Flag, "-", "_"))
}

// Rows returns the table.
func Rows() []Row { return slices.Clone(table) }

const maxQuoted = 120

// unquoted is the error of a value that may have a secret.
type unquoted struct{ error }

// A Given is the settings that a command line and an environment give, not yet checked.
type Given struct {
	lookup func(string) (string, bool)
	values map[string]Value // by flag
}

// A Value is what one setting was given.
type Value struct {
	Row
	Text string
	// Source is the flag or the variable, or "default".
	Source string
}

// Shown is what people see of the value: of headers their names, as any may have a secret,
// and nothing of a template that is wrong, as that may have credentials.
func (v Value) Shown() string {
	switch {
	case v.Flag == traceFlag && v.Text != "" && link.CheckTrace(v.Text) != nil:
		return "[hidden]"
	case v.Flag != headersFlag:
		return v.Text
	}
	var names []string
	for one := range list(v.Text) {
		name, _, _ := strings.Cut(one, "=")
		names = append(names, strings.TrimSpace(name))
	}
	return strings.Join(names, ", ")
}

// Read reads a command line and an environment. Help is written to out, and the error is
// [flag.ErrHelp] then. args are what follows the flags.
func Read(line []string, lookup func(string) (string, bool), out io.Writer) (g *Given, args []string, err error) {
	g = &Given{lookup: lookup, values: map[string]Value{}}
	for _, r := range table {
		if v, there := lookup(r.Variable()); there && v != "" {
			g.values[r.Flag] = Value{r, v, r.Variable()}
		}
	}
	flags := flag.NewFlagSet("argus-fleet", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	g.AddFlags(flags)
	if err := flags.Parse(line); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			Usage(out)
		}
		return nil, nil, err
	}
	return g, flags.Args(), nil
}

// AddFlags adds the flags of all settings. What they are set to is given from then on.
func (g *Given) AddFlags(flags *flag.FlagSet) {
	for _, r := range table {
		flags.Func(r.Flag, r.Help, func(text string) error {
			g.values[r.Flag] = Value{r, text, "--" + r.Flag}
			return nil
		})
	}
}

// Set gives a setting a value. Its source stays if it was given before.
func (g *Given) Set(r Row, text string) {
	source := "--" + r.Flag
	if v, there := g.values[r.Flag]; there {
		source = v.Source
	}
	g.values[r.Flag] = Value{r, text, source}
}

// Has reports whether a setting is given.
func (g *Given) Has(flag string) bool { return g.values[flag].Source != "" }

// Values returns all settings, with their defaults where they are not given.
func (g *Given) Values() []Value {
	list := make([]Value, len(table))
	for i, r := range table {
		list[i] = Value{r, r.Default, "default"}
		if v, there := g.values[r.Flag]; there {
			list[i] = v
		}
	}
	return list
}

// Settings checks the settings.
func (g *Given) Settings() (s Settings, err error) {
	var errs []error
	for _, v := range g.Values() {
		if err := v.set(&s, v.Text); err != nil {
			name := v.Source
			if !g.Has(v.Flag) {
				name = v.Variable()
			}
			if _, secret := errors.AsType[unquoted](err); secret {
				errs = append(errs, fmt.Errorf("%s: it %w", name, err))
			} else {
				errs = append(errs, fmt.Errorf("%s: %q %w", name, excerpt.Line(v.Text, maxQuoted), err))
			}
		}
	}
	errs = append(errs, unknown(g.lookup)...)
	if len(errs) == 0 {
		errs = append(errs, s.check()...)
	}
	return s, errors.Join(errs...)
}

// Parse reads and checks the settings of a command line and an environment, as [Read] and
// [Given.Settings] do.
func Parse(line []string, lookup func(string) (string, bool), out io.Writer) (s Settings, args []string, err error) {
	g, args, err := Read(line, lookup, out)
	if err != nil {
		return s, nil, err
	}
	s, err = g.Settings()
	return s, args, err
}

// unknown finds variables that a typing error made, if the environment can be listed.
func unknown(lookup func(string) (string, bool)) (errs []error) {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if _, there := lookup(name); !there || !strings.HasPrefix(name, Prefix) {
			continue
		}
		if !slices.ContainsFunc(table, func(r Row) bool { return r.Variable() == name }) {
			errs = append(errs, fmt.Errorf("%s is no setting; argus-fleet --help lists them", name))
		}
	}
	return errs
}

// Usage writes the help text.
func Usage(out io.Writer) {
	fmt.Fprint(out, `Usage: argus-fleet [flags]               run the fleet
       argus-fleet init [flags]            write the settings and tokens of a new fleet
       argus-fleet doctor [flags]          check the fleet that runs
       argus-fleet [flags] forget CLUSTER  have it forget a cluster that was retired
       argus-fleet [flags] erase --guild ID  have it erase all events of a guild
       argus-fleet [flags] import-events   copy the events of its data folder into ClickHouse
       argus-fleet [flags] backup          have it copy its data into its folder backups
       argus-fleet [flags] notify --test   send a test message to all receivers
       argus-fleet version

Every flag has an environment variable, which the flag overrides.

`)
	for _, r := range table {
		fmt.Fprintf(out, "  --%s\n        %s\n        %s", r.Flag, r.Help, r.Variable())
		if r.Default != "" {
			fmt.Fprintf(out, ", default %s", r.Default)
		}
		fmt.Fprintln(out)
	}
}
