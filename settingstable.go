package argus

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/link"
	"github.com/argus-dgo/argus/internal/page"
	"github.com/argus-dgo/argus/internal/server"
	"github.com/argus-dgo/argus/resource"
)

// The variables of Argus' own that code names outside of their row.
const (
	envSDKDisabled   = "OTEL_SDK_DISABLED"
	envExporters     = "OTEL_METRICS_EXPORTER"
	envHost          = "ARGUS_HOST"
	envPort          = "ARGUS_PORT"
	envPortBase      = "ARGUS_PORT_BASE"
	envAdvertiseAddr = "ARGUS_ADVERTISE_ADDR"
	envAuthToken     = "ARGUS_METRICS_AUTH_TOKEN"
	envAuthTokenFile = "ARGUS_METRICS_AUTH_TOKEN_FILE"
	envDashboard     = "ARGUS_DASHBOARD"
	envGrafanaURL    = "ARGUS_GRAFANA_URL"
	envWebConfigFile = "ARGUS_WEB_CONFIG_FILE"

	envDashboardToken     = "ARGUS_DASHBOARD_AUTH_TOKEN"
	envDashboardTokenFile = "ARGUS_DASHBOARD_AUTH_TOKEN_FILE"

	envTracesExporter   = "OTEL_TRACES_EXPORTER"
	envLogsExporter     = "OTEL_LOGS_EXPORTER"
	envTraceURL         = "ARGUS_TRACE_URL"
	envEventUserKeyFile = "ARGUS_EVENT_USER_KEY_FILE"
)

const asClusterID = "as for `ARGUS_CLUSTER_ID`"

