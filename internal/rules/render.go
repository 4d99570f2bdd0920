package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	header   = "# Generated from internal/rules by go generate. Do not edit.\n"
	indented = "  "
)

// Files renders everything: paths from the repository's root, and contents.
func Files() (map[string]string, error) {
	records, err := recordGroups()
	if err != nil {
		return nil, err
	}
	alerts, err := alertGroups()
	if err != nil {
		return nil, err
	}
	page, err := document()
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"dashboards/rules/prometheus/recording.rules.yml": header + records,
		"dashboards/rules/prometheus/alerts.rules.yml":    header + alerts,
		"dashboards/rules/mixin/prometheus_rules.yaml":    header + records,
		"dashboards/rules/mixin/prometheus_alerts.yaml":   header + alerts,
		"dashboards/rules/operator/recording.yaml":        header + object("argus-recording", records),
		"dashboards/rules/operator/alerts.yaml":           header + object("argus-alerts", alerts),
		"docs/ALERTS.md":                                  page,
	}, nil
}

// object wraps groups in a PrometheusRule.
func object(name, groups string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: %s\n  labels:\n", name)
	b.WriteString("    app.kubernetes.io/name: argus\n    app.kubernetes.io/part-of: argus\nspec:\n")
	b.WriteString(indent(groups, indented))
	return b.String()
}

func recordGroups() (string, error) {
	var b strings.Builder
	var errs []error
	b.WriteString("groups:\n")
	for _, g := range Records() {
		fmt.Fprintf(&b, "  - name: %s\n", g.Name)
		if g.Every != "" {
			fmt.Fprintf(&b, "    interval: %s\n", g.Every)
		}
		b.WriteString("    rules:\n")
		for _, r := range g.Records {
			expr, err := expand(r.Expr)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", r.Name, err))
			}
			fmt.Fprintf(&b, "      - record: %s\n", r.Name)
			writeExpr(&b, expr)
		}
	}
	return b.String(), errors.Join(errs...)
}

func alertGroups() (string, error) {
	var b strings.Builder
	var errs []error
	b.WriteString("groups:\n")
	for _, g := range Alerts() {
		fmt.Fprintf(&b, "  - name: %s\n    rules:\n", g.Name)
		for _, a := range g.Alerts {
			expr, err := expand(a.Expr)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", a.Name, err))
			}
			for _, t := range used(a.Expr) {
				fmt.Fprintf(&b, "      # %s = %s: %s\n", t.Name, t.Value, t.Reason)
				if t.Source != "" {
					fmt.Fprintf(&b, "      #   %s\n", t.Source)
				}
			}
			fmt.Fprintf(&b, "      - alert: %s\n", a.Name)
			writeExpr(&b, expr)
			if a.For != "" {
				fmt.Fprintf(&b, "        for: %s\n", a.For)
			}
			if a.Keep != "" {
				fmt.Fprintf(&b, "        keep_firing_for: %s\n", a.Keep)
			}
			fmt.Fprintf(&b, "        labels:\n          severity: %s\n", a.Severity)
			fmt.Fprintf(&b, "        annotations:\n          summary: %s\n          description: %s\n          runbook_url: %s\n",
				strconv.Quote(a.Summary), strconv.Quote(a.Description), a.RunbookURL())
		}
	}
	return b.String(), errors.Join(errs...)
}

func writeExpr(b *strings.Builder, expr string) {
	b.WriteString("        expr: |-\n" + indent(expr+"\n", "          "))
}

func indent(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(by)
		}
		b.WriteString(line)
	}
	return b.String()
}

const documentHead = `# Alerts

<!-- Generated from internal/rules by go generate. Do not edit. -->

Alerts of [dashboards/rules](../dashboards/rules/README.md) with their runbooks, their thresholds, and the recording rules.

- ` + "`critical`" + `: act now. Users are affected or soon will be, and it does not recover by itself.
- ` + "`warning`" + `: act today.
- ` + "`info`" + `: context for other investigations.

Besides the listed labels, each alert has ` + "`job`" + ` and, if set, ` + "`bot`" + `, which identify the bot. ArgusScrapeFails has the labels of the scrape.

`

// readable is a summary without template syntax and without the bot, which every alert names.
func readable(summary string) string {
	return template.ReplaceAllString(strings.NewReplacer(" of "+theBot, "", inRegion, "").Replace(summary), "*$1*")
}

var template = regexp.MustCompile(`{{ \$(?:labels\.)?(\w+)[^}]*}}`)

// document is docs/ALERTS.md.
func document() (string, error) {
	var b strings.Builder
	b.WriteString(documentHead)
	for _, g := range Alerts() {
		fmt.Fprintf(&b, "## %s\n\n| alert | severity | labels | for | summary |\n| --- | --- | --- | --- | --- |\n", g.Title)
		for _, a := range g.Alerts {
			after := a.For
			if after == "" {
				after = "0"
			}
			level := a.Level
			if level == levelBot {
				level = "–"
			}
			fmt.Fprintf(&b, "| [%[1]s](runbooks/%[1]s.md) | %s | %s | %s | %s |\n", a.Name, a.Severity, level, after, readable(a.Summary))
		}
		b.WriteString("\n")
	}
	b.WriteString("## Thresholds\n\n")
	b.WriteString("| threshold | value | reason |\n| --- | --- | --- |\n")
	for _, t := range Thresholds() {
		reason := t.Reason
		if t.Source != "" {
			reason += " [Source](" + t.Source + ")"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", t.Name, strings.ReplaceAll(t.Value, "|", `\|`), reason)
	}
	b.WriteString("\n## Recording rules\n\nNames are `level:metric:operations`. The level is the labels besides `job` and `bot`, or `bot` if there are no others.\n\n")
	about := ""
	for _, g := range Records() {
		for _, r := range g.Records {
			// Rules in a row that differ in their window only share an entry.
			switch {
			case about == r.About:
				b.WriteString(", ")
			case about != "":
				fmt.Fprintf(&b, ": %s\n- ", about)
			default:
				b.WriteString("- ")
			}
			fmt.Fprintf(&b, "`%s`", r.Name)
			about = r.About
		}
	}
	fmt.Fprintf(&b, ": %s\n", about)
	text, err := expand(b.String())
	return text + "\n", err
}

// AlertNames returns the names of all alerts, sorted.
func AlertNames() []string {
	var names []string
	for _, g := range Alerts() {
		for _, a := range g.Alerts {
			names = append(names, a.Name)
		}
	}
	slices.Sort(names)
	return names
}
