package instrument

import (
	"sync"
	"time"
)

const (
	// maxBeats is the maximum number of unacknowledged heartbeats that are timed.
	// discordgo closes a connection after five intervals without an
	// acknowledgement; there are more only if Discord requests heartbeats with op
	// 1.
	maxBeats = 32
	// A heartbeat counts as never acknowledged after alignedBeats
	// acknowledgements, each within 1/alignedPart of the interval after a newer
	// heartbeat: see heartbeats.
	alignedBeats = 3
	alignedPart  = 16
)

// heartbeats matches acknowledgements with the heartbeats of one connection.
//
// An acknowledgement does not identify its heartbeat. Discord answers heartbeats
// in order, and discordgo sends more while one is pending, so an acknowledgement
// is matched with the oldest. If one heartbeat is never answered, that match
// would be wrong by one interval for the rest of the connection. Therefore, if
// heartbeats are pending and alignedBeats acknowledgements in a row come right
// after the newest heartbeat, they are matched with the newest, and the older
// heartbeats are dropped. Answers that are late by a multiple of the interval, to
// 1/alignedPart of it, look the same and are treated the same.
type heartbeats struct {
	mu      sync.Mutex
	ring    [maxBeats]beat // starting at first, in the order of sending
	first   int
	pending int
	untimed int // pending ones that were sent later, when the ring was full

	newest  beat
	aligned int  // how many of the newest heartbeats in a row seem to be answered
	counted bool // whether aligned includes the newest
}

// A beat is one heartbeat that was sent.
type beat struct {
	at   int64 // by clock
	lost int64 // what the connection's pulse had lost by then
}

// send records a heartbeat that is being sent.
func (h *heartbeats) send(b beat) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.counted {
		h.aligned = 0
	}
	h.newest, h.counted = b, false
	if h.pending == maxBeats || h.untimed > 0 {
		h.untimed++
		return
	}
	h.ring[(h.first+h.pending)%maxBeats] = b
	h.pending++
}

// acknowledge takes an acknowledgement and returns its heartbeat. ok is false if
// that is unknown. interval is the interval between heartbeats, 0 if unknown.
func (h *heartbeats) acknowledge(now int64, interval time.Duration) (b beat, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending == 0 {
		h.untimed = max(0, h.untimed-1)
		return beat{}, false
	}
	b = h.ring[h.first]
	h.first = (h.first + 1) % maxBeats
	h.pending--
	switch {
	case h.pending+h.untimed == 0:
		h.aligned = 0 // each has been answered
	case !h.counted && now-h.newest.at <= int64(interval)/alignedPart:
		h.counted = true
		h.aligned++
		if h.aligned == alignedBeats {
			h.pending, h.untimed, h.aligned = 0, 0, 0
			return h.newest, true
		}
	}
	return b, true
}

// waiting reports whether a heartbeat is pending.
func (h *heartbeats) waiting() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pending+h.untimed > 0
}
