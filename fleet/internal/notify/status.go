package notify

import "time"

// A Status is how notifications go. What is not known is absent.
type Status struct {
	Mode      Mode       `json:"mode"`
	Receivers []Receiver `json:"receivers"`
	// Dropped counts alerts that found no room, or were not valid.
	Dropped uint64 `json:"dropped"`
	// StateError is why the state could not be written the last time.
	StateError string `json:"stateError,omitempty"`
}

// A Mode is who sends.
type Mode string

// The modes.
const (
	Embedded Mode = "embedded" // the Alertmanager in this process
	Outside  Mode = "outside"  // Alertmanagers by URL
)

// A Receiver is one integration of a receiver, or one Alertmanager by URL.
type Receiver struct {
	Name         string    `json:"name"`
	Integration  string    `json:"integration"` // such as "discord[0]"
	Sent         uint64    `json:"sent"`        // messages
	Failed       uint64    `json:"failed"`      // attempts
	LastSuccess  time.Time `json:"lastSuccess,omitzero"`
	LastFailure  time.Time `json:"lastFailure,omitzero"`
	FailingSince time.Time `json:"failingSince,omitzero"` // the first failure since the last success
	Reason       string    `json:"reason,omitempty"`      // of the last failure
	// Pending is the number of alert groups whose last attempt failed and that are
	// tried again. For an Alertmanager by URL, it is the number of alerts.
	Pending int `json:"pending"`
}

// Status returns how notifications go.
func (n *Notifier) Status() Status {
	s := Status{Mode: Outside, Receivers: n.backend.receivers(), Dropped: n.counted.dropped.Load()}
	if n.embedded != nil {
		s.Mode = Embedded
		if why := n.embedded.journal.broken.Load(); why != nil {
			s.StateError = *why
		}
	}
	return s
}
