package prometheus

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
)

// labelSets keeps the labels of attribute sets between collections, because most
// series of a page were on the page before it. A set that a collection lacks is
// dropped, so there are at most as many as series.
type labelSets struct {
	mu       sync.Mutex // held while a collection is translated
	constant []*dto.LabelPair
	sets     map[attribute.Distinct]*labelSet
	round    uint64 // counts collections
	unsorted bool   // there are new sets, which have no place yet

	namer otlptranslator.LabelNamer
	names map[attribute.Key]string // of labels; empty if the key has no valid name
}

// A labelSet holds the labels of one attribute set. Pages share it: it is not
// modified.
type labelSet struct {
	pairs []*dto.LabelPair
	place int    // in the order of all sets
	round uint64 // of the last collection that has the set
}

// begin starts a collection. The resource of a reader never changes.
func (l *labelSets) begin(resource attribute.Set, left *leftOut) {
	l.round++
	if l.sets == nil {
		l.sets, l.names = map[attribute.Distinct]*labelSet{}, map[attribute.Key]string{}
	}
	selected, _ := resource.Filter(promoted)
	l.constant, _ = l.translate(selected, nil, left, "resource")
}

// get returns the labels of an attribute set together with the constant ones, or nil
// if an attribute has no valid name.
func (l *labelSets) get(set attribute.Set, left *leftOut, of string) *labelSet {
	id := set.Equivalent() // which the SDK tells series apart by as well
	s := l.sets[id]
	if s == nil {
		pairs, ok := l.translate(set, l.constant, left, of)
		if !ok {
			return nil
		}
		s = &labelSet{pairs: pairs}
		l.sets[id] = s
		l.unsorted = true
	}
	s.round = l.round
	return s
}

// end drops what the collection did not have, and puts the others in order.
func (l *labelSets) end() {
	for id, s := range l.sets {
		if s.round != l.round {
			delete(l.sets, id)
		}
	}
	if !l.unsorted {
		return
	}
	l.unsorted = false
	sorted := make([]*labelSet, 0, len(l.sets))
	for _, s := range l.sets {
		sorted = append(sorted, s)
	}
	slices.SortFunc(sorted, func(a, b *labelSet) int { return slices.CompareFunc(a.pairs, b.pairs, compareLabels) })
	for i, s := range sorted {
		s.place = i
	}
}

// translate translates attributes and adds others. Attributes whose keys translate to
// the same name become one label, as the specification requires
// (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-attributes).
func (l *labelSets) translate(set attribute.Set, others []*dto.LabelPair, left *leftOut, of string) ([]*dto.LabelPair, bool) {
	pairs := make([]*dto.LabelPair, 0, set.Len()+len(others))
	for i := set.Iter(); i.Next(); {
		a := i.Attribute()
		name := l.name(a.Key)
		if name == "" {
			left.add(of, fmt.Sprintf("the attribute %s has no character that is valid in a Prometheus label name", quote(string(a.Key))))
			return nil, false
		}
		pairs = append(pairs, &dto.LabelPair{Name: &name, Value: new(a.Value.String())})
	}
	slices.SortFunc(pairs, compareLabels)
	merged := pairs[:0]
	for _, p := range pairs {
		if n := len(merged); n > 0 && merged[n-1].GetName() == p.GetName() {
			merged[n-1].Value = new(merged[n-1].GetValue() + ";" + p.GetValue())
			continue
		}
		merged = append(merged, p)
	}
	merged = append(merged, others...)
	slices.SortFunc(merged, compareLabels)
	return slices.Clip(merged), true
}

func compareLabels(a, b *dto.LabelPair) int {
	return cmp.Or(strings.Compare(a.GetName(), b.GetName()), strings.Compare(a.GetValue(), b.GetValue()))
}

// name returns the label's name for a key, or "". Keys with exemplars' values come
// and go as sets do, so the names are dropped when there are many.
func (l *labelSets) name(key attribute.Key) string {
	name, known := l.names[key]
	if !known {
		if len(l.names) >= maxLabelNames {
			clear(l.names)
		}
		name, _ = l.namer.Build(string(key)) // empty with an error
		l.names[key] = name
	}
	return name
}

// maxLabelNames is the number of label names that are kept; a bot has a few dozen.
const maxLabelNames = 1000
