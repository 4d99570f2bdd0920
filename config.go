package argus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/server"
	"github.com/argus-dgo/argus/internal/settingfile"
	"github.com/argus-dgo/argus/resource"
)

// DefaultPort is the TCP port of the server unless another one is set.
const DefaultPort = 9191

// A Source says where the value of a setting came from: the name of an option ("WithPort"), the name of an environment
// variable ("ARGUS_PORT"), or [SourceDefault].
type Source = resource.Source

// SourceDefault is the source of a value that nobody set.
const SourceDefault = resource.SourceDefault

// Config is the configuration of an [Argus], from options, environment and defaults. It contains no secret and may be printed.
type Config struct {
	Disabled       bool       // OTEL_SDK_DISABLED: nothing is measured or served
	Exporters      []Exporter // of metrics, sorted; empty when there is none
	TracesExporter Exporter   // OTLP or None
	LogsExporter   Exporter   // of events: OTLP or None
	Host           string     // address the server listens on; empty for all
	Port           int        // TCP port the server listens on; 0 for any free one
	AdvertiseAddr  string     // where others reach the server: host, or host:port; empty if it is not told
	AllowedHosts   []string   // names under which a browser may open the server's pages, beside those that are always allowed
	MetricsPath    string     // path of the metrics page
	Authenticated  bool       // whether the metrics page asks for a bearer token
	Dashboard      bool       // whether the live page is served
	WebConfigFile  string     // file with TLS and basic authentication of the server; empty: there is none
	TLS            bool       // whether that file turns on TLS
	GrafanaURL     string     // template of the live page's link to Grafana; empty: there is none
	TraceURL       string     // template of the live page's links to a trace; empty: there are none
	ClusterID      string     // value of the label cluster
	Bot            string     // value of the label bot; empty: there is none
	Region         string     // value of the label region; empty: there is none
	Namespace      string     // first part of the names of the bot's metrics
	History        bool       // whether the recent past is kept in memory
	ProcessMetrics bool       // whether go_* and process_* are exported
	Acks           bool       // whether the acknowledgements of interactions are followed
	LogRecords     bool       // whether the lines that discordgo logs are counted
	TraceIDs       bool       // whether spans have Discord's ids
	EventGuildIDs  bool       // whether events have the guild's id
	EventUsers     bool       // whether events have a hash of the user's id
	// DashboardAuthenticated is whether the live page and the API ask for a token: one of their own, or that of the metrics.
	DashboardAuthenticated bool
	// SessionStartPoll is the time between two GET /gateway/bot of Argus' own; 0 for none.
	SessionStartPoll time.Duration

	sources map[string]Source
	refused error // see Refused
}

// Source returns where the value of the setting with this environment variable came from. For the cluster id, the bot and the region the
// variable is ARGUS_CLUSTER_ID, ARGUS_BOT and ARGUS_REGION, whichever variable set them. For an unknown name it returns the empty string.
func (c Config) Source(variable string) Source { return c.sources[variable] }

// A Setting is one value of a [Config].
type Setting struct {
	Name     string // such as "port"
	Variable string // such as "ARGUS_PORT"
	Value    string // fit for a log: a text is quoted, or unset if empty; a secret is set or unset
	Source   Source
}

// Settings lists the values that Argus reads itself, in the order of docs/CONFIGURATION.md.
func (c Config) Settings() []Setting {
	var list []Setting
	for _, s := range settings {
		if s.name != "" {
			list = append(list, Setting{Name: s.name, Variable: s.variable, Value: s.valueIn(c), Source: c.sources[s.variable]})
		}
	}
	return list
}

// Refused returns the error that Start would have returned without OTEL_SDK_DISABLED=true. A setting that cannot be used has its default
// then. Without OTEL_SDK_DISABLED=true it is nil.
func (c Config) Refused() error { return c.refused }

// String lists the settings on one line, each as variable=value (source).
func (c Config) String() string {
	var b strings.Builder
	for i, v := range c.Settings() {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s=%s (%s)", v.Variable, v.Value, v.Source)
	}
	return b.String()
}

func (c Config) clone() Config {
	c.Exporters = slices.Clone(c.Exporters)
	c.AllowedHosts = slices.Clone(c.AllowedHosts)
	c.sources = maps.Clone(c.sources)
	return c
}

func (c Config) exports(e Exporter) bool { return slices.Contains(c.Exporters, e) }

// A secret is a text that no way of printing shows, also not as an unexported field of what is printed: fmt follows no
// pointer that is not at the top.
type secret struct{ text *string }

const hidden = "[hidden]"

func conceal(text string) secret { return secret{&text} }

func (s secret) reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

func (secret) String() string   { return hidden }
func (secret) GoString() string { return hidden }

