package findings

import (
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
)

// Blame says whose doing a finding is.
type Blame string

// The closed set of blames.
const (
	Handler   Blame = "the bot's code"
	Limiter   Blame = "discordgo's rate limiter"
	Library   Blame = "discordgo"
	Discord   Blame = "Discord"
	Network   Blame = "the network"
	Host      Blame = "the machine"
	Operation Blame = "the deployment"
	Telemetry Blame = "the telemetry"
	Unknown   Blame = "unknown"
)

// A Finding is something that is wrong.
type Finding struct {
	// ID is the name of the alert for the same condition.
	ID       string
	Severity string // of package rules
	// Affects says whether users notice it now.
	Affects bool
	// Subject are the labels of what is concerned: bot, cluster, shard, command …
	Subject evidence.Labels
	// Sentence says what is wrong. Detail adds numbers and the usual reason.
	Sentence, Detail string
	// Since is when it began, by the data; zero if the data does not reach that far.
	Since time.Time
	// Before says that it began before the data begins, which is at Since.
	Before bool
	Blame  Blame
	// Cause says how it comes about, if that can be told.
	Cause    string
	Evidence []Evidence
	// Not lists what it is not, and why.
	Not []string
	// Changed lists what changed shortly before it began.
	Changed []Change
	// Do says what to do.
	Do      string
	Runbook string
	// Under are the findings that this one explains.
	Under []Finding
}

// Evidence is a question and the answer that a finding rests on.
type Evidence struct {
	Says     string // what the number is, such as "interactions not answered in time"
	Question evidence.Question
	Value    float64
}

// A Change is something that happened at a time.
type Change struct {
	At   time.Time
	What string
}

// A Gap is what cannot be told.
type Gap struct {
	ID   string // the finding that cannot be made or excluded
	What string // what is missing
	How  string // how to get it
}

// A Report is the result of an examination.
type Report struct {
	At       time.Time
	Findings []Finding // worst first
	Gaps     []Gap
	// Checked is the number of checks whose questions were answered, of All.
	Checked, All int
	// Processes is the number of processes that were seen.
	Processes int
}

// A Verdict is the outcome of an examination, and the exit code of the command line.
type Verdict int

// The verdicts.
const (
	Calm       Verdict = iota // nothing is wrong
	Look                      // something to look at today
	Affected                  // users are affected
	CannotTell                // no process was seen
)

// Verdict returns the outcome.
func (r Report) Verdict() Verdict {
	if r.Processes == 0 && len(r.Findings) == 0 {
		return CannotTell
	}
	verdict := Calm
	for _, f := range r.Findings {
		verdict = max(verdict, f.verdict())
	}
	return verdict
}

func (f Finding) verdict() Verdict {
	v := Look
	if f.Affects {
		v = Affected
	}
	for _, u := range f.Under {
		v = max(v, u.verdict())
	}
	return v
}
