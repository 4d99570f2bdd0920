package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/alertmanager/alert"
	amconfig "github.com/prometheus/alertmanager/config"
	amreceiver "github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/labelset"
	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
)

var errStopped = errors.New("notifications have been stopped")

// A routing is what one configuration makes, and the next one replaces.
type routing struct {
	config       *amconfig.Config
	inhibitor    *inhibit.Inhibitor
	dispatcher   *dispatch.Dispatcher
	integrations []integration
}

// An integration is one way to send of one receiver.
type integration struct {
	receiver string
	record   *record
	amnotify.Integration
}

func (r *routing) stop() {
	r.inhibitor.Stop()
	r.dispatcher.Stop()
}

// route replaces the routing.
func (e *embedded) route(c *amconfig.Config) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.replace(c)
}

// replace is route with mu held. What can fail comes first, and leaves the old routing
// as it is.
func (e *embedded) replace(c *amconfig.Config) error {
	if e.stopped {
		return errStopped
	}
	tmpl, err := e.templates(c)
	if err != nil {
		return err
	}
	routes := dispatch.NewRoute(c.Route, nil)
	used := map[string]bool{}
	routes.Walk(func(r *dispatch.Route) { used[r.RouteOpts.Receiver] = true })
	hidden := secretsOf(c)
	next := &routing{config: c}
	byName := map[string][]amnotify.Integration{}
	records := map[recordKey]*record{}
	for _, rc := range c.Receivers {
		if !used[rc.Name] {
			continue
		}
		built, err := amreceiver.BuildReceiverIntegrations(rc, tmpl, e.log)
		if err != nil {
			return fmt.Errorf("%s: receiver %q: %s", settingConfig, rc.Name, hidden.clean(err.Error()))
		}
		integrations := make([]amnotify.Integration, 0, len(built))
		for _, in := range built {
			key := recordKey{rc.Name, in.String()}
			records[key] = e.watch.record(key)
			w := &watched{inner: in, timeout: e.timing.attempt, record: records[key], clean: hidden.clean, oneEnd: e.oneEnd}
			out := amnotify.NewIntegration(w, &in, in.Name(), in.Index(), rc.Name)
			integrations = append(integrations, out)
			next.integrations = append(next.integrations, integration{rc.Name, records[key], out})
		}
		byName[rc.Name] = integrations
	}
	intervals := map[string][]timeinterval.TimeInterval{}
	for _, t := range c.MuteTimeIntervals {
		intervals[t.Name] = t.TimeIntervals
	}
	for _, t := range c.TimeIntervals {
		intervals[t.Name] = t.TimeIntervals
	}
	intervener := timeinterval.NewIntervener(intervals)

	// Nothing fails from here on.
	if old := e.current.Load(); old != nil {
		old.stop()
	}
	e.watch.replace(records)
	var recorder eventrecorder.Recorder
	next.inhibitor = inhibit.NewInhibitor(e.alerts, c.InhibitRules, e.log, recorder)
	noWait := func() time.Duration { return 0 } // no peers to wait for
	pipeline := e.pipeline.New(byName, noWait, next.inhibitor, e.silencer, intervener, e.nflog, nil)
	atLeast := func(d time.Duration) time.Duration { return max(d, amnotify.MinTimeout) }
	next.dispatcher = dispatch.NewDispatcher(e.alerts, routes, e.watch.stage(e.stage(next.inhibitor, pipeline)), intervener, atLeast,
		groupMaintenance, limits{}, e.log, recorder, e.metrics, tmpl)

	// The inhibitor first: else a consequence is told before its cause is known.
	go next.inhibitor.Run()
	next.inhibitor.WaitForLoading()
	go next.dispatcher.Run(time.Now())
	next.dispatcher.WaitForLoading()
	e.current.Store(next)
	e.api.Update(c, func(ctx context.Context, l labelset.LabelSet) {
		e.current.Load().inhibitor.Mutes(ctx, l)
		e.silencer.Mutes(ctx, l)
	})
	return nil
}

// templates are Alertmanager's, ours, and those of the configuration, which may use and
// replace ours.
func (e *embedded) templates(c *amconfig.Config) (*template.Template, error) {
	tmpl, err := template.FromGlobs(nil)
	if err != nil {
		return nil, err
	}
	if err := tmpl.Parse(bytes.NewReader(discordTemplates)); err != nil {
		return nil, err
	}
	for _, glob := range c.Templates {
		if err := tmpl.FromGlob(glob); err != nil {
			return nil, fmt.Errorf("%s: templates %q: %w", settingConfig, glob, err)
		}
	}
	tmpl.ExternalURL = e.external
	return tmpl, nil
}

type limits struct{}

func (limits) MaxNumberOfAggregationGroups() int { return mostGroups }

// active returns the alerts that fire.
func (e *embedded) active() []*alert.Alert {
	var active []*alert.Alert
	for _, a := range e.stored() {
		if !a.Resolved() {
			active = append(active, a)
		}
	}
	return active
}

// stored returns what Alertmanager has in memory: alerts that fire, and those that ended
// in the last half hour.
func (e *embedded) stored() []*alert.Alert {
	it := e.alerts.GetPending()
	defer it.Close()
	var all []*alert.Alert
	for a := range it.Next() {
		all = append(all, a.Data)
	}
	return all
}