// resolved is a Config with what must not be shown.
type resolved struct {
	Config
	token          secret
	dashboardToken secret // empty: that of the metrics
	eventKey       secret // of the hash of the user's id; empty: events have none
	resource       *sdkresource.Resource
}

// pageToken is the token of the live page and the API, or empty.
func (c resolved) pageToken() secret {
	if c.dashboardToken.reveal() != "" {
		return c.dashboardToken
	}
	return c.token
}

// draft is what the settings are parsed into, before those that depend on each other are put together.
type draft struct {
	resolved
	tokenFile          string
	dashboardTokenFile string
	eventKeyFile       string
	portBase           int    // 0: not given
	index              int    // place of the process in the fleet, counted from 0; -1: not known
	indexSource        Source // where that came from
}

// environment is the outside world that settings are read from.
type environment struct {
	lookup   func(string) (string, bool)
	readFile func(string) ([]byte, error)
}

// processEnvironment is the environment of this process. No other code of Argus looks into it for a setting, but for the
// variables of the push, which OpenTelemetry's SDK and exporters read from nowhere else.
func processEnvironment() environment {
	return environment{lookup: os.LookupEnv, readFile: readTokenFile}
}

// resolve puts options, environment and defaults together. The error joins every problem there is; none shows a secret.
// A variable that an option overrides is not looked at, so that it cannot be at fault.
//
// With OTEL_SDK_DISABLED=true the problems are in Config.Refused instead: that switch has to work when others are wrong.
func resolve(env environment, o *options) (resolved, error) {
	d := draft{resolved: resolved{Config: Config{ClusterID: resource.DefaultCluster, sources: make(map[string]Source, len(settings))}}}
	problems := slices.Clone(o.problems)
	var wrong []string // variables whose value is not taken
	for _, s := range settings {
		if s.kind == nil {
			continue
		}
		s.kind.start(&d)
		d.sources[s.variable] = SourceDefault
		var err error
		if given, ok := o.overrides[s.variable]; ok {
			d.sources[s.variable] = given.by
			if err = s.explain(s.kind.take(&d, given.value)); err != nil {
				err = fmt.Errorf("%s(%s): %w", given.by, given.shown, err)
			}
		} else if text, ok := env.lookup(s.variable); ok && (text != "" || s.empty) && !o.overridesToken(s.variable) {
			d.sources[s.variable] = Source(s.variable)
			err = s.read(&d, text)
		}
		if err != nil {
			problems = append(problems, err)
			wrong = append(wrong, s.variable)
		}
	}
	problems = append(problems, d.settleResource(env, o), d.settlePort(), d.settleTokens(env), d.settleEventKey(env), d.settleWebConfig(), d.settleAdvertised(), checkLabels(o))
	problems = append(problems, checkPush(d.Config))

	err := errors.Join(problems...)
	if d.Disabled {
		for _, variable := range wrong {
			d.sources[variable] = SourceDefault
		}
		d.refused = err
		return d.resolved, nil
	}
	return d.resolved, err
}

// checkLabels checks the names of commands and tasks, which are labels.
func checkLabels(o *options) (err error) {
	if bad := catalog.CheckCommands(o.commands); bad != nil {
		err = fmt.Errorf("WithCommands: %w", bad)
	}
	if bad := catalog.CheckTasks(o.tasks); bad != nil {
		err = errors.Join(err, fmt.Errorf("WithTasks: %w", bad))
	}
	return err
}

// settleTokens reads the tokens' files, unless the tokens were given as such.
func (d *draft) settleTokens(env environment) error {
	err := errors.Join(
		d.settleToken(env, envAuthToken, &d.token, envAuthTokenFile, d.tokenFile),
		d.settleToken(env, envDashboardToken, &d.dashboardToken, envDashboardTokenFile, d.dashboardTokenFile),
	)
	d.Authenticated = d.token.reveal() != ""
	d.DashboardAuthenticated = d.pageToken().reveal() != ""
	return err
}

func (d *draft) settleToken(env environment, variable string, token *secret, fileVariable, file string) error {
	switch {
	case file == "":
		return nil
	case d.sources[variable] == Source(variable):
		return fmt.Errorf("%s and %s are both set: unset one of them", variable, fileVariable)
	}
	fail := func(err error) error { return fmt.Errorf("%s=%q: %w", fileVariable, file, err) }
	text, err := env.readSecret(file, "token")
	if err != nil {
		return fail(err)
	}
	if err := checkToken(text); err != nil {
		return fail(fmt.Errorf("the token in the file %w", err))
	}
	*token = conceal(text)
	d.sources[variable] = Source(fileVariable)
	return nil
}

