package history

import (
	"encoding/binary"
	"slices"
	"time"
)

// A tier is one resolution of the history: a log of steps in which only the series that
// changed take space. The log is cut into blocks, so that old steps can be dropped. A
// block begins with the state of all series, and does not change once the next one has
// begun.
type tier struct {
	sparse   bool          // the tier has the series of the shards that are kept coarsely
	keep     time.Duration // how long a step is kept at least
	perBlock int           // steps

	blocks []*block
	last   []int64 // the last known values, by series
	flags  []uint8
}

// Flags of a series in a tier.
const (
	known   = 1 << iota // it has had a value
	present             // it has one now
)

type block struct {
	times []int64 // of the steps, in milliseconds
	data  []byte
	first bool // its first step is the first of the process
}

// A kind says what happened to a series at a step.
type kind uint8

const (
	set  kind = iota // it has this value
	gone             // it has no value
	base             // it has this value, and what it counted before is not known
)

// Classes of series.
const (
	usual  uint8 = iota
	coarse       // in the sparse tier alone
	sparse       // in the sparse tier alone, and updated once in sparseSteps
)

// A frame is the values of all series at a step.
type frame struct {
	values  []int64
	present []bool
	class   []uint8
	base    []uint8 // see group.base
}

// add appends a step. update says that sparse series are updated.
func (t *tier) add(at int64, f *frame, update bool) {
	for len(t.last) < len(f.values) {
		t.last, t.flags = append(t.last, 0), append(t.flags, 0)
	}
	if n := len(t.blocks); n == 0 || len(t.blocks[n-1].times) == t.perBlock {
		if n > 0 {
			b := t.blocks[n-1]
			b.data = slices.Clip(append([]byte(nil), b.data...))
		}
		b := &block{first: n == 0, times: make([]int64, 0, t.perBlock)}
		t.keyframe(b)
		t.blocks = append(t.blocks, b)
	}
	b := t.blocks[len(t.blocks)-1]
	b.times = append(b.times, at)
	b.data = t.step(b.data, f, update)
	t.drop(at - t.keep.Milliseconds())
}

// keyframe writes the state of all series.
func (t *tier) keyframe(b *block) {
	n := 0
	for _, f := range t.flags {
		n += int(f & known)
	}
	b.data = binary.AppendUvarint(b.data, uint64(n))
	next := 0
	for id, f := range t.flags {
		if f&known == 0 {
			continue
		}
		b.data = binary.AppendUvarint(b.data, uint64(id-next)<<1|uint64(f&present)>>1)
		b.data = binary.AppendVarint(b.data, t.last[id])
		next = id + 1
	}
}

// step writes what changes at a step: runs of adjacent series with their differences, a
// 0, and the series that are gone or have a new base.
func (t *tier) step(data []byte, f *frame, update bool) []byte {
	var special []uint32
	next := 0
	for id := 0; id < len(f.values); {
		if !t.changes(id, f, update) {
			id++
			continue
		}
		if k := t.kind(id, f); k != set {
			special = append(special, uint32(id))
			id++
			continue
		}
		end := id + 1
		for end < len(f.values) && t.changes(end, f, update) && t.kind(end, f) == set {
			end++
		}
		header := uint64(id-next) << 1
		if end-id > 1 {
			data = binary.AppendUvarint(data, (header|1)+1)
			data = binary.AppendUvarint(data, uint64(end-id-2)) //nolint:gosec // not negative
		} else {
			data = binary.AppendUvarint(data, header+1)
		}
		for ; id < end; id++ {
			data = binary.AppendVarint(data, f.values[id]-t.last[id])
			t.last[id] = f.values[id]
			t.flags[id] = known | present
		}
		next = end
	}
	data = append(data, 0)
	data = binary.AppendUvarint(data, uint64(len(special)))
	for _, id := range special {
		k := t.kind(int(id), f)
		data = binary.AppendUvarint(data, uint64(id)<<1|uint64(k-gone))
		if k == gone {
			t.flags[id] = known
			continue
		}
		data = binary.AppendVarint(data, f.values[id])
		t.last[id], t.flags[id] = f.values[id], known|present
	}
	return data
}

// has reports whether a series has a value in this tier.
func (t *tier) has(id int, f *frame) bool {
	return f.present[id] && (f.class[id] == usual || t.sparse)
}

