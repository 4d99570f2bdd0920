package findings

import (
	"encoding/json"
	"math"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
)

// Blame says who or what causes a finding.
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

// Blames returns the closed set of blames.
func Blames() []Blame {
	return []Blame{Handler, Limiter, Library, Discord, Network, Host, Operation, Telemetry, Unknown}
}

// A Finding is something that is wrong.
type Finding struct {
	// ID is the name of the alert for the same condition.
	ID       string `json:"id"`
	Severity string `json:"severity"` // of package rules
	// Affects says whether users notice it now.
	Affects bool `json:"affects_users"`
	// Subject are the labels of what is concerned: bot, cluster, shard, command …
	Subject evidence.Labels `json:"subject"`
	// Sentence says what is wrong. Detail adds numbers and the usual reason.
	Sentence string `json:"sentence"`
	Detail   string `json:"detail,omitempty"`
	// Since is when it began, by the data; zero, and null in JSON, if that is unknown.
	Since time.Time `json:"since"`
	// Before says that it began before the data begins, which is at Since.
	Before bool  `json:"since_before,omitempty"`
	Blame  Blame `json:"blame"`
	// Cause says how it comes about, if that can be told.
	Cause    string     `json:"cause,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
	// Not lists what it is not, and why.
	Not []string `json:"not,omitempty"`
	// Changed lists what changed shortly before it began.
	Changed []Change `json:"changed,omitempty"`
	// Do says what to do.
	Do      string `json:"do,omitempty"`
	Runbook string `json:"runbook"`
	// Under are the findings that this one explains.
	Under []Finding `json:"explains,omitempty"`

	onArrival bool // interactions were late before they reached the bot
	banned    bool // Discord refuses all requests
}

// MarshalJSON writes an unknown time as null.
func (f Finding) MarshalJSON() ([]byte, error) {
	type plain Finding
	w := struct {
		plain
		Since *time.Time `json:"since"`
	}{plain: plain(f)}
	if !f.Since.IsZero() {
		since := f.Since.UTC()
		w.Since = &since
	}
	return json.Marshal(w)
}

// Evidence is a question and the answer that a finding rests on.
type Evidence struct {
	// Says is what the number is, such as "interactions not answered in time".
	Says string `json:"says"`
	// Query is the question as PromQL.
	Query string  `json:"query"`
	Value float64 `json:"value"`

	question evidence.Question
}

// MarshalJSON writes a value that is not a number as null.
func (e Evidence) MarshalJSON() ([]byte, error) {
	type plain Evidence
	w := struct {
		plain
		Value *float64 `json:"value"`
	}{plain: plain(e)}
	if !math.IsNaN(e.Value) && !math.IsInf(e.Value, 0) {
		w.Value = &e.Value
	}
	return json.Marshal(w)
}

// A Change is something that happened at a time.
type Change struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// A Gap is what cannot be told.
type Gap struct {
	What string `json:"what"` // what is unknown
	How  string `json:"how"`  // how to learn it
}

// A Report is the result of an examination.
type Report struct {
	At       time.Time `json:"at"`
	Findings []Finding `json:"findings"` // worst first
	Gaps     []Gap     `json:"cannot_tell"`
	// Checked is the number of checks whose questions were answered, of All.
	Checked int `json:"checked"`
	All     int `json:"checks"`
	// Processes is the number of processes that were seen.
	Processes int `json:"processes"`
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

// String returns "calm", "look", "affected" or "unknown".
func (v Verdict) String() string { return [...]string{"calm", "look", "affected", "unknown"}[v] }
