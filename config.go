package argus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/settingfile"
	"github.com/argus-dgo/argus/resource"
)

// An Exporter is a way for the metrics to leave the process.
type Exporter string

// The exporters, named as in OTEL_METRICS_EXPORTER.
const (
	Prometheus Exporter = "prometheus" // a page that Prometheus pulls from
	OTLP       Exporter = "otlp"       // a push to an OpenTelemetry collector, over gRPC or HTTP; not with the build tag argus_no_otlp
)

// A Source says where the value of a setting came from: the name of an option ("WithPort"), the name of an environment
// variable ("ARGUS_PORT"), or [SourceDefault].
type Source string

// SourceDefault is the source of a value that nobody set.
const SourceDefault Source = "default"

// The variables that Argus reads. The settings table gives their meaning.
const (
	envSDKDisabled    = "OTEL_SDK_DISABLED"
	envExporters      = "OTEL_METRICS_EXPORTER"
	envHost           = "ARGUS_HOST"
	envPort           = "ARGUS_PORT"
	envPortBase       = "ARGUS_PORT_BASE"
	envAllowedHosts   = "ARGUS_ALLOWED_HOSTS"
	envMetricsPath    = "ARGUS_METRICS_PATH"
	envAuthToken      = "ARGUS_METRICS_AUTH_TOKEN"
	envAuthTokenFile  = "ARGUS_METRICS_AUTH_TOKEN_FILE"
	envNamespace      = "ARGUS_NAMESPACE"
	envProcessMetrics = "ARGUS_PROCESS_METRICS"
	envAcks           = "ARGUS_INTERACTION_ACKS"
	envLogRecords     = "ARGUS_LOG_RECORDS"
	envSessionPoll    = "ARGUS_SESSION_START_POLL"
)

// Config is the configuration that an [Argus] runs with, after options, environment and defaults were put together.
// It holds no secret and may be printed.
type Config struct {
	Disabled       bool       // OTEL_SDK_DISABLED: nothing is measured or served
	Exporters      []Exporter // sorted; empty when there is none
	Host           string     // address the server listens on; empty for all
	Port           int        // TCP port the server listens on; 0 for any free one
	AllowedHosts   []string   // names under which a browser may open the server's pages, beside those that are always allowed
	MetricsPath    string     // path of the metrics page
	Authenticated  bool       // whether the metrics page asks for a bearer token
	ClusterID      string     // value of the label cluster
	Bot            string     // value of the label bot; empty: there is none
	Region         string     // value of the label region; empty: there is none
	Namespace      string     // first part of the names of the bot's metrics
	ProcessMetrics bool       // whether go_* and process_* are exported
	Acks           bool       // whether the acknowledgements of interactions are followed
	LogRecords     bool       // whether the lines that discordgo logs are counted
	// SessionStartPoll is the time between two GET /gateway/bot of Argus' own; 0 for none.
	SessionStartPoll time.Duration

	sources map[string]Source
	refused error // see Refused
}

// Source says where the value of the setting with this environment variable came from. Cluster id, bot and region are asked for as
// ARGUS_CLUSTER_ID, ARGUS_BOT and ARGUS_REGION, whichever variable set them. For a name that is no setting it returns the empty string.
func (c Config) Source(variable string) Source { return c.sources[variable] }

// Refused is what would have been an error without OTEL_SDK_DISABLED=true, which has to work when other settings are wrong. It joins
// every problem, as that error does. A setting that is refused has its default. Without the switch Refused is nil.
func (c Config) Refused() error { return c.refused }

