package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/resource"
)

const (
	maxResources  = 1000
	concurrent    = 32
	patience      = 5 * time.Second
	maxIdentity   = 256 // bytes of a resource attribute that becomes a label
	maxScrapeURL  = 1024
	maxReason     = 300 // bytes of a refusal's text
	burst         = 10
	pushesASecond = 2
)

// A Receiver hands pushes to the engine. It is safe for concurrent use.
type Receiver struct {
	engine  *engine.Engine
	members *members.Registry
	now     func() time.Time
	slots   chan struct{}
	paces   paces
	stats   *stats

	events     EventStore    // nil: the fleet takes none
	eventSlots chan struct{} // of their own: a flood of events must not keep metrics out
	eventPaces paces
}

// New returns a receiver.
func New(store *engine.Engine, registry *members.Registry, now func() time.Time) *Receiver {
	return &Receiver{
		engine: store, members: registry, now: now, slots: make(chan struct{}, concurrent), paces: paces{burst: burst, rate: pushesASecond}, stats: newStats(),
		eventSlots: make(chan struct{}, eventsConcurrent), eventPaces: paces{burst: eventsBurst, rate: eventsASecond},
	}
}

// The errors of [Receiver.Push]. Each is the whole of what a sender learns.
var (
	ErrBusy    = errors.New("the fleet is busy with other pushes: try again")
	ErrPace    = errors.New("the process pushes more often than twice a second: raise OTEL_METRIC_EXPORT_INTERVAL")
	ErrStorage = errors.New("the fleet cannot store metrics: see its log")
)

// A Receipt says what became of a push.
type Receipt struct {
	Points, Refused int
	Reason          string // the first, if points were refused
}

// Push stores what is good of a push. It is an error if nothing of it is taken from any
// process. The text of an error is for the sender; the cause of [ErrStorage] is not in it,
// see [Cause].
func (r *Receiver) Push(ctx context.Context, metrics pmetric.Metrics) (Receipt, error) {
	if err := enter(ctx, r.slots); err != nil {
		return Receipt{}, err
	}
	defer func() { <-r.slots }()
	if err := r.engine.Room(); err != nil {
		return Receipt{}, storageError{ErrStorage, err}
	}
	now := r.now()
	batch := r.engine.Begin(ctx)
	var receipt Receipt
	var reports []members.Report
	resources := metrics.ResourceMetrics()
	var refused error
	for n := range resources.Len() {
		if isEmpty(resources.At(n)) {
			continue // argus doctor tries whether pushes are taken
		}
		report, err := r.add(ctx, batch, resources.At(n), n, now)
		receipt.Points += report.Points
		receipt.Refused += report.Refused
		if receipt.Reason == "" {
			receipt.Reason = report.Reason
		}
		if err == nil {
			reports = append(reports, report)
		} else if refused == nil {
			refused = err
		}
	}
	if refused != nil && len(reports) == 0 {
		return receipt, errors.Join(refused, batch.Rollback())
	}
	if err := batch.Commit(); err != nil {
		return Receipt{}, storageError{ErrStorage, err}
	}
	r.stats.took(receipt)
	return receipt, r.report(ctx, reports)
}

// storageError is what a sender learns, with a cause that it does not learn.
type storageError struct{ told, cause error }

func (e storageError) Error() string   { return e.told.Error() }
func (e storageError) Unwrap() []error { return []error{e.told, e.cause} }

// Cause returns why the engine could not write.
func Cause(err error) error {
	if s, is := errors.AsType[storageError](err); is {
		return s.cause
	}
	return err
}

// enter takes one of the slots. It waits with patience.
func enter(ctx context.Context, slots chan<- struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	default:
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case slots <- struct{}{}:
		return nil
	case <-wait.Done():
		return ErrBusy
	}
}

// add adds the metrics of one resource to the batch. After an error all of its points are
// refused.
func (r *Receiver) add(ctx context.Context, batch *engine.Batch, metrics pmetric.ResourceMetrics, n int, now time.Time) (members.Report, error) {
	report, err := identify(metrics.Resource().Attributes())
	report.At = now
	room := 0
	if err == nil && n >= maxResources {
		err = fmt.Errorf("a push has at most %d resources", maxResources)
	}
	if err == nil {
		room, err = r.members.Room(report.Place, report.Instance, now)
	}
	if err == nil && !r.paces.take(report.Place, report.Instance, now) {
		err = ErrPace
	}
	if err != nil {
		report.Refused, report.Reason = points(metrics), excerpt.Line(err.Error(), maxReason)
		return report, err
	}
	rename(metrics)
	tell(metrics, &report)
	outcome := batch.Add(ctx, metrics, room)
	report.Points, report.Refused, report.Created, report.Newest = outcome.Points, outcome.Refused, outcome.Created, outcome.Newest
	if outcome.Reason != nil {
		report.Reason = excerpt.Line(outcome.Reason.Error(), maxReason)
	}
	return report, nil
}

