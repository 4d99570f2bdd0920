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
)

// An Option changes what [Start] does. A nil Option is ignored; of two that set the same thing the later one counts.
type Option interface {
	apply(*options)
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// options is what the options of one Start add up to.
type options struct {
	overrides map[string]override // by the variable that is overridden
	problems  []error

	sessions         []*discordgo.Session
	commands         []string
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
}

// An override takes the place of an environment variable, and goes through the same parser.
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
	return o
}

func overriding(variable string, by Source, value any, shown string) Option {
	return optionFunc(func(o *options) { o.overrides[variable] = override{by: by, value: value, shown: shown} })
}

// overridesToken says whether the variable is the file of a token that an option gives.
func (o *options) overridesToken(variable string) bool {
	_, given := o.overrides[envAuthToken]
	return given && variable == envAuthTokenFile
}

// WithExporters sets the ways for the metrics to leave the process. With none given, there is none. The default is
// [Prometheus].
func WithExporters(exporters ...Exporter) Option {
	exporters = slices.Clone(exporters)
	return overriding(envExporters, "WithExporters", exporters, strconv.Quote(joinExporters(exporters)))
}

// WithHost sets the address that the server listens on: a host name or an IP address, empty for all addresses.
func WithHost(host string) Option {
	return overriding(envHost, "WithHost", host, strconv.Quote(host))
}

// WithAllowedHosts names hosts under which a browser may open what the server serves, beside addresses, names of one label and those
// of private networks: "bot.example.com", ".example.com" for all below it, or "*" for any. Other programs are served under any name.
func WithAllowedHosts(names ...string) Option {
	names = slices.Clone(names)
	return overriding("ARGUS_ALLOWED_HOSTS", "WithAllowedHosts", names, strconv.Quote(strings.Join(names, ",")))
}

// WithPort sets the TCP port that the server listens on, 9191 by default; 0 means any free one, see [Argus.URL].
func WithPort(port int) Option {
	return overriding(envPort, "WithPort", port, strconv.Itoa(port))
}

// WithAddr sets host and port at once, in the form host:port; without a host (":9191") the server listens on all addresses.
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

// WithPortBase sets the TCP port of the first process of a host; this one listens on that port plus its place in the fleet, counted
// from 0. [WithPort] and [WithAddr] say the port itself: of the two, give one.
func WithPortBase(port int) Option {
	return overriding(envPortBase, "WithPortBase", port, strconv.Itoa(port))
}

// WithMetricsPath sets the path of the metrics page on the server, /metrics by default.
func WithMetricsPath(path string) Option {
	return overriding("ARGUS_METRICS_PATH", "WithMetricsPath", path, strconv.Quote(path))
}

// WithAuthToken makes the metrics page ask for this bearer token, on the server and through [Argus.Handler].
// It wins over both ARGUS_METRICS_AUTH_TOKEN and ARGUS_METRICS_AUTH_TOKEN_FILE.
func WithAuthToken(token string) Option {
	return overriding(envAuthToken, "WithAuthToken", conceal(token), hidden)
}

// WithClusterID names this process among those that run the bot: the label cluster on every series.
func WithClusterID(id string) Option {
	return optionFunc(func(o *options) { o.clusterID = &id })
}

// WithBot names the bot, alike in all of its processes: the label bot on every series, which tells apart the bots that share a job or a
// process. Without it there is no such label.
func WithBot(name string) Option {
	return optionFunc(func(o *options) { o.bot = &name })
}

// WithRegion says where this process runs: the label region on every series. Without it there is no such label.
func WithRegion(name string) Option {
	return optionFunc(func(o *options) { o.region = &name })
}

// WithNamespace replaces the first part of the names of the bot's metrics, discord by default, on every way out.
func WithNamespace(namespace string) Option {
	return overriding("ARGUS_NAMESPACE", "WithNamespace", namespace, strconv.Quote(namespace))
}

