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

	"github.com/argus-dgo/argus/internal/excerpt"
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

	MaxMembers int
	MaxSeries  int
	Expect     []Expectation

	Grafana            string
	DiscordWebhookFile string
	AlertmanagerConfig string
	AlertmanagerURLs   []string
}

// A Row is one setting.
type Row struct {
	Flag    string
	Default string
	Help    string
	set     func(s *Settings, value string) error
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

// Parse reads the settings of a command line and an environment. Help is written to out,
// and the error is [flag.ErrHelp] then. args are what follows the flags.
func Parse(line []string, lookup func(string) (string, bool), out io.Writer) (s Settings, args []string, err error) {
	flags := flag.NewFlagSet("argus-fleet", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	given := map[string]*string{}
	for _, r := range table {
		given[r.Flag] = flags.String(r.Flag, "", r.Help)
	}
	if err := flags.Parse(line); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			Usage(out)
		}
		return s, nil, err
	}
	onLine := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { onLine[f.Name] = true })
	var errs []error
	for _, r := range table {
		name, value := r.Variable(), r.Default
		if v, there := lookup(name); there && v != "" {
			value = v
		}
		if onLine[r.Flag] {
			name, value = "--"+r.Flag, *given[r.Flag]
		}
		err := r.set(&s, value)
		if _, secret := errors.AsType[unquoted](err); secret {
			errs = append(errs, fmt.Errorf("%s: it %w", name, err))
		} else if err != nil {
			errs = append(errs, fmt.Errorf("%s: %q %w", name, excerpt.Line(value, maxQuoted), err))
		}
	}
	errs = append(errs, unknown(lookup)...)
	if len(errs) == 0 {
		errs = append(errs, s.check()...)
	}
	return s, flags.Args(), errors.Join(errs...)
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
       argus-fleet [flags] forget CLUSTER  have it forget a cluster that was retired
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
