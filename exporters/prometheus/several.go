package prometheus

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	dto "github.com/prometheus/client_model/go"
)

// Page serves the metrics of several exporters on one page, for a process with
// several MeterProviders and one port. Their resources must differ in a label that
// every series has, such as bot. The zero value has no exporter and answers 503.
type Page struct {
	mu        sync.Mutex
	exporters []*Exporter
	handler   atomic.Pointer[http.Handler] // nil without exporters
}

// Add adds an exporter to the page. If its metrics conflict with those of an
// exporter added before, the earlier ones stay.
func (p *Page) Add(e *Exporter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.exporters, e) {
		p.change(append(slices.Clone(p.exporters), e))
	}
}

// Remove removes an exporter from the page. Call it before you shut the exporter
// down.
func (p *Page) Remove(e *Exporter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change(slices.DeleteFunc(slices.Clone(p.exporters), func(other *Exporter) bool { return other == e }))
}

// change makes the handler for these exporters. Requests in progress keep the
// previous handler.
func (p *Page) change(exporters []*Exporter) {
	p.exporters = exporters
	switch len(exporters) {
	case 0:
		p.handler.Store(nil)
	case 1:
		p.handler.Store(&exporters[0].handler)
	default:
		h := newHandler(several(exporters).gather, new(atomic.Bool), exporters[0].scrape)
		p.handler.Store(&h)
	}
}

// ServeHTTP serves the page.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := p.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	http.Error(w, errEnded.Error(), http.StatusServiceUnavailable)
}

// several gathers exporters one after the other.
type several []*Exporter

func (s several) gather() ([]*dto.MetricFamily, error) {
	var (
		merged []*dto.MetricFamily
		index  = map[string]int{}
		own    = map[int]bool{} // whether a family is a copy
		left   leftOut
		errs   []error
	)
	for n, e := range s {
		if slices.ContainsFunc(s[:n], e.sharesRegistry) {
			continue // the registry has already been gathered
		}
		families, err := e.gather()
		if err != nil && err != errEnded { //nolint:errorlint // other errors may be the program's, with methods that panic
			errs = append(errs, err)
		}
		for _, mf := range families {
			at, there := index[mf.GetName()]
			if !there {
				index[mf.GetName()] = len(merged)
				merged = append(merged, mf)
				continue
			}
			before := merged[at]
			if before.GetType() != mf.GetType() {
				left.add(mf.GetName(), "another one of the page has another type")
				continue
			}
			if !own[at] {
				own[at] = true
				before = &dto.MetricFamily{Name: before.Name, Help: before.Help, Type: before.Type, Unit: before.Unit, Metric: slices.Clone(before.Metric)}
				merged[at] = before
			}
			before.Metric = append(before.Metric, mf.Metric...)
		}
	}
	fitted := fit(merged, noEscaping, &left)
	s[0].scrape.refused(&left)
	return fitted, errors.Join(errs...)
}

// sharesRegistry reports whether both exporters use the same registry of the
// program. Gatherers that are functions can only be compared by their code, which
// closures share, so for them the registerer must be the same too.
func (e *Exporter) sharesRegistry(other *Exporter) bool {
	if e.gatherer == nil || !same(e.gatherer, other.gatherer) {
		return false
	}
	return reflect.TypeOf(e.gatherer).Kind() != reflect.Func || same(e.registerer, other.registerer)
}

// same reports whether two values are identical. Not all types can be compared.
func same(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() || x.Type() != y.Type() {
		return false
	}
	switch x.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Slice, reflect.Map:
		return x.UnsafePointer() == y.UnsafePointer()
	default:
		return x.Comparable() && x.Equal(y)
	}
}
