package notify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"
)

const (
	// A mute ends when its alerts are at least growthFactor times as many as at its
	// start, and at least growthLeast more.
	growthFactor = 2
	growthLeast  = 3
)

// A baseline is what fired below a mute when it was made.
type baseline struct {
	Alerts   int               `json:"alerts"`
	Severity map[string]string `json:"severity"` // the worst, by the name of the alert
}

func measure(alerts []*alert.Alert) baseline {
	b := baseline{Alerts: len(alerts), Severity: map[string]string{}}
	for _, a := range alerts {
		severity := string(a.Labels["severity"])
		worst, there := b.Severity[a.Name()]
		if !there || rank(severity) > rank(worst) {
			b.Severity[a.Name()] = severity
		}
	}
	return b
}

// worse returns in what now is worse than b, or nothing.
func (b baseline) worse(now baseline) string {
	for _, name := range slices.Sorted(maps.Keys(now.Severity)) {
		was, there := b.Severity[name]
		is := now.Severity[name]
		switch {
		case !there:
			return fmt.Sprintf("another alert started: %s", name)
		case rank(is) > rank(was):
			return fmt.Sprintf("the severity of %s rose to %s", name, is)
		}
	}
	if now.Alerts >= growthFactor*b.Alerts && now.Alerts-b.Alerts >= growthLeast {
		return fmt.Sprintf("the number of alerts rose from %d to %d", b.Alerts, now.Alerts)
	}
	return ""
}

// rank orders the severities of the shipped rules; others are below them.
func rank(severity string) int {
	return 1 + slices.Index([]string{"info", "warning", "critical"}, strings.ToLower(severity))
}

func matching(alerts []*alert.Alert, match func(model.LabelSet) bool) []*alert.Alert {
	return slices.DeleteFunc(slices.Clone(alerts), func(a *alert.Alert) bool { return !match(a.Labels) })
}
