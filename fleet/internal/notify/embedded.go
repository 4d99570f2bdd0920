package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/api"
	amconfig "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/nflog"
	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"
)

// Bounds of the embedded Alertmanager; doc.go has them for readers.
const (
	retention        = 120 * time.Hour // of ended silences and of the notification log
	collectGarbage   = 15 * time.Minute
	groupMaintenance = 30 * time.Second
	mostSilences     = 1_000
	mostSilenceBytes = 64 << 10
	mostPerAlertname = queueSize
	mostGroups       = 10_000
	apiTimeout       = 30 * time.Second
	apiConcurrency   = 16
)

// embedded is Alertmanager without its page, its listener and its gossip, put together
// as its package app does, which cannot be built from the module.
type embedded struct {
	log       *slog.Logger
	timing    timing
	load      func() (*amconfig.Config, error)
	external  *url.URL
	oneEnd    bool // see watched
	muteEnded func(Mute, string)
	counters  *counters

	queue    *queue
	alerts   *mem.Alerts
	silences *silence.Silences
	silencer *silence.Silencer
	nflog    *nflog.Log
	journal  *journal
	api      *api.API
	mux      http.Handler
	pipeline *amnotify.PipelineBuilder
	metrics  *dispatch.DispatcherMetrics
	watch    *watch

	lingering lingering

	alertsChanged func()

	current atomic.Pointer[routing]

	mu      sync.Mutex // held for a change of current, and of stopped
	stopped bool
	stopc   chan struct{}
	running sync.WaitGroup
}

// Alertmanager keeps the syntax of matchers in a variable of a package.
var matcherSyntax sync.Once

func newEmbedded(c Config, t timing, n *counters) (*embedded, error) {
	e := &embedded{
		log:       c.Logger,
		timing:    t,
		load:      configuration(c, t),
		external:  c.ExternalURL,
		oneEnd:    c.DiscordWebhookFile != "",
		muteEnded: c.MuteEnded,
		counters:  n,
		queue:     newQueue(),
		watch:     newWatch(),
		stopc:     make(chan struct{}),
	}
	matcherSyntax.Do(func() { compat.InitFromFlags(slog.New(slog.DiscardHandler), featurecontrol.NoopFlags{}) })
	conf, err := e.load()
	if err != nil {
		return nil, err
	}
	if e.journal, err = openJournal(c.Dir, c.Report, &n.writeFailures); err != nil {
		return nil, fmt.Errorf("the folder of the notifications' state: %w", err)
	}
	if err := e.assemble(c.Registerer); err != nil {
		return nil, err
	}
	if err := e.route(conf); err != nil {
		e.alerts.Close()
		return nil, err
	}
	e.journal.run()
	e.running.Go(func() { e.nflog.Maintenance(collectGarbage, "", e.stopc, nil) })
	e.running.Go(func() { e.silences.Maintenance(collectGarbage, "", e.stopc, nil) })
	e.running.Go(e.feed)
	e.running.Go(e.watchAlerts)
	return e, nil
}

