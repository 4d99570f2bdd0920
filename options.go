package argus

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/trace"
)

// An Option configures [Start] and [New]. A nil Option is ignored. Of two options for the same setting, the later one wins.
type Option interface {
	apply(*options)
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// options collects the options of one Start.
type options struct {
	overrides map[string]override // by the variable that is overridden
	problems  []error

	sessions         []*discordgo.Session
	commands         []string
	tasks            []string
	logger           *slog.Logger
	registerer       prometheus.Registerer
	gatherer         prometheus.Gatherer
	nativeHistograms bool
	withoutServer    bool
	withoutGateway   bool
	clusterID        *string // nil: not given
	bot              *string // nil: not given
	region           *string // nil: not given
	serviceName      *string // nil: not given
	attributes       []attribute.KeyValue
	tracers          trace.TracerProvider // nil: not given
	loggers          log.LoggerProvider   // nil: not given
	events           EventExporter        // nil: not given
}

// An override replaces an environment variable, and passes the same checks.
type override struct {
	by    Source // the option's name
	value any    // of the type that the setting has
	shown string // the option's argument, as an error shows it
}

func collect(opts []Option) *options {
	o := &options{overrides: make(map[string]override)}
	for _, opt := range opts {
		if opt != nil {
			opt.apply(o)
		}
	}
	if o.logger == nil {
		o.logger = slog.Default()
	}
	// A provider of the program wins over an exporter, in whatever order they are given.
	if o.tracers != nil {
		o.overrides[envTracesExporter] = override{by: "WithTracerProvider", value: None}
	}
	if o.loggers != nil && o.events != nil {
		o.problems = append(o.problems, errors.New("WithEventExporter: WithLoggerProvider is given, too: leave one out, or give that provider the exporter's Processor"))
	}
	if o.loggers != nil {
		o.overrides[envLogsExporter] = override{by: "WithLoggerProvider", value: None}
	}
	return o
}

func overriding(variable string, by Source, value any, shown string) Option {
	return optionFunc(func(o *options) { o.overrides[variable] = override{by: by, value: value, shown: shown} })
}

// overridesToken says whether the variable is the file of a token that an option gives.
func (o *options) overridesToken(variable string) bool {
	_, metrics := o.overrides[envAuthToken]
	_, dashboard := o.overrides[envDashboardToken]
	return metrics && variable == envAuthTokenFile || dashboard && variable == envDashboardTokenFile
}

// WithExporters sets how metrics leave the process. Without arguments nothing is exported. The default is [Prometheus].
func WithExporters(exporters ...Exporter) Option {
	exporters = slices.Clone(exporters)
	return overriding(envExporters, "WithExporters", exporters, strconv.Quote(joinExporters(exporters)))
}

// WithTracesExporter turns traces on with [OTLP]. The default is [None]. docs/TRACES.md describes the spans.
func WithTracesExporter(exporter Exporter) Option {
	return overriding(envTracesExporter, "WithTracesExporter", exporter, strconv.Quote(string(exporter)))
}

// WithLogsExporter turns events, which are OpenTelemetry log records, on with [OTLP]. The default is [None]. docs/EVENTS.md describes them.
func WithLogsExporter(exporter Exporter) Option {
	return overriding(envLogsExporter, "WithLogsExporter", exporter, strconv.Quote(string(exporter)))
}

// WithTracerProvider turns traces on with the program's own TracerProvider, which wins over OTEL_TRACES_EXPORTER and [WithTracesExporter].
// Argus does not shut it down: do so after [Argus.Shutdown]. Nil is ignored.
func WithTracerProvider(tp trace.TracerProvider) Option {
	return optionFunc(func(o *options) {
		if !isNil(tp) {
			o.tracers = tp
		}
	})
}

// WithLoggerProvider turns events on with the program's own LoggerProvider, which wins over OTEL_LOGS_EXPORTER and [WithLogsExporter].
// Argus does not shut it down: do so after [Argus.Shutdown]. Nil is ignored.
func WithLoggerProvider(lp log.LoggerProvider) Option {
	return optionFunc(func(o *options) {
		if !isNil(lp) {
			o.loggers = lp
		}
	})
}

// WithEventExporter turns events on with an exporter of package analytics/clickhouselog, which writes them to ClickHouse. With
// OTEL_LOGS_EXPORTER=otlp they are pushed to the collector, too. [Argus.Shutdown] shuts it down, and so does a start that fails. It cannot
// be combined with [WithLoggerProvider]: give that provider the processor of the exporter. Nil is ignored.
func WithEventExporter(e EventExporter) Option {
	return optionFunc(func(o *options) {
		if !isNil(e) {
			o.events = e
		}
	})
}

// WithHost sets the address that the server listens on: a host name or an IP address, or empty for all addresses.
func WithHost(host string) Option {
	return overriding(envHost, "WithHost", host, strconv.Quote(host))
}

// WithAdvertiseAddr says where others reach the server: a host name or an IP address, with or without a port. argus-fleet makes a
// target for Prometheus of it.
func WithAdvertiseAddr(addr string) Option {
	return overriding(envAdvertiseAddr, "WithAdvertiseAddr", addr, strconv.Quote(addr))
}

// WithAllowedHosts sets host names under which a browser may open the server's pages: "bot.example.com", ".example.com" for all names below
// it, or "*" for all. IP addresses, names of one label and names of private networks are always allowed. Programs other than browsers may use any name.
func WithAllowedHosts(names ...string) Option {
	names = slices.Clone(names)
	return overriding("ARGUS_ALLOWED_HOSTS", "WithAllowedHosts", names, strconv.Quote(strings.Join(names, ",")))
}

// WithPort sets the TCP port of the server, [DefaultPort] by default. With 0 it is any free port; see [Argus.URL].
func WithPort(port int) Option {
	return overriding(envPort, "WithPort", port, strconv.Itoa(port))
}

// WithAddr sets host and port as host:port. Without a host (":9191") the server listens on all addresses.
func WithAddr(addr string) Option {
	return optionFunc(func(o *options) {
		host, text, err := net.SplitHostPort(addr)
		port, notNumber := strconv.Atoi(text)
		if err != nil || notNumber != nil {
			o.problems = append(o.problems, fmt.Errorf("WithAddr(%q): must be host:port, such as localhost:9191 or :9191", addr))
			return
		}
		o.overrides[envHost] = override{by: "WithAddr", value: host, shown: strconv.Quote(addr)}
		o.overrides[envPort] = override{by: "WithAddr", value: port, shown: strconv.Quote(addr)}
	})
}

// WithPortBase sets the TCP port of the first process on a host. The port of this process is the base plus the index of the process,
// counted from 0. Use it in place of [WithPort] and [WithAddr].
func WithPortBase(port int) Option {
	return overriding(envPortBase, "WithPortBase", port, strconv.Itoa(port))
}

// WithMetricsPath sets the path of the metrics page, /metrics by default.
func WithMetricsPath(path string) Option {
	return overriding("ARGUS_METRICS_PATH", "WithMetricsPath", path, strconv.Quote(path))
}

// WithAuthToken requires this bearer token for the metrics page, on the server and through [Argus.Handler], and for the live page
// unless [WithDashboardAuthToken] sets another.
// It wins over ARGUS_METRICS_AUTH_TOKEN and ARGUS_METRICS_AUTH_TOKEN_FILE.
func WithAuthToken(token string) Option {
	return overriding(envAuthToken, "WithAuthToken", conceal(token), hidden)
}

// WithDashboard sets whether the live page is served at /. The default is true. With false, / says so in one line, and the metrics page and
// the API stay.
func WithDashboard(serve bool) Option {
	return overriding(envDashboard, "WithDashboard", serve, strconv.FormatBool(serve))
}

// WithDashboardAuthToken requires this token for the live page and the API, in place of that of the metrics page. Browsers ask for it in a
// form. It wins over ARGUS_DASHBOARD_AUTH_TOKEN and ARGUS_DASHBOARD_AUTH_TOKEN_FILE.
func WithDashboardAuthToken(token string) Option {
	return overriding(envDashboardToken, "WithDashboardAuthToken", conceal(token), hidden)
}

// WithWebConfigFile sets a web configuration file of the Prometheus exporter toolkit, with TLS and basic authentication for all paths of the
// server. It does not apply to [Argus.Handler] and [Argus.DashboardHandler].
func WithWebConfigFile(path string) Option {
	return overriding(envWebConfigFile, "WithWebConfigFile", path, strconv.Quote(path))
}

// WithGrafanaURL sets the template of the live page's link to Grafana. It is an http or https URL with the placeholders {cluster}, {shard},
// {from} and {to}, the times in Unix milliseconds.
func WithGrafanaURL(template string) Option {
	return overriding(envGrafanaURL, "WithGrafanaURL", template, hidden) // it may contain credentials
}

// WithTraceURL sets the template of the live page's links to a trace. It is an http or https URL with the placeholder {trace_id}, and
// {span_id} if wanted.
func WithTraceURL(template string) Option {
	return overriding(envTraceURL, "WithTraceURL", template, hidden) // it may contain credentials
}

// WithClusterID names this process among the processes of the bot: the label cluster on every series.
func WithClusterID(id string) Option {
	return optionFunc(func(o *options) { o.clusterID = &id })
}

// WithBot names the bot, the same in all of its processes: the label bot on every series. It distinguishes bots that share a job or a
// process. Without it there is no such label.
func WithBot(name string) Option {
	return optionFunc(func(o *options) { o.bot = &name })
}

// WithRegion sets the region of this process: the label region on every series. Without it there is no such label.
func WithRegion(name string) Option {
	return optionFunc(func(o *options) { o.region = &name })
}

// WithNamespace replaces the prefix of the bot's metrics, discord by default, on the page and on the push.
func WithNamespace(namespace string) Option {
	return overriding("ARGUS_NAMESPACE", "WithNamespace", namespace, strconv.Quote(namespace))
}

// WithHistory sets whether the last 6 h of the process are kept in memory, for argus explain and /api/v1/. The default is true. It
// takes about 1 MiB with 16 shards and at most 16 MiB. Without the exporter prometheus nothing could serve it, and it is off; with
// [WithoutServer] it begins when [Argus.DashboardHandler] is called.
func WithHistory(keep bool) Option {
	return overriding("ARGUS_HISTORY", "WithHistory", keep, strconv.FormatBool(keep))
}

// WithProcessMetrics sets whether the metrics of the Go runtime and of the process are exported. The default is true.
func WithProcessMetrics(export bool) Option {
	return overriding("ARGUS_PROCESS_METRICS", "WithProcessMetrics", export, strconv.FormatBool(export))
}

// WithAcks sets whether each interaction is followed until it is acknowledged. The default is true. Use false in a process whose
// interactions another process answers: all of them would count as missed.
func WithAcks(follow bool) Option {
	return overriding("ARGUS_INTERACTION_ACKS", "WithAcks", follow, strconv.FormatBool(follow))
}

// WithLogRecords sets whether the lines that discordgo logs are counted. The default is false. discordgo has one logger for the
// process: call [Start] before any session is opened. See [instrument.WithLogRecords].
func WithLogRecords(count bool) Option {
	return overriding("ARGUS_LOG_RECORDS", "WithLogRecords", count, strconv.FormatBool(count))
}

// WithTraceIDs sets whether spans have the ids of guild, channel, user and interaction as attributes. The default is false.
func WithTraceIDs(ids bool) Option {
	return overriding("ARGUS_TRACE_IDS", "WithTraceIDs", ids, strconv.FormatBool(ids))
}

// WithEventGuildIDs sets whether events have the id of their guild. The default is false.
func WithEventGuildIDs(ids bool) Option {
	return overriding("ARGUS_EVENT_GUILD_IDS", "WithEventGuildIDs", ids, strconv.FormatBool(ids))
}

// WithEventUserKeyFile gives events a hash of the user's id that changes with each day (UTC). The file holds the key of the hash, of at
// least 32 bytes. Without it events have no user.
func WithEventUserKeyFile(path string) Option {
	return overriding(envEventUserKeyFile, "WithEventUserKeyFile", path, strconv.Quote(path))
}

// WithSessionStartPoll sets the interval at which Argus requests the remaining session starts from Discord (GET /gateway/bot): at least a
// minute, or 0, the default, for no requests. One process of a bot is enough. See [instrument.WithSessionStartPoll].
func WithSessionStartPoll(every time.Duration) Option {
	return overriding("ARGUS_SESSION_START_POLL", "WithSessionStartPoll", every, every.String())
}

// WithSessions adds sessions to the one that [Start] is given, for bots with several shards in one process.
// [Argus.Attach] adds more later.
func WithSessions(sessions ...*discordgo.Session) Option {
	sessions = slices.Clone(sessions)
	return optionFunc(func(o *options) {
		if i := slices.Index(sessions, nil); i >= 0 {
			o.problems = append(o.problems, fmt.Errorf("WithSessions: session %d is nil: call discordgo.New first, and check its error", i))
			return
		}
		o.sessions = append(o.sessions, sessions...)
	})
}

// WithCommands sets the command names that the label command can have; a sub-command is joined to its command by a space. Other
// commands count as "other". [Argus.Commands] adds names later.
func WithCommands(names ...string) Option {
	names = slices.Clone(names)
	return optionFunc(func(o *options) { o.commands = append(o.commands, names...) })
}

// WithTasks sets the names that the label task can have, for [Argus.Task]; other tasks count as "other". [Argus.Tasks] adds names later.
func WithTasks(names ...string) Option {
	names = slices.Clone(names)
	return optionFunc(func(o *options) { o.tasks = append(o.tasks, names...) })
}

// WithRegistry registers the metrics of Argus with the caller's registry and serves what its gatherer gathers, so that all metrics of the
// process share one page. [Argus.Shutdown] removes them. If the caller has a metric with the name of one of Argus', registered before or
// after Start, the caller's metric stays, and Argus omits its own and logs this; this includes go_* and process_*. A second Argus on
// one registry needs a different bot, region or cluster id.
func WithRegistry(registerer prometheus.Registerer, gatherer prometheus.Gatherer) Option {
	return optionFunc(func(o *options) {
		if isNil(registerer) || isNil(gatherer) {
			o.problems = append(o.problems, errors.New(
				"WithRegistry: registerer and gatherer must both be given; a *prometheus.Registry is both"))
			return
		}
		o.registerer, o.gatherer = registerer, gatherer
	})
}

// isNil also recognizes a nil pointer in an interface.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// WithNativeHistograms serves histograms as native histograms of Prometheus. It does not affect the push: see
// OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION.
func WithNativeHistograms() Option {
	return optionFunc(func(o *options) { o.nativeHistograms = true })
}

// WithoutServer starts no server. Mount [Argus.Handler] and [Argus.DashboardHandler] on your own mux instead.
func WithoutServer() Option {
	return optionFunc(func(o *options) { o.withoutServer = true })
}

// WithoutGateway declares that the process opens no session, so /readyz waits for no shard. It is for processes that make only REST calls.
// Argus also detects such a process, 30 s after its first REST call.
func WithoutGateway() Option {
	return optionFunc(func(o *options) { o.withoutGateway = true })
}

// WithServiceName sets the resource attribute service.name. It wins over OTEL_SERVICE_NAME.
func WithServiceName(name string) Option {
	return optionFunc(func(o *options) { o.serviceName = &name })
}

// WithResourceAttributes adds attributes to the resource of all metrics. Each wins over the same key in OTEL_RESOURCE_ATTRIBUTES. cluster,
// bot, region and service.name have their own options; telemetry.sdk.* cannot be set.
func WithResourceAttributes(attributes ...attribute.KeyValue) Option {
	attributes = slices.Clone(attributes)
	return optionFunc(func(o *options) { o.attributes = append(o.attributes, attributes...) })
}

// WithLogger sets the logger for the start of Argus and for faults at run time. The default, also for nil, is slog.Default at the time of
// Start.
func WithLogger(logger *slog.Logger) Option {
	return optionFunc(func(o *options) { o.logger = logger })
}
