package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/fleet/internal/sources"
	"github.com/argus-dgo/argus/internal/rules"
)

// openSources returns the servers to read, or nil if processes push.
func openSources(s settings.Settings) (*sources.Set, error) {
	if len(s.Prometheus) == 0 {
		return nil, nil //nolint:nilnil // a nil set has no sources
	}
	servers := make([]sources.Server, len(s.Prometheus))
	for i, one := range s.Prometheus {
		servers[i] = sources.Server{Region: one.Region, URL: one.URL}
	}
	return sources.New(servers, sources.Access{
		TokenFile: s.PrometheusTokenFile, CAFile: s.PrometheusCAFile, CertFile: s.PrometheusCertFile, KeyFile: s.PrometheusKeyFile, Header: s.PrometheusHeaders,
	})
}

// seen says from when until when a place is seen, if that is not always.
func (f *Fleet) seen() func(members.Place) (from, to time.Time) {
	if f.upstream == nil {
		return nil
	}
	return f.upstream.Seen
}

// A ruling is who evaluates the rules. It belongs to the loop that polls.
type ruling struct {
	known, here bool
	firing      map[string]engine.Alert // those of servers that were sent
}

// shipped reports whether a rule is one of ours.
func shipped(name string) bool {
	_, is := rules.ByName(name)
	return is
}

// polled decides who evaluates the rules, and sends what the rules here do not.
func (f *Fleet) polled() {
	theirs, known := f.upstream.Ruled(shipped)
	if known && (!f.ruling.known || f.ruling.here == theirs) {
		f.ruling = ruling{known: true, here: !theirs}
		if err := f.engine.Rule(!theirs); err != nil {
			f.report(err)
		}
		if theirs {
			f.log.Info("Prometheus evaluates the rules of Argus: alerts are taken from there")
		} else {
			f.log.Info("the rules of Argus are evaluated here: not every Prometheus has them loaded")
		}
	}
	now := time.Now()
	switch {
	case known && theirs:
		f.sendTheirs(now)
	case f.anyAway(): // the rules cannot be evaluated, which ends no alert
		for _, a := range f.engine.Alerts() {
			if a.State == engine.Firing {
				f.send([]engine.Notification{notificationOf(a, now.Add(engine.Valid))})
			}
		}
	}
}

// sendTheirs sends the alerts that servers have, and the end of those that they have no
// more.
func (f *Fleet) sendTheirs(now time.Time) {
	firing := map[string]engine.Alert{}
	var list []engine.Notification
	for _, a := range f.upstream.Alerts(shipped) {
		if a.State == engine.Firing {
			firing[fmt.Sprint(a.Name, a.Labels)] = a
			list = append(list, notificationOf(a, now.Add(engine.Valid)))
		}
	}
	for key, a := range f.ruling.firing {
		if _, still := firing[key]; !still {
			list = append(list, notificationOf(a, now))
		}
	}
	f.ruling.firing = firing
	if len(list) > 0 {
		f.send(list)
	}
}

func notificationOf(a engine.Alert, ends time.Time) engine.Notification {
	n := engine.Notification{Labels: map[string]string{"alertname": a.Name}, Annotations: a.Annotations, StartsAt: a.FiredAt, EndsAt: ends}
	maps.Copy(n.Labels, a.Labels)
	return n
}

func (f *Fleet) anyAway() bool {
	for _, s := range f.upstream.States() {
		if s.Err != nil {
			return true
		}
	}
	return false
}

// active are the alerts of the rules, whoever evaluates them.
func (f *Fleet) active() []engine.Alert {
	if f.upstream != nil {
		if theirs, known := f.upstream.Ruled(shipped); known && theirs {
			return f.upstream.Alerts(shipped)
		}
	}
	return f.engine.Alerts()
}

// failing are the rules whose last evaluation failed, whoever evaluates them.
func (f *Fleet) failing() map[string]error {
	failing := f.engine.Failing()
	if f.upstream != nil {
		maps.Copy(failing, f.upstream.Failing())
	}
	return failing
}

// sourceStates says whether the data is what it should be.
func (f *Fleet) sourceStates() []documents.Source {
	var list []documents.Source
	if f.upstream == nil {
		list = append(list, documents.Source{Kind: documents.KindPush, Name: "OTLP", State: stateOK})
	} else {
		for _, s := range f.upstream.States() {
			one := documents.Source{Kind: documents.KindPrometheus, Name: cmp.Or(s.Region, s.URL), State: stateOK}
			if s.Err != nil {
				one.State = stateFailed
				one.Error, one.Since = said(s.Err.Error(), s.Since)
			}
			list = append(list, one)
		}
	}
	if since, err := f.judge.Failure(); err != nil && (f.upstream == nil || !f.anyAway()) {
		list[0].State = stateFailed
		list[0].Error, list[0].Since = said("the findings cannot be made: "+err.Error(), since)
	}
	if err := f.engine.Room(); err != nil {
		text := "nothing is stored: " + err.Error()
		list[0].State, list[0].Error, list[0].Since = stateFailed, &text, nil
	}
	return list
}

const (
	stateOK     = "ok"
	stateFailed = "failed"
)

func said(text string, since time.Time) (*string, *time.Time) {
	since = since.UTC()
	return &text, &since
}
