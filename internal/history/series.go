package history

import (
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/internal/catalog"
)

// argusScopes is the prefix of Argus' own instrumentation scopes. A program may have
// metrics of the same name in others.
const argusScopes = "github.com/argus-dgo/argus"

const (
	// maxFolded is the number of label values per row that may take the place of others.
	maxFolded = 128
	// maxSwaps is the number of groups of a row that give way in a minute.
	maxSwaps = 4
)

// labels are the values of a row's labels, by their numbers in names.
type labels [maxLabels]uint32

// names numbers the values of labels, of which most are those of many series. The
// empty value has 0. The catalog limits how many there are.
type names struct {
	numbers map[string]uint32
	values  []string
}

func newNames() names {
	return names{map[string]uint32{"": 0}, []string{""}}
}

func (n *names) number(value string) uint32 {
	number, ok := n.numbers[value]
	if !ok {
		number = uint32(len(n.values)) //nolint:gosec // there are not that many
		n.numbers[value] = number
		n.values = append(n.values, value)
	}
	return number
}

// A group is the series of a row that have the same labels. Labels and id do not change.
type group struct {
	labels labels
	id     int // of the first series
	shard  *shard
	shift  *shift
	born   int64 // the step that it was made at; its series may have been another's before
	seen   int64 // when it last had a value
	before int64 // its count at the last rebalancing
	parts  uint8
	class  uint8
	base   uint8 // in which tiers it has a new base when it appears
	active bool
}

// A shift is what swaps have added to the parts of a group, or taken from them.
type shift [maxParts]int64

// Where a group has a new base.
const (
	baseFine uint8 = 1 << iota
	baseCoarse
)

// A target is where the points of an attribute set go to.
type target struct {
	group  *group
	folded *folded
	state  int64
}

// A folded group shares its series with others.
type folded struct {
	values []int64
	at     int64 // of the step that values are of
	before int64
}

// A rowState is a row with its groups.
type rowState struct {
	row
	scaled float64
	other  uint32 // the number of that value
	groups map[labels]*group
	active int // groups, without the shared ones
	folded map[labels]*folded
}

// A store reduces collections to series.
type store struct {
	namespace string

	rows   []*rowState
	byName map[string][]*rowState
	frame  frame
	free   map[uint8][]int // places, by the number of parts
	names  names
	tiers  []*tier
	shards shards
	now    int64
	wall   int64 // now, as Unix time
	forget int64 // after which a group without values is removed
	begun  bool  // there was a step before
}

func newStore(namespace string, forget int64) *store {
	s := &store{
		namespace: namespace, forget: forget,
		byName: map[string][]*rowState{}, free: map[uint8][]int{}, names: newNames(),
		shards: shards{full: fullShards, byName: map[string]*shard{}},
	}
	for _, r := range table() {
		r.of = r.of.In(namespace)
		other := s.names.number(catalog.Other)
		state := &rowState{
			row: r, scaled: r.scale(), other: other, groups: map[labels]*group{}, folded: map[labels]*folded{},
		}
		s.rows = append(s.rows, state)
		s.byName[r.of.Name] = append(s.byName[r.of.Name], state)
	}
	return s
}

// reduce puts a collection into the frame.
func (s *store) reduce(now, wall int64, metrics *metricdata.ResourceMetrics) {
	s.now, s.wall = now, wall
	clear(s.frame.present)
	s.shards.choose(s, metrics)
	for _, scope := range metrics.ScopeMetrics {
		if !isArgus(scope.Scope.Name) {
			continue
		}
		for _, m := range scope.Metrics {
			for _, r := range s.byName[m.Name] {
				s.add(r, m.Data)
			}
		}
	}
	s.begun = true
}

func isArgus(scope string) bool {
	return scope == argusScopes || strings.HasPrefix(scope, argusScopes+"/")
}

func (s *store) add(r *rowState, data metricdata.Aggregation) {
	switch data := data.(type) {
	case metricdata.Gauge[int64]:
		addNumbers(s, r, data.DataPoints)
	case metricdata.Gauge[float64]:
		addNumbers(s, r, data.DataPoints)
	case metricdata.Sum[int64]:
		addNumbers(s, r, data.DataPoints)
	case metricdata.Sum[float64]:
		addNumbers(s, r, data.DataPoints)
	case metricdata.Histogram[float64]:
		s.addHistograms(r, data.DataPoints)
	}
}

func addNumbers[N int64 | float64](s *store, r *rowState, points []metricdata.DataPoint[N]) {
	if r.of.Kind == catalog.Histogram {
		return
	}
	for i := range points {
		p := &points[i]
		value, ok := fixed(float64(p.Value), r.scaled)
		if !ok {
			continue
		}
		t := s.target(r, &p.Attributes)
		if t.group == nil {
			continue
		}
		if r.states != nil {
			if value == 0 || t.state < 0 {
				continue
			}
			value = t.state
		}
		if first := s.touch(t.group); first || r.isCounter() || r.sum || r.of.Kind == catalog.UpDownCounter {
			s.frame.values[t.group.id] += value
		} else {
			s.frame.values[t.group.id] = max(s.frame.values[t.group.id], value)
		}
		if t.folded != nil {
			t.folded.touch(s.now, 1)
			t.folded.values[0] += value
		}
	}
}

