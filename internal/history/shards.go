package history

import (
	"cmp"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/argus-dgo/argus/internal/catalog"
)

const (
	// fullShards is the number of shards that are kept in full.
	fullShards = 64
	// maxHeld is the number of shards that groups are kept of, because they have been
	// among those.
	maxHeld = 2 * fullShards
	// lately is how long a shard counts as one that has changed its state.
	lately = 15 * time.Minute
	// lateAck is the age of an acknowledgement that is not normal: Discord's interval
	// is about 41 s.
	lateAck = 90 * time.Second
	// leastHold is how long a shard is kept in full at least.
	leastHold = 5 * time.Minute
)

// A shard is one of the process's shards.
type shard struct {
	name     string
	detailed bool // it is kept in full
	held     bool // there are groups of it that only shards in full have

	up, seen                 bool
	change, latency, lastAck float64
	score                    float64
	turn                     int64 // when it was last chosen, or no longer
}

// shards chooses the shards that are kept in full: all, or above a number the worst.
type shards struct {
	full     int
	choosing bool
	byName   map[string]*shard
}

func (s *shards) get(name string) *shard {
	found := s.byName[name]
	if found == nil {
		found = &shard{name: name, detailed: !s.choosing, turn: -leastHold.Milliseconds()}
		s.byName[name] = found
	}
	return found
}

// choose chooses the shards by a collection.
func (s *shards) choose(of *store, metrics *metricdata.ResourceMetrics) {
	for _, sh := range s.byName {
		sh.up, sh.seen, sh.change, sh.latency, sh.lastAck = false, false, 0, 0, math.Inf(1)
	}
	read := func(i catalog.Instrument, store func(*shard, float64)) {
		rows := of.byName[i.In(of.namespace).Name]
		for _, scope := range metrics.ScopeMetrics {
			for _, m := range scope.Metrics {
				if isArgus(scope.Scope.Name) && len(rows) > 0 && m.Name == rows[0].of.Name {
					each(m.Data, func(set *attribute.Set, v float64) { store(s.get(text(set, "shard")), v) })
				}
			}
		}
	}
	read(catalog.ShardEvents, func(*shard, float64) {})
	if !s.choosing {
		if len(s.byName) <= s.full {
			return
		}
		s.choosing = true
	}
	read(catalog.ShardUp, func(sh *shard, v float64) { sh.up, sh.seen = v > 0, true })
	read(catalog.ShardStateChange, func(sh *shard, v float64) { sh.change = v })
	read(catalog.ShardLatency, func(sh *shard, v float64) { sh.latency = v })
	read(catalog.HeartbeatAck, func(sh *shard, v float64) { sh.lastAck = v })
	s.worst(of)
}

// worst chooses the worst shards.
func (s *shards) worst(of *store) {
	order := make([]*shard, 0, len(s.byName))
	for _, sh := range s.byName {
		sh.rate(of)
		order = append(order, sh)
	}
	slices.SortFunc(order, func(a, b *shard) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.name, b.name))
	})
	changed := false
	for n, sh := range order {
		if detailed := n < s.full; detailed != sh.detailed {
			sh.detailed, sh.turn, changed = detailed, of.now, true
			of.reclassify(sh)
		}
	}
	if changed {
		s.evict(of, order)
	}
}

// evict removes what is known of the shards that have not been chosen for the longest
// time, where there are too many.
func (s *shards) evict(of *store, order []*shard) {
	var idle []*shard
	for _, sh := range order {
		if sh.held && !sh.detailed {
			idle = append(idle, sh)
		}
	}
	slices.SortFunc(idle, func(a, b *shard) int { return cmp.Compare(a.turn, b.turn) })
	for _, sh := range idle[:max(len(idle)-(maxHeld-s.full), 0)] {
		sh.held = false
		for _, r := range of.rows {
			if !r.shard() || r.all {
				continue
			}
			for _, g := range r.groups {
				if g.shard == sh {
					of.remove(r, g)
				}
			}
		}
	}
}

// rate gives a shard a score: shards that are down come first, then those that have
// changed their state lately, then those whose heartbeats are late or slow. A shard that
// is kept in full stays where others are hardly worse.
func (sh *shard) rate(of *store) {
	now := float64(of.wall) / 1e3
	sh.score = 0
	if !sh.seen {
		return // closed for good
	}
	if !sh.up {
		sh.score += 1000
	}
	if now-sh.change < lately.Seconds() {
		sh.score += 500
	}
	if age := now - sh.lastAck; age > lateAck.Seconds() {
		sh.score += 300 + min(age/10, 100)
	}
	sh.score += min(100*sh.latency, 100)
	if sh.detailed {
		sh.score = 1.5*sh.score + 5
		if of.now-sh.turn < leastHold.Milliseconds() {
			sh.score += 10_000
		}
	}
}

// reclassify follows a shard that is kept in full from now on, or no longer.
func (s *store) reclassify(sh *shard) {
	for _, r := range s.rows {
		if !r.shard() {
			continue
		}
		if r.all {
			if g := r.groups[labels{s.names.number(sh.name)}]; g != nil {
				g.base |= baseFine
				s.classify(r, g)
			}
			continue
		}
		if sh.detailed || !sh.held {
			continue
		}
		for _, g := range r.groups {
			if g.shard == sh && g.active {
				s.deactivate(r, g)
			}
		}
	}
}

// each calls f for each point of a gauge or a sum.
func each(data metricdata.Aggregation, f func(*attribute.Set, float64)) {
	switch data := data.(type) {
	case metricdata.Gauge[int64]:
		eachPoint(data.DataPoints, f)
	case metricdata.Gauge[float64]:
		eachPoint(data.DataPoints, f)
	case metricdata.Sum[int64]:
		eachPoint(data.DataPoints, f)
	}
}

func eachPoint[N int64 | float64](points []metricdata.DataPoint[N], f func(*attribute.Set, float64)) {
	for i := range points {
		f(&points[i].Attributes, float64(points[i].Value))
	}
}

// counts returns the numbers of shards that are kept in full, and of others.
func (s *shards) counts() (full, others int) {
	for _, sh := range s.byName {
		if sh.detailed {
			full++
		} else {
			others++
		}
	}
	return full, others
}
