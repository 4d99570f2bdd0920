package findings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// changeBack is how far back changes are looked for, and changeNear how long before a
// finding a change still counts as "at the time".
const (
	changeBack = 6 * time.Hour
	changeNear = 15 * time.Minute
)

// mostProcesses is the number of processes whose changes are looked for: in a fleet, the
// dashboards show them.
const mostProcesses = 16

type processChange struct {
	process evidence.Labels
	Change
}

// changes returns what changed in the processes: starts, versions, shard counts.
func changes(v *view) (happened []processChange) {
	uptime := evidence.Question{Form: evidence.Last, Of: catalog.Uptime}
	values := v.ask(uptime)
	if len(values) > mostProcesses {
		return nil
	}
	for _, value := range values {
		if started := v.ago(value.Number); v.at.Sub(started) < changeBack {
			happened = append(happened, processChange{value.Labels, Change{started, "the process started" + v.versions(value.Labels)}})
		}
		shards := v.points(of(botShards, value.Labels), changeBack)
		for i := 1; i < len(shards); i++ {
			if before, after := shards[i-1].Number, shards[i].Number; before != after {
				happened = append(happened, processChange{value.Labels, Change{shards[i].At, fmt.Sprintf("the shard count changed from %s to %s", count(before), count(after))}})
			}
		}
	}
	return happened
}

// versions names the version of the bot now and, if it was another one, before.
func (v *view) versions(process evidence.Labels) string {
	info := evidence.Question{Form: evidence.Last, Of: catalog.BotInfo, By: []string{"version"}}
	var now, before []string
	for _, value := range v.detail(of(info, process)) {
		now = append(now, value.Labels["version"])
	}
	earlier := info
	earlier.Form, earlier.Over = evidence.Highest, changeBack
	for _, value := range v.detail(of(earlier, process)) {
		if version := value.Labels["version"]; !slices.Contains(now, version) {
			before = append(before, version)
		}
	}
	switch {
	case len(now) == 0 || slices.Equal(now, []string{"devel"}) && len(before) == 0:
		return ""
	case len(before) == 0:
		return ", version " + strings.Join(now, ", ")
	}
	slices.Sort(before)
	return fmt.Sprintf(", version %s instead of %s", strings.Join(now, ", "), strings.Join(before, ", "))
}

// around returns what changed in the process of a finding shortly before it began.
func around(happened []processChange, f Finding) (near []Change) {
	if f.Since.IsZero() {
		return nil
	}
	for _, c := range happened {
		same := true
		for name, value := range c.process {
			if own, there := f.Subject[name]; there && own != value {
				same = false
			}
		}
		if before := f.Since.Sub(c.At); same && before > -time.Minute && before < changeNear {
			near = append(near, c.Change)
		}
	}
	return near
}
