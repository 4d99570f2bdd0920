package notify

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/alert"
	amnotify "github.com/prometheus/alertmanager/notify"
)

const mostWaiting = 1_000 // groups that one integration remembers to have failed

// A watch records what became of the attempts to send.
type watch struct {
	mu      sync.Mutex
	records map[recordKey]*record
}

type recordKey struct{ receiver, integration string }

func newWatch() *watch { return &watch{records: map[recordKey]*record{}} }

// record returns the record that has been kept for key, or a new one.
func (w *watch) record(key recordKey) *record {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.records[key]; r != nil {
		return r
	}
	return &record{}
}

func (w *watch) replace(records map[recordKey]*record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = records
	for _, r := range records {
		r.forgetWaiting() // the groups are made anew
	}
}

func (w *watch) receivers() []Receiver {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := slices.SortedFunc(maps.Keys(w.records), func(a, b recordKey) int {
		return strings.Compare(a.receiver+"\x00"+a.integration, b.receiver+"\x00"+b.integration)
	})
	out := make([]Receiver, len(keys))
	for i, key := range keys {
		out[i] = w.records[key].receiver(key)
	}
	return out
}

// stage is s, after which nothing waits any more in a group that went through.
func (w *watch) stage(s amnotify.Stage) amnotify.Stage {
	return amnotify.StageFunc(func(ctx context.Context, l *slog.Logger, alerts ...*alert.Alert) (context.Context, []*alert.Alert, error) {
		after, out, err := s.Exec(ctx, l, alerts...)
		if err == nil {
			group, _ := amnotify.GroupKey(ctx)
			receiver, _ := amnotify.ReceiverName(ctx)
			w.mu.Lock()
			defer w.mu.Unlock()
			for key, r := range w.records {
				if key.receiver == receiver {
					r.settled(group)
				}
			}
		}
		return after, out, err
	})
}

// watched is an integration whose attempts end in time and are recorded, and whose
// errors, which Alertmanager logs, have no secrets.
type watched struct {
	inner   amnotify.Integration
	timeout time.Duration
	record  *record
	clean   func(string) string
	oneEnd  bool // the end of some alerts of a group is not told, but that of the last
}

// Notify implements Alertmanager's Notifier.
func (w *watched) Notify(ctx context.Context, alerts ...*alert.Alert) amnotify.NotifyVerdict {
	if reason, _ := amnotify.NotificationReason(ctx); w.oneEnd && reason == amnotify.ReasonNewResolvedAlerts {
		return amnotify.Success()
	}
	group, _ := amnotify.GroupKey(ctx)
	attempt, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	v := w.inner.Notify(attempt, alerts...)
	if v.Err() == nil {
		w.record.sent(group, time.Now())
		return v
	}
	reason := w.clean(v.Err().Error())
	if !errors.Is(ctx.Err(), context.Canceled) { // else it was given up by us
		w.record.failed(group, reason, time.Now())
	}
	if v.ShouldRetry() {
		return amnotify.Retry(v.Delay(), errors.New(reason), v.Reason())
	}
	return amnotify.Unrecoverable(errors.New(reason), v.Reason())
}

// A record is what became of one receiver's messages.
type record struct {
	mu      sync.Mutex
	state   Receiver
	waiting map[string]struct{} // groups whose last attempt failed
}

func (r *record) sent(group string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Sent++
	r.state.LastSuccess = at
	r.state.FailingSince = time.Time{}
	delete(r.waiting, group)
}

func (r *record) failed(group, reason string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Failed++
	r.state.LastFailure = at
	r.state.Reason = reason
	if r.state.FailingSince.IsZero() {
		r.state.FailingSince = at
	}
	if r.waiting == nil {
		r.waiting = map[string]struct{}{}
	}
	if len(r.waiting) < mostWaiting {
		r.waiting[group] = struct{}{}
	}
}

func (r *record) settled(group string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, group)
}

func (r *record) forgetWaiting() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.waiting)
}

func (r *record) receiver(key recordKey) Receiver {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.state
	out.Name, out.Integration, out.Pending = key.receiver, key.integration, len(r.waiting)
	return out
}
