package doctor

import (
	"fmt"
	"math"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/checks"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/excerpt"
)

// clockOff is from when on the page of members marks a clock.
const clockOff = 500 * time.Millisecond

// The states of a member in the document.
const (
	reporting = "reporting"
	late      = "late"
)

// placed names a member in a message.
func placed(m documents.Member) string {
	p := members.Place{Job: m.Job, Cluster: m.Cluster}
	if m.Bot != nil {
		p.Bot = *m.Bot
	}
	if m.Region != nil {
		p.Region = *m.Region
	}
	return p.String()
}

// whoReports says who reports, and who should.
func whoReports(all *documents.Members) []checks.Finding {
	byState, at, order := map[string][]string{}, map[string]int{}, []string{}
	for _, m := range all.Members {
		byState[m.State] = append(byState[m.State], placed(m))
		if m.State != reporting && m.State != late {
			continue
		}
		if at[placed(m)]++; at[placed(m)] == 2 {
			order = append(order, placed(m))
		}
	}
	n := len(byState[reporting]) + len(byState[late])
	var findings []checks.Finding
	if n == 0 {
		findings = append(findings, warn("members", "nobody reports", "set the variables in each process of the bot that docs/FLEET.md lists, and restart it; its log says if a push fails"))
	} else {
		findings = append(findings, ok("members", cli.Count(n, "member")+" reporting"))
	}
	if list := byState[late]; len(list) > 0 {
		findings = append(findings, warn("members", "late with their reports: "+cli.List(list), "look at their logs, and at the network between"))
	}
	if list := byState[string(members.Lost)]; len(list) > 0 {
		findings = append(findings, fail("members", "lost, without a goodbye: "+cli.List(list), "start them again; what was retired is forgotten with argus-fleet forget CLUSTER"))
	}
	if len(order) > 0 {
		findings = append(findings, fail("members", "several processes report at one place: "+cli.List(order), "normal while one replaces the other; otherwise give each its own ARGUS_CLUSTER_ID"))
	}
	return findings
}

// clocks compares the clocks of members with the fleet's.
func clocks(all *documents.Members) []checks.Finding {
	var off []string
	known := false
	for _, m := range all.Members {
		if m.ClockOffset == nil || m.State != reporting && m.State != late {
			continue
		}
		known = true
		if s := *m.ClockOffset; math.Abs(s) > clockOff.Seconds() {
			off = append(off, fmt.Sprintf("%s (%+.1f s)", placed(m), s))
		}
	}
	switch {
	case !known:
		return []checks.Finding{skip("clocks", "no member to compare clocks with")}
	case off != nil:
		return []checks.Finding{warn("clocks", "the clocks differ from the fleet's: "+cli.List(off), "synchronise both machines' clocks by NTP; a Collector that waits between makes pushes late, too")}
	}
	return []checks.Finding{ok("clocks", fmt.Sprintf("the clocks of all members agree with the fleet's within %.1f s", clockOff.Seconds()))}
}

// refusals says whose points were refused, and why.
func refusals(all *documents.Members) (findings []checks.Finding) {
	for _, m := range all.Members {
		if m.Refused == nil || *m.Refused == 0 || m.State != reporting && m.State != late {
			continue
		}
		text := fmt.Sprintf("%s of %s were refused", cli.Count(int(*m.Refused), "point"), placed(m))
		if m.LastRefusal != nil {
			text += ", the last because: " + excerpt.Line(*m.LastRefusal, maxText)
		}
		findings = append(findings, warn("points", text, "see Limits in docs/FLEET.md"))
		if len(findings) == maxRefusals {
			break
		}
	}
	return findings
}

// maxRefusals is for how many members refusals are listed.
const maxRefusals = 5

// judged says whether findings can be made, and which Prometheus does not answer.
func judged(all *documents.Members, now time.Time) (findings []checks.Finding) {
	for _, s := range all.Sources {
		if s.Error == nil {
			continue
		}
		text := excerpt.Line(*s.Error, maxText)
		if s.Since != nil {
			text += fmt.Sprintf(" (for %v)", now.Sub(*s.Since).Round(time.Second))
		}
		if s.Kind == documents.KindPrometheus {
			findings = append(findings, fail("prometheus", s.Name+": "+text, "see whether it runs, and check ARGUS_FLEET_PROMETHEUS and its token; no finding is made until it answers"))
		} else {
			findings = append(findings, fail("findings", text, "read the fleet's log"))
		}
	}
	if findings == nil {
		findings = []checks.Finding{ok("findings", "the fleet can examine its bots")}
	}
	return findings
}
