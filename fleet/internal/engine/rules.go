package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/util/strutil"
)

const (
	// outage is for how long the rules may have been down and still remember since when
	// alerts are pending.
	outage = time.Hour
)

// Valid is how long a firing alert is one unless it is sent again: as long as with
// Prometheus, so that a few evaluations may fail.
const Valid = 4 * time.Minute

// A State is that of an alert.
type State string

// The states of an alert.
const (
	Pending State = "pending"
	Firing  State = "firing"
)

// An Alert is one that is pending or firing.
type Alert struct {
	Name        string
	State       State
	Labels      map[string]string // without the name
	Annotations map[string]string
	ActiveAt    time.Time
	FiredAt     time.Time // zero while it is pending
	Value       float64
	// For is how long its expression must have a result before it fires.
	For time.Duration
}

// A Notification is an alert that is sent. One whose EndsAt has passed is resolved.
type Notification struct {
	Labels      map[string]string // with the name
	Annotations map[string]string
	StartsAt    time.Time
	EndsAt      time.Time
	URL         string // of the expression
}

func (e *Engine) startRules(ctx context.Context) error {
	// A firing alert is sent again at each evaluation: an examination may have found what
	// causes it, before its message is on the way.
	address, err := url.Parse(e.opts.URL)
	if err != nil {
		return fmt.Errorf("the address of the pages %q: %w", e.opts.URL, err)
	}
	e.rules = rules.NewManager(&rules.ManagerOptions{
		ExternalURL: address, QueryFunc: rules.EngineQueryFunc(e.promql, e.db), NotifyFunc: e.notify, Context: ctx,
		AppendableV2: recorded{e}, Queryable: e.db, Logger: e.opts.Logger.With("part", "rules"), Registerer: e.opts.Registry,
		OutageTolerance: outage, ResendDelay: e.every / 2, Parser: e.parser, GroupLoader: loader{e.opts.Rules, e.parser, e.opts.Logger},
		// Prometheus does not restore alerts whose `for` is shorter than ten minutes, and so
		// none of ours. Two evaluations are enough for the processes' next pushes.
		ForGracePeriod:         2 * e.every,
		DefaultRuleQueryOffset: func() time.Duration { return 0 },
		NameValidationScheme:   model.UTF8Validation,
	})
	err = e.readRecorded()
	if err == nil && len(e.opts.Sources) == 0 {
		err = e.Rule(true)
	}
	if err != nil {
		close(e.ruling)
		return fmt.Errorf("the rules: %w", err)
	}
	go func() {
		defer close(e.ruling)
		e.rules.Run()
	}()
	return nil
}

// Rule begins or ends to evaluate the rules. An engine with sources does not where they
// have the rules themselves.
func (e *Engine) Rule(here bool) error {
	var files []string
	if here {
		files = slices.Sorted(maps.Keys(e.opts.Rules))
	}
	e.ruled.Store(here)
	return e.rules.Update(e.every, files, labels.EmptyLabels(), e.opts.URL, nil)
}

// readRecorded reads the names of the series that the rules make.
func (e *Engine) readRecorded() error {
	e.recorded = map[string]bool{"ALERTS": true, "ALERTS_FOR_STATE": true}
	for name := range e.opts.Rules {
		groups, errs := loader{e.opts.Rules, e.parser, e.opts.Logger}.Load(name, false, model.UTF8Validation)
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				if r.Record != "" {
					e.recorded[r.Record] = true
				}
			}
		}
	}
	return nil
}

// loader loads rule files that are in memory.
type loader struct {
	files       map[string]string
	expressions parser.Parser
	logger      *slog.Logger
}

// Load implements [rules.GroupLoader].
func (l loader) Load(name string, ignoreUnknown bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	text, there := l.files[name]
	if !there {
		return nil, []error{errors.New(name + " is no rule file")}
	}
	groups, errs := rulefmt.Parse([]byte(text), ignoreUnknown, scheme, l.expressions, l.logger)
	for i := range errs {
		errs[i] = fmt.Errorf("%s: %w", name, errs[i])
	}
	return groups, errs
}

// Parse implements [rules.GroupLoader].
func (l loader) Parse(query string) (parser.Expr, error) { return l.expressions.ParseExpr(query) }

// notify implements [rules.NotifyFunc].
func (e *Engine) notify(_ context.Context, expr string, alerts ...*rules.Alert) {
	if len(alerts) == 0 || e.opts.Notify == nil {
		return
	}
	list := make([]Notification, len(alerts))
	for i, a := range alerts {
		list[i] = Notification{
			Labels: a.Labels.Map(), Annotations: a.Annotations.Map(), StartsAt: a.FiredAt, EndsAt: later(a.ValidUntil, e.now().Add(Valid)),
			URL: e.opts.URL + strutil.TableLinkForExpression(expr),
		}
		if !a.ResolvedAt.IsZero() {
			list[i].EndsAt = a.ResolvedAt
		}
	}
	e.opts.Notify(list)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Alerts returns the alerts that are pending or firing, as of the last evaluation.
func (e *Engine) Alerts() []Alert {
	var list []Alert
	for _, r := range e.rules.AlertingRules() {
		for _, a := range r.ActiveAlerts() {
			one := Alert{
				Name: r.Name(), State: Pending, Labels: a.Labels.Map(), Annotations: a.Annotations.Map(),
				ActiveAt: a.ActiveAt, Value: a.Value, For: r.HoldDuration(),
			}
			delete(one.Labels, labels.AlertName)
			if a.State == rules.StateFiring {
				one.State, one.FiredAt = Firing, a.FiredAt
			}
			list = append(list, one)
		}
	}
	return list
}

// Failing returns the names of the rules whose last evaluation failed, and why.
func (e *Engine) Failing() map[string]error {
	failing := map[string]error{}
	for _, r := range e.rules.Rules() {
		if err := r.LastError(); err != nil {
			failing[r.Name()] = err
		}
	}
	return failing
}
