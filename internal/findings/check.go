package findings

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// A check makes the findings of one alert.
type check struct {
	id   string
	find func(v *view) []Finding
	// gap says what is missing where the check cannot be made, or "".
	gap func(v *view) (what, how string)
	// fleet says that it needs all processes of the bot.
	fleet bool
	// explains says whether a finding of this check explains another one.
	explains func(f, other Finding) bool
}

// Examine asks a source what is wrong as of a time.
func Examine(ctx context.Context, source evidence.Source, at time.Time) (Report, error) {
	v := newView(at)
	v.fleet = source.Fleet()
	var found map[string][]Finding
	for range rounds {
		found = map[string][]Finding{}
		for _, c := range checks {
			if c.fleet && !v.fleet {
				continue
			}
			v.check = c.id
			found[c.id] = c.find(v)
			if c.gap != nil {
				c.gap(v)
			}
		}
		v.check = ""
		processes(v)
		changes(v)
		others(v)
		more, err := v.learn(ctx, source)
		if err != nil {
			return Report{}, err
		}
		if !more {
			break
		}
	}
	r := Report{At: at, All: len(checks), Processes: processes(v)}
	var all []Finding
	if what, how := others(v); what != "" {
		r.Gaps = addGap(r.Gaps, Gap{what, how})
	}
	for _, c := range checks {
		if c.fleet && !v.fleet {
			r.All--
			continue
		}
		all = append(all, found[c.id]...)
		if c.gap != nil {
			if what, how := c.gap(v); what != "" {
				r.Gaps = addGap(r.Gaps, Gap{what, how})
				continue
			}
		}
		r.Checked++
	}
	happened := changes(v)
	for i := range all {
		all[i].Changed = around(happened, all[i])
	}
	for i := range all {
		for j, e := range all[i].Evidence {
			all[i].Evidence[j].Query = e.question.PromQL(evidence.Scope{Namespace: source.Namespace()})
		}
	}
	r.Findings = explain(all)
	return r, nil
}

// addGap adds what cannot be told. Several checks may lack the same.
func addGap(gaps []Gap, g Gap) []Gap {
	if slices.Contains(gaps, g) {
		return gaps
	}
	return append(gaps, g)
}

// processes returns the number of processes that report.
func processes(v *view) int {
	return len(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.Up}))
}

// make makes a finding with the words of its alert.
func (v *view) make(id string, labels evidence.Labels, value float64) Finding {
	alert, _ := rules.ByName(id)
	f := Finding{ID: id, Severity: alert.Severity, Subject: maps.Clone(labels), Runbook: alert.RunbookURL(), Blame: Unknown}
	f.Sentence, f.Detail = alert.Say(labels, value)
	return f
}

// explain puts findings in order, worst first, and moves those that another one
// explains under it.
func explain(all []Finding) []Finding {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(rank(a)-rank(b), a.Since.Compare(b.Since))
	})
	under := slices.Repeat([]int{-1}, len(all))
	for i := range all {
		for j := range all {
			if i != j && explains(all[j], all[i]) && !reaches(under, j, i) {
				under[i] = j
				break
			}
		}
	}
	var top []Finding
	for i := range all {
		if under[i] < 0 {
			top = append(top, nest(all, under, i))
		}
	}
	slices.SortStableFunc(top, func(a, b Finding) int {
		return cmp.Or(int(b.verdict())-int(a.verdict()), rank(a)-rank(b), a.Since.Compare(b.Since))
	})
	return top
}

func nest(all []Finding, under []int, i int) Finding {
	f := all[i]
	for j := range all {
		if under[j] == i {
			u := nest(all, under, j)
			u.Blame = f.Blame // what follows has the same cause
			f.Under = append(f.Under, u)
		}
	}
	return f
}

// reaches reports whether finding i lies under finding j already, directly or not.
func reaches(under []int, i, j int) bool {
	for ; i >= 0; i = under[i] {
		if i == j {
			return true
		}
	}
	return false
}

func explains(f, other Finding) bool {
	if !concerns(f, other) {
		return false
	}
	for _, c := range checks {
		if c.id == f.ID {
			return c.explains != nil && c.explains(f, other)
		}
	}
	return false
}

// concerns reports whether a finding is about the process and the shard of another, or
// about all of them.
func concerns(f, other Finding) bool {
	for _, name := range append(evidence.Identity(), "shard") {
		a, has := f.Subject[name]
		b, hasOther := other.Subject[name]
		if has && hasOther && a != b {
			return false
		}
	}
	return true
}

// rank orders findings: those that affect users, then by severity, then by the order
// of the checks.
func rank(f Finding) int {
	r := slices.IndexFunc(checks, func(c check) bool { return c.id == f.ID })
	switch f.Severity {
	case rules.Warning:
		r += 100
	case rules.Info:
		r += 200
	}
	if !f.Affects {
		r += 1000
	}
	return r
}