// report tells the registry of a push that is stored, and writes that the processes are
// up.
func (r *Receiver) report(ctx context.Context, reports []members.Report) error {
	var errs []error
	for _, one := range reports {
		ended := r.members.Report(one)
		if ended == nil {
			errs = append(errs, r.engine.Write(ctx, up(one.Job, one.Instance, one.At, 1)))
			continue
		}
		_, err := r.engine.End(ctx, ended.Job, ended.Instance, ended.After)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return storageError{ErrStorage, err}
	}
	return nil
}

// Up is Prometheus' series of whether a process can be reached. A fleet writes it, because
// OTLP has none.
const Up = "up"

func up(job, instance string, at time.Time, value float64) engine.Sample {
	return engine.Sample{Name: Up, Labels: map[string]string{"job": job, "instance": instance}, At: at, Number: value}
}

// identify reads who sends. Other attributes than these may be missing.
func identify(attributes pcommon.Map) (members.Report, error) {
	get := func(name string) string {
		v, there := attributes.Get(name)
		if !there {
			return ""
		}
		return v.AsString()
	}
	r := members.Report{
		Place:    members.Place{Job: get("service.name"), Bot: get("bot"), Region: get("region"), Cluster: get("cluster")},
		Instance: get("service.instance.id"), Version: get("service.version"), Host: get("host.name"),
	}
	if address := get(string(resource.ScrapeURLKey)); len(address) <= maxScrapeURL {
		r.Scrape = address
	}
	if namespace := get("service.namespace"); namespace != "" && r.Job != "" {
		r.Job = namespace + "/" + r.Job
	}
	for name, value := range map[string]string{"service.name": r.Job, "service.instance.id": r.Instance, "cluster": r.Cluster} {
		if value == "" {
			return r, fmt.Errorf("the resource has no attribute %s", name)
		}
	}
	for name, value := range map[string]string{
		"service.name": r.Job, "service.instance.id": r.Instance, "cluster": r.Cluster, "bot": r.Bot, "region": r.Region,
		"service.version": r.Version, "host.name": r.Host,
	} {
		if len(value) > maxIdentity {
			return r, fmt.Errorf("the resource's attribute %s is longer than %d bytes", name, maxIdentity)
		}
	}
	return r, nil
}

// tell reads what a process says of itself in its metrics: its version, where the resource
// does not have it, and that this is its last push.
func tell(metrics pmetric.ResourceMetrics, report *members.Report) {
	for i := range metrics.ScopeMetrics().Len() {
		list := metrics.ScopeMetrics().At(i).Metrics()
		for n := range list.Len() {
			m := list.At(n)
			if m.Type() != pmetric.MetricTypeGauge || m.Gauge().DataPoints().Len() == 0 {
				continue
			}
			switch point := m.Gauge().DataPoints().At(0); m.Name() {
			case catalog.Up.Name:
				report.Final = point.IntValue() == 0 && point.DoubleValue() == 0
			case catalog.BotInfo.Name:
				if version, there := point.Attributes().Get("version"); there && report.Version == "" {
					report.Version = excerpt.Clip(version.AsString(), maxIdentity)
				}
			}
		}
	}
}

// isEmpty reports whether a resource has no metric.
func isEmpty(metrics pmetric.ResourceMetrics) bool {
	for i := range metrics.ScopeMetrics().Len() {
		if metrics.ScopeMetrics().At(i).Metrics().Len() > 0 {
			return false
		}
	}
	return true
}

// points is the number of points of a resource.
func points(metrics pmetric.ResourceMetrics) int {
	one := pmetric.NewMetrics()
	metrics.CopyTo(one.ResourceMetrics().AppendEmpty())
	return one.DataPointCount()
}

// paces limits how often each process pushes, for as many as push.
type paces struct {
	burst, rate float64 // pushes at once, and per second

	mu  sync.Mutex
	of  map[pacer]pace
	all int
}

type pacer struct {
	members.Place
	instance string
}

type pace struct {
	left float64
	at   time.Time
}

// take takes one push from the budget of a process.
func (p *paces) take(place members.Place, instance string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[pacer]pace{}
	}
	key := pacer{place, instance}
	one, known := p.of[key]
	if !known {
		one = pace{p.burst, now}
	}
	one.left = min(p.burst, one.left+max(now.Sub(one.at).Seconds(), 0)*p.rate)
	one.at = now
	taken := one.left >= 1
	if taken {
		one.left--
	}
	p.of[key] = one
	if p.all++; p.all%4096 == 0 {
		p.forget(now)
	}
	return taken
}

// forget drops those whose budget is whole again.
func (p *paces) forget(now time.Time) {
	for key, one := range p.of {
		if one.left+now.Sub(one.at).Seconds()*p.rate >= p.burst {
			delete(p.of, key)
		}
	}
}
