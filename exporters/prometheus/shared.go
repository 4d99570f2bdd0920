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
	// maxAsking is how long the exporter waits for the program's collectors to say
	// what they have: one may wait for a lock that waits for us. Tests have more time.
	maxAsking = time.Second

	// lookEvery is how often the exporter looks for what came since, where nobody
	// asks for its own page, which tells. Tests have less time.
	lookEvery = time.Minute
)

// mostLooks is how often it looks at once, while the registry refuses something.
const mostLooks = 3

// share puts the exporter's metrics into the registry of the program. Nothing is
// described to it: the registry would refuse a later registration of the program's
// own under one of the names, and MustRegister panics.
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

// A skippedError names what of a collector a shared registry has already.
type skippedError struct {
	collector client.Collector
	names     []string
}

func (e skippedError) Error() string {
	text := "the registry has " + e.names[0]
	if n := len(e.names) - 1; n > 0 {
		text += " and " + strconv.Itoa(n) + " more"
	}
	return text + " already, and the ones of a collector of Argus are left out"
}

// bridge hands the exporter's metrics to the program's registry. It describes
// nothing, and a registry cannot unregister such a collector: it is empty once
// the exporter was shut down.
type bridge struct {
	exporter *Exporter

	mu    sync.Mutex
	probe bool // while the exporter is made
}

var _ client.Collector = (*bridge)(nil)

// Describe describes nothing.
func (*bridge) Describe(chan<- *client.Desc) {}

// Collect hands on what the registry will accept. The registry makes an error of
// anything else, and the program's own handler for it, by client_golang's
// default, a page without any metrics.
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

// A gathered metric is one that a registry gathers once more.
type gathered struct {
	desc   *client.Desc
	metric *dto.Metric
}

func (g gathered) Desc() *client.Desc { return g.desc }

func (g gathered) Write(out *dto.Metric) error {
	m := g.metric
	out.Label, out.TimestampMs = slices.Clip(m.Label), m.TimestampMs // a wrapped registry appends its own
	out.Gauge, out.Counter, out.Untyped, out.Summary, out.Histogram = m.Gauge, m.Counter, m.Untyped, m.Summary, m.Histogram
	return nil
}

// program knows what a shared registry has beside the exporter's metrics.
type program struct {
	registries []client.Collector // those that describe what they have

	asking chan struct{} // holds an element while somebody asks

	mu    sync.Mutex
	descs map[*client.Desc]string // the names of those described the last time
	last  taken

	handed  []*dto.MetricFamily // what was ours in the last collection, before any was left out
	looked  time.Time           // when it was last found out what is not described
	looking bool                // or is now
}

// taken are the names of the program's own metrics.
type taken struct {
	prefix    string // before our names in the registry
	described map[string]bool
	gathered  map[string]*dto.MetricFamily // of collectors that describe nothing
}

// newProgram finds the registries among what the program has given: a gatherer
// may be several.
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

// gather finds out what there is without being described, and how the registry
// renames what is ours.
func (p *program) gather(g client.Gatherer) {
	within(func() {
		families, _ := g.Gather() // what is wrong with it is said when it is scraped
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

// hand notes what is ours, without the series.
func (p *program) hand(families []*dto.MetricFamily) {
	heads := make([]*dto.MetricFamily, len(families))
	for n, mf := range families {
		heads[n] = &dto.MetricFamily{Name: mf.Name, Help: mf.Help, Type: mf.Type}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed = heads
}

// look gathers the registry once more, now and then and aside, to learn what has come
// since without being described: a handler of the program's own does not tell us what
// the registry has refused. It waits for nothing; the next collection knows.
func (p *program) look(g client.Gatherer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looking || time.Since(p.looked) < lookEvery {
		return
	}
	p.looking = true
	go func() {
		defer func() {
			_ = recover() // of a gatherer of the program's
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

// learn takes what a registry has gathered. Where that has refused something, as the
// error says, of two metrics of one name the first one has stayed, which is by chance
// the program's or ours. It reports whether there is a name that was not known to be
// the program's.
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

// names asks the registries what they describe. It does not wait for longer than
// a moment, and then gives the answer of the last time: a registry that is itself
// collected by another is locked meanwhile, and not to be had while a third
// waits to register something.
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

// has says whether the registry would refuse a family of ours, and for which name
// of the program's own.
func (t taken) has(mf *dto.MetricFamily) (string, bool) {
	name := t.prefix + mf.GetName()
	names := []string{name}
	for _, suffix := range suffixes(mf.GetType()) {
		names = append(names, name+suffix)
	}
	for n, name := range names {
		other := t.gathered[name]
		// A metric that is not described may be that of another exporter, with other
		// labels: the registry takes both.
		if t.described[name] || other != nil && (n > 0 || other.GetType() != mf.GetType() || other.GetHelp() != mf.GetHelp()) {
			return name, true
		}
	}
	// What type a described metric has is not known.
	if base, suffix := cutSuffix(name); suffix != "" {
		other := t.gathered[base]
		if t.described[base] || other != nil && len(suffixes(other.GetType())) > 0 {
			return base, true
		}
	}
	return "", false
}

// describe lists what a collector describes.
func describe(describe func(chan<- *client.Desc)) (descs []*client.Desc) {
	ch := make(chan *client.Desc)
	go func() {
		defer close(ch)
		defer func() { _ = recover() }() // of a collector of the program's
		describe(ch)
	}()
	for d := range ch {
		if d != nil {
			descs = append(descs, d)
		}
	}
	return descs
}

// descName reads the name of a metric where client_golang shows it, "" if it does
// not.
func descName(d *client.Desc) string {
	_, rest, found := strings.Cut(d.String(), "fqName: ")
	quoted, err := strconv.QuotedPrefix(rest)
	if !found || err != nil {
		return ""
	}
	name, _ := strconv.Unquote(quoted) // "" with an error
	return name
}

// within runs f, and waits for it for a moment.
func within(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }() // of the program's collectors
		f()
	}()
	timer := time.NewTimer(maxAsking)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