// readSecret reads a file with a token or a key, without the line breaks at its end.
func (e environment) readSecret(file, what string) (string, error) {
	content, err := e.readFile(file)
	if err != nil {
		if pathError, ok := errors.AsType[*os.PathError](err); ok { // its text repeats the path
			err = pathError.Err
		}
		return "", fmt.Errorf("cannot read the %s: %w", what, err)
	}
	text := strings.TrimRight(string(content), "\r\n")
	if text == "" {
		return "", fmt.Errorf("the file is empty: write the %s into it, or unset the variable", what)
	}
	return text, nil
}

// settleEventKey reads the key of the hash of users.
func (d *draft) settleEventKey(env environment) error {
	if d.eventKeyFile == "" {
		return nil
	}
	fail := func(err error) error {
		return fmt.Errorf("%s=%q: %w", d.sources[envEventUserKeyFile], d.eventKeyFile, err)
	}
	key, err := env.readSecret(d.eventKeyFile, "key")
	if err != nil {
		return fail(err)
	}
	if len(key) < catalog.MinEventUserKey {
		return fail(fmt.Errorf("the key in the file is too short: it must have at least %d bytes, such as the output of openssl rand -hex 32", catalog.MinEventUserKey))
	}
	d.eventKey, d.EventUsers = conceal(key), true
	return nil
}

// settleWebConfig reads the web configuration file.
func (d *draft) settleWebConfig() error {
	if d.WebConfigFile == "" {
		return nil
	}
	source := d.sources[envWebConfigFile]
	file, err := server.ReadWebConfig(d.WebConfigFile)
	if err != nil {
		return fmt.Errorf("%s=%q: %w", source, d.WebConfigFile, err)
	}
	d.TLS = file.TLS
	if file.BasicAuth && (d.Authenticated || d.DashboardAuthenticated) {
		return fmt.Errorf("%s=%q: has basic_auth_users, and there is also a token: a request can have only one of them, in its header Authorization; remove one", source, d.WebConfigFile)
	}
	return nil
}

// settleResource has package resource read its own variables, in this environment, and put them together with the options.
func (d *draft) settleResource(env environment, o *options) (err error) {
	from := []resource.Option{resource.WithEnvironment(env.lookup), resource.WithAttributes(o.attributes...)}
	if o.clusterID != nil {
		from = append(from, resource.WithClusterID(*o.clusterID))
	}
	if o.bot != nil {
		from = append(from, resource.WithBot(*o.bot))
	}
	if o.region != nil {
		from = append(from, resource.WithRegion(*o.region))
	}
	if o.serviceName != nil {
		from = append(from, resource.WithServiceName(*o.serviceName))
	}
	for _, variable := range []string{resource.EnvArgusClusterID, resource.EnvBot, resource.EnvRegion} {
		d.sources[variable] = SourceDefault
	}
	d.resource, err = resource.New(context.Background(), from...)
	if err != nil {
		return err
	}
	process, err := resource.Detect(append(from, resource.WithoutShards())...)
	d.ClusterID, d.sources[resource.EnvArgusClusterID] = process.ClusterID, process.ClusterIDSource
	d.Bot, d.sources[resource.EnvBot] = process.Bot, process.BotSource
	d.Region, d.sources[resource.EnvRegion] = process.Region, process.RegionSource
	d.index, d.indexSource = process.Index, process.IndexSource
	return err
}

// settlePort puts the port together from its base and the number of the process.
func (d *draft) settlePort() error {
	base := d.sources[envPortBase]
	if d.portBase == 0 || d.resource == nil { // not given; or wrong, which has been said
		return nil
	}
	given := d.sources[envPort]
	// An option comes before a variable, whichever of the two it sets.
	if given != SourceDefault && given != envPort && base == envPortBase {
		return nil
	}
	if d.index < 0 {
		return fmt.Errorf("%s=%d: the number of this process is not known, and cluster id %q (from %s) is none: set %s to a number without leading zeros, or the port with %s",
			base, d.portBase, d.ClusterID, d.sources[resource.EnvArgusClusterID], resource.EnvClusterID, envPort)
	}
	port := d.portBase + d.index
	if port > 65535 {
		return fmt.Errorf("%s=%d: with process %d, counted from 0 (from %s), the port would be %d: must be 65535 at most", base, d.portBase, d.index, d.indexSource, port)
	}
	overridden := given == envPort && base != envPortBase
	if given != SourceDefault && !overridden && d.Port != port {
		return fmt.Errorf("%s=%d, but %s=%d with process %d, counted from 0 (from %s), makes port %d: remove one of them",
			given, d.Port, base, d.portBase, d.index, d.indexSource, port)
	}
	d.Port, d.sources[envPort] = port, base
	return nil
}

// readTokenFile reads no more than a token can be long.
func readTokenFile(path string) ([]byte, error) { return settingfile.Read(path, 64<<10) }
