package checks

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/argus-dgo/argus/internal/cli"
)

// A State is how a check ended.
type State string

// The states. Only a failure makes the exit code 1.
const (
	OK      State = "ok"
	Warning State = "warning"
	Failure State = "fail"
	Skipped State = "skipped"
)

// A Finding is the result of a check: what was seen, and what to do about it.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Text  string `json:"text"`
	Do    string `json:"do,omitempty"`
}

// A Setting is a value of the configuration and where it came from.
type Setting struct {
	Name     string `json:"name"`
	Variable string `json:"variable,omitempty"`
	Value    string `json:"value"`
	Source   string `json:"source"`
}

// A Report is the result of all checks.
type Report struct {
	// Title is the heading of the settings in the text.
	Title    string    `json:"-"`
	Settings []Setting `json:"settings"`
	Checks   []Finding `json:"checks"`
	Failures int       `json:"failures"`
	Warnings int       `json:"warnings"`
}

// Add appends findings and counts them.
func (r *Report) Add(findings ...Finding) {
	for _, f := range findings {
		switch f.State {
		case Failure:
			r.Failures++
		case Warning:
			r.Warnings++
		case OK, Skipped:
		}
		r.Checks = append(r.Checks, f)
	}
}

// JSON writes the report as JSON.
func (r *Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// Text writes the report for a person.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	b.WriteString(r.Title + "\n")
	name, value := 0, 0
	for _, s := range r.Settings {
		name, value = max(name, len(s.Name)), max(value, len(s.Value))
	}
	for _, s := range r.Settings {
		fmt.Fprintf(&b, "  %-*s  %-*s  from %s\n", name, s.Name, value, s.Value, s.Source)
	}
	if len(r.Settings) == 0 {
		b.WriteString("  none, see Checks\n")
	}
	b.WriteString("\nChecks\n")
	name = 0
	for _, f := range r.Checks {
		name = max(name, len(f.Check))
	}
	for _, f := range r.Checks {
		mark := string(f.State)
		if f.State == Failure {
			mark = "FAIL"
		}
		fmt.Fprintf(&b, "  %-7s  %-*s  %s\n", mark, name, f.Check, f.Text)
		if f.Do != "" {
			fmt.Fprintf(&b, "  %-7s  %-*s  → %s\n", "", name, "", f.Do)
		}
	}
	b.WriteString("\n")
	switch {
	case r.Failures == 0 && r.Warnings == 0:
		b.WriteString("No problems found.\n")
	case r.Failures == 0:
		fmt.Fprintf(&b, "No problems found, %s.\n", cli.Count(r.Warnings, "warning"))
	default:
		fmt.Fprintf(&b, "%s found, %s.\n", cli.Count(r.Failures, "problem"), cli.Count(r.Warnings, "warning"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
