package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/argus-dgo/argus/internal/cli"
)

// A state is how a check ended.
type state string

// The states. Only a failure makes the exit code 1.
const (
	ok      state = "ok"
	warning state = "warning"
	failure state = "fail"
	skipped state = "skipped"
)

// A finding is the result of a check: what was seen, and what to do about it.
type finding struct {
	Check string `json:"check"`
	State state  `json:"state"`
	Text  string `json:"text"`
	Do    string `json:"do,omitempty"`
}

// A setting is a value of the configuration and where it came from.
type setting struct {
	Name     string `json:"name"`
	Variable string `json:"variable,omitempty"`
	Value    string `json:"value"`
	Source   string `json:"source"`
}

// A report is the result of all checks.
type report struct {
	Settings []setting `json:"settings"`
	Checks   []finding `json:"checks"`
	Failures int       `json:"failures"`
	Warnings int       `json:"warnings"`
}

func (r *report) add(findings ...finding) {
	for _, f := range findings {
		switch f.State {
		case failure:
			r.Failures++
		case warning:
			r.Warnings++
		case ok, skipped:
		}
		r.Checks = append(r.Checks, f)
	}
}

func (r *report) json(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

func (r *report) text(w io.Writer) error {
	var b strings.Builder
	b.WriteString("Settings of this environment (settings made in code are not visible here)\n")
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
		if f.State == failure {
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
