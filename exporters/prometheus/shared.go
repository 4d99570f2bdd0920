package prometheus

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

const probeName = "argus_probe"

var (
	// maxAsking is how long the exporter waits for the program's collectors to
	// describe or collect their metrics: one may wait for a lock that is held until
	// this exporter returns. Tests use a longer time.
	maxAsking = time.Second

	// lookEvery is the interval at which the exporter looks for new metrics in the
	// registry if its own page, which reveals them, is not scraped. Tests use a
	// shorter time.
	lookEvery = time.Minute
)

// mostLooks is the number of gatherings in a row while the registry returns errors.
const mostLooks = 3

// share registers the exporter's metrics with the program's registry. It describes
// nothing: the registry would refuse a later registration by the program under the
// same name, and MustRegister panics.
func (e *Exporter) share(c *config) error {
	e.program = newProgram(c.gatherer, c.registerer)
	b := &bridge{exporter: e, probe: true}
	if err := c.registerer.Register(b); err != nil {
		return err
	}
	e.program.gather(c.gatherer)
	b.mu.Lock()
	b.probe = false
	b.mu.Unlock()
	taken := e.program.names()
	e.silent = map[string]bool{}
	for _, col := range append(c.collectors, e.scrape.counter) {
		var names []string
		for _, d := range describe(col.Describe) {
			if name := descName(d); taken.described[name] {
				names = append(names, name)
				e.silent[name] = true
			}
		}
		if len(names) > 0 {
			e.skipped = append(e.skipped, skippedError{col, names})
		}
	}
	return nil
}

// A skippedError names the metrics of a collector that a shared registry already has.
type skippedError struct {
	collector client.Collector
	names     []string
}

func (e skippedError) Error() string {
	text := "the registry has " + e.names[0]
	if n := len(e.names) - 1; n > 0 {
		text += " and " + strconv.Itoa(n) + " more"
	}
	return text + " already; Argus omits its own"
}

// bridge passes the exporter's metrics to the program's registry. It describes
// nothing, and a registry cannot unregister such a collector: after the exporter's
// shutdown it collects nothing.
type bridge struct {
	exporter *Exporter

	mu    sync.Mutex
	probe bool // true while the exporter is made
}

var _ client.Collector = (*bridge)(nil)

// Describe describes nothing.
func (*bridge) Describe(chan<- *client.Desc) {}

// Collect passes on what the registry accepts. For anything else the registry
// returns an error, and by client_golang's default the program's own handler then
// serves a page without any metrics.
func (b *bridge) Collect(ch chan<- client.Metric) {
	b.mu.Lock()
	probe := b.probe
	b.mu.Unlock()
	if probe {
		ch <- client.MustNewConstMetric(client.NewDesc(probeName, "Finds out how the registry renames metrics.", nil, nil), client.GaugeValue, 1)
		return
	}
	e := b.exporter
	families, err := e.ours()
	if err != nil {
		e.scrape.noteGathering(err)
	}
	var left leftOut
	taken := e.program.names()
	for _, mf := range families {
		if name, is := taken.has(mf); is {
			if !e.silent[name] {
				left.add(name, "")
			}
			continue
		}
		desc := client.NewDesc(mf.GetName(), mf.GetHelp(), nil, nil)
		for _, m := range mf.Metric {
			ch <- gathered{desc, m}
		}
	}
	e.scrape.taken(&e.scrape.program, &left)
	if len(families) > 0 {
		e.program.hand(families)
		e.program.look(e.gatherer)
	}
}

// A gathered metric is passed to a registry, which gathers it again.
type gathered struct {
	desc   *client.Desc
	metric *dto.Metric
}

func (g gathered) Desc() *client.Desc { return g.desc }

func (g gathered) Write(out *dto.Metric) error {
	m := g.metric
	out.Label, out.TimestampMs = slices.Clip(m.Label), m.TimestampMs // a wrapped registry appends its own labels
	out.Gauge, out.Counter, out.Untyped, out.Summary, out.Histogram = m.Gauge, m.Counter, m.Untyped, m.Summary, m.Histogram
	return nil
}

// program tracks which other metrics a shared registry has.
type program struct {
	registries []client.Collector // those that describe their metrics

	asking chan struct{} // holds an element during a call of ask

	mu    sync.Mutex
	descs map[*client.Desc]string // the names of what was described last
	last  taken

	handed  []*dto.MetricFamily // the exporter's families of the last collection, before any was left out
	looked  time.Time           // when the registry was last gathered
	looking bool                // whether look is gathering now
}

// taken holds the names of the program's own metrics.
type taken struct {
	prefix    string // that the registry adds to the exporter's names
	described map[string]bool
	gathered  map[string]*dto.MetricFamily // of collectors that describe nothing
}

// newProgram finds the registries among the program's gatherer and registerer. A
// gatherer may consist of several.
func newProgram(given ...any) *program {
	p := &program{asking: make(chan struct{}, 1)}
	for _, g := range given {
		switch g := g.(type) {
		case client.Gatherers:
			for _, one := range g {
				if r, ok := one.(client.Collector); ok {
					p.registries = append(p.registries, r)
				}
			}
		case client.Collector:
			p.registries = append(p.registries, g)
		}
	}
	return p
}