func (s *store) addHistograms(r *rowState, points []metricdata.HistogramDataPoint[float64]) {
	if r.of.Kind != catalog.Histogram {
		return
	}
	for i := range points {
		p := &points[i]
		sum, ok := fixed(p.Sum, r.scaled)
		// A view of the program's may have other buckets.
		if !ok || !slices.Equal(p.Bounds, r.of.Buckets) || len(p.BucketCounts) != len(p.Bounds)+1 {
			continue
		}
		t := s.target(r, &p.Attributes)
		if t.group == nil {
			continue
		}
		s.touch(t.group)
		values := s.valuesOf(t.group)
		r.addHistogram(values, sum, p.BucketCounts)
		if t.folded != nil {
			t.folded.touch(s.now, len(values))
			r.addHistogram(t.folded.values, sum, p.BucketCounts)
		}
	}
}

// addHistogram adds a histogram to the parts of a group: the sum, and the buckets that
// are kept.
func (r *row) addHistogram(values []int64, sum int64, counts []uint64) {
	values[0] += sum
	kept := 0
	for i, n := range counts {
		values[1+kept] += int64(n) //nolint:gosec // no counter gets that far
		if i < len(r.of.Buckets) && kept < len(r.bounds) && r.of.Buckets[i] == r.bounds[kept] {
			kept++
		}
	}
}

// fixed converts a number to what the log keeps.
func fixed(v, scale float64) (int64, bool) {
	v = math.Round(v * scale)
	const most = 1 << 61 // so that no difference overflows
	return int64(v), v >= -most && v <= most
}

// touch begins a group at a step. It reports whether this is the first point.
func (s *store) touch(g *group) bool {
	if s.frame.present[g.id] {
		return false
	}
	g.seen = s.now
	for n := range int(g.parts) {
		s.frame.present[g.id+n] = true
		s.frame.values[g.id+n] = 0
		if g.shift != nil {
			s.frame.values[g.id+n] = g.shift[n]
		}
	}
	return true
}

func (f *folded) touch(now int64, parts int) {
	if f.values == nil {
		f.values = make([]int64, parts)
	}
	if f.at != now {
		f.at = now
		clear(f.values)
	}
}

// target returns where the points of an attribute set go to, and makes the group where it
// is missing. To look up the sets instead would cost more memory than it saves time.
func (s *store) target(r *rowState, set *attribute.Set) target {
	var (
		key   labels
		found = r.only == ""
		t     = target{state: -1}
	)
	for i := range set.Len() {
		a, _ := set.Get(i)
		value := a.Value.AsString()
		if n := r.index(string(a.Key)); n >= 0 {
			key[n] = s.names.number(value)
		}
		found = found || string(a.Key) == r.only && value == r.value
		if r.states != nil && a.Key == "state" {
			t.state = int64(slices.Index(r.states, value))
		}
	}
	if !found {
		return target{}
	}
	var of *shard
	if r.shard() {
		of = s.shards.get(s.names.values[key[0]])
		if !of.detailed && !r.all {
			return target{}
		}
	}
	if g := r.groups[key]; g != nil && g.active {
		t.group = g
		return t
	}
	if shared := r.shared(key); r.most > 0 && r.active >= r.most && shared != key {
		if f := r.folded[key]; f != nil || len(r.folded) < maxFolded {
			if f == nil {
				f = &folded{}
				r.folded[key] = f
			}
			t.folded = f
		}
		key = shared
	}
	t.group = s.activate(r, key, of)
	return t
}

func text(set *attribute.Set, name string) string {
	v, _ := set.Value(attribute.Key(name))
	return v.AsString()
}

// shared returns the labels of the group that has the rest.
func (r *rowState) shared(key labels) labels {
	for _, name := range r.fold {
		key[r.index(name)] = r.other
	}
	return key
}

// activate returns a group that has values from now on.
func (s *store) activate(r *rowState, key labels, of *shard) *group {
	g := r.groups[key]
	if g == nil {
		g = &group{labels: key, parts: r.parts(), shard: of, born: s.now, seen: s.now}
		g.id = s.place(g.parts)
		// A group of a shard that was there before, but not kept, or a counter of
		// something that was, does not begin at 0.
		if r.elsewhere || of != nil && s.shards.choosing && s.begun {
			g.base = baseFine | baseCoarse
		}
		r.groups[key] = g
	} else if !g.active {
		g.base = baseFine | baseCoarse
	}
	if of != nil && r.all {
		if !of.detailed {
			g.base |= baseFine // it may be kept in full later
		}
	} else if of != nil {
		of.held = true
	}
	if !g.active {
		g.active = true
		if r.shared(key) != key {
			r.active++
		}
	}
	s.classify(r, g)
	return g
}

