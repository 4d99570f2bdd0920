package demo

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/cli"
)

// introduce says what this is, where to look, and for what.
func (d *demo) introduce() {
	var b strings.Builder
	if live := d.clusters[0].argus.DashboardURL(); live != "" {
		fmt.Fprintf(&b, "Live page: %s\n\n", live)
	}
	fmt.Fprintf(&b, `Argus demo: a bot with %s in %s. Real discordgo sessions,
a fake Discord in this process, no token and no internet access.

`, cli.Count(d.shards, "shard"), cli.Count(d.guilds, "guild"))
	switch {
	case d.process >= 0:
		from, end := d.shardsOf(d.process)
		fmt.Fprintf(&b, "This is process %d of %d, counted from 0, with %s. Run the others with the same command\n"+
			"and another --process. Each has its own fake Discord.\n\n", d.process, d.processes, shardRange(from, end))
	case d.processes > 1:
		fmt.Fprintf(&b, "The shards are split among %d clusters, each with its own port. All clusters run in this\n"+
			"process, so their go_* and process_* metrics are the same.\n\n", d.processes)
	}
	first := d.clusters[0].argus.Config()
	switch {
	case first.Disabled:
		fmt.Fprint(&b, "OTEL_SDK_DISABLED is true: the bot runs without metrics.\n\n")
	case len(first.Exporters) == 0:
		fmt.Fprint(&b, "OTEL_METRICS_EXPORTER is none: metrics are collected, but not exported.\n\n")
	default:
		for _, e := range first.Exporters {
			switch e {
			case argus.Prometheus:
				d.writePages(&b)
			default:
				fmt.Fprintf(&b, "Metrics are pushed with the exporter %s (OTEL_METRICS_EXPORTER).\n\n", e)
			}
		}
		d.writeFirstLooks(&b)
	}
	d.writeTraces(&b)
	d.writeAnalytics(&b)
	d.writeScenarios(&b)
	if d.typed != nil {
		fmt.Fprintf(&b, "To switch to another scenario, type its name, such as storm, and press Enter. ")
	}
	fmt.Fprint(&b, "Press Ctrl-C to stop.\n\n")
	_, _ = d.screen.Write([]byte(b.String()))
}

// announce says what is different from the run before.
func (d *demo) announce() {
	var b strings.Builder
	fmt.Fprintln(&b, "\nThe bot has been restarted.")
	d.writeScenarios(&b)
	fmt.Fprintln(&b)
	_, _ = d.screen.Write([]byte(b.String()))
}

func (d *demo) writeScenarios(b *strings.Builder) {
	for _, sc := range d.scenarios {
		d.writeScenario(b, sc)
	}
	if len(d.scenarios) == 0 {
		fmt.Fprintf(b, "Each kind of fault happens once in the first %v: dropped connections, op 7 and 9, guild outages,\n"+
			"rate limits.\n", d.pace.firstFaults)
	} else {
		fmt.Fprint(b, "docs/SCENARIOS.md describes what happens and what to do.\n")
	}
}

func (d *demo) writePages(b *strings.Builder) {
	for _, c := range d.clusters {
		metrics, listening := page(c.argus)
		note := fmt.Sprintf("cluster=%q", c.argus.Config().ClusterID)
		if d.processes > 1 {
			from, end := d.shardsOf(c.process)
			note += ", " + shardRange(from, end)
		}
		if !listening {
			note += ", NOT LISTENING YET, see above"
		}
		if live := c.argus.DashboardURL(); live != "" {
			fmt.Fprintf(b, "  page     %s\n", live)
		}
		fmt.Fprintf(b, "  metrics  %s  (%s)\n", metrics, note)
		fmt.Fprintf(b, "  healthz  %s\n", beside(metrics, "/healthz"))
		fmt.Fprintf(b, "  readyz   %s\n", beside(metrics, "/readyz"))
	}
	fmt.Fprintln(b)
}

// page is where the metrics are, or will be once the port is free.
func page(a *argus.Argus) (metrics string, listening bool) {
	if metrics = a.URL(); metrics != "" {
		return metrics, true
	}
	c := a.Config()
	host := c.Host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if c.TLS {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(c.Port)) + c.MetricsPath, false
}

// beside is another path of the same server.
func beside(metrics, path string) string {
	u, err := url.Parse(metrics)
	if err != nil {
		return metrics
	}
	u.Path = path
	return u.String()
}

func (d *demo) writeFirstLooks(b *strings.Builder) {
	c := d.clusters[0].argus.Config()
	for _, e := range c.Exporters {
		if e != argus.Prometheus {
			continue
		}
		metrics, _ := page(d.clusters[0].argus)
		fetch := "curl -s " + metrics
		if c.Authenticated {
			fetch = "curl -s -H \"Authorization: Bearer $ARGUS_METRICS_AUTH_TOKEN\" " + metrics
		}
		fmt.Fprint(b, "First things to look at:\n\n")
		for _, look := range []struct{ what, pattern string }{
			{"shards: state, heartbeat, reconnects, causes of disconnects", "^" + d.namespace() + "_shard_(up|latency|reconnects|disconnects)"},
			{"commands: count and status", "^" + d.metric(catalog.AppCommands)},
			{"errors and rate limits", "^" + d.metric(catalog.CommandErrors) + "|^" + d.metric(catalog.RateLimits)},
		} {
			fmt.Fprintf(b, "  # %s\n  %s | grep -E '%s'\n", look.what, fetch, look.pattern)
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintf(b, "In Prometheus:\n\n"+
		"  sum by (cluster) (rate(%s[1m]))\n"+
		"  %s == 0\n"+
		"  histogram_quantile(0.95, sum by (le, command) (rate(%s_bucket[1m])))\n\n",
		d.metric(catalog.Interactions), d.metric(catalog.ShardUp), d.metric(catalog.AppCommandDuration))
}

func (d *demo) writeScenario(b *strings.Builder, sc *scenario) {
	fmt.Fprintf(b, "Scenario %s: %s.\n\n", sc.name, sc.summary)
	for _, look := range sc.looks {
		fmt.Fprintf(b, "  # %s\n  %s\n", look.what, d.renamed(look.query))
	}
	fmt.Fprintln(b)
}

// renamed is a query in the namespace that is set.
func (d *demo) renamed(query string) string {
	return strings.ReplaceAll(query, catalog.Namespace+"_", d.namespace()+"_")
}

// metric is the name of an instrument in Prometheus, in the namespace that is set.
func (d *demo) metric(i catalog.Instrument) string {
	return i.In(d.namespace()).PrometheusName()
}

func (d *demo) namespace() string { return d.clusters[0].argus.Config().Namespace }

func shardRange(from, end int) string {
	if end-from == 1 {
		return "shard " + strconv.Itoa(from)
	}
	return fmt.Sprintf("shards %d to %d", from, end-1)
}
