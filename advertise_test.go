package argus

import (
	"strings"
	"testing"

	"github.com/argus-dgo/argus/resource"
)

// TestAdvertised: the URL of the metrics page is in the resource, with the port, the path and the scheme that the server has.
func TestAdvertised(t *testing.T) {
	for _, tc := range []struct {
		name      string
		variables map[string]string
		files     map[string]string
		opts      []Option
		want      string // "": there is no such attribute
		wrong     string // in the error
	}{
		{name: "by default"},
		{name: "host", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "10.0.0.7"}, want: "http://10.0.0.7:9191/metrics"},
		{name: "host and port", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "bot-3.example.com:19191", "ARGUS_METRICS_PATH": "/own/metrics"}, want: "http://bot-3.example.com:19191/own/metrics"},
		{name: "IPv6", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "fd00::7", "ARGUS_PORT_BASE": "9200", "CLUSTER_ID": "3"}, want: "http://[fd00::7]:9203/metrics"},
		{name: "IPv6 and port", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "[fd00::7]:80"}, want: "http://[fd00::7]:80/metrics"},
		{name: "option", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": ":"}, opts: []Option{WithAdvertiseAddr("bot")}, want: "http://bot:9191/metrics"},
		{name: "before the resource's own", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "bot", "OTEL_RESOURCE_ATTRIBUTES": "argus.scrape.url=http://other/"}, want: "http://bot:9191/metrics"},
		{name: "the resource's own", variables: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "argus.scrape.url=http://other/"}, want: "http://other/"},
		{name: "no server", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "bot", "OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}, wrong: `ARGUS_ADVERTISE_ADDR="bot": nothing is served: add prometheus to OTEL_METRICS_EXPORTER`},
		{name: "any port", opts: []Option{WithAdvertiseAddr("bot"), WithPort(0)}, wrong: `WithAdvertiseAddr="bot": the port is not known before the start`},
		{name: "any port, but one is told", opts: []Option{WithAdvertiseAddr("bot:1"), WithPort(0)}, want: "http://bot:1/metrics"},
		{name: "all addresses", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "0.0.0.0:9191"}, wrong: `ARGUS_ADVERTISE_ADDR="0.0.0.0:9191": must be a host name or an IP address that others reach`},
		{name: "no host", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": ":9191"}, wrong: "must be a host name"},
		{name: "empty port", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "bot:"}, wrong: "must be a host name"},
		{name: "port", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "bot:70000"}, wrong: "must be a host name"},
		{name: "URL", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "http://bot:9191"}, wrong: "must be a host name"},
		{name: "credentials", variables: map[string]string{"ARGUS_ADVERTISE_ADDR": "user@bot"}, wrong: "must be a host name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := resolve(environ(tc.variables, tc.files), collect(tc.opts))
			if tc.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wrong) {
					t.Fatalf("the error is %v, want %s", err, tc.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, _ := c.resource.Set().Value(resource.ScrapeURLKey)
			if got.AsString() != tc.want {
				t.Errorf("the URL is %q, want %q", got.AsString(), tc.want)
			}
		})
	}
}

// TestAdvertisedTLS: over TLS, the URL says so.
func TestAdvertisedTLS(t *testing.T) {
	c, err := resolve(environ(map[string]string{"ARGUS_ADVERTISE_ADDR": "bot"}, nil), collect(nil))
	if err != nil {
		t.Fatal(err)
	}
	d := &draft{resolved: c}
	d.TLS = true
	if err := d.settleAdvertised(); err != nil {
		t.Fatal(err)
	}
	if got, _ := d.resource.Set().Value(resource.ScrapeURLKey); got.AsString() != "https://bot:9191/metrics" {
		t.Errorf("the URL is %q", got.AsString())
	}
}
