package documents

import (
	"slices"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/journal"
)

// Timeline is what happened in a window.
type Timeline struct {
	Head
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Events []Event   `json:"events"`
	More   bool      `json:"more"`
}

// An Event is something that happened.
type Event struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"`
	Job      *string   `json:"job"`
	Bot      *string   `json:"bot"`
	Region   *string   `json:"region"`
	Cluster  *string   `json:"cluster"`
	Shard    *string   `json:"shard"`
	Severity *string   `json:"severity"`
	What     string    `json:"what"`
}

// MakeTimeline makes the timeline of events, which are sorted.
func MakeTimeline(in Input, from, to time.Time, events []journal.Event, more bool) *Timeline {
	t := &Timeline{Head: in.head(), From: from.UTC(), To: to.UTC(), Events: []Event{}, More: more}
	for _, e := range events {
		t.Events = append(t.Events, Event{e.At, e.Kind, known(e.Job), known(e.Bot), known(e.Region), known(e.Cluster), known(e.Shard), known(e.Severity), e.What})
	}
	return t
}

// marked are the kinds of events that charts show.
var marked = map[string]bool{"version": true, "gone": true, "restarted": true, "finding_began": true, "shard_count": true}

// maxMarks is the number of marks of a chart: more hide each other.
const maxMarks = 60

// Marks are the events of a window that charts show, oldest first.
func Marks(events []journal.Event) []Mark {
	marks := []Mark{}
	for _, e := range slices.Backward(events) {
		if marked[e.Kind] {
			marks = append(marks, Mark{e.At, e.Kind, e.What})
		}
	}
	return marks[max(0, len(marks)-maxMarks):]
}