// assemble makes what lasts over reloads, and restores the state.
func (e *embedded) assemble(reg prometheus.Registerer) (err error) {
	var (
		flags    featurecontrol.NoopFlags
		recorder eventrecorder.Recorder // records nothing
	)
	if e.nflog, err = nflog.New(nflog.Options{
		Retention: retention, Logger: e.log.With("component", "nflog"), Metrics: reg,
	}); err != nil {
		return err
	}
	if e.silences, err = silence.New(silence.Options{
		Retention: retention, Logger: e.log.With("component", "silences"), Metrics: reg,
		Limits: silence.Limits{
			MaxSilences:         func() int { return mostSilences },
			MaxSilenceSizeBytes: func() int { return mostSilenceBytes },
		},
	}); err != nil {
		return err
	}
	// Merge is what gossip would do with the state of another: unlike a snapshot that
	// New reads, it leaves a usable object when the content is broken.
	if err := e.journal.load("nflog", e.nflog.Merge); err != nil {
		return err
	}
	if err := e.journal.load("silences", e.silences.Merge); err != nil {
		return err
	}
	// The alerts are written first: an end that was written and not told is told again,
	// but one that was told and not written would be a new alert after a restart.
	e.alertsChanged = e.journal.add("alerts.json", e.encodeAlerts)
	logged := e.journal.add("nflog", snapshot(e.nflog))
	silenced := e.journal.add("silences", snapshot(e.silences))
	// Without gossip, broadcast is free to tell of each change.
	e.nflog.SetBroadcast(func([]byte) { e.alertsChanged(); logged() })
	e.silences.SetBroadcast(func([]byte) { silenced() })

	e.silencer = silence.NewSilencer(e.silences, e.log, recorder)
	stored := storeCallback{e.silencer, e.alertsChanged}
	if e.alerts, err = mem.NewAlerts(context.Background(), e.timing.forgetResolved, mostPerAlertname, stored, e.log, recorder, reg, flags); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			e.alerts.Close()
		}
	}()
	if err := e.journal.load("alerts.json", e.restoreAlerts); err != nil {
		return err
	}
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "alertmanager_http_request_duration_seconds",
		Help: "Histogram of latencies for HTTP requests.",
	}, []string{"handler", "method", "code"})
	if err := reg.Register(duration); err != nil {
		return err
	}
	if e.api, err = api.New(api.Options{
		Alerts: e.alerts, Silences: e.silences, Logger: e.log, Registry: reg,
		RequestDuration: duration, Timeout: apiTimeout, Concurrency: apiConcurrency,
		GroupFunc: func(ctx context.Context, r func(*dispatch.Route) bool, a dispatch.AlertFilter) (dispatch.AlertGroups, map[model.Fingerprint][]string, error) {
			return e.current.Load().dispatcher.Groups(ctx, r, a)
		},
	}); err != nil {
		return err
	}
	e.mux = e.api.Register(route.New(), Prefix)
	e.pipeline = amnotify.NewPipelineBuilder(reg, flags, recorder)
	e.metrics = dispatch.NewDispatcherMetrics(false, reg, flags)
	return nil
}

func snapshot(s interface {
	Snapshot(w io.Writer) (int64, error)
},
) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := s.Snapshot(w)
		return err
	}
}

// storeCallback tells the journal of each alert that is stored.
type storeCallback struct {
	*silence.Silencer
	changed func()
}

func (s storeCallback) PostStore(a *alert.Alert, existing bool) {
	s.Silencer.PostStore(a, existing)
	s.changed()
}

func (e *embedded) send(alerts []Alert) int {
	converted, invalid := convert(alerts, time.Now())
	return invalid + e.queue.add(converted)
}

// feed moves alerts from the queue to Alertmanager, which may hold its caller up.
func (e *embedded) feed() {
	for {
		select {
		case <-e.queue.ready:
			e.put(e.queue.take())
		case <-e.stopc:
			for e.queue.len() > 0 {
				e.put(e.queue.take())
			}
			return
		}
	}
}

func (e *embedded) put(alerts []*alert.Alert) {
	if err := e.alerts.Put(context.Background(), alerts...); err != nil {
		e.log.Error("Alerts were not stored", "err", err)
	}
}

// watchAlerts looks regularly for what time alone changes: mutes that are to end, and
// alerts whose end has come.
func (e *embedded) watchAlerts() {
	tick := time.NewTicker(e.timing.check)
	defer tick.Stop()
	for {
		select {
		case <-e.stopc:
			return
		case now := <-tick.C:
			e.alertsChanged()
			if err := e.endMutes(context.Background(), now); err != nil {
				e.log.Error("Mutes were not checked", "err", err)
			}
		}
	}
}

func (e *embedded) reload() error {
	conf, err := e.load()
	if err != nil {
		return err
	}
	return e.route(conf)
}

func (e *embedded) receivers() []Receiver { return e.watch.receivers() }

func (e *embedded) stop(ctx context.Context) error {
	e.mu.Lock()
	again := e.stopped
	e.stopped = true // from here on, current stays as it is
	e.mu.Unlock()
	if again {
		return nil
	}
	e.api.Shutdown()
	close(e.stopc)
	err := waitFor(ctx, &e.running)
	e.current.Load().stop()
	e.alerts.Close()
	return errors.Join(err, e.journal.close(ctx)) // last, when nothing changes any more
}
