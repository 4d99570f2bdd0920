package instrument

import (
	"sync"
	"time"
)

const (
	// maxBeats is how many heartbeats may wait for their acknowledgement and yet
	// be timed. discordgo closes a connection after five intervals without one;
	// more come only where Discord asks for heartbeats with op 1.
	maxBeats = 32
	// A heartbeat was never acknowledged when alignedBeats after it were, each
	// within 1/alignedPart of the interval: see heartbeats.
	alignedBeats = 3
	alignedPart  = 16
)

// heartbeats matches acknowledgements with the heartbeats of one connection.
//
// An acknowledgement does not say which heartbeat it is for. Discord answers
// them in their order, and discordgo goes on sending while one is pending: so
// the oldest is meant. Where one is never answered that would be wrong for the
// rest of the connection, by one interval. So when heartbeats are pending and
// yet, for alignedBeats in a row, an acknowledgement comes at once after the
// newest, it is taken for that one's, and those before are given up. Answers
// that are late by a multiple of the interval, to 1/alignedPart of it, look the
// same and are taken for that as well.
type heartbeats struct {
	mu      sync.Mutex
	ring    [maxBeats]beat // from first on, in the order of sending
	first   int
	pending int
	untimed int // pending ones that were sent after those, when there was no room

	newest  beat
	aligned int  // newest heartbeats in a row that seemed to be answered
	counted bool // whether the newest is among them
}

// A beat is one heartbeat that was sent.
type beat struct {
	at   int64 // by clock
	lost int64 // by then, by the connection's pulse
}

// send takes a heartbeat that is being sent.
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

// acknowledge takes an acknowledgement, and returns the heartbeat that it is
// for. ok is false where that is not known. interval is between heartbeats, 0 if
// it is not known.
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

// waiting reports whether one is pending.
func (h *heartbeats) waiting() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pending+h.untimed > 0
}