// String lists the settings on one line, each as variable=value (source).
func (c Config) String() string {
	var b strings.Builder
	for i, v := range []struct{ variable, value string }{
		{envSDKDisabled, strconv.FormatBool(c.Disabled)},
		{envExporters, joinExporters(c.Exporters)},
		{envHost, strconv.Quote(c.Host)},
		{envPort, strconv.Itoa(c.Port)},
		{envAllowedHosts, strconv.Quote(strings.Join(c.AllowedHosts, ","))},
		{envMetricsPath, c.MetricsPath},
		{envAuthToken, map[bool]string{true: "set", false: "unset"}[c.Authenticated]},
		{resource.EnvArgusClusterID, strconv.Quote(c.ClusterID)},
		{resource.EnvBot, strconv.Quote(c.Bot)},
		{resource.EnvRegion, strconv.Quote(c.Region)},
		{envNamespace, c.Namespace},
		{envProcessMetrics, strconv.FormatBool(c.ProcessMetrics)},
		{envAcks, strconv.FormatBool(c.Acks)},
		{envLogRecords, strconv.FormatBool(c.LogRecords)},
		{envSessionPoll, c.SessionStartPoll.String()},
	} {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s=%s (%s)", v.variable, v.value, c.sources[v.variable])
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
	token    secret
	resource *sdkresource.Resource
}

// draft is what the settings are parsed into, before those that depend on each other are put together.
type draft struct {
	resolved
	tokenFile   string
	portBase    int    // 0: not given
	index       int    // place of the process in the fleet, counted from 0; -1: not known
	indexSource Source // where that came from
}

// A setting is one row of the table from which the environment is parsed and docs/CONFIGURATION.md is written.
type setting struct {
	variable  string
	options   []string // that set the same thing
	byDefault string   // as documented; the value itself is where resolve begins
	values    string   // the values that are accepted: completes "must be"
	meaning   string
	secret    bool // the value is never shown
	empty     bool // an empty value is one, and parse judges it
	push      bool // concerns the push alone

	// parse takes the value into the draft. It is nil where another package reads the variable: see settleResource and checkPush.
	parse func(d *draft, value string, from Source) error
}

// settings is in the order in which they are read: exporters come before what depends on them.
var settings = []setting{
	{
		variable:  envSDKDisabled,
		byDefault: "`false`",
		values:    "true or false",
		meaning: "`true` switches Argus off: the bot's handlers run as ever, nothing is measured, no port is opened. " +
			"Other settings that would be refused are then only logged, so that this switch always works. Probes on `/healthz` and `/readyz` fail: take them out too.",
		parse: func(d *draft, value string, _ Source) error { return parseBool(&d.Disabled, value) },
	},
	{
		variable:  envExporters,
		options:   []string{"WithExporters"},
		byDefault: "`prometheus`",
		values:    "a comma-separated list of prometheus and otlp, or none",
		meaning: "How metrics leave the process: `prometheus` serves a page on the port below, `otlp` pushes to a collector, " +
			"`prometheus,otlp` does both, `none` neither (the instruments still record).",
		parse: func(d *draft, value string, _ Source) error {
			exporters, err := parseExporters(value)
			if err == nil {
				d.Exporters = exporters
			}
			return err
		},
	},
	{
		variable:  envHost,
		options:   []string{"WithHost", "WithAddr"},
		byDefault: "empty: all addresses",
		values:    "a host name or an IP address, without a port",
		meaning:   "Address that the server listens on. `0.0.0.0` means all addresses of IPv4, `::` and empty mean those of IPv4 and IPv6.",
		parse: func(d *draft, value string, _ Source) error {
			if !validHost(value) {
				return errRefused
			}
			d.Host = value
			return nil
		},
	},
	{
		variable:  envPort,
		options:   []string{"WithPort", "WithAddr"},
		byDefault: "`9191`",
		values:    "a whole number from 1 to 65535",
		meaning: "TCP port of the server: metrics, `/healthz` and `/readyz`. The options accept 0 as well, for any free port " +
			"(see `Argus.URL`). A port that is taken does not stop the bot: Argus says so in the log and tries again until it is free.",
		parse: func(d *draft, value string, from Source) error {
			least := 1
			if from != envPort {
				least = 0
			}
			if from == envPort && strings.Contains(value, "://") {
				return errors.New("is not a port: Kubernetes sets this variable in every pod beside a Service called argus; set enableServiceLinks: false in the pod's " +
					"spec, rename the Service, or set the port in code (WithPort)")
			}
			port, err := parsePort(value, least)
			if err != nil {
				return err
			}
			d.Port = port
			return nil
		},
	},
	{
		variable:  envPortBase,
		options:   []string{"WithPortBase"},
		byDefault: "unset",
		values:    "a whole number from 1 to 65535",
		meaning: "For processes that share a host: the port is this one plus the number of the process, counted from 0 (`CLUSTER_ID` less `CLUSTER_ID_START`), so that one " +
			"line serves them all. It is an error where the number is not known, and where `ARGUS_PORT` is set too and says something else.",
		parse: func(d *draft, value string, _ Source) (err error) {
			d.portBase, err = parsePort(value, 1)
			return err
		},
	},
	{
		variable:  envAllowedHosts,
		options:   []string{"WithAllowedHosts"},
		byDefault: "none beside those that are always allowed",
		values:    "a comma-separated list of host names such as bot.example.com, .example.com for all below it, or * for any",
		meaning: "Names under which a **browser** may open what the server serves. Always allowed are IP addresses, names of one label (`localhost`, `bot`), names below " +
			"`.localhost`, `.local`, `.internal` and `.home.arpa`, and `ARGUS_HOST`. Under another name a browser gets 403, since any site can have its name resolve to the bot's address and " +
			"read the page (DNS rebinding). Prometheus, probes and other programs are served under any name.",
		parse: func(d *draft, value string, from Source) error {
			d.AllowedHosts = nil
			if value == "" { // WithAllowedHosts of an empty list
				return nil
			}
			var names []string
			for name := range strings.SplitSeq(value, ",") {
				name = strings.TrimSpace(name)
				if name == "" && from == envAllowedHosts { // a comma too many
					continue
				}
				if name != "*" && (name == "" || strings.Contains(name, ":") || !validHost(strings.TrimPrefix(name, "."))) {
					return errRefused
				}
				names = append(names, name)
			}
			d.AllowedHosts = names
			return nil
		},
	},
	{
		variable:  envMetricsPath,
		options:   []string{"WithMetricsPath"},
		byDefault: "`/metrics`",
		values:    "a path such as /metrics, other than /healthz and /readyz",
		meaning:   "Path of the metrics page on the server: segments of letters, digits, `.`, `_`, `~` and `-`, without a trailing slash.",
		parse: func(d *draft, value string, _ Source) error {
			if err := checkPath(value); err != nil {
				return err
			}
			d.MetricsPath = value
			return nil
		},
	},
	{
		variable:  envAuthToken,
		options:   []string{"WithAuthToken"},
		byDefault: "unset: no token is asked for",
		values:    "letters, digits and . _ ~ + / -, with = at the end only (RFC 6750)",
		meaning: "Bearer token that the metrics page asks for (`Authorization: Bearer …`). `/healthz` and `/readyz` stay open. " +
			"Never shown in a log or an error. Set but empty is an error: a secret that did not arrive must not open the page.",
		secret: true,
		empty:  true,
		parse: func(d *draft, value string, _ Source) error {
			if err := checkToken(value); err != nil {
				return err
			}
			d.token = conceal(value)
			return nil
		},
	},
	{
		variable:  envAuthTokenFile,
		byDefault: "unset",
		values:    "the path of a readable regular file that holds the token",
		meaning: "File that holds the token, as secrets are mounted in containers. Read once, at the start; line breaks at its end are " +
			"dropped. It is an error to set both this and `ARGUS_METRICS_AUTH_TOKEN`, and to set it empty.",
		empty: true,
		parse: func(d *draft, value string, _ Source) error {
			if value == "" {
				return errors.New("must not be empty: unset it to serve the page without a token")
			}
			d.tokenFile = value
			return nil
		},
	},
	{
		variable:  resource.EnvArgusClusterID,
		options:   []string{"WithClusterID"},
		byDefault: "`" + resource.DefaultCluster + "`",
		values:    "1 to 128 bytes of printable UTF-8, without a blank or quotes around it, and without what is left of a variable that was not expanded, such as `$(X)`, `${X}`, `$X`, `{{X}}` or `%H`",
		meaning: "Name of this process among those that run the bot: the label `cluster` on every series. Where it is not set, " +
			"`CLUSTER_ID` counts, then `cluster` in `OTEL_RESOURCE_ATTRIBUTES`, then, in a pod on Kubernetes whose name ends in a number as those of a StatefulSet do, that number. " +
			"Set but empty is an error, since two processes with the same name would overwrite each other's series.",
	},
	{
		variable:  resource.EnvClusterID,
		byDefault: "unset",
		values:    "as for `ARGUS_CLUSTER_ID`",
		meaning: "What many cluster managers set already. Looked at when `ARGUS_CLUSTER_ID` is not set; empty is an error here too. " +
			"A number, written without leading zeros, is the place of the process in the fleet as well, for `ARGUS_PORT_BASE` and for the shards that `resource.Detect` tells. " +
			"All numbers that there are must be the same: this one, one in `ARGUS_CLUSTER_ID`, and that of the pod.",
	},
	{
		variable:  resource.EnvClusterIDStart,
		byDefault: "`0`",
		values:    "a whole number from 0 to 999999999",
		meaning:   "Number of the first process, where they are not counted from 0: `.spec.ordinals.start` of a StatefulSet, `1` for the task slots of Docker Swarm.",
	},
	{
		variable:  resource.EnvBot,
		options:   []string{"WithBot"},
		byDefault: "unset: there is no label `bot`",
		values:    "as for `ARGUS_CLUSTER_ID`",
		meaning: "Name of the bot: the label `bot` on every series, the same in all of its processes. Prometheus tells bots apart by `job` already, so this is for bots that share one: " +
			"several bots in one scrape job, or with one service name. Never a token, which is refused. " +
			"Where it is not set, `bot` in `OTEL_RESOURCE_ATTRIBUTES` counts. Set but empty is an error.",
	},
	{
		variable:  resource.EnvRegion,
		options:   []string{"WithRegion"},
		byDefault: "unset: there is no label `region`",
		values:    "as for `ARGUS_CLUSTER_ID`",
		meaning: "Where the process runs, such as `eu-west-1`: the label `region` on every series. " +
			"Where it is not set, `region` in `OTEL_RESOURCE_ATTRIBUTES` counts. Set but empty is an error.",
	},
	{
		variable:  resource.EnvServiceName,
		options:   []string{"WithServiceName"},
		byDefault: "`" + resource.DefaultServiceName + "`",
		values:    "a text",
		meaning: "Resource attribute `service.name`. Of what is pushed it is the label `job`, which tells bots apart: give each bot its own. " +
			"Of what is scraped the label `job` is Prometheus' `job_name`.",
	},
	{
		variable:  resource.EnvResourceAttributes,
		byDefault: "unset",
		values:    "key=value pairs with commas between them, keys and values percent-encoded",
		meaning: "OpenTelemetry resource attributes, on `target_info`. A `cluster` among them counts when neither `ARGUS_CLUSTER_ID` nor " +
			"`CLUSTER_ID` is set, a `bot` when `ARGUS_BOT` is not, and a `region` when `ARGUS_REGION` is not. Attributes given in code (`WithResourceAttributes`) win over it one by one.",
	},
	{
		variable:  envNamespace,
		options:   []string{"WithNamespace"},
		byDefault: "`discord`",
		values:    "a lower-case letter followed by lower-case letters, digits and underscores, at most 63 in all, and not argus, go or process",
		meaning: "First part of the names of the bot's metrics, in place of `discord`, the same on the page and on the push. " +
			"Dashboards and alerts that come with Argus expect the default. `argus_*`, `go_*` and `process_*` keep their names.",
		parse: func(d *draft, value string, _ Source) error {
			if err := catalog.CheckNamespace(value); err != nil {
				return err
			}
			d.Namespace = value
			return nil
		},
	},
	{
		variable:  envProcessMetrics,
		options:   []string{"WithProcessMetrics"},
		byDefault: "`true`",
		values:    "true or false",
		meaning:   "Whether the Go runtime's and the process' metrics (`go_*`, `process_*`) are exported too, on every way out, under the names that client_golang gives them.",
		parse:     func(d *draft, value string, _ Source) error { return parseBool(&d.ProcessMetrics, value) },
	},
	{
		variable:  envAcks,
		options:   []string{"WithAcks"},
		byDefault: "`true`",
		values:    "true or false",
		meaning: "Whether each interaction is followed until it is acknowledged (`discord_interaction_acks_total`, `discord_interaction_ack_duration_seconds`, `discord_interaction_response_delay_seconds`). " +
			"`false` for a process whose interactions another one answers: all would count as missed.",
		parse: func(d *draft, value string, _ Source) error { return parseBool(&d.Acks, value) },
	},
	{
		variable:  envLogRecords,
		options:   []string{"WithLogRecords"},
		byDefault: "`false`",
		values:    "true or false",
		meaning: "Whether the lines that discordgo logs are counted (`discord_log_records_total`). discordgo has one logger for all of a process: " +
			"Argus puts itself before it, so start it before any session is opened. What is logged, and where to, stays as it is.",
		parse: func(d *draft, value string, _ Source) error { return parseBool(&d.LogRecords, value) },
	},
	{
		variable:  envSessionPoll,
		options:   []string{"WithSessionStartPoll"},
		byDefault: "`0`: off",
		values:    "a time such as 5m or 1h, at least 1m, or 0",
		meaning: "Time between two requests of `GET /gateway/bot` by Argus itself, on one of the sessions, for `discord_gateway_session_start_*`. " +
			"The budget is the bot token's: one process of a bot is enough. Without it the bot's own such requests are read (`GatewayBot`; discordgo's `Open` makes none), " +
			"and where there are none the alerts on session starts cannot fire.",
		parse: func(d *draft, value string, _ Source) error {
			every, err := time.ParseDuration(value)
			if err != nil || every < 0 || every > 0 && every < minSessionPoll {
				return errRefused
			}
			d.SessionStartPoll = every
			return nil
		},
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_ENDPOINT",
		byDefault: "`grpc`: `localhost:4317` over TLS, as OpenTelemetry for Go has it; `http/protobuf`: `http://localhost:4318`",
		values:    "a URL such as http://collector:4317; with grpc also a target in gRPC's notation, such as 127.0.0.1:4317",
		meaning: "Where the push goes. `http` means plain text, `https` TLS. With `http/protobuf` the path `/v1/metrics` is added to it, and `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` is used as it is. " +
			"With `grpc`, OpenTelemetry's exporter logs that an address without a scheme is no URL (`parse url`); it is used all the same, and `dns:///127.0.0.1:4317` keeps the log clean.",
		push: true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_PROTOCOL",
		byDefault: "`grpc`",
		values:    "grpc or http/protobuf, in any case",
		meaning: "Protocol of the push. Collectors accept `grpc` on port 4317 and `http/protobuf` on port 4318. Proxies: `grpc` uses `HTTPS_PROXY`; `http/protobuf` uses `HTTP_PROXY` for an `http` endpoint and " +
			"`HTTPS_PROXY` for an `https` one; `NO_PROXY` counts for both.",
		push: true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_HEADERS",
		byDefault: "unset",
		values:    "key=value pairs with commas between them, values percent-encoded",
		meaning:   "Headers of the push, such as an API key. Never shown in a log or an error.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_INSECURE",
		byDefault: "`false`",
		values:    "true or false",
		meaning:   "Turns TLS off for an endpoint without a scheme.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_CERTIFICATE",
		byDefault: "the system's authorities",
		values:    "a file in PEM form",
		meaning:   "The authorities that the collector's certificate is checked against.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
		byDefault: "unset",
		values:    "a file in PEM form",
		meaning:   "The certificate that Argus shows to the collector, together with the key below.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_CLIENT_KEY",
		byDefault: "unset",
		values:    "a file in PEM form",
		meaning:   "The key of that certificate.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_COMPRESSION",
		byDefault: "`none`",
		values:    "gzip or none, in any case",
		meaning:   "Compression of the push.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_TIMEOUT",
		byDefault: "`10000`",
		values:    "a whole number of milliseconds",
		meaning:   "How long one push may take, its repetitions included.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
		byDefault: "`cumulative`",
		values:    "cumulative, delta or lowmemory",
		meaning:   "Whether counters are sent as totals or as differences. Prometheus wants `cumulative`.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
		byDefault: "`explicit_bucket_histogram`",
		values:    "explicit_bucket_histogram or base2_exponential_bucket_histogram",
		meaning:   "Form of the histograms in the push. Dashboards that come with Argus expect the default.",
		push:      true,
	},
	{
		variable:  "OTEL_METRIC_EXPORT_INTERVAL",
		byDefault: "`60000`",
		values:    "a whole number of milliseconds, 1 or more",
		meaning:   "Time between two pushes.",
		push:      true,
	},
	{
		variable:  "OTEL_METRIC_EXPORT_TIMEOUT",
		byDefault: "`30000`",
		values:    "a whole number of milliseconds, 1 or more",
		meaning:   "How long collecting and pushing may take together.",
		push:      true,
	},
}

// minSessionPoll is as often as anybody needs to know a daily budget.
const minSessionPoll = time.Minute

// errRefused is what a parse function returns when the description of the accepted values says it all.
var errRefused = errors.New("is not an accepted value")

// read parses the value into the draft.
func (s setting) read(d *draft, value string, from Source) error {
	err := s.parse(d, value, from)
	if errors.Is(err, errRefused) {
		err = errors.New("must be " + s.values)
	}
	if err != nil && quoted(value) {
		return fmt.Errorf("%w; it has quotes around it, which an env file of docker's keeps: remove them", err)
	}
	return err
}

// quoted says whether a value has quotes around it that a shell would have taken away.
func quoted(value string) bool {
	return len(value) >= 2 && value[0] == value[len(value)-1] && (value[0] == '"' || value[0] == '\'')
}

// show returns the value as an error may show it.
func (s setting) show(value string) string {
	if s.secret {
		return hidden
	}
	return strconv.Quote(value)
}

// environment is the outside world that settings are read from.
type environment struct {
	lookup   func(string) (string, bool)
	readFile func(string) ([]byte, error)
}

// processEnvironment is the environment of this process. No other code of Argus looks into it for a setting, but for the
// variables of the push, which OpenTelemetry's exporter reads from nowhere else.
func processEnvironment() environment {
	return environment{lookup: os.LookupEnv, readFile: readTokenFile}
}

// resolve puts options, environment and defaults together. The error joins every problem there is; none shows a secret.
// A variable that an option overrides is not looked at, so that it cannot be at fault.
//
// With OTEL_SDK_DISABLED=true the problems are in Config.Refused instead: that switch has to work when others are wrong.
func resolve(env environment, o *options) (resolved, error) {
	d := draft{resolved: resolved{Config: Config{
		Exporters:      []Exporter{Prometheus},
		Port:           9191,
		MetricsPath:    "/metrics",
		ClusterID:      resource.DefaultCluster,
		Namespace:      catalog.Namespace,
		ProcessMetrics: true,
		Acks:           true,
		sources:        make(map[string]Source, len(settings)),
	}}}
	problems := slices.Clone(o.problems)
	var wrong []string // variables whose value is not taken
	for _, s := range settings {
		if s.parse == nil {
			continue
		}
		d.sources[s.variable] = SourceDefault
		if given, ok := o.overrides[s.variable]; ok {
			d.sources[s.variable] = given.by
			if err := s.read(&d, given.value, given.by); err != nil {
				problems = append(problems, fmt.Errorf("%s(%s): %w", given.by, given.shown, err))
				wrong = append(wrong, s.variable)
			}
			continue
		}
		value, ok := env.lookup(s.variable)
		if !ok || value == "" && !s.empty {
			continue
		}
		if _, given := o.overrides[envAuthToken]; given && s.variable == envAuthTokenFile {
			continue
		}
		d.sources[s.variable] = Source(s.variable)
		if err := s.read(&d, value, Source(s.variable)); err != nil {
			problems = append(problems, fmt.Errorf("%s=%s: %w", s.variable, s.show(value), err))
			wrong = append(wrong, s.variable)
		}
	}
	problems = append(problems, d.settleResource(env, o), d.settlePort(), d.settleToken(env), checkCommands(o.commands))
	if d.exports(OTLP) {
		problems = append(problems, checkPush())
	}

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

// settleToken reads the token's file, unless the token was given as such.
func (d *draft) settleToken(env environment) error {
	byFile := d.tokenFile != ""
	switch {
	case !byFile:
		d.Authenticated = d.token.reveal() != ""
		return nil
	case d.sources[envAuthToken] == envAuthToken:
		return fmt.Errorf("%s and %s are both set: unset one of them", envAuthToken, envAuthTokenFile)
	}
	fail := func(err error) error { return fmt.Errorf("%s=%q: %w", envAuthTokenFile, d.tokenFile, err) }
	content, err := env.readFile(d.tokenFile)
	if err != nil {
		if pathError, ok := errors.AsType[*os.PathError](err); ok { // its text repeats the path
			err = pathError.Err
		}
		return fail(fmt.Errorf("cannot read the token: %w", err))
	}
	token := strings.TrimRight(string(content), "\r\n")
	if token == "" {
		return fail(errors.New("the file is empty: write the token into it, or unset the variable"))
	}
	if checkToken(token) != nil {
		return fail(errors.New("the token in the file must be letters, digits and . _ ~ + / -, with = at the end only (RFC 6750)"))
	}
	d.token, d.Authenticated = conceal(token), true
	d.sources[envAuthToken] = envAuthTokenFile
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
	d.ClusterID, d.sources[resource.EnvArgusClusterID] = process.ClusterID, Source(process.ClusterIDSource)
	d.Bot, d.sources[resource.EnvBot] = process.Bot, Source(process.BotSource)
	d.Region, d.sources[resource.EnvRegion] = process.Region, Source(process.RegionSource)
	d.index, d.indexSource = process.Index, Source(process.IndexSource)
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

// parseBool accepts what the OpenTelemetry specification calls a Boolean: "true" and "false" in any case. Where that
// has everything else mean false, with a warning, Argus refuses it, as it does with every other setting.
func parseBool(to *bool, value string) error {
	switch {
	case strings.EqualFold(value, "true"):
		*to = true
	case strings.EqualFold(value, "false"):
		*to = false
	default:
		return errRefused
	}
	return nil
}

// parseExporters returns the exporters of a list, sorted and each once.
func parseExporters(value string) ([]Exporter, error) {
	known := []string{string(Prometheus), string(OTLP), "none"}
	var (
		exporters []Exporter
		none      bool
		problems  []error
	)
	for entry := range strings.SplitSeq(value, ",") {
		name := strings.ToLower(strings.TrimSpace(entry))
		switch {
		case name == "none":
			none = true
		case slices.Contains(known, name):
			exporters = append(exporters, Exporter(name))
		case name == "": // a comma too many
		default:
			problem := fmt.Sprintf("%q is not an exporter of Argus", name)
			if near, ok := nearest(name, known); ok {
				problem += fmt.Sprintf(" (did you mean %q?)", near)
			}
			problems = append(problems, errors.New(problem))
		}
	}
	if !none && len(exporters)+len(problems) == 0 {
		problems = append(problems, errors.New("the list is empty"))
	}
	if none && len(exporters) > 0 {
		problems = append(problems, errors.New(`"none" cannot be combined with an exporter`))
	}
	if len(problems) > 0 {
		texts := make([]string, len(problems))
		for i, p := range problems {
			texts[i] = p.Error()
		}
		return nil, errors.New("must be a comma-separated list of prometheus and otlp, or none; " + strings.Join(texts, "; "))
	}
	slices.Sort(exporters)
	return slices.Compact(exporters), nil
}

func joinExporters(exporters []Exporter) string {
	if len(exporters) == 0 {
		return "none"
	}
	names := make([]string, len(exporters))
	for i, e := range exporters {
		names[i] = string(e)
	}
	return strings.Join(names, ",")
}

// nearest returns the candidate that word most probably is a misspelling of: at most two letters away.
func nearest(word string, candidates []string) (string, bool) {
	best, distance := "", 3
	for _, c := range candidates {
		if d := editDistance(word, c, distance); d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}

// editDistance counts the letters to insert, delete, replace or swap with their neighbour to get from a to b. Words whose
// lengths differ by limit or more are not compared.
func editDistance(a, b string, limit int) int {
	if n := len(a) - len(b); n >= limit || -n >= limit {
		return limit
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$`)

// validHost accepts the empty host (all addresses), IP addresses and names. Compose files use underscores in names.
func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return true
	}
	return hostPattern.MatchString(host)
}

func parsePort(value string, least int) (int, error) {
	port, err := strconv.Atoi(value)
	if err != nil || port < least || port > 65535 || strings.HasPrefix(value, "+") {
		return 0, fmt.Errorf("must be a whole number from %d to 65535", least)
	}
	return port, nil
}

// The characters of pathPattern mean nothing to http.ServeMux, so that every accepted path is that path and no other.
var pathPattern = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

func checkPath(path string) error {
	switch {
	case path == "/healthz" || path == "/readyz":
		return errors.New("is taken by a probe of the server; choose another path, such as /metrics")
	case len(path) > 1024 || !pathPattern.MatchString(path) || slices.ContainsFunc(strings.Split(path, "/"), isDots):
		return errors.New("must be a path such as /metrics: a slash, then letters, digits, '.', '_', '~' and '-', " +
			"with no query and no slash at the end")
	}
	return nil
}

func isDots(segment string) bool { return segment == "." || segment == ".." }

// tokenPattern is the b64token of RFC 6750, section 2.1.
var tokenPattern = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

func checkToken(token string) error {
	if token == "" {
		return errors.New("must not be empty: leave it out to serve the page without a token")
	}
	if !tokenPattern.MatchString(token) {
		return errRefused
	}
	return nil
}

// readTokenFile reads no more than a token can be long.
func readTokenFile(path string) ([]byte, error) { return settingfile.Read(path, 64<<10) }