// gather finds the metrics that are not described, and the prefix that the
// registry adds to the exporter's names.
func (p *program) gather(g client.Gatherer) {
	within(func() {
		families, _ := g.Gather() // errors are reported at the scrape
		p.mu.Lock()
		defer p.mu.Unlock()
		p.looked = time.Now()
		p.last.gathered = make(map[string]*dto.MetricFamily, len(families))
		for _, mf := range families {
			if prefix, is := strings.CutSuffix(mf.GetName(), probeName); is {
				p.last.prefix = prefix
				continue
			}
			p.last.gathered[mf.GetName()] = mf
		}
	})
}

// hand records the exporter's families, without their series.
func (p *program) hand(families []*dto.MetricFamily) {
	heads := make([]*dto.MetricFamily, len(families))
	for n, mf := range families {
		heads[n] = &dto.MetricFamily{Name: mf.Name, Help: mf.Help, Type: mf.Type}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed = heads
}

// look gathers the registry again in the background, once per lookEvery, to find new
// metrics that are not described: if only the program's own handler is scraped, the
// exporter does not see what the registry refuses. look does not block; the next
// collection uses the result.
func (p *program) look(g client.Gatherer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looking || time.Since(p.looked) < lookEvery {
		return
	}
	p.looking = true
	go func() {
		defer func() {
			_ = recover() // in a gatherer of the program
			p.mu.Lock()
			defer p.mu.Unlock()
			p.looking, p.looked = false, time.Now()
		}()
		for range mostLooks {
			families, err := g.Gather()
			if p.learn(families, err) || err == nil {
				return
			}
		}
	}()
}

// learn evaluates what a registry gathered. If err says that the registry refused
// something, then of two metrics with one name it kept the first, which may be the
// program's or the exporter's. learn reports whether it found another name that
// belongs to the program.
func (p *program) learn(families []*dto.MetricFamily, err error) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looked = time.Now()
	if err == nil {
		return false
	}
	ours := make(map[string]*dto.MetricFamily, len(p.handed))
	for _, mf := range p.handed {
		ours[p.last.prefix+mf.GetName()] = mf
	}
	theirs := taken{prefix: p.last.prefix, gathered: map[string]*dto.MetricFamily{}}
	for _, mf := range families {
		if our := ours[mf.GetName()]; our == nil || our.GetType() != mf.GetType() || our.GetHelp() != mf.GetHelp() {
			theirs.gathered[mf.GetName()] = mf
		}
	}
	known := maps.Clone(p.last.gathered) // others may be reading it
	for _, mf := range p.handed {
		if name, is := theirs.has(mf); is && known[name] == nil {
			if known == nil {
				known = map[string]*dto.MetricFamily{}
			}
			known[name], news = theirs.gathered[name], true
		}
	}
	p.last.gathered = known
	return news
}

// names asks the registries what they describe. It waits for maxAsking at most and
// then returns the last answer: a registry that is itself being collected by another
// registry is locked, and unavailable while a third goroutine waits to register
// something.
func (p *program) names() taken {
	timer := time.NewTimer(maxAsking)
	defer timer.Stop()
	select {
	case p.asking <- struct{}{}:
		within(func() {
			defer func() { <-p.asking }()
			p.ask()
		})
	case <-timer.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *program) ask() {
	p.mu.Lock()
	known := p.descs
	p.mu.Unlock()
	descs := make(map[*client.Desc]string, len(known))
	described := make(map[string]bool, len(known))
	for _, r := range p.registries {
		for _, d := range describe(r.Describe) {
			name, there := known[d]
			if !there {
				name = descName(d)
			}
			descs[d], described[name] = name, true
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.descs, p.last.described = descs, described
}

// has reports whether the registry would refuse a family of the exporter, and for
// which name of the program.
func (t taken) has(mf *dto.MetricFamily) (string, bool) {
	name := t.prefix + mf.GetName()
	names := []string{name}
	for _, suffix := range suffixes(mf.GetType()) {
		names = append(names, name+suffix)
	}
	for n, name := range names {
		other := t.gathered[name]
		// A metric that is not described may belong to another exporter, with other
		// labels: the registry accepts both.
		if t.described[name] || other != nil && (n > 0 || other.GetType() != mf.GetType() || other.GetHelp() != mf.GetHelp()) {
			return name, true
		}
	}
	// The type of a described metric is unknown.
	if base, suffix := cutSuffix(name); suffix != "" {
		other := t.gathered[base]
		if t.described[base] || other != nil && len(suffixes(other.GetType())) > 0 {
			return base, true
		}
	}
	return "", false
}

// describe returns what a collector describes.
func describe(describe func(chan<- *client.Desc)) (descs []*client.Desc) {
	ch := make(chan *client.Desc)
	go func() {
		defer close(ch)
		defer func() { _ = recover() }() // in a collector of the program
		describe(ch)
	}()
	for d := range ch {
		if d != nil {
			descs = append(descs, d)
		}
	}
	return descs
}

// descName reads a metric's name from the text of its description, or returns "".
func descName(d *client.Desc) string {
	_, rest, found := strings.Cut(d.String(), "fqName: ")
	quoted, err := strconv.QuotedPrefix(rest)
	if !found || err != nil {
		return ""
	}
	name, _ := strconv.Unquote(quoted) // "" with an error
	return name
}

// within runs f and waits for it for maxAsking at most.
func within(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }() // in a collector of the program
		f()
	}()
	timer := time.NewTimer(maxAsking)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