func (t *tier) changes(id int, f *frame, update bool) bool {
	has, had := t.has(id, f), t.flags[id]&present != 0
	if has != had {
		return true
	}
	return has && f.values[id] != t.last[id] && (update || f.class[id] != sparse)
}

func (t *tier) kind(id int, f *frame) kind {
	if !t.has(id, f) {
		return gone
	}
	bit := baseFine
	if t.sparse {
		bit = baseCoarse
	}
	if t.flags[id]&present == 0 && f.base[id]&bit != 0 {
		return base
	}
	return set
}

// drop removes the blocks that end before a time.
func (t *tier) drop(before int64) {
	n := 0
	for n < len(t.blocks)-1 && t.blocks[n].times[len(t.blocks[n].times)-1] < before {
		n++
	}
	t.blocks = slices.Delete(t.blocks, 0, n)
}

// forget makes a series unknown, so that its place can have another.
func (t *tier) forget(id int) {
	if id < len(t.flags) {
		t.last[id], t.flags[id] = 0, 0
	}
}

// oldest is the time of the first step that is kept.
func (t *tier) oldest() int64 {
	if len(t.blocks) == 0 {
		return 0
	}
	return t.blocks[0].times[0]
}

// size is the number of bytes of the log.
func (t *tier) size() (n int) {
	for _, b := range t.blocks {
		n += cap(b.data) + 8*cap(b.times)
	}
	return n
}

// snapshot returns the blocks as they are now. What is added later is not in them.
func (t *tier) snapshot() []block {
	blocks := make([]block, len(t.blocks))
	for i, b := range t.blocks {
		blocks[i] = *b
	}
	return blocks
}

// A selection chooses series of the log.
type selection struct {
	slots  []int32 // 1 + the place in values, by series
	born   []int64 // before which the series was another's
	values []int64
	flags  []uint8
}

func newSelection(ids []int) *selection {
	s := &selection{born: make([]int64, len(ids)), values: make([]int64, len(ids)), flags: make([]uint8, len(ids))}
	if len(ids) > 0 {
		s.slots = make([]int32, slices.Max(ids)+1)
	}
	for n, id := range ids {
		s.slots[id] = int32(n + 1)
	}
	return s
}

func (s *selection) slot(id int) int {
	if id >= len(s.slots) {
		return -1
	}
	return int(s.slots[id]) - 1
}

// replay reads a block. It calls event for what happens to a chosen series at a step of
// the block, and end after each step.
func (s *selection) replay(b *block, event func(step, slot int, k kind, value int64), end func(step int)) {
	if len(s.values) == 0 {
		return
	}
	r := decoder{b.data}
	clear(s.values)
	clear(s.flags)
	id := 0
	for range r.uvarint() {
		head := r.uvarint()
		id += int(head >> 1)
		value := r.varint()
		if slot := s.slot(id); slot >= 0 && b.times[0] > s.born[slot] {
			s.values[slot], s.flags[slot] = value, known|uint8(head&1)<<1
		}
		id++
	}
	for step, at := range b.times {
		id = 0
		for header := r.uvarint(); header != 0; header = r.uvarint() {
			header--
			id += int(header >> 1)
			run := 1
			if header&1 == 1 {
				run = int(r.uvarint()) + 2 //nolint:gosec // a small number
			}
			for range run {
				difference := r.varint()
				if slot := s.slot(id); slot >= 0 && at >= s.born[slot] {
					s.values[slot] += difference
					s.flags[slot] = known | present
					event(step, slot, set, s.values[slot])
				}
				id++
			}
		}
		for range r.uvarint() {
			head := r.uvarint()
			id, k, value := int(head>>1), gone+kind(head&1), int64(0)
			if k == base {
				value = r.varint()
			}
			slot := s.slot(id)
			if slot < 0 || at < s.born[slot] {
				continue
			}
			s.flags[slot] = known
			if k == base {
				s.values[slot], s.flags[slot] = value, known|present
			}
			event(step, slot, k, s.values[slot])
		}
		end(step)
	}
}

// A decoder reads what this package has written.
type decoder struct{ data []byte }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.data)
	d.data = d.data[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.data)
	d.data = d.data[n:]
	return v
}
