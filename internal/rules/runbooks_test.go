package rules

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/promcheck"
)

// TestRunbooks: each alert has a runbook and each runbook an alert, and all have the same sections.
func TestRunbooks(t *testing.T) {
	pages := runbooks(t)
	for name, page := range pages {
		var headings []string
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "#") {
				headings = append(headings, strings.TrimSpace(line))
			}
		}
		want := []string{"# " + name, "## Impact", "## Diagnosis", "## Action", "## When to ignore"}
		if !slices.Equal(headings, want) {
			t.Errorf("the runbook of %s has the headings %q", name, headings)
		}
		if !slices.Contains(AlertNames(), name) {
			t.Errorf("docs/runbooks/%s.md has no alert", name)
		}
	}
	for _, alert := range AlertNames() {
		if _, ok := pages[alert]; !ok {
			t.Errorf("%s has no runbook: docs/runbooks/%s.md", alert, alert)
		}
	}
}

// runbooks returns the pages by name.
func runbooks(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "runbooks", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages[strings.TrimSuffix(filepath.Base(file), ".md")] = string(raw)
	}
	return pages
}

// panels returns the metrics that each panel shows. A panel is named "*Dashboard* → *Panel*".
func panels(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "dashboards", "json", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Title  string
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				name := "*" + strings.TrimPrefix(d.Title, "Argus / ") + "* → *" + p.Title + "*"
				all[name] = append(all[name], metrics(t, q.Expr)...)
			}
		}
	}
	return all
}

// metrics returns the metrics of an expression, with records expanded. A histogram is represented by its count.
func metrics(t *testing.T, expr string) []string {
	t.Helper()
	q, err := promcheck.Parse(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	var all []string
	for _, s := range q.Selectors {
		if record := recordNamed(s.Metric); record != "" {
			expanded, err := expand(record)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, metrics(t, expanded)...)
			continue
		}
		name := s.Metric
		for _, suffix := range []string{"_bucket", "_sum"} {
			if base, ok := strings.CutSuffix(name, suffix); ok {
				name = base + "_count"
			}
		}
		all = append(all, name)
	}
	return all
}

func recordNamed(name string) (expr string) {
	for _, g := range Records() {
		for _, r := range g.Records {
			if r.Name == name {
				return r.Expr
			}
		}
	}
	return ""
}

var (
	numbered = regexp.MustCompile(`(?m)^\d+\. `)
	panel    = regexp.MustCompile(`\*[^*\n]+\* → \*[^*\n]+\*`)
)

// TestRunbooksNameThePanels: each step with a query names existing panels that show one of the query's metrics, or says that no panel does.
func TestRunbooksNameThePanels(t *testing.T) {
	known := panels(t)
	steps, names := 0, 0
	for name, page := range runbooks(t) {
		_, rest, _ := strings.Cut(page, "## Diagnosis\n")
		look, _, _ := strings.Cut(rest, "\n## ")
		for _, step := range numbered.Split(look, -1)[1:] {
			var asked []string
			for _, block := range promql.FindAllStringSubmatch(step, -1) {
				for line := range strings.Lines(block[1]) {
					asked = append(asked, metrics(t, line)...)
				}
			}
			found := panel.FindAllString(step, -1)
			none := strings.Contains(step, "No panel shows this.")
			if steps++; asked != nil && (len(found) > 0) == none {
				t.Errorf("%s: the step must either name a panel or say that there is none: %s", name, step)
			}
			for _, p := range found {
				names++
				shown, ok := known[p]
				if !ok {
					t.Errorf("%s names %s, which does not exist", name, p)
				} else if asked != nil && !slices.ContainsFunc(shown, func(m string) bool { return slices.Contains(asked, m) }) {
					t.Errorf("%s names %s, which shows none of %v", name, p, asked)
				}
			}
		}
	}
	if steps < 50 || names < 60 {
		t.Errorf("only %d steps and %d panels: does the test still read the runbooks right?", steps, names)
	}
}
