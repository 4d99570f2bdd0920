package instrument

import "time"

// A window holds what is followed of interactions, by their ids and in the
// order of their receipt. It holds maxPending at most; the oldest gives way.
// It is not safe for concurrent use.
type window[T any] struct {
	byID           map[uint64]*entry[T]
	oldest, newest *entry[T]
	spare          *entry[T] // a list by newer: entries that are used again
	removed        func(*T)  // is told of each that is removed; may be nil
}

// An entry is one interaction of a window.
type entry[T any] struct {
	id       uint64
	received time.Time
	value    T

	older, newer *entry[T]
	queued       bool // in the order of receipt, and so in danger of giving way
}

// add takes up an interaction. It returns nil for one that is followed already
// and for one that there is no room for. evicted is how many gave way, this one
// included.
func (w *window[T]) add(id uint64, received time.Time) (e *entry[T], evicted int) {
	if _, again := w.byID[id]; again {
		return nil, 0
	}
	if len(w.byID) >= maxPending {
		if w.oldest == nil { // the others wait for a response each
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

// remove ends the following of an interaction. The entry must not be used any
// more.
func (w *window[T]) remove(e *entry[T]) {
	if w.removed != nil {
		w.removed(&e.value)
	}
	w.unqueue(e)
	delete(w.byID, e.id)
	*e = entry[T]{newer: w.spare}
	w.spare = e
}

// unqueue takes an entry out of the order of receipt; it can still be found.
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
