package checks

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestReport: a report counts what it is given, and both forms have all of it.
func TestReport(t *testing.T) {
	for want, findings := range map[string][]Finding{
		"No problems found.\n":                {{"port", OK, "free", ""}, {"bot", Skipped, "none", ""}},
		"No problems found, 2 warnings.\n":    {{"port", Warning, "open", "close it"}, {"port", Warning, "old", ""}},
		"1 problem found, 1 warning.\n":       {{"port", Failure, "<taken>", "free it"}, {"bot", Warning, "slow", ""}},
		"2 problems found, 0 warnings.\n":     {{"port", Failure, "taken", ""}, {"a longer name", Failure, "away", ""}},
		"Settings\n  none, see Checks\n\nChe": nil,
	} {
		r := Report{Title: "Settings"}
		r.Add(findings...)
		var text, document strings.Builder
		if err := r.Text(&text); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in:\n%s", want, text.String())
		}
		if err := r.JSON(&document); err != nil {
			t.Fatal(err)
		}
		var back Report
		if err := json.Unmarshal([]byte(document.String()), &back); err != nil || back.Failures != r.Failures || back.Warnings != r.Warnings {
			t.Errorf("%s: %v", document.String(), err)
		}
		for _, f := range findings {
			if !strings.Contains(text.String(), f.Text) || !strings.Contains(text.String(), "→ "+f.Do) && f.Do != "" || !strings.Contains(document.String(), f.Text) {
				t.Errorf("%+v is not in:\n%s%s", f, text.String(), document.String())
			}
		}
	}
}

// TestText: columns line up, and failures stand out.
func TestText(t *testing.T) {
	r := Report{Title: "Settings", Settings: []Setting{{Name: "address", Value: ":1", Source: "ADDR"}, {Name: "a", Value: "long", Source: "default"}}}
	r.Add(Finding{"port", Failure, "taken", "free it"}, Finding{"b", OK, "well", ""})
	const want = `Settings
  address  :1    from ADDR
  a        long  from default

Checks
  FAIL     port  taken
                 → free it
  ok       b     well

1 problem found, 0 warnings.
`
	var text strings.Builder
	if err := r.Text(&text); err != nil || text.String() != want {
		t.Errorf("%v\n%s", err, text.String())
	}
}