func (s *store) classify(r *rowState, g *group) {
	g.class = usual
	if g.shard != nil && !g.shard.detailed {
		g.class = sparse
		if r.states != nil {
			g.class = coarse
		}
	}
	for n := range int(g.parts) {
		s.frame.class[g.id+n], s.frame.base[g.id+n] = g.class, g.base
	}
}

// place finds room for series.
func (s *store) place(parts uint8) int {
	if free := s.free[parts]; len(free) > 0 {
		s.free[parts] = free[:len(free)-1]
		return free[len(free)-1]
	}
	id := len(s.frame.values)
	for range parts {
		s.frame.values = append(s.frame.values, 0)
		s.frame.present = append(s.frame.present, false)
		s.frame.class = append(s.frame.class, 0)
		s.frame.base = append(s.frame.base, 0)
	}
	return id
}

// deactivate ends a group for now. What is known of it stays.
func (s *store) deactivate(r *rowState, g *group) {
	g.active = false
	for n := range int(g.parts) {
		s.frame.present[g.id+n] = false
	}
	if r.shared(g.labels) != g.labels {
		r.active--
	}
}

// count is the number of events of a group: of a histogram, its observations.
func count(values []int64) int64 {
	if len(values) == 1 {
		return values[0]
	}
	n := int64(0)
	for _, v := range values[1:] {
		n += v
	}
	return n
}

func (s *store) valuesOf(g *group) []int64 { return s.frame.values[g.id : g.id+int(g.parts)] }

// rebalance gives groups of their own to the busiest of those that share one. The
// shared groups go on without a jump.
func (s *store) rebalance() {
	for _, r := range s.rows {
		if len(r.folded) > 0 {
			s.rebalanceRow(r)
		}
	}
}

func (s *store) rebalanceRow(r *rowState) {
	for range maxSwaps {
		busiest, idlest, most, least := labels{}, (*group)(nil), int64(-1), int64(math.MaxInt64)
		for key, f := range r.folded {
			if n := count(f.values) - f.before; f.at == s.now && n > most {
				busiest, most = key, n
			}
		}
		for key, g := range r.groups {
			if !g.active || r.shared(key) == key {
				continue
			}
			n := int64(0)
			if s.frame.present[g.id] {
				n = count(s.valuesOf(g)) - g.before
			}
			if n < least {
				idlest, least = g, n
			}
		}
		if idlest == nil || most <= 2*least {
			break
		}
		s.swap(r, busiest, idlest)
	}
	for key, f := range r.folded {
		if f.at < s.now-s.forget {
			delete(r.folded, key)
		} else if f.at == s.now {
			f.before = count(f.values)
		}
	}
	for _, g := range r.groups {
		if s.frame.present[g.id] {
			g.before = count(s.valuesOf(g))
		}
	}
}

// swap gives a group of its own to one that shares another, in place of a group that
// will share it.
func (s *store) swap(r *rowState, busy labels, idle *group) {
	f := r.folded[busy]
	delete(r.folded, busy)
	move(r.groups[r.shared(busy)], f.values, 1)

	kept := &folded{values: slices.Clone(s.valuesOf(idle)), at: s.now}
	if s.frame.present[idle.id] {
		kept.before = count(kept.values)
		shared := s.activate(r, r.shared(idle.labels), nil)
		move(shared, kept.values, -1)
		if !s.frame.present[shared.id] { // it begins with what it has next
			s.touch(shared)
			for n, v := range kept.values {
				s.frame.values[shared.id+n] += v
			}
		}
		r.folded[idle.labels] = kept
	}
	s.deactivate(r, idle)

	g := s.activate(r, busy, nil)
	g.base = baseFine | baseCoarse
	s.classify(r, g)
	s.touch(g)
	copy(s.valuesOf(g), f.values)
	g.before = count(f.values)
}

func move(g *group, values []int64, sign int64) {
	if g.shift == nil {
		g.shift = &shift{}
	}
	for n, v := range values {
		g.shift[n] += sign * v
	}
}

// purge removes groups that no block has values of.
func (s *store) purge() {
	removed := false
	for _, r := range s.rows {
		for _, g := range r.groups {
			if s.now-g.seen > s.forget {
				s.remove(r, g)
				removed = true
			}
		}
	}
	if removed {
		s.recount()
	}
}

// remove removes a group and what is known of it.
func (s *store) remove(r *rowState, g *group) {
	if g.active {
		s.deactivate(r, g)
	}
	delete(r.groups, g.labels)
	for _, t := range s.tiers {
		for n := range int(g.parts) {
			t.forget(g.id + n)
		}
	}
	s.free[g.parts] = append(s.free[g.parts], g.id)
}

// recount finds the shards that groups are still kept of.
func (s *store) recount() {
	for _, sh := range s.shards.byName {
		sh.held = false
	}
	for _, r := range s.rows {
		for _, g := range r.groups {
			if g.shard != nil && !r.all {
				g.shard.held = true
			}
		}
	}
}
