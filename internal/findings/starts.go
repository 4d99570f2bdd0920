package findings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// processStart is on the page of a scraped process, beside the metrics of Argus.
var processStart = catalog.Instrument{Name: "process_start_time_seconds", Kind: catalog.Gauge, Labels: []catalog.Label{{Name: "instance"}}}

// crashLoop finds processes that keep restarting. A process does not remember what was
// before its start, so a server has to be asked.
func crashLoop(v *view) (found []Finding) {
	var (
		instance = []string{"instance"}
		window   = rules.Window("StartsWindow")
		uptime   = evidence.Question{Form: evidence.Latest, Of: catalog.Uptime, By: instance, Over: window}
		earlier  = evidence.Question{Form: evidence.Last, Of: catalog.Uptime, By: instance, Ago: window}
		falls    = evidence.Question{Form: evidence.Resets, Of: catalog.Uptime, By: instance, Over: window}
		changes  = evidence.Question{Form: evidence.Changes, Of: processStart, By: instance, Over: window}
		names    = append(evidence.Identity(), "instance")
	)
	// A process at a fixed address continues its series: its start is a fall of the uptime
	// or, if it has been up for as long as the one before, only a change of the start time.
	// Another one has a new series. A start may show in several ways, so the most count.
	type process struct {
		labels                evidence.Labels
		fallen, changed, born float64
	}
	processes := map[string]*process{}
	at := func(l evidence.Labels) *process {
		k := l.Key(evidence.Identity()...)
		if processes[k] == nil {
			processes[k] = &process{labels: l.Only(evidence.Identity()...)}
		}
		return processes[k]
	}
	ours, old := by(v.ask(uptime), names...), by(v.ask(earlier), names...)
	for _, value := range v.ask(falls) {
		at(value.Labels).fallen += value.Number
	}
	for _, value := range v.ask(changes) {
		if _, is := ours[value.Labels.Key(names...)]; is {
			at(value.Labels).changed += value.Number
		}
	}
	for _, value := range v.ask(uptime) {
		if _, was := old[value.Labels.Key(names...)]; !was && value.Number < rules.Number("StartsSeconds") {
			at(value.Labels).born++
		}
	}
	for _, p := range processes {
		starts := max(p.fallen, p.changed, p.born)
		if starts < rules.Number("StartsAtLeast") {
			continue
		}
		f := v.make("DiscordCrashLoop", p.labels, starts)
		f.Affects, f.Blame = true, Handler
		says, q := "falls of the uptime", falls
		switch starts {
		case p.fallen:
		case p.changed:
			says, q = "changes of the start time", changes
		default:
			says, q = "newest uptime", uptime
		}
		f.Evidence = []Evidence{{Says: fmt.Sprintf("%s in %.0f min, by instance", says, window.Minutes()), question: of(q, p.labels), Value: starts}}
		f.Since = v.firstStart(p.labels, window)
		f.Do = "Read the end of the previous process's log. Stop the restarts if session starts are running out."
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return strings.Compare(a.Subject.Key(evidence.Identity()...), b.Subject.Key(evidence.Identity()...))
	})
	return found
}

// firstStart returns when the uptime of a process fell first.
func (v *view) firstStart(labels evidence.Labels, within time.Duration) time.Time {
	points := v.points(of(evidence.Question{Form: evidence.Last, Of: catalog.Uptime}, labels), within)
	for i := 1; i < len(points); i++ {
		if points[i].Number < points[i-1].Number {
			return points[i].At.Add(-time.Duration(points[i].Number * float64(time.Second)))
		}
	}
	return time.Time{}
}