// settings are read in this order, and documented in it.
var settings = []setting{
	{
		variable: envSDKDisabled, name: "disabled",
		kind:    boolean(func(d *draft) *bool { return &d.Disabled }, false),
		accepts: "true or false",
		meaning: "`true` switches Argus off. The bot's handlers still run, nothing is measured, no port is opened. Errors in other settings are then only logged, " +
			"so this switch always works. `/healthz` and `/readyz` do not answer: remove the probes as well.",
	},
	{
		variable: envExporters, name: "exporters", options: []string{"WithExporters"},
		kind: value[[]Exporter]{
			in:      func(d *draft) *[]Exporter { return &d.Exporters },
			initial: []Exporter{Prometheus},
			parse:   parseExporters,
			accept:  acceptExporters,
			show:    joinExporters,
		},
		accepts: "a comma-separated list of prometheus and otlp, or none",
		meaning: "How metrics leave the process. `prometheus` serves a page, `otlp` pushes to a collector, `prometheus,otlp` does both. With `none` the instruments record and nothing is exported. The build tag `argus_no_otlp` leaves `otlp` out.",
	},
	{
		variable: envTracesExporter, name: "traces exporter", options: []string{"WithTracesExporter", "WithTracerProvider"},
		kind:    queueExporter(func(d *draft) *Exporter { return &d.TracesExporter }),
		accepts: "otlp or none, in any case",
		meaning: "`otlp` turns [traces](TRACES.md) on and pushes them to a collector. `WithTracerProvider` turns them on with a provider of the program instead.",
	},
	{
		variable: envLogsExporter, name: "logs exporter", options: []string{"WithLogsExporter", "WithLoggerProvider"},
		kind:    queueExporter(func(d *draft) *Exporter { return &d.LogsExporter }),
		accepts: "otlp or none, in any case",
		meaning: "`otlp` turns [events](EVENTS.md) on, which are log records, and pushes them to a collector. `WithLoggerProvider` turns them on with a provider of the program instead.",
	},
	{
		variable: envHost, name: "host", options: []string{"WithHost", "WithAddr"},
		kind: value[string]{
			in:     func(d *draft) *string { return &d.Host },
			parse:  asIs,
			accept: checked(server.CheckHost),
			show:   strconv.Quote,
		},
		byDefault: "empty: all addresses",
		accepts:   "a host name or an IP address, without a port",
		meaning:   "Address that the server listens on. `0.0.0.0` means all IPv4 addresses; `::` and empty mean all IPv4 and IPv6 addresses.",
	},
	{
		variable: envPort, name: "port", options: []string{"WithPort", "WithAddr"},
		kind: value[int]{
			in:      func(d *draft) *int { return &d.Port },
			initial: DefaultPort,
			parse: func(text string) (int, error) {
				if strings.Contains(text, "://") {
					return 0, errors.New("is not a port: Kubernetes sets this variable in every pod next to a Service called argus; set enableServiceLinks: false in the " +
						"pod's spec, rename the Service, or set the port in code (WithPort)")
				}
				return parsePort(text)
			},
			accept: between(0, 65535),
			show:   strconv.Itoa,
		},
		accepts: "a whole number from 1 to 65535",
		meaning: "TCP port of the server, for metrics, `/healthz` and `/readyz`. The options also accept 0, for any free port (see `Argus.URL`). A port that is in use does not stop the bot: " +
			"Argus logs it and retries until the port is free.",
	},
	{
		variable: envPortBase, options: []string{"WithPortBase"},
		kind: value[int]{
			in:     func(d *draft) *int { return &d.portBase },
			parse:  parsePort,
			accept: between(1, 65535),
		},
		byDefault: "unset",
		accepts:   "a whole number from 1 to 65535",
		meaning: "For processes that share a host: the port is this number plus the index of the process, counted from 0 (`CLUSTER_ID` minus `CLUSTER_ID_START`). " +
			"It is an error if the index is unknown, or if `ARGUS_PORT` is set to another port.",
	},
	{
		variable: envAdvertiseAddr, name: "advertised address", options: []string{"WithAdvertiseAddr"},
		kind: value[string]{
			in:     func(d *draft) *string { return &d.AdvertiseAddr },
			parse:  asIs,
			accept: checked(checkAdvertiseAddr),
			show:   orUnset,
		},
		byDefault: "unset",
		accepts:   "a host name or an IP address that others reach, with or without a port, such as 10.0.0.7 or bot-3.example.com:9191",
		meaning: "Address at which Prometheus reaches the server: the resource attribute `argus.scrape.url`, from which [argus-fleet](FLEET.md#targets-for-prometheus) makes targets. " +
			"Without a port it is `ARGUS_PORT`. Needs the exporter `prometheus`.",
	},
	{
		variable: "ARGUS_ALLOWED_HOSTS", name: "allowed hosts", options: []string{"WithAllowedHosts"},
		kind: value[[]string]{
			in:     func(d *draft) *[]string { return &d.AllowedHosts },
			parse:  parseList,
			accept: acceptHosts,
			show:   func(names []string) string { return orUnset(strings.Join(names, ",")) },
		},
		byDefault: "empty",
		accepts:   "a comma-separated list of host names such as bot.example.com, .example.com for all below it, or * for any",
		meaning: "Host names under which a **browser** may open the server's pages. IP addresses, names of one label (`localhost`, `bot`), names below `.localhost`, `.local`, `.internal` and `.home.arpa`, " +
			"and `ARGUS_HOST` are always allowed. Under another name a browser gets 403, because any site can resolve its name to the bot's address and read the page (DNS rebinding). " +
			"Prometheus, probes and other programs are served under any name.",
	},
	{
		variable: "ARGUS_METRICS_PATH", name: "metrics path", options: []string{"WithMetricsPath"},
		kind: value[string]{
			in:      func(d *draft) *string { return &d.MetricsPath },
			initial: "/metrics",
			parse:   asIs,
			accept:  checked(checkMetricsPath),
			show:    asText,
		},
		accepts: "a path such as /metrics, other than /healthz, /readyz and those of the live page",
		meaning: "Path of the metrics page: segments of letters, digits, `.`, `_`, `~` and `-`, without a trailing slash.",
	},
	{
		variable: envAuthToken, name: "metrics token", options: []string{"WithAuthToken"},
		kind: value[secret]{
			in:     func(d *draft) *secret { return &d.token },
			parse:  func(text string) (secret, error) { return conceal(text), nil },
			accept: func(s secret) (secret, error) { return s, checkToken(s.reveal()) },
		},
		shown: func(c Config) string {
			if c.Authenticated {
				return "set"
			}
			return "unset"
		},
		byDefault: "unset: the page needs no token",
		accepts:   "letters, digits and . _ ~ + / -, with = at the end only (RFC 6750)",
		meaning: "Bearer token that the metrics page requires (`Authorization: Bearer …`), and also the live page and `/api/v1/` unless `ARGUS_DASHBOARD_AUTH_TOKEN` is set. " +
			"`/healthz` and `/readyz` need none. It is never shown in a log or an error. " +
			"Set but empty is an error: a secret that is missing must not open the page.",
		secret: true,
		empty:  true,
	},
	{
		variable: envAuthTokenFile,
		kind: value[string]{
			in:    func(d *draft) *string { return &d.tokenFile },
			parse: asIs,
			accept: func(path string) (string, error) {
				if path == "" {
					return "", errors.New("must not be empty: unset it to serve the page without a token")
				}
				return path, nil
			},
		},
		byDefault: "unset",
		accepts:   "the path of a readable regular file that holds the token",
		meaning: "File that holds the token, such as a mounted secret. It is read once, at the start; line breaks at its end are ignored. " +
			"It is an error to set it to an empty value, or to set `ARGUS_METRICS_AUTH_TOKEN` as well.",
		empty: true,
	},
	{
		variable: envDashboard, name: "dashboard", options: []string{"WithDashboard"},
		kind:    boolean(func(d *draft) *bool { return &d.Dashboard }, true),
		accepts: "true or false",
		meaning: "Whether to serve the live page at `/`. With `false`, `/` says so in one line; the metrics page and `/api/v1/` stay. `ARGUS_HISTORY=false` leaves the API without data.",
	},
	{
		variable: envDashboardToken, name: "dashboard token", options: []string{"WithDashboardAuthToken"},
		kind: value[secret]{
			in:     func(d *draft) *secret { return &d.dashboardToken },
			parse:  func(text string) (secret, error) { return conceal(text), nil },
			accept: func(s secret) (secret, error) { return s, checkToken(s.reveal()) },
		},
		shown: func(c Config) string {
			switch {
			case c.sources[envDashboardToken] != SourceDefault && c.sources[envDashboardToken] != "":
				return "set"
			case c.DashboardAuthenticated:
				return "metrics token"
			}
			return "unset"
		},
		byDefault: "the metrics token",
		accepts:   "letters, digits and . _ ~ + / -, with = at the end only (RFC 6750)",
		meaning: "Token of the live page and of `/api/v1/`, in place of the metrics token. Browsers ask for it once in a form and keep a cookie for 12 h; programs send `Authorization: Bearer …`. " +
			"The metrics page does not accept it. It is never shown in a log or an error. Set but empty is an error.",
		secret: true,
		empty:  true,
	},
	{
		variable: envDashboardTokenFile,
		kind: value[string]{
			in:    func(d *draft) *string { return &d.dashboardTokenFile },
			parse: asIs,
			accept: func(path string) (string, error) {
				if path == "" {
					return "", errors.New("must not be empty: unset it to use the metrics token")
				}
				return path, nil
			},
		},
		byDefault: "unset",
		accepts:   "the path of a readable regular file that holds the token",
		meaning: "File that holds the token of the live page. It is read once, at the start; line breaks at its end are ignored. " +
			"It is an error to set it to an empty value, or to set `ARGUS_DASHBOARD_AUTH_TOKEN` as well.",
		empty: true,
	},
	{
		variable: envWebConfigFile, name: "web config file", options: []string{"WithWebConfigFile"},
		kind: value[string]{
			in:    func(d *draft) *string { return &d.WebConfigFile },
			parse: asIs,
			accept: func(path string) (string, error) {
				if path == "" {
					return "", errors.New("must not be empty: unset it to serve plain HTTP")
				}
				return path, nil
			},
			show: orUnset,
		},
		byDefault: "unset: plain HTTP",
		accepts:   "the path of a web configuration file of the Prometheus exporter toolkit",
		meaning: "TLS and basic authentication of the server, in [the format of Prometheus' exporters](https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md). " +
			"Both apply to all paths, `/healthz` and `/readyz` included. Changes of the file and of its certificates apply to the next connection. " +
			"`basic_auth_users` cannot be combined with a token, as both use the header `Authorization`. The build tag `argus_no_web_config` leaves it out. Set but empty is an error.",
		empty: true,
	},
	{
		variable: envGrafanaURL, name: "grafana url", options: []string{"WithGrafanaURL"},
		secret: true, // in errors: it may contain credentials
		kind: value[string]{
			in:     func(d *draft) *string { return &d.GrafanaURL },
			parse:  asIs,
			accept: checked(link.CheckGrafana),
			show:   orUnset,
		},
		byDefault: "unset: no link",
		accepts:   "an http or https URL without credentials, with the placeholders {cluster}, {shard}, {from} and {to} after the host",
		meaning: "Template of the live page's link to Grafana, such as `https://grafana.example.com/d/argus-cluster?var-cluster={cluster}&from={from}&to={to}`. " +
			"`{from}` and `{to}` are Unix times in milliseconds. Write other braces as `%7B` and `%7D`.",
	},
	{
		variable: envTraceURL, name: "trace url", options: []string{"WithTraceURL"},
		secret: true, // in errors: it may contain credentials
		kind: value[string]{
			in:     func(d *draft) *string { return &d.TraceURL },
			parse:  asIs,
			accept: checked(link.CheckTrace),
			show:   orUnset,
		},
		byDefault: "unset: no links",
		accepts:   "an http or https URL without credentials, with the placeholder {trace_id}, and {span_id} if wanted, after the host",
		meaning:   "Template of the live page's links to a trace, such as `https://jaeger.example.com/trace/{trace_id}`. Write other braces as `%7B` and `%7D`.",
	},
	{
		variable: resource.EnvArgusClusterID, name: "cluster", options: []string{"WithClusterID"},
		shown:     func(c Config) string { return strconv.Quote(c.ClusterID) },
		byDefault: "`" + resource.DefaultCluster + "`",
		accepts:   "1 to 128 bytes of printable UTF-8, with no space or quotes around it, and no variable that was not expanded, such as `$(X)`, `${X}`, `$X`, `{{X}}` or `%H`",
		meaning: "Name of this process among the bot's processes: the label `cluster` on every series. If it is unset, these apply in order: `CLUSTER_ID`, `cluster` in `OTEL_RESOURCE_ATTRIBUTES`, " +
			"and, in a Kubernetes pod whose name ends in a number as in a StatefulSet, that number. Set but empty is an error: two processes with one name would overwrite each other's series.",
	},
	{
		variable:  resource.EnvClusterID,
		byDefault: "unset",
		accepts:   asClusterID,
		meaning: "Set by many cluster managers. Read if `ARGUS_CLUSTER_ID` is unset; empty is an error. A number without leading zeros is also the index of the process, " +
			"for `ARGUS_PORT_BASE` and for the shards that `resource.Detect` returns. All numbers must agree: this one, a number in `ARGUS_CLUSTER_ID`, and that of the pod.",
	},
	{
		variable:  resource.EnvClusterIDStart,
		byDefault: "`0`",
		accepts:   "a whole number from 0 to 999999999",
		meaning:   "Number of the first process, if they are not counted from 0: `.spec.ordinals.start` of a StatefulSet, `1` for Docker Swarm's task slots.",
	},
	{
		variable: resource.EnvBot, name: "bot", options: []string{"WithBot"},
		shown:     func(c Config) string { return orUnset(c.Bot) },
		byDefault: "unset: no label `bot`",
		accepts:   asClusterID,
		meaning: "Name of the bot: the label `bot` on every series, the same in all of its processes. Bots with different `job` labels do not need it; set it for several bots in one scrape job or " +
			"with one service name. If it is unset, `bot` in `OTEL_RESOURCE_ATTRIBUTES` applies. Set but empty is an error, and so is a token.",
	},
	{
		variable: resource.EnvRegion, name: "region", options: []string{"WithRegion"},
		shown:     func(c Config) string { return orUnset(c.Region) },
		byDefault: "unset: no label `region`",
		accepts:   asClusterID,
		meaning:   "Where the process runs, such as `eu-west-1`: the label `region` on every series. If it is unset, `region` in `OTEL_RESOURCE_ATTRIBUTES` applies. Set but empty is an error.",
	},
	{
		variable: resource.EnvServiceName, options: []string{"WithServiceName"},
		byDefault: "`" + resource.DefaultServiceName + "`",
		accepts:   "a text",
		meaning:   "Resource attribute `service.name`. It is the label `job` of pushed series, so give each bot its own. For scraped series `job` is Prometheus' `job_name`.",
	},
	{
		variable:  resource.EnvResourceAttributes,
		options:   []string{"WithResourceAttributes"},
		byDefault: "unset",
		accepts:   "key=value pairs with commas between them, keys and values percent-encoded",
		meaning: "OpenTelemetry resource attributes, shown on `target_info`. `cluster`, `bot` and `region` apply if their variables are unset. " +
			"Attributes given in code win one by one.",
	},
	{
		variable: "ARGUS_NAMESPACE", name: "namespace", options: []string{"WithNamespace"},
		kind: value[string]{
			in:      func(d *draft) *string { return &d.Namespace },
			initial: catalog.Namespace,
			parse:   asIs,
			accept:  checked(catalog.CheckNamespace),
			show:    asText,
		},
		accepts: "a lower-case letter followed by at most 62 lower-case letters, digits and underscores; not argus, go or process",
		meaning: "Prefix of the bot's metrics, in place of `discord`, on the page and on the push. The dashboards and alerts of Argus expect the default. `argus_*`, `go_*` and `process_*` keep their names.",
	},
	{
		variable: "ARGUS_PROCESS_METRICS", name: "process metrics", options: []string{"WithProcessMetrics"},
		kind:    boolean(func(d *draft) *bool { return &d.ProcessMetrics }, true),
		accepts: "true or false",
		meaning: "Whether to export the metrics of the Go runtime and the process (`go_*`, `process_*`), on the page and on the push, under client_golang's names.",
	},
	{
		variable: "ARGUS_INTERACTION_ACKS", name: "acknowledgements", options: []string{"WithAcks"},
		kind:    boolean(func(d *draft) *bool { return &d.Acks }, true),
		accepts: "true or false",
		meaning: "Whether to follow each interaction until it is acknowledged (`discord_interaction_acks_total`, `discord_interaction_ack_duration_seconds`, `discord_interaction_response_delay_seconds`). " +
			"Set `false` in a process whose interactions another process answers: all of them would count as missed.",
	},
	{
		variable: "ARGUS_HISTORY", name: "history", options: []string{"WithHistory"},
		kind:    boolean(func(d *draft) *bool { return &d.History }, true),
		accepts: "true or false",
		meaning: "Whether to keep the last 6 h of the process in memory, for `argus explain` and [`/api/v1/`](EXPLAIN.md): about 1 MiB at 16 shards, at most 16 MiB. Needs the exporter `prometheus`. With `WithoutServer` it begins when `DashboardHandler` is called.",
	},
	{
		variable: "ARGUS_LOG_RECORDS", name: "log records", options: []string{"WithLogRecords"},
		kind:    boolean(func(d *draft) *bool { return &d.LogRecords }, false),
		accepts: "true or false",
		meaning: "Whether to count the lines that discordgo logs (`discord_log_records_total`). discordgo has one logger for the process, and Argus wraps it: start Argus before any session is opened. " +
			"The output does not change.",
	},
	{
		variable: "ARGUS_TRACE_IDS", name: "trace ids", options: []string{"WithTraceIDs"},
		kind:    boolean(func(d *draft) *bool { return &d.TraceIDs }, false),
		accepts: "true or false",
		meaning: "Whether spans have the ids of guild, channel, user and interaction as attributes. These are personal data; without them no span has any.",
	},
	{
		variable: "ARGUS_EVENT_GUILD_IDS", name: "event guild ids", options: []string{"WithEventGuildIDs"},
		kind:    boolean(func(d *draft) *bool { return &d.EventGuildIDs }, false),
		accepts: "true or false",
		meaning: "Whether events have the id of their guild.",
	},
	{
		variable: envEventUserKeyFile, name: "event user key", options: []string{"WithEventUserKeyFile"},
		kind: value[string]{
			in:    func(d *draft) *string { return &d.eventKeyFile },
			parse: asIs,
			accept: func(path string) (string, error) {
				if path == "" {
					return "", errors.New("must not be empty: unset it to have events without a user")
				}
				return path, nil
			},
		},
		shown: func(c Config) string {
			if c.EventUsers {
				return "set"
			}
			return "unset"
		},
		byDefault: "unset: events have no user",
		accepts:   "the path of a readable regular file that holds at least 32 bytes, such as the output of openssl rand -hex 32",
		meaning: "File with the key of the hash that stands for the user in events: an HMAC of the user's id that changes with each day (UTC). " +
			"All processes of a bot need the same key. It is read once, at the start; line breaks at its end are ignored. Set but empty is an error.",
		empty: true,
	},
	{
		variable: "ARGUS_SESSION_START_POLL", name: "session start poll", options: []string{"WithSessionStartPoll"},
		kind: value[time.Duration]{
			in: func(d *draft) *time.Duration { return &d.SessionStartPoll },
			parse: func(text string) (time.Duration, error) {
				every, err := time.ParseDuration(text)
				if err != nil {
					return 0, errRefused
				}
				return every, nil
			},
			accept: func(every time.Duration) (time.Duration, error) {
				if catalog.CheckSessionStartPoll(every) != nil {
					return 0, errRefused
				}
				return every, nil
			},
			show: time.Duration.String,
		},
		byDefault: "`0`: off",
		accepts:   "a duration such as 5m or 1h, at least 1m, or 0",
		meaning: "Interval at which Argus requests `GET /gateway/bot` with the bot's token, for `discord_gateway_session_start_*`. The budget belongs to the token: one process of a bot is enough. " +
			"Without it Argus reads the bot's own requests (`GatewayBot`; discordgo's `Open` makes none). With neither, the alerts on session starts cannot fire.",
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_ENDPOINT",
		byDefault: "`grpc`: `localhost:4317` over TLS, as OpenTelemetry for Go has it; `http/protobuf`: `http://localhost:4318`",
		accepts:   "a URL such as http://collector:4317; with grpc also a target in gRPC's notation, such as 127.0.0.1:4317",
		meaning: "Address of the collector. `http` means plain text, `https` TLS. With `http/protobuf`, `/v1/metrics` is appended, and `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` is used as it is. " +
			"With `grpc` and an address without a scheme, OpenTelemetry's exporter logs that it is no URL (`parse url`) and uses it; `dns:///127.0.0.1:4317` avoids the log line.",
		push: true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_PROTOCOL",
		byDefault: "`grpc`",
		accepts:   "grpc or http/protobuf, in any case",
		meaning: "Protocol of the push. Collectors accept `grpc` on port 4317 and `http/protobuf` on port 4318. `grpc` uses the proxy of `HTTPS_PROXY`; `http/protobuf` uses that of `HTTP_PROXY` for `http` " +
			"and of `HTTPS_PROXY` for `https`. `NO_PROXY` applies to both.",
		push: true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_HEADERS",
		byDefault: "unset",
		accepts:   "key=value pairs with commas between them, values percent-encoded",
		meaning:   "Headers of the push, such as an API key. They are never shown in a log or an error.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_INSECURE",
		byDefault: "`false`",
		accepts:   "true or false",
		meaning:   "Turns TLS off for an endpoint without a scheme.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_CERTIFICATE",
		byDefault: "the system's CA certificates",
		accepts:   "a file in PEM form",
		meaning:   "CA certificates that verify the collector's certificate.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
		byDefault: "unset",
		accepts:   "a file in PEM form",
		meaning:   "Client certificate, used with the key below.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_CLIENT_KEY",
		byDefault: "unset",
		accepts:   "a file in PEM form",
		meaning:   "Key of the client certificate.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_COMPRESSION",
		byDefault: "`none`",
		accepts:   "gzip or none, in any case",
		meaning:   "Compression of the push.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_TIMEOUT",
		byDefault: "`10000`",
		accepts:   "a whole number of milliseconds",
		meaning:   "Time limit of one push, including retries.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
		byDefault: "`cumulative`",
		accepts:   "cumulative, delta or lowmemory",
		meaning:   "Whether counters are sent as totals or as differences. Prometheus needs `cumulative`.",
		push:      true,
	},
	{
		variable:  "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
		byDefault: "`explicit_bucket_histogram`",
		accepts:   "explicit_bucket_histogram or base2_exponential_bucket_histogram",
		meaning:   "Form of pushed histograms. The dashboards of Argus expect the default.",
		push:      true,
	},
	{
		variable:  "OTEL_METRIC_EXPORT_INTERVAL",
		byDefault: "`60000`",
		accepts:   "a whole number of milliseconds, 1 or more",
		meaning:   "Interval between two pushes.",
		push:      true,
	},
	{
		variable:  "OTEL_METRIC_EXPORT_TIMEOUT",
		byDefault: "`30000`",
		accepts:   "a whole number of milliseconds, 1 or more",
		meaning:   "Time limit of collecting and pushing together.",
		push:      true,
	},
	{
		variable:  "OTEL_TRACES_SAMPLER",
		byDefault: "`parentbased_always_on`",
		accepts:   "always_on, always_off, traceidratio, or one of them after parentbased_, in any case",
		meaning:   "Which traces are recorded. `OTEL_TRACES_SAMPLER_ARG` is the share for `traceidratio`.",
		push:      true,
	},
	{
		variable:  "OTEL_TRACES_SAMPLER_ARG",
		byDefault: "`1`",
		accepts:   "a number from 0 to 1",
		meaning:   "Share of the traces that `traceidratio` and `parentbased_traceidratio` record.",
		push:      true,
	},
	{
		variable:  "OTEL_BSP_MAX_QUEUE_SIZE",
		byDefault: "`8192`",
		accepts:   "a whole number from 1 to 1048576",
		meaning:   "Spans that wait for the collector at most; 16 MiB of them is another limit. What comes while the queue is full is dropped and reported. `OTEL_BLRP_MAX_QUEUE_SIZE` is that of events.",
		push:      true,
	},
	{
		variable:  "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
		byDefault: "`512`",
		accepts:   "a whole number, the size of the queue at most",
		meaning:   "Spans of one push at most. `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` is that of events.",
		push:      true,
	},
	{
		variable:  "OTEL_BSP_SCHEDULE_DELAY",
		byDefault: "`5000`",
		accepts:   "a whole number of milliseconds, 1 or more",
		meaning:   "Interval between two pushes of spans that are fewer than that. `OTEL_BLRP_SCHEDULE_DELAY` is that of events, `1000` by default.",
		push:      true,
	},
	{
		variable:  "OTEL_BSP_EXPORT_TIMEOUT",
		byDefault: "`30000`",
		accepts:   "a whole number of milliseconds, 1 or more",
		meaning:   "Time limit of one push of spans. A batch that was not sent stays in the queue. `OTEL_BLRP_EXPORT_TIMEOUT` is that of events.",
		push:      true,
	},
}

