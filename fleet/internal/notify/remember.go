package notify

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/common/model"
)

// rememberedAlert is an alert in the file of the state. Alertmanager keeps alerts in
// memory only: one that ends while the process is down would never be called resolved.
type rememberedAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt,omitzero"` // absent: the rules send the alert again
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// encodeAlerts writes the alerts that fire, and those whose end may not have been told
// yet. An alert that is merely sent again does not change the content.
func (e *embedded) encodeAlerts(w io.Writer) error {
	known := map[model.Fingerprint]*alert.Alert{}
	for _, a := range e.held() {
		known[a.Fingerprint()] = a
	}
	for _, a := range e.stored() { // later than held: what is newer wins
		known[a.Fingerprint()] = a
	}
	now := time.Now()
	list := make([]rememberedAlert, 0, len(known))
	for _, a := range known {
		r := rememberedAlert{
			Labels:       stringMap(a.Labels),
			Annotations:  stringMap(a.Annotations),
			StartsAt:     a.StartsAt,
			GeneratorURL: a.GeneratorURL,
		}
		if a.ResolvedAt(now) || a.EndsAt.After(now.Add(e.timing.recall)) {
			r.EndsAt = a.EndsAt
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b rememberedAlert) int { return strings.Compare(identity(a), identity(b)) })
	return json.NewEncoder(w).Encode(list)
}

func identity(a rememberedAlert) string { return labelSet(a.Labels).String() }

// held returns the alerts of the groups. A group keeps an alert that ended until its end
// has been told.
func (e *embedded) held() []*alert.Alert {
	r := e.current.Load()
	if r == nil {
		return nil
	}
	groups, _, err := r.dispatcher.Groups(context.Background(),
		func(*dispatch.Route) bool { return true },
		func(*alert.Alert, time.Time) (alert.AlertStatus, bool) { return alert.AlertStatus{}, true })
	if err != nil {
		return nil // time intervals that are not defined, which the configuration rules out
	}
	var held []*alert.Alert
	for _, g := range groups {
		held = append(held, g.Alerts...)
	}
	return held
}

// restoreAlerts puts the alerts of the last run back.
func (e *embedded) restoreAlerts(content []byte) error {
	restored, err := decodeAlerts(content, time.Now(), e.timing.recall)
	if err != nil {
		return err
	}
	e.put(restored)
	return nil
}

// decodeAlerts lets those that fire do so until the rules have had time to send them
// again. It sets a timeout, so that the end that the rules send is the one that counts.
func decodeAlerts(content []byte, now time.Time, recall time.Duration) ([]*alert.Alert, error) {
	var list []rememberedAlert
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, err
	}
	restored := make([]*alert.Alert, 0, len(list))
	for _, r := range list {
		timeout := r.EndsAt.IsZero()
		if timeout {
			r.EndsAt = now.Add(recall)
		}
		a := alert.New(model.Alert{
			Labels:       labelSet(r.Labels),
			Annotations:  labelSet(r.Annotations),
			StartsAt:     r.StartsAt,
			EndsAt:       r.EndsAt,
			GeneratorURL: r.GeneratorURL,
		}, now, timeout)
		if err := a.Validate(); err != nil {
			return nil, err
		}
		restored = append(restored, a)
	}
	return restored, nil
}
