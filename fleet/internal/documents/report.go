package documents

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/internal/rules"
)

// A Finding is one of a report, with what it costs.
type Finding struct {
	findings.Finding
	// Cost is the number of interactions a minute that are not answered in time because of
	// it; nil if it is unknown.
	Cost *float64
}

// MarshalJSON adds the cost to the finding's own form.
func (f Finding) MarshalJSON() ([]byte, error) {
	finding, err := json.Marshal(f.Finding)
	if err != nil {
		return nil, err
	}
	cost, err := json.Marshal(f.Cost)
	return slices.Concat(finding[:len(finding)-1], []byte(`,"cost_per_minute":`), cost, []byte("}")), err
}

// Report is a report on all bots.
type Report struct {
	findings.Report
	// Findings are those of the report, worst first.
	Findings []Finding `json:"findings"`
}

// merge joins the reports of the bots that are wanted, worst first. The findings of each
// bot stay in the order of its report, which says causes first; where a finding is there
// several times, what costs most comes first.
func merge(in Input, p *picture, wanted Wanted) Report {
	var r Report
	r.At = in.At.UTC()
	keys := slices.SortedFunc(maps.Keys(in.Reports), func(a, b evidence.Bot) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Name, b.Name))
	})
	var lists [][]Finding
	for _, key := range keys {
		if !wanted.Is(key.Job, key.Name) {
			continue
		}
		one := in.Reports[key]
		r.Processes += one.Processes
		r.Checked += one.Checked
		r.All += one.All
		r.Report.Findings = append(r.Report.Findings, one.Findings...)
		for _, gap := range one.Gaps {
			if !slices.Contains(r.Gaps, gap) {
				r.Gaps = append(r.Gaps, gap)
			}
		}
		if len(one.Findings) > 0 {
			lists = append(lists, costly(one.Findings, p))
		}
	}
	for len(lists) > 0 {
		next := 0
		for i := range lists {
			if compare(lists[i][0], lists[next][0]) < 0 {
				next = i
			}
		}
		r.Findings = append(r.Findings, lists[next][0])
		if lists[next] = lists[next][1:]; len(lists[next]) == 0 {
			lists = slices.Delete(lists, next, next+1)
		}
	}
	return r
}

// costly are the findings of a report with what they cost, in its order but for those
// that are the same one of several clusters or shards.
func costly(list []findings.Finding, p *picture) []Finding {
	out := make([]Finding, 0, len(list))
	for _, f := range list {
		out = append(out, Finding{f, cost(f, p)})
	}
	for i := 0; i < len(out); {
		same := i + 1
		for same < len(out) && out[same].ID == out[i].ID && worst(out[same]) == worst(out[i]) {
			same++
		}
		slices.SortStableFunc(out[i:same], compare)
		i = same
	}
	return out
}

// compare orders findings of several bots, worst first: by verdict, by severity, and by
// what they cost.
func compare(a, b Finding) int {
	return cmp.Or(worst(b)-worst(a), severity(a)-severity(b), cmp.Compare(orZero(b.Cost), orZero(a.Cost)))
}

// severity is the place of a finding's severity, the worst first.
func severity(f Finding) int {
	return slices.Index([]string{rules.Critical, rules.Warning, rules.Info}, f.Severity)
}

// worst is the verdict of a finding by itself.
func worst(f Finding) int {
	return int(findings.Report{Processes: 1, Findings: []findings.Finding{f.Finding}}.Verdict())
}

func orZero(n *float64) float64 {
	if n == nil {
		return 0
	}
	return *n
}

// cost is the number of interactions a minute that are not answered in time where a
// finding applies, if users notice it.
func cost(f findings.Finding, p *picture) *float64 {
	if worst(Finding{Finding: f}) < int(findings.Affected) || f.Subject["job"] == "" && f.Subject["bot"] == "" {
		return nil
	}
	sum, seen := 0.0, false
	for place, rate := range p.failures {
		if applies(f, place) {
			sum, seen = sum+60*rate, true
		}
	}
	if !seen {
		return nil
	}
	return &sum
}

// applies reports whether a finding is about a place, or about all of its bot.
func applies(f findings.Finding, place members.Place) bool {
	if f.Subject["job"] != place.Job || f.Subject["bot"] != place.Bot {
		return false
	}
	cluster, has := f.Subject["cluster"]
	return !has || cluster == place.Cluster
}

// about calls f with each finding that names a place, those that others explain included.
func about(list []findings.Finding, place members.Place, f func(findings.Finding)) {
	for _, one := range list {
		if _, named := one.Subject["cluster"]; named && applies(one, place) {
			f(one)
		}
		about(one.Under, place, f)
	}
}
