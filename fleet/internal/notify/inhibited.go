package notify

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/marker"
	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/common/model"
)

// lingers says for how long an alert stays inhibited after its cause has ended, by name.
// The slow alert looks back half an hour. Without it, it would be told when the fast one
// ends, although nothing has been wrong since.
var lingers = map[string]time.Duration{"DiscordAckBudgetBurnsSlowly": 30 * time.Minute}

// sweepEvery is how often what has passed is forgotten.
const sweepEvery = time.Minute

// An Inhibition is an alert that fires and is not told, because it follows from another
// one.
type Inhibition struct {
	Labels map[string]string // of the alert, with its name
	By     map[string]string // the labels of the other one
}

// Inhibited returns the alerts that others inhibit. Other Alertmanagers know theirs: with
// these there are none.
func (n *Notifier) Inhibited(ctx context.Context) []Inhibition {
	if n.embedded == nil {
		return nil
	}
	var list []Inhibition
	for _, a := range n.embedded.active() {
		if by, _ := n.embedded.causeOf(ctx, n.embedded.current.Load().inhibitor, a); by != nil {
			list = append(list, Inhibition{stringMap(a.Labels), stringMap(by)})
		}
	}
	return list
}

// causeOf returns the labels of the alert that inhibits another one, or nil, and whether
// it has ended.
func (e *embedded) causeOf(ctx context.Context, inhibitor *inhibit.Inhibitor, a *alert.Alert) (by model.LabelSet, over bool) {
	marked := marker.NewAlertMarker()
	if !inhibitor.Mutes(marker.WithContext(ctx, marked), a.LabelSet()) {
		by = e.lingering.cause(a, time.Now())
		return by, by != nil
	}
	by = model.LabelSet{} // not nil: it may have ended a moment ago
	for _, text := range marked.Status(a.Fingerprint()).InhibitedBy {
		f, err := model.ParseFingerprint(text)
		if err != nil {
			continue
		}
		if cause, err := e.alerts.Get(f); err == nil {
			by = cause.Labels
		}
	}
	e.lingering.note(a, by, time.Now())
	return by, false
}

// lingering remembers which alerts were inhibited lately, of those that stay so.
type lingering struct {
	mu    sync.Mutex
	of    map[model.Fingerprint]inhibited
	swept time.Time // when those that have passed were removed last
}

type inhibited struct {
	by    model.LabelSet
	until time.Time
}

func (l *lingering) note(a *alert.Alert, by model.LabelSet, now time.Time) {
	d, does := lingers[a.Name()]
	if !does {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[model.Fingerprint]inhibited{}
	}
	if now.Sub(l.swept) >= sweepEvery {
		l.swept = now
		maps.DeleteFunc(l.of, func(_ model.Fingerprint, i inhibited) bool { return now.After(i.until) })
	}
	l.of[a.Fingerprint()] = inhibited{by, now.Add(d)}
}

func (l *lingering) cause(a *alert.Alert, now time.Time) model.LabelSet {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i, known := l.of[a.Fingerprint()]; known && now.Before(i.until) {
		return i.by
	}
	return nil
}

// stage is s without the alerts that stay inhibited. Those that are inhibited now are left
// to the stage that counts them.
func (e *embedded) stage(inhibitor *inhibit.Inhibitor, s amnotify.Stage) amnotify.Stage {
	return amnotify.StageFunc(func(ctx context.Context, l *slog.Logger, alerts ...*alert.Alert) (context.Context, []*alert.Alert, error) {
		told := make([]*alert.Alert, 0, len(alerts))
		for _, a := range alerts {
			if _, over := e.causeOf(ctx, inhibitor, a); !over || a.Resolved() {
				told = append(told, a)
			}
		}
		if len(told) == 0 {
			return ctx, nil, nil
		}
		return s.Exec(ctx, l, told...)
	})
}
