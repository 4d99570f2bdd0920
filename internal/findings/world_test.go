package findings

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// A world has series whose values are functions of time, and answers questions from
// samples every five seconds, in the plainest way.
type world struct {
	series []worldSeries
	single bool // one process, not a fleet

	namespace string
}

type worldSeries struct {
	of     catalog.Instrument
	labels evidence.Labels
	value  func(at time.Time) (float64, bool)
	le     float64 // the bound of a bucket; 0 for anything else
}

const step = 5 * time.Second

// noon is when the tests look.
var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func labelled(pairs ...string) evidence.Labels {
	l := evidence.Labels{}
	for i := 0; i < len(pairs); i += 2 {
		l[pairs[i]] = pairs[i+1]
	}
	return l
}

func always(v float64) func(time.Time) (float64, bool) {
	return func(time.Time) (float64, bool) { return v, true }
}

// since is before until a time ago, and after from then on.
func sinceAgo(ago time.Duration, before, after float64) func(time.Time) (float64, bool) {
	return func(at time.Time) (float64, bool) {
		if noon.Sub(at) > ago {
			return before, true
		}
		return after, true
	}
}

// counting counts at one rate per second until a time ago, and at another one from then
// on.
func counting(ago time.Duration, before, after float64) func(time.Time) (float64, bool) {
	return func(at time.Time) (float64, bool) {
		sum := before * at.Sub(noon.Add(-24*time.Hour)).Seconds()
		if late := ago - noon.Sub(at); late > 0 {
			sum += (after - before) * late.Seconds()
		}
		return math.Floor(sum), true
	}
}

func (w *world) add(of catalog.Instrument, value func(time.Time) (float64, bool), pairs ...string) {
	w.series = append(w.series, worldSeries{of: of, labels: labelled(pairs...), value: value})
}

// observe adds a histogram whose observations all have one size.
func (w *world) observe(of catalog.Instrument, count func(time.Time) (float64, bool), size float64, pairs ...string) {
	w.observeBoth(of, count, size, always(0), 0, pairs...)
}

// observeBoth adds a histogram with observations of two sizes.
func (w *world) observeBoth(of catalog.Instrument, count func(time.Time) (float64, bool), size float64, more func(time.Time) (float64, bool), other float64, pairs ...string) {
	for _, le := range append(slices.Clone(of.Buckets), math.Inf(1)) {
		w.series = append(w.series, worldSeries{of: of, labels: labelled(pairs...), le: le, value: func(at time.Time) (float64, bool) {
			n := 0.0
			if size <= le {
				v, _ := count(at)
				n += v
			}
			if other <= le {
				v, _ := more(at)
				n += v
			}
			return n, true
		}})
	}
}

func (w *world) Fleet() bool { return !w.single }

func (w *world) Namespace() string { return w.namespace }

func (w *world) Ask(_ context.Context, at time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	answers := make([][]evidence.Value, len(questions))
	for i, q := range questions {
		answers[i] = w.answer(at, q)
	}
	return answers, nil
}

func (w *world) Trace(_ context.Context, from, to time.Time, q evidence.Question) ([]evidence.Series, error) {
	var all []evidence.Series
	every := step
	if to.Sub(from) > 15*time.Minute {
		every = time.Minute
	}
	for at := to.Add(-to.Sub(from).Truncate(every)); !at.After(to); at = at.Add(every) {
		for _, value := range w.answer(at, q) {
			i := slices.IndexFunc(all, func(s evidence.Series) bool { return fmt.Sprint(s.Labels) == fmt.Sprint(value.Labels) })
			if i < 0 {
				all = append(all, evidence.Series{Labels: value.Labels})
				i = len(all) - 1
			}
			all[i].Points = append(all[i].Points, evidence.Point{At: at, Number: value.Number})
		}
	}
	return all, nil
}

func (w *world) answer(at time.Time, q evidence.Question) (values []evidence.Value) {
	at = at.Add(-q.Ago)
	type group struct {
		labels  evidence.Labels
		numbers []float64
		buckets map[float64]float64
	}
	var groups []*group
	for _, s := range w.series {
		if s.of.Name != q.Of.Name || slices.ContainsFunc(q.Where, func(m evidence.Match) bool { return !m.Accepts(s.labels[m.Label]) }) {
			continue
		}
		if s.le != 0 && q.Form != evidence.Quantile && q.Form != evidence.Above && !math.IsInf(s.le, 1) {
			continue
		}
		number, known := take(s, at, q)
		if !known {
			continue
		}
		labels := evidence.Labels{}
		for _, name := range append(evidence.Identity(), q.By...) {
			if v, there := s.labels[name]; there {
				labels[name] = v
			}
		}
		i := slices.IndexFunc(groups, func(g *group) bool { return fmt.Sprint(g.labels) == fmt.Sprint(labels) })
		if i < 0 {
			groups = append(groups, &group{labels: labels, buckets: map[float64]float64{}})
			i = len(groups) - 1
		}
		groups[i].numbers = append(groups[i].numbers, number)
		groups[i].buckets[s.le] += number
	}
	for _, g := range groups {
		var number float64
		switch {
		case q.Form == evidence.Quantile:
			number = quantile(q.At, g.buckets)
		case q.Form == evidence.Above:
			number = g.buckets[math.Inf(1)] - g.buckets[q.At]
		case q.Combination() == evidence.Sum:
			number = 0
			for _, n := range g.numbers {
				number += n
			}
		case q.Combination() == evidence.Min:
			number = slices.Min(g.numbers)
		default:
			number = slices.Max(g.numbers)
		}
		if !math.IsNaN(number) {
			values = append(values, evidence.Value{Labels: g.labels, Number: number})
		}
	}
	return values
}

