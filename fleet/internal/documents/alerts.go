package documents

import "time"

// Alerts is the page of alerts.
type Alerts struct {
	Head
	Alerts        []Alert       `json:"alerts"`
	LeftOut       int           `json:"left_out"`
	Mutes         []Mute        `json:"mutes"`
	Notifications Notifications `json:"notifications"`
}

// An Alert is one that is pending or firing.
type Alert struct {
	Name        string            `json:"name"`
	State       string            `json:"state"`
	Severity    string            `json:"severity"`
	Labels      map[string]string `json:"labels"`
	Summary     string            `json:"summary"`
	Description string            `json:"description"`
	Runbook     string            `json:"runbook"`
	ActiveAt    *time.Time        `json:"active_at"`
	For         float64           `json:"for_seconds"`
	Value       *float64          `json:"value"`
	Mute        *Mute             `json:"mute"`
	// InhibitedBy are the labels of the alert that it follows from, if that one is told
	// instead.
	InhibitedBy map[string]string `json:"inhibited_by"`
}

// A Mute holds back notifications of alerts until it ends.
type Mute struct {
	ID       string    `json:"id"`
	Matchers []Matcher `json:"matchers"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	By       string    `json:"by"`
	Comment  string    `json:"comment"`
	// EndsIfWorse says that it ends early when what it mutes gets worse.
	EndsIfWorse bool `json:"ends_if_worse"`
}

// A Matcher selects alerts by a label.
type Matcher struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Op    string `json:"op"`
}

// Notifications say whether they arrive.
type Notifications struct {
	Way       string     `json:"way"`
	Receivers []Receiver `json:"receivers"`
}

// A Receiver is where notifications go.
type Receiver struct {
	Name         string     `json:"name"`
	LastSuccess  *time.Time `json:"last_success"`
	LastFailure  *time.Time `json:"last_failure"`
	Error        *string    `json:"error"`
	FailingSince *time.Time `json:"failing_since"`
}
