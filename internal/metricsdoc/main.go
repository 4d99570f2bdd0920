// Command metricsdoc writes docs/METRICS.md from the catalog.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

func main() {
	// go generate runs in the folder of the file that asks for it: internal/catalog.
	path := filepath.Join("..", "..", "docs", "METRICS.md")
	var page strings.Builder
	write(&page)
	if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil { //nolint:gosec // a document that everybody may read
		fmt.Fprintln(os.Stderr, "metricsdoc:", err)
		os.Exit(1)
	}
}

const head = `# Metrics

<!-- Generated from internal/catalog by go generate. Do not edit. -->

Every series that Argus makes, as Prometheus shows it. The names and labels are the same whether the data was scraped or pushed.

On **every** series there are also labels from the OpenTelemetry resource: ` + "`cluster`" + `, the name of the process, and, where they are set,
` + "`bot`" + ` (` + "`ARGUS_BOT`" + `), the name of the bot, and ` + "`region`" + ` (` + "`ARGUS_REGION`" + `), where the process runs. Bots are told apart by ` + "`job`" + ` and ` + "`bot`" + `:
[HOSTING.md](HOSTING.md#which-bot-is-it). No guild, user, channel, message, token or raw path is ever a label.

With a namespace (` + "`ARGUS_NAMESPACE=mybot`" + `) the prefix ` + "`discord`" + ` of each name becomes ` + "`mybot`" + `; names that begin with ` + "`argus`" + ` stay.

Histograms have the bucket bounds %s seconds.
The bound at 3 is Discord's deadline for the first answer to an interaction.

The Go runtime and the process are measured too, under the names that the Prometheus client gives them (` + "`go_*`, `process_*`" + `),
unless that is switched off.

`

func write(w io.Writer) {
	fmt.Fprintf(w, head, bounds(catalog.AppCommandDuration.Buckets))
	section := ""
	for _, i := range catalog.All() {
		if i.Section != section {
			section = i.Section
			fmt.Fprintf(w, "## %s\n\n", section)
		}
		fmt.Fprintf(w, "### `%s`\n\n%s.\n\n", i.PrometheusName(), i.Description)
		fmt.Fprintf(w, "- OpenTelemetry: `%s`, %s", i.Name, i.Kind)
		if i.Unit != "" {
			fmt.Fprintf(w, ", unit `%s`", i.Unit)
		}
		fmt.Fprintln(w)
		for _, l := range i.Labels {
			fmt.Fprintf(w, "- `%s`: %s\n", l.Name, labelText(l))
		}
		if i.Notes != "" {
			fmt.Fprintf(w, "\n%s\n", i.Notes)
		}
		fmt.Fprintln(w)
	}
	routes(w)
}

// labelText lists a short closed set and counts a long one.
func labelText(l catalog.Label) string {
	if l.Values == nil {
		return l.Bound
	}
	return "`" + strings.Join(l.Values, "`, `") + "`"
}

func routes(w io.Writer) {
	fmt.Fprint(w, "## Routes\n\nThe values of the label `route`; a path that matches none of them is `other`.\n\n")
	for _, r := range catalog.Routes() {
		fmt.Fprintf(w, "- `%s`\n", r)
	}
}

func bounds(buckets []float64) string {
	texts := make([]string, len(buckets))
	for i, b := range buckets {
		texts[i] = strconv.FormatFloat(b, 'g', -1, 64)
	}
	return strings.Join(texts, ", ")
}
