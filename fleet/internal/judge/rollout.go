package judge

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/expr"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/promql"
	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/internal/rules"
)

// A version hurts users if it fails this share of interactions, and so many times as many
// as the others, of so many interactions in five minutes.
const (
	hurts       = 0.02
	hurtsTimes  = 5
	hurtsAtAll  = 10
	comparedTo  = 20
	manyOfTheir = 0.5
)

// A version is how the clusters with one version of a bot do.
type version struct {
	name              string
	clusters          int
	answers, failures float64   // in five minutes
	started           time.Time // of the cluster that runs longest
}

func (v version) ratio() float64 { return v.failures / v.answers }

// rollout puts what a new version of the bot does to users into one finding: unanswered
// interactions of most of its clusters, while those of the version before are well.
func rollout(ctx context.Context, querier promql.Querier, bot evidence.Bot, report findings.Report) (findings.Report, error) {
	late := func(f findings.Finding) bool {
		return f.Affects && (f.ID == "DiscordAckBudgetBurnsFast" || f.ID == "DiscordAckBudgetBurnsSlowly") && f.Subject["cluster"] != ""
	}
	if !slices.ContainsFunc(report.Findings, late) {
		return report, nil
	}
	versions, on, err := versionsOf(ctx, querier, bot, report.At)
	if err != nil || len(versions) < 2 {
		return report, err
	}
	newest := versions[0]
	rest := version{}
	for _, v := range versions[1:] {
		rest.clusters += v.clusters
		rest.answers += v.answers
		rest.failures += v.failures
	}
	if newest.answers < comparedTo || rest.answers < comparedTo || newest.failures < hurtsAtAll || newest.ratio() < hurts || newest.ratio() < hurtsTimes*rest.ratio() {
		return report, nil
	}
	var its, others []findings.Finding
	for _, f := range report.Findings {
		if late(f) && on[clusterOf(f.Subject)] == newest.name {
			its = append(its, f)
		} else {
			others = append(others, f)
		}
	}
	if float64(len(its)) < manyOfTheir*float64(newest.clusters) {
		return report, nil
	}
	report.Findings = slices.Concat([]findings.Finding{hurtful(bot, newest, versions[1:], rest, its)}, others)
	return report, nil
}

// hurtful makes the finding. It has the name and the runbook of the alerts that it stands
// for.
func hurtful(bot evidence.Bot, newest version, before []version, rest version, its []findings.Finding) findings.Finding {
	alert, _ := rules.ByName("DiscordAckBudgetBurnsFast")
	names := make([]string, len(before))
	for i, v := range before {
		names[i] = v.name
	}
	old := strings.Join(names, ", ")
	subject := evidence.Labels{"job": bot.Job, "version": newest.name}
	if bot.Name != "" {
		subject["bot"] = bot.Name
	}
	f := findings.Finding{
		ID: alert.Name, Severity: alert.Severity, Affects: true, Subject: subject, Blame: findings.Handler, Runbook: alert.RunbookURL(), Under: its,
		Sentence: fmt.Sprintf("The rollout of version %s of bot %s hurts users", newest.name, cmp.Or(bot.Name, bot.Job)),
		Detail: fmt.Sprintf("%d of %d clusters on it answer too late or never: %s of the interactions of the last 5 min, against %s on %s.",
			len(its), newest.clusters, percent(newest.ratio()), percent(rest.ratio()), old),
		Cause: fmt.Sprintf("What changed is the version: the %d clusters on %s are well at the same time.", rest.clusters, old),
		Not:   []string{fmt.Sprintf("Not Discord or the network: clusters on %s get their answers through.", old)},
		Do:    "Stop the rollout and go back to " + old + ".",
	}
	for _, one := range its {
		if !one.Since.IsZero() && (f.Since.IsZero() || one.Since.Before(f.Since)) {
			f.Since, f.Before = one.Since, one.Before
		}
	}
	selector := selectorOf(bot)
	f.Evidence = []findings.Evidence{
		{Says: "interactions on " + newest.name + " that were not answered in time, a second", Query: expr.ByVersion(expr.Answers(selector, true), selector), Value: newest.failures / window.Seconds()},
		{Says: "interactions on " + newest.name + ", a second", Query: expr.ByVersion(expr.Answers(selector, false), selector), Value: newest.answers / window.Seconds()},
	}
	return f
}

func percent(share float64) string {
	if p := 100 * share; p < 10 {
		return fmt.Sprintf("%.1f%%", p)
	}
	return fmt.Sprintf("%.0f%%", math.Round(100*share))
}

// window is that of the rates.
const window = 5 * time.Minute

func selectorOf(b evidence.Bot) string { return fmt.Sprintf("job=%q,bot=%q", b.Job, b.Name) }

// clusterOf identifies a cluster within its bot.
func clusterOf(l evidence.Labels) string { return l.Key("region", "cluster") }

// versionsOf returns the versions of a bot, the one that began last first, and the version
// of each cluster.
func versionsOf(ctx context.Context, querier promql.Querier, bot evidence.Bot, at time.Time) (list []version, on map[string]string, err error) {
	selector := selectorOf(bot)
	by := map[string]*version{}
	on = map[string]string{}
	places, err := querier.Query(ctx, expr.Versions(selector), at)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range places {
		name := s.Labels["version"]
		if by[name] == nil {
			by[name] = &version{name: name}
		}
		by[name].clusters++
		on[clusterOf(s.Labels)] = name
	}
	for _, q := range []struct {
		expr string
		take func(*version, float64)
	}{
		{expr.ByVersion(expr.Answers(selector, false), selector), func(v *version, n float64) { v.answers = n * window.Seconds() }},
		{expr.ByVersion(expr.Answers(selector, true), selector), func(v *version, n float64) { v.failures = n * window.Seconds() }},
		{
			fmt.Sprintf("max by (version) (max by (%s) (%s{%s}) * on (%s) group_left (version) %s)",
				expr.Identity, expr.Name(catalog.Uptime), selector, expr.Identity, expr.Versions(selector)),
			func(v *version, n float64) { v.started = at.Add(-time.Duration(n * float64(time.Second))) },
		},
	} {
		series, err := querier.Query(ctx, q.expr, at)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range series {
			if v := by[s.Labels["version"]]; v != nil {
				q.take(v, s.Points[0].Number)
			}
		}
	}
	for _, v := range by {
		list = append(list, *v)
	}
	slices.SortFunc(list, func(a, b version) int { return cmp.Or(b.started.Compare(a.started), cmp.Compare(a.name, b.name)) })
	return list, on, nil
}
