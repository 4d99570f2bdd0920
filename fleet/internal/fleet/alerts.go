package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/api"
	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/journal"
	"github.com/argus-dgo/argus/fleet/internal/notify"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

// maxAlerts is the number of alerts that are shown.
const maxAlerts = 500

// send hands the alerts of a rule on, with what the findings know of them.
func (f *Fleet) send(list []engine.Notification) {
	reports, _ := f.judge.Reports()
	alerts := make([]notify.Alert, len(list))
	for i, n := range list {
		alerts[i] = notify.Alert{Labels: n.Labels, Annotations: f.explained(n, reports), StartsAt: n.StartsAt, EndsAt: n.EndsAt, GeneratorURL: n.URL}
	}
	f.notifier.Send(alerts...)
}

// explained are the annotations of an alert and, of its finding, who or what causes it,
// since when, what to do, and the page.
func (f *Fleet) explained(n engine.Notification, reports map[evidence.Bot]findings.Report) map[string]string {
	annotations := maps.Clone(n.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["page"] = f.pageOf(n.Labels)
	report := reports[evidence.Bot{Job: n.Labels["job"], Name: n.Labels["bot"]}]
	finding := findingOf(report.Findings, n.Labels["alertname"], n.Labels)
	if finding == nil {
		finding = findingOf(report.Findings, otherOf[n.Labels["alertname"]], n.Labels)
	}
	if finding == nil {
		return annotations
	}
	annotations["blame"], annotations["do"], annotations["cause"] = string(finding.Blame), finding.Do, finding.Cause
	if !finding.Since.IsZero() {
		annotations["since"] = finding.Since.UTC().Format(time.RFC3339)
	}
	maps.DeleteFunc(annotations, func(_, text string) bool { return text == "" })
	return annotations
}

// otherOf are the alerts of two about the same thing, one of which is worse. There is one
// finding for two, which may be that of the other one while the windows of the alerts fill.
var otherOf = map[string]string{
	"DiscordAckBudgetBurnsFast":        "DiscordAckBudgetBurnsSlowly",
	"DiscordAckBudgetBurnsSlowly":      "DiscordAckBudgetBurnsFast",
	"DiscordIdentifyBudgetLow":         "DiscordIdentifyBudgetNearlySpent",
	"DiscordIdentifyBudgetNearlySpent": "DiscordIdentifyBudgetLow",
	"DiscordInvalidRequestsHigh":       "DiscordInvalidRequestsNearBan",
}

// findingOf is the finding with an id that is about what an alert is about.
func findingOf(list []findings.Finding, id string, alert map[string]string) *findings.Finding {
	for i := range list {
		of := &list[i]
		if of.ID == id {
			same := true
			for name, value := range of.Subject {
				same = same && (alert[name] == "" || alert[name] == value)
			}
			if same {
				return of
			}
		}
		if under := findingOf(of.Under, id, alert); under != nil {
			return under
		}
	}
	return nil
}

// pageOf is the page that an alert is about.
func (f *Fleet) pageOf(labels map[string]string) string {
	if labels["cluster"] == "" {
		return f.cfg.URL + "/"
	}
	q := url.Values{}
	for _, name := range []string{"job", "bot", "region", "cluster"} {
		if labels[name] != "" {
			q.Set(name, labels[name])
		}
	}
	return f.cfg.URL + "/#/cluster?" + q.Encode()
}

// Alerts implements api.Fleet.
func (f *Fleet) Alerts(ctx context.Context) (*documents.Alerts, error) {
	d := &documents.Alerts{Alerts: []documents.Alert{}, Mutes: []documents.Mute{}}
	d.Version, d.At, d.Sources = documents.Version, time.Now().UTC(), f.sourceStates()
	mutes, err := f.mutes(ctx)
	if err != nil {
		return nil, err
	}
	d.Mutes = append(d.Mutes, mutes...)
	d.Alerts = append(d.Alerts, f.alerts(ctx, mutes)...)
	rank := map[string]int{"critical": 0, "warning": 1, "info": 2}
	states := map[string]int{"firing": 0, "pending": 1, "inhibited": 2, "muted": 3}
	slices.SortFunc(d.Alerts, func(a, b documents.Alert) int {
		return cmp.Or(states[a.State]-states[b.State], rank[a.Severity]-rank[b.Severity], cmp.Compare(a.Name, b.Name), cmp.Compare(fmt.Sprint(a.Labels), fmt.Sprint(b.Labels)))
	})
	if d.LeftOut = max(0, len(d.Alerts)-maxAlerts); d.LeftOut > 0 {
		d.Alerts = d.Alerts[:maxAlerts]
	}
	d.Notifications = f.notifications()
	return d, nil
}

// Counts implements api.Fleet.
func (f *Fleet) Counts(ctx context.Context) (n documents.AlertCounts, err error) {
	mutes, err := f.mutes(ctx)
	if err != nil {
		return n, err
	}
	of := map[string]*int{"firing": &n.Firing, "pending": &n.Pending, "inhibited": &n.Inhibited, "muted": &n.Muted}
	for _, a := range f.alerts(ctx, mutes) {
		*of[a.State]++
	}
	return n, nil
}

// alerts are those that are pending or fire, with what holds their notifications back.
func (f *Fleet) alerts(ctx context.Context, mutes []documents.Mute) []documents.Alert {
	causes := map[string]map[string]string{}
	for _, i := range f.notifier.Inhibited(ctx) {
		causes[fmt.Sprint(i.Labels)] = i.By
	}
	active := f.active()
	list := make([]documents.Alert, len(active))
	for n, a := range active {
		list[n] = alertOf(a, mutes)
		if by := causes[fmt.Sprint(list[n].Labels)]; by != nil && a.State == engine.Firing {
			list[n].InhibitedBy = by
			if list[n].Mute == nil {
				list[n].State = "inhibited"
			}
		}
	}
	return list
}

func alertOf(a engine.Alert, mutes []documents.Mute) documents.Alert {
	labels := maps.Clone(a.Labels)
	labels["alertname"] = a.Name
	one := documents.Alert{
		Name: a.Name, State: string(a.State), Severity: a.Labels["severity"], Labels: labels, Summary: a.Annotations["summary"],
		Description: a.Annotations["description"], Runbook: a.Annotations["runbook_url"], For: a.For.Seconds(),
	}
	if !a.ActiveAt.IsZero() {
		at := a.ActiveAt.UTC()
		one.ActiveAt = &at
	}
	if evidence.Known(a.Value) {
		one.Value = &a.Value
	}
	for i := range mutes { // sorted by their end
		if matches(mutes[i].Matchers, labels) && !mutes[i].From.After(time.Now()) {
			one.Mute = &mutes[i]
		}
	}
	if one.Mute != nil {
		one.State = "muted"
	}
	return one
}

// matches reports whether all matchers select an alert.
func matches(matchers []documents.Matcher, labels map[string]string) bool {
	for _, m := range matchers {
		value := labels[m.Name]
		switch m.Op {
		case "=", "!=":
			if (value == m.Value) != (m.Op == "=") {
				return false
			}
		default:
			r, err := regexp.Compile("^(?s:" + m.Value + ")$")
			if err != nil || r.MatchString(value) != (m.Op == "=~") {
				return false
			}
		}
	}
	return true
}

// mutes are those in force or later. With other Alertmanagers, those have them.
func (f *Fleet) mutes(ctx context.Context) ([]documents.Mute, error) {
	if len(f.cfg.AlertmanagerURLs) > 0 {
		return nil, nil
	}
	all, err := f.notifier.Mutes(ctx)
	if err != nil {
		return nil, err
	}
	var list []documents.Mute
	for _, m := range all {
		for _, set := range m.Matchers {
			one := documents.Mute{ID: m.ID, From: m.From.UTC(), Until: m.Until.UTC(), By: m.By, Comment: m.Comment, EndsIfWorse: m.EndsIfWorse, Matchers: []documents.Matcher{}}
			for _, matcher := range set {
				one.Matchers = append(one.Matchers, documents.Matcher{Name: matcher.Label, Value: matcher.Value, Op: matcher.Operator})
			}
			list = append(list, one)
		}
	}
	return list, nil
}

// Mute implements api.Fleet. A mute of alerts that fire ends early when these get worse.
func (f *Fleet) Mute(ctx context.Context, matchers []documents.Matcher, until time.Time, by, comment string) (string, error) {
	request := notify.MuteRequest{Until: until, Comment: comment, By: by, EndIfWorse: true}
	for _, m := range matchers {
		request.Matchers = append(request.Matchers, notify.Matcher{Label: m.Name, Operator: m.Op, Value: m.Value})
	}
	id, err := f.notifier.Mute(ctx, request)
	if errors.Is(err, notify.ErrNothingToMute) {
		request.EndIfWorse = false
		id, err = f.notifier.Mute(ctx, request)
	}
	if err != nil {
		return "", documents.ParameterError{Parameter: "mute", Err: err}
	}
	f.log.Info("alerts were muted", "id", id, "by", by, "until", until.UTC(), "matchers", matchers, "comment", comment)
	f.keep(journal.Event{At: time.Now(), Kind: "muted", What: fmt.Sprintf("%s muted %s until %s.", by, written(matchers), until.UTC().Format(time.DateTime))})
	return id, nil
}

func written(matchers []documents.Matcher) string {
	list := make([]string, len(matchers))
	for i, m := range matchers {
		list[i] = m.Name + m.Op + m.Value
	}
	return strings.Join(list, ", ")
}

// Unmute implements api.Fleet.
func (f *Fleet) Unmute(ctx context.Context, id, by string) error {
	err := f.notifier.Unmute(ctx, id)
	if errors.Is(err, notify.ErrNoSuchMute) {
		return api.ErrNoMute
	}
	if err != nil {
		return err
	}
	f.log.Info("a mute was ended", "id", id, "by", by)
	f.keep(journal.Event{At: time.Now(), Kind: "unmuted", What: by + " ended a mute."})
	return nil
}

// muteEnded keeps that a mute ended because what it muted got worse.
func (f *Fleet) muteEnded(m notify.Mute, reason string) {
	f.log.Info("a mute was ended early", "id", m.ID, "reason", reason)
	f.keep(journal.Event{At: time.Now(), Kind: "unmuted", What: "A mute of " + m.By + " was ended early: " + reason + "."})
}

func (f *Fleet) notifications() documents.Notifications {
	d := documents.Notifications{Way: "none", Receivers: []documents.Receiver{}}
	switch {
	case f.cfg.DiscordWebhookFile != "":
		d.Way = "discord"
	case f.cfg.AlertmanagerConfig != "":
		d.Way = "config"
	case len(f.cfg.AlertmanagerURLs) > 0:
		d.Way = "alertmanager"
	}
	known := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		t = t.UTC()
		return &t
	}
	for _, r := range f.notifier.Status().Receivers {
		one := documents.Receiver{Name: r.Name, LastSuccess: known(r.LastSuccess), LastFailure: known(r.LastFailure), FailingSince: known(r.FailingSince)}
		if r.Reason != "" {
			one.Error = &r.Reason
		}
		d.Receivers = append(d.Receivers, one)
	}
	return d
}
