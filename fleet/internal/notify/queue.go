package notify

import (
	"sync"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"
)

const (
	queueSize = 10_000 // alerts that wait
	batchSize = 64     // alerts that are handed over at a time
)

// resolveTimeout is Alertmanager's default for alerts without an end.
const resolveTimeout = 5 * time.Minute

// A queue holds the latest state of each alert until it is taken. A newer state takes
// the place of an older one, so that a receiver that was away is told how things are.
type queue struct {
	ready chan struct{} // has a value when there is something to take

	mu     sync.Mutex
	latest map[model.Fingerprint]*alert.Alert
	order  []model.Fingerprint
}

func newQueue() *queue {
	return &queue{ready: make(chan struct{}, 1), latest: map[model.Fingerprint]*alert.Alert{}}
}

// add returns how many alerts it had no room for, or that are not valid.
func (q *queue) add(alerts []*alert.Alert) (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, a := range alerts {
		if !q.put(a) {
			dropped++
		}
	}
	q.signal()
	return dropped
}

// putBack is add for alerts that were taken: what came meanwhile is newer.
func (q *queue) putBack(alerts []*alert.Alert) (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, a := range alerts {
		if _, newer := q.latest[a.Fingerprint()]; !newer && !q.put(a) {
			dropped++
		}
	}
	q.signal()
	return dropped
}

func (q *queue) put(a *alert.Alert) bool {
	fp := a.Fingerprint()
	if _, there := q.latest[fp]; !there {
		if len(q.latest) == queueSize {
			return false
		}
		q.order = append(q.order, fp)
	}
	q.latest[fp] = a
	return true
}

func (q *queue) signal() {
	if len(q.latest) == 0 {
		return
	}
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take returns the alerts that wait longest, up to a batch.
func (q *queue) take() []*alert.Alert {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(batchSize, len(q.order))
	batch := make([]*alert.Alert, n)
	for i, fp := range q.order[:n] {
		batch[i] = q.latest[fp]
		delete(q.latest, fp)
	}
	q.order = append(q.order[:0], q.order[n:]...)
	q.signal()
	return batch
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.latest)
}

// convert returns the valid alerts in Alertmanager's form, and the number of others.
func convert(in []Alert, now time.Time) (out []*alert.Alert, invalid int) {
	for _, a := range in {
		timeout := a.EndsAt.IsZero()
		if timeout {
			a.EndsAt = now.Add(resolveTimeout)
		}
		// Only alert.New computes the fingerprint, without which all alerts are one.
		c := alert.New(model.Alert{
			Labels:       labelSet(a.Labels),
			Annotations:  labelSet(a.Annotations),
			StartsAt:     a.StartsAt,
			EndsAt:       a.EndsAt,
			GeneratorURL: a.GeneratorURL,
		}, now, timeout)
		if c.Validate() != nil {
			invalid++
			continue
		}
		out = append(out, c)
	}
	return out, invalid
}

func labelSet(m map[string]string) model.LabelSet {
	set := make(model.LabelSet, len(m))
	for k, v := range m {
		if v != "" { // as Alertmanager's API does: an empty label is none
			set[model.LabelName(k)] = model.LabelValue(v)
		}
	}
	return set
}

func stringMap(set model.LabelSet) map[string]string {
	m := make(map[string]string, len(set))
	for k, v := range set {
		m[string(k)] = string(v)
	}
	return m
}
