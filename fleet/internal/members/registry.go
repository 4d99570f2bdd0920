package members

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	defaultPlaces = 5_000
	defaultSeries = 20_000
	incarnations  = 16
	reportingMost = 32
	// placeShare is how many times the series of a process all processes of a place may
	// make: a bot with 2,500 series may start anew each minute, and one that makes a new
	// instance with each push comes to an end.
	placeShare     = 16
	usualInterval  = time.Minute
	leastInterval  = time.Second
	mostInterval   = 10 * time.Minute
	keptGaps       = 5
	deadlineFactor = 2.5
	// succeeded is how long a process may be silent that has reported once, if another one
	// has begun at its place since: one that crashes again and again does not live longer.
	succeeded = 30 * time.Second
	// overlap is how long two processes may be at one place while one replaces the other.
	overlap = 90 * time.Second
	// awake is the most time that counts as silence of the processes between two ticks.
	// After a longer one the fleet was not there, or its clock was set.
	awake = 3 * time.Second
)

// Config configures a [Registry].
type Config struct {
	// File keeps the state. Empty keeps it in memory alone.
	File string
	// MaxPlaces and MaxSeries are the limits; 0 means the usual ones.
	MaxPlaces, MaxSeries int
	// Event is called with each change, in order. It must not call the registry.
	Event func(Event)
	// Seen returns from when until when reports of a place could arrive: nobody is lost
	// outside of that time. It must not call the registry. nil is whenever the fleet ticks.
	Seen func(Place) (from, to time.Time)
}

// A Registry is safe for concurrent use.
type Registry struct {
	cfg Config

	mu      sync.Mutex
	places  map[Place]*member
	numbers map[Place]int // the last number of each group
	ticked  time.Time     // the last tick
	unsaved bool          // who is there has changed
}

type member struct {
	Member
	reporting int
	created   budget // series of all processes
}

// ErrFull is the error of a report from a place for which there is no room.
var ErrFull = errors.New("the fleet has no room for another cluster: forget those that are retired (argus-fleet forget), or raise ARGUS_FLEET_MAX_MEMBERS")

// ErrCrowded is the error of a report from a place with too many processes.
var ErrCrowded = fmt.Errorf("%d other processes report with the same job, bot, region and cluster: give each its own cluster id", reportingMost)

// Open returns a registry with the state of its file as of a time. A file that cannot be
// read is moved aside, and the error of that is returned beside an empty registry.
func Open(cfg Config, now time.Time) (*Registry, error) {
	cfg.MaxPlaces, cfg.MaxSeries = cmp.Or(cfg.MaxPlaces, defaultPlaces), cmp.Or(cfg.MaxSeries, defaultSeries)
	if cfg.Event == nil {
		cfg.Event = func(Event) {}
	}
	r := &Registry{cfg: cfg, places: map[Place]*member{}, numbers: map[Place]int{}, ticked: now}
	return r, r.load(now)
}

// Room returns how many new series a process may make, by its own limit and that of its
// place, and an error if its report is to be refused.
func (r *Registry) Room(p Place, instance string, now time.Time) (series int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.places[p]
	if m == nil {
		if len(r.places) >= r.cfg.MaxPlaces {
			return 0, ErrFull
		}
		return r.cfg.MaxSeries, nil
	}
	i := m.find(instance)
	if i == nil || i.EndedBy != Here {
		if m.reporting >= reportingMost {
			return 0, ErrCrowded
		}
	}
	series = r.cfg.MaxSeries
	if i != nil {
		series -= i.created.of(now)
	}
	return min(series, placeShare*r.cfg.MaxSeries-m.created.of(now)), nil
}

// Report takes a report. ended is the incarnation if the report is its last.
func (r *Registry) Report(report Report) (ended *Ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.places[report.Place]
	if m == nil {
		group := report.group()
		r.numbers[group]++
		m = &member{Member: Member{Place: report.Place, Number: r.numbers[group], First: report.At}}
		r.places[report.Place] = m
	}
	i := m.find(report.Instance)
	if i != nil && i.before(report) {
		if i.EndedBy == Here {
			r.replace(m, i, report.At)
		}
		i = nil
	}
	switch {
	case i == nil:
		i = r.begin(m, report)
	case i.EndedBy != Here:
		r.back(m, i, report)
	}
	i.heard(report)
	m.created.add(report.Created, report.At)
	i.silent = -elapsed(r.ticked, report.At) // which the next tick counts
	r.duplicate(m, i, report.At)
	if !report.Final {
		return nil
	}
	r.end(m, i, Goodbye, report.At)
	return i.ending(m.Place)
}

// replace ends an incarnation whose successor is known by the same instance.
func (r *Registry) replace(m *member, i *Incarnation, at time.Time) {
	r.unsaved = true
	i.Ended, i.EndedBy = at, Replaced
	m.reporting--
}