// boolean is a setting that is true or false. The OpenTelemetry specification reads anything but "true" as false, with a warning; Argus
// refuses it, as it does with every other setting.
func boolean(in func(*draft) *bool, initial bool) value[bool] {
	return value[bool]{in: in, initial: initial, show: strconv.FormatBool, parse: func(text string) (bool, error) {
		is := strings.EqualFold(text, "true")
		if !is && !strings.EqualFold(text, "false") {
			return false, errRefused
		}
		return is, nil
	}}
}

// queueExporter is the exporter of a signal that has one at most.
func queueExporter(in func(*draft) *Exporter) value[Exporter] {
	return value[Exporter]{
		in: in, initial: None, parse: parseQueueExporter,
		accept: func(e Exporter) (Exporter, error) { return parseQueueExporter(string(e)) },
		show:   func(e Exporter) string { return string(e) },
	}
}

func acceptExporters(exporters []Exporter) ([]Exporter, error) {
	if len(exporters) == 0 {
		return nil, nil
	}
	exporters, err := parseExporters(joinExporters(exporters))
	slices.Sort(exporters)
	return slices.Compact(exporters), err
}

func acceptHosts(names []string) ([]string, error) {
	for _, name := range names {
		if server.CheckAllowedHost(name) != nil {
			return nil, errRefused
		}
	}
	return names, nil
}

