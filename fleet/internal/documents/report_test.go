package documents

import (
	"slices"
	"testing"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/internal/rules"
)

// TestOrder: the findings of a bot keep the order of its report, though a later one costs
// more; of the same finding, the cluster that costs most comes first; between bots the
// verdict, the severity and then the cost decide.
func TestOrder(t *testing.T) {
	of := func(id, severity, bot, cluster string) findings.Finding {
		return findings.Finding{ID: id, Severity: severity, Affects: true, Subject: evidence.Labels{"job": "bots", "bot": bot, "cluster": cluster}}
	}
	place := func(bot, cluster string) members.Place { return members.Place{Job: "bots", Bot: bot, Cluster: cluster} }
	in := Input{Reports: map[evidence.Bot]findings.Report{
		{Job: "bots", Name: "a"}: {Findings: []findings.Finding{
			of("cause", rules.Warning, "a", "0"), of("cause", rules.Warning, "a", "1"), of("other", rules.Warning, "a", "2"),
		}},
		{Job: "bots", Name: "b"}: {Findings: []findings.Finding{of("worse", rules.Critical, "b", "0"), of("cause", rules.Warning, "b", "1")}},
	}}
	p := &picture{failures: map[members.Place]float64{
		place("a", "0"): 1, place("a", "1"): 2, place("a", "2"): 9, place("b", "0"): 0, place("b", "1"): 3,
	}}
	var got []string
	for _, f := range merge(in, p, Wanted{}).Findings {
		got = append(got, f.ID+" "+f.Subject["bot"]+f.Subject["cluster"])
	}
	if want := []string{"worse b0", "cause b1", "cause a1", "cause a0", "other a2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
