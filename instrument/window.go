package instrument

import "time"

// A window holds interactions by id and in the order of their receipt. It holds
// at most limit; then the oldest is evicted. It is not safe for concurrent use.
type window[T any] struct {
	limit          int
	byID           map[uint64]*entry[T]
	oldest, newest *entry[T]
	spare          *entry[T] // unused entries, a list linked by newer
	removed        func(*T)  // called for each removed entry; may be nil
}

// An entry is one interaction of a window.
type entry[T any] struct {
	id       uint64
	received time.Time
	value    T

	older, newer *entry[T]
	queued       bool // in the order of receipt, and so can be evicted
}

// add adds an interaction. It returns nil if the window already has it, or if
// there is no room. evicted is the number of evicted interactions, including this
// one.
func (w *window[T]) add(id uint64, received time.Time) (e *entry[T], evicted int) {
	if _, again := w.byID[id]; again {
		return nil, 0
	}
	if len(w.byID) >= w.limit {
		if w.oldest == nil { // all others wait for a response
			return nil, 1
		}
		w.remove(w.oldest)
		evicted = 1
	}
	if w.byID == nil {
		w.byID = map[uint64]*entry[T]{}
	}
	e = w.spare
	if e == nil {
		e = &entry[T]{}
	} else {
		w.spare = e.newer
	}
	*e = entry[T]{id: id, received: received, older: w.newest, queued: true}
	if w.newest != nil {
		w.newest.newer = e
	} else {
		w.oldest = e
	}
	w.newest = e
	w.byID[id] = e
	return e, evicted
}

// find returns the entry of an interaction, or nil.
func (w *window[T]) find(id uint64) *entry[T] { return w.byID[id] }

// remove removes an interaction. The entry must not be used afterwards.
func (w *window[T]) remove(e *entry[T]) {
	if w.removed != nil {
		w.removed(&e.value)
	}
	w.unqueue(e)
	delete(w.byID, e.id)
	*e = entry[T]{newer: w.spare}
	w.spare = e
}

// unqueue removes an entry from the order of receipt; find still returns it.
func (w *window[T]) unqueue(e *entry[T]) {
	if !e.queued {
		return
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		w.oldest = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		w.newest = e.older
	}
	e.older, e.newer, e.queued = nil, nil, false
}
