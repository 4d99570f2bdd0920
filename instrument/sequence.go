package instrument

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/wire"
)

const (
	// orderWindow is how long a dispatch may be delayed behind later ones. It is
	// far less than the second that discordgo takes to reconnect, so that
	// dispatches of two gateway sessions do not mix.
	orderWindow = 250 * time.Millisecond
	// maxParked is the number of dispatches that may overtake one.
	maxParked = 256
	// maxWaiting is the number of dispatches that may wait for READY: more than
	// the 2,500 guilds that a shard has at most.
	maxWaiting = 4096
	// readyWindow is how long READY may be delayed behind the dispatches that
	// follow it.
	readyWindow = time.Minute
	// statePatience is how long the goroutine of a handler tries to get the lock
	// of discordgo's state.
	statePatience = 250 * time.Millisecond
)

// A sequencer sorts dispatches by their sequence numbers, by delaying them for a
// moment.
//
// Without SyncEvents discordgo runs each handler in its own goroutine, so that a
// guild's removal can overtake its creation, and the first guilds of a gateway
// session can overtake its READY. On a busy machine these goroutines can be late
// by more than orderWindow. READY makes all guilds unavailable, so that guilds
// applied before it would stay unavailable. Therefore the dispatches of a gateway
// session wait for its READY. discordgo's state has the id of the new session
// before any handler is called.
type sequencer struct {
	mu     sync.Mutex
	parked []parkedPacket // by sequence number
	apply  func(*wire.Packet)
	// session is the id of the gateway session whose dispatches are applied, if
	// known is set; before is the id of the previous one.
	session, before string
	known           bool
	// newest are the sequence numbers of the last creation or removal of each
	// guild. On a busy machine an older dispatch about a guild may arrive after
	// orderWindow: then it is ignored.
	newest map[uint64]int64
}

type parkedPacket struct {
	wire.Packet
	session string // the gateway session of discordgo when the handler ran, or ""
	since   time.Time
}

// begin sets the gateway session of discordgo, unless READY has set it.
func (q *sequencer) begin(session string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.known {
		q.session, q.known = session, true
	}
}

// push takes a dispatch in the order of arrival and applies what is due. All but
// READY and RESUMED wait. session is the id of the gateway session: READY's own,
// and for all others that of discordgo's state. It is "" if unknown.
func (q *sequencer) push(p *wire.Packet, session string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.release(now)
	switch p.Event {
	case wire.EventResumed: // changes no guild
		q.apply(p)
		return
	case wire.EventReady:
		q.apply(p)
		q.ready(p.Seq, session)
		return
	}
	if session == q.before {
		session = "" // the handler was called before the last READY: there is no READY to wait for
	}
	if len(q.parked) >= maxParked {
		q.makeRoom(now)
	}
	at, _ := slices.BinarySearchFunc(q.parked, p.Seq, func(w parkedPacket, seq int64) int { return cmp.Compare(w.Seq, seq) })
	q.parked = slices.Insert(q.parked, at, parkedPacket{*p, session, now})
}

// ready begins a new gateway session, in which sequence numbers start again.
//
// The parked dispatches belong to the new gateway session, unless they are known
// to belong to another one. If the session is unknown, a number that is too high
// shows another session: after an op 9 discordgo v0.29.0 identifies again without
// a pause.
func (q *sequencer) ready(seq int64, session string) {
	q.parked = slices.DeleteFunc(q.parked, func(w parkedPacket) bool {
		switch {
		case w.session != "" && w.session == session:
			return false
		case w.session != "" && q.known:
			return w.session == q.session // else it waits for a later READY
		}
		return w.Seq > seq && uint64(w.Seq-seq) > maxParked //nolint:gosec // right for every w.Seq that is larger, also where int64 overflows
	})
	if q.known {
		q.before = q.session
	} else {
		for i := range q.parked {
			q.parked[i].session = session
		}
	}
	q.session, q.known = session, session != ""
	q.newest = nil
}

// waits reports whether a dispatch waits for the READY of its gateway session.
func (q *sequencer) waits(w *parkedPacket, now time.Time) bool {
	return q.known && w.session != "" && w.session != q.session && now.Sub(w.since) < readyWindow
}

// settle applies what has waited long enough, even if no more dispatches arrive.
func (q *sequencer) settle(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.release(now)
}

// release applies what is due, and what has a lower sequence number.
func (q *sequencer) release(now time.Time) {
	for n := len(q.parked); n > 0; n-- {
		if w := &q.parked[n-1]; now.Sub(w.since) >= orderWindow && !q.waits(w, now) {
			q.first(n, now)
			return
		}
	}
}

// makeRoom applies the first dispatch that need not wait for READY.
func (q *sequencer) makeRoom(now time.Time) {
	if len(q.parked) >= maxWaiting {
		q.known = false // this READY does not arrive
	}
	for n := range q.parked {
		if !q.waits(&q.parked[n], now) {
			q.first(n+1, now)
			return
		}
	}
}

// first applies the first n parked dispatches, without those that wait for READY.
func (q *sequencer) first(n int, now time.Time) {
	kept := q.parked[:0]
	for i := range q.parked[:n] {
		w := &q.parked[i]
		switch {
		case q.waits(w, now):
			kept = append(kept, *w)
			continue
		case w.session != "" && w.session != q.session:
			q.known = false // its READY has not arrived: wait for none until the next one
		}
		if q.isNewest(&w.Packet) {
			q.apply(&w.Packet)
		}
	}
	q.parked = slices.Delete(q.parked, len(kept), n)
}

// isNewest reports whether no later dispatch about the same guild has been
// applied.
func (q *sequencer) isNewest(p *wire.Packet) bool {
	switch p.Event {
	case wire.EventGuildCreate, wire.EventGuildDelete:
		if seq, ok := q.newest[p.ID]; ok && p.Seq < seq {
			return false
		}
		if q.newest == nil || len(q.newest) >= wire.MaxGuilds {
			q.newest = map[uint64]int64{}
		}
		q.newest[p.ID] = p.Seq
	case wire.EventGuildMemberAdd, wire.EventGuildMemberRemove: // included in the count of a later creation
		seq, ok := q.newest[p.GuildID]
		return !ok || p.Seq > seq
	}
	return true
}

// gatewaySession returns the id of discordgo's gateway session, or "" if it is
// unavailable. discordgo keeps it even if StateEnabled is off.
func (set *settings) gatewaySession() string {
	if set.state == nil || !soon(set.state.TryRLock, statePatience) {
		return ""
	}
	defer set.state.RUnlock()
	return set.state.SessionID
}

// readySession returns the id of the gateway session that READY begins, or "".
func readySession(data []byte) string {
	var ready struct {
		SessionID string `json:"session_id"`
	}
	if json.Unmarshal(data, &ready) != nil {
		return ""
	}
	return ready.SessionID
}
