package members

import (
	"fmt"
	"time"
)

// A Place is where a process belongs. An empty field is a label that is not there.
type Place struct {
	Job     string `json:"job"`
	Bot     string `json:"bot,omitempty"`
	Region  string `json:"region,omitempty"`
	Cluster string `json:"cluster"`
}

// String names the place in a message.
func (p Place) String() string {
	text := fmt.Sprintf("cluster %q of job %q", p.Cluster, p.Job)
	if p.Bot != "" {
		text = fmt.Sprintf("cluster %q of bot %q in job %q", p.Cluster, p.Bot, p.Job)
	}
	if p.Region != "" {
		text += fmt.Sprintf(", region %q", p.Region)
	}
	return text
}

// group is what has numbers of its own.
func (p Place) group() Place { return Place{Job: p.Job, Bot: p.Bot, Region: p.Region} }

// A Report is one report of a process.
type Report struct {
	Place
	Instance string
	Version  string // of the bot; empty if it is unknown
	Host     string // where it runs; empty if it is unknown
	Scrape   string // the URL of its metrics page; empty if it does not say one
	// At is when it arrived, and Newest the time of its newest point, by the clock of the
	// process; of a report that was polled, by that of the server.
	At, Newest time.Time
	// Polled says that the report was read from a server which stores those of processes.
	Polled bool
	// Began is when the process began, if the report tells: two processes may have one
	// instance. Zero is unknown.
	Began time.Time
	// Points and Refused are numbers of points; Reason is why those were refused.
	Points, Refused int
	Reason          string
	// Created is the number of series that it made.
	Created int
	// Final says that the process is about to end.
	Final bool
}

// An End says how an incarnation ended.
type End string

// The ends of an incarnation.
const (
	Here     End = "" // it has not ended
	Goodbye  End = "goodbye"
	Replaced End = "replaced"
	Lost     End = "lost"
)

// An Incarnation is one process at a place.
type Incarnation struct {
	Instance string    `json:"instance"`
	Began    time.Time `json:"began,omitzero"`
	Version  string    `json:"version,omitempty"`
	Host     string    `json:"host,omitempty"`
	Scrape   string    `json:"scrape,omitempty"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	// Newest is the time of its newest point, by its own clock.
	Newest time.Time `json:"newest,omitzero"`
	// Ended is when it was found to have ended; zero while it reports.
	Ended   time.Time `json:"ended,omitzero"`
	EndedBy End       `json:"ended_by,omitempty"`
	// Interval is the time between two reports; 0 if it is unknown.
	Interval time.Duration `json:"interval,omitempty"`
	Reports  int64         `json:"reports"`
	Refused  int64         `json:"refused,omitempty"` // points
	// LastRefusal is why points were refused last.
	LastRefusal string `json:"last_refusal,omitempty"`
	// ClockOffset is how far its clock is ahead of the fleet's, at most: its newest point
	// against the arrival. Nil if it is unknown.
	ClockOffset *time.Duration `json:"clock_offset,omitempty"`

	// Duplicate says that it began while another one reported on.
	Duplicate bool `json:"duplicate,omitempty"`

	gaps    []time.Duration // the last ones, oldest first
	created budget
	silent  time.Duration // since the last report, as far as the fleet was there
}

// A Member is a place with its incarnations.
type Member struct {
	Place
	Number int `json:"number"`
	// First is when it was seen first.
	First time.Time `json:"first"`
	// Incarnations are sorted by their first report, newest first.
	Incarnations []Incarnation `json:"incarnations"`
}

// Reporting returns the incarnations that have not ended.
func (m Member) Reporting() []Incarnation {
	var list []Incarnation
	for _, i := range m.Incarnations {
		if i.EndedBy == Here {
			list = append(list, i)
		}
	}
	return list
}

// A Kind is that of an event.
type Kind string

// The kinds of events.
const (
	Started   Kind = "started"   // the first process at a place
	Restarted Kind = "restarted" // another process, on the same host or an unknown one
	Moved     Kind = "moved"     // another process, on another host
	Duplicate Kind = "duplicate" // a process at a place where another one reports on
	Left      Kind = "left"      // said goodbye, and nothing else is there
	Gone      Kind = "gone"      // lost, and nothing else is there
	Back      Kind = "back"      // the same process reports again
	Version   Kind = "version"   // another version of the bot at the place
	Forgotten Kind = "forgotten"
)

// An Event is a change of who is there.
type Event struct {
	At time.Time
	Place
	Kind     Kind
	Instance string
	// Before and After are what changed: versions or hosts.
	Before, After string
}

// An Ending is an incarnation that has ended, whose series are to end too.
type Ending struct {
	Place
	Instance string
	By       End
	// After is later than all of its points.
	After time.Time
}
