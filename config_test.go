package argus

import (
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	lognoop "go.opentelemetry.io/otel/log/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/argus-dgo/argus/resource"
)

// environ is an environment that holds these variables and files.
func environ(variables map[string]string, files map[string]string) environment {
	return environment{
		lookup: func(name string) (string, bool) { v, ok := variables[name]; return v, ok },
		readFile: func(path string) ([]byte, error) {
			if content, ok := files[path]; ok {
				return []byte(content), nil
			}
			return nil, &os.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
}

const userKey = "a key of the hash of users, which is long enough"

func TestDefaults(t *testing.T) {
	c, err := resolve(environ(nil, nil), collect(nil))
	if err != nil || c.Refused() != nil {
		t.Fatalf("resolve: %v, refused %v", err, c.Refused())
	}
	const want = `OTEL_SDK_DISABLED=false (default) OTEL_METRICS_EXPORTER=prometheus (default) OTEL_TRACES_EXPORTER=none (default) OTEL_LOGS_EXPORTER=none (default) ARGUS_HOST="" (default) ` +
		`ARGUS_PORT=9191 (default) ARGUS_ADVERTISE_ADDR=unset (default) ARGUS_ALLOWED_HOSTS=unset (default) ARGUS_METRICS_PATH=/metrics (default) ARGUS_METRICS_AUTH_TOKEN=unset (default) ` +
		`ARGUS_DASHBOARD=true (default) ARGUS_DASHBOARD_AUTH_TOKEN=unset (default) ARGUS_WEB_CONFIG_FILE=unset (default) ARGUS_GRAFANA_URL=unset (default) ARGUS_TRACE_URL=unset (default) ` +
		`ARGUS_CLUSTER_ID="default" (default) ARGUS_BOT=unset (default) ARGUS_REGION=unset (default) ARGUS_NAMESPACE=discord (default) ARGUS_PROCESS_METRICS=true (default) ` +
		`ARGUS_INTERACTION_ACKS=true (default) ARGUS_HISTORY=true (default) ARGUS_LOG_RECORDS=false (default) ARGUS_TRACE_IDS=false (default) ` +
		`ARGUS_EVENT_GUILD_IDS=false (default) ARGUS_EVENT_USER_KEY_FILE=unset (default) ARGUS_SESSION_START_POLL=0s (default)`
	if got := c.String(); got != want {
		t.Errorf("defaults:\n got %s\nwant %s", got, want)
	}
}

// TestPrecedence sets every setting in the environment, and then by its option as well.
func TestPrecedence(t *testing.T) {
	for _, tc := range []struct {
		name      string
		variables map[string]string
		files     map[string]string
		opts      []Option
		setting   string
		want      func(resolved) any
		value     any
		source    Source
	}{
		{
			name: "exporters from the environment", variables: map[string]string{"OTEL_METRICS_EXPORTER": " otlp, Prometheus,otlp,,"},
			setting: "OTEL_METRICS_EXPORTER", want: func(c resolved) any { return joinExporters(c.Exporters) }, value: "otlp,prometheus", source: "OTEL_METRICS_EXPORTER",
		},
		{
			name: "no exporter from the environment", variables: map[string]string{"OTEL_METRICS_EXPORTER": "none"},
			setting: "OTEL_METRICS_EXPORTER", want: func(c resolved) any { return len(c.Exporters) }, value: 0, source: "OTEL_METRICS_EXPORTER",
		},
		{
			name: "exporters by option", variables: map[string]string{"OTEL_METRICS_EXPORTER": "promethues"}, opts: []Option{WithExporters(OTLP)},
			setting: "OTEL_METRICS_EXPORTER", want: func(c resolved) any { return joinExporters(c.Exporters) }, value: "otlp", source: "WithExporters",
		},
		{
			name: "no exporter by option", opts: []Option{WithExporters()},
			setting: "OTEL_METRICS_EXPORTER", want: func(c resolved) any { return len(c.Exporters) }, value: 0, source: "WithExporters",
		},
		{
			name: "traces from the environment", variables: map[string]string{"OTEL_TRACES_EXPORTER": " OTLP "},
			setting: "OTEL_TRACES_EXPORTER", want: func(c resolved) any { return string(c.TracesExporter) }, value: "otlp", source: "OTEL_TRACES_EXPORTER",
		},
		{
			name: "no traces from the environment", variables: map[string]string{"OTEL_TRACES_EXPORTER": "None"},
			setting: "OTEL_TRACES_EXPORTER", want: func(c resolved) any { return c.TracesExporter }, value: None, source: "OTEL_TRACES_EXPORTER",
		},
		{
			name: "traces by option", variables: map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, opts: []Option{WithTracesExporter(OTLP)},
			setting: "OTEL_TRACES_EXPORTER", want: func(c resolved) any { return string(c.TracesExporter) }, value: "otlp", source: "WithTracesExporter",
		},
		{
			name: "traces by a provider", variables: map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, opts: []Option{WithTracerProvider(tracenoop.NewTracerProvider()), WithTracesExporter(OTLP)},
			setting: "OTEL_TRACES_EXPORTER", want: func(c resolved) any { return c.TracesExporter }, value: None, source: "WithTracerProvider",
		},
		{
			name: "traces by no provider", opts: []Option{WithTracerProvider(nil), WithTracerProvider((*sdktrace.TracerProvider)(nil))},
			setting: "OTEL_TRACES_EXPORTER", want: func(c resolved) any { return c.TracesExporter }, value: None, source: SourceDefault,
		},
		{
			name: "events from the environment", variables: map[string]string{"OTEL_LOGS_EXPORTER": "otlp"},
			setting: "OTEL_LOGS_EXPORTER", want: func(c resolved) any { return string(c.LogsExporter) }, value: "otlp", source: "OTEL_LOGS_EXPORTER",
		},
		{
			name: "events by option", variables: map[string]string{"OTEL_LOGS_EXPORTER": "otlp"}, opts: []Option{WithLogsExporter(None)},
			setting: "OTEL_LOGS_EXPORTER", want: func(c resolved) any { return c.LogsExporter }, value: None, source: "WithLogsExporter",
		},
		{
			name: "events by a provider", variables: map[string]string{"OTEL_LOGS_EXPORTER": "otlp"}, opts: []Option{WithLoggerProvider(lognoop.NewLoggerProvider()), WithLoggerProvider(nil)},
			setting: "OTEL_LOGS_EXPORTER", want: func(c resolved) any { return c.LogsExporter }, value: None, source: "WithLoggerProvider",
		},
		{
			name: "ids of traces from the environment", variables: map[string]string{"ARGUS_TRACE_IDS": "true"},
			setting: "ARGUS_TRACE_IDS", want: func(c resolved) any { return c.TraceIDs }, value: true, source: "ARGUS_TRACE_IDS",
		},
		{
			name: "ids of traces by option", variables: map[string]string{"ARGUS_TRACE_IDS": "all"}, opts: []Option{WithTraceIDs(true)},
			setting: "ARGUS_TRACE_IDS", want: func(c resolved) any { return c.TraceIDs }, value: true, source: "WithTraceIDs",
		},
		{
			name: "ids of events from the environment", variables: map[string]string{"ARGUS_EVENT_GUILD_IDS": "TRUE"},
			setting: "ARGUS_EVENT_GUILD_IDS", want: func(c resolved) any { return c.EventGuildIDs }, value: true, source: "ARGUS_EVENT_GUILD_IDS",
		},
		{
			name: "ids of events by option", variables: map[string]string{"ARGUS_EVENT_GUILD_IDS": "true"}, opts: []Option{WithEventGuildIDs(false)},
			setting: "ARGUS_EVENT_GUILD_IDS", want: func(c resolved) any { return c.EventGuildIDs }, value: false, source: "WithEventGuildIDs",
		},
		{
			name: "key of users from the environment", variables: map[string]string{"ARGUS_EVENT_USER_KEY_FILE": "/run/key"}, files: map[string]string{"/run/key": userKey + "\r\n"},
			setting: "ARGUS_EVENT_USER_KEY_FILE", want: func(c resolved) any { return c.eventKey.reveal() }, value: userKey, source: "ARGUS_EVENT_USER_KEY_FILE",
		},
		{
			name: "key of users by option", variables: map[string]string{"ARGUS_EVENT_USER_KEY_FILE": "/absent"}, files: map[string]string{"/run/key": userKey}, opts: []Option{WithEventUserKeyFile("/run/key")},
			setting: "ARGUS_EVENT_USER_KEY_FILE", want: func(c resolved) any { return c.EventUsers }, value: true, source: "WithEventUserKeyFile",
		},
		{
			name: "link to a trace from the environment", variables: map[string]string{"ARGUS_TRACE_URL": "http://jaeger:16686/trace/{trace_id}?uiFind={span_id}"},
			setting: "ARGUS_TRACE_URL", want: func(c resolved) any { return c.TraceURL }, value: "http://jaeger:16686/trace/{trace_id}?uiFind={span_id}", source: "ARGUS_TRACE_URL",
		},
		{
			name: "link to a trace by option", variables: map[string]string{"ARGUS_TRACE_URL": "jaeger"}, opts: []Option{WithTraceURL("https://tempo.example/{trace_id}")},
			setting: "ARGUS_TRACE_URL", want: func(c resolved) any { return c.TraceURL }, value: "https://tempo.example/{trace_id}", source: "WithTraceURL",
		},
		{
			name: "host from the environment", variables: map[string]string{"ARGUS_HOST": "::1"},
			setting: "ARGUS_HOST", want: func(c resolved) any { return c.address() }, value: "[::1]:9191", source: "ARGUS_HOST",
		},
		{
			name: "host by option", variables: map[string]string{"ARGUS_HOST": "http://wrong"}, opts: []Option{WithHost("")},
			setting: "ARGUS_HOST", want: func(c resolved) any { return c.address() }, value: ":9191", source: "WithHost",
		},
		{
			name: "port from the environment", variables: map[string]string{"ARGUS_PORT": "1"},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.Port }, value: 1, source: "ARGUS_PORT",
		},
		{
			name: "port by option", variables: map[string]string{"ARGUS_PORT": "abc"}, opts: []Option{WithPort(0)},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.Port }, value: 0, source: "WithPort",
		},
		{
			name: "port from a base", variables: map[string]string{"ARGUS_PORT_BASE": "9191", "CLUSTER_ID": "2"},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.Port }, value: 9193, source: "ARGUS_PORT_BASE",
		},
		{
			name: "port from a base, counted from 1", variables: map[string]string{"ARGUS_PORT_BASE": "9191", "CLUSTER_ID": "3", "CLUSTER_ID_START": "1"},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.Port }, value: 9193, source: "ARGUS_PORT_BASE",
		},
		{
			name: "port from a base, with the same port said", variables: map[string]string{"ARGUS_PORT_BASE": "9191", "ARGUS_PORT": "9193", "CLUSTER_ID": "2"},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.Port }, value: 9193, source: "ARGUS_PORT_BASE",
		},
		{
			name: "base by option", variables: map[string]string{"ARGUS_PORT_BASE": "x", "ARGUS_PORT": "80", "CLUSTER_ID": "2"}, opts: []Option{WithPortBase(9191)},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.Port }, value: 9193, source: "WithPortBase",
		},
		{
			name: "port by option and a base", variables: map[string]string{"ARGUS_PORT_BASE": "9191"}, opts: []Option{WithPort(0)},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.Port }, value: 0, source: "WithPort",
		},
		{
			name: "port from a base and the cluster by option", variables: map[string]string{"ARGUS_PORT_BASE": "9191", "CLUSTER_ID": "2"}, opts: []Option{WithClusterID("4")},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.Port }, value: 9195, source: "ARGUS_PORT_BASE",
		},
		{
			name: "host and port by option", variables: map[string]string{"ARGUS_PORT": "abc"}, opts: []Option{WithPort(80), WithAddr("localhost:65535")},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.address() }, value: "localhost:65535", source: "WithAddr",
		},
		{
			name: "the later option counts", opts: []Option{WithAddr("localhost:1234"), nil, WithPort(80)},
			setting: "ARGUS_PORT", want: func(c resolved) any { return c.address() }, value: "localhost:80", source: "WithPort",
		},
		{
			name: "allowed hosts from the environment", variables: map[string]string{"ARGUS_ALLOWED_HOSTS": "Bot.example.com, .example.org,,*,"},
			setting: "ARGUS_ALLOWED_HOSTS", want: func(c resolved) any { return strings.Join(c.AllowedHosts, " ") }, value: "Bot.example.com .example.org *", source: "ARGUS_ALLOWED_HOSTS",
		},
		{
			name: "allowed hosts by option", variables: map[string]string{"ARGUS_ALLOWED_HOSTS": "http://x"}, opts: []Option{WithAllowedHosts("a.example.com", "b_c.example.com")},
			setting: "ARGUS_ALLOWED_HOSTS", want: func(c resolved) any { return strings.Join(c.AllowedHosts, " ") }, value: "a.example.com b_c.example.com", source: "WithAllowedHosts",
		},
		{
			name: "path from the environment", variables: map[string]string{"ARGUS_METRICS_PATH": "/bot/metrics"},
			setting: "ARGUS_METRICS_PATH", want: func(c resolved) any { return c.MetricsPath }, value: "/bot/metrics", source: "ARGUS_METRICS_PATH",
		},
		{
			name: "path by option", variables: map[string]string{"ARGUS_METRICS_PATH": "metrics"}, opts: []Option{WithMetricsPath("/m")},
			setting: "ARGUS_METRICS_PATH", want: func(c resolved) any { return c.MetricsPath }, value: "/m", source: "WithMetricsPath",
		},
		{
			name: "token from the environment", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "hush"},
			setting: "ARGUS_METRICS_AUTH_TOKEN", want: func(c resolved) any { return c.token.reveal() }, value: "hush", source: "ARGUS_METRICS_AUTH_TOKEN",
		},
		{
			name: "token from a file", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN_FILE": "/run/token"}, files: map[string]string{"/run/token": "hush\r\n\n"},
			setting: "ARGUS_METRICS_AUTH_TOKEN", want: func(c resolved) any { return c.token.reveal() }, value: "hush", source: "ARGUS_METRICS_AUTH_TOKEN_FILE",
		},
		{
			name: "token by option", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "not this", "ARGUS_METRICS_AUTH_TOKEN_FILE": "/absent"},
			opts: []Option{WithAuthToken("hush")}, setting: "ARGUS_METRICS_AUTH_TOKEN", want: func(c resolved) any { return c.token.reveal() }, value: "hush", source: "WithAuthToken",
		},
		{
			name: "no live page", variables: map[string]string{"ARGUS_DASHBOARD": "false"},
			setting: "ARGUS_DASHBOARD", want: func(c resolved) any { return c.Dashboard }, value: false, source: "ARGUS_DASHBOARD",
		},
		{
			name: "live page by option", variables: map[string]string{"ARGUS_DASHBOARD": "off"}, opts: []Option{WithDashboard(true)},
			setting: "ARGUS_DASHBOARD", want: func(c resolved) any { return c.Dashboard }, value: true, source: "WithDashboard",
		},
		{
			name: "token of the live page", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "metrics", "ARGUS_DASHBOARD_AUTH_TOKEN": "page"},
			setting: "ARGUS_DASHBOARD_AUTH_TOKEN", want: func(c resolved) any { return c.pageToken().reveal() }, value: "page", source: "ARGUS_DASHBOARD_AUTH_TOKEN",
		},
		{
			name: "token of the live page from a file", variables: map[string]string{"ARGUS_DASHBOARD_AUTH_TOKEN_FILE": "/run/token"}, files: map[string]string{"/run/token": "page\n"},
			setting: "ARGUS_DASHBOARD_AUTH_TOKEN", want: func(c resolved) any { return c.pageToken().reveal() }, value: "page", source: "ARGUS_DASHBOARD_AUTH_TOKEN_FILE",
		},
		{
			name: "token of the live page by option", variables: map[string]string{"ARGUS_DASHBOARD_AUTH_TOKEN_FILE": "/absent"}, opts: []Option{WithDashboardAuthToken("page")},
			setting: "ARGUS_DASHBOARD_AUTH_TOKEN", want: func(c resolved) any { return c.pageToken().reveal() }, value: "page", source: "WithDashboardAuthToken",
		},
		{
			name: "the metrics' token is the live page's", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "metrics"},
			setting: "ARGUS_DASHBOARD_AUTH_TOKEN", want: func(c resolved) any { return c.pageToken().reveal() }, value: "metrics", source: SourceDefault,
		},
		{
			name: "grafana", variables: map[string]string{"ARGUS_GRAFANA_URL": "https://g.example:3000/d/a?var-cluster={cluster}&var-shard={shard}&from={from}&to={to}"},
			setting: "ARGUS_GRAFANA_URL", want: func(c resolved) any { return c.GrafanaURL }, value: "https://g.example:3000/d/a?var-cluster={cluster}&var-shard={shard}&from={from}&to={to}", source: "ARGUS_GRAFANA_URL",
		},
		{
			name: "cluster by option", variables: map[string]string{"ARGUS_CLUSTER_ID": "", "CLUSTER_ID": "b"}, opts: []Option{WithClusterID("a")},
			setting: "ARGUS_CLUSTER_ID", want: func(c resolved) any { return c.ClusterID }, value: "a", source: "WithClusterID",
		},
		{
			name: "cluster from our variable", variables: map[string]string{"ARGUS_CLUSTER_ID": "a", "CLUSTER_ID": " ", "OTEL_RESOURCE_ATTRIBUTES": "cluster=c"},
			setting: "ARGUS_CLUSTER_ID", want: func(c resolved) any { return c.ClusterID }, value: "a", source: "ARGUS_CLUSTER_ID",
		},
		{
			name: "cluster from the common variable", variables: map[string]string{"CLUSTER_ID": "b", "OTEL_RESOURCE_ATTRIBUTES": "cluster=c"},
			setting: "ARGUS_CLUSTER_ID", want: func(c resolved) any { return c.ClusterID }, value: "b", source: "CLUSTER_ID",
		},
		{
			name: "cluster from the resource", variables: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "team=x, cluster=eu%201"},
			setting: "ARGUS_CLUSTER_ID", want: func(c resolved) any { return c.ClusterID }, value: "eu 1", source: "OTEL_RESOURCE_ATTRIBUTES",
		},
		{
			name: "resource without a cluster", variables: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "team=x"},
			setting: "ARGUS_CLUSTER_ID", want: func(c resolved) any { return c.ClusterID }, value: "default", source: SourceDefault,
		},
		{
			name: "bot by option", variables: map[string]string{"ARGUS_BOT": "", "OTEL_RESOURCE_ATTRIBUTES": "bot=c"}, opts: []Option{WithBot("a")},
			setting: "ARGUS_BOT", want: func(c resolved) any { return c.Bot }, value: "a", source: "WithBot",
		},
		{
			name: "bot from our variable", variables: map[string]string{"ARGUS_BOT": "b", "OTEL_RESOURCE_ATTRIBUTES": "bot=c"},
			setting: "ARGUS_BOT", want: func(c resolved) any { return c.Bot }, value: "b", source: "ARGUS_BOT",
		},
		{
			name: "bot from the resource", variables: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "bot=my%20bot,region=eu"},
			setting: "ARGUS_BOT", want: func(c resolved) any { return c.Bot }, value: "my bot", source: "OTEL_RESOURCE_ATTRIBUTES",
		},
		{
			name: "no bot", setting: "ARGUS_BOT", want: func(c resolved) any { return c.identity() }, value: `cluster "default"`, source: SourceDefault,
		},
		{
			name: "region by option", variables: map[string]string{"ARGUS_REGION": "b"}, opts: []Option{WithRegion("a")},
			setting: "ARGUS_REGION", want: func(c resolved) any { return c.Region }, value: "a", source: "WithRegion",
		},
		{
			name: "region from the resource", variables: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "bot=x,region=eu"},
			setting: "ARGUS_REGION", want: func(c resolved) any { return c.identity() }, value: `bot "x", region "eu", cluster "default"`, source: "OTEL_RESOURCE_ATTRIBUTES",
		},
		{
			name: "namespace from the environment", variables: map[string]string{"ARGUS_NAMESPACE": "my_bot2"},
			setting: "ARGUS_NAMESPACE", want: func(c resolved) any { return c.Namespace }, value: "my_bot2", source: "ARGUS_NAMESPACE",
		},
		{
			name: "namespace by option", variables: map[string]string{"ARGUS_NAMESPACE": "my bot"}, opts: []Option{WithNamespace("bot")},
			setting: "ARGUS_NAMESPACE", want: func(c resolved) any { return c.Namespace }, value: "bot", source: "WithNamespace",
		},
		{
			name: "process metrics from the environment", variables: map[string]string{"ARGUS_PROCESS_METRICS": "False"},
			setting: "ARGUS_PROCESS_METRICS", want: func(c resolved) any { return c.ProcessMetrics }, value: false, source: "ARGUS_PROCESS_METRICS",
		},
		{
			name: "process metrics by option", variables: map[string]string{"ARGUS_PROCESS_METRICS": "perhaps"}, opts: []Option{WithProcessMetrics(false)},
			setting: "ARGUS_PROCESS_METRICS", want: func(c resolved) any { return c.ProcessMetrics }, value: false, source: "WithProcessMetrics",
		},
		{
			name: "acknowledgements from the environment", variables: map[string]string{"ARGUS_INTERACTION_ACKS": "false"},
			setting: "ARGUS_INTERACTION_ACKS", want: func(c resolved) any { return c.Acks }, value: false, source: "ARGUS_INTERACTION_ACKS",
		},
		{
			name: "acknowledgements by option", variables: map[string]string{"ARGUS_INTERACTION_ACKS": "perhaps"}, opts: []Option{WithAcks(false)},
			setting: "ARGUS_INTERACTION_ACKS", want: func(c resolved) any { return c.Acks }, value: false, source: "WithAcks",
		},
		{
			name: "log records from the environment", variables: map[string]string{"ARGUS_LOG_RECORDS": "True"},
			setting: "ARGUS_LOG_RECORDS", want: func(c resolved) any { return c.LogRecords }, value: true, source: "ARGUS_LOG_RECORDS",
		},
		{
			name: "log records by option", variables: map[string]string{"ARGUS_LOG_RECORDS": "false"}, opts: []Option{WithLogRecords(true)},
			setting: "ARGUS_LOG_RECORDS", want: func(c resolved) any { return c.LogRecords }, value: true, source: "WithLogRecords",
		},
		{
			name: "poll from the environment", variables: map[string]string{"ARGUS_SESSION_START_POLL": "1h30m"},
			setting: "ARGUS_SESSION_START_POLL", want: func(c resolved) any { return c.SessionStartPoll }, value: 90 * time.Minute, source: "ARGUS_SESSION_START_POLL",
		},
		{
			name: "poll by option", variables: map[string]string{"ARGUS_SESSION_START_POLL": "often"}, opts: []Option{WithSessionStartPoll(time.Minute)},
			setting: "ARGUS_SESSION_START_POLL", want: func(c resolved) any { return c.SessionStartPoll }, value: time.Minute, source: "WithSessionStartPoll",
		},
		{
			name: "no poll by option", variables: map[string]string{"ARGUS_SESSION_START_POLL": "5m"}, opts: []Option{WithSessionStartPoll(0)},
			setting: "ARGUS_SESSION_START_POLL", want: func(c resolved) any { return c.SessionStartPoll }, value: time.Duration(0), source: "WithSessionStartPoll",
		},
		{
			name: "token by option, with an empty file's name", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN_FILE": ""}, opts: []Option{WithAuthToken("mine")},
			setting: "ARGUS_METRICS_AUTH_TOKEN", want: func(c resolved) any { return c.token.reveal() }, value: "mine", source: "WithAuthToken",
		},
		{
			name: "switched off", variables: map[string]string{"OTEL_SDK_DISABLED": "TRUE"},
			setting: "OTEL_SDK_DISABLED", want: func(c resolved) any { return c.Disabled }, value: true, source: "OTEL_SDK_DISABLED",
		},
		{
			name: "another SDK's protocol does not concern the page", variables: map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
			setting: "OTEL_METRICS_EXPORTER", want: func(c resolved) any { return joinExporters(c.Exporters) }, value: "prometheus", source: SourceDefault,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if exporters, ok := tc.value.(string); ok && strings.HasSuffix(tc.setting, "_EXPORTER") && strings.Contains(exporters, string(OTLP)) {
				needsPush(t)
			}
			c, err := resolve(environ(tc.variables, tc.files), collect(tc.opts))
			if err != nil || c.Refused() != nil {
				t.Fatalf("resolve: %v, refused %v", err, c.Refused())
			}
			if got := tc.want(c); got != tc.value {
				t.Errorf("%s is %#v, want %#v", tc.setting, got, tc.value)
			}
			if got := c.Source(tc.setting); got != tc.source {
				t.Errorf("the source of %s is %q, want %q", tc.setting, got, tc.source)
			}
		})
	}
}

