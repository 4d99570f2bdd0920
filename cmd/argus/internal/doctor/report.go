package doctor

import "github.com/argus-dgo/argus/internal/checks"

// The states of a finding.
const (
	ok      = checks.OK
	warning = checks.Warning
	failure = checks.Failure
	skipped = checks.Skipped
)

type (
	state   = checks.State
	finding checks.Finding
	setting checks.Setting
)

func newReport() *checks.Report {
	return &checks.Report{Title: "Settings of this environment (settings made in code are not visible here)", Settings: []checks.Setting{}}
}

func add(r *checks.Report, findings ...finding) {
	for _, f := range findings {
		r.Add(checks.Finding(f))
	}
}