// take takes the number of a form from one series.
func take(s worldSeries, at time.Time, q evidence.Question) (float64, bool) {
	last, known := s.value(at)
	switch q.Form {
	case evidence.Last:
		return last, known
	case evidence.Age:
		return float64(at.UnixMilli())/1000 - last, known
	}
	before, lowest, highest, increase, changes, resets, seen := math.NaN(), math.Inf(1), math.Inf(-1), 0.0, 0.0, 0.0, false
	for t := at.Add(-q.Over.Truncate(step)); !t.After(at); t = t.Add(step) {
		v, known := s.value(t)
		if !known {
			continue
		}
		if seen {
			if v != before {
				changes++
			}
			if v < before {
				before = 0
				resets++
			}
			increase += v - before
		}
		before, lowest, highest, seen = v, min(lowest, v), max(highest, v), true
	}
	return map[evidence.Form]float64{
		evidence.Increase: increase, evidence.Quantile: increase, evidence.Above: increase, evidence.Rate: increase / q.Over.Seconds(),
		evidence.Highest: highest, evidence.Lowest: lowest, evidence.Changes: changes,
		evidence.Latest: before, evidence.Resets: resets,
	}[q.Form], seen
}

// quantile returns the bound of the bucket that has the quantile.
func quantile(q float64, buckets map[float64]float64) float64 {
	all := buckets[math.Inf(1)]
	if all == 0 {
		return math.NaN()
	}
	bounds := []float64{}
	for le := range buckets {
		bounds = append(bounds, le)
	}
	slices.Sort(bounds)
	below := 0.0
	for i, le := range bounds {
		if buckets[le] >= q*all {
			if math.IsInf(le, 1) {
				return bounds[i-1]
			}
			return below + (le-below)*0.99
		}
		below = le
	}
	return math.NaN()
}

// calm is a bot of two processes with two shards each, without faults.
func calm() *world {
	w := &world{}
	for cluster := range 2 {
		id := []string{"job", "bots", "bot", "music", "cluster", strconv.Itoa(cluster)}
		w.process(id, 4, 2*cluster, 2*cluster+1)
	}
	return w
}

// process adds a healthy process.
func (w *world) process(id []string, shards int, own ...int) {
	add := func(of catalog.Instrument, value func(time.Time) (float64, bool), pairs ...string) {
		w.add(of, value, append(slices.Clone(id), pairs...)...)
	}
	add(catalog.Up, always(1))
	add(catalog.Uptime, func(at time.Time) (float64, bool) { return at.Sub(noon.Add(-48 * time.Hour)).Seconds(), true })
	add(catalog.BotShards, always(float64(shards)))
	add(catalog.ShardsConnected, always(float64(len(own))))
	add(catalog.ShardsConfigured, always(float64(len(own))))
	add(catalog.Guilds, always(100))
	add(catalog.GuildsUnavailable, always(0))
	add(catalog.ClockOffset, always(0.05))
	add(catalog.BotInfo, always(1), "version", "v1")
	add(catalog.SessionStartRemaining, always(900))
	add(catalog.SessionStartLimit, always(1000))
	for _, outcome := range catalog.AckOutcomes() {
		rate := 0.0
		if outcome == catalog.AckInTime {
			rate = 1
		}
		add(catalog.Acks, counting(0, rate, rate), "type", "application_command", "outcome", outcome)
	}
	observe := func(of catalog.Instrument, size float64, pairs ...string) {
		w.observe(of, counting(0, 1, 1), size, append(slices.Clone(id), pairs...)...)
	}
	observe(catalog.ReceiptAge, 0.05, "type", "application_command")
	observe(catalog.HandlerDelay, 0.004, "type", "application_command")
	observe(catalog.ResponseDelay, 0.2, "type", "application_command", "command", "play")
	observe(catalog.QueueWait, 0.004, "route", catalog.RouteCallback)
	observe(catalog.RequestDuration, 0.09, "method", "POST", "route", catalog.RouteCallback, "status", "204")
	for _, shard := range own {
		s := []string{"shard", strconv.Itoa(shard)}
		add(catalog.ShardUp, always(1), s...)
		add(catalog.ShardStateChange, always(float64(noon.Add(-30*time.Hour).Unix())), s...)
		add(catalog.LockUnavailable, always(0), s...)
		add(catalog.HeartbeatInterval, always(41.25), s...)
		add(catalog.HeartbeatAck, func(at time.Time) (float64, bool) { return float64(at.Unix()/41*41 - 1), true }, s...)
		add(catalog.LastEvent, func(at time.Time) (float64, bool) { return float64(at.Unix() - 1), true }, s...)
		add(catalog.ShardEvents, counting(0, 5, 5), s...)
		add(catalog.ShardSent, counting(0, 1/41.25, 1/41.25), append(s, "op", "heartbeat")...)
		add(catalog.ShardReconnects, always(0), append(s, "kind", "resume")...)
		add(catalog.ConnectionAttempts, always(1), append(s, "outcome", "connected", "status", "101")...)
	}
}

// set replaces the series of an instrument with these labels, or adds one.
func (w *world) set(of catalog.Instrument, value func(time.Time) (float64, bool), pairs ...string) {
	labels := labelled(pairs...)
	w.series = slices.DeleteFunc(w.series, func(s worldSeries) bool {
		if s.of.Name != of.Name {
			return false
		}
		for name, v := range labels {
			if s.labels[name] != v {
				return false
			}
		}
		return true
	})
	w.add(of, value, pairs...)
}