// begin adds an incarnation.
func (r *Registry) begin(m *member, report Report) *Incarnation {
	r.unsaved = true
	e := Event{At: report.At, Place: m.Place, Kind: Started, Instance: report.Instance, After: report.Version}
	if len(m.Incarnations) > 0 {
		before := m.Incarnations[0]
		e.Kind, e.Before = Restarted, before.Version
		if before.Host != "" && report.Host != "" && before.Host != report.Host {
			e.Kind, e.Before, e.After = Moved, before.Host, report.Host
		}
		if before.Version != "" && report.Version != "" && before.Version != report.Version {
			r.cfg.Event(Event{At: report.At, Place: m.Place, Kind: Version, Instance: report.Instance, Before: before.Version, After: report.Version})
		}
	}
	r.cfg.Event(e)
	m.Incarnations = slices.Insert(m.Incarnations, 0, Incarnation{Instance: report.Instance, First: report.At, Last: report.At})
	m.reporting++
	if len(m.Incarnations) > incarnations {
		for n, i := range slices.Backward(m.Incarnations) {
			if i.EndedBy != Here {
				m.Incarnations = slices.Delete(m.Incarnations, n, n+1)
				break
			}
		}
	}
	return &m.Incarnations[0]
}

// duplicate tells once that two processes report at one place, when the older one goes on
// for longer than a rolling restart takes.
func (r *Registry) duplicate(m *member, i *Incarnation, at time.Time) {
	newest := &m.Incarnations[0]
	if m.reporting < 2 || i == newest || newest.EndedBy != Here || newest.Duplicate || at.Sub(newest.First) < max(overlap, 2*newest.interval()) {
		return
	}
	newest.Duplicate = true
	r.unsaved = true
	r.cfg.Event(Event{At: at, Place: m.Place, Kind: Duplicate, Instance: newest.Instance, Before: i.Instance})
}

// back continues an incarnation that was taken for ended.
func (r *Registry) back(m *member, i *Incarnation, report Report) {
	r.unsaved = true
	i.Ended, i.EndedBy, i.gaps = time.Time{}, Here, nil
	m.reporting++
	r.cfg.Event(Event{At: report.At, Place: m.Place, Kind: Back, Instance: i.Instance})
}

func (r *Registry) end(m *member, i *Incarnation, by End, at time.Time) {
	r.unsaved = true
	i.Ended, i.EndedBy = at, by
	m.reporting--
	if m.reporting > 0 {
		return
	}
	switch by {
	case Goodbye:
		r.cfg.Event(Event{At: at, Place: m.Place, Kind: Left, Instance: i.Instance})
	case Lost:
		r.cfg.Event(Event{At: at, Place: m.Place, Kind: Gone, Instance: i.Instance})
	}
}

func (m *member) find(instance string) *Incarnation {
	for n := range m.Incarnations {
		if m.Incarnations[n].Instance == instance {
			return &m.Incarnations[n]
		}
	}
	return nil
}

// elapsed is the time between two moments as far as the fleet was there: a clock that is
// set, or a process that was stopped for a while, does not make others silent.
func elapsed(from, to time.Time) time.Duration { return min(max(to.Sub(from), 0), awake) }

// Tick ends the incarnations that have stopped reporting, and returns them. It is to be
// called once a second.
func (r *Registry) Tick(now time.Time) []Ending {
	r.mu.Lock()
	defer r.mu.Unlock()
	passed := elapsed(r.ticked, now)
	r.ticked = now
	var ended []Ending
	for place, m := range r.places {
		for n := range m.Incarnations {
			i := &m.Incarnations[n]
			deadline := i.Deadline()
			if n > 0 && i.Interval == 0 && m.Incarnations[0].First.After(i.Last) {
				deadline = min(deadline, succeeded)
			}
			if i.EndedBy != Here {
				continue
			}
			i.silent += passed
			if r.cfg.Seen != nil {
				from, to := r.cfg.Seen(place)
				i.silent = to.Sub(later(i.Last, from))
			}
			if i.silent <= deadline {
				continue
			}
			by := Lost
			if m.reporting > 1 || n > 0 && m.Incarnations[0].First.After(i.Last) {
				by = Replaced
			}
			r.end(m, i, by, now)
			ended = append(ended, *i.ending(m.Place))
		}
	}
	return ended
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Lost returns the places at which nothing reports since the last process was lost.
func (r *Registry) Lost() []Ending {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lost []Ending
	for _, m := range r.places {
		if i := &m.Incarnations[0]; m.reporting == 0 && i.EndedBy == Lost {
			lost = append(lost, *i.ending(m.Place))
		}
	}
	return lost
}

// Members returns all places, sorted by job, bot, region and number.
func (r *Registry) Members() []Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Member, 0, len(r.places))
	for _, m := range r.places {
		one := m.Member
		one.Incarnations = slices.Clone(one.Incarnations)
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Bot, b.Bot), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Number, b.Number))
	})
	return list
}

// The errors of [Registry.Forget].
var (
	ErrUnknown = errors.New("the fleet does not know it")
	ErrReports = errors.New("it reports: stop its process first")
)

// Forget removes a place that was retired. Its number is not used again.
func (r *Registry) Forget(p Place, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.places[p]
	switch {
	case m == nil:
		return fmt.Errorf("%v: %w", p, ErrUnknown)
	case m.reporting > 0:
		return fmt.Errorf("%v: %w", p, ErrReports)
	}
	delete(r.places, p)
	r.unsaved = true
	r.cfg.Event(Event{At: now, Place: p, Kind: Forgotten})
	return nil
}
