// Command metricsdoc writes docs/METRICS.md from the catalog.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

const head = `# Metrics

<!-- Generated from internal/catalog by go generate. Do not edit. -->

All metrics of Argus, with Prometheus and OpenTelemetry names. Scrape and push give the same series. [metrics.json](metrics.json) has the
same catalog for programs, with every value of every label and all units.

- **Resource labels:** every series has ` + "`cluster`" + `, the name of the process, and, if set, ` + "`bot`" + ` (` + "`ARGUS_BOT`" + `) and ` + "`region`" + ` (` + "`ARGUS_REGION`" + `).
  Bots are distinguished by ` + "`job` and `bot`" + `: see [HOSTING.md](HOSTING.md#which-bot-is-it).
- **Namespace:** ` + "`ARGUS_NAMESPACE=mybot`" + ` replaces the prefix ` + "`discord`" + `. The prefix ` + "`argus`" + ` never changes.
- **Tapped sessions** are attached before ` + "`Open`" + `, so that Argus reads their gateway connections. Metrics that need this are absent for other sessions.
- **Unknown values** are absent, never 0. If a note names series that exist at 0 from the start, the others of that metric appear with their first event.
- **Histograms** have the bounds %s seconds; 3 is Discord's deadline for answering an interaction.
- **Runtime:** ` + "`go_*` and `process_*`" + ` come from the Prometheus client, unless switched off (` + "`ARGUS_PROCESS_METRICS=false`" + `).

Common labels; no guild, user, channel, message, token or raw path is ever a label:

| label | values |
| --- | --- |
`

func main() {
	// go generate runs in the folder of the file that asks for it: internal/catalog.
	path := filepath.Join("..", "..", "docs", "METRICS.md")
	var page strings.Builder
	err := write(&page)
	if err == nil {
		err = os.WriteFile(path, []byte(page.String()), 0o644) //nolint:gosec // a document that everybody may read
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "metricsdoc:", err)
		os.Exit(1)
	}
}

func write(w io.Writer) error {
	fmt.Fprintf(w, head, bounds(catalog.AppCommandDuration.Buckets))
	shared := sharedLabels()
	for _, l := range shared {
		text, err := labelText(l)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "| `%s` | %s |\n", l.Name, text)
	}
	fmt.Fprintln(w)
	section := ""
	for _, i := range catalog.All() {
		if i.Section != section {
			section = i.Section
			fmt.Fprintf(w, "## %s\n\n", section)
		}
		kind := i.Kind.String()
		fmt.Fprintf(w, "### `%s`\n\n%s. %s `%s`", i.PrometheusName(), i.Description, strings.ToUpper(kind[:1])+kind[1:], i.Name)
		if i.Unit != "" && !strings.HasPrefix(i.Unit, "{") {
			fmt.Fprintf(w, ", unit `%s`", i.Unit)
		}
		var common []string
		var bullets strings.Builder
		for _, l := range i.Labels {
			text, err := labelText(l)
			switch {
			case err != nil:
				return fmt.Errorf("%s: %w", i.Name, err)
			case slices.ContainsFunc(shared, func(s catalog.Label) bool { return s.Name == l.Name }):
				common = append(common, "`"+l.Name+"`")
			default:
				fmt.Fprintf(&bullets, "- `%s`: %s\n", l.Name, text)
			}
		}
		if common != nil {
			fmt.Fprintf(w, ", by %s", strings.Join(common, ", "))
		}
		fmt.Fprint(w, ".\n")
		if bullets.Len() > 0 {
			fmt.Fprintf(w, "\n%s", bullets.String())
		}
		if i.Notes != "" {
			fmt.Fprintf(w, "\n%s\n", i.Notes)
		}
		fmt.Fprintln(w)
	}
	return nil
}

// sharedLabels returns the labels that three or more instruments have with one
// meaning and whose values take more than a word or two, in the order of their
// first use. The page describes them once.
func sharedLabels() (shared []catalog.Label) {
	uses := map[string]int{}
	for _, i := range catalog.All() {
		for _, l := range i.Labels {
			text, _ := labelText(l) // write returns the error
			if len(l.Values) > 0 && len(l.Values) < 5 {
				continue
			}
			if uses[l.Name+text]++; uses[l.Name+text] == 3 {
				shared = append(shared, l)
			}
		}
	}
	return shared
}

// mostValues is the longest set of values that the page lists. metrics.json has
// the longer ones.
const mostValues = 40

// longSets describes the sets that are longer.
var longSets = map[string]string{
	"event":      "a dispatch that [Discord documents](https://docs.discord.com/developers/events/gateway-events#receive-events), or `unknown`",
	"error_code": "a code that [Discord documents](https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes), or `other`",
}

// labelText lists a short closed set and describes a long one.
func labelText(l catalog.Label) (string, error) {
	switch {
	case l.Values == nil:
		return l.Bound, nil
	case len(l.Values) <= mostValues:
		return "`" + strings.Join(l.Values, "`, `") + "`", nil
	}
	text, ok := longSets[l.Name]
	if !ok {
		return "", fmt.Errorf("label %s has %d values and no description: add one to longSets", l.Name, len(l.Values))
	}
	return text, nil
}

func bounds(buckets []float64) string {
	texts := make([]string, len(buckets))
	for i, b := range buckets {
		texts[i] = strconv.FormatFloat(b, 'g', -1, 64)
	}
	return strings.Join(texts, ", ")
}
