package history

import "sort"

// How old the last step may be for its values to stand, in milliseconds.
var (
	fineStale   = FineGap.Milliseconds()
	coarseStale = CoarseGap.Milliseconds()
)

// A timeline is a range of steps with what happened to some series at them. Where it
// reaches further back than the fine steps, it begins with coarse ones.
type timeline struct {
	times  []int64
	fine   int  // steps from this one on are fine
	first  bool // the timeline begins with the first step of the process
	tracks []track
}

// A track is what happened to a series, in the order of steps.
type track []point

type point struct {
	step  int32
	kind  kind
	value int64
}

// newTimeline reads the blocks of one tier from a time to another.
func newTimeline(blocks []block, from, to int64, chosen *selection) *timeline {
	t := &timeline{tracks: make([]track, len(chosen.values))}
	blocks = since(blocks, from)
	if len(blocks) > 0 {
		t.first = blocks[0].first
	}
	for i := range blocks {
		b := &blocks[i]
		begin := len(t.times)
		for _, at := range b.times {
			if at <= to {
				t.times = append(t.times, at)
			}
		}
		if begin == len(t.times) {
			break
		}
		chosen.replay(b, func(step, slot int, k kind, value int64) {
			at := begin + step
			if at < len(t.times) && (at > 0 || t.first) {
				t.tracks[slot] = append(t.tracks[slot], point{int32(at), k, value}) //nolint:gosec // a small number
			}
		}, func(step int) {
			if begin+step == 0 && !t.first {
				t.sync(0, base, chosen)
			}
		})
	}
	return t
}

// since returns the blocks that have the steps from a time on, and the one before it.
func since(blocks []block, from int64) []block {
	n := sort.Search(len(blocks), func(i int) bool { return blocks[i].times[0] > from })
	return blocks[max(n-1, 0):]
}

// sync brings the tracks to the state of the selection.
func (t *timeline) sync(step int, k kind, chosen *selection) {
	for slot, flags := range chosen.flags {
		last, has := t.tracks[slot].state(step + 1)
		if flags&known != 0 && (!last.known || last.value != chosen.values[slot] || !has && flags&present != 0) {
			t.tracks[slot] = append(t.tracks[slot], point{int32(step), k, chosen.values[slot]}) //nolint:gosec // a small number
			has = true
		}
		if has && flags&present == 0 {
			t.tracks[slot] = append(t.tracks[slot], point{int32(step), gone, chosen.values[slot]}) //nolint:gosec // a small number
		}
	}
}

// extend appends the fine steps after the last step of a timeline of coarse ones. That
// step is a fine one too, unless none of the coarse steps is that young.
func (t *timeline) extend(blocks []block, to int64, chosen *selection) {
	if len(t.times) == 0 || len(blocks) == 0 {
		return
	}
	last := len(t.times) - 1
	junction := t.times[last]
	t.fine = last + 1
	synced := false
	for _, b := range since(blocks, junction) {
		index := make([]int, len(b.times)) // of the block's steps in the timeline
		for i, at := range b.times {
			switch {
			case at < junction || at > to:
				index[i] = -1
			case at == junction:
				index[i] = last
			default:
				t.times = append(t.times, at)
				index[i] = len(t.times) - 1
			}
		}
		chosen.replay(&b, func(step, slot int, k kind, value int64) {
			if synced && index[step] >= 0 {
				t.tracks[slot] = append(t.tracks[slot], point{int32(index[step]), k, value}) //nolint:gosec // a small number
			}
		}, func(step int) {
			if !synced && index[step] >= 0 {
				t.sync(index[step], set, chosen)
				t.fine = index[step]
				synced = true
			}
		})
	}
}

// at returns the last step that is not after a time, or -1 if there was none lately.
func (t *timeline) at(time int64) int {
	n := t.after(time) - 1
	if n >= 0 && time-t.times[n] > t.stale(n) {
		return -1
	}
	return n
}

