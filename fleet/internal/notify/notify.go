package notify

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// An Alert is one alert of the rules. Its labels are its identity: a later alert with
// the same labels replaces it.
type Alert struct {
	Labels, Annotations map[string]string
	StartsAt            time.Time
	EndsAt              time.Time // until then it fires unless it is sent again; in the past: resolved
	GeneratorURL        string
}

// A Notifier hands alerts to receivers. All methods are safe for concurrent use.
type Notifier struct {
	backend  backend
	embedded *embedded // nil: the alerts go to other Alertmanagers
	counted  *counters
}

// A backend is where alerts go: the embedded Alertmanager, or others by URL.
type backend interface {
	send(alerts []Alert) (dropped int)
	receivers() []Receiver
	reload() error
	test(ctx context.Context) error
	stop(ctx context.Context) error
}

// counters count what no receiver can tell.
type counters struct {
	dropped, writeFailures, endedEarly atomic.Uint64
}

// New starts a Notifier. A wrong setting is an error that names it.
func New(c Config) (*Notifier, error) { return newNotifier(c, timingFor(c.EvaluationInterval)) }

func newNotifier(c Config, t timing) (*Notifier, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.setDefaults()
	n := &Notifier{counted: new(counters)}
	var err error
	if len(c.AlertmanagerURLs) > 0 {
		n.backend, err = newOutside(c, t, n.counted)
	} else {
		n.embedded, err = newEmbedded(c, t, n.counted)
		n.backend = n.embedded
	}
	if err != nil {
		return nil, err
	}
	if err := c.Registerer.Register(collector{n}); err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return nil, errors.Join(err, n.backend.stop(ctx))
	}
	return n, nil
}

// Send takes alerts over and returns at once. A firing alert is to be sent again before
// its EndsAt, and a resolved one for some minutes. What finds no room is dropped and
// counted.
func (n *Notifier) Send(alerts ...Alert) {
	if dropped := n.backend.send(alerts); dropped > 0 {
		n.counted.dropped.Add(uint64(dropped))
	}
}

// Reload reads the configuration file again. If the file is wrong, the configuration
// stays as it is.
func (n *Notifier) Reload() error { return n.backend.reload() }

// Test sends one message through each configured receiver and waits for the results,
// until ctx ends.
func (n *Notifier) Test(ctx context.Context) error { return n.backend.test(ctx) }

// Stop ends everything that New started and writes the state. Notifications on their
// way are given up, and sent after the next start.
func (n *Notifier) Stop(ctx context.Context) error { return n.backend.stop(ctx) }

// Prefix is where [Notifier.Handler] expects the requests: Alertmanager's API v2 is at
// Prefix + "/api/v2/".
const Prefix = "/am"

// Handler serves Alertmanager's API v2 below [Prefix]. It does not authenticate: whoever
// reaches it may silence alerts.
func (n *Notifier) Handler() http.Handler {
	if n.embedded == nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, errOutside.Error(), http.StatusNotFound)
		})
	}
	return n.embedded.handler()
}
