package instrument

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/wire"
)

const (
	// orderWindow is for how long a dispatch may be overtaken. It is far less
	// than the second that discordgo takes to reconnect, so that those of two
	// gateway sessions do not mingle.
	orderWindow = 250 * time.Millisecond
	// maxParked is by how many dispatches one may be overtaken.
	maxParked = 256
)

// A sequencer puts dispatches into the order of their sequence numbers, by
// holding them back for a moment.
//
// Without SyncEvents discordgo runs each handler in a goroutine of its own, so
// that a guild's removal can overtake its creation, and the first guilds of a
// gateway session its READY.
type sequencer struct {
	mu     sync.Mutex
	parked []parkedPacket // by sequence number
	apply  func(*wire.Packet)
	// lost are the numbers with which guilds were lost. On a machine that is busy
	// a creation may come later than the window allows: then it is void.
	lost map[uint64]int64
}

type parkedPacket struct {
	wire.Packet
	since time.Time
}

// push takes a dispatch in the order of arrival and applies what is due. All
// but READY and RESUMED wait.
func (q *sequencer) push(p *wire.Packet, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.release(now)
	switch p.Event {
	case wire.EventResumed: // changes no guild
		q.apply(p)
		return
	case wire.EventReady:
		// Numbers begin anew. What came within the window belongs to the new
		// gateway session, unless its number is too high for that: after an
		// op 9 discordgo v0.29.0 identifies again without a pause.
		q.apply(p)
		q.lost = nil
		q.parked = slices.DeleteFunc(q.parked, func(w parkedPacket) bool {
			return w.Seq > p.Seq && uint64(w.Seq-p.Seq) > maxParked //nolint:gosec // right for every w.Seq that is larger, also where int64 overflows
		})
		return
	}
	if len(q.parked) == maxParked {
		q.first(1)
	}
	at, _ := slices.BinarySearchFunc(q.parked, p.Seq, func(w parkedPacket, seq int64) int { return cmp.Compare(w.Seq, seq) })
	q.parked = slices.Insert(q.parked, at, parkedPacket{*p, now})
}

// settle applies what has waited long enough, also when nothing more comes.
func (q *sequencer) settle(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.release(now)
}

// release applies what is due, and what has a lower number.
func (q *sequencer) release(now time.Time) {
	for n := len(q.parked); n > 0; n-- {
		if now.Sub(q.parked[n-1].since) >= orderWindow {
			q.first(n)
			return
		}
	}
}

// first applies the first n of what is parked.
func (q *sequencer) first(n int) {
	for i := range q.parked[:n] {
		p := &q.parked[i].Packet
		switch p.Event {
		case wire.EventGuildDelete:
			if q.lost == nil || len(q.lost) >= wire.MaxGuilds {
				q.lost = map[uint64]int64{}
			}
			q.lost[p.ID] = p.Seq
		case wire.EventGuildCreate:
			if seq, ok := q.lost[p.ID]; ok && p.Seq < seq {
				continue
			}
			delete(q.lost, p.ID)
		}
		q.apply(p)
	}
	q.parked = slices.Delete(q.parked, 0, n)
}