// WithProcessMetrics says whether the Go runtime's and the process' metrics are exported too; by default they are.
func WithProcessMetrics(export bool) Option {
	return overriding("ARGUS_PROCESS_METRICS", "WithProcessMetrics", export, strconv.FormatBool(export))
}

// WithAcks says whether each interaction is followed until it is acknowledged; by default it is. It is of no use in a process
// whose interactions another one answers: all would count as missed.
func WithAcks(follow bool) Option {
	return overriding("ARGUS_INTERACTION_ACKS", "WithAcks", follow, strconv.FormatBool(follow))
}

// WithLogRecords says whether the lines that discordgo logs are counted; by default they are not. discordgo has one logger for
// all of a process, so [Start] must come before any session of it is opened. See [instrument.WithLogRecords].
func WithLogRecords(count bool) Option {
	return overriding("ARGUS_LOG_RECORDS", "WithLogRecords", count, strconv.FormatBool(count))
}

// WithSessionStartPoll has Argus ask Discord how many sessions the bot may still start, on one of the sessions, this often: at
// least every minute, 0 for never, which is the default. One process of a bot is enough. It asks with the Client, Token and UserAgent
// that the session had when it was attached, beside discordgo's rate limiter, and not with a session that had been opened by then.
// What is set later is not seen.
func WithSessionStartPoll(every time.Duration) Option {
	return overriding("ARGUS_SESSION_START_POLL", "WithSessionStartPoll", every, every.String())
}

// WithSessions adds sessions to the one that [Start] is given, as bots with several shards in one process have them.
// More can be added later with [Argus.Attach].
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

// WithCommands names the commands that the label command may have, sub-commands joined to theirs by a blank. Others are
// counted as "other". [Argus.Commands] adds more at run time.
func WithCommands(names ...string) Option {
	names = slices.Clone(names)
	return optionFunc(func(o *options) { o.commands = append(o.commands, names...) })
}

// WithRegistry puts the metrics of Argus on a registry of the caller's, and serves what its gatherer gathers, so that
// all metrics of the process share one page. Argus takes off it again, in Shutdown, what it put there. If go_* or process_* are on
// the registry already, they are left as they are. So is every metric of the caller's that has the name of one of Argus', whether it is
// registered before Start or after: Argus leaves its own out and logs it, and is in the way of no registration. A second Argus on one
// registry needs a bot, a region or a cluster id of its own.
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

// isNil also knows a nil pointer of a type of its own.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// WithNativeHistograms serves histograms as Prometheus' native ones, for servers that scrape them. The push is
// not affected: see OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION.
func WithNativeHistograms() Option {
	return optionFunc(func(o *options) { o.nativeHistograms = true })
}

// WithoutServer opens no port. The metrics page is then [Argus.Handler]'s, to mount on a mux of the caller's.
func WithoutServer() Option {
	return optionFunc(func(o *options) { o.withoutServer = true })
}

// WithoutGateway says that no session of the process will be opened: /readyz then waits for no shard. It is for a process that makes
// REST calls alone; one that makes some and has not asked for the gateway within 30 s is found out without it.
func WithoutGateway() Option {
	return optionFunc(func(o *options) { o.withoutGateway = true })
}

// WithServiceName sets the resource attribute service.name. It wins over OTEL_SERVICE_NAME.
func WithServiceName(name string) Option {
	return optionFunc(func(o *options) { o.serviceName = &name })
}

// WithResourceAttributes adds attributes to the resource that is pushed with the metrics. They win over those of
// OTEL_RESOURCE_ATTRIBUTES one by one. cluster, bot, region and service.name have options of their own; telemetry.sdk.* cannot be set.
func WithResourceAttributes(attributes ...attribute.KeyValue) Option {
	attributes = slices.Clone(attributes)
	return optionFunc(func(o *options) { o.attributes = append(o.attributes, attributes...) })
}

// WithLogger sets the logger that Argus tells about its start, and about what fails while the bot runs. The default
// is slog.Default at the time of Start; nil means the default.
func WithLogger(logger *slog.Logger) Option {
	return optionFunc(func(o *options) { o.logger = logger })
}
