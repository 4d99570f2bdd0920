package findings

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/argus-dgo/argus/internal/rules"
)

// TextOptions say how a report is written.
type TextOptions struct {
	All   bool // every finding in full, instead of a screen
	Why   bool // the query and the value behind each sentence
	Color bool
}

// width is that of a terminal.
const width = 80

// Text writes a report for a terminal, worst first.
func (r Report) Text(w io.Writer, o TextOptions) error {
	t := text{options: o, at: r.At}
	t.line(bold(verdictColor(r.Verdict())), "", r.Headline())
	groups := alike(r.Findings, o.All)
	for i, g := range groups {
		t.blank()
		if i > 0 && !o.All {
			t.line("", "", marker(g[0])+g[0].Sentence+t.since(g[0])+"."+besides(g))
			continue
		}
		t.finding(g, "")
	}
	for i, g := range r.Gaps {
		if i == 0 {
			t.blank()
		}
		t.line("", "", "Cannot tell "+g.What+". "+g.How)
	}
	if len(groups) > 1 && !o.All {
		t.blank()
		t.line("", "", "--all shows every finding in full.")
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// Headline is the verdict in one sentence.
func (r Report) Headline() string {
	seen := plural(r.Processes, "process", "processes")
	switch n := len(r.Findings); r.Verdict() {
	case CannotTell:
		return "Cannot tell: no process of a bot was seen."
	case Affected:
		return fmt.Sprintf("Users are affected: %s in %s.", plural(n, "finding", "findings"), seen)
	case Look:
		return fmt.Sprintf("Nobody is affected, but look at %s today (%s).", plural(n, "finding", "findings"), seen)
	}
	if r.Checked < r.All {
		return fmt.Sprintf("Nothing is wrong in %s, by %d of %d checks.", seen, r.Checked, r.All)
	}
	return fmt.Sprintf("All is well in %s: %d checks, nothing found.", seen, r.All)
}

type text struct {
	b       strings.Builder
	options TextOptions
	at      time.Time
}

// alike groups findings of one kind and cause, unless each is wanted.
func alike(findings []Finding, each bool) (groups [][]Finding) {
	for _, f := range findings {
		i := -1
		if !each {
			i = slices.IndexFunc(groups, func(g []Finding) bool { return g[0].ID == f.ID && g[0].Blame == f.Blame && len(f.Under) == 0 })
		}
		if i >= 0 {
			groups[i] = append(groups[i], f)
			continue
		}
		groups = append(groups, []Finding{f})
	}
	return groups
}

// besides says what else a group is about, by the labels in which it differs.
func besides(g []Finding) string {
	if len(g) < 2 {
		return ""
	}
	for _, name := range []string{"shard", "command", "cluster", "region", "instance", "code", "hook", "subsystem"} {
		var values []string
		for _, f := range g[1:] {
			if v := f.Subject[name]; v != g[0].Subject[name] && !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		if len(values) > 0 {
			return fmt.Sprintf(" The same for %s %s.", name, list(values))
		}
	}
	return fmt.Sprintf(" The same %d more times.", len(g)-1)
}

func (t *text) finding(g []Finding, indent string) {
	f, inner := g[0], indent+"   "
	t.line(bold(severityColor(f)), indent, marker(f)+f.Sentence+"."+besides(g))
	t.line("", inner, fmt.Sprintf("%s%s", upper(strings.TrimPrefix(t.since(f), ", ")), blamed(f)))
	for _, sentence := range []string{f.Cause, f.Detail} {
		if sentence != "" {
			t.line("", inner, sentence)
		}
	}
	for _, c := range f.Changed {
		t.line("", inner, fmt.Sprintf("At that time: %s (%s).", c.What, clock(c.At)))
	}
	for _, not := range f.Not {
		t.line("", inner, not)
	}
	if f.Do != "" {
		t.line("", inner, "Do: "+f.Do)
	}
	t.raw(inner + "Runbook: " + f.Runbook)
	if t.options.Why {
		for _, e := range f.Evidence {
			t.line("", inner, fmt.Sprintf("Evidence: %s: %.4g", e.Says, e.Value))
			for line := range strings.Lines(e.Query) {
				t.raw(inner + "  " + strings.TrimRight(line, "\n"))
			}
		}
	}
	for _, u := range alike(f.Under, t.options.All) {
		if t.options.All {
			t.finding(u, inner)
			continue
		}
		t.line("", inner, "Follows from it: "+u[0].Sentence+"."+besides(u))
	}
}

func (t *text) since(f Finding) string {
	if f.Since.IsZero() {
		return ""
	}
	word := "since"
	if f.Before {
		word = "since before"
	}
	return fmt.Sprintf(", %s %s (%s)", word, clock(f.Since), ago(t.at.Sub(f.Since)))
}

func blamed(f Finding) string {
	if f.Blame == Unknown {
		return ""
	}
	if f.Since.IsZero() {
		return "Caused by " + string(f.Blame) + "."
	}
	return ", caused by " + string(f.Blame) + "."
}

// line writes a text in lines of at most width columns.
func (t *text) line(color, indent, s string) {
	if s == "" {
		return
	}
	first := true
	for line := range wrap(s, width-utf8.RuneCountInString(indent)-3) {
		extra := ""
		if !first {
			extra = "   "
		}
		if t.options.Color && color != "" {
			line = color + line + "\x1b[0m"
		}
		t.raw(indent + extra + line)
		first = false
	}
}

func (t *text) raw(s string) { t.b.WriteString(s + "\n") }

func (t *text) blank() { t.b.WriteString("\n") }

// wrap yields the lines of a text.
func wrap(s string, width int) func(func(string) bool) {
	return func(yield func(string) bool) {
		line := ""
		for word := range strings.FieldsSeq(s) {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				if !yield(line) {
					return
				}
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		if line != "" {
			yield(line)
		}
	}
}

func marker(f Finding) string {
	switch {
	case f.Affects:
		return "!! "
	case f.Severity == rules.Info:
		return "i "
	}
	return "! "
}

const (
	red, yellow, green = "31", "33", "32"
)

func bold(color string) string { return "\x1b[1;" + color + "m" }

func severityColor(f Finding) string {
	if f.Affects {
		return red
	}
	return yellow
}

func verdictColor(v Verdict) string {
	return map[Verdict]string{Calm: green, Look: yellow, Affected: red, CannotTell: yellow}[v]
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s ago", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min ago", d.Minutes())
	}
	return fmt.Sprintf("%.1f h ago", d.Hours())
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