// parseList splits at commas. An empty element, such as after a comma at the end, is ignored.
func parseList(text string) (list []string, err error) {
	for element := range strings.SplitSeq(text, ",") {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	return list, nil
}

func parsePort(text string) (int, error) {
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 || strings.HasPrefix(text, "+") {
		return 0, errRefused
	}
	return port, nil
}

// between accepts whole numbers of a range, which is the option's and may be wider than the variable's.
func between(least, most int) func(int) (int, error) {
	return func(n int) (int, error) {
		if n < least || n > most {
			return 0, errors.New("must be a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most))
		}
		return n, nil
	}
}

func checked(check func(string) error) func(string) (string, error) {
	return func(text string) (string, error) { return text, check(text) }
}

func orUnset(text string) string {
	if text == "" {
		return "unset"
	}
	return strconv.Quote(text)
}

func asIs(text string) (string, error) { return text, nil }

func asText(text string) string { return text }

// checkMetricsPath refuses the paths of the live page also where it is off: it may be on again.
func checkMetricsPath(path string) error {
	if page.Reserves(path) {
		return errors.New("is used by the live page and its API; choose another path, such as /metrics")
	}
	return server.CheckPath(path)
}

func checkToken(token string) error {
	if token == "" {
		return errors.New("must not be empty: leave it out to serve the page without a token")
	}
	return access.CheckToken(token)
}