// stale returns how old a step may be for its values to stand.
func (t *timeline) stale(step int) int64 {
	if step < t.fine {
		return coarseStale
	}
	return fineStale
}

// step returns the resolution from a step to the next one.
func (t *timeline) step(step int) int64 {
	if step < t.fine {
		return CoarseStep.Milliseconds()
	}
	return FineStep.Milliseconds()
}

// window returns the steps after from until to, and whether the values at from are known.
func (t *timeline) window(from, to int64) window {
	return window{from: t.after(from), to: t.after(to), based: t.at(from) >= 0}
}

// difference returns the window for an increase. It is moved back to the last step, so
// that windows that follow one another have all steps, each once. Steps are never exactly
// a window apart, so it starts at the step that is nearest to its begin.
func (t *timeline) difference(from, to int64) window {
	if end := t.at(to); end >= 0 {
		from -= to - t.times[end]
	}
	w := t.window(from, to)
	if w.from+1 >= w.to {
		return w
	}
	ahead := t.times[w.from] - from
	if ahead <= t.step(max(w.from-1, 0))/2 && (!w.based || ahead < from-t.times[w.from-1]) {
		w.from, w.based = w.from+1, true
	}
	return w
}

// after returns the first step after a time.
func (t *timeline) after(time int64) int {
	return sort.Search(len(t.times), func(i int) bool { return t.times[i] > time })
}

// A window is a range of steps, without the one at to.
type window struct {
	from, to int
	based    bool // the step before is the window's begin
}

// search returns the first point that is not before a step.
func (t track) search(step int) int {
	return sort.Search(len(t), func(i int) bool { return int(t[i].step) >= step })
}

// A state is what is known of a series at a step.
type state struct {
	value int64
	known bool
}

// state returns the state before a step, and whether the series has a value.
func (t track) state(step int) (s state, has bool) {
	n := t.search(step)
	if n == 0 {
		return state{}, false
	}
	return state{t[n-1].value, true}, t[n-1].kind != gone
}

// last returns the value at a step.
func (t track) last(step int) (int64, bool) {
	s, has := t.state(step + 1)
	return s.value, has
}

// increase returns what was added to a counter in a window.
func (t track) increase(w window) (increase int64, ok bool) {
	ok = t.rises(w, func(_ int, n int64) { increase += n })
	return increase, ok
}

// rises calls f for each step of a window at which a counter rose, with how much was
// added. It reports whether anything is known of the counter in the window.
func (t track) rises(w window, f func(step int, n int64)) (ok bool) {
	if w.to <= w.from {
		return false
	}
	s, has := t.state(w.from)
	n := t.search(w.from)
	previous, based := s.value, !s.known || w.based // what was never there begins at 0
	if has && (n == len(t) || int(t[n].step) > w.from) {
		// There is a value at the first step, which is the one before. It is the base
		// where nothing else is.
		ok = w.based || w.to-w.from > 1
		based = true
	}
	for _, p := range t[n:] {
		if int(p.step) >= w.to {
			break
		}
		switch {
		case p.kind == gone:
			continue
		case p.kind == set && based && p.value >= previous:
			f(int(p.step), p.value-previous)
		case p.kind == set && based:
			f(int(p.step), p.value) // it has been reset
		}
		ok = ok || p.kind == set && based || int(p.step) < w.to-1
		previous, based = p.value, true
	}
	return ok
}

// spans calls f for each value that a gauge had at the steps of a window.
func (t track) spans(w window, f func(value int64)) {
	if w.to <= w.from {
		return
	}
	n := t.search(w.from)
	s, has := t.state(w.from)
	if has && (n == len(t) || int(t[n].step) > w.from) {
		f(s.value)
	}
	for i := n; i < len(t) && int(t[i].step) < w.to; i++ {
		// Of several points at a step the last one stands.
		if t[i].kind != gone && (i+1 == len(t) || t[i+1].step > t[i].step) {
			f(t[i].value)
		}
	}
}