// TestEmptyIsUnset: as the OpenTelemetry specification has it, for every variable but the names and the tokens.
func TestEmptyIsUnset(t *testing.T) {
	empty := make(map[string]string)
	for _, s := range settings {
		switch s.variable {
		case resource.EnvArgusClusterID, resource.EnvClusterID, resource.EnvClusterIDStart, resource.EnvBot, resource.EnvRegion:
			continue
		}
		if !s.empty {
			empty[s.variable] = ""
		}
	}
	c, err := resolve(environ(empty, nil), collect(nil))
	if err != nil {
		t.Fatalf("resolve: %v", err)
	}
	for _, s := range settings {
		if got := c.Source(s.variable); s.kind != nil && got != SourceDefault {
			t.Errorf("the source of %s is %q, want the default", s.variable, got)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tc := range []struct {
		name      string
		variables map[string]string
		files     map[string]string
		opts      []Option
		want      []string // lines of the error
	}{
		{name: "port", variables: map[string]string{"ARGUS_PORT": "abc"}, want: []string{`ARGUS_PORT="abc": must be a whole number from 1 to 65535`}},
		{name: "high port", variables: map[string]string{"ARGUS_PORT": "70000"}, want: []string{`ARGUS_PORT="70000": must be a whole number from 1 to 65535`}},
		{name: "port zero", variables: map[string]string{"ARGUS_PORT": "0"}, want: []string{`ARGUS_PORT="0": must be a whole number from 1 to 65535`}},
		{name: "signed port", variables: map[string]string{"ARGUS_PORT": "+80"}, want: []string{`ARGUS_PORT="+80": must be a whole number from 1 to 65535`}},
		{
			name: "port of a Kubernetes Service", variables: map[string]string{"ARGUS_PORT": "tcp://10.0.0.1:80"},
			want: []string{`ARGUS_PORT="tcp://10.0.0.1:80": is not a port: Kubernetes sets this variable in every pod next to a Service called argus; set enableServiceLinks: false in the pod's spec, rename the Service, or set the port in code (WithPort)`},
		},
		{name: "port in quotes", variables: map[string]string{"ARGUS_PORT": `"9191"`}, want: []string{`ARGUS_PORT="\"9191\"": must be a whole number from 1 to 65535; it is in quotes, which Docker keeps in an env file: remove them`}},
		{name: "switch in quotes", variables: map[string]string{"ARGUS_PROCESS_METRICS": `'true'`}, want: []string{`ARGUS_PROCESS_METRICS="'true'": must be true or false; it is in quotes, which Docker keeps in an env file: remove them`}},
		{name: "cluster in quotes", variables: map[string]string{"CLUSTER_ID": `"3"`}, want: []string{`invalid cluster id "\"3\"" from CLUSTER_ID: it is in quotes, which are part of the value (Docker keeps them in an env file); remove them`}},
		{name: "token in quotes", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN": `"hush"`}, want: []string{"ARGUS_METRICS_AUTH_TOKEN=[hidden]: must be letters, digits and . _ ~ + / -, with = at the end only (RFC 6750); look for a line break or a space; it is in quotes, which Docker keeps in an env file: remove them"}},
		{name: "port by option", opts: []Option{WithPort(-1)}, want: []string{`WithPort(-1): must be a whole number from 0 to 65535`}},
		{name: "address by option", opts: []Option{WithAddr("9191")}, want: []string{`WithAddr("9191"): must be host:port, such as localhost:9191 or :9191`}},
		{name: "named port", opts: []Option{WithAddr(":http")}, want: []string{`WithAddr(":http"): must be host:port, such as localhost:9191 or :9191`}},
		{name: "port base", variables: map[string]string{"ARGUS_PORT_BASE": "0", "CLUSTER_ID": "0"}, want: []string{`ARGUS_PORT_BASE="0": must be a whole number from 1 to 65535`}},
		{
			name: "port base without a number", variables: map[string]string{"ARGUS_PORT_BASE": "9191", "CLUSTER_ID": "eu"},
			want: []string{`ARGUS_PORT_BASE=9191: the number of this process is not known, and cluster id "eu" (from CLUSTER_ID) is none: set CLUSTER_ID to a number without leading zeros, or the port with ARGUS_PORT`},
		},
		{
			name: "port base and another port", variables: map[string]string{"ARGUS_PORT_BASE": "9191", "ARGUS_PORT": "9191", "CLUSTER_ID": "1"},
			want: []string{`ARGUS_PORT=9191, but ARGUS_PORT_BASE=9191 with process 1, counted from 0 (from CLUSTER_ID), makes port 9192: remove one of them`},
		},
		{
			name: "port base and port by option", variables: map[string]string{"CLUSTER_ID": "1"}, opts: []Option{WithPortBase(9191), WithPort(80)},
			want: []string{`WithPort=80, but WithPortBase=9191 with process 1, counted from 0 (from CLUSTER_ID), makes port 9192: remove one of them`},
		},
		{
			name: "port base that is too high", variables: map[string]string{"ARGUS_PORT_BASE": "65000", "CLUSTER_ID": "536"},
			want: []string{`ARGUS_PORT_BASE=65000: with process 536, counted from 0 (from CLUSTER_ID), the port would be 65536: must be 65535 at most`},
		},
		{
			name: "two numbers", variables: map[string]string{"ARGUS_CLUSTER_ID": "3", "CLUSTER_ID": "5"},
			want: []string{`invalid cluster id: ARGUS_CLUSTER_ID="3" and CLUSTER_ID="5" are different numbers of this process: remove one, or make it a name that is not a number`},
		},
		{
			name: "start of the numbers", variables: map[string]string{"CLUSTER_ID_START": ""},
			want: []string{`invalid cluster id: CLUSTER_ID_START="": must be a whole number from 0 to 999999999 without leading zeros, the number of the first cluster`},
		},
		{name: "host with a port", variables: map[string]string{"ARGUS_HOST": "localhost:80"}, want: []string{`ARGUS_HOST="localhost:80": must be a host name or an IP address, without a port`}},
		{name: "host with a blank", opts: []Option{WithHost("a b")}, want: []string{`WithHost("a b"): must be a host name or an IP address, without a port`}},
		{
			name: "exporter", variables: map[string]string{"OTEL_METRICS_EXPORTER": "promethues"},
			want: []string{`OTEL_METRICS_EXPORTER="promethues": must be a comma-separated list of prometheus and otlp, or none; "promethues" is not an exporter of Argus (did you mean "prometheus"?)`},
		},
		{
			name: "exporters", variables: map[string]string{"OTEL_METRICS_EXPORTER": "none,otpl,,console,"},
			want: []string{`OTEL_METRICS_EXPORTER="none,otpl,,console,": must be a comma-separated list of prometheus and otlp, or none; ` +
				`"otpl" is not an exporter of Argus (did you mean "otlp"?); "console" is not an exporter of Argus`},
		},
		{
			name: "no exporter", variables: map[string]string{"OTEL_METRICS_EXPORTER": " , "},
			want: []string{`OTEL_METRICS_EXPORTER=" , ": must be a comma-separated list of prometheus and otlp, or none; the list is empty`},
		},
		{
			name: "none and another", variables: map[string]string{"OTEL_METRICS_EXPORTER": "none,otlp"},
			want: []string{`OTEL_METRICS_EXPORTER="none,otlp": must be a comma-separated list of prometheus and otlp, or none; "none" cannot be combined with an exporter`},
		},
		{
			name: "exporter by option", opts: []Option{WithExporters(Exporter("statsd"))},
			want: []string{`WithExporters("statsd"): must be a comma-separated list of prometheus and otlp, or none; "statsd" is not an exporter of Argus`},
		},
		{
			name: "traces exporter", variables: map[string]string{"OTEL_TRACES_EXPORTER": "otpl"},
			want: []string{`OTEL_TRACES_EXPORTER="otpl": must be otlp or none; "otpl" is not an exporter of Argus (did you mean "otlp"?)`},
		},
		{
			name: "traces exporters", variables: map[string]string{"OTEL_TRACES_EXPORTER": "otlp,console"},
			want: []string{`OTEL_TRACES_EXPORTER="otlp,console": must be otlp or none: Argus has one exporter for it, and takes no list`},
		},
		{
			name: "logs exporter", variables: map[string]string{"OTEL_LOGS_EXPORTER": "console"},
			want: []string{`OTEL_LOGS_EXPORTER="console": must be otlp or none; "console" is not an exporter of Argus`},
		},
		{
			name: "signals' exporters by option", opts: []Option{WithTracesExporter(Prometheus), WithLogsExporter("")},
			want: []string{
				`WithTracesExporter("prometheus"): must be otlp or none; "prometheus" is not an exporter of Argus`,
				`WithLogsExporter(""): must be otlp or none; "" is not an exporter of Argus`,
			},
		},
		{name: "ids of traces", variables: map[string]string{"ARGUS_TRACE_IDS": "guild"}, want: []string{`ARGUS_TRACE_IDS="guild": must be true or false`}},
		{name: "ids of events", variables: map[string]string{"ARGUS_EVENT_GUILD_IDS": "1"}, want: []string{`ARGUS_EVENT_GUILD_IDS="1": must be true or false`}},
		{name: "no file of the users' key", opts: []Option{WithEventUserKeyFile("/absent")}, want: []string{`WithEventUserKeyFile="/absent": cannot read the key: file does not exist`}},
		{name: "empty name of the users' key", variables: map[string]string{"ARGUS_EVENT_USER_KEY_FILE": ""}, want: []string{`ARGUS_EVENT_USER_KEY_FILE="": must not be empty: unset it to have events without a user`}},
		{
			name: "empty users' key", variables: map[string]string{"ARGUS_EVENT_USER_KEY_FILE": "/run/key"}, files: map[string]string{"/run/key": "\n"},
			want: []string{`ARGUS_EVENT_USER_KEY_FILE="/run/key": the file is empty: write the key into it, or unset the variable`},
		},
		{
			name: "short users' key", variables: map[string]string{"ARGUS_EVENT_USER_KEY_FILE": "/run/key"}, files: map[string]string{"/run/key": "nobody but 31 bytes and no more" + "\n\n"},
			want: []string{`ARGUS_EVENT_USER_KEY_FILE="/run/key": the key in the file is too short: it must have at least 32 bytes, such as the output of openssl rand -hex 32`},
		},
		{name: "link to a trace without its id", variables: map[string]string{"ARGUS_TRACE_URL": "https://tempo.example/nobody"}, want: []string{`ARGUS_TRACE_URL=[hidden]: must contain the placeholder {trace_id}, such as https://jaeger.example.com/trace/{trace_id}`}},
		{name: "link to a trace with an unknown placeholder", opts: []Option{WithTraceURL("https://tempo.example/{trace_id}/{shard}")}, want: []string{`WithTraceURL([hidden]): has the placeholder "{shard}": known are {trace_id} and {span_id}; write other braces as %7B and %7D`}},
		{name: "link to a trace without a scheme", variables: map[string]string{"ARGUS_TRACE_URL": "jaeger:16686/{trace_id}"}, want: []string{`ARGUS_TRACE_URL=[hidden]: must be an http or https URL, such as https://jaeger.example.com/trace/{trace_id}`}},
		{name: "link to a trace with credentials", variables: map[string]string{"ARGUS_TRACE_URL": "https://me:nobody@tempo.example/{trace_id}"}, want: []string{`ARGUS_TRACE_URL=[hidden]: must not contain credentials: everyone who opens the page can read them; log in to the traces' page instead`}},
		{name: "link to a trace with the id as the host", variables: map[string]string{"ARGUS_TRACE_URL": "https://{trace_id}/"}, want: []string{`ARGUS_TRACE_URL=[hidden]: has a placeholder in the host: the host must be fixed`}},
		{name: "allowed host with a port", variables: map[string]string{"ARGUS_ALLOWED_HOSTS": "bot.example.com:9191"}, want: []string{`ARGUS_ALLOWED_HOSTS="bot.example.com:9191": must be a comma-separated list of host names such as bot.example.com, .example.com for all below it, or * for any`}},
		{name: "allowed host missing", opts: []Option{WithAllowedHosts("a", "")}, want: []string{`WithAllowedHosts("a,"): must be a comma-separated list of host names such as bot.example.com, .example.com for all below it, or * for any`}},
		{name: "allowed host with a pattern", opts: []Option{WithAllowedHosts("*.example.com")}, want: []string{`WithAllowedHosts("*.example.com"): must be a comma-separated list of host names such as bot.example.com, .example.com for all below it, or * for any`}},
		{name: "path without a slash", variables: map[string]string{"ARGUS_METRICS_PATH": "metrics"}, want: []string{`ARGUS_METRICS_PATH="metrics": must be a path such as /metrics: letters, digits and . _ ~ - between single slashes, with no slash at the end and no query`}},
		{name: "path of a probe", variables: map[string]string{"ARGUS_METRICS_PATH": "/readyz"}, want: []string{`ARGUS_METRICS_PATH="/readyz": is used by the server; choose another path, such as /metrics`}},
		{name: "path with a query", opts: []Option{WithMetricsPath("/m?x=1")}, want: []string{`WithMetricsPath("/m?x=1"): must be a path such as /metrics: letters, digits and . _ ~ - between single slashes, with no slash at the end and no query`}},
		{name: "path with dots", opts: []Option{WithMetricsPath("/a/../b")}, want: []string{`WithMetricsPath("/a/../b"): must be a path such as /metrics: letters, digits and . _ ~ - between single slashes, with no slash at the end and no query`}},
		{name: "token with a blank", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "tell nobody"}, want: []string{`ARGUS_METRICS_AUTH_TOKEN=[hidden]: must be letters, digits and . _ ~ + / -, with = at the end only (RFC 6750); look for a line break or a space`}},
		{name: "empty token by option", opts: []Option{WithAuthToken("")}, want: []string{`WithAuthToken([hidden]): must not be empty: leave it out to serve the page without a token`}},
		{name: "path of the live page", variables: map[string]string{"ARGUS_METRICS_PATH": "/login"}, want: []string{`ARGUS_METRICS_PATH="/login": is used by the live page and its API; choose another path, such as /metrics`}},
		{name: "path of the API", opts: []Option{WithMetricsPath("/api/v1/status")}, want: []string{`WithMetricsPath("/api/v1/status"): is used by the live page and its API; choose another path, such as /metrics`}},
		{name: "live page", variables: map[string]string{"ARGUS_DASHBOARD": "no"}, want: []string{`ARGUS_DASHBOARD="no": must be true or false`}},
		{name: "empty token of the live page", variables: map[string]string{"ARGUS_DASHBOARD_AUTH_TOKEN": ""}, want: []string{`ARGUS_DASHBOARD_AUTH_TOKEN=[hidden]: must not be empty: leave it out to serve the page without a token`}},
		{
			name: "token of the live page twice", variables: map[string]string{"ARGUS_DASHBOARD_AUTH_TOKEN": "nobody", "ARGUS_DASHBOARD_AUTH_TOKEN_FILE": "/run/token"}, files: map[string]string{"/run/token": "nobody"},
			want: []string{`ARGUS_DASHBOARD_AUTH_TOKEN and ARGUS_DASHBOARD_AUTH_TOKEN_FILE are both set: unset one of them`},
		},
		{name: "no file of the live page's token", variables: map[string]string{"ARGUS_DASHBOARD_AUTH_TOKEN_FILE": "/absent"}, want: []string{`ARGUS_DASHBOARD_AUTH_TOKEN_FILE="/absent": cannot read the token: file does not exist`}},
		{name: "no web configuration file", variables: map[string]string{"ARGUS_WEB_CONFIG_FILE": "/absent.yml"}, want: []string{`ARGUS_WEB_CONFIG_FILE="/absent.yml": cannot be read: stat /absent.yml: no such file or directory`}},
		{name: "empty web configuration file", opts: []Option{WithWebConfigFile("")}, want: []string{`WithWebConfigFile(""): must not be empty: unset it to serve plain HTTP`}},
		{name: "a token and basic authentication", variables: map[string]string{"ARGUS_WEB_CONFIG_FILE": "testdata/web.yml", "ARGUS_DASHBOARD_AUTH_TOKEN": "nobody"}, want: []string{`ARGUS_WEB_CONFIG_FILE="testdata/web.yml": has basic_auth_users, and there is also a token: a request can have only one of them, in its header Authorization; remove one`}},
		{name: "grafana without a scheme", variables: map[string]string{"ARGUS_GRAFANA_URL": "grafana:3000"}, want: []string{`ARGUS_GRAFANA_URL=[hidden]: must be an http or https URL, such as https://grafana.example.com/d/argus-cluster?var-cluster={cluster}`}},
		{name: "grafana as a script", variables: map[string]string{"ARGUS_GRAFANA_URL": "javascript:alert(1)"}, want: []string{`ARGUS_GRAFANA_URL=[hidden]: must be an http or https URL, such as https://grafana.example.com/d/argus-cluster?var-cluster={cluster}`}},
		{name: "grafana with credentials", variables: map[string]string{"ARGUS_GRAFANA_URL": "https://admin:nobody@g.example/"}, want: []string{`ARGUS_GRAFANA_URL=[hidden]: must not contain credentials: everyone who opens the page can read them; log in to Grafana instead`}},
		{name: "grafana with an unknown placeholder", opts: []Option{WithGrafanaURL("https://g.example/{bot}")}, want: []string{`WithGrafanaURL([hidden]): has the placeholder "{bot}": known are {cluster}, {shard}, {from} and {to}; write other braces as %7B and %7D`}},
		{name: "grafana with a brace", opts: []Option{WithGrafanaURL("https://g.example/{from")}, want: []string{`WithGrafanaURL([hidden]): has a brace without its other one: write braces as %7B and %7D`}},
		{name: "grafana with a placeholder as the host", opts: []Option{WithGrafanaURL("https://{cluster}.g.example/")}, want: []string{`WithGrafanaURL([hidden]): has a placeholder in the host: the host must be fixed`}},
		{
			name: "token twice", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "nobody", "ARGUS_METRICS_AUTH_TOKEN_FILE": "/run/token"}, files: map[string]string{"/run/token": "nobody"},
			want: []string{`ARGUS_METRICS_AUTH_TOKEN and ARGUS_METRICS_AUTH_TOKEN_FILE are both set: unset one of them`},
		},
		{name: "empty token", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN": ""}, want: []string{`ARGUS_METRICS_AUTH_TOKEN=[hidden]: must not be empty: leave it out to serve the page without a token`}},
		{name: "empty name of a token file", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN_FILE": ""}, want: []string{`ARGUS_METRICS_AUTH_TOKEN_FILE="": must not be empty: unset it to serve the page without a token`}},
		{name: "no token file", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN_FILE": "/absent"}, want: []string{`ARGUS_METRICS_AUTH_TOKEN_FILE="/absent": cannot read the token: file does not exist`}},
		{
			name: "empty token file", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN_FILE": "/run/token"}, files: map[string]string{"/run/token": "\n"},
			want: []string{`ARGUS_METRICS_AUTH_TOKEN_FILE="/run/token": the file is empty: write the token into it, or unset the variable`},
		},
		{
			name: "token file with two lines", variables: map[string]string{"ARGUS_METRICS_AUTH_TOKEN_FILE": "/run/token"}, files: map[string]string{"/run/token": "nobody\nelse"},
			want: []string{`ARGUS_METRICS_AUTH_TOKEN_FILE="/run/token": the token in the file must be letters, digits and . _ ~ + / -, with = at the end only (RFC 6750); look for a line break or a space`},
		},
		{name: "empty cluster", variables: map[string]string{"ARGUS_CLUSTER_ID": ""}, want: []string{`invalid cluster id "" from ARGUS_CLUSTER_ID: it is empty; set it to this process's name in the fleet, or remove the setting to use default`}},
		{name: "empty cluster by option", variables: map[string]string{"ARGUS_CLUSTER_ID": "fine"}, opts: []Option{WithClusterID("")}, want: []string{`invalid cluster id "" from WithClusterID: it is empty; set it to this process's name in the fleet, or remove the setting to use default`}},
		{name: "empty bot", variables: map[string]string{"ARGUS_BOT": ""}, want: []string{`invalid bot name "" from ARGUS_BOT: it is empty; set it, or remove the setting to have no label bot`}},
		{name: "region of blanks", opts: []Option{WithRegion(" ")}, want: []string{`invalid region " " from WithRegion: it begins or ends with a space; remove it`}},
		{name: "cluster of blanks", variables: map[string]string{"CLUSTER_ID": " "}, want: []string{`invalid cluster id " " from CLUSTER_ID: it begins or ends with a space; remove it`}},
		{name: "resource", variables: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "nobody"}, want: []string{`invalid OTEL_RESOURCE_ATTRIBUTES: entry 1 has no '='; write key=value pairs separated by commas, and %2C for a comma in a value`}},
		{name: "namespace with a blank", variables: map[string]string{"ARGUS_NAMESPACE": "my bot"}, want: []string{`ARGUS_NAMESPACE="my bot": must be a lower-case letter followed by at most 62 lower-case letters, digits and underscores`}},
		{name: "reserved namespace", opts: []Option{WithNamespace("argus")}, want: []string{`WithNamespace("argus"): is a prefix that other metrics use; choose another one`}},
		{name: "namespace of the runtime", variables: map[string]string{"ARGUS_NAMESPACE": "go"}, want: []string{`ARGUS_NAMESPACE="go": is a prefix that other metrics use; choose another one`}},
		{name: "process metrics", variables: map[string]string{"ARGUS_PROCESS_METRICS": "1"}, want: []string{`ARGUS_PROCESS_METRICS="1": must be true or false`}},
		{name: "acknowledgements", variables: map[string]string{"ARGUS_INTERACTION_ACKS": "off"}, want: []string{`ARGUS_INTERACTION_ACKS="off": must be true or false`}},
		{name: "log records", variables: map[string]string{"ARGUS_LOG_RECORDS": "error"}, want: []string{`ARGUS_LOG_RECORDS="error": must be true or false`}},
		{name: "poll without a unit", variables: map[string]string{"ARGUS_SESSION_START_POLL": "300"}, want: []string{`ARGUS_SESSION_START_POLL="300": must be a duration such as 5m or 1h, at least 1m, or 0`}},
		{name: "poll that is too frequent", variables: map[string]string{"ARGUS_SESSION_START_POLL": "10s"}, want: []string{`ARGUS_SESSION_START_POLL="10s": must be a duration such as 5m or 1h, at least 1m, or 0`}},
		{name: "poll before it began", opts: []Option{WithSessionStartPoll(-time.Hour)}, want: []string{`WithSessionStartPoll(-1h0m0s): must be a duration such as 5m or 1h, at least 1m, or 0`}},
		{name: "switch", variables: map[string]string{"OTEL_SDK_DISABLED": "yes"}, want: []string{`OTEL_SDK_DISABLED="yes": must be true or false`}},
		{
			name: "all at once", variables: map[string]string{"ARGUS_PORT": "abc", "ARGUS_PROCESS_METRICS": "on"},
			opts: []Option{
				WithNamespace("My"), WithSessions(nil), WithRegistry((*client.Registry)(nil), (*client.Registry)(nil)), WithServiceName(" "),
				WithResourceAttributes(attribute.String("cluster", "x"), attribute.String("bot", "x"), attribute.String("region", "x"), attribute.String("service.name", "x"), attribute.KeyValue{},
					attribute.String("telemetry.sdk.name", "x"), attribute.String("k", "\xff")),
			},
			want: []string{
				`WithSessions: session 0 is nil: call discordgo.New first, and check its error`,
				`WithRegistry: registerer and gatherer must both be given; a *prometheus.Registry is both`,
				`ARGUS_PORT="abc": must be a whole number from 1 to 65535`,
				`WithNamespace("My"): must be a lower-case letter followed by at most 62 lower-case letters, digits and underscores`,
				`ARGUS_PROCESS_METRICS="on": must be true or false`,
				`WithServiceName: service.name is empty; name the bot, or leave the setting out`,
				`resource attributes: the key cluster is set with WithClusterID`,
				`resource attributes: the key bot is set with WithBot`,
				`resource attributes: the key region is set with WithRegion`,
				`resource attributes: the key service.name is set with WithServiceName`,
				`resource attributes: the attribute "" has an empty key or no value`,
				`resource attributes: the key "telemetry.sdk.name" describes the SDK that is linked in and cannot be set`,
				`resource attributes: the attribute "k" is not UTF-8`,
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := resolve(environ(tc.variables, tc.files), collect(tc.opts))
			if err == nil {
				t.Fatal("no error")
			}
			if got, want := err.Error(), strings.Join(tc.want, "\n"); got != want {
				t.Errorf("error:\n got %s\nwant %s", got, want)
			}
			if strings.Contains(fmt.Sprintf("%+v", err), "nobody") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

// TestSwitchAlwaysWorks: OTEL_SDK_DISABLED=true gets the bot to run when another setting is wrong.
func TestSwitchAlwaysWorks(t *testing.T) {
	c, err := resolve(environ(map[string]string{"OTEL_SDK_DISABLED": "true", "ARGUS_PORT": "abc", "OTEL_METRICS_EXPORTER": "promethues", "CLUSTER_ID": ""}, nil), collect(nil))
	if err != nil {
		t.Fatalf("resolve: %v", err)
	}
	if !c.Disabled {
		t.Error("not disabled")
	}
	for _, problem := range []string{`ARGUS_PORT="abc"`, `OTEL_METRICS_EXPORTER="promethues"`, "from CLUSTER_ID"} {
		if refused := c.Refused(); refused == nil || !strings.Contains(refused.Error(), problem) {
			t.Errorf("refused is %v, which does not say %s", refused, problem)
		}
	}
	// What is refused has no effect, and is not said to have any.
	const want = "OTEL_METRICS_EXPORTER=prometheus (default) OTEL_TRACES_EXPORTER=none (default) OTEL_LOGS_EXPORTER=none (default) ARGUS_HOST=\"\" (default) ARGUS_PORT=9191 (default)"
	if got := c.String(); !strings.Contains(got, want) || !strings.Contains(got, `ARGUS_CLUSTER_ID="default" (default)`) {
		t.Errorf("the configuration is %s", got)
	}
}

func TestSecretIsHidden(t *testing.T) {
	c, err := resolve(environ(map[string]string{"ARGUS_METRICS_AUTH_TOKEN": "nobody", "ARGUS_EVENT_USER_KEY_FILE": "/run/key"}, map[string]string{"/run/key": "nobody " + userKey}), collect(nil))
	if err != nil {
		t.Fatalf("resolve: %v", err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, shown := range []any{c, &c, c.Config, c.token, c.eventKey} {
			if got := fmt.Sprintf(verb, shown); strings.Contains(got, "nobody") {
				t.Errorf("%s of %T shows the token: %s", verb, shown, got)
			}
		}
	}
	if !c.Authenticated {
		t.Error("Authenticated is false")
	}
}

func TestConfigIsACopy(t *testing.T) {
	c, err := resolve(environ(nil, nil), collect(nil))
	if err != nil {
		t.Fatalf("resolve: %v", err)
	}
	clone := c.clone()
	clone.Exporters[0] = "changed"
	clone.sources[envPort] = "changed"
	if !slices.Equal(c.Exporters, []Exporter{Prometheus}) || c.Source(envPort) != SourceDefault {
		t.Errorf("a change of the copy reached the original: %v", c.Config)
	}
}

func TestReadTokenFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if content, err := readTokenFile(write("token", 64<<10)); err != nil || len(content) != 64<<10 {
		t.Errorf("the longest file: %d bytes, %v", len(content), err)
	}
	if _, err := readTokenFile(write("long", 64<<10+1)); err == nil {
		t.Error("a file that is too long was read")
	}
}

// TestTokenFileIsNone: what is no file is not read, also where Argus is switched off, and settings are read all the same.
func TestTokenFileIsNone(t *testing.T) {
	t.Setenv("ARGUS_METRICS_AUTH_TOKEN_FILE", os.DevNull)
	_, err := Resolve()
	t.Setenv("OTEL_SDK_DISABLED", "true")
	c, disabled := Resolve()
	if disabled != nil {
		t.Errorf("switched off: %v", disabled)
	}
	want := fmt.Sprintf("ARGUS_METRICS_AUTH_TOKEN_FILE=%q: cannot read the token: it is not a regular file", os.DevNull)
	for _, got := range []error{err, c.Refused()} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("the error is %v, want %s", got, want)
		}
	}
}

// FuzzConfig gives every setting any value. What is accepted must work where it is used, and be accepted again; what is
// refused must be named, without a secret.
func FuzzConfig(f *testing.F) {
	for i, s := range settings {
		f.Add(uint8(i), "", false)
		f.Add(uint8(i), "abc", true)
		f.Add(uint8(i), s.variable+"=%zz,\x00", false)
	}
	for _, value := range []string{
		"9191", "0", "70000", "true", "prometheus,otlp", "none", "promethues", "/metrics", "/{a}", "/..", "/healthz", "::1", "[::1]",
		"fe80::1%eth0", "discord", "my bot", "cluster=a,b=c", "cluster=%ff", "a=b,c=d", "é\n",
	} {
		for i := range settings {
			f.Add(uint8(i), value, i%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, value string, both bool) {
		s := settings[int(which)%len(settings)]
		variables := map[string]string{s.variable: value}
		if both {
			variables["CLUSTER_ID"] = value
		}
		files := map[string]string{value: value}
		c, err := resolve(environ(variables, files), collect(nil))
		if err != nil {
			if !strings.Contains(err.Error(), s.variable) && !both {
				t.Fatalf("the error does not name %s: %v", s.variable, err)
			}
			if s.secret && !both && len(value) > 20 && strings.Contains(err.Error(), value) {
				t.Fatalf("the error shows the secret: %v", err)
			}
			return
		}
		if c.Refused() != nil && !c.Disabled {
			t.Fatalf("refused without the switch: %v", c.Refused())
		}
		if c.Port < 1 || c.Port > 65535 || c.ClusterID == "" || c.Namespace == "" || c.Namespace == "argus" {
			t.Fatalf("accepted %q as %v", value, c.Config)
		}
		http.NewServeMux().Handle(c.MetricsPath, http.NotFoundHandler()) // panics on a pattern
		if req, err := http.NewRequest(http.MethodGet, "http://x"+c.MetricsPath, nil); err != nil || req.URL.Path != c.MetricsPath {
			t.Fatalf("the path %q cannot be asked for: %v", c.MetricsPath, err)
		}
		again := maps.Clone(variables)
		again[envExporters], again[resource.EnvArgusClusterID], again["ARGUS_NAMESPACE"] = joinExporters(c.Exporters), c.ClusterID, c.Namespace
		d, err := resolve(environ(again, files), collect(nil))
		if err != nil {
			t.Fatalf("what was accepted is refused: %v", err)
		}
		if d.ClusterID != c.ClusterID || d.Namespace != c.Namespace || !slices.Equal(d.Exporters, c.Exporters) || d.token.reveal() != c.token.reveal() {
			t.Fatalf("read again, %v became %v", c.Config, d.Config)
		}
	})
}

// TestResolve: what Start would run with, and nothing is started.
func TestResolve(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("ARGUS_CLUSTER_ID", "eu-1")
	c, err := Resolve(WithAddr(listener.Addr().String()))
	if err != nil || c.ClusterID != "eu-1" || c.Source(envPort) != "WithAddr" || c.address() != listener.Addr().String() {
		t.Errorf("%v, %v", c, err)
	}
	t.Setenv("ARGUS_PORT", "abc")
	if c, err := Resolve(); err == nil || !strings.Contains(err.Error(), `ARGUS_PORT="abc"`) || c.String() != (Config{}).String() {
		t.Errorf("%v, %v", c, err)
	}
}
